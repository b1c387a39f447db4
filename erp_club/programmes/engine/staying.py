"""The days on which whoever stays on a level is given something. Pure."""

import datetime as dt

from erp_club.clubs.periods import Span, add_months
from erp_club.programmes.engine.calendar import DAY, span_of
from erp_club.programmes.engine.levels import Each, Level, Levels

_YEAR = 12


def level_of(levels: Levels, code: str | None) -> Level | None:
    """The level of this name."""
    return next((each for each in levels.levels if each.code == code), None)


def last_given(
    levels: Levels, code: str, since: dt.date, day: dt.date, *, joined_on: dt.date, term: Span | None
) -> dt.date | None:
    """The last day up to this one on which a level that is held `since` gives something; None where there is none."""
    level = level_of(levels, code)
    if level is None or level.staying is None:
        return None
    if level.staying.each is Each.TWELVE_MONTHS:
        years = day.year - since.year
        if add_months(since, _YEAR * years) > day:
            years -= 1
        return add_months(since, _YEAR * years) if years > 0 else None
    first = span_of(levels.window, day, joined_on=joined_on, term=term).first
    return first if first > since else None


def next_given(
    levels: Levels, code: str, since: dt.date, day: dt.date, *, joined_on: dt.date, term: Span | None
) -> dt.date | None:
    """The next such day after this one, if the level is still held then."""
    level = level_of(levels, code)
    if level is None or level.staying is None:
        return None
    if level.staying.each is Each.TWELVE_MONTHS:
        years = max(1, day.year - since.year)
        return next(each for n in (years, years + 1) if (each := add_months(since, _YEAR * n)) > day)
    last = span_of(levels.window, day, joined_on=joined_on, term=term).last
    return None if last is None or last >= dt.date.max else last + DAY
