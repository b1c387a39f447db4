"""The dates of a membership: what joining, renewing and extending give. Pure; all days are local and included."""

import calendar
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

LATEST = dt.date(2999, 12, 31)
"""The last day that a membership may reach; whatever lasts longer has no end."""


@dataclass(frozen=True, slots=True)
class Span:
    """From `first` to `last`, both included; without `last` for life."""

    first: dt.date
    last: dt.date | None

    def holds(self, day: dt.date) -> bool:
        """Whether the day lies within."""
        return self.first <= day and (self.last is None or day <= self.last)


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day `months` later, or the month's last day where there is no such day.

    Raises ValueError beyond the year 9999.
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    if year > dt.MAXYEAR:
        raise ValueError("beyond the calendar")
    return dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def first_period(start: dt.date, months: int | None) -> Span:
    """The period that joining on `start` gives: `months` long, or for life where there are none.

    N months from D end on the day before D + N months. `months` ≥ 1. Raises ValueError beyond the year 9999.
    """
    return Span(start, None if months is None else add_months(start, months) - dt.timedelta(days=1))


def next_period(paid: Sequence[Span], months: int | None, *, today: dt.date) -> Span:
    """The period that a renewal today adds to those held.

    An early renewal starts on the day after the last paid one; a late one starts today, and the days between stay
    without membership. Raises ValueError where a period has no end (there is nothing to renew), or none is held.
    """
    return first_period(max(last_day(paid) + dt.timedelta(days=1), today), months)


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
