"""The days around a date that comes every year, and who celebrates on a day. Pure; days are local and included.

29 February is celebrated on the 28th in the years that have none. A day of the Hebrew calendar is found again by
`hebrew`. Windows may reach over the turn of the year; each is shorter than a year, so that they never meet.
"""

import datetime as dt
import functools
from collections.abc import Iterator
from dataclasses import dataclass

from erp_club.birthday import hebrew
from erp_club.kernel.dates import add_months, day_in, month_end

MOST_AGE = 130
"""Nobody is older; a wedding lasts less."""
APART = 180
"""Nothing is given for two celebrations of one person that lie less than so many days apart: the date was edited."""
MOST_DAYS = 340
"""The longest window: it ends before the next celebration's begins, in a short Hebrew year too."""
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """Days before and after the day; or, with `whole_months`, its calendar month with so many before and after.

    `hebrew`: the day is counted by the Hebrew calendar; its month is the one of our calendar that it falls in.
    """

    days_before: int = 0
    days_after: int = 0
    whole_months: bool = False
    months_before: int = 0
    months_after: int = 0
    hebrew: bool = False


@dataclass(frozen=True, slots=True)
class Celebration:
    """A day that is celebrated, and the window around it. `year` numbers it: two of one date never have the same."""

    day: dt.date
    first: dt.date
    last: dt.date
    year: int

    def holds(self, day: dt.date) -> bool:
        """Whether the window holds the day."""
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Birth:
    """A date that is celebrated on some day, and how many years it is then."""

    born: dt.date
    age: int


def celebration(window: Window, day: dt.date) -> Celebration:
    """The window around a celebrated day."""
    year = hebrew.year_of(day) if window.hebrew else day.year
    if not window.whole_months:
        before, after = dt.timedelta(days=window.days_before), dt.timedelta(days=window.days_after)
        return Celebration(day, day - before, day + after, year)
    month = day.replace(day=1)
    last = month_end(add_months(month, window.months_after))
    return Celebration(day, add_months(month, -window.months_before), last, year)


def celebrations(window: Window, first: dt.date, last: dt.date) -> Iterator[Celebration]:
    """Every day whose window holds a day from `first` to `last`, in order."""
    if window.whole_months:
        day = add_months(first.replace(day=1), -window.months_after)
        end = month_end(add_months(last.replace(day=1), window.months_before))
    else:
        day = first - dt.timedelta(days=window.days_after)
        end = last + dt.timedelta(days=window.days_before)
    while day <= end:
        yield celebration(window, day)
        day += _DAY


def celebrated(born: dt.date, year: int) -> dt.date:
    """The day of a year on which a date is celebrated."""
    return day_in(year, born.month, born.day)


@functools.lru_cache(maxsize=2_000)
def births(day: dt.date, *, by_hebrew: bool = False) -> tuple[Birth, ...]:
    """The dates of the past that are celebrated on a day, the newest first; the date itself is no celebration."""
    if by_hebrew:
        return tuple(Birth(born, age) for born, age in hebrew.births(day, most=MOST_AGE))
    return tuple(_births(day))


def _births(day: dt.date) -> Iterator[Birth]:
    for age in range(1, min(MOST_AGE, day.year - 1) + 1):
        year = day.year - age
        # On 28 February of a year without the 29th those of the 29th celebrate too.
        both = (day_in(year, day.month, day.day), day_in(year, 2, 29)) if (day.month, day.day) == (2, 28) else None
        for born in dict.fromkeys(both or (day_in(year, day.month, day.day),)):
            if celebrated(born, day.year) == day:
                yield Birth(born, age)


def day_of(window: Window, born: dt.date, year: int) -> dt.date:
    """When a date is celebrated in a year: of our calendar, or of the Hebrew one where the window goes by it."""
    return hebrew.anniversary(born, year) if window.hebrew else celebrated(born, year)


def around(window: Window, born: dt.date, day: dt.date) -> Celebration | None:
    """The celebration of a date whose window holds `day`; None where there is none."""
    year = hebrew.year_of(day) if window.hebrew else day.year
    for each in range(max(year - 1, 1), year + 2):
        found = celebration(window, day_of(window, born, each))
        if found.holds(day):
            return found
    return None


def nearest(born: dt.date, day: dt.date) -> int:
    """Days to the celebration that is nearest, below zero for one just past; of two as near, the one to come."""
    years = range(max(dt.MINYEAR, day.year - 1), min(dt.MAXYEAR, day.year + 1) + 1)
    days = [(celebrated(born, year) - day).days for year in years]
    return min(days, key=lambda each: (abs(each), -each))


def until(window_last: dt.date, *, first_missed: dt.date, granted_on: dt.date) -> dt.date:
    """The last day of a benefit that is given on a day, where its window may have closed while nobody gave anything.

    `first_missed` is the first of its days that nobody looked at. As many days as it lost then begin with the giving.
    """
    if window_last >= granted_on:
        return window_last
    return granted_on + (window_last - first_missed)
