"""What one earning rule comes to on the lines that it counts: exact fractions, nothing rounded yet. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class Open:
    """A rule while the receipt is looked at: exact points by line (-1 is none), and what was counted."""

    rule: EarnRule
    exact: dict[int, Fraction] = field(default_factory=dict[int, Fraction])
    counted: int = 0
    why: Why | None = None

    @property
    def total(self) -> Fraction:
        """All of it."""
        # By hand, since a long receipt would make a fraction of each of its lines on the way.
        common = math.lcm(*(each.denominator for each in self.exact.values()))
        return Fraction(sum(each.numerator * (common // each.denominator) for each in self.exact.values()), common)


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
                _spread(seen, _for_money(rule, whole, member), amounts)
        case PerTable():
            seen.counted = whole
            _spread(seen, Fraction(_by_table(rule, whole)), amounts)
            seen.why = None if seen.exact else Why.TOO_LITTLE
        case PerVisit():
            seen.counted = 1
            if rule.visit is VisitIs.DAY and (rule.code, purchase.store) in member.visited:
                seen.why = Why.VISITED_ALREADY
            elif whole < max(rule.least_minor or 0, 1):
                seen.why = Why.TOO_LITTLE
            else:
                _spread(seen, Fraction(rule.points), amounts)
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


def _spread(seen: Open, points: Fraction, weights: Mapping[int, int]) -> None:
    """Points on lines, by what counts of each."""
    positive = {i: weight for i, weight in weights.items() if weight > 0}
    whole = sum(positive.values())
    if whole and points:
        for i, weight in positive.items():
            part = Fraction(points.numerator * weight, points.denominator * whole)
            seen.exact[i] = seen.exact[i] + part if i in seen.exact else part


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
    """Per quantity: of a line that allowed means paid in part, that part of the quantity."""
    weights: dict[int, int] = {}
    for i, amount in amounts.items():
        line = paid[i].line
        quantity = max(0, line.quantity_milli)
        weights[i] = quantity if line.paid_minor <= 0 else quantity * max(0, amount) // max(line.paid_minor, amount, 1)
    seen.counted = sum(weights.values())
    points = Fraction(seen.counted * rule.points, rule.per_milli)
    if rule.full:
        points = Fraction(seen.counted // rule.per_milli * rule.points)
    _spread(seen, points, weights)
