"""What lies ahead of a member's level: the next one, and when it can change by itself. Pure."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from erp_club.clubs.periods import Span
from erp_club.programmes.engine.calendar import DAY, rolled, span_of
from erp_club.programmes.engine.climb import (
    Climb,
    Next,
    Override,
    Standing,
    climbed,
    next_of,
    standing_of,
)
from erp_club.programmes.engine.facts import Moved
from erp_club.programmes.engine.levels import Keep, Levels
from erp_club.programmes.engine.parts import Every
from erp_club.programmes.engine.turning import anniversaries, windows

_NEVER = 2**62
"""More than anything sums up to."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """A day's standing and what lies ahead: the next level, and the first day on which it can change by itself.

    What counts to less than `quiet_below` by `quiet_last` (included) changes nothing but the sum; None where that
    can't be said.
    """

    standing: Standing
    next: Next | None
    due_on: dt.date | None
    quiet_below: int | None
    quiet_last: dt.date | None


def outlook(
    levels: Levels,
    moved: Sequence[Moved],
    day: dt.date,
    *,
    joined_on: dt.date,
    overrides: Sequence[Override] = (),
    term: Span | None = None,
) -> Outlook:
    """The level of a day as known on it, and what lies ahead if nothing more comes."""
    climb = climbed(levels, moved, day, joined_on=joined_on, term=term)
    now = standing_of(climb, day, overrides)
    span = span_of(levels.window, day, joined_on=joined_on, term=term)
    below = _quiet_below(climb, now.counted)
    return Outlook(
        standing=now,
        next=next_of(climb, now.counted, span.last, above=now.level if now.paid else ""),
        due_on=min(_due(climb, moved, day, span.last, overrides), default=None),
        quiet_below=below,
        quiet_last=None if below is None else span.last,
    )


def _due(
    climb: Climb, moved: Sequence[Moved], day: dt.date, window_last: dt.date | None, overrides: Sequence[Override]
) -> Iterator[dt.date]:
    """The days on which something begins or runs out."""
    kept = climb.kept.get(climb.top, dt.date.max)
    if climb.top > 0 and climb.levels.keep is Keep.WHILE:
        if climb.reached(day) < climb.top:
            yield day + DAY
        if window_last is not None and window_last >= day:
            yield window_last + DAY
        for window in windows(climb.levels):
            if window.every is Every.ROLLING:
                leaves = (rolled(window, each.on) for each in moved)
                yield from (each for each in leaves if each > day)
    elif climb.top > 0 and kept < dt.date.max:
        yield max(kept, day) + DAY
    yield from (begins for begins, _ in climb.waiting.values() if day < begins < dt.date.max)
    yield from (each for each in anniversaries(climb.levels, climb.joined_on) if each > day)
    for each in overrides:
        if each.first > day:
            yield each.first
        if each.last is not None and each.last >= day:
            yield each.last + DAY


def _quiet_below(climb: Climb, counted: int) -> int | None:
    """The next figure that means anything, where levels hang on one sum over a window that stands still."""
    levels = climb.levels
    simple = (
        levels.keep in {Keep.WINDOW_END, Keep.NEXT_WINDOW, Keep.EVER}
        and levels.window.every is not Every.ROLLING
        and levels.restart == "never"
        and (levels.carry is None or not levels.milestones)
        and not climb.waiting
        and not any(each.also or each.instead for each in levels.levels)
    )
    if not simple:
        return None
    figures = {each.at_least for each in levels.levels} | {each.keep_at_least for each in levels.levels}
    ahead = [each for each in figures if each is not None and each > counted]
    ahead += [each.at for each in levels.milestones if not each.every and each.at > counted]
    ahead += [(counted // each.at + 1) * each.at for each in levels.milestones if each.every]
    return min(ahead, default=_NEVER)
