"""Exclusive offers of one group on units: who gets which, so that the customer saves most.

The search itself is `solve`; here offers take their shapes, and what was found is booked. The highest priority has its
units before a lower one is looked at. An added gift takes nothing off: it takes the units that its condition needs of
those that no discount has.
"""

from collections.abc import Sequence, Set
from typing import NamedTuple

from erp_club.promotions.engine.earning import CustomerPurse
from erp_club.promotions.engine.field import Field, field_of
from erp_club.promotions.engine.gates import Failure
from erp_club.promotions.engine.give import Give, Take, book, in_order
from erp_club.promotions.engine.lumps import PART, lumps, weighed_apart
from erp_club.promotions.engine.offer import Start
from erp_club.promotions.engine.priced import Reason, made
from erp_club.promotions.engine.ready import Ready
from erp_club.promotions.engine.rewards import FixedPrice
from erp_club.promotions.engine.run import Open, Record, Run
from erp_club.promotions.engine.shaping import hopeless, lacks_a_slot, usual
from erp_club.promotions.engine.solve import Bundle, Buy, Contender, Lump, PerUnit, Proof, Taken, solve
from erp_club.promotions.engine.solve.shapes import Shape
from erp_club.promotions.engine.stages import (
    Outcome,
    affordable,
    cost_of,
    fewer,
    most_minor,
    refusal_of,
    settle,
    times_given,
    work_out,
)
from erp_club.promotions.engine.using import as_one_of, units_used

_MOST_TRIALS = 8
"""So many times fewer at most an offer is tried."""
_FOR_WANT_OF_UNITS = (Reason.MIN_QUANTITY, Reason.NO_GAIN)
_CHOSEN = "~"
"""What stands before the code of an offer that somebody started: of equal savings the smaller key has the units."""
_AGAIN = "+"
"""The same before the coupon that starts an offer once more."""


def by_unit(run: Run, bit: int, offers: Sequence[Open]) -> None:
    """Decide who gets which units, book it, and tell the others why they get none."""
    priorities = {offer.ready.priority for offer in offers}
    if len(priorities) == 1:
        _tier(run, bit, offers, lower=False)
        return
    run.order_matters = True
    for place, priority in enumerate(sorted(priorities, reverse=True)):
        _tier(run, bit, [offer for offer in offers if offer.ready.priority == priority], lower=place > 0)


class Rival(NamedTuple):
    """An offer that competes. `shaped`: the search knows its rule; else it is one lump that is worked out again."""

    offer: Open
    contenders: list[Contender]
    shaped: bool


def _tier(run: Run, bit: int, offers: Sequence[Open], *, lower: bool) -> None:
    """The offers of one priority."""
    ground = field_of(run.basket, bit, lower=lower)
    rivals: dict[str, Rival] = {}
    gifts: list[Open] = []
    plain = usual(run.facts.policy)
    for offer in offers:
        key = first = _key(offer.ready)
        if key not in rivals:
            rival = _rival(run, offer, ground, plain=plain)
        elif _leaves_units(offer.ready, rivals[key]):
            key = f"{key}{_AGAIN}{offer.start.coupon}"
            rival = _once_more(rivals[first], offer, key)
        else:
            # A second coupon for the same units gains nothing.
            rival = (Reason.NO_GAIN, None)
        if isinstance(rival, Rival):
            rivals[key] = rival
        elif rival is not None:
            _refuse(run, ground, offer, rival)
        else:
            gifts.append(offer)
    _less_often(run, ground, rivals)
    won = _solved(run, ground, rivals)
    _tell_losers(run, ground, rivals, won)
    # Those that are worked out again come last: several parts put new lots in the place of ours.
    for code in sorted(won, key=lambda code: (not rivals[code].shaped, code)):
        _book(run, ground, rivals[code], won[code])
    for offer in sorted(gifts, key=lambda each: each.ready.code):
        _give_gift(run, bit, offer)


def _key(ready: Ready) -> str:
    """Its code, behind those of the offers that start by themselves where it doesn't."""
    return ready.code if ready.start is Start.AUTO else f"{_CHOSEN}{ready.code}"


def _leaves_units(ready: Ready, rival: Rival) -> bool:
    """Whether an offer takes so many units that another coupon for it could have others."""
    if not rival.shaped or ready.limits is not None or ready.points:
        return False
    contender = rival.contenders[0]
    shape = contender.shape
    if contender.needs or isinstance(shape, Lump):
        return False
    if isinstance(shape, PerUnit):
        return shape.most is not None or shape.cap_minor is not None
    return shape.times is not None


def _once_more(first: Rival, offer: Open, key: str) -> Rival:
    """The same for another coupon."""
    return Rival(offer, [contender._replace(key=key) for contender in first.contenders], first.shaped)


def _rival(run: Run, offer: Open, ground: Field, *, plain: bool) -> Rival | Failure | None:
    """An offer as it competes, or why it can't; None for one that takes nothing off."""
    ready = offer.ready
    run.order_matters |= ready.bounded
    if ready.points:
        offer = affordable(run, offer)
    using = units_used(run.basket, offer, ground)
    if plain and using.apart and ready.shaping is not None:
        shape = ready.shaping(run.basket, ground.on, 1 if using.every else offer.times, offer.most)
        if using.every and isinstance(shape, Buy | Bundle):
            # One set for each time; how often, the units say that it needs.
            shape = shape._replace(times=None)
        left = most_minor(run, offer) if offer.start.left_minor is not None or ready.by_month else None
        if shape is not None and left is not None:
            shape = _within(shape, left)
        if shape is not None:
            if using.least and isinstance(shape, PerUnit):
                shape = shape._replace(least=using.least)
            failure = hopeless(shape, ground.stacks)
            if failure is None and (ready.points or lacks_a_slot(shape, ground.stacks)):
                failure = work_out(run, offer, mask=ground.bit).failure
            if failure is not None:
                return failure
            times = offer.times if using.every else None
            contender = made(Contender, (_key(ready), shape, 0, using.needs, using.every, times))
            contenders = weighed_apart(run, offer, ground, contender)
            if contenders:
                return made(Rival, (offer, contenders, True))
    run.order_matters |= not (ready.whole and run.facts.policy.prices_include_tax)
    alone = work_out(run, offer, mask=ground.bit)
    if alone.failure is not None:
        return alone.failure
    if not alone.amount or any(give.choices for give in alone.gives):
        # It gives nothing before the customer has chosen.
        return None
    return Rival(
        offer, lumps(_key(ready), offer, alone, ground, units_used(run.basket, offer, ground, whole=True)), False
    )


def _within(shape: Shape, left_minor: int) -> Shape | None:
    """The shape of what gives no more than is left for it; None for sets, of which no shape says so."""
    match shape:
        case PerUnit():
            return shape._replace(cap_minor=left_minor if shape.cap_minor is None else min(shape.cap_minor, left_minor))
        case Lump():
            return shape._replace(value_minor=min(shape.value_minor, left_minor))
        case _:
            return None


def _less_often(run: Run, ground: Field, rivals: dict[str, Rival]) -> None:
    """Let what takes the units of all of its times together be given less often, where others do more with some."""
    several = [key for key, rival in rivals.items() if rival.offer.times > 1 and _at_once(rival.offer)]
    if not several or len(rivals) < 2:
        return
    most = _saving(run, ground, rivals)
    for key in sorted(several):
        offer, plain = rivals[key].offer, usual(run.facts.policy)
        for times in range(offer.times - 1, max(0, offer.times - _MOST_TRIALS), -1):
            again = _rival(run, Open(offer.ready, times, offer.most, offer.start), ground, plain=plain)
            tried = rivals | {key: again} if isinstance(again, Rival) else rivals
            saving = _saving(run, ground, tried)
            if saving > most:
                most, rivals[key] = saving, tried[key]


def _at_once(offer: Open) -> bool:
    """Whether it takes the units of all of its times at once, though its conditions ask for them each time."""
    asked = [each.every for each in offer.ready.needed] if offer.ready.uses_needed else []
    as_one = as_one_of(offer)
    return any(asked) and (not all(asked) if as_one is None else as_one > 1)


def _saving(run: Run, ground: Field, rivals: dict[str, Rival]) -> int:
    contenders = [each for rival in rivals.values() for each in rival.contenders]
    return solve(ground.stacks, contenders, deadline_ms=run.facts.policy.deadline_ms).saving_minor


def _solved(run: Run, ground: Field, rivals: dict[str, Rival]) -> dict[str, list[Taken]]:
    """What each offer gets. One that turns out above its budget or its points is left out, and all is decided again."""
    while True:
        contenders = [each for rival in rivals.values() for each in rival.contenders]
        if not contenders:
            return {}
        solution = solve(ground.stacks, contenders, deadline_ms=run.facts.policy.deadline_ms)
        won: dict[str, list[Taken]] = {}
        for taken in solution.assignment:
            won.setdefault(taken.key.split(PART)[0], []).append(taken)
        bounded = [key for key in won if (ready := rivals[key].offer.ready).limits is not None or ready.points]
        too_much = [
            (key, failure)
            for key in bounded
            if (failure := _unaffordable(run, ground, rivals[key].offer, won[key])) is not None
        ] or _beyond_points(run, ground, rivals, won)
        for key, failure in too_much:
            rival = rivals.pop(key)
            offer = fewer(run, rival.offer, Outcome([_give(ground, rival.offer, won[key])])) if key in won else None
            again = None if offer is None else _rival(run, offer, ground, plain=usual(run.facts.policy))
            if isinstance(again, Rival):
                rivals[key] = again
            else:
                run.refuse(rival.offer.ready, *failure)
        if not too_much:
            run.proved = run.proved and solution.proof is Proof.PROVED
            return won


def _unaffordable(run: Run, ground: Field, offer: Open, taken: Sequence[Taken]) -> Failure | None:
    """What keeps an offer from what it would get."""
    return refusal_of(run, offer, Outcome([_give(ground, offer, taken)]))


def _beyond_points(
    run: Run, ground: Field, rivals: dict[str, Rival], won: dict[str, list[Taken]]
) -> list[tuple[str, Failure]]:
    """The offers for which the customer's points don't last, where those that save most have theirs first."""
    costly = sorted((key for key in won if rivals[key].offer.ready.points), key=lambda key: (-_saved(won[key]), key))
    if len(costly) < 2:
        return []
    purse, left, found = CustomerPurse(run), dict[str, int](), list[tuple[str, Failure]]()
    takes = [take for taken in won.values() for take in ground.takes(taken)]
    for key in costly:
        offer = rivals[key].offer
        club = purse.club(offer.ready.club)
        if club is None:
            continue
        there = left.get(club, purse.balance(club) + purse.earned_after(club, takes))
        cost = cost_of(offer, Outcome([_give(ground, offer, won[key])]))
        if cost > there:
            found.append((key, (Reason.NOT_ENOUGH_POINTS, cost - there)))
        else:
            left[club] = there - cost
    return found


def _give(ground: Field, offer: Open, taken: Sequence[Taken]) -> Give:
    """What was found, on the units."""
    takes, times = ground.takes(taken), _times(taken)
    used, free = _counted(offer, times, takes)
    return Give(takes, times, used, free)


def _times(taken: Sequence[Taken]) -> int:
    """How often it is given: line by line it counts once."""
    return taken[0].times if len(taken) == 1 else max([each.times for each in taken])


def _counted(offer: Open, times: int, takes: Sequence[Take]) -> tuple[int, int]:
    """The units that sets use, and those among them that are free."""
    part = offer.ready.parts[0]
    return (sum([count for _, count, _ in takes]), times * part.free) if part.slots else (0, 0)


def _book(run: Run, ground: Field, rival: Rival, taken: Sequence[Taken]) -> None:
    """Give an offer the units that it got; one that competed as a lump is worked out on them again."""
    offer = rival.offer
    if not rival.shaped:
        outcome = work_out(run, offer, mask=ground.bit)
        if PART in taken[0].key:
            won = {int(each.key.split(PART)[1]) for each in taken}
            outcome.gives[0].takes = [take for take in outcome.gives[0].takes if take[0].line in won]
        settle(run, offer, outcome, ground.bit)
    elif offer.ready.points or offer.start.left_minor is not None or offer.ready.by_month:
        settle(run, offer, Outcome([_give(ground, offer, taken)]), ground.bit)
    else:
        # The usual case without the detour over what it would give: nothing can keep it from that any more.
        takes, times = ground.takes(taken), _times(taken)
        record = Record(offer.ready, offer.start.coupon, book(run.basket, takes, ground.bit))
        record.units_used, record.free_units = _counted(offer, times, takes)
        record.times = times_given(offer, times)
        run.kept(record)


def _tell_losers(run: Run, ground: Field, rivals: dict[str, Rival], won: dict[str, list[Taken]]) -> None:
    """Why the others get nothing: by themselves, or because another offer has their units."""
    losers = [rival.offer for code, rival in rivals.items() if code not in won]
    if not losers:
        return
    for offer in losers:
        parts = offer.ready.parts
        wanted = {stack for scope in _wanted(offer.ready) for stack in ground.on(scope)}
        winner = max([(_saved(taken), code) for code, taken in won.items() if _holds(taken, wanted)], default=None)
        failure: Failure | None = None
        # The hopeless ones are gone: but for a fixed price, what could give something has been beaten to it.
        if winner is None or type(parts[0].document) is FixedPrice:
            failure = work_out(run, offer, mask=ground.bit).failure
        by = None if winner is None else rivals[winner[1]].offer.ready.code
        if failure is not None or by in (None, offer.ready.code):
            _refuse(run, ground, offer, failure or (Reason.NO_GAIN, None))
        else:
            run.refuse(offer.ready, Reason.BEATEN, None, by)


def _wanted(ready: Ready) -> list[int]:
    """The scopes of which it takes units."""
    scopes = [scope for part in ready.parts for scope in part.scopes]
    return scopes + [asked.scope for asked in ready.needed] if ready.uses_needed else scopes


def _refuse(run: Run, ground: Field, offer: Open, failure: Failure) -> None:
    """Why an offer gives nothing: of a lower priority maybe only because others have its units."""
    if ground.lower and failure[0] in _FOR_WANT_OF_UNITS and work_out(run, offer).failure is None:
        mine = {i for scope in _wanted(offer.ready) for i in run.basket.by_scope.get(scope, ())}
        holders = [
            (sum(amount for i, (amount, _) in record.shares.items() if i in mine), record.ready.code)
            for record in run.records
            if record.ready.competes and record.ready.group == offer.ready.group and not mine.isdisjoint(record.shares)
        ]
        if holders:
            run.refuse(offer.ready, Reason.BEATEN, None, max(holders)[1])
            return
    run.refuse(offer.ready, *failure)


def _saved(taken: Sequence[Taken]) -> int:
    return sum([each.saving_minor for each in taken])


def _holds(taken: Sequence[Taken], wanted: Set[int]) -> bool:
    """Whether it has units of any of these stacks."""
    for _, _, shares, used, _ in taken:
        for stack, _, _ in shares:
            if stack in wanted:
                return True
        for stack, _ in used:
            if stack in wanted:
                return True
    return False


def _give_gift(run: Run, bit: int, offer: Open) -> None:
    """A gift that is added, where the units that its condition needs are still there."""
    basket, ready = run.basket, offer.ready
    if ready.points:
        offer = affordable(run, offer)
    needed: list[Take] = []
    for asked in ready.needed if ready.uses_needed else ():
        missing = asked.for_times(offer.times)
        for lot in in_order(basket, basket.open_lots(asked.scope, bit), dearest=False):
            counts = basket.heavy.get(lot.line, 1)
            units = min(lot.count, -(-max(0, missing) // counts))
            missing -= units * counts
            needed += [(lot, units, 0)] if units else []
        if missing > 0:
            run.refuse(ready, Reason.BEATEN)
            return
    outcome = work_out(run, offer, mask=bit)
    if outcome.failure is None and outcome.lots is None:
        outcome.gives[0].takes += needed
    settle(run, offer, outcome, bit)
