"""Dates that are celebrated by the Hebrew calendar. Pure.

The rule is the one of E. M. Reingold and N. Dershowitz, Calendrical Calculations, on Hebrew birthdays: the last month
of a year (Adar, or Adar II in a leap year) is celebrated in the last month; all others in the month of their number. A
day that a month doesn't have in a year falls on the first of the next one. A day is taken as it was until the evening.
"""

import datetime as dt
import functools
from collections.abc import Iterator

from pyluach.dates import HebrewDate
from pyluach.hebrewcal import Year

_LONGEST = 30
_FIRST = 7
"""A year begins with Tishrei, which counts as the seventh month."""


def year_of(day: dt.date) -> int:
    """The Hebrew year of a day."""
    return HebrewDate.from_pydate(day).year


def anniversary(born: dt.date, year: int) -> dt.date:
    """The day on which a date is celebrated in a Hebrew year."""
    date = HebrewDate.from_pydate(born)
    return _begins(year, _month_in(year, date.year, date.month)) + dt.timedelta(days=date.day - 1)


def births(day: dt.date, *, most: int) -> Iterator[tuple[dt.date, int]]:
    """The dates that are celebrated on a day, and how many Hebrew years they are then: from 1 to `most`."""
    year = year_of(day)
    for age in range(1, most + 1):
        past = year - age
        for month in range(1, _last_month(past) + 1):
            place = (day - _begins(year, _month_in(year, past, month))).days
            if 0 <= place < _length(past, month):
                yield _begins(past, month) + dt.timedelta(days=place), age


def _month_in(year: int, born_year: int, born_month: int) -> int:
    return _last_month(year) if born_month == _last_month(born_year) else born_month


@functools.cache
def _last_month(year: int) -> int:
    return 13 if Year(year).leap else 12


@functools.lru_cache(maxsize=5_000)
def _begins(year: int, month: int) -> dt.date:
    return HebrewDate(year, month, 1).to_pydate()


@functools.lru_cache(maxsize=5_000)
def _length(year: int, month: int) -> int:
    if month == _FIRST - 1:
        return (_begins(year + 1, _FIRST) - _begins(year, month)).days
    following = 1 if month == _last_month(year) else month + 1
    return (_begins(year, following) - _begins(year, month)).days
