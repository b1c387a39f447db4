"""What levels, milestones and staying on a level would have given one member over a replayed past. Pure.

Levels are known on the days of receipts, and on the first day of each month between them.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from erp_club.programmes.engine.calendar import DAY
from erp_club.programmes.engine.facts import Moved
from erp_club.programmes.engine.gifts import Given, PointsGiven
from erp_club.programmes.engine.levels import Levels
from erp_club.programmes.engine.milestones import passed
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.staying import level_of, next_given
from erp_club.reports.what_if_rewards import Rewarded


def gives_on_the_way(programme: Programme) -> Mapping[str, tuple[Mapping[str, str], Given]]:
    """What levels, milestones and staying give, by the name under which it is told, with what gives it is called."""
    levels = programme.levels
    if levels is None:
        return {}
    made: dict[str, tuple[Mapping[str, str], Given]] = {}
    for stone in levels.milestones:
        made |= {f"{stone.code}.{n}": ({}, each) for n, each in enumerate(stone.gives)}
    for level in levels.levels:
        names = {str(language): text for language, text in level.names.items()} or {"en": level.code}
        made |= {f"level-{level.code}.{n}": (names, each) for n, each in enumerate(level.gives)}
        staying = level.staying.gives if level.staying is not None else ()
        made |= {f"stays-{level.code}.{n}": (names, each) for n, each in enumerate(staying)}
    return made


def on_the_way(
    levels: Levels, moved: Sequence[Moved], stood: Sequence[tuple[dt.date, str]], joined_on: dt.date, today: dt.date
) -> Iterator[Rewarded]:
    """All of it up to today; `stood` are days with the level of each, in order."""
    for each in passed(levels, moved, today, joined_on=joined_on):
        stone = next(one for one in levels.milestones if one.code == each.code)
        yield from gifts_of(stone.code, stone.gives, each.on)
    order = [each.code for each in levels.levels]
    stays = [(joined_on, order[0])]
    for on, code in stood:
        if code != stays[-1][1]:
            stays.append((on, code))
    for (_, before), (on, code) in pairwise(stays):
        level = level_of(levels, code)
        if level is not None and order.index(code) > order.index(before):
            yield from gifts_of(f"level-{code}", level.gives, on)
    ends = [*(first - DAY for first, _ in stays[1:]), today]
    for (since, code), last in zip(stays, ends, strict=True):
        level = level_of(levels, code)
        staying = level.staying if level is not None else None
        day = next_given(levels, code, since, since, joined_on=joined_on, term=None)
        while staying is not None and day is not None and day <= last:
            yield from gifts_of(f"stays-{code}", staying.gives, day)
            day = next_given(levels, code, since, day, joined_on=joined_on, term=None)


def gifts_of(code: str, gives: Sequence[Given], on: dt.date) -> Iterator[Rewarded]:
    """What is given on a day, each under the rule's code and its number."""
    for number, each in enumerate(gives):
        points = each.points if isinstance(each, PointsGiven) else None
        minor: int | None = getattr(each, "amount_minor", None)
        value = points if points is not None else minor
        things = 1 if value is None else None
        yield Rewarded(f"{code}.{number}", on, 1 if value is None else value, points is not None, things)
