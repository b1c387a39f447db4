"""Arithmetic with dates. Pure."""

import calendar
import datetime as dt
from collections.abc import Iterable


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day `months` later, or the month's last day where there is no such day.

    Raises ValueError beyond the year 9999.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > dt.MAXYEAR:
        raise ValueError("beyond the calendar")
    return day_in(year, month + 1, day.day)


def anniversary_before(joined_on: dt.date, day: dt.date) -> dt.date:
    """The last anniversary of joining up to a day, where the member's year began."""
    this_year = add_months(joined_on, 12 * (day.year - joined_on.year))
    return this_year if this_year <= day else add_months(joined_on, 12 * (day.year - joined_on.year - 1))


def month_end(day: dt.date) -> dt.date:
    """The last day of the day's month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def celebrated(born: dt.date, year: int) -> dt.date:
    """The birthday in a year: 29 February on the 28th in the years that have none."""
    return day_in(year, born.month, born.day)


def is_near(born: dt.date, day: dt.date, span: str) -> bool:
    """Whether the birthday is in the calendar week (from Monday), or the month, of a day."""
    if span == "month":
        return celebrated(born, day.year).month == day.month
    monday = day - dt.timedelta(days=day.weekday())
    return any(0 <= (celebrated(born, year) - monday).days < 7 for year in (day.year - 1, day.year, day.year + 1))


def age_on(born: dt.date, day: dt.date) -> int:
    """Whole years on a day."""
    return day.year - born.year - (celebrated(born, day.year) > day)


def any_aged(born: Iterable[dt.date], day: dt.date, least: int | None, most: int | None) -> bool:
    """Whether any of those born on these days is at least, and at most, so many whole years old on a day.

    Nobody who isn't born yet is.
    """
    return any(day >= each and (least or 0) <= age_on(each, day) <= (1_000 if most is None else most) for each in born)


def day_in(year: int, month: int, day: int) -> dt.date:
    """This day of the year, or the month's last day where there is no such day."""
    # Most days are in every month; asking the calendar takes longer than all the rest.
    return dt.date(year, month, day if day <= 28 else min(day, calendar.monthrange(year, month)[1]))
