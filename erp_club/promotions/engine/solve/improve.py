"""A better start for the integer programme: what greedy choice found, decided anew for a few offers at a time.

Some offers that share units give them back; with the units that nobody has, they are combined exactly among these
offers, while all others keep theirs. The number of tries is fixed, so that the answer doesn't hang on how fast it went.
"""

from collections.abc import Iterator, Sequence

from erp_club.promotions.engine.solve.combine import by_fills
from erp_club.promotions.engine.solve.greedy import saving, whole_there, without
from erp_club.promotions.engine.solve.prune import nothing_passed_over, scope
from erp_club.promotions.engine.solve.shapes import Contender, Stack, Taken

_AT_A_TIME = 4
_MOST_TRIES = 30
_MOST_WORK = 100_000
_MOST_OFFERS = 40


def improved(
    units: Sequence[Stack], contenders: Sequence[Contender], left: Sequence[int], start: list[Taken]
) -> list[Taken]:
    """An assignment that saves at least as much as `start`."""
    if len(contenders) > _MOST_OFFERS:
        return start
    now = {taken.key: taken for taken in start}
    tries = since = 0
    for together in _neighbours(contenders):
        if tries >= _MOST_TRIES or since > len(contenders):
            break
        tries += 1
        since += 1
        mine = {contender.key for contender in together}
        others = [taken for key, taken in now.items() if key not in mine]
        rest = without(left, others)
        # What would take its whole scope can't while one that stays holds a unit of it.
        able = [contender for contender in together if whole_there(contender, left, rest)]
        found = by_fills(units, able, rest, most_work=_MOST_WORK) if able else None
        had = saving([taken for key, taken in now.items() if key in mine])
        if found is None or saving(found.taken) <= had:
            continue
        after = [*others, *found.taken]
        if nothing_passed_over(units, contenders, without(left, after), after):
            now = {taken.key: taken for taken in after}
            since = 0
    return list(now.values())


def _neighbours(contenders: Sequence[Contender]) -> Iterator[list[Contender]]:
    """Each offer with the three that share most units with it, then with the next three, and so on, again and again."""
    scopes = [scope(contender) for contender in contenders]
    nearest = [
        sorted(
            (other for other in range(len(contenders)) if other != number),
            key=lambda other, mine=mine: (-len(scopes[other] & mine), other),
        )
        for number, mine in enumerate(scopes)
    ]
    beside = _AT_A_TIME - 1
    for turn in range(_MOST_TRIES):
        for number, others in enumerate(nearest):
            first = turn * beside % max(1, len(others))
            chosen = (others + others)[first : first + beside]
            yield [contenders[each] for each in sorted({number, *chosen})]
