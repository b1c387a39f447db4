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
    """A milestone that was reached for the `times`-th time in its window, on a day."""

    code: str
    on: dt.date
    times: int


def passed(levels: Levels, moved: Sequence[Moved], until: dt.date, *, joined_on: dt.date) -> tuple[Passed, ...]:
    """Every milestone reached up to a day, the earliest first.

    What was given isn't taken back by a return, so within a window only a sum that is new counts.
    """
    found: list[Passed] = []
    by_day: dict[dt.date, int] = defaultdict(int)
    for each in moved:
        if each.measure == 0 and each.known <= until:
            by_day[each.known] += each.value
    for milestone in levels.milestones:
        found += _passed(levels, milestone, by_day, joined_on)
    return tuple(sorted(found, key=lambda each: (each.on, each.code, each.times)))


def _passed(levels: Levels, milestone: Milestone, by_day: dict[dt.date, int], joined_on: dt.date) -> list[Passed]:
    made: list[Passed] = []
    window, so_far, times = None, 0, 0
    for day in sorted(by_day):
        span = span_of(levels.window, day, joined_on=joined_on)
        if window is None or (span.first != window.first and levels.window.months is None):
            window, so_far, times = span, 0, 0
        so_far += by_day[day]
        reached = so_far // milestone.at if milestone.every else int(so_far >= milestone.at)
        made += [Passed(milestone.code, day, number) for number in range(times + 1, reached + 1)]
        times = max(times, reached)
    return made
