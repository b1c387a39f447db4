"""What the period rewards of a programme would have given one member over a replayed past. Pure."""

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, takewhile

from erp_club.clubs.periods import Span
from erp_club.programmes.engine import due
from erp_club.programmes.engine.calendar import DAY, next_span, span_of
from erp_club.programmes.engine.expiry import available_on
from erp_club.programmes.engine.measure import Lived, extra_parts, movements, paid_for
from erp_club.programmes.engine.parts import Counts, Every, Measure
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.renew import terms_ahead
from erp_club.programmes.engine.rewards import ByAverage, PeriodReward
from erp_club.programmes.engine.settle import PeriodFacts, in_points, settle, things

MOST_PERIODS = 5_000


@dataclass(frozen=True, slots=True)
class Rewarded:
    """What a rule gave for a period that ended on a day: minor units, or points, or so many `things`."""

    rule: str
    on: dt.date
    value: int
    in_points: bool
    things: int | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """Whose past it is; `level_on` tells the level of a day."""

    joined_on: dt.date
    level_on: Callable[[dt.date], str | None]


class Sums:
    """What moved on days, summed up over any of them; `whole` for a balance."""

    def __init__(self, moved: Iterable[tuple[dt.date, int]], *, whole: bool = False) -> None:
        in_order = sorted(moved)
        self.days = [on for on, _ in in_order]
        self.sums = [0, *accumulate(value for _, value in in_order)]
        self.whole = whole

    @staticmethod
    def of(programme: Programme, measure: Measure, past: Sequence[Lived]) -> "Sums":
        """A measure's, after one pass over the receipts."""
        if measure.counts is Counts.BALANCE:
            waits = programme.earning.available
            moved = ((available_on(waits, each.counted_on) or each.counted_on, each.points) for each in past)
            return Sums(moved, whole=True)
        found = movements([measure], past, excluded=programme.left_out, by_store_day=programme.visit == "day")
        return Sums((each.on, each.value) for each in found)

    def over(self, first: dt.date, last: dt.date) -> int:
        """The sum of the days, both included; of a balance, all that came until the last one."""
        after = self.sums[bisect_right(self.days, last)]
        return after if self.whole else after - self.sums[bisect_left(self.days, first)]


def rewarded(programme: Programme, past: Sequence[Lived], who: Member, *, today: dt.date) -> Iterator[Rewarded]:
    """What each rule gave for each period that is over, or goes along with the days; in the order of the rules."""
    if past:
        for rule in programme.rewards:
            yield from _of_rule(programme, rule, past, who, today)


def _of_rule(
    programme: Programme, rule: PeriodReward, past: Sequence[Lived], who: Member, today: dt.date
) -> Iterator[Rewarded]:
    base = Sums.of(programme, rule.base, past)
    extras = {each.code: Sums(extra_parts(each, rule.base, past, excluded=programme.left_out)) for each in rule.extras}
    paid = Sums.of(programme, rule.paid_on.measure, past) if rule.paid_on else None
    needs = [Sums.of(programme, need.measure, past) for need in rule.needs]
    first_bought = min(each.counted_on for each in past)
    by_term = rule.period.every is Every.TERM
    terms = _terms(programme, who.joined_on, today) if by_term else []
    begins = max(first_bought, who.joined_on) if by_term else first_bought
    span: Span | None = _period(rule, begins, who.joined_on, terms)
    moved = sorted({day for sums in (base, *extras.values(), *([paid] if paid else ())) for day in sums.days})
    # Where nothing but what moves can change what a period gives, one like the period before it is like all to come.
    rolls = rule.period.every in {Every.ROLLING, Every.TERM}
    still = not (rolls or rule.levels or rule.needs or rule.rest_at_year_end)
    carried, rest_minor, taken = 0, 0, 0
    before: PeriodFacts | None = None
    for _ in range(MOST_PERIODS):
        if span is None or span.first > today:
            return
        ended = span.last is not None and span.last < today
        if not ended and not due.goes_along(rule):
            return
        until = span.last if ended and span.last is not None else today
        cards = _cards(programme, rule, past, Span(span.first, until))
        on_cards = sum(count for count, _ in cards)
        facts = PeriodFacts(
            base=on_cards or base.over(span.first, until) - (taken if base.whole else 0),
            parts={code: sums.over(span.first, until) for code, sums in extras.items()},
            paid_on=paid.over(span.first, until) if paid else 0,
            carried=0 if base.whole else carried,
            rest_minor=rest_minor,
            past=tuple(
                _totals(rule, sums, need.periods, span, who.joined_on, terms)
                for need, sums in zip(rule.needs, needs, strict=True)
            ),
            paid_for=cards,
            level=who.level_on(until) if rule.levels else None,
            year_ends=rule.rest_at_year_end is not None and due.year_ends(until, joined_on=who.joined_on),
        )
        made = settle(rule, facts)
        carried, rest_minor, taken = made.rest, made.rest_minor, taken + made.taken
        if made.value:
            yield Rewarded(rule.code, until, made.value, in_points(rule), things(rule, made.value))
        if still and ended and not made.value and facts == before:
            at = bisect_right(moved, until)
            span = _period(rule, moved[at], who.joined_on, terms) if at < len(moved) else None
        else:
            span = _after(rule, span, who.joined_on, terms) if ended else None
        before = facts


def _cards(of: Programme, rule: PeriodReward, past: Sequence[Lived], span: Span) -> tuple[tuple[int, int], ...]:
    if not isinstance(rule.function, ByAverage):
        return ()
    last = span.last or dt.date.max
    return paid_for(rule.base, past, span.first, last, excluded=of.left_out, by_store_day=of.visit == "day")


def _terms(programme: Programme, joined_on: dt.date, today: dt.date) -> list[Span]:
    """The terms that have begun, as if each had been renewed in time."""
    return list(takewhile(lambda each: each.first <= today, terms_ahead(programme, joined_on)))


def _period(rule: PeriodReward, day: dt.date, joined_on: dt.date, terms: Sequence[Span]) -> Span:
    term = next((each for each in reversed(terms) if each.first <= day), Span(day, day))
    return span_of(rule.period, day, joined_on=joined_on, term=term)


def _after(rule: PeriodReward, span: Span, joined_on: dt.date, terms: Sequence[Span]) -> Span | None:
    if rule.period.every is Every.TERM and span.last is not None:
        return _period(rule, span.last + DAY, joined_on, terms)
    return next_span(rule.period, span, joined_on=joined_on)


def _totals(
    rule: PeriodReward, sums: Sums, periods: int, span: Span, joined_on: dt.date, terms: Sequence[Span]
) -> tuple[int, ...]:
    """The totals of so many periods up to this one, the oldest first."""
    made: list[int] = []
    current = span
    for _ in range(periods):
        made.insert(0, sums.over(current.first, current.last or dt.date.max))
        if current.first <= dt.date(1900, 1, 1):
            break
        current = _period(rule, current.first - DAY, joined_on, terms)
    return tuple(made)
