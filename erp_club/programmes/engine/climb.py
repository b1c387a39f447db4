"""Levels as a function of dated movements. Pure.

The level of a day hangs on what is known by then, summed by day: movements of one day count in any order. A return is
counted on the day of its purchase, but known only when it comes in; from then on it counts as if the goods had never
been bought. What was spent doesn't count at all, so burning points never lowers a level.
"""

import datetime as dt
import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from erp_club.clubs.periods import Span, add_months
from erp_club.programmes.engine.calendar import DAY, next_span, span_of
from erp_club.programmes.engine.carrying import carried
from erp_club.programmes.engine.facts import Moved
from erp_club.programmes.engine.levels import Down, Keep, Level, Levels, Up
from erp_club.programmes.engine.parts import Every, Need, Period
from erp_club.programmes.engine.turning import MONTHLY, kept_months, measures, turning_days


@dataclass(frozen=True, slots=True)
class Override:
    """A level given by hand, from and to which day (none is without end), and why; or one that was `paid` for."""

    level: str
    first: dt.date
    last: dt.date | None
    reason: str = ""
    paid: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """The level of a day. `kept_until` (None without end) is the last day on which it holds if nothing more comes."""

    level: str
    kept_until: dt.date | None
    counted: int
    by_hand: bool = False
    paid: bool = False


@dataclass(frozen=True, slots=True)
class Stay:
    """From `first` on this level, until the next stay."""

    first: dt.date
    level: str


@dataclass(frozen=True, slots=True)
class Next:
    """What is missing for the next level: of the levels' own measure, and until when it must come."""

    level: str
    missing: int
    until: dt.date | None


class Sums:
    """What is known by a day, by measure and day."""

    __slots__ = ("by_day", "joined_on", "terms")

    def __init__(self, moved: Iterable[Moved], known_by: dt.date, joined_on: dt.date, terms: Sequence[Span]) -> None:
        self.by_day: dict[int, dict[dt.date, int]] = defaultdict(lambda: defaultdict(int))
        self.joined_on, self.terms = joined_on, terms
        for each in moved:
            if each.known <= known_by:
                self.by_day[each.measure][each.on] += each.value

    def term_on(self, day: dt.date) -> Span | None:
        """The term that holds a day, else the last one that is known."""
        if len(self.terms) < 2:
            return self.terms[0] if self.terms else None
        return next((each for each in self.terms if each.holds(day)), self.terms[-1])

    def over(self, period: Period, day: dt.date, measure: int, since: dt.date | None = None) -> int:
        """The sum of the window that holds the day, up to it, not before `since`."""
        span = span_of(period, day, joined_on=self.joined_on, term=self.term_on(day))
        first = span.first if since is None else max(span.first, since)
        return sum(value for on, value in self.by_day[measure].items() if first <= on <= day)


class Climb:
    """One pass over the days: for each level the last day on which it is kept."""

    def __init__(self, levels: Levels, sums: Sums, joined_on: dt.date) -> None:
        self.levels, self.sums, self.joined_on = levels, sums, joined_on
        self.numbers = {measure: index for index, measure in enumerate(measures(levels))}
        self.kept: dict[int, dt.date] = {0: dt.date.max}
        self.waiting: dict[int, tuple[dt.date, dt.date]] = {}
        self.top = 0
        self.since: dt.date | None = None
        self.day = joined_on
        self.seen: set[dt.date] = set()
        self.left: dict[dt.date, int] = {}
        """What was carried into the windows that begin on these days."""

    def step(self, day: dt.date) -> None:
        """Look at one day: levels that begin, that were reached, and that have run out."""
        self.day = day
        self.seen.add(day)
        for index, (begins, until) in list(self.waiting.items()):
            if begins <= day:
                self._hold(index, until)
                del self.waiting[index]
        reached = self.reached(day)
        if reached > 0:
            self._reach(reached, day)
        self._fall(day)

    def reached(self, day: dt.date) -> int:
        """The highest level whose figures are met on the day; the one held may need less to be kept."""
        best, own = 0, self.counted(day)
        for index, level in enumerate(self.levels.levels):
            if self._met(level, day, own, held=index <= self.top and index > 0 and self._is_held(index, day)):
                best = index
        return best

    def counted(self, day: dt.date) -> int:
        """What counts of the levels' own measure on a day, with what the window before has left."""
        window = self.levels.window
        here = self.sums.over(window, day, 0, self.since)
        if self.levels.carry is None:
            return here
        first = span_of(window, day, joined_on=self.joined_on).first
        if first not in self.left:
            since = min([self.joined_on, *self.sums.by_day[0]])
            found = carried(self.levels, first, since, self.joined_on, lambda last: self.sums.over(window, last, 0))
            self.left[first] = found
        return here + self.left[first]

    def _is_held(self, index: int, day: dt.date) -> bool:
        # On the first day after it runs out it is still looked at as something to keep.
        return self.kept.get(index, dt.date.min) >= day - DAY

    def _met(self, level: Level, day: dt.date, own: int, *, held: bool) -> bool:
        if level.by_hand:
            return False
        if level.at_least is not None:
            least = level.keep_at_least if held and level.keep_at_least is not None else level.at_least
            if own >= least and all(self._need(need, day) for need in level.also):
                return True
        if level.after_months is not None and add_months(self.joined_on, level.after_months) <= day:
            return True
        return any(self._need(need, day) for need in level.instead)

    def _need(self, need: Need, day: dt.date) -> bool:
        window = need.period or self.levels.window
        return self.sums.over(window, day, self.numbers[need.measure], self.since) >= need.at_least

    def _reach(self, index: int, day: dt.date) -> None:
        until = self.keep_until(day)
        new = index > self.top
        begins = {Up.AT_ONCE: day, Up.NEXT_DAY: day + DAY, Up.NEXT_PERIOD: self._next_begins(day)}[self.levels.up]
        if new and begins > day:
            self.waiting[index] = (begins, max(until, self.keep_until(begins)))
            return
        windows = self.levels.keep in {Keep.WINDOW_END, Keep.NEXT_WINDOW}  # kept for the one in which it begins
        self._hold(index, max(until, self.keep_until(begins)) if windows else until)
        if new and self.levels.restart == "reached":
            self.since = day + DAY

    def _hold(self, index: int, until: dt.date) -> None:
        for each in range(1, index + 1):
            if self.levels.keep is Keep.MONTHS and self.kept.get(each, dt.date.min) >= self.day:
                continue  # so many months from when it was reached; looked at again when they are over
            self.kept[each] = max(self.kept.get(each, dt.date.min), until)
        self.top = max(self.top, index)

    def _next_begins(self, day: dt.date) -> dt.date:
        span = span_of(self.levels.window, day, joined_on=self.joined_on, term=self.sums.term_on(day))
        if self.levels.window.every is Every.ROLLING:
            return add_months(day.replace(day=1), 1)
        return dt.date.max if span.last is None else span.last + DAY

    def keep_until(self, day: dt.date) -> dt.date:
        """Until when a level is kept that is reached on the day, its days of grace included."""
        last = self._keep_until(day)
        grace = dt.timedelta(days=self.levels.grace_days)
        return last if last >= dt.date.max - grace else last + grace

    def _keep_until(self, day: dt.date) -> dt.date:
        window = self.levels.window
        span = span_of(window, day, joined_on=self.joined_on, term=self.sums.term_on(day))
        match self.levels.keep:
            case Keep.WHILE:
                return day
            case Keep.EVER:
                return dt.date.max
            case Keep.MONTHS:
                return kept_months(self.levels, day)
            case Keep.SINCE_LAST:
                return kept_months(self.levels, self._last_bought(day))
            case Keep.WINDOW_END:
                return span.last or dt.date.max
            case Keep.NEXT_WINDOW:
                after = next_span(window, span, joined_on=self.joined_on, term=self.sums.term_on(day))
                return (after.last if after is not None else None) or dt.date.max

    def _last_bought(self, day: dt.date) -> dt.date:
        """The last day up to this one on which anything counted, that didn't all come back."""
        return max((on for on, value in self.sums.by_day[0].items() if on <= day and value > 0), default=day)

    def _fall(self, day: dt.date) -> None:
        """Where the top level has run out: one step down, or to the highest that is still kept."""
        while self.top > 0 and self.kept.get(self.top, dt.date.min) < day:
            ran_out, self.top = self.kept[self.top], self.top - 1
            if self.levels.down is Down.ONE and self.top > 0 and self.kept.get(self.top, dt.date.min) < day:
                self.kept[self.top] = self._step_until(ran_out + DAY)
                if self.levels.keep is Keep.WHILE:
                    break

    def _step_until(self, day: dt.date) -> dt.date:
        """Until when a step is kept on which one has come down: a window from the end of the one that is over."""
        if self.levels.keep is not Keep.NEXT_WINDOW:
            return self.keep_until(day)
        grace = dt.timedelta(days=self.levels.grace_days)
        span = span_of(self.levels.window, day - grace, joined_on=self.joined_on, term=self.sums.term_on(day))
        return dt.date.max if span.last is None else span.last + grace


def standing(
    levels: Levels,
    moved: Sequence[Moved],
    day: dt.date,
    *,
    joined_on: dt.date,
    overrides: Sequence[Override] = (),
    term: Span | None = None,
) -> Standing:
    """The level of a day, as known on it."""
    return standing_of(climbed(levels, moved, day, joined_on=joined_on, term=term), day, overrides)


def standing_of(climb: Climb, day: dt.date, overrides: Sequence[Override]) -> Standing:
    """What one pass came to: the level of the day, by hand where an override holds, else the highest that is paid for
    where that is higher, or holds longer, than what was reached.
    """
    levels = climb.levels
    kept = climb.kept.get(climb.top, dt.date.max)
    counted = climb.counted(day)
    holding = [each for each in overrides if each.first <= day and (each.last is None or day <= each.last)]
    given = next((each for each in holding if not each.paid), None)
    if given is not None:
        return Standing(given.level, given.last, counted, by_hand=True)
    until = None if climb.top == 0 or kept == dt.date.max else kept
    order = [each.code for each in levels.levels]
    bought = max(
        (each for each in holding if each.paid and each.level in order),
        key=lambda each: order.index(each.level),
        default=None,
    )
    if bought is not None:
        last = _paid_until(bought, overrides)
        if (order.index(bought.level), last or dt.date.max) > (climb.top, until or dt.date.max):
            return Standing(bought.level, last, counted, paid=True)
    return Standing(order[climb.top], until, counted)


def _paid_until(bought: Override, overrides: Sequence[Override]) -> dt.date | None:
    """The last day of a level that was paid for, term after term without a gap; None without end."""
    last = bought.last
    for each in sorted((each for each in overrides if each.paid and each.level == bought.level), key=_first):
        if last is not None and each.first <= last + DAY:
            last = None if each.last is None else max(last, each.last)
    return last


def _first(override: Override) -> dt.date:
    return override.first


def history(
    levels: Levels,
    moved: Sequence[Moved],
    until: dt.date,
    *,
    joined_on: dt.date,
    overrides: Sequence[Override] = (),
    term: Span | None = None,
) -> tuple[Stay, ...]:
    """Every change of level from joining up to and including `until`, each as it was known on its day."""
    days = turning_days(levels, moved, until, joined_on, term)
    if levels.keep in MONTHLY:
        days |= _ends(levels, moved, until, joined_on=joined_on, term=term)
    days |= {each.first for each in overrides if joined_on <= each.first <= until}
    days |= {each.last + DAY for each in overrides if each.last is not None and each.last < until}
    stays: list[Stay] = []
    for day in sorted(days):
        now = standing(levels, moved, day, joined_on=joined_on, overrides=overrides, term=term)
        if not stays or stays[-1].level != now.level:
            stays.append(Stay(day, now.level))
    return tuple(stays)


def next_level(
    levels: Levels, moved: Sequence[Moved], day: dt.date, *, joined_on: dt.date, term: Span | None = None
) -> Next | None:
    """The next level up by figures, and how much of the levels' measure is missing for it; None at the top."""
    climb = climbed(levels, moved, day, joined_on=joined_on, term=term)
    counted = climb.counted(day)
    span = span_of(levels.window, day, joined_on=joined_on, term=term)
    return next_of(climb, counted, span.last)


def next_of(climb: Climb, counted: int, until: dt.date | None, *, above: str = "") -> Next | None:
    """The next level up by figures after one pass, of which so much is counted; `above` one that was paid for."""
    paid = next((index for index, level in enumerate(climb.levels.levels) if level.code == above), 0)
    for index, level in enumerate(climb.levels.levels):
        if index > max(climb.top, paid) and index not in climb.waiting and level.at_least is not None:
            return Next(level.code, max(0, level.at_least - counted), until)
    return None


def climbed(levels: Levels, moved: Sequence[Moved], day: dt.date, *, joined_on: dt.date, term: Span | None) -> Climb:
    """One pass over all days up to `day`, as known on it."""
    climb = Climb(levels, Sums(moved, day, joined_on, () if term is None else (term,)), joined_on)
    days = sorted(turning_days(levels, moved, day, joined_on, term))
    while days:
        climb.step(heapq.heappop(days))
        if levels.keep in MONTHLY:
            for each in sorted(run_out(climb, day) - set(days)):
                heapq.heappush(days, each)
    return climb


def run_out(climb: Climb, until: dt.date) -> set[dt.date]:
    """The days, up to this one, after those to which levels are kept now."""
    return {kept + DAY for kept in climb.kept.values() if climb.day <= kept < until}


def _ends(
    levels: Levels, moved: Sequence[Moved], until: dt.date, *, joined_on: dt.date, term: Span | None
) -> set[dt.date]:
    """The days after levels run out that are kept for some months, however often they were kept again."""
    ends: set[dt.date] = set()
    for known in {each.known for each in moved} | {until}:
        then = [each for each in moved if each.known <= known]
        ends |= climbed(levels, then, until, joined_on=joined_on, term=term).seen
    return ends
