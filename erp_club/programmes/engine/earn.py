"""What a purchase earns: which rule gives how many points on which line, and why not the others. Pure.

Each rule's points are exact fractions until the sum over all rules is rounded, once a receipt, and shared out again to
rules and lines by the largest remainder. A receipt therefore never gives more or fewer for being looked at by line.
"""

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from erp_club.kernel.money import Rounding, allocate, round_div
from erp_club.programmes.engine.conditions import Why, missed
from erp_club.programmes.engine.counting import Open, count
from erp_club.programmes.engine.earning import Earning, EarnRule, Multiplied, PerVisit, Rule, Several, Stands, VisitIs
from erp_club.programmes.engine.facts import Bought, MemberFacts, Purchase
from erp_club.programmes.engine.lines import (
    PaidLine,
    by_touch,
    goods_of,
    in_scope,
    paid_lines,
    passed_over,
    with_points,
    without_vat,
)
from erp_club.programmes.engine.parts import NOTHING, Excluded, Round
from erp_club.programmes.engine.places import Doing, Where, works
from erp_club.programmes.engine.programme import Programme

ROUNDING = {Round.DOWN: Rounding.DOWN, Round.UP: Rounding.UP, Round.HALF_UP: Rounding.HALF_UP}
_BP = 10_000


@dataclass(frozen=True, slots=True)
class RuleEarned:
    """What one rule gave: `points` in whole parts, on `lines`; `counted` is the amount, quantity or visits it saw.

    `why` says why it gave nothing.
    """

    rule: str
    points: int = 0
    counted: int = 0
    lines: tuple[tuple[str, int], ...] = ()
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class Earned:
    """What a purchase earns in all, by line, and rule by rule. Points that hang on no line are in none."""

    points: int
    rules: tuple[RuleEarned, ...] = ()
    capped: bool = False

    @property
    def by_line(self) -> dict[str, int]:
        """Points by the id of the line."""
        made: dict[str, int] = {}
        for rule in self.rules:
            for line, points in rule.lines:
                made[line] = made.get(line, 0) + points
        return made


def earn(programme: Programme, purchase: Purchase, member: MemberFacts) -> Earned:
    """What a purchase earns on the account."""
    last = programme.switch.last_earning_day
    why: Why | None = None
    if last is not None and purchase.on > last:
        why = Why.EARNING_ENDED
    elif programme.earning.payer_only and not purchase.payer:
        why = Why.NOT_PAYER
    elif not works_here(programme, purchase):
        why = Why.WRONG_CHANNEL
    if why is not None:
        return Earned(0, tuple(RuleEarned(rule.code, why=why) for rule in programme.earning.rules))
    return earn_by(programme.earning, purchase, member, excluded=programme.left_out, points_pay=_points_pay(programme))


def works_here(programme: Programme, purchase: Purchase) -> bool:
    """Whether the club earns in this channel and store."""
    return works(programme.channels, Doing.EARNING, Where(purchase.channel, purchase.store))


def _points_pay(programme: Programme) -> "_PointsPay | None":
    return None if programme.redemption is None else _PointsPay(programme)


@dataclass(frozen=True, slots=True)
class _PointsPay:
    """Whether points may pay for a line."""

    programme: Programme

    def __call__(self, line: Bought) -> bool:
        rule = self.programme.redemption
        return (
            rule is not None
            and in_scope(rule.on, line)
            and not passed_over(rule.excluded, line)
            and not passed_over(self.programme.left_out, line)
        )


def earn_by(
    earning: Earning,
    purchase: Purchase,
    member: MemberFacts,
    *,
    excluded: Excluded = NOTHING,
    points_pay: "_PointsPay | None" = None,
) -> Earned:
    """What a set of rules gives; counters earn by rules of their own in the same way."""
    paid = paid_lines(purchase, points_pay=points_pay, before_discounts=earning.before_discounts)
    if earning.before_points:
        paid = tuple(with_points(each) for each in paid)
    if earning.without_vat:
        paid = tuple(without_vat(each) for each in paid)
    without = (excluded, earning.excluded)
    if any(each.promoted for each in (*without, *(rule.excluded for rule in earning.rules))):
        paid = tuple(part for each in paid for part in by_touch(each, before_discounts=earning.before_discounts))
    taken = _Taken()
    visits = {rule.code: _had_today(rule, earning, purchase, member) for rule in earning.rules if member.visited}
    found = [
        _look(rule, purchase, member, paid, without, taken, visits.get(rule.code, 0))
        for rule in earning.rules
        if not isinstance(rule, Multiplied)
    ]
    found += [_factor(rule, purchase, member, paid, without) for rule in earning.rules if isinstance(rule, Multiplied)]
    _multiply(found, earning.several)
    order = {rule.code: index for index, rule in enumerate(earning.rules)}
    found.sort(key=lambda each: order[each.rule.code])
    return _whole(earning, found, purchase, paid, member)


def _had_today(rule: Rule, earning: Earning, purchase: Purchase, member: MemberFacts) -> int:
    """What the best of the rules that stand instead of this one has given for this day's visit of the store."""
    if not _of_day(rule):
        return 0
    goods = rule.on, rule.excluded, rule.means
    others = (each for each in earning.rules if each.code != rule.code and isinstance(each, PerVisit) and _of_day(each))
    same = (each for each in others if (each.on, each.excluded, each.means) == goods)
    return max((each.points for each in same if (each.code, purchase.store) in member.visited), default=0)


def _of_day(rule: Rule) -> bool:
    return isinstance(rule, PerVisit) and rule.visit is VisitIs.DAY and rule.stands is Stands.INSTEAD


class _Taken:
    """What earned by a rule before: lines, and of a line that some means paid in part, what these paid."""

    __slots__ = ("lines", "parts")

    def __init__(self) -> None:
        self.lines: set[int] = set()
        self.parts: dict[int, set[str]] = {}

    def take(self, lines: Iterable[int], means: Sequence[str], paid: Sequence[PaidLine]) -> None:
        """These have earned now; what other means paid of them waits for the rules to come."""
        if not means:
            self.lines.update(lines)
            return
        for i in lines:
            part = self.parts.setdefault(i, set())
            part.update(means)
            if part.issuperset(paid[i].by):
                self.lines.add(i)


def _look(
    rule: Rule,
    purchase: Purchase,
    member: MemberFacts,
    paid: Sequence[PaidLine],
    without: tuple[Excluded, ...],
    taken: _Taken,
    had: int,
) -> Open:
    """One rule on its lines; what earned by a rule before is left out of those that stand instead."""
    seen = Open(rule)
    seen.had = had
    seen.why = missed(rule.when, purchase, member) or _too_soon(rule, purchase, member)
    if seen.why is not None:
        return seen
    named = goods_of(rule.on)
    fitting = [i for i, each in enumerate(paid) if each.line.earns and named(each.line)]
    excluding = [each for each in (*without, rule.excluded) if each != NOTHING]
    kept = [i for i in fitting if not any(passed_over(each, paid[i].line) for each in excluding)]
    instead = rule.stands is Stands.INSTEAD
    lines = [i for i in kept if not instead or i not in taken.lines]
    never = [means for each in excluding for means in each.means]
    parts = taken.parts if instead else {}
    amounts = {i: paid[i].minor(rule.means, [*never, *parts[i]] if i in parts else never) for i in lines}
    if rule.means:
        lines = [i for i in lines if amounts[i] != 0 or paid[i].line.paid_minor == 0]
    if not lines:
        seen.why = Why.NO_SUCH_LINE if not fitting else Why.EXCLUDED if not kept else Why.EARNED_BY_OTHER
        if rule.means and kept:
            seen.why = Why.WRONG_MEANS
        return seen
    count(seen, rule, {i: amounts[i] for i in lines}, paid, purchase, member)
    # A line is taken where the rule is the one for it, though this receipt may come to less than a point.
    if instead and seen.why is None:
        taken.take(lines, rule.means, paid)
    return seen


def _too_soon(rule: Rule, purchase: Purchase, member: MemberFacts) -> Why | None:
    last = member.gave_at.get(rule.code) if rule.apart_minutes is not None else None
    if last is None or rule.apart_minutes is None:
        return None
    return Why.TOO_SOON if purchase.at - last < dt.timedelta(minutes=rule.apart_minutes) else None


def _factor(
    rule: Multiplied, purchase: Purchase, member: MemberFacts, paid: Sequence[PaidLine], without: tuple[Excluded, ...]
) -> Open:
    """The lines of a multiple, with how much of each it is for (a share, where only some means count)."""
    seen = Open(rule)
    seen.why = missed(rule.when, purchase, member) or _too_soon(rule, purchase, member)
    if seen.why is not None:
        return seen
    for i, each in enumerate(paid):
        if in_scope(rule.on, each.line) and not passed_over(rule.excluded, each.line):
            counts = each.minor((), [means for one in (*without, rule.excluded) for means in one.means])
            mine = each.minor(rule.means, [means for one in (*without, rule.excluded) for means in one.means])
            if counts > 0 and mine > 0:
                seen.exact[i] = Fraction(mine, counts)
    if not seen.exact:
        seen.why = Why.NO_SUCH_LINE
    return seen


def _multiply(found: list[Open], several: Several) -> None:
    """What multiples add to the base rules on each line; those that cancel win over all others."""
    factors = [each for each in found if isinstance(each.rule, Multiplied)]
    shares = [dict(each.exact) for each in factors]
    for each in factors:
        each.exact = {}
    lines = {i for share in shares for i in share}
    for i in lines:
        base = sum((each.exact.get(i, Fraction(0)) for each in found if each not in factors), Fraction(0))
        here = [(each, share[i]) for each, share in zip(factors, shares, strict=True) if i in share]
        for each, part in _chosen(here, several):
            assert isinstance(each.rule, Multiplied)
            each.exact[i] = base * part * Fraction(each.rule.factor_bp - _BP, _BP)
            base = base + each.exact[i] if several is Several.MULTIPLIED else base
    for each in factors:
        if each.why is None and not each.exact:
            each.why = Why.EARNED_BY_OTHER


def _chosen(here: list[tuple[Open, Fraction]], several: Several) -> Iterable[tuple[Open, Fraction]]:
    def factor(each: tuple[Open, Fraction]) -> int:
        assert isinstance(each[0].rule, Multiplied)
        return each[0].rule.factor_bp

    cancels = [each for each in here if factor(each) == 0]
    if cancels:
        return cancels[:1]
    return [max(here, key=factor)] if several is Several.HIGHEST else here


def _whole(
    earning: Earning, found: Sequence[Open], purchase: Purchase, paid: Sequence[PaidLine], member: MemberFacts
) -> Earned:
    """Rounded once, within the ceilings, and allocated."""
    _rule_ceilings(found, member)
    exact = sum((each.total for each in found), Fraction(0))
    points = round_div(max(0, exact.numerator), exact.denominator, ROUNDING[earning.rounding])
    if purchase.total_minor < 0:
        points = 0
    most, why = _room(earning, "", member)
    capped = most is not None and points > most
    if most is not None and capped:
        points = most
    return Earned(points, _shared(points, found, paid, why if capped else Why.NOT_FULL), capped)


def _room(of: Earning | EarnRule, code: str, member: MemberFacts) -> tuple[int | None, Why]:
    """What the ceilings of a rule leave, or under the empty code those of all of them, and why it isn't more."""
    ceilings = [
        (of.most_points, 0, Why.CEILING),
        (of.most_points_day, member.points_today.get(code, 0), Why.CEILING),
        (of.most_points_month, member.points_this_month.get(code, 0), Why.CEILING_OF_MONTH),
    ]
    left = [(max(0, most - had), why) for most, had, why in ceilings if most is not None]
    return min(left, key=lambda each: each[0]) if left else (None, Why.CEILING)


def _rule_ceilings(found: Sequence[Open], member: MemberFacts) -> None:
    for each in found:
        most, why = _room(each.rule, each.rule.code, member)
        if most is not None and (total := each.total) > most:
            each.exact = {i: value * most / total for i, value in each.exact.items()}
            if most == 0:
                each.why = why


def _shared(points: int, found: Sequence[Open], paid: Sequence[PaidLine], short: Why) -> tuple[RuleEarned, ...]:
    """The whole points on rules and lines, by their exact parts; what cancels takes from what it cancels.

    `short` is why a rule has nothing that would have given a part.
    """
    cells = _cells(found)
    whole = _allocated(points, [weight for _, _, weight in cells])
    rules: list[RuleEarned] = []
    for r, each in enumerate(found):
        mine = [(i, part) for (owner, i, _), part in zip(cells, whole, strict=True) if owner == r]
        lines = _by_line((paid[i].line.id, part) for i, part in mine if i >= 0 and part)
        given = sum(part for _, part in mine)
        why = each.why
        if why is None and given == 0:
            why = short if not isinstance(each.rule, Multiplied) else Why.EARNED_BY_OTHER
        rules.append(RuleEarned(each.rule.code, given, each.counted, lines, why if given == 0 else None))
    return tuple(rules)


def _by_line(parts: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """The points of each line; of one that was looked at in two parts they are put together."""
    made: dict[str, int] = {}
    for line, points in parts:
        made[line] = made.get(line, 0) + points
    return tuple(made.items())


def _cells(found: Sequence[Open]) -> list[tuple[int, int, int]]:
    """The rule, the line and the weight of each exact part."""
    giving = [(r, each) for r, each in enumerate(found) if each.gives]
    if len(giving) == 1 and giving[0][1].weights:
        r, each = giving[0]
        return [(r, i, weight) for i, weight in each.weights.items()]
    cells = [(r, i, value) for r, each in giving for i, value in each.exact.items()]
    common = math.lcm(*(value.denominator for _, _, value in cells)) if cells else 1
    return [(r, i, value.numerator * (common // value.denominator)) for r, i, value in cells]


def _allocated(points: int, weights: list[int]) -> list[int]:
    """Shares that sum to `points`; a weight below zero (what a rule takes away) is rounded towards more points."""
    if not weights:
        return []
    if min(weights) >= 0:
        return allocate(points, weights) if sum(weights) else [0] * len(weights)
    whole = sum(weights)
    if whole <= 0:
        return [0] * len(weights)
    parts = [points * weight // whole for weight in weights]
    odd = points - sum(parts)
    for i in sorted(range(len(weights)), key=lambda i: (-(points * weights[i] % whole), i))[:odd]:
        parts[i] += 1
    return parts
