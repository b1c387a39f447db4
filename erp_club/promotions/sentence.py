"""What an offer does, in plain language: short sentences, each a `Text`, said where the reader is known. Pure."""

from collections.abc import Iterator

from erp_club.kernel.money import Rounding, round_div
from erp_club.kernel.text import TN, Listed, Money, Name, Quantity, Rate, T, Text
from erp_club.promotions.clauses import Words, clause, often_per_member, units_of, what
from erp_club.promotions.documents import Thing
from erp_club.promotions.engine import conditions as c
from erp_club.promotions.engine.offer import Limits, Mode, Offer, Per, Start
from erp_club.promotions.engine.rewards import (
    Amount,
    Bundle,
    BuyGet,
    Delivery,
    FixedPrice,
    Freed,
    FreeDelivery,
    Gift,
    NextCoupon,
    Percent,
    Points,
    PointsPer,
    Prize,
    Redeem,
    Reward,
    Spread,
    Step,
    Surprise,
)
from erp_club.promotions.engine.scope import Basis, Pick


def sentence(offer: Offer, words: Words) -> tuple[Text, ...]:
    """All that the offer does, in the order in which people ask: what, how started, when, how often, beside what."""
    return (*_gives(offer, words), *_started(offer, words), *_when(offer, words), *_often(offer.limits, words),
            *_beside(offer))  # fmt: skip


def gives(offer: Offer, words: Words) -> tuple[Text, ...]:
    """Only what it gives: enough for a list."""
    return tuple(_gives(offer, words))


def _gives(offer: Offer, words: Words) -> Iterator[Text]:
    for reward in offer.rewards:
        yield from _reward(reward, words)
    if offer.rest:
        yield T("The last part goes to what no other part has touched.")
    elif len(offer.rewards) > 1:
        yield T("Each part is taken from what the parts before it have left.")


def _reward(reward: Reward, words: Words) -> Iterator[Text]:
    match reward:
        case Percent():
            yield from _percent(reward, words)
        case Amount():
            yield from _amount(reward, words)
        case FixedPrice():
            yield from _fixed_price(reward, words)
        case BuyGet():
            yield from _buy_get(reward, words)
        case Bundle():
            yield from _bundle(reward, words)
        case Gift():
            yield from _gift(reward, words)
        case FreeDelivery():
            cap = reward.cap_minor
            yield T("Free delivery.") if cap is None else T("Free delivery, up to %(amount)s.", amount=words.money(cap))
        case Points():
            yield from _points(reward, words)
        case NextCoupon():
            yield TN(
                "A coupon of %(batch)s for the next purchase.",
                "%(num)s coupons of %(batch)s for the next purchase.",
                reward.count,
                batch=words.name(Thing.BATCH, reward.batch),
            )
        case Surprise():
            yield from _surprise(reward, words)
        case Redeem():
            yield from _redeem(reward, words)


_BY_MEASURE = T("Of what is weighed or measured, its kilograms or litres are counted.")


def _percent(reward: Percent, words: Words) -> Iterator[Text]:
    values = {"rate": Rate(reward.value_bp), "what": what(reward.on, words)}
    if reward.steps:
        steps = Listed(tuple(_step(step, Rate(step.value)) for step in reward.steps), "and")
        yield T("A discount on %(what)s that grows with the quantity: %(steps)s.", what=values["what"], steps=steps)
        if reward.value_bp:
            yield T("Below that %(rate)s.", rate=values["rate"])
    elif reward.units is None:
        yield T("%(rate)s off %(what)s.", **values)
    elif reward.pick is Pick.CHEAPEST:
        yield TN(
            "%(rate)s off the cheapest one of %(what)s.",
            "%(rate)s off the %(num)s cheapest of %(what)s.",
            reward.units,
            **values,
        )
    else:
        yield TN(
            "%(rate)s off the dearest one of %(what)s.",
            "%(rate)s off the %(num)s dearest of %(what)s.",
            reward.units,
            **values,
        )
    if reward.units is not None and reward.measured:
        yield _BY_MEASURE
    if reward.count_in is not None:
        yield T("The quantity is counted over %(what)s.", what=what(reward.count_in, words))
    if reward.base_cap_minor is not None:
        yield T("It is taken from %(amount)s at most.", amount=words.money(reward.base_cap_minor))
    if reward.cap_minor is not None:
        most = {"amount": words.money(reward.cap_minor)}
        net = reward.cap_basis is Basis.EXCLUDING
        yield (
            T("It gives %(amount)s without VAT at most.", **most) if net else T("It gives %(amount)s at most.", **most)
        )


def _step(step: Step, value: object) -> Text:
    return TN("%(value)s from %(num)s units on", "%(value)s from %(num)s units on", step.from_quantity, value=value)


def _amount(reward: Amount, words: Words) -> Iterator[Text]:
    values = {"amount": words.money(reward.value_minor), "what": what(reward.on, words)}
    if reward.steps:
        steps = Listed(tuple(_step(step, words.money(step.value)) for step in reward.steps), "and")
        yield T("A discount on %(what)s that grows with the quantity: %(steps)s.", what=values["what"], steps=steps)
        if reward.value_minor:
            yield T("Below that %(amount)s.", amount=values["amount"])
        if reward.spread is not Spread.ONCE:
            by_line = reward.spread is Spread.LINE
            yield T("It is taken from each line.") if by_line else T("It is taken from each unit.")
    elif reward.units is not None:
        yield from _off_some(reward, reward.units, values)
    elif reward.spread is Spread.ONCE:
        yield T("%(amount)s off %(what)s.", **values)
    elif reward.spread is Spread.LINE:
        yield T("%(amount)s off each line of %(what)s.", **values)
    elif reward.group_size == 1:
        yield T("%(amount)s off each unit of %(what)s.", **values)
    else:
        yield TN(
            "%(amount)s off each unit of %(what)s in full groups of %(num)s.",
            "%(amount)s off each unit of %(what)s in full groups of %(num)s.",
            reward.group_size,
            **values,
        )
    yield from _amount_bounds(reward, words)


def _amount_bounds(reward: Amount, words: Words) -> Iterator[Text]:
    if reward.units_per_line is not None:
        yield TN("%(num)s unit of a line at most.", "%(num)s units of a line at most.", reward.units_per_line)
    if reward.first_minor is not None:
        yield T("For the first unit of a line it is %(amount)s.", amount=words.money(reward.first_minor))
    if reward.basis is Basis.EXCLUDING:
        yield T("The amount is without VAT.")
    if reward.cap_minor is not None:
        yield T("It gives %(amount)s at most.", amount=words.money(reward.cap_minor))
    if reward.count_in is not None:
        yield T("The quantity is counted over %(what)s.", what=what(reward.count_in, words))


def _off_some(reward: Amount, units: int, values: dict[str, Money | Text]) -> Iterator[Text]:
    if reward.spread is Spread.UNIT and units > 1 and reward.pick is Pick.CHEAPEST:
        yield T("%(amount)s off each of the %(units)s cheapest of %(what)s.", units=units, **values)
    elif reward.spread is Spread.UNIT and units > 1:
        yield T("%(amount)s off each of the %(units)s dearest of %(what)s.", units=units, **values)
    elif reward.pick is Pick.CHEAPEST:
        yield TN("%(amount)s off the cheapest one of %(what)s.", "%(amount)s off the %(num)s cheapest of %(what)s.",
                 units, **values)  # fmt: skip
    else:
        yield TN("%(amount)s off the dearest one of %(what)s.", "%(amount)s off the %(num)s dearest of %(what)s.",
                 units, **values)  # fmt: skip


def _fixed_price(reward: FixedPrice, words: Words) -> Iterator[Text]:
    values = {"amount": words.money(reward.price_minor), "what": what(reward.on, words)}
    if reward.units is None:
        yield T("Each of %(what)s costs %(amount)s.", **values)
    elif reward.pick is Pick.CHEAPEST:
        yield TN(
            "The cheapest one of %(what)s costs %(amount)s.",
            "The %(num)s cheapest of %(what)s cost %(amount)s each.",
            reward.units,
            **values,
        )
    else:
        yield TN(
            "The dearest one of %(what)s costs %(amount)s.",
            "The %(num)s dearest of %(what)s cost %(amount)s each.",
            reward.units,
            **values,
        )
    if reward.units is not None and reward.measured:
        yield _BY_MEASURE
    if reward.steps:
        steps = Listed(tuple(_step(step, words.money(step.value)) for step in reward.steps), "and")
        yield T("With the quantity it changes: %(steps)s.", steps=steps)


def _buy_get(reward: BuyGet, words: Words) -> Iterator[Text]:
    values = {"size": reward.size, "what": what(reward.on, words), "rate": Rate(reward.off_bp)}
    if reward.off_bp == 10_000:
        yield TN(
            "Of every %(size)s units of %(what)s the cheapest one is free.",
            "Of every %(size)s units of %(what)s the %(num)s cheapest are free.",
            reward.free,
            size=reward.size,
            what=values["what"],
        )
    else:
        yield TN(
            "Of every %(size)s units of %(what)s the cheapest one is %(rate)s off.",
            "Of every %(size)s units of %(what)s the %(num)s cheapest are %(rate)s off.",
            reward.free,
            **values,
        )
    if reward.freed is Freed.CHEAPEST_OF_EACH:
        yield T("The dearest units stand together, so that the customer saves more.")
    yield from _repeated(reward.applications)


def _repeated(applications: int | None) -> Iterator[Text]:
    if applications is not None:
        yield TN("Once a basket at most.", "%(num)s times a basket at most.", applications)


def _bundle(reward: Bundle, words: Words) -> Iterator[Text]:
    slots = units_of([(slot.on, slot.quantity) for slot in reward.slots], words)
    if reward.price_minor is not None:
        yield T("Together for %(amount)s: %(slots)s.", amount=words.money(reward.price_minor), slots=slots)
    elif reward.off_bp is not None:
        yield T("%(rate)s off together: %(slots)s.", rate=Rate(reward.off_bp), slots=slots)
    else:
        yield T("%(amount)s off together: %(slots)s.", amount=words.money(reward.off_minor or 0), slots=slots)
    if reward.pick is Pick.CHEAPEST:
        yield T("The cheapest units are taken first.")
    yield from _repeated(reward.applications)


def _gift(reward: Gift, words: Words) -> Iterator[Text]:
    gifts = words.named(Thing.PRODUCT, reward.products)
    yield TN("A gift: %(what)s.", "%(num)s gifts: %(what)s.", reward.quantity, what=gifts)
    if len(reward.products) > 1:
        yield T("The customer chooses.")
    yield {
        Delivery.ADDED: T("The till adds it to the basket."), Delivery.IN_BASKET: T("It is free once it is scanned."),
        Delivery.EITHER: T("It is free where it is scanned, else the till adds it."),
    }[reward.delivery]  # fmt: skip


def _points(reward: Points, words: Words) -> Iterator[Text]:
    of = what(reward.on, words)
    if reward.multiplier_bp == 0:
        yield T("No points for %(what)s.", what=of)
    elif reward.multiplier_bp is not None:
        yield T("%(times)s times the points for %(what)s.", times=Quantity(reward.multiplier_bp // 10), what=of)
    more = words.points(reward.bonus, reward.club)
    if reward.bonus and reward.per is PointsPer.ORDER:
        yield T("%(points)s more.", points=more)
    elif reward.bonus and reward.per is PointsPer.UNIT and reward.per_units > 1:
        units = reward.per_units
        yield T("%(points)s more for every %(units)s units of %(what)s.", points=more, units=units, what=of)
    elif reward.bonus and reward.per is PointsPer.UNIT:
        yield T("%(points)s more for each unit of %(what)s.", points=more, what=of)
    elif reward.bonus:
        amount = words.money(reward.per_minor)
        yield T("%(points)s more for each full %(amount)s of %(what)s.", points=more, amount=amount, what=of)
    if reward.club is not None:
        yield T("The points are those of %(club)s.", club=words.name(Thing.CLUB, reward.club))


def _surprise(reward: Surprise, words: Words) -> Iterator[Text]:
    whole = sum(prize.weight for prize in reward.prizes) + reward.nothing_weight

    def chance(weight: int) -> Rate:
        return Rate(round_div(100 * weight, whole, Rounding.HALF_UP) * 100)

    prizes = [
        Text("%(prize)s (%(chance)s)", {"prize": _prize(p, words), "chance": chance(p.weight)}) for p in reward.prizes
    ]
    if reward.nothing_weight:
        prizes.append(Text("%(prize)s (%(chance)s)", {"prize": T("nothing"), "chance": chance(reward.nothing_weight)}))
    yield T("A surprise is drawn: %(prizes)s.", prizes=Listed(tuple(prizes)))


def _prize(prize: Prize, words: Words) -> Text:
    if prize.product is not None:
        return T("%(product)s as a gift", product=words.name(Thing.PRODUCT, prize.product))
    if prize.off_bp is not None:
        return T("%(value)s off", value=Rate(prize.off_bp))
    return T("%(value)s off", value=words.money(prize.off_minor or 0))


def _redeem(reward: Redeem, words: Words) -> Iterator[Text]:
    worth = words.points(reward.worth_points, reward.club)
    yield T("Points as money: %(points)s = %(amount)s.", points=worth, amount=words.money(reward.worth_minor))
    if reward.block > 1:
        yield T("In steps of %(points)s.", points=words.points(reward.block, reward.club))
    if reward.least:
        yield T("At least %(points)s at a time.", points=words.points(reward.least, reward.club))
    if reward.on is not None:
        yield T("Points pay for %(what)s only.", what=what(reward.on, words))
    if reward.most_bp < 10_000:
        yield T("Points pay %(rate)s of the basket at most.", rate=Rate(reward.most_bp))
    if reward.club is not None:
        yield T("The points are those of %(club)s.", club=words.name(Thing.CLUB, reward.club))


def _started(offer: Offer, words: Words) -> Iterator[Text]:
    start = offer.activation
    if start.by is Start.CASHIER:
        yield T("The cashier starts it.")
    elif start.by is Start.CODE:
        yield T("It is started by the code %(code)s.", code=Name({"": start.code or ""}))
    elif start.by is Start.COUPON:
        yield T("It is started by a coupon of %(batch)s.", batch=words.name(Thing.BATCH, start.batch or ""))
    elif any(isinstance(reward, Redeem) for reward in offer.rewards):
        yield T("The points are used without anybody choosing it.")
    if start.points:
        yield T("It costs the customer %(points)s.", points=words.points(start.points, start.club))
        if start.club is not None:
            yield T("The points are those of %(club)s.", club=words.name(Thing.CLUB, start.club))


def _when(offer: Offer, words: Words) -> Iterator[Text]:
    whole = offer.when
    conditions = whole.all if isinstance(whole, c.All) else (whole,)
    if conditions:
        each = tuple(clause(one, words) for one in conditions)
        yield T("Only if %(conditions)s.", conditions=Listed(each, "and"))
    for one in conditions:
        if isinstance(one, c.QuantityIs | c.AmountIs) and one.every:
            shared = isinstance(one, c.AmountIs) and one.shared
            yield (
                T("One coupon is used for each time that this is reached.")
                if shared
                else T("It gives once for each time that this is reached.")
            )
    first, last = offer.first_day, offer.last_day
    if first is not None and first == last:
        yield T("On %(first)s only.", first=first)
    elif first is not None and last is not None:
        yield T("From %(first)s to %(last)s.", first=first, last=last)
    elif first is not None:
        yield T("From %(first)s on.", first=first)
    elif last is not None:
        yield T("Until %(last)s.", last=last)


def _often(limits: Limits, words: Words) -> Iterator[Text]:
    if limits.per_basket is not None:
        yield TN("Once a basket at most.", "%(num)s times a basket at most.", limits.per_basket)
    yield from often_per_member(limits, words)
    if limits.member_month_minor is not None:
        yield T("At most %(amount)s per member and month.", amount=words.money(limits.member_month_minor))
    if limits.shared_month_minor is not None:
        values = {"amount": words.money(limits.shared_month_minor), "name": limits.shared_as or ""}
        yield T("At most %(amount)s per member and month together with the other offers of “%(name)s”.", **values)
    if limits.uses_per_day is not None:
        yield TN("Once a day in all.", "%(num)s times a day in all.", limits.uses_per_day)
    if limits.uses is not None:
        yield TN("Once in all.", "%(num)s times in all.", limits.uses)
    if limits.budget_minor is not None:
        yield T("Until it has given %(amount)s.", amount=words.money(limits.budget_minor))


def _beside(offer: Offer) -> Iterator[Text]:
    beside = offer.combination
    if beside.mode is Mode.STACKABLE:
        yield T("It comes on top of other offers.")
    elif beside.group is not None:
        yield T("It shares nothing with other offers of “%(group)s”.", group=Name({"": beside.group}))
    if beside.mode is Mode.EXCLUSIVE and beside.per is Per.ORDER:
        yield T("No other such offer in the same basket.")
    if beside.untouched:
        yield T("Not on goods that another offer has lowered.")
    if beside.without_price_lists:
        lists = Listed(tuple(Name({"": code}) for code in beside.without_price_lists))
        yield T("Not on goods at the prices of list %(lists)s.", lists=lists)
    if not beside.used:
        yield T("What only fulfils its condition stays free for other offers.")
