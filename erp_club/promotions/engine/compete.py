"""Exclusive offers of one group: which of them get the units, the lines, or the order.

A group is decided at the earliest stage of its members, on what earlier stages have left. The winner of an order then
has its turn like a stackable offer; units and lines are given at once. Of equal savings the offer that starts by itself
stays, then the one whose turn comes first.
"""

from collections.abc import Sequence

from erp_club.promotions.engine.exclusive import by_unit
from erp_club.promotions.engine.give import Take, shared
from erp_club.promotions.engine.offer import Per
from erp_club.promotions.engine.offer import Start as By
from erp_club.promotions.engine.priced import Reason
from erp_club.promotions.engine.run import Open, Run
from erp_club.promotions.engine.stages import Outcome, refusal_of, settle, times_of, work_out

Ranked = tuple[object, ...]


def rank(offer: Open) -> Ranked:
    """What breaks a tie: the smaller wins."""
    return (offer.ready.start is not By.AUTO, offer.ready.turn)


def compete(run: Run, group: str, offers: Sequence[Open]) -> list[Open]:
    """Decide a group. What is left to have its turn later: the offer that won the order."""
    kinds = {offer.ready.per for offer in offers}
    if kinds == {Per.UNIT}:
        by_unit(run, run.bit(group), offers)
        return []
    run.order_matters = True
    if kinds == {Per.LINE}:
        by_line(run, run.bit(group), offers)
        return []
    if kinds == {Per.ORDER}:
        return by_order(run, offers)
    return _mixed(run, group, offers)


def _mixed(run: Run, group: str, offers: Sequence[Open]) -> list[Open]:
    """Offers for the order against those for its units and its lines: one of the three sides wins alone."""
    sides = {per: [offer for offer in offers if offer.ready.per is per] for per in Per}
    savings: dict[Per, int] = {}
    for per, side in sides.items():
        before, lots, bits = _marks(run), run.basket.lots, dict(run.bits)
        run.basket.lots = run.basket.state()
        if per is Per.ORDER:
            outcomes = [work_out(run, offer) for offer in side]
            savings[per] = max((each.amount for each in outcomes if each.failure is None), default=0)
        elif side:
            (by_unit if per is Per.UNIT else by_line)(run, run.bit(group), side)
            savings[per] = sum(record.amount() for record in run.records[before[0] :])
        _back(run, before)
        run.basket.lots, run.bits = lots, bits
    best = max((per for per in Per if sides[per]), key=lambda per: savings.get(per, 0))
    before = len(run.records)
    won = compete(run, group, sides[best])
    given = run.records[before:]
    winner = won[0].ready.code if won else given[-1].ready.code if given else None
    for offer in (each for per, side in sides.items() if per is not best for each in side):
        if winner is not None:
            run.refuse(offer.ready, Reason.BEATEN, None, winner)
        else:
            run.refuse(offer.ready, *(work_out(run, offer).failure or (Reason.NO_GAIN, None)))
    return won


def _marks(run: Run) -> tuple[int, int, int, int, dict[str, int]]:
    """How far the run has come."""
    return len(run.records), len(run.refused), len(run.pending), len(run.gifts), dict(run.spent)


def _back(run: Run, marks: tuple[int, int, int, int, dict[str, int]]) -> None:
    """Forget what came after."""
    records, refused, pending, gifts, run.spent = marks
    del run.records[records:], run.refused[refused:], run.pending[pending:], run.gifts[gifts:]


def by_order(run: Run, offers: Sequence[Open]) -> list[Open]:
    """The one offer that gives the order most, of the highest priority that gives anything."""
    tried = [(work_out(run, offer), offer) for offer in offers]
    giving = [(outcome, offer) for outcome, offer in tried if outcome.failure is None]
    for outcome, offer in tried:
        if outcome.failure is not None:
            run.refuse(offer.ready, *outcome.failure)
    if not giving:
        return []
    _, winner = min(giving, key=lambda each: (-each[1].ready.priority, -each[0].amount, rank(each[1])))
    for _, offer in giving:
        if offer is not winner:
            run.refuse(offer.ready, Reason.NOT_BETTER_THAN_ORDER_DISCOUNT, None, winner.ready.code)
    return [winner]


def by_line(run: Run, bit: int, offers: Sequence[Open]) -> None:
    """Each is worked out alone, and each line keeps its largest, of the highest priority that gives it anything."""
    tried = [(work_out(run, offer, mask=bit), offer) for offer in offers]
    best: dict[int, tuple[int, int, Ranked, Open]] = {}
    for outcome, offer in tried:
        for i, amount in _on_lines(outcome).items():
            key = (-offer.ready.priority, -amount, rank(offer))
            if amount and (i not in best or key < best[i][:3]):
                best[i] = (*key, offer)
    for outcome, offer in sorted(tried, key=lambda each: each[1].ready.turn):
        won = {i for i, (*_, winner) in best.items() if winner is offer}
        line = next((i for i, amount in _on_lines(outcome).items() if amount), None)
        if won and _used_up_meanwhile(run, offer, outcome):
            run.refuse(offer.ready, Reason.USED_UP)
        elif won or line is None:
            # What takes nothing off any line, such as a gift, competes with nobody.
            _keep_lines(run, bit, outcome, won)
            settle(run, offer, outcome, bit)
        else:
            run.refuse(offer.ready, Reason.NOT_BETTER_ON_LINE, None, best[line][3].ready.code)


def _used_up_meanwhile(run: Run, offer: Open, outcome: Outcome) -> bool:
    """Whether another coupon has started the same offer before, and its limits don't last for both."""
    given = [record.times or 1 for record in run.records if record.ready is offer.ready]
    if not given:
        return False
    beyond = offer.most is not None and sum(given) + times_of(offer, outcome) > offer.most
    return beyond or refusal_of(run, offer, outcome) is not None


def _on_lines(outcome: Outcome) -> dict[int, int]:
    """What an offer would take off each line."""
    lines: dict[int, int] = {}
    if outcome.failure is not None:
        return lines
    if outcome.shares is not None:
        amounts = [(i, amount) for shares in outcome.shares for i, (amount, _) in shares.items()]
    else:
        amounts = [(lot.line, amount) for give in outcome.gives for lot, _, amount in give.takes]
    for i, amount in amounts:
        lines[i] = lines.get(i, 0) + amount
    return lines


def _keep_lines(run: Run, bit: int, outcome: Outcome, won: set[int]) -> None:
    """Drop what was worked out for other lines. What several parts take off a line becomes one amount off it."""
    if outcome.shares is None:
        for give in outcome.gives:
            give.takes = [take for take in give.takes if take[0].line in won]
        return
    for give, shares in zip(outcome.gives, outcome.shares, strict=True):
        give.takes = []
        for i, (amount, _) in shares.items():
            if i in won and amount:
                lots = [lot for lot in run.basket.lots[i] if not lot.taken & bit]
                give.takes += shared(amount, [(lot, lot.count, lot.left) for lot in lots])
    first, *others = outcome.gives
    for give in others:
        first.takes = _together(first.takes, give.takes)
        give.takes = []
    outcome.shares = outcome.lots = None


def _together(some: list[Take], more: list[Take]) -> list[Take]:
    """Takes of the same whole lots as one."""
    amounts: dict[int, Take] = {}
    for lot, count, amount in (*some, *more):
        held = amounts.get(id(lot))
        amounts[id(lot)] = (lot, count, amount + (held[2] if held is not None else 0))
    return list(amounts.values())
