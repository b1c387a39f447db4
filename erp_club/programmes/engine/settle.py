"""What a period brings: from what was bought or earned in it to a value, its form and its rest. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from erp_club.kernel.money import Rounding, round_div
from erp_club.programmes.engine.conditions import Why
from erp_club.programmes.engine.earn import ROUNDING
from erp_club.programmes.engine.facts import EMPTY
from erp_club.programmes.engine.gifts import CodeGiven, CouponGiven, PointsGiven, StoredValueGiven, comes_in_pieces
from erp_club.programmes.engine.parts import Counts
from erp_club.programmes.engine.rewards import (
    ByAverage,
    ByEvery,
    ByPercent,
    ByRate,
    ByThreshold,
    OnWhat,
    PastPeriods,
    PeriodReward,
    Reached,
    Rest,
)

_BP = 10_000


def _none() -> Mapping[str, int]:
    return EMPTY


@dataclass(frozen=True, slots=True)
class PeriodFacts:
    """One account's period: `base` measured in it, `parts` of it that extras name, `paid_on` where that is another.

    `carried` is the base that earlier periods left, `rest_minor` the value that they left. `past` are the totals of
    each condition's periods, oldest first, the settled one last. `paid_for` is the base purchase by purchase, in their
    order: so much of it, and what was paid for that. `room` is how many more rewards can be held unused;
    None is any number.
    """

    base: int
    parts: Mapping[str, int] = field(default_factory=_none)
    paid_on: int = 0
    carried: int = 0
    rest_minor: int = 0
    past: tuple[tuple[int, ...], ...] = ()
    paid_for: tuple[tuple[int, int], ...] = ()
    level: str | None = None
    member_at_end: bool = True
    year_ends: bool = False
    room: int | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What a period gave: `value` (minor units, or points), in `pieces` of its form; `taken` of the base.

    `rest` of the base, and `rest_minor` of value, go into the next period.
    """

    value: int
    pieces: int = 0
    taken: int = 0
    rest: int = 0
    rest_minor: int = 0
    rate_bp: int | None = None
    why: Why | None = None


def settle(rule: PeriodReward, facts: PeriodFacts) -> Settled:
    """What the rule gives for one period of one account."""
    why = _unmet(rule, facts)
    base = facts.base + facts.carried
    if why is not None:
        return _nothing(rule, facts, base, why)
    value, taken, rate = _value(rule, facts, base)
    times = times_reached(rule, base)
    if facts.room is not None and times > facts.room:
        cards = _cards(rule, facts, base) if isinstance(rule.function, ByAverage) else [value // times] * times
        value, taken, times = sum(cards[: facts.room]), taken // times * facts.room, facts.room
    total = value + facts.rest_minor
    if rule.most_minor is not None:
        total = min(total, rule.most_minor)
    if total < 0:
        # What a correction took away is made good by the periods to come, whatever becomes of rests.
        rest = max(0, base - taken) if _carries(rule, facts) and taken else 0
        return Settled(0, 0, taken if rule.takes else 0, rest, total, rate, Why.TOO_LITTLE)
    floor = rule.never_below_minor
    if floor is not None and total > 0 and total >= (rule.least_minor or 0):
        total = max(total, floor)
    size = denomination(rule)
    given = 0 if rule.least_minor is not None and total < rule.least_minor else max(0, total) // size * size
    if facts.room is not None and size > 1:
        given = min(given, facts.room * size)
    if given == 0:
        made = _nothing(rule, facts, base, Why.TOO_LITTLE)
        # What is counted on from the base isn't carried as a value as well.
        left = total if _carries(rule, facts) and not _counts_on(rule) else made.rest_minor
        return Settled(0, rest=made.rest, rest_minor=left, rate_bp=rate, why=Why.TOO_LITTLE)
    carries = _carries(rule, facts)
    rest = max(0, base - taken) if carries and taken else 0
    left = total - given if carries else 0
    return Settled(given, given // size if size > 1 else times, taken if rule.takes else 0, rest, left, rate)


def times_reached(rule: PeriodReward, base: int) -> int:
    """How many of what is given by the piece: once for each full amount, or for each step; else one."""
    if isinstance(rule.function, ByAverage) and denomination(rule) == 1:
        return max(1, base // rule.function.every)
    if comes_in_pieces(rule.gives):
        match rule.function:
            case ByEvery():
                return max(1, base // rule.function.every)
            case ByThreshold(reached=Reached.EACH):
                return max(1, sum(step.at <= base for step in rule.function.steps))
            case _:
                pass
    return 1


def _unmet(rule: PeriodReward, facts: PeriodFacts) -> Why | None:
    if rule.member_at_end and not facts.member_at_end:
        return Why.NOT_MEMBER
    if rule.levels and facts.level not in rule.levels:
        return Why.WRONG_LEVEL
    if isinstance(rule.function, ByRate) and rule.function.rate_bp is None:
        return Why.NOT_DECLARED
    if facts.room == 0:
        return Why.TOO_MANY_UNUSED
    if not all(past_holds(need, values) for need, values in zip(rule.needs, facts.past, strict=True)):
        return Why.CONDITION_UNMET
    return None


def past_holds(need: PastPeriods, values: Sequence[int]) -> bool:
    """Whether the condition holds for these totals, the settled period's the last."""
    seen = list(values)[-need.periods :]
    if need.of_them is None:
        return sum(seen) >= need.at_least
    return sum(value >= need.at_least for value in seen) >= need.of_them


def _carries(rule: PeriodReward, facts: PeriodFacts) -> bool:
    rest = rule.rest
    if facts.year_ends and rule.rest_at_year_end is not None:
        rest = rule.rest_at_year_end
    return rest is Rest.CARRY


def _nothing(rule: PeriodReward, facts: PeriodFacts, base: int, why: Why) -> Settled:
    """Nothing was given. Percentages look at a period of their own; what is counted on is carried."""
    rest = base if _carries(rule, facts) and _counts_on(rule) else 0
    return Settled(0, rest=rest, rest_minor=facts.rest_minor if _carries(rule, facts) else 0, why=why)


def counts_on(rule: PeriodReward, facts: PeriodFacts) -> bool:
    """Whether what didn't suffice in this period is counted on in the next one."""
    return _counts_on(rule) and _carries(rule, facts)


def _counts_on(rule: PeriodReward) -> bool:
    """Whether what didn't suffice is counted on in the next period: towards the next full one, or the next step."""
    return isinstance(rule.function, ByEvery) or (isinstance(rule.function, ByThreshold) and rule.takes)


def in_pieces(rule: PeriodReward) -> bool:
    """Whether what was given in a period is told in pieces, each of which is one reward that is held."""
    return denomination(rule) > 1 or isinstance(rule.function, ByAverage) or comes_in_pieces(rule.gives)


def denomination(rule: PeriodReward) -> int:
    """What one piece of the form is worth; 1 where it isn't cut into pieces."""
    gives = rule.gives
    size = gives.denomination_minor if isinstance(gives, CouponGiven | CodeGiven | StoredValueGiven) else None
    return size or 1


def _value(rule: PeriodReward, facts: PeriodFacts, base: int) -> tuple[int, int, int | None]:
    """The value, what of the base gave it, and the rate that was reached."""
    match rule.function:
        case ByPercent():
            return _percent(rule, rule.function, facts, base)
        case ByThreshold():
            return *_threshold(rule.function, base), None
        case ByEvery():
            times = max(0, base) // rule.function.every
            return times * rule.function.value, times * rule.function.every, None
        case ByAverage(every=every):
            cards = _cards(rule, facts, base)
            return sum(cards), len(cards) * every, None
        case ByRate():
            rate = rule.function.rate_bp or 0
            return _of(rule, _extended(rule, facts, base), rate), base, rate


def _cards(rule: PeriodReward, facts: PeriodFacts, base: int) -> list[int]:
    """What each card that is full is worth: the average of the purchases that filled it, the earliest first."""
    assert isinstance(rule.function, ByAverage)
    every, one = rule.function.every, 1_000 if rule.base.counts is Counts.UNITS else 1
    known = sum(count for count, _ in facts.paid_for)
    ends = [min(number * every, known) for number in range(max(0, base) // every + 1)]
    return [
        round_div((_paid(facts, end) - _paid(facts, first)) * one, max(1, end - first), ROUNDING[rule.rounding])
        for first, end in pairwise(ends)
    ]


def _paid(facts: PeriodFacts, count: int) -> int:
    """What was paid for the first so much of the base; a purchase that a card parts is shared."""
    paid = 0
    for part, minor in facts.paid_for:
        paid += round_div(minor * min(part, count), part, Rounding.HALF_UP)
        count -= min(part, count)
        if not count:
            break
    return paid


def _percent(rule: PeriodReward, function: ByPercent, facts: PeriodFacts, base: int) -> tuple[int, int, int]:
    rate = rate_reached(function, base)
    if rule.paid_on is not None:
        # As many minor units for a whole unit as the percent: 3 % is 300 basis points, 3 cents for 1000 thousandths.
        divisor = 100 * 1_000 if rule.paid_on.per_unit else _BP
        return round_div(facts.paid_on * rate, divisor, ROUNDING[rule.rounding]), base, rate
    if function.on is OnWhat.WHOLE:
        return _of(rule, _extended(rule, facts, base), rate), base, rate
    bounds = [(step.from_amount, step.rate_bp) for step in function.steps]
    parts = 0
    for (first, each), (end, _) in pairwise([*bounds, (max(base, bounds[-1][0]), 0)]):
        parts += max(0, min(base, end) - first) * each
    # What an extra names is paid more at the rate that the last part has.
    parts += (_extended(rule, facts, base) - base * _BP) * rate // _BP
    return round_div(parts, _BP, ROUNDING[rule.rounding]), base, rate


def rate_reached(function: ByPercent, base: int) -> int:
    """The rate of the highest step that the base reaches; 0 below the first."""
    reached = [step for step in function.steps if step.from_amount <= base]
    return max(reached, key=lambda step: step.from_amount).rate_bp if reached else 0


def _extended(rule: PeriodReward, facts: PeriodFacts, base: int) -> int:
    """The base with each extra's part counted so many times, in basis points of a unit."""
    more = sum(facts.parts.get(extra.code, 0) * (extra.times_bp - _BP) for extra in rule.extras)
    return base * _BP + more


def _of(rule: PeriodReward, extended: int, rate_bp: int) -> int:
    return round_div(max(0, extended) * rate_bp, _BP * _BP, ROUNDING[rule.rounding])


def _threshold(function: ByThreshold, base: int) -> tuple[int, int]:
    reached = [step for step in function.steps if step.at <= base]
    if not reached:
        return 0, 0
    if function.reached is Reached.HIGHEST:
        best = max(reached, key=lambda step: step.at)
        return best.value, best.at
    return sum(step.value for step in reached), max(step.at for step in reached)


@dataclass(frozen=True, slots=True)
class Withheld:
    """How a reward is split between a fee that is paid in parts, and the member."""

    to_fee_minor: int
    to_member_minor: int


def withhold(owed_minor: int, value_minor: int) -> Withheld:
    """The reward goes to what is still owed until that is paid."""
    kept = min(max(0, owed_minor), max(0, value_minor))
    return Withheld(kept, value_minor - kept)


def things(rule: PeriodReward, value: int) -> int | None:
    """How many things such a value is; None where the rule gives amounts or points, or doesn't say what one is."""
    match rule.function:
        case ByEvery(value=one):
            pass
        case ByThreshold(steps=(step,)):
            one = step.value
        case _:
            return None
    return value // one if comes_in_pieces(rule.gives) else None


def in_points(rule: PeriodReward) -> bool:
    """Whether the value is points, else money."""
    return isinstance(rule.gives, PointsGiven)
