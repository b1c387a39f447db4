"""The search for the assignment that saves most."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from erp_club.promotions.engine.solve.automata import automaton
from erp_club.promotions.engine.solve.classes import classes, of_stacks
from erp_club.promotions.engine.solve.fills import Filled, Runner, fill, fill_rounded, states
from erp_club.promotions.engine.solve.greedy import greedy, saving, touched_units, without
from erp_club.promotions.engine.solve.programme import programme
from erp_club.promotions.engine.solve.prune import components, picks_cheapest, scope, undominated
from erp_club.promotions.engine.solve.rules import alone
from erp_club.promotions.engine.solve.same_scope import same_scope
from erp_club.promotions.engine.solve.shapes import (
    SCALE,
    Contender,
    Lump,
    Proof,
    Solution,
    Stack,
    Taken,
)
from erp_club.promotions.engine.solve.straight import straight

_MOST_WORK = 60_000
"""Steps of the dynamic programme (units × states × offers): some 20 ms, where the integer programme does no better."""
_MOST_LUMPS = 4
_MOST_UNITS = 1_000


def solve(stacks: Sequence[Stack], contenders: Sequence[Contender], *, deadline_ms: int = 50) -> Solution:
    """The assignment of units to offers with the greatest saving, among those of the highest priority first.

    `deadline_ms` bounds the exact search where scopes overlap; what greedy choice finds is the least that is answered.
    Keys must be distinct. An offer that gives nothing isn't in the answer.
    """
    left = [stack.units for stack in stacks]
    assignment: list[Taken] = []
    chosen: list[Taken] = []
    proved = True
    for tier in _tiers(contenders):
        left = without(left, chosen) if chosen else left
        chosen = []
        for group in components(tier, left):
            taken, sure = _component(stacks, group, left, deadline_ms)
            chosen += taken
            proved = proved and sure
        assignment += chosen
    assignment.sort(key=_key)
    return Solution(tuple(assignment), saving(assignment), Proof.PROVED if proved else Proof.TIME_LIMIT)


def _key(named: Contender | Taken) -> str:
    return named.key


def _tiers(contenders: Sequence[Contender]) -> list[list[Contender]]:
    """Offers of one priority together, the highest first, each in the order of the keys."""
    tiers: dict[int, list[Contender]] = {}
    for contender in contenders:
        tiers.setdefault(contender.priority, []).append(contender)
    for tier in tiers.values():
        tier.sort(key=_key)
    return [tiers[priority] for priority in sorted(tiers, reverse=True)]


def _component(
    stacks: Sequence[Stack], group: list[Contender], left: Sequence[int], deadline_ms: int
) -> tuple[list[Taken], bool]:
    """What offers that share units give, and whether nothing better exists."""
    if len(group) > 1:
        group = undominated(group)
    if len(group) == 1 and straight(group[0]):
        taken = alone(group[0], stacks, left)
        return ([taken] if taken is not None else []), True
    quickly = same_scope(stacks, group, left)
    if quickly is not None:
        return quickly, True
    found = _by_fills(stacks, group, left)
    if found is not None and found.proved:
        return found.taken, True
    grouped = classes(stacks, group, left)
    quick = greedy(grouped.units, grouped.contenders, [unit.units for unit in grouped.units])
    bound = found.bound if found is not None else None
    best, proved = programme(grouped.units, grouped.contenders, seed=quick, bound=bound, deadline_ms=deadline_ms)
    if found is not None and saving(found.taken) >= saving(best):
        return found.taken, proved or found.proved
    return of_stacks(best, grouped, left), proved


@dataclass(frozen=True, slots=True)
class _Found:
    taken: list[Taken]
    bound: int

    @property
    def proved(self) -> bool:
        return saving(self.taken) >= self.bound


def _by_fills(stacks: Sequence[Stack], group: Sequence[Contender], left: Sequence[int]) -> _Found | None:
    """The best by dynamic programme: for each set of lumps that go together, the rest of the units among the others.

    None where some offer is no automaton, or the work would be too much.
    """
    lumps = [(contender, contender.shape.on) for contender in group if isinstance(contender.shape, Lump)]
    others = [contender for contender in group if not isinstance(contender.shape, Lump)]
    if len(lumps) > _MOST_LUMPS or not all(_plain(lump) for lump, _ in lumps):
        return None
    found: _Found | None = None
    for chosen in _together(lumps):
        given = [taken for lump in chosen if (taken := alone(lump, stacks, left)) is not None]
        if len(given) < len(chosen):
            continue
        one = _others_by_fills(stacks, others, without(left, given), given)
        if one is None:
            return None
        if found is None:
            found = one
        else:
            better = one.taken if _preferred(one.taken, found.taken) else found.taken
            found = _Found(better, max(found.bound, one.bound))
    return found


def _plain(lump: Contender) -> bool:
    return isinstance(lump.shape, Lump) and lump.shape.whole and not lump.needs and not lump.every


def _together(lumps: Sequence[tuple[Contender, tuple[int, ...]]]) -> Iterable[list[Contender]]:
    """All sets of lumps whose scopes share nothing; first none."""
    for many in range(len(lumps) + 1):
        for chosen in combinations(lumps, many):
            units = [i for _, on in chosen for i in on]
            if len(units) == len(set(units)):
                yield [lump for lump, _ in chosen]


def _preferred(one: list[Taken], other: list[Taken]) -> bool:
    """Whether the first saves more, or as much with fewer units."""
    if saving(one) != saving(other):
        return saving(one) > saving(other)
    return touched_units(one) < touched_units(other)


def _others_by_fills(
    stacks: Sequence[Stack], others: Sequence[Contender], left: Sequence[int], given: list[Taken]
) -> _Found | None:
    """First as if every offer might choose its units and nothing were rounded; where that leaves a doubt, strictly."""
    base = saving(given)
    if not any(left[i] for contender in others for i in scope(contender)):
        return _Found(given, base)
    strict = sum(picks_cheapest(contender) for contender in others)
    runners = _runners(stacks, others, left, relaxed=strict < 2)
    if runners is None:
        return None
    # One offer that picks the cheapest is let choose at first; of two, each would have to know what the other leaves.
    filled = fill(stacks, runners, left)
    found = _settled(stacks, others, given, runners, filled, left if strict == 1 else None)
    if strict == 1 and not found.proved:
        runners = _runners(stacks, others, left, relaxed=False)
        if runners is None:
            return found
        found = _better(found, _settled(stacks, others, given, runners, fill(stacks, runners, left)))
    if found.proved:
        return found
    exact = fill_rounded(stacks, runners, left)
    if exact is None:
        return found
    return _better(found, _settled(stacks, others, given, [], exact))


def _better(first: _Found, second: _Found) -> _Found:
    taken = second.taken if _preferred(second.taken, first.taken) else first.taken
    return _Found(taken, min(first.bound, second.bound))


def _runners(
    stacks: Sequence[Stack], others: Sequence[Contender], left: Sequence[int], *, relaxed: bool
) -> list[Runner] | None:
    runners: list[Runner] = []
    if sum([left[i] for i in {i for contender in others for i in scope(contender)}]) > _MOST_UNITS:
        return None
    for number, contender in enumerate(others):
        machine = automaton(contender, stacks, left, relaxed=relaxed)
        if machine is None or isinstance(contender.shape, Lump):
            return None
        on = tuple(scope(contender))
        rounds = any(left[i] and machine.gain(stacks[i].cost_minor) % SCALE for i in on)
        runners.append(Runner(number, on, machine, rounds))
    units = sum(left[i] for i in {i for runner in runners for i in runner.on})
    return runners if units * states(runners) * len(runners) <= _MOST_WORK else None


def _settled(
    stacks: Sequence[Stack],
    others: Sequence[Contender],
    given: list[Taken],
    runners: Sequence[Runner],
    filled: Filled,
    left: Sequence[int] | None = None,
) -> _Found:
    """What the offers really give on the units that they were found to have, and at most could give.

    With `left`, an offer that picks the cheapest has been let choose: now all units are its that nobody else has.
    """
    rounding = sum(runner.rounds for runner in runners)
    bound = saving(given) + (filled.scaled + max(1, rounding) * SCALE // 2) // SCALE
    taken = list(given)
    for number, counts in filled.owned.items():
        mine = [0] * len(stacks)
        for i, count in counts.items():
            mine[i] = count
        if left is not None and picks_cheapest(others[number]):
            for i in scope(others[number]):
                mine[i] = left[i] - sum(have.get(i, 0) for who, have in filled.owned.items() if who != number)
        one = alone(others[number], stacks, mine)
        if one is not None:
            taken.append(one)
    return _Found(taken, bound)
