"""On which day points expire. Pure."""

import datetime as dt

from erp_club.clubs.periods import add_months
from erp_club.kernel.dates import month_end
from erp_club.programmes.engine.calendar import DAY, LENGTHS, member_year, span_of, year_begins
from erp_club.programmes.engine.earning import Availability
from erp_club.programmes.engine.parts import Period
from erp_club.programmes.engine.spending import (
    EachYear,
    Expires,
    Inactivity,
    MemberYearEnd,
    MonthsAfter,
    PeriodEnd,
)


def last_day(rule: Expires, earned_on: dt.date, *, joined_on: dt.date | None = None) -> dt.date | None:
    """The last day on which points that were earned on a day can be used; None: they don't expire.

    "N months after earning" includes the day D + N. After inactivity, `earned_on` is the day of the last purchase.
    """
    match rule:
        case MonthsAfter() | Inactivity():
            day = add_months(earned_on, rule.months or 0) + dt.timedelta(days=rule.days or 0)
            return month_end(day) if rule.to_month_end else day
        case EachYear(of_calendar_year=True):
            return _yearly(rule, earned_on.year + rule.years_after)
        case EachYear():
            first = _yearly(rule, earned_on.year)
            year = earned_on.year + (1 if first < earned_on else 0)
            return _yearly(rule, year + rule.years_after)
        case MemberYearEnd():
            last = member_year(year_begins(joined_on or earned_on, rule.whole_months), earned_on).last
            assert last is not None
            return add_months(last + DAY, 12 * rule.years_after) - DAY
        case PeriodEnd():
            span = span_of(Period(every=rule.every, starts_month=rule.starts_month), earned_on)
            return add_months(span.first, (rule.periods_after + 1) * LENGTHS[rule.every]) - DAY
        case _:
            return None


def _yearly(rule: EachYear, year: int) -> dt.date:
    try:
        return dt.date(year, rule.last_day.month, rule.last_day.day)
    except ValueError:
        return dt.date(year, 2, 28)


def available_on(rule: Availability, earned_on: dt.date) -> dt.date | None:
    """The first day on which points can be used; None: they wait for an event."""
    if rule.on_event is not None:
        return None
    days = max(rule.after_days, 1) if rule.next_purchase else rule.after_days
    return earned_on + dt.timedelta(days=days)
