"""What one earning rule comes to on the lines that it counts: exact fractions, nothing rounded yet. Pure."""

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from erp_club.programmes.engine.conditions import Why
from erp_club.programmes.engine.earning import (
    EarnRule,
    Extra,
    Growing,
    Multiplied,
    PerMoney,
    PerTable,
    PerUnit,
    PerVisit,
    Reach,
    Rule,
    VisitIs,
)
from erp_club.programmes.engine.facts import MemberFacts, Purchase
from erp_club.programmes.engine.lines import PaidLine


class Open:
    """A rule while the receipt is looked at: exact points by line (-1 is none), and what was counted.

    Points that were spread over lines stay whole with the lines' weights until somebody asks for them line by line: of
    most receipts nobody does, and a fraction for each line costs more than all the rest.
    """

    __slots__ = ("_exact", "_points", "_weights", "counted", "had", "rule", "why")

    def __init__(self, rule: EarnRule) -> None:
        self.rule = rule
        self.counted = 0
        self.had = 0
        """What another rule has given for the day's visit already: of such rules a day has the best."""
        self.why: Why | None = None
        self._exact: dict[int, Fraction] = {}
        self._points = Fraction(0)
        self._weights: dict[int, int] = {}

    def spread(self, points: Fraction, weights: Mapping[int, int]) -> None:
        """Put points on lines, by what counts of each; what counts for nothing has none."""
        positive = {i: weight for i, weight in weights.items() if weight > 0}
        if not positive or not points:
            return
        if self._weights or self._exact:
            self._exact = self.exact
            for i, part in _parts(points, positive):
                self._exact[i] = self._exact[i] + part if i in self._exact else part
        else:
            self._points, self._weights = points, positive

    @property
    def exact(self) -> dict[int, Fraction]:
        """The points of each line."""
        if self._weights:
            self._exact = dict(_parts(self._points, self._weights))
            self._weights = {}
        return self._exact

    @exact.setter
    def exact(self, value: dict[int, Fraction]) -> None:
        self._exact, self._weights = value, {}

    @property
    def gives(self) -> bool:
        """Whether there is anything on any line."""
        return bool(self._weights or self._exact)

    @property
    def weights(self) -> dict[int, int]:
        """By what its points were spread over the lines; empty where they stand line by line."""
        return self._weights

    @property
    def total(self) -> Fraction:
        """All of it."""
        if self._weights:
            return self._points
        # By hand, since a long receipt would make a fraction of each of its lines on the way.
        common = math.lcm(*(each.denominator for each in self._exact.values()))
        return Fraction(sum(each.numerator * (common // each.denominator) for each in self._exact.values()), common)


def _parts(points: Fraction, weights: Mapping[int, int]) -> Iterator[tuple[int, Fraction]]:
    whole = sum(weights.values())
    for i, weight in weights.items():
        yield i, Fraction(points.numerator * weight, points.denominator * whole)


def count(
    seen: Open,
    rule: Rule,
    amounts: Mapping[int, int],
    paid: Sequence[PaidLine],
    purchase: Purchase,
    member: MemberFacts,
) -> None:
    """Put into `seen` what the rule gives for these amounts of lines, or why it gives nothing."""
    whole = sum(amounts.values())
    match rule:
        case PerMoney():
            seen.counted = whole
            if rule.least_minor is not None and whole < rule.least_minor:
                seen.why = Why.TOO_LITTLE
            else:
                seen.spread(_for_money(rule, whole, member), amounts)
        case PerTable():
            seen.counted = whole
            seen.spread(Fraction(_by_table(rule, whole)), amounts)
            seen.why = None if seen.gives else Why.TOO_LITTLE
        case PerVisit():
            seen.counted = 1
            visited = rule.visit is VisitIs.DAY and (rule.code, purchase.store) in member.visited
            if visited or rule.points <= seen.had:
                seen.why = Why.VISITED_ALREADY
            elif whole < max(rule.least_minor or 0, 1):
                seen.why = Why.TOO_LITTLE
            else:
                seen.spread(Fraction(rule.points - seen.had), amounts)
        case PerUnit():
            _for_units(seen, rule, amounts, paid)
        case Extra():
            seen.counted = whole
            if whole > 0:
                seen.exact[-1] = Fraction(rule.points)
            else:
                seen.why = Why.TOO_LITTLE
        case Multiplied():
            return


def _for_money(rule: PerMoney, whole: int, member: MemberFacts) -> Fraction:
    if whole <= 0:
        return Fraction(0)
    if rule.growing is None:
        return _at_rate(rule, whole, rule.points)
    return growing_points(rule, rule.growing, whole, member.so_far.get(rule.code, 0))


def _at_rate(rule: PerMoney, amount: int, points: int) -> Fraction:
    if rule.full:
        return Fraction(amount // rule.per_minor * points)
    return Fraction(amount * points, rule.per_minor)


def growing_points(rule: PerMoney, growing: Growing, whole: int, so_far: int) -> Fraction:
    """The points for `whole` more where `so_far` has been bought in the period already."""
    steps = [(0, rule.points), *((step.from_minor, step.points) for step in growing.steps)]
    if growing.reach is not Reach.EACH_PART:
        at = so_far if growing.reach is Reach.BEFORE else so_far + whole
        return _at_rate(rule, whole, [points for first, points in steps if first <= at][-1])
    made = Fraction(0)
    for (first, points), (end, _) in zip(steps, [*steps[1:], (so_far + whole, 0)], strict=True):
        inside = min(so_far + whole, max(end, first)) - max(so_far, first)
        if inside > 0:
            made += _at_rate(rule, inside, points)
    return made


def _by_table(rule: PerTable, whole: int) -> int:
    reached = [band for band in rule.bands if band.from_minor <= whole]
    if not reached or whole <= 0:
        return 0
    band = max(reached, key=lambda each: each.from_minor)
    return band.points if band.per_minor is None else whole // band.per_minor * band.points


def _for_units(seen: Open, rule: PerUnit, amounts: Mapping[int, int], paid: Sequence[PaidLine]) -> None:
    """Per quantity that was paid for: of a line that allowed means paid in part, that part of the quantity."""
    weights: dict[int, int] = {}
    for i, amount in amounts.items():
        line = paid[i].line
        quantity = max(0, line.quantity_milli - line.free_milli)
        cost = line.paid_minor + line.points_minor
        weights[i] = quantity if cost <= 0 else quantity * max(0, amount) // max(cost, amount)
    seen.counted = sum(weights.values())
    points = Fraction(seen.counted * rule.points, rule.per_milli)
    if rule.full:
        points = Fraction(seen.counted // rule.per_milli * rule.points)
    seen.spread(points, weights)
