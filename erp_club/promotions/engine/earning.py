"""What a sale earns: the clubs' rules, then the offers that give more points, fewer, or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from erp_club.kernel.money import allocate, round_div
from erp_club.promotions.engine.basket import BP
from erp_club.promotions.engine.facts import (
    NO_LIMITS,
    EarnBase,
    EarningPlan,
    EarningRule,
    Line,
    PaidFor,
    PointsLimits,
)
from erp_club.promotions.engine.give import Take
from erp_club.promotions.engine.priced import EarnedPoints, Reason
from erp_club.promotions.engine.rewards import Points, PointsPer
from erp_club.promotions.engine.run import Open, Record, Run
from erp_club.promotions.engine.scope import Scope
from erp_club.promotions.engine.scopes import GOODS, holds
from erp_club.promotions.engine.units import UNTOUCHED, Touched, touched


@dataclass(slots=True)
class Earned:
    """What one rule or offer gives in a club: on lines, and for the order."""

    club: str
    lines: dict[int, int] = field(default_factory=dict[int, int])
    order: int = 0
    offer: str | None = None

    @property
    def points(self) -> int:
        """All of it."""
        return sum(self.lines.values()) + self.order


class CustomerPurse:
    """The points that the customer of a run can use."""

    __slots__ = ("run",)

    def __init__(self, run: Run) -> None:
        self.run = run

    def club(self, named: str | None) -> str | None:
        """The club whose points are meant: the named one, else the customer's only one."""
        shopper = self.run.facts.shopper
        if shopper is None:
            return None
        if named is not None:
            return named if named in shopper.clubs else None
        return next(iter(shopper.clubs)) if len(shopper.clubs) == 1 else None

    def balance(self, club: str) -> int:
        """The points there, less those used in this sale."""
        shopper = self.run.facts.shopper
        return 0 if shopper is None else shopper.clubs[club].points - self.run.spent.get(club, 0)

    def spends(self, club: str) -> bool:
        """Whether they can be used where this is sold."""
        shopper = self.run.facts.shopper
        return shopper is None or shopper.clubs[club].spends

    def limits(self, club: str) -> PointsLimits:
        """How they may pay, less what of a day's ceiling this sale has used."""
        shopper = self.run.facts.shopper
        said = NO_LIMITS if shopper is None else shopper.clubs[club].paying
        if said.left_today is None:
            return said
        return replace(said, left_today=max(0, said.left_today - self.run.spent.get(club, 0)))

    def earned_after(self, club: str, takes: Sequence[Take]) -> int:
        """The points of this sale, were this taken off too; 0 where the chain doesn't let them be used at once."""
        if not self.run.facts.policy.points_of_this_sale_usable:
            return 0
        off: dict[int, int] = {}
        for lot, _, amount in takes:
            off[lot.line] = off.get(lot.line, 0) + amount
        return sum(each.points for each in earned(self.run, off) if each.club == club)


def earned(run: Run, off: Mapping[int, int] | None = None) -> list[Earned]:
    """What the sale earns as it is priced so far, were `off` (by line) paid with points too."""
    if not run.facts.earning and not run.facts.plans and not run.earning:
        return []
    paid = _Paid(run, off or {})
    found = [_by_rule(run, rule, paid) for rule in run.facts.earning]
    if run.facts.plans:
        lines = _paid_for(run, paid)
        found += [_by_plan(plan, lines) for plan in run.facts.plans]
    given = {record.ready.code for record in run.records}
    for offer in run.earning:
        # One that gives something else too gives points only where it was applied.
        if offer.ready.parts and offer.ready.code not in given:
            continue
        for reward, scope in offer.ready.earnings:
            for club in _clubs(run, reward):
                found.append(_by_offer(run, offer, reward, scope, club, paid, found))
    return [each for each in found if each.points or each.lines]


class _Paid:
    """What was paid for each line, as points are earned on it; `points` is what points pay."""

    __slots__ = ("_money", "_off_order", "_paid", "points", "run")

    def __init__(self, run: Run, off: Mapping[int, int]) -> None:
        self.run = run
        base = run.facts.policy.earn_base
        self._money = [run.basket.left(i) - off.get(i, 0) for i in range(len(run.basket.lines))]
        self._paid = list(self._money)
        if base is EarnBase.BEFORE_REDEMPTION:
            self._paid = [paid + off.get(i, 0) for i, paid in enumerate(self._paid)]
        self._off_order: dict[int, int] = {}
        self.points = dict(off)
        for record in run.records:
            for i, (amount, _) in record.shares.items():
                if record.ready.redeems:
                    self.points[i] = self.points.get(i, 0) + amount
                if record.ready.redeems and base is not EarnBase.PAID:
                    self._paid[i] += amount
                elif record.ready.over_order and base is EarnBase.BEFORE_ORDER_DISCOUNTS:
                    self._off_order[i] = self._off_order.get(i, 0) + amount

    def of(self, i: int, *, named: bool) -> int:
        """What was paid for a line. `named`: by a rule for named goods, which discounts of the order may not lower."""
        return self._paid[i] + (self._off_order.get(i, 0) if named else 0)

    def money(self, i: int) -> int:
        """What was paid for a line beside points: what becomes of these a programme says itself."""
        return self._money[i]


def _clubs(run: Run, reward: Points) -> list[str]:
    """The clubs in which a reward gives points: the named one, else each that earns; only the customer's own."""
    shopper = run.facts.shopper
    own: set[str] = set() if shopper is None else set(shopper.clubs)
    earning = {rule.club for rule in (*run.facts.earning, *run.facts.plans)}
    if reward.club is not None:
        return [reward.club] if reward.club in own | earning else []
    return sorted(earning or own)


def _lines(run: Run, on: Scope) -> list[int]:
    """The lines of a rule that came with the facts; lines typed in by hand belong to the whole sale only."""
    whole = on.everything
    return [
        i
        for i, line in enumerate(run.basket.lines)
        if (line.earns and holds(on, line, reduced=run.basket.reduced(i))) and (whole or line.unit_minor >= 0)
    ]


def _by_rule(run: Run, rule: EarningRule, paid: _Paid) -> Earned:
    """What a club's rule gives."""
    lines = _lines(run, rule.on)
    earned_here = Earned(rule.club)
    if rule.per is PointsPer.ORDER:
        earned_here.order = rule.points * rule.scale if lines else 0
    elif rule.per is PointsPer.UNIT:
        earned_here.lines = {i: rule.points * rule.scale * units_of(run, i) for i in lines}
    else:
        amounts = {i: paid.of(i, named=not rule.on.everything) for i in lines}
        steps = round_div(max(0, sum(amounts.values())) * rule.scale, rule.per_minor, run.facts.policy.points_rounding)
        earned_here.lines = _over(steps * rule.points, amounts)
    return earned_here


def _paid_for(run: Run, paid: _Paid) -> list[PaidFor]:
    """The lines as programmes look at them. Points that paid are no offer; offers for untouched units touch none."""
    basket, changed = run.basket, run.basket.changed
    taken, touching = _taken(run), _taken(run, touching=True)

    def seen(i: int, line: Line) -> Touched:
        if i not in taken:
            return UNTOUCHED
        whole = touched(line.quantity_milli, basket.listed[i], taken[i].values())
        if touching.get(i) == taken[i]:
            return whole
        others = touched(line.quantity_milli, basket.listed[i], touching.get(i, {}).values())
        return Touched(others.milli, whole.free_milli)

    uses_points = bool(paid.points) or any(run.spent.values())
    return [
        PaidFor(
            line,
            paid.money(i),
            basket.listed[i],
            basket.reduced(i),
            seen(i, line),
            changed[i][1] if i in changed else "",
            paid.points.get(i, 0),
            uses_points,
        )
        for i, line in enumerate(basket.lines)
    ]


def _taken(run: Run, *, touching: bool = False) -> dict[int, dict[str, tuple[int, int]]]:
    """By line and offer what it took off how many units, as receipts keep it; `touching`: not for untouched units."""
    made: dict[int, dict[str, tuple[int, int]]] = {}
    for record in run.records:
        if record.ready.redeems or (touching and record.ready.offer.combination.untouched):
            continue
        for i, (amount, units) in record.shares.items():
            of_line = made.setdefault(i, {})
            before = of_line.get(record.ready.code, (0, 0))
            of_line[record.ready.code] = before[0] + amount, max(before[1], units)
    return made


def _by_plan(plan: EarningPlan, lines: Sequence[PaidFor]) -> Earned:
    """What a club's programme gives."""
    on_lines, rest = plan.earned(lines)
    return Earned(plan.club, dict(on_lines), rest)


def units_of(run: Run, i: int) -> int:
    """The units of a line that earn: none of one that was typed in by hand, or given back."""
    line = run.basket.lines[i]
    return max(1, line.quantity_milli // 1000) if line.unit_minor >= 0 and line.quantity_milli > 0 else 0


def _over(total: int, amounts: Mapping[int, int]) -> dict[int, int]:
    """Points on lines, by what was paid for them."""
    weights = {i: amount for i, amount in amounts.items() if amount > 0}
    if not weights:
        return {}
    return dict(zip(weights, allocate(total, list(weights.values())), strict=True))


def _by_offer(
    run: Run, offer: Open, reward: Points, scope: int, club: str, paid: _Paid, so_far: Sequence[Earned]
) -> Earned:
    """What an offer adds to (or takes from) what a club gives."""
    earned_here = Earned(club, offer=offer.ready.code)
    lines = [i for i in run.basket.by_scope.get(scope, ()) if run.basket.lines[i].earns]
    if reward.multiplier_bp is not None:
        base = {i: sum(each.lines.get(i, 0) for each in so_far if each.club == club) for i in lines}
        whole = sum(base.values())
        more = round_div(whole * reward.multiplier_bp, BP, run.facts.policy.points_rounding) - whole
        earned_here.lines = _over(more, base)
    if not reward.bonus:
        return earned_here
    if reward.per is PointsPer.ORDER:
        earned_here.order = reward.bonus * offer.times
        return earned_here
    if reward.per is PointsPer.UNIT:
        weights, least = {i: units_of(run, i) for i in lines}, reward.per_units
    else:
        named = not (reward.on is None or reward.on.everything)
        weights, least = {i: paid.of(i, named=named) for i in _with_manual(run, lines, named=named)}, reward.per_minor
    rounding = run.facts.policy.points_rounding
    total = round_div(max(0, sum(weights.values())) * reward.bonus, least, rounding)
    for i, points in _over(total, weights).items():
        earned_here.lines[i] = earned_here.lines.get(i, 0) + points
    return earned_here


def _with_manual(run: Run, lines: list[int], *, named: bool) -> list[int]:
    """The lines, and for the whole sale what was typed in by hand: it lowers what was paid."""
    if named:
        return lines
    return lines + [i for i, line in enumerate(run.basket.lines) if line.unit_minor < 0 and line.kind == GOODS]


def note(run: Run, all_earned: Sequence[Earned]) -> None:
    """Keep with each offer the points that it gave; one that was to give only points, and gave none, is refused."""
    points: dict[str, int] = {}
    for each in all_earned:
        if each.offer is not None:
            points[each.offer] = points.get(each.offer, 0) + each.points
    for record in run.records:
        record.points += points.pop(record.ready.code, 0)
    for offer in run.earning:
        if offer.ready.parts:
            continue
        if points.get(offer.ready.code):
            run.records.append(Record(offer.ready, offer.start.coupon, {}, points=points[offer.ready.code]))
        else:
            run.refuse(offer.ready, Reason.NO_GAIN)


def told(run: Run, all_earned: Sequence[Earned]) -> tuple[EarnedPoints, ...]:
    """Points as they are answered."""
    ids = [line.id for line in run.basket.lines]
    return tuple(
        EarnedPoints(each.club, each.points, tuple((ids[i], points) for i, points in each.lines.items()), each.offer)
        for each in all_earned
    )
