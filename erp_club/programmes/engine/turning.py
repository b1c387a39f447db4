"""The days on which a level can change: what is looked at between joining and a day. Pure."""

import datetime as dt
from collections.abc import Sequence

from erp_club.clubs.periods import Span, add_months
from erp_club.kernel.dates import month_end
from erp_club.programmes.engine.calendar import DAY, next_span, rolled, span_of
from erp_club.programmes.engine.facts import Moved
from erp_club.programmes.engine.levels import Keep, Levels
from erp_club.programmes.engine.parts import Every, Measure, Period

MONTHLY = {Keep.MONTHS, Keep.SINCE_LAST}
"""A level is kept for a number of months."""


def kept_months(levels: Levels, day: dt.date) -> dt.date:
    """The last day of the months for which levels are kept, counted from a day."""
    after = add_months(day, levels.keep_months or 1)
    return month_end(after) if levels.keep_to_month_end else after - DAY


def turning_days(
    levels: Levels, moved: Sequence[Moved], until: dt.date, joined_on: dt.date, term: Span | None
) -> set[dt.date]:
    """The days on which anything can change: movements, days after them, beginnings of windows, and `until`."""
    days = {joined_on, until, *anniversaries(levels, joined_on)}
    for each in moved:
        days |= turns_of(levels, each)
    span: Span | None = span_of(levels.window, joined_on, joined_on=joined_on, term=term)
    if levels.window.every is not Every.ROLLING:
        while span is not None and span.first <= until:
            days.add(max(span.first, joined_on))  # one that has always been has no day before it
            span = next_span(levels.window, span, joined_on=joined_on, term=term)
    else:
        month = joined_on.replace(day=1)
        while month <= until:
            days.add(month)
            month = add_months(month, 1)
    if levels.grace_days:
        # A level that holds while its figure does begins its grace on the last day of it, and falls when that is over.
        days |= {each - DAY for each in days if levels.keep is Keep.WHILE}
        days |= {each + dt.timedelta(days=levels.grace_days) for each in days}
    return {each for each in days if joined_on <= each <= until}


def turns_of(levels: Levels, moved: Moved) -> set[dt.date]:
    """The days on which one movement can change anything."""
    days = {moved.on, moved.on + DAY, moved.known}
    if levels.keep in MONTHLY:
        days.add(kept_months(levels, moved.on) + DAY)
    return days | {rolled(window, moved.on) for window in windows(levels) if window.every is Every.ROLLING}


def anniversaries(levels: Levels, joined_on: dt.date) -> list[dt.date]:
    """The days on which levels are reached by being a member for so long."""
    return [add_months(joined_on, each.after_months) for each in levels.levels if each.after_months is not None]


def windows(levels: Levels) -> tuple[Period, ...]:
    """Every window that the levels ask about, their own first."""
    needs = [need.period for level in levels.levels for need in (*level.also, *level.instead) if need.period]
    return (levels.window, *needs)


def measures(levels: Levels) -> tuple[Measure, ...]:
    """Every measure that the levels ask, numbered as `Moved.measure` names them; 0 is the levels' own."""
    needs = [need.measure for level in levels.levels for need in (*level.also, *level.instead)]
    return tuple(dict.fromkeys([levels.measure, *needs]))
