"""The dates of a membership: what joining, renewing, extending, pausing and ending give.

Pure; all days are local and included. A membership's spans never overlap, so every day has one answer: it is held, or
it isn't. It expires by time alone.
"""

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from erp_club.kernel.dates import add_months, month_end

LATEST = dt.date(2999, 12, 31)
"""The last day that a membership may reach; whatever lasts longer has no end."""


class RenewalFrom(StrEnum):
    """Where the term of a renewal begins: after the last paid day, or on the day of renewing."""

    OLD_END = "old_end"
    TODAY = "today"


@dataclass(frozen=True, slots=True)
class Span:
    """From `first` to `last`, both included; without `last` for life."""

    first: dt.date
    last: dt.date | None

    def holds(self, day: dt.date) -> bool:
        """Whether the day lies within."""
        return self.first <= day and (self.last is None or day <= self.last)


Days = Mapping[int, Span | None]
"""The days of a membership's periods by number; None for one whose days were all taken."""


def first_period(start: dt.date, months: int | None, *, to_month_end: bool = False) -> Span:
    """The period that joining on `start` gives: `months` long, or for life where there are none.

    N months from D end on the day before D + N months, or with the month in which that lies. `months` ≥ 1. Raises
    ValueError beyond the year 9999.
    """
    if months is None:
        return Span(start, None)
    last = add_months(start, months) - dt.timedelta(days=1)
    return Span(start, month_end(last) if to_month_end else last)


def next_period(
    paid: Sequence[Span],
    months: int | None,
    *,
    today: dt.date,
    renewal_from: RenewalFrom = RenewalFrom.OLD_END,
    grace_days: int = 0,
    to_month_end: bool = False,
) -> Span:
    """The period that a renewal today adds to those held.

    From the old end, an early renewal, and one at most `grace_days` after the last day, continues on the day after the
    last paid one; a later one starts today, and the days between stay without membership. From today, the term is
    counted from today, and what is paid beyond that is kept. Raises ValueError where a period has no end (there is
    nothing to renew), none is held, or the term counted from today ends no later than what is paid.
    """
    last = last_day(paid)
    after = last + dt.timedelta(days=1)
    if renewal_from is RenewalFrom.TODAY:
        term = first_period(today, months, to_month_end=to_month_end)
        if term.last is not None and term.last <= last:
            raise ValueError("a renewal ends later than what it renews")
        return Span(max(after, today), term.last)
    on_time = today <= last + dt.timedelta(days=grace_days)
    return first_period(after if on_time else today, months, to_month_end=to_month_end)


def extension(paid: Sequence[Span], until: dt.date) -> Span:
    """The period that carries the membership on from its last day to `until`, without a gap.

    Raises ValueError where `until` isn't later than the last day, a period has no end, or none is held.
    """
    last = last_day(paid)
    if until <= last:
        raise ValueError("an extension ends later than what it extends")
    return Span(last + dt.timedelta(days=1), until)


def last_day(paid: Sequence[Span]) -> dt.date:
    """The latest last day. Raises ValueError where a period has no end or there is none."""
    days = [span.last for span in paid if span.last is not None]
    if not days or len(days) < len(paid):
        raise ValueError("no last day")
    return max(days)


def runs(held: Sequence[Span]) -> list[Span]:
    """The stretches of membership without a gap, oldest first: periods that touch become one."""
    made: list[Span] = []
    for span in sorted(held, key=lambda each: each.first):
        before = made[-1] if made else None
        if before is not None and before.last is not None and span.first <= before.last + dt.timedelta(days=1):
            last = None if span.last is None else max(span.last, before.last)
            made[-1] = Span(before.first, last)
        else:
            made.append(span)
    return made


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds on a day: `until` its last day, None for life, and `next_from` the first day of what comes later.

    Where nothing holds, `until` is that of what comes next, or else of what held last.
    """

    until: dt.date | None
    next_from: dt.date | None


def standing(held: Sequence[Span], day: dt.date) -> Standing:
    """Where a membership stands on a day; without any span neither day is known.

    >>> may, november = Span(dt.date(2026, 5, 1), dt.date(2026, 8, 31)), Span(dt.date(2026, 11, 1), None)
    >>> str(standing([may, november], dt.date(2026, 6, 1)).until)
    '2026-08-31'
    """
    stretches = runs(held)
    now = [span for span in stretches if span.holds(day)]
    later = [span for span in stretches if span.first > day]
    shown = [*now, *later, *stretches[-1:]]
    return Standing(shown[0].last if shown else None, later[0].first if later else None)


def terms(held: Sequence[tuple[Span, bool]]) -> list[Span]:
    """The terms of a membership, oldest first: each as it was joined or renewed, with what carried it on since.

    `held` are its periods in order, each with whether a term begins with it.
    """
    made: list[Span] = []
    for span, begins in held:
        if begins or not made:
            made.append(span)
        else:
            made[-1] = Span(made[-1].first, span.last)
    return made


@dataclass(frozen=True, slots=True)
class Cut:
    """Spans cut in two: what lies before a day, and the rest from that day on."""

    kept: tuple[Span, ...]
    rest: tuple[Span, ...]


def cut(held: Sequence[Span], day: dt.date) -> Cut:
    """Cut spans before `day`: pausing or ending on that day keeps what lies before it."""
    before = day - dt.timedelta(days=1)
    kept = [Span(s.first, before if s.last is None else min(s.last, before)) for s in held if s.first < day]
    rest = [Span(max(s.first, day), s.last) for s in held if s.last is None or s.last >= day]
    return Cut(tuple(kept), tuple(rest))


def without(held: Sequence[Span], taken: Sequence[Span]) -> list[Span]:
    """The stretches of `held` that no span of `taken` holds, oldest first."""
    rest = list(held)
    for span in taken:
        rest = [part for each in rest for part in _without(each, span)]
    return sorted(rest, key=lambda span: span.first)


def _without(span: Span, taken: Span) -> list[Span]:
    if (taken.last is not None and taken.last < span.first) or (span.last is not None and span.last < taken.first):
        return [span]
    made: list[Span] = []
    if span.first < taken.first:
        made.append(Span(span.first, taken.first - dt.timedelta(days=1)))
    if taken.last is not None and (span.last is None or taken.last < span.last):
        made.append(Span(taken.last + dt.timedelta(days=1), span.last))
    return made


def resumed(rest: Sequence[Span], *, paused_on: dt.date, today: dt.date, moves_end: bool) -> tuple[Span, ...]:
    """What is held again when a pause that began on `paused_on` ends today.

    `rest` is what the pause cut off. With `moves_end` it is held later by the days of the pause, gaps and all; else the
    days that have passed are lost, and nothing may be left. Raises ValueError where today is before the pause.
    """
    if today < paused_on:
        raise ValueError("a pause ends no earlier than it began")
    if not moves_end:
        return cut(rest, today).rest
    moved = today - paused_on
    return tuple(Span(s.first + moved, None if s.last is None else s.last + moved) for s in rest)


def days_held(held: Sequence[Span]) -> int | None:
    """How many days spans hold; None without end."""
    days = 0
    for span in held:
        if span.last is None:
            return None
        days += (span.last - span.first).days + 1
    return days


def apart(spans: Sequence[Span]) -> bool:
    """Whether each span ends no earlier than it begins, and no two share a day."""
    ordered = sorted(spans, key=lambda each: each.first)
    ends = all(s.last is None or s.last >= s.first for s in ordered)
    follow = all(a.last is not None and a.last < b.first for a, b in itertools.pairwise(ordered))
    return ends and follow


def slid(days: Days, on: dt.date, until: dt.date) -> Days | None:
    """What a purchase on a day makes of a term that slides: the stretch that holds the day goes on to `until`.

    It never becomes shorter, and stops before days that are held already. None where nothing changes.
    """
    number = next(iter(_run(days, on)[-1:]), None)
    span = None if number is None else days[number]
    if number is None or span is None or span.last is None or until <= span.last:
        return None
    following = [each.first for each in days.values() if each is not None and each.first > span.last]
    last = min([until, *(first - dt.timedelta(days=1) for first in following)])
    return {**days, number: Span(span.first, last)} if last > span.last else None


def slid_back(days: Days, on: dt.date, moves: Sequence[Days], *, until: dt.date | None) -> Days | None:
    """What a return on a day makes of a term that slides: it ends as if what came back had never been bought.

    `moves` are the days before each purchase that moved them, the latest first; `until` is where the latest of the
    purchases that still stand would move it. It holds to the end of the day of the return, and at least to where it
    ended before it was ever moved, and days that were held behind it stay. What was given since, from where it ended,
    goes on without a gap: there it ends no earlier. None where nothing changes.
    """
    after = dict(days)
    run = _run(days, on)
    for place, number in enumerate(run):
        span = days[number]
        before = next((each for each in reversed(moves) if each.get(number) is not None), None)
        unmoved = before[number] if before else None
        if span is None or span.last is None or not before or unmoved is None or unmoved.last is None:
            continue
        if any(before.get(following) is None for following in run[place + 1 : place + 2]):
            continue
        last = max(unmoved.last, on) if until is None else max(unmoved.last, on, until)
        after[number] = Span(span.first, min(last, span.last))
    return after if after != days else None


def _run(days: Days, on: dt.date) -> list[int]:
    """The numbers of the periods, one after another, that go on without a gap from the one that holds a day."""
    found: list[int] = []
    last: dt.date | None = None
    held = [(number, span) for number, span in days.items() if span is not None]
    for number, span in sorted(held, key=lambda each: each[1].first):
        follows = last is not None and span.first == last + dt.timedelta(days=1)
        if span.holds(on) or (found and follows):
            found.append(number)
            last = span.last
    return found
