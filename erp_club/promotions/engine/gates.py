"""Conditions made into functions of the basket, once per published offer.

A gate tells what keeps an offer closed: nothing, or the reason of each condition that fails, with what is missing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from erp_club.kernel.dates import any_aged, is_near
from erp_club.promotions.engine.basket import Basket
from erp_club.promotions.engine.conditions import (
    AgeIs,
    All,
    AmountIs,
    AnyOf,
    BirthdayIs,
    CelebratesIs,
    ChannelIs,
    ClubIs,
    Condition,
    Confirmed,
    CustomerKnown,
    DateIs,
    DayIs,
    HourIs,
    MeansIs,
    MemberSince,
    Not,
    PurchaseNumberIs,
    QuantityIs,
    SegmentIs,
    StoreIs,
    TerminalIs,
)
from erp_club.promotions.engine.dates import falls_on
from erp_club.promotions.engine.priced import Reason
from erp_club.promotions.engine.scope import EVERYTHING, Basis, Part
from erp_club.promotions.engine.scopes import Counted, Scopes

Failure = tuple[Reason, int | None]
Gate = Callable[[Basket], Failure | None]
"""What keeps it closed; None where it is open."""
Times = Callable[[Basket], int]


@dataclass(slots=True)
class Needs:
    """What a condition tree asks: gates that must all be open, how often it is fulfilled, and the units it takes."""

    gates: list[Gate] = field(default_factory=list[Gate])
    of_goods: list[Gate] = field(default_factory=list[Gate])
    """Those that more goods open. They come last: nobody buys more for an offer that stays closed."""
    times: list[Times] = field(default_factory=list[Times])
    shared: list[Times] = field(default_factory=list[Times])
    """How often all that start it are used together."""
    units: list[Counted] = field(default_factory=list[Counted])
    """What each quantity condition asks that must hold."""
    scopes: list[int] = field(default_factory=list[int])
    """All scopes that are asked about."""
    goods: bool = False
    """Whether it can't hold for a basket without any of what these scopes hold."""
    spends: bool = False
    """Whether the offer takes points: then a member counts where points can be used, else where the club gives."""


def needs_of(condition: Condition, scopes: Scopes, *, spends: bool = False) -> Needs:
    """What the condition of an offer asks, compiled; of one that takes points where it `spends`."""
    needs = Needs(goods=_asks_for_goods(condition), spends=spends)
    _add(condition, scopes, needs)
    needs.gates += needs.of_goods
    return needs


def _asks_for_goods(condition: Condition) -> bool:
    """Whether nothing but goods of the basket can make it hold: one of several alternatives may do without."""
    if type(condition) is All:
        return any(_asks_for_goods(each) for each in condition.all)
    if type(condition) is AnyOf:
        return all(_asks_for_goods(each) for each in condition.any)
    if type(condition) is AmountIs:
        return condition.amount_minor > 0
    return type(condition) is QuantityIs


def _add(condition: Condition, scopes: Scopes, needs: Needs) -> None:
    """Flatten a conjunction into gates of its own; anything else is one gate."""
    if type(condition) is All:
        for each in condition.all:
            _add(each, scopes, needs)
        return
    if type(condition) is QuantityIs:
        scope = scopes.number(condition.of or EVERYTHING)
        needs.units.append(Counted(scope, condition.quantity, condition.every))
    (needs.of_goods if _asks_for_goods(condition) else needs.gates).append(_gate(condition, scopes, needs))
    times = _times(condition, scopes, needs)
    if times is not None:
        shared = type(condition) is AmountIs and condition.shared
        (needs.shared if shared else needs.times).append(times)


def _times(condition: Condition, scopes: Scopes, needs: Needs) -> Times | None:
    """How often a condition with `every` is fulfilled; None for one without."""
    if type(condition) is QuantityIs and condition.every:
        scope, quantity = scopes.number(condition.of or EVERYTHING), condition.quantity
        return lambda basket: basket.count(scope) // quantity
    if type(condition) is AmountIs and condition.every and condition.amount_minor:
        amount = _amount(condition, scopes)
        least = condition.amount_minor
        return lambda basket: amount(basket) // least
    if isinstance(condition, All | AnyOf):
        parts = condition.all if isinstance(condition, All) else condition.any
        each = [times for part in parts if (times := _times(part, scopes, needs)) is not None]
        if each and isinstance(condition, AnyOf):
            return lambda basket: max(1, *(times(basket) for times in each))
        if each:
            # All of an alternative: as often as the rarest of its conditions, if the others hold too.
            gate = _gate(condition, scopes, needs)
            return lambda basket: 0 if gate(basket) is not None else min([times(basket) for times in each])
    return None


def _amount(condition: AmountIs, scopes: Scopes) -> Times:
    """The amount that a condition looks at."""
    scope = scopes.number(condition.of or EVERYTHING)
    if condition.basis is Basis.EXCLUDING:
        return lambda basket: basket.net_amount(scope)
    return lambda basket: basket.amount(scope)


def _gate(condition: Condition, scopes: Scopes, needs: Needs) -> Gate:
    """One function for a condition, whatever it holds."""
    if isinstance(condition, QuantityIs | AmountIs):
        needs.scopes.append(scopes.number(condition.of or EVERYTHING))
        return quantity_gate(condition, scopes) if isinstance(condition, QuantityIs) else _reaches(condition, scopes)
    if isinstance(condition, All):
        return _all([_gate(each, scopes, needs) for each in condition.all])
    if isinstance(condition, AnyOf):
        return _any([_gate(each, scopes, needs) for each in condition.any])
    if isinstance(condition, Not):
        return _not(condition.no, scopes, needs)
    if isinstance(condition, StoreIs | ChannelIs | TerminalIs | DayIs | DateIs | HourIs | MeansIs):
        return _here(condition)
    return _club(condition, spends=needs.spends) if isinstance(condition, ClubIs) else _who(condition)


def quantity_gate(condition: QuantityIs, scopes: Scopes) -> Gate:
    """Open from so many units on."""
    scope, quantity = scopes.number(condition.of or EVERYTHING), condition.quantity

    def gate(basket: Basket) -> Failure | None:
        missing = quantity - basket.count(scope)
        return (Reason.MIN_QUANTITY, missing) if missing > 0 else None

    return gate


def _reaches(condition: AmountIs, scopes: Scopes) -> Gate:
    amount, least = _amount(condition, scopes), condition.amount_minor

    def gate(basket: Basket) -> Failure | None:
        missing = least - amount(basket)
        return (Reason.MIN_AMOUNT, missing) if missing > 0 else None

    return gate


def _all(gates: list[Gate]) -> Gate:
    def gate(basket: Basket) -> Failure | None:
        for each in gates:
            failure = each(basket)
            if failure is not None:
                return failure
        return None

    return gate


def _any(gates: list[Gate]) -> Gate:
    """Open where one is; else what the first lacks, or one that lacks less of the same."""

    def gate(basket: Basket) -> Failure | None:
        nearest: Failure | None = None
        for each in gates:
            failure = each(basket)
            if failure is None:
                return None
            if nearest is None or (failure[0] is nearest[0] and (failure[1] or 0) < (nearest[1] or 0)):
                nearest = failure
        return nearest

    return gate


_HOLDS: dict[type[Part], Reason] = {
    QuantityIs: Reason.TOO_MANY,
    AmountIs: Reason.TOO_MUCH,
    ClubIs: Reason.MEMBER,
    SegmentIs: Reason.NOT_IN_SEGMENT,
    BirthdayIs: Reason.BIRTHDAY,
    CelebratesIs: Reason.BIRTHDAY,
    AgeIs: Reason.WRONG_AGE,
    MemberSince: Reason.WRONG_LENGTH,
    PurchaseNumberIs: Reason.WRONG_PURCHASE_NUMBER,
    StoreIs: Reason.WRONG_STORE,
    ChannelIs: Reason.WRONG_CHANNEL,
    TerminalIs: Reason.WRONG_TERMINAL,
    DayIs: Reason.WRONG_DAY,
    DateIs: Reason.WRONG_DAY,
    HourIs: Reason.WRONG_HOUR,
    MeansIs: Reason.WRONG_MEANS,
}
"""Why an offer doesn't hold where its negated condition does: "not in this store" says it both ways round."""


def _not(condition: Condition, scopes: Scopes, needs: Needs) -> Gate:
    """The gate that is open where this doesn't hold."""
    if isinstance(condition, Not):
        return _gate(condition.no, scopes, needs)
    if isinstance(condition, AnyOf):
        return _all([_not(each, scopes, needs) for each in condition.any])
    if isinstance(condition, CustomerKnown):
        return _who(CustomerKnown(customer_known=not condition.customer_known))
    inner = _gate(condition, scopes, needs)
    excluded: Failure = (_holds(condition), None)
    return lambda basket: excluded if inner(basket) is None else None


def _holds(condition: Condition) -> Reason:
    """Why an offer is closed where this holds, and mustn't."""
    if isinstance(condition, ClubIs) and condition.levels:
        return Reason.THIS_LEVEL
    if isinstance(condition, All) and len(condition.all) == 1:
        return _holds(condition.all[0])
    return _HOLDS.get(type(condition), Reason.EXCLUDED)


def _here(condition: StoreIs | ChannelIs | TerminalIs | DayIs | DateIs | HourIs | MeansIs) -> Gate:
    """Conditions on where, when and with what."""
    match condition:
        case StoreIs():
            stores, wrong_store = frozenset(condition.stores), (Reason.WRONG_STORE, None)
            return lambda basket: None if basket.facts.store in stores else wrong_store
        case ChannelIs():
            channels, wrong_channel = frozenset[str](condition.channels), (Reason.WRONG_CHANNEL, None)
            return lambda basket: None if basket.facts.channel in channels else wrong_channel
        case TerminalIs():
            terminals, wrong_terminal = frozenset(condition.terminals), (Reason.WRONG_TERMINAL, None)
            return lambda basket: None if basket.facts.terminal in terminals else wrong_terminal
        case DayIs():
            weekdays, wrong_day = frozenset(condition.weekdays), (Reason.WRONG_DAY, None)
            return lambda basket: None if basket.facts.at.isoweekday() in weekdays else wrong_day
        case DateIs():
            dates, other_day = condition.dates, (Reason.WRONG_DAY, None)
            return lambda basket: None if falls_on(dates, basket.facts.at.date()) else other_day
        case HourIs():
            return _hour(condition)
        case MeansIs():
            return _means(frozenset(condition.means), alone=condition.alone)


def _means(means: frozenset[str], *, alone: bool) -> Gate:
    wrong: Failure = (Reason.WRONG_MEANS, None)
    beside: Failure = (Reason.MEANS_BESIDE, None)

    def gate(basket: Basket) -> Failure | None:
        if means.isdisjoint(basket.facts.means):
            return wrong
        return None if not alone or means.issuperset(basket.facts.means) else beside

    return gate


def _hour(condition: HourIs) -> Gate:
    first, end, wrong_hour = condition.from_time, condition.to_time, (Reason.WRONG_HOUR, None)

    def gate(basket: Basket) -> Failure | None:
        now = basket.facts.at.time()
        inside = first <= now < end if first < end else now >= first or now < end
        return None if inside else wrong_hour

    return gate


_Who = SegmentIs | BirthdayIs | CelebratesIs | AgeIs | MemberSince | PurchaseNumberIs | CustomerKnown | Confirmed


def _who(condition: _Who) -> Gate:
    """Conditions on the customer, and on what the cashier confirms."""
    match condition:
        case SegmentIs():
            segments, not_in_segment = frozenset(condition.segments), (Reason.NOT_IN_SEGMENT, None)

            def gate(basket: Basket) -> Failure | None:
                shopper = basket.facts.shopper
                return not_in_segment if shopper is None or segments.isdisjoint(shopper.segments) else None

            return gate
        case BirthdayIs():
            return _birthday(condition)
        case CelebratesIs():
            return _celebrates(condition)
        case AgeIs():
            return _age(condition)
        case MemberSince():
            return _member_since(condition)
        case PurchaseNumberIs():
            return _purchase_number(condition)
        case CustomerKnown():
            known = condition.customer_known
            failure: Failure = (Reason.CUSTOMER_NEEDED if known else Reason.CUSTOMER_KNOWN, None)
            return lambda basket: None if (basket.facts.shopper is not None) is known else failure
        case Confirmed():
            name, not_confirmed = condition.confirm, (Reason.NOT_CONFIRMED, None)
            return lambda basket: None if name in basket.facts.confirmed else not_confirmed


def _club(condition: ClubIs, *, spends: bool) -> Gate:
    clubs, levels = condition.clubs, frozenset(condition.levels)
    not_member, wrong_level = (Reason.NOT_MEMBER, None), (Reason.WRONG_LEVEL, None)
    wrong_channel: Failure = (Reason.WRONG_CHANNEL, None)

    def gate(basket: Basket) -> Failure | None:
        shopper = basket.facts.shopper
        if shopper is None:
            return not_member
        held = [member for club in clubs if (member := shopper.clubs.get(club)) is not None]
        here = [member for member in held if (member.spends if spends else member.gives)]
        if not here:
            return wrong_channel if held else not_member
        return None if not levels or any(member.level in levels for member in here) else wrong_level

    return gate


def _birthday(condition: BirthdayIs) -> Gate:
    before, after = condition.days_before, condition.days_after

    def gate(basket: Basket) -> Failure | None:
        shopper = basket.facts.shopper
        if shopper is None:
            return (Reason.CUSTOMER_NEEDED, None)
        days = shopper.birthday_in
        return None if days is not None and -after <= days <= before else (Reason.NOT_BIRTHDAY, None)

    return gate


def _celebrates(condition: CelebratesIs) -> Gate:
    def gate(basket: Basket) -> Failure | None:
        shopper = basket.facts.shopper
        if shopper is None:
            return (Reason.CUSTOMER_NEEDED, None)
        near = shopper.born is not None and is_near(shopper.born, basket.facts.at.date(), condition.celebrates)
        return None if near else (Reason.NOT_BIRTHDAY, None)

    return gate


def _age(condition: AgeIs) -> Gate:
    least, most = condition.from_age, condition.to_age

    def gate(basket: Basket) -> Failure | None:
        shopper = basket.facts.shopper
        if shopper is None:
            return (Reason.CUSTOMER_NEEDED, None)
        own = () if shopper.born is None else (shopper.born,)
        born, why = (shopper.children, Reason.NO_SUCH_CHILD) if condition.of == "child" else (own, Reason.WRONG_AGE)
        return None if any_aged(born, basket.facts.at.date(), least, most) else (why, None)

    return gate


def _member_since(condition: MemberSince) -> Gate:
    club, least, most = condition.member_of, condition.from_days, condition.to_days

    def gate(basket: Basket) -> Failure | None:
        shopper = basket.facts.shopper
        held = None if shopper is None else shopper.clubs.get(club)
        if held is None or not held.gives:
            return (Reason.NOT_MEMBER if held is None else Reason.WRONG_CHANNEL, None)
        if held.joined_on is None:
            return (Reason.WRONG_LENGTH, None)
        days = (basket.facts.at.date() - held.joined_on).days
        return None if least <= days and (most is None or days <= most) else (Reason.WRONG_LENGTH, None)

    return gate


def _purchase_number(condition: PurchaseNumberIs) -> Gate:
    first, last = condition.first, condition.last

    def gate(basket: Basket) -> Failure | None:
        shopper = basket.facts.shopper
        if shopper is None:
            return (Reason.CUSTOMER_NEEDED, None)
        number = shopper.purchases + 1
        inside = first <= number and (last is None or number <= last)
        return None if inside else (Reason.WRONG_PURCHASE_NUMBER, None)

    return gate
