"""What is earned, in plain sentences: each rule with its figures. Pure."""

from collections.abc import Iterator

from erp_club.kernel.text import TN, Listed, Quantity, T, Text
from erp_club.programmes.engine import earning as e
from erp_club.programmes.engine import events as ev
from erp_club.programmes.engine.parts import ALWAYS, Round
from erp_club.programmes.sentences.words import (
    Say,
    Words,
    called,
    conditions,
    means,
    not_for,
    of_goods,
    only_if,
    period,
    set_ones,
    time,
)


def rule(of: e.Rule, words: Words) -> Iterator[Text]:
    """One rule."""
    yield from _lead(of, words)
    if of.names:
        yield T("This is called %(name)s.", name=called(of.names, of.code))
    if of.stands is e.Stands.ON_TOP and not isinstance(of, e.Multiplied | e.Extra):
        yield T("It comes on top of other rules.")
    if of.stands is e.Stands.INSTEAD and isinstance(of, e.Multiplied | e.Extra):
        yield T("It takes the place of later rules.")
    if of.means:
        yield T("Only the part paid by %(means)s counts.", means=means(of.means))
    yield from not_for(of.excluded, words)
    if not _cancels(of):
        yield from only_if(of.when, words)
    yield from set_ones(of, {
        "most_points": lambda points: T("At most %(points)s a receipt.", points=words.points(points)),
        "most_points_day": lambda points: T("At most %(points)s a day.", points=words.points(points)),
        "most_points_month": lambda points: T("At most %(points)s a calendar month.", points=words.points(points)),
        "apart_minutes": lambda minutes: T("Only %(time)s after the last purchase that counted.", time=time(minutes)),
    })  # fmt: skip


def _lead(of: e.Rule, words: Words) -> Iterator[Text]:
    match of:
        case e.PerMoney():
            yield from _per_money(of, words)
        case e.PerTable():
            bands = Listed(tuple(_band(band, words) for band in of.bands), "and")
            whole, some = T("For one receipt: %(bands)s."), T("For %(what)s on one receipt: %(bands)s.")
            yield of_goods(of.on, whole, some, words, {"bands": bands})
        case e.PerVisit():
            whole, some = _VISITS[of.visit]
            yield of_goods(of.on, whole, some, words, {"points": words.points(of.points)})
            if of.least_minor is not None:
                yield T("It must come to %(amount)s.", amount=words.money(of.least_minor))
        case e.PerUnit():
            yield _per_unit(of, words)
        case e.Multiplied():
            yield _multiplied(of, words)
        case e.Extra():
            whole, some = T("%(points)s more for a receipt."), T("%(points)s more for a receipt with %(what)s.")
            yield of_goods(of.on, whole, some, words, {"points": words.points(of.points)})


_VISITS = {
    e.VisitIs.RECEIPT: (T("%(points)s for each purchase."), T("%(points)s for each purchase of %(what)s.")),
    e.VisitIs.DAY: (
        T("%(points)s for all purchases of a day in one store."),
        T("%(points)s for each day on which a store sells the member %(what)s."),
    ),
}


def _per_unit(of: e.PerUnit, words: Words) -> Text:
    whole = T("%(points)s for %(units)s units, and for parts of it.")
    some = T("%(points)s for %(units)s units of %(what)s, and for parts of it.")
    if of.full and of.per_milli == e.ONE:
        whole, some = T("%(points)s for each full unit."), T("%(points)s for each full unit of %(what)s.")
    elif of.full:
        whole = T("%(points)s for each full %(units)s units.")
        some = T("%(points)s for each full %(units)s units of %(what)s.")
    return of_goods(of.on, whole, some, words, {"points": words.points(of.points), "units": Quantity(of.per_milli)})


def _multiplied(of: e.Multiplied, words: Words) -> Text:
    if _cancels(of):
        made = {"conditions": Listed(tuple(conditions(of.when, words)), "and")}
        some = T("No points for %(what)s if %(conditions)s.")
        return of_goods(of.on, T("No points if %(conditions)s."), some, words, made)
    if of.factor_bp == 0:
        return of_goods(of.on, T("No points."), T("No points for %(what)s."), words, {})
    whole, some = T("%(times)s times the points."), T("%(times)s times the points for %(what)s.")
    return of_goods(of.on, whole, some, words, {"times": Quantity(of.factor_bp // 10)})


def _cancels(of: e.Rule) -> bool:
    """Whether its condition says when nothing is earned, and so is no condition of earning."""
    return isinstance(of, e.Multiplied) and of.factor_bp == 0 and of.when != ALWAYS


def _per_money(of: e.PerMoney, words: Words) -> Iterator[Text]:
    whole, some = T("%(points)s for %(amount)s paid."), T("%(points)s for %(amount)s paid for %(what)s.")
    if of.full:
        whole = T("%(points)s for each full %(amount)s paid.")
        some = T("%(points)s for each full %(amount)s paid for %(what)s.")
    values = {"points": words.points(of.points), "amount": words.money(of.per_minor)}
    yield of_goods(of.on, whole, some, words, values)
    if of.least_minor is not None:
        yield T("It must come to %(amount)s.", amount=words.money(of.least_minor))
    if of.growing is not None:
        steps = Listed(tuple(
            T("%(points)s from %(amount)s on", points=words.points(step.points), amount=words.money(step.from_minor))
            for step in of.growing.steps
        ), "and")  # fmt: skip
        yield T("With what is bought in %(period)s it grows: %(steps)s.", period=period(of.growing.period), steps=steps)
        yield _REACH[of.growing.reach]


_REACH = {
    e.Reach.EACH_PART: T("Of a purchase that passes a step, each part has its own rate."),
    e.Reach.BEFORE: T("A purchase has the rate that was reached before it."),
    e.Reach.AFTER: T("A purchase has the rate that is reached with it."),
}


def _band(band: e.Band, words: Words) -> Text:
    values = {"points": words.points(band.points), "amount": words.money(band.from_minor)}
    if band.per_minor is None:
        return T("%(points)s from %(amount)s on", **values)
    each = words.money(band.per_minor)
    return T("from %(amount)s on %(points)s for each full %(each)s", each=each, **values)


_ROUND = {
    Round.DOWN: T("Parts of a point are dropped, once a receipt."),
    Round.UP: T("Parts of a point are rounded up, once a receipt."),
    Round.HALF_UP: T("Parts of a point are rounded to the nearest, once a receipt."),
}
_SEVERAL = {
    e.Several.HIGHEST: T("Of several multiples the highest counts."),
    e.Several.ADDED: T("Several multiples are added."),
    e.Several.MULTIPLIED: T("Several multiples are multiplied."),
}


def earning(of: e.Earning, words: Words) -> Iterator[Text]:
    """All of it."""
    for each in of.rules:
        yield from rule(each, words)
    if of.rules:
        yield _ROUND[of.rounding]
    if sum(isinstance(each, e.PerVisit) and each.visit is e.VisitIs.DAY for each in of.rules) > 1:
        yield T("Of several of these for the same goods a day gives the best one, whichever purchase comes first.")
    if of.several is not e.Several.HIGHEST or sum(isinstance(each, e.Multiplied) for each in of.rules) > 1:
        yield _SEVERAL[of.several]
    yield from not_for(of.excluded, words)
    table: dict[str, Say] = {
        "most_points": lambda points: T("All in all at most %(points)s a receipt.", points=words.points(points)),
        "most_points_day": lambda points: T("All in all at most %(points)s a day.", points=words.points(points)),
        "most_points_month": lambda points: T(
            "All in all at most %(points)s a calendar month.", points=words.points(points)
        ),
        "payer_only": lambda _: T("Points are only for the one who pays."),
        "before_discounts": lambda _: T("Points are counted on prices before offers."),
        "without_vat": lambda _: T("Points are counted on amounts without VAT."),
        "before_points": lambda _: T("What is paid with points gives points as well."),
    }
    yield from set_ones(of, table)
    for event in of.events:
        yield from event_points(event, words)
    yield from _available(of.available)
    if of.late is not None:
        yield TN(
            "A purchase without the card can be registered by its receipt for %(num)s day.",
            "A purchase without the card can be registered by its receipt for %(num)s days.",
            of.late.days,
        )
        if of.late.most_per_month is not None:
            yield TN("So once a month at most.", "So %(num)s times a month at most.", of.late.most_per_month)


def _available(of: e.Availability) -> Iterator[Text]:
    if of.after_days:
        yield TN("Points can be used after %(num)s day.", "Points can be used after %(num)s days.", of.after_days)
    if of.on_event is not None:
        yield T("Points can be used from the event %(event)s on.", event=called({}, of.on_event))
    if of.next_purchase:
        yield T("Points can be used from the next day on.")


_ONCE = {
    "ever": T("Once in all."), "subject": T("Once for each thing that it is about."), "day": T("Once a day."),
    "year": T("Once a year."), "no": T("Each time."),
}  # fmt: skip


_TOLD = {
    ev.JOINING: T("%(points)s for joining."), ev.RENEWAL: T("%(points)s for renewing."),
    ev.FIRST_PURCHASE: T("%(points)s for the first purchase."),
    ev.REFERRAL: T("%(points)s for bringing a friend."), ev.REFERRED: T("%(points)s for being brought by a friend."),
}  # fmt: skip
_RETURNED = {
    e.WhenReturned.WHOLE: T("They are taken back where the whole purchase comes back."),
    e.WhenReturned.ANY: T("They are taken back where anything of the purchase comes back."),
}


def event_points(of: e.EventPoints, words: Words) -> Iterator[Text]:
    """Points for an event."""
    points, told = words.points(of.points), _TOLD.get(of.event)
    if told is None:
        yield T("%(points)s for the event %(event)s.", points=points, event=called({}, of.event))
    else:
        yield Text(told.msgid, {"points": points})
    if of.names:
        yield T("This is called %(name)s.", name=called(of.names, of.code))
    if of.per_minor is not None:
        yield T("So many for each %(amount)s of the purchase that it is about.", amount=words.money(of.per_minor))
    yield _ONCE[of.once]
    yield from set_ones(of, {
        "most_times": lambda n: TN("Once a member at most.", "%(num)s times a member at most.", n),
        "within_days": lambda n: TN(
            "At the latest %(num)s day after the purchase.", "At the latest %(num)s days after the purchase.", n
        ),
    })  # fmt: skip
    if of.after_purchase_minor is not None:
        amount = words.money(of.after_purchase_minor)
        if of.event == ev.FIRST_PURCHASE:
            yield T("Once a purchase comes to %(amount)s.", amount=amount)
        elif not of.after_purchase_minor:
            yield T("Once the friend buys.")
        else:
            yield T("Once the friend buys for at least %(amount)s.", amount=amount)
    if of.returned is not e.WhenReturned.KEPT:
        yield _RETURNED[of.returned]
    yield from only_if(of.when, words)


def counter(of: e.Counter, words: Words) -> Iterator[Text]:
    """A counter and its own rules."""
    yield T("The counter %(name)s is counted beside the points, and buys nothing.", name=called(of.names, of.code))
    for each in of.rules:
        yield from rule(each, words)
    for event in of.events:
        yield from event_points(event, words)
    if of.rounding is not Round.DOWN:
        yield _ROUND[of.rounding]
