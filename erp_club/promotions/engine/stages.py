"""An offer's turn: what its parts give one after the other, within its budget and the customer's points."""

from dataclasses import dataclass, field

from erp_club.promotions.engine.basket import Lot
from erp_club.promotions.engine.earning import CustomerPurse
from erp_club.promotions.engine.gates import Failure
from erp_club.promotions.engine.give import Give, Turn, book, shared
from erp_club.promotions.engine.opening import UNUSED
from erp_club.promotions.engine.priced import Pending, Reason
from erp_club.promotions.engine.ready import Ready
from erp_club.promotions.engine.run import Open, Record, Run

_MANY_TIMES = 20
"""So often an offer may be given before what its budget lasts for is reckoned instead of tried."""


@dataclass(slots=True)
class Outcome:
    """What an offer would give: of several parts with the units as they would be then.

    `offer`: as often as limits and points let it be given, where that was looked at.
    """

    gives: list[Give] = field(default_factory=list[Give])
    shares: list[dict[int, list[int]]] | None = None
    lots: list[list[Lot]] | None = None
    failure: Failure | None = None
    offer: Open | None = None

    @property
    def amount(self) -> int:
        """All that is taken off."""
        return sum(give.amount for give in self.gives)


def work_out(run: Run, offer: Open, *, mask: int = 0, later: frozenset[int] | None = None) -> Outcome:
    """What an offer would give on what is left now, as often as its budget lasts. Changes nothing."""
    outcome = _work_out(run, offer, mask=mask, later=later)
    while outcome.failure is not None and outcome.offer is not None:
        less = fewer(run, outcome.offer, outcome)
        if less is None:
            break
        outcome = _work_out(run, less, mask=mask, later=later)
    return outcome


def fewer(run: Run, offer: Open, outcome: Outcome) -> Open | None:
    """The offer fewer times, where its budget doesn't last for all that it would give; None where not even for one."""
    left = _left_of_budget(run, offer.ready)
    if left is None or not 0 < left < outcome.amount:
        return None
    times = times_of(offer, outcome)
    # One by one, but for a great many sets, of which each gives about the same.
    most = times - 1 if times <= _MANY_TIMES else max(_MANY_TIMES, min(times - 1, times * left // outcome.amount))
    return Open(offer.ready, min(offer.times, most), most, offer.start) if most > 0 else None


def _left_of_budget(run: Run, ready: Ready) -> int | None:
    """What is left of an offer's budget; None for one without."""
    limits = ready.limits
    if limits is None or limits.budget_minor is None:
        return None
    given = run.facts.used.get(ready.code, UNUSED).given_minor
    return limits.budget_minor - given - sum(record.amount() for record in run.records if record.ready is ready)


def _work_out(run: Run, offer: Open, *, mask: int, later: frozenset[int] | None) -> Outcome:
    ready, basket = offer.ready, run.basket
    if offer.most is not None:
        offer = _within_limits(run, offer)
        if offer.times < 1:
            return Outcome(failure=(Reason.USED_UP, None))
    passed_over = _passed_over(run, ready) if ready.passes_over else 0
    if ready.points:
        offer = affordable(run, offer)
    turn = Turn(
        basket,
        offer.times,
        offer.most,
        mask | passed_over,
        ready.needed,
        offer.start.claim,
        later,
        ready.code,
        CustomerPurse(run),
    )
    single = len(ready.parts) == 1
    outcome = Outcome([ready.parts[0].give(turn)]) if single else _parts(run, offer, turn, mask)
    keep_within(run, offer, outcome)
    outcome.failure = refusal_of(run, offer, outcome)
    if outcome.failure == (Reason.NO_GAIN, None) and passed_over and _nothing_left(run, ready, passed_over):
        outcome.failure = (Reason.PASSED_OVER, None)
    outcome.offer = offer
    return outcome


def _passed_over(run: Run, ready: Ready) -> int:
    """The bits of the units that it passes over: touched ones as they stood before the first offer of its kind."""
    combination, basket, mask = ready.offer.combination, run.basket, 0
    if combination.untouched:
        mask = run.bit("touched units")
        if not any(record.ready.offer.combination.untouched for record in run.records):
            for lot in (lot for lots in basket.lots for lot in lots if basket.touched(lot)):
                lot.taken |= mask
    lists = combination.without_price_lists
    if lists:
        bit = run.bit(f"units at the prices of {lists}")
        for lot in (lot for i, (_, code) in basket.changed.items() if code in lists for lot in basket.lots[i]):
            lot.taken |= bit
        mask |= bit
    return mask


def _nothing_left(run: Run, ready: Ready, passed_over: int) -> bool:
    """Whether there are units of what it is for, but all are passed over."""
    scopes = {scope for part in ready.parts for scope in part.scopes}
    there = any(run.basket.open_lots(scope) for scope in scopes)
    return there and not any(run.basket.open_lots(scope, passed_over) for scope in scopes)


def _within_limits(run: Run, offer: Open) -> Open:
    """The offer less what it has given in this sale already, where several coupons start it."""
    assert offer.most is not None
    most = offer.most - sum(record.times or 1 for record in run.records if record.ready is offer.ready)
    return Open(offer.ready, min(offer.times, most), most, offer.start)


def affordable(run: Run, offer: Open) -> Open:
    """The offer as often as the customer's points pay for it, at least once: then it says what is missing."""
    purse = CustomerPurse(run)
    club = purse.club(offer.ready.club)
    if club is None:
        return offer
    most = max(1, (purse.balance(club) + purse.earned_after(club, ())) // offer.ready.points)
    return Open(offer.ready, min(offer.times, most), most if offer.most is None else min(offer.most, most), offer.start)


def _parts(run: Run, offer: Open, turn: Turn, group: int) -> Outcome:
    """Several parts, each on what those before have left (the last, where it is for the rest, on other units).

    `group`: the bit of its exclusive group, for which its units are taken then.
    """
    ready, basket = offer.ready, run.basket
    before, basket.lots = basket.lots, basket.state()
    mask, own = turn.mask, run.bit(f"parts of {ready.code}")
    gives: list[Give] = []
    shares: list[dict[int, list[int]]] = []
    for part in ready.parts:
        turn.mask = mask | own if ready.offer.rest and part is ready.parts[-1] else mask
        give = part.give(turn)
        gives.append(give)
        keep_within(run, offer, Outcome(gives))
        shares.append(book(basket, give.takes, own))
    # Its own parts may share units; for all other offers they are taken.
    for lot in (lot for lots in basket.lots for lot in lots if lot.taken & own):
        lot.taken = lot.taken & ~own | group
    after, basket.lots = basket.lots, before
    return Outcome(gives, shares, after)


def most_minor(run: Run, offer: Open) -> int | None:
    """The most that the offer can take off still: what its coupon, or the customer's month, has left; None without.

    What the coupon, or the offer, has given in this sale is taken off before.
    """
    left: list[int] = []
    if offer.start.left_minor is not None:
        given = sum(record.amount() for record in run.records if record.coupon == offer.start.coupon)
        left.append(offer.start.left_minor - given)
    limits = offer.ready.limits
    if not offer.ready.by_month or limits is None:
        return min(left, default=None)
    used = run.facts.used.get(offer.ready.code, UNUSED)
    if limits.member_month_minor is not None:
        given = sum(record.amount() for record in run.records if record.ready is offer.ready)
        left.append(max(0, limits.member_month_minor - used.member_month_minor - given))
    if limits.shared_month_minor is not None:
        given = sum(record.amount() for record in run.records if record.ready.shared_as == limits.shared_as)
        left.append(max(0, limits.shared_month_minor - used.shared_month_minor - given))
    return min(left, default=None)


def keep_within(run: Run, offer: Open, outcome: Outcome) -> None:
    """Take off no more than that, the first parts before the others."""
    if offer.start.left_minor is None and not offer.ready.by_month:
        return
    left = most_minor(run, offer) or 0
    for give in outcome.gives:
        if give.amount > left:
            give.takes = shared(left, give.takes)
        left -= give.amount


def refusal_of(run: Run, offer: Open, outcome: Outcome) -> Failure | None:
    """Why an offer can't have what it would give: nothing, above its budget, or for more points than there are."""
    ready, gives = offer.ready, outcome.gives
    if any(give.choices for give in gives):
        return None
    if not any(give.something for give in gives):
        return next((give.failure for give in gives if give.failure is not None), (Reason.NO_GAIN, None))
    left = _left_of_budget(run, ready)
    if left is not None and outcome.amount > left:
        return Reason.USED_UP, None
    return _too_dear(run, offer, outcome) if ready.points else None


def cost_of(offer: Open, outcome: Outcome) -> int:
    """The points that the offer costs, each time it is given."""
    return offer.ready.points * times_of(offer, outcome)


def times_of(offer: Open, outcome: Outcome) -> int:
    """How often it is given: so many sets, or as often as its condition is fulfilled."""
    return times_given(offer, max(give.times for give in outcome.gives))


def times_given(offer: Open, sets: int) -> int:
    """The same where what it gave was so many sets; 1 for what isn't given in sets."""
    ready = offer.ready
    return max(sets, offer.times) if ready.times and sets == 1 and not ready.parts[0].slots else sets


def _too_dear(run: Run, offer: Open, outcome: Outcome) -> Failure | None:
    """The points that are missing for what an offer costs."""
    purse = CustomerPurse(run)
    club = purse.club(offer.ready.club)
    if club is None:
        return Reason.NOT_MEMBER, None
    if not purse.spends(club):
        return Reason.POINTS_CLOSED, None
    takes = [take for give in outcome.gives for take in give.takes]
    missing = cost_of(offer, outcome) - purse.balance(club) - purse.earned_after(club, takes)
    return (Reason.NOT_ENOUGH_POINTS, missing) if missing > 0 else None


def settle(run: Run, offer: Open, outcome: Outcome, mask: int = 0) -> Record | None:
    """Book what was worked out, or say why it is nothing."""
    ready, offer = offer.ready, outcome.offer or offer
    if outcome.failure is None and ready.points and not any(give.choices for give in outcome.gives):
        # What was given since it was worked out may have cost points too.
        outcome.failure = _too_dear(run, offer, outcome)
    if outcome.failure is not None:
        run.refuse(ready, *outcome.failure)
        return None
    choices = next((give.choices for give in outcome.gives if give.choices), ())
    if choices:
        run.pending.append(Pending(ready.code, choices))
        return None
    if offer.most is not None:
        offer = _within_limits(run, offer)
    record = Record(ready, offer.start.coupon, {})
    keep_within(run, offer, outcome)
    if outcome.lots is not None and outcome.shares is not None:
        run.basket.lots = outcome.lots
        booked = outcome.shares
    else:
        booked = [book(run.basket, give.takes, mask) for give in outcome.gives]
    for give, shares in zip(outcome.gives, booked, strict=True):
        run.note(record, give, shares)
    record.times = times_of(offer, outcome)
    _pay_points(run, offer, outcome, record)
    run.kept(record)
    return record


def _pay_points(run: Run, offer: Open, outcome: Outcome, record: Record) -> None:
    """Take the points that were used from the customer's account for the rest of this sale."""
    if offer.ready.points:
        record.points_used += cost_of(offer, outcome)
    if record.points_used:
        named = next((part.club for part in offer.ready.parts if part.club is not None), offer.ready.club)
        club = CustomerPurse(run).club(named)
        assert club is not None
        record.points_club = club
        run.spent[club] = run.spent.get(club, 0) + record.points_used


def take_turn(run: Run, offer: Open, later: frozenset[int] | None = None) -> None:
    """A stackable offer on what is left."""
    if run.basket.taken_by_codes is not None:
        # Where codes lower what amounts come to, a condition that held when we began may hold no longer.
        failure = next((found for gate in offer.ready.gates if (found := gate(run.basket)) is not None), None)
        if failure is not None:
            run.refuse(offer.ready, *failure)
            return
    settle(run, offer, work_out(run, offer, later=later))
