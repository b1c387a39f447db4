"""Entitlements, period rewards and occasions, in plain sentences. Pure."""

from collections.abc import Iterator

from erp_club.kernel.text import TN, Listed, Money, Quantity, Rate, T, Text, days
from erp_club.programmes.engine import levels as lv
from erp_club.programmes.engine import rewards as r
from erp_club.programmes.engine.gifts import PointsGiven, comes_in_pieces
from erp_club.programmes.engine.parts import ALWAYS, Counts, Round
from erp_club.programmes.sentences.gifts import given, issued
from erp_club.programmes.sentences.words import (
    Say,
    Words,
    amount,
    called,
    channels,
    conditions,
    levels,
    measure,
    name,
    need,
    only_if,
    period,
    set_ones,
    time,
    what,
)


def entitlement(of: lv.Entitlement, words: Words) -> Iterator[Text]:
    """What a membership gives directly."""
    named = name(of.names) if of.names else T("A benefit of membership")
    values: dict[str, object] = {"name": named, "gift": given(of.gives, words)}
    if of.only_given:
        yield T("%(name)s: %(gift)s, as often as it was given.", **values)
    elif of.count is None:
        yield T("%(name)s: %(gift)s, as often as one likes.", **values)
    else:
        yield TN(
            "%(name)s: %(gift)s, once in %(period)s.",
            "%(name)s: %(gift)s, %(num)s times in %(period)s.",
            of.count,
            period=period(of.period),
            **values,
        )
    yield from set_ones(of, {
        "levels": lambda codes: T("Only for level %(levels)s.", levels=levels(codes, words)),
        "channels": lambda keys: T("Only %(channels)s.", channels=channels(keys, "or")),
        "whole_day": lambda _: T("Each time is a day that the member chooses, with all that is bought on it."),
        "apart_minutes": lambda minutes: T("Only %(time)s after its last use.", time=time(minutes)),
    })  # fmt: skip
    yield from only_if(of.when, words)
    yield from set_ones(of, {
        "most_minor_month": lambda minor: T("At most %(amount)s off a calendar month.", amount=words.money(minor)),
        "most_base_month": lambda minor: T(
            "For purchases of %(amount)s at most in a calendar month.", amount=words.money(minor)
        ),
        "most_units_month": lambda n: TN(
            "For one piece, litre or kilogram at most in a calendar month.",
            "For %(num)s pieces, litres or kilograms at most in a calendar month.",
            n,
        ),
    })  # fmt: skip


def period_reward(of: r.PeriodReward, words: Words) -> Iterator[Text]:
    """What a period brings."""
    named = name(of.names) if of.names else T("Reward")
    values: dict[str, object] = {"name": named, "measure": measure(of.base, words), "period": period(of.period)}
    if of.base.counts is Counts.BALANCE:
        yield T("%(name)s: for %(measure)s at the end of %(period)s.", **values)
    else:
        yield T("%(name)s: for %(measure)s in %(period)s.", **values)
    yield from _function(of, words)
    if not (comes_in_pieces(of.gives) and isinstance(of.function, r.ByEvery | r.ByThreshold)):
        yield T("It is given as %(gift)s.", gift=given(of.gives, words))
    if of.paid_on is not None:
        base = measure(of.paid_on.measure, words)
        if of.paid_on.per_unit:
            yield T("The percent reached is paid as so many cents a unit, on %(measure)s.", measure=base)
        else:
            yield T("The percent reached is paid on %(measure)s.", measure=base)
    for extra in of.extras:
        yield from _extra(extra, words)
    yield from _limits(of, words)
    yield from issued(of.issue)
    if of.when != ALWAYS:
        said = Listed(tuple(conditions(of.when, words)), "and")
        yield T("It can be used only if %(conditions)s.", conditions=said)


def _function(of: r.PeriodReward, words: Words) -> Iterator[Text]:
    function = of.function
    match function:
        case r.ByPercent():
            steps = Listed(tuple(
                T("%(rate)s from %(amount)s on", rate=Rate(s.rate_bp), amount=amount(of.base, s.from_amount, words))
                for s in function.steps
            ), "and")  # fmt: skip
            if function.on is r.OnWhat.WHOLE:
                yield T("%(steps)s, each on the whole.", steps=steps)
            else:
                yield T("%(steps)s, each on its own part.", steps=steps)
        case r.ByThreshold():
            steps = Listed(tuple(
                T("%(value)s for %(amount)s", value=_value(of, s.value, words), amount=amount(of.base, s.at, words))
                for s in function.steps
            ), "and")  # fmt: skip
            if function.reached is r.Reached.HIGHEST:
                yield T("The highest step reached: %(steps)s.", steps=steps)
            else:
                yield T("Each step reached: %(steps)s.", steps=steps)
        case r.ByEvery():
            every = amount(of.base, function.every, words)
            yield T("For each full %(amount)s: %(value)s.", amount=every, value=_value(of, function.value, words))
        case r.ByAverage():
            every = amount(of.base, function.every, words)
            yield T("For each full %(amount)s: what one of these has cost on average.", amount=every)
        case r.ByRate():
            if function.rate_bp is None:
                yield T("The rate is declared when the period is over.")
            else:
                yield T("The declared rate is %(rate)s.", rate=Rate(function.rate_bp))
            if function.declared_on is not None:
                yield T("It is declared on %(day)s.", day=function.declared_on)


def _value(of: r.PeriodReward, value: int, words: Words) -> object:
    """What a step gives: points, money, or of what comes by the piece the thing itself, as often as it is reached."""
    if comes_in_pieces(of.gives):
        return given(of.gives, words)
    return words.points(value) if isinstance(of.gives, PointsGiven) else words.money(value)


def _extra(of: r.ExtraPart, words: Words) -> Iterator[Text]:
    times = Quantity(of.times_bp // 10)
    goods = T("a part of it") if of.on is None else what(of.on, words)
    yield T("Counted once and paid %(times)s times: %(what)s.", times=times, what=goods)
    yield from only_if(of.when, words)


_ROUND = {
    Round.DOWN: T("The value is rounded down."), Round.UP: T("The value is rounded up."),
    Round.HALF_UP: T("The value is rounded to the nearest."),
}  # fmt: skip
_REST = {
    r.Rest.CARRY: T("What is left over goes into the next period."),
    r.Rest.DROP: T("What is left over is dropped."),
}
_REST_YEAR = {
    r.Rest.CARRY: T("At the end of the member's year what is left over is carried on."),
    r.Rest.DROP: T("At the end of the member's year what is left over is dropped."),
}
_LATE = {
    r.Late.SETTLE: T("Purchases that come in late change the reward, with the next one."),
    r.Late.NEXT: T("Purchases that come in late count in the next period."),
    r.Late.IGNORE: T("Purchases that come in late don't count."),
}
_RETURNS = {
    r.Late.SETTLE: T("Returns after the period change the reward, with the next one."),
    r.Late.NEXT: T("Returns after the period count in the next period."),
    r.Late.IGNORE: T("Returns after the period change nothing."),
}


def _limits(of: r.PeriodReward, words: Words) -> Iterator[Text]:
    if of.rounding is not Round.HALF_UP:
        yield _ROUND[of.rounding]
    if of.least_minor is not None:
        yield T("Less than %(amount)s isn't given.", amount=_value(of, of.least_minor, words))
    if of.most_minor is not None:
        yield T("At most %(amount)s is given.", amount=_value(of, of.most_minor, words))
    if of.never_below_minor is not None:
        yield T("Where anything is given, it is %(amount)s at least.", amount=_value(of, of.never_below_minor, words))
    if of.takes:
        yield T("What gave it is taken off the points.")
    yield _REST[of.rest]
    if of.rest_at_year_end is not None:
        yield _REST_YEAR[of.rest_at_year_end]
    for each in of.needs:
        yield _past(each, words)
    if of.levels:
        yield T("Only for level %(levels)s.", levels=levels(of.levels, words))
    if not of.member_at_end:
        yield T("Also for who is no member any more at the end of the period.")
    yield _LATE[of.late]
    yield _RETURNS[of.returns]


def _past(of: r.PastPeriods, words: Words) -> Text:
    values: dict[str, object] = {"amount": amount(of.measure, of.at_least, words), "periods": of.periods}
    values["measure"] = measure(of.measure, words)
    if of.of_them is None:
        return T("Only where %(measure)s in the last %(periods)s periods together comes to %(amount)s.", **values)
    return T(
        "Only where %(measure)s comes to %(amount)s in each of %(count)s of the last %(periods)s periods.",
        count=of.of_them,
        **values,
    )


_OCCASIONS = {
    r.OccasionKind.JOINING: T("For joining: %(gifts)s."),
    r.OccasionKind.RENEWAL: T("For renewing: %(gifts)s."),
    r.OccasionKind.FIRST_PURCHASE: T("For the first purchase: %(gifts)s."),
    r.OccasionKind.BIRTHDAY: T("For the member's birthday: %(gifts)s."),
    r.OccasionKind.RELATIVE_BIRTHDAY: T("For a relative's birthday: %(gifts)s."),
    r.OccasionKind.ANNIVERSARY: T("For the wedding anniversary: %(gifts)s."),
    r.OccasionKind.MEMBERSHIP: T("Each year for the day of joining: %(gifts)s."),
    r.OccasionKind.REFERRER: T("For bringing a friend: %(gifts)s."),
    r.OccasionKind.REFERRED: T("For being brought by a friend: %(gifts)s."),
    r.OccasionKind.EVENT: T("For an event: %(gifts)s."),
}
_RELATIVES = {"spouse": T("spouse"), "child": T("child"), "parent": T("parent"), "other": T("other relative")}


def occasion(of: r.Occasion, words: Words) -> Iterator[Text]:
    """A reward for an occasion."""
    gifts = Listed(tuple(given(each, words) for each in of.gives), "or" if of.choose else "and")
    yield Text(_OCCASIONS[of.occasion].msgid, {"gifts": gifts})
    if of.names:
        yield T("This is called %(name)s.", name=called(of.names, of.code))
    if of.event is not None:
        yield T("The event is %(event)s.", event=called({}, of.event))
    if of.choose:
        yield T("The member chooses one.")
    if of.relatives:
        yield T("For these: %(relatives)s.", relatives=Listed(tuple(_RELATIVES[each] for each in of.relatives)))
    if of.around is not None:
        yield from _around(of.around, of.occasion)
    if of.growth is not None:
        values = {"amount": words.money(of.growth.per_year_minor), "age": of.growth.from_age}
        if of.occasion is r.OccasionKind.MEMBERSHIP:
            yield T("It grows by %(amount)s with each year of membership after year %(age)s.", **values)
        else:
            yield T("It grows by %(amount)s with each year of age from %(age)s on.", **values)
        if of.growth.most_minor is not None:
            yield T("It grows to %(amount)s at most.", amount=words.money(of.growth.most_minor))
    of_years = _OF_YEARS if of.occasion is r.OccasionKind.MEMBERSHIP else {}
    yield from set_ones(of, _conditions(words) | of_years)
    if of.levels and of.around is not None:
        yield T("Whoever had the gift of other levels for this day has no second one.")
    if of.after_purchase_minor is not None:
        yield _once_bought(of, words.money(of.after_purchase_minor), anything=not of.after_purchase_minor)
    for each in of.needs:
        yield T("Only with %(need)s.", need=need(each, words))
    yield from only_if(of.when, words)
    yield from issued(of.issue, months=True)


def _once_bought(of: r.Occasion, amount: Money, *, anything: bool) -> Text:
    if of.occasion is r.OccasionKind.FIRST_PURCHASE:
        return T("Once a purchase comes to %(amount)s.", amount=amount)
    if anything:
        return T("Once the friend buys.")
    return T("Once the friend buys for at least %(amount)s.", amount=amount)


_OF_YEARS: dict[str, Say] = {
    "from_age": lambda years: TN(
        "Only from %(num)s year of membership on.", "Only from %(num)s years of membership on.", years
    ),
    "to_age": lambda years: TN(
        "Only up to %(num)s year of membership.", "Only up to %(num)s years of membership.", years
    ),
}  # fmt: skip


def _conditions(words: Words) -> dict[str, Say]:
    return {
        "from_age": lambda age: T("Only from the age of %(age)s.", age=age),
        "to_age": lambda age: T("Only up to the age of %(age)s.", age=age),
        "levels": lambda codes: T("Only for level %(levels)s.", levels=levels(codes, words)),
        "least_points": lambda points: T("Only with a balance of %(points)s.", points=words.points(points)),
        "least_months": lambda n: TN(
            "Only after %(num)s month of membership.", "Only after %(num)s months of membership.", n
        ),
        "known_at_joining": lambda _: T("Only where the date was given at joining."),
        "known_days_before": lambda n: TN(
            "The date must be given %(num)s day before.", "The date must be given %(num)s days before.", n
        ),
        "most_per_year": lambda n: TN("Once a year at most.", "%(num)s times a year at most.", n),
    }  # fmt: skip


def _around(of: r.Around, occasion: r.OccasionKind) -> Iterator[Text]:
    if of.whole_months:
        birthday = occasion in {r.OccasionKind.BIRTHDAY, r.OccasionKind.RELATIVE_BIRTHDAY}
        yield T("In the month of the birthday.") if birthday else T("In the month of that day.")
        if of.months_before:
            yield TN("And %(num)s month before.", "And %(num)s months before.", of.months_before)
        if of.months_after:
            yield TN("And %(num)s month after.", "And %(num)s months after.", of.months_after)
    elif of.days_before and of.days_after:
        yield T(
            "From %(before)s before to %(after)s after the day.", before=days(of.days_before), after=days(of.days_after)
        )
    elif of.days_before:
        yield TN(
            "From %(num)s day before to the day itself.", "From %(num)s days before to the day itself.", of.days_before
        )
    elif of.days_after:
        yield TN("From the day to %(num)s day after it.", "From the day to %(num)s days after it.", of.days_after)
    else:
        yield T("On the day itself.")
    if of.hebrew_calendar:
        yield T("The day goes by the Hebrew calendar.")
