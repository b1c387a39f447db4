"""The search for the assignment that saves most."""

import time
from collections.abc import Sequence
from operator import attrgetter

from erp_club.promotions.engine.solve.classes import classes, of_stacks
from erp_club.promotions.engine.solve.greedy import greedy, saving, without
from erp_club.promotions.engine.solve.improve import improved
from erp_club.promotions.engine.solve.parts import by_parts
from erp_club.promotions.engine.solve.programme import programme
from erp_club.promotions.engine.solve.prune import components, undominated
from erp_club.promotions.engine.solve.rules import alone
from erp_club.promotions.engine.solve.same_scope import same_scope
from erp_club.promotions.engine.solve.shapes import Contender, Proof, Solution, Stack, Taken
from erp_club.promotions.engine.solve.straight import straight

_BY_KEY = attrgetter("key")
_LEAST_MS = 5
"""The integer programme gets this much even where all else has taken the time."""
_FEW = 6
"""Offers of which each is left out in turn where no proof was found."""


def solve(stacks: Sequence[Stack], contenders: Sequence[Contender], *, deadline_ms: int = 50) -> Solution:
    """The assignment of units to offers with the greatest saving, among those of the highest priority first.

    `deadline_ms` bounds the exact search where scopes overlap; what greedy choice finds is the least that is answered.
    Keys must be distinct. An offer that gives nothing isn't in the answer.
    """
    left = [units for units, _, _ in stacks]
    assignment: list[Taken] = []
    chosen: list[Taken] = []
    proved = True
    for tier in _tiers(contenders):
        left = without(left, chosen) if chosen else left
        chosen = []
        for group in components(tier, left):
            if len(group) == 1 and straight(group[0]):
                taken = alone(group[0], stacks, left)
                if taken is not None:
                    chosen.append(taken)
                continue
            found, sure = _component(stacks, group, left, deadline_ms)
            chosen += found
            proved = proved and sure
        assignment += chosen
    assignment.sort(key=_BY_KEY)
    return Solution(tuple(assignment), saving(assignment), Proof.PROVED if proved else Proof.TIME_LIMIT)


def _tiers(contenders: Sequence[Contender]) -> list[list[Contender]]:
    """Offers of one priority together, the highest first, each in the order of the keys."""
    tiers: dict[int, list[Contender]] = {}
    for contender in contenders:
        tiers.setdefault(contender.priority, []).append(contender)
    for tier in tiers.values():
        tier.sort(key=_BY_KEY)
    return [tiers[priority] for priority in sorted(tiers, reverse=True)]


def _component(
    stacks: Sequence[Stack], group: list[Contender], left: Sequence[int], deadline_ms: int
) -> tuple[list[Taken], bool]:
    """What offers that share units give, and whether nothing better exists."""
    if len(group) > 1:
        group = undominated(group, left)
    best, proved = _together(stacks, group, left, deadline_ms)
    if proved or not 1 < len(group) <= _FEW:
        return best, proved
    # One offer more must never make the basket dearer: at least what the others give without it, and it beside them.
    for contender in group:
        found, _ = _together(stacks, [each for each in group if each is not contender], left, _LEAST_MS)
        beside = alone(contender, stacks, without(left, found))
        best = max(best, found if beside is None else [*found, beside], key=saving)
    return best, False


def _together(
    stacks: Sequence[Stack], group: list[Contender], left: Sequence[int], deadline_ms: int
) -> tuple[list[Taken], bool]:
    if len(group) == 1 and straight(group[0]):
        taken = alone(group[0], stacks, left)
        return ([taken] if taken is not None else []), True
    quickly = same_scope(stacks, group, left)
    if quickly is not None:
        return quickly, True
    began = time.perf_counter()
    grouped = classes(stacks, group, left)
    there = [unit.units for unit in grouped.units]
    found = by_parts(grouped.units, grouped.contenders, there)
    if found is not None and found.proved:
        return of_stacks(found.taken, grouped, left), True
    quick = improved(grouped.units, grouped.contenders, there, greedy(grouped.units, grouped.contenders, there))
    bound = found.bound if found is not None else None
    rest_ms = max(_LEAST_MS, deadline_ms - int((time.perf_counter() - began) * 1000))
    best, proved = programme(grouped.units, grouped.contenders, seed=quick, bound=bound, deadline_ms=rest_ms)
    if found is not None and saving(found.taken) >= saving(best):
        best, proved = found.taken, proved or found.proved
    return of_stacks(best, grouped, left), proved
