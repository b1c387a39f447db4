"""Where only offers that take any units join the others: each part of these is searched by itself.

An offer on everything competes with all that is on anything. It has no open sets: whoever else has which units, each
unit is worth to it what it is worth. So the best of the whole is the best of each part, but for rounding, and a basket
with a dozen offers on groups of its own needs a dozen small searches and none over all their sets at once.
"""

from collections.abc import Iterable, Sequence, Set

from erp_club.promotions.engine.solve.combine import Found, by_fills, most
from erp_club.promotions.engine.solve.greedy import saving
from erp_club.promotions.engine.solve.prune import components, scope, takes_any
from erp_club.promotions.engine.solve.rules import alone
from erp_club.promotions.engine.solve.shapes import Bundle, Contender, Stack, Taken
from erp_club.promotions.engine.solve.single import flats_of, rest, single

_MOST_FLATS = 4


def by_parts(stacks: Sequence[Stack], group: Sequence[Contender], left: Sequence[int]) -> Found | None:
    """The best by dynamic programme, part by part where that is possible; None where it isn't possible at all."""
    flats, parts = _apart(group, left)
    if len(parts) < 2:
        return by_fills(stacks, group, left)
    everywhere = {flat.key for flat in flats}
    known = flats_of(stacks, flats)
    apart: set[int] = set()
    found: list[Found] = []
    for part in parts:
        units = {i for contender in part for i in scope(contender)}
        apart |= units
        one = single(stacks, part[0], known, left) if len(part) == 1 else None
        one = one or by_fills(stacks, [*part, *_on(flats, units)], left, elsewhere=everywhere)
        if one is None:
            return None
        found.append(one)
    found.append(rest(known, sorted({i for flat in flats for i in scope(flat)} - apart), left))
    return _together(stacks, flats, left, found)


def _apart(group: Sequence[Contender], left: Sequence[int]) -> tuple[list[Contender], list[list[Contender]]]:
    """The fewest offers, widest first, without which the others fall apart, and these in parts; no parts where none do.

    Few, for each of them is one more sum that is only rounded when all parts are known.
    """
    wide = sorted((each for each in group if takes_any(each)), key=lambda each: (-len(scope(each)), each.key))
    flats: list[Contender] = []
    others = list(group)
    for flat in wide[:_MOST_FLATS]:
        flats.append(flat)
        others.remove(flat)
        parts = components(others, left)
        if len(parts) > 1:
            return flats, parts
    return flats, []


def _on(flats: Iterable[Contender], units: Set[int]) -> list[Contender]:
    """The offers that take any units, on these only."""
    inside: list[Contender] = []
    for flat in flats:
        assert not isinstance(flat.shape, Bundle)
        on = tuple([i for i in flat.shape.on if i in units])
        if on:
            inside.append(flat._replace(shape=flat.shape._replace(on=on)))
    return inside


def _together(
    stacks: Sequence[Stack], flats: Sequence[Contender], left: Sequence[int], found: Sequence[Found]
) -> Found:
    """The parts as one answer, in which each offer is rounded once over all its units."""
    held = {flat.key: [0] * len(left) for flat in flats}
    taken: list[Taken] = []
    for one in found:
        for each in one.taken:
            if each.key not in held:
                taken.append(each)
                continue
            for share in each.shares:
                held[each.key][share.stack] += share.units
    taken += [one for flat in flats if (one := alone(flat, stacks, held[flat.key])) is not None]
    rounds = frozenset(key for one in found for key in one.rounds)
    scaled = sum([one.scaled for one in found])
    return Found(taken, max(saving(taken), most(scaled, len(rounds))), scaled, rounds)
