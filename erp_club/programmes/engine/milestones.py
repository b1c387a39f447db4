"""Milestones on the way through the levels: which were reached, how often, and on which day. Pure."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from erp_club.programmes.engine.calendar import span_of
from erp_club.programmes.engine.facts import Moved
from erp_club.programmes.engine.levels import Levels, Milestone


@dataclass(frozen=True, slots=True)
class Passed:
    """A milestone reached for the `times`-th time in its window; `again` after a return had fallen below it."""

    code: str
    on: dt.date
    times: int
    again: bool = False


def passed(levels: Levels, moved: Sequence[Moved], until: dt.date, *, joined_on: dt.date) -> tuple[Passed, ...]:
    """Every milestone reached up to a day, the earliest first: within a window only by a sum that is new."""
    return tuple(each for each in reaches(levels, moved, until, joined_on=joined_on)[0] if not each.again)


def reaches(
    levels: Levels, moved: Sequence[Moved], until: dt.date, *, joined_on: dt.date
) -> tuple[tuple[Passed, ...], dict[str, int]]:
    """Every time that a milestone was reached up to a day, the earliest first, and how often each is reached by now."""
    found: list[Passed] = []
    now: dict[str, int] = {}
    by_day: dict[dt.date, int] = defaultdict(int)
    for each in moved:
        if each.measure == 0 and each.known <= until:
            by_day[each.known] += each.value
    for milestone in levels.milestones:
        made, now[milestone.code] = _reached(levels, milestone, by_day, joined_on)
        found += made
    return tuple(sorted(found, key=lambda each: (each.on, each.code, each.times))), now


def _reached(
    levels: Levels, milestone: Milestone, by_day: dict[dt.date, int], joined_on: dt.date
) -> tuple[list[Passed], int]:
    made: list[Passed] = []
    window, so_far, times, most = None, 0, 0, 0
    for day in sorted(by_day):
        span = span_of(levels.window, day, joined_on=joined_on)
        if window is None or (span.first != window.first and levels.window.months is None):
            window, so_far, times, most = span, 0, 0, 0
        so_far += by_day[day]
        reached = max(0, so_far // milestone.at) if milestone.every else int(so_far >= milestone.at)
        made += [Passed(milestone.code, day, number, number <= most) for number in range(times + 1, reached + 1)]
        times, most = reached, max(most, reached)
    return made, times
