"""Arithmetic with dates. Pure."""

import calendar
import datetime as dt


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day `months` later, or the month's last day where there is no such day.

    Raises ValueError beyond the year 9999.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > dt.MAXYEAR:
        raise ValueError("beyond the calendar")
    return day_in(year, month + 1, day.day)


def month_end(day: dt.date) -> dt.date:
    """The last day of the day's month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def day_in(year: int, month: int, day: int) -> dt.date:
    """This day of the year, or the month's last day where there is no such day."""
    # Most days are in every month; asking the calendar takes longer than all the rest.
    return dt.date(year, month, day if day <= 28 else min(day, calendar.monthrange(year, month)[1]))
