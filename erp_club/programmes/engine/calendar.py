"""The periods over which rules count: by the calendar, by the member's year, up to declared days. Pure."""

import datetime as dt
import functools

from erp_club.clubs.periods import Span, add_months
from erp_club.kernel.dates import age_on, anniversary_before, celebrated
from erp_club.programmes.engine.parts import Every, Period

LENGTHS = {Every.MONTH: 1, Every.QUARTER: 3, Every.HALF_YEAR: 6, Every.YEAR: 12}
"""The periods of the calendar, in months."""
DAY = dt.timedelta(days=1)
__all__ = ["DAY", "LENGTHS", "age_on", "celebrated", "member_year", "next_span", "rolled", "span_of", "year_begins"]


def span_of(period: Period, day: dt.date, *, joined_on: dt.date | None = None, term: Span | None = None) -> Span:
    """The period that holds `day`. A member's year is counted from `joined_on`; without it, from 1 January.

    A rolling window ends with the day. After the last declared day the period has no end.
    """
    match period.every:
        case Every.DAY:
            return Span(day, day)
        case Every.WEEK:
            first = day - dt.timedelta(days=day.weekday())
            return Span(first, first + dt.timedelta(days=6))
        case Every.MEMBER_YEAR:
            return member_year(year_begins(joined_on or dt.date(day.year, 1, 1), period.whole_months), day)
        case Every.TERM:
            return term or Span(joined_on or dt.date.min, None)
        case Every.DECLARED:
            return _declared(period.days, day)
        case Every.ROLLING:
            return Span(rolled(period, day, -1) + DAY, day)
        case Every.EVER:
            return Span(dt.date.min, None)
        case _:
            return _calendar(LENGTHS[period.every], period.starts_month, day)


def next_span(period: Period, span: Span, *, joined_on: dt.date | None = None, term: Span | None = None) -> Span | None:
    """The period after this one; None after one without end."""
    if span.last is None or span.last >= dt.date.max:
        return None
    if period.every is Every.ROLLING:
        return Span(span.last + DAY, rolled(period, span.last + DAY) - DAY)
    if period.every is Every.TERM and term is not None:
        months = max(1, round((span.last - span.first).days / 30.44))
        return Span(span.last + DAY, add_months(span.last + DAY, months) - DAY)
    return span_of(period, span.last + DAY, joined_on=joined_on, term=term)


def rolled(period: Period, day: dt.date, times: int = 1) -> dt.date:
    """The day that is a rolling window later, or so many times that."""
    if period.last_days is not None:
        return day + times * dt.timedelta(days=period.last_days)
    return add_months(day, times * (period.months or 1))


def year_begins(joined_on: dt.date, whole_months: bool) -> dt.date:
    """From which day the member's years are counted: that of joining, or the first of its month."""
    return joined_on.replace(day=1) if whole_months else joined_on


def member_year(joined_on: dt.date, day: dt.date) -> Span:
    """The member's year that holds `day`: from one anniversary of joining to the day before the next."""
    first = anniversary_before(joined_on, day)
    return Span(first, add_months(joined_on, 12 * (first.year - joined_on.year + 1)) - DAY)


@functools.lru_cache(maxsize=4096)
def _calendar(months: int, starts_month: int, day: dt.date) -> Span:
    past = (day.month - starts_month) % months if months < 12 else (day.month - starts_month) % 12
    first = add_months(day.replace(day=1), -past)
    return Span(first, add_months(first, months) - DAY)


def _declared(days: tuple[dt.date, ...], day: dt.date) -> Span:
    before = [each for each in days if each < day]
    after = [each for each in days if each >= day]
    return Span(before[-1] + DAY if before else dt.date.min, after[0] if after else None)
