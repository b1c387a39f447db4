"""A rule's function as the database reckons it, for accounts with nothing from before. Pure: SQL as text.

It says what `engine.settle` says; a test holds the two to each other. `base` is the column that was counted; only
figures of the document, which are whole numbers, are written into the text.
"""

from dataclasses import dataclass
from itertools import pairwise

from erp_club.programmes.engine import due
from erp_club.programmes.engine.conditions import Why
from erp_club.programmes.engine.gifts import Until, comes_in_pieces, is_held
from erp_club.programmes.engine.parts import Every, Round
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import (
    ByAverage,
    ByEvery,
    ByPercent,
    ByRate,
    ByThreshold,
    OnWhat,
    PercentStep,
    PeriodReward,
    Reached,
    Rest,
)
from erp_club.programmes.engine.settle import denomination

_BP = 10_000
_ALIKE = frozenset({Every.DAY, Every.WEEK, Every.MONTH, Every.QUARTER, Every.HALF_YEAR, Every.YEAR, Every.DECLARED})
"""Periods that are the same days for all."""


def is_reckoned(programme: Programme, rule: PeriodReward) -> bool:
    """Whether the database can reckon the rule: all have the same days, and nothing but the base is asked."""
    asks_more = rule.extras or rule.paid_on or rule.needs or rule.rest_at_year_end or rule.takes
    asks_more = asks_more or isinstance(rule.function, ByAverage)
    alike = rule.period.every in _ALIKE and rule.issue.valid_until is not Until.TERM_END
    unbounded = programme.most_rewards is None or not is_held(rule.gives)
    return alike and unbounded and not asks_more and not due.goes_along(rule) and programme.fees.instalments is None


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What each column of a settled period comes to, as SQL over `base`."""

    value: str
    pieces: str
    rest: str
    rest_minor: str
    rate_bp: str
    why: str


def reckoned(rule: PeriodReward, met: str, why_not: str) -> Reckoned:
    """The columns; `met` is whether the account may be given anything, else `why_not`."""
    total, used, rate = _value(rule)
    if isinstance(rule.function, ByRate) and rule.function.rate_bp is None:
        met, why_not = "false", f"CASE WHEN NOT ({met}) THEN {why_not} ELSE '{Why.NOT_DECLARED}' END"
    if rule.most_minor is not None:
        total = f"least({total}, {rule.most_minor})"
    if rule.never_below_minor is not None:
        some = f"{total} > 0 AND {total} >= {rule.least_minor or 0}"
        total = f"CASE WHEN {some} THEN greatest({total}, {rule.never_below_minor}) ELSE {total} END"
    size = denomination(rule)
    given = total if size == 1 else f"({total}) / {size} * {size}"
    if rule.least_minor is not None:
        given = f"CASE WHEN ({total}) < {rule.least_minor} THEN 0 ELSE {given} END"
    value = f"CASE WHEN {met} THEN {given} ELSE 0 END"
    carries = rule.rest is Rest.CARRY
    counts_on = isinstance(rule.function, ByEvery)
    rest = rest_minor = "0"
    if carries:
        nothing = "base" if counts_on else "0"
        over = f"CASE WHEN {used} <> 0 THEN greatest(0, base - {used}) ELSE 0 END"
        rest = f"CASE WHEN {met} AND {given} > 0 THEN {over} ELSE {nothing} END"
        left = "0" if counts_on else total
        rest_minor = f"CASE WHEN NOT ({met}) THEN 0 WHEN {given} > 0 THEN ({total}) - ({given}) ELSE {left} END"
    return Reckoned(
        value=value,
        pieces=f"CASE WHEN {value} > 0 THEN {f'({value}) / {size}' if size > 1 else _times(rule)} ELSE 0 END",
        rest=rest,
        rest_minor=rest_minor,
        rate_bp=f"CASE WHEN {met} THEN {rate} END",
        why=f"CASE WHEN {value} > 0 THEN NULL WHEN {met} THEN '{Why.TOO_LITTLE}' ELSE {why_not} END",
    )


def _times(rule: PeriodReward) -> str:
    """How many of what is given by the piece."""
    if comes_in_pieces(rule.gives):
        match rule.function:
            case ByEvery(every=every):
                return f"(greatest(base, 0) / {every})"
            case ByThreshold(steps=steps, reached=Reached.EACH):
                return "(" + " + ".join(f"CASE WHEN base >= {each.at} THEN 1 ELSE 0 END" for each in steps) + ")"
            case _:
                pass
    return "1"


def _value(rule: PeriodReward) -> tuple[str, str, str]:
    """The value, what of the base gave it, and the rate that was reached."""
    match rule.function:
        case ByPercent(on=OnWhat.WHOLE, steps=steps):
            rate = _rate(steps)
            return _shared(f"greatest(base, 0) * {rate}", rule.rounding), "base", rate
        case ByPercent(steps=steps):
            bounds = [*((each.from_amount, each.rate_bp) for each in steps), (None, 0)]
            parts = [
                f"greatest(0, {'base' if end is None else f'least(base, {end})'} - {first}) * {rate}"
                for (first, rate), (end, _) in pairwise(bounds)
            ]
            return _shared(f"({' + '.join(parts)})", rule.rounding), "base", _rate(steps)
        case ByThreshold(steps=steps, reached=reached):
            ordered = sorted(steps, key=lambda each: -each.at)
            at = _case([(each.at, each.at) for each in ordered])
            if reached is Reached.HIGHEST:
                return _case([(each.at, each.value) for each in ordered]), at, "NULL::int"
            each = " + ".join(f"CASE WHEN base >= {step.at} THEN {step.value} ELSE 0 END" for step in steps)
            return f"({each})", at, "NULL::int"
        case ByEvery(every=every, value=value):
            times = f"(greatest(base, 0) / {every})"
            return f"({times} * {value})", f"({times} * {every})", "NULL::int"
        case ByRate(rate_bp=rate):
            return _shared(f"greatest(base, 0) * {rate or 0}", rule.rounding), "base", f"{rate or 0}"
        case ByAverage():
            raise AssertionError(rule.code)  # asks for each purchase


def _rate(steps: tuple[PercentStep, ...]) -> str:
    return _case([(each.from_amount, each.rate_bp) for each in sorted(steps, key=lambda each: -each.from_amount)])


def _case(steps: list[tuple[int, int]]) -> str:
    """The value of the first bound that the base reaches, the highest first."""
    whens = " ".join(f"WHEN base >= {bound} THEN {value}" for bound, value in steps)
    return f"(CASE {whens} ELSE 0 END)"


def _shared(product: str, rounding: Round) -> str:
    """A product with a rate in basis points, in whole units."""
    match rounding:
        case Round.DOWN:
            return f"({product} / {_BP})"
        case Round.UP:
            return f"(({product} + {_BP - 1}) / {_BP})"
        case Round.HALF_UP:
            return f"(({product} * 2 + {_BP}) / {2 * _BP})"
