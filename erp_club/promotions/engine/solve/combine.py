"""Exactly by dynamic programme: offers that are automata, with every set of whole lumps that go together."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from itertools import combinations

from erp_club.promotions.engine.solve.automata import automaton
from erp_club.promotions.engine.solve.fills import Filled, Runner, fill, fill_rounded, states
from erp_club.promotions.engine.solve.greedy import saving, touched_units, without
from erp_club.promotions.engine.solve.prune import beside, choosing, nothing_passed_over, picks_cheapest, scope
from erp_club.promotions.engine.solve.rules import alone
from erp_club.promotions.engine.solve.shapes import SCALE, Buy, Contender, Lump, Stack, Taken
from erp_club.promotions.engine.solve.tables import fill_wide, fits

MOST_WORK = 8_000_000
"""Steps of the dynamic programme (units × states × offers): some 30 ms, where the integer programme does no better."""
_WIDE = 10_000
"""So many steps are quicker with arrays."""
_MOST_LUMPS = 4
_MOST_UNITS = 1_000
_MOST_ROUNDED = 3_000
_NONE = frozenset[str]()


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, and what nothing can be above: in minor units, and `scaled` as long as nothing is rounded.

    `rounds`: the offers whose sums must be rounded.
    """

    taken: list[Taken]
    bound: int
    scaled: int
    rounds: frozenset[str] = frozenset()

    @property
    def proved(self) -> bool:
        """Whether nothing better exists."""
        return saving(self.taken) >= self.bound


def most(scaled: int, rounds: int) -> int:
    """What nothing can be above where so many sums are rounded, each by half a minor unit at most."""
    return (scaled + max(1, rounds) * SCALE // 2) // SCALE


def by_fills(
    stacks: Sequence[Stack],
    group: Sequence[Contender],
    left: Sequence[int],
    *,
    most_work: int = MOST_WORK,
    elsewhere: Set[str] = _NONE,
) -> Found | None:
    """The best by dynamic programme: for each set of lumps that go together, the rest of the units among the others.

    None where some offer is no automaton, or the work would be too much. `elsewhere`: offers that have units beyond
    these too, so that their sums aren't rounded here.
    """
    lumps = [(contender, contender.shape.on) for contender in group if isinstance(contender.shape, Lump)]
    others = [contender for contender in group if not isinstance(contender.shape, Lump)]
    if len(lumps) > _MOST_LUMPS or not all(_plain(lump) for lump, _ in lumps):
        return None
    found: Found | None = None
    for chosen in _together(lumps):
        given = [taken for lump in chosen if (taken := alone(lump, stacks, left)) is not None]
        if len(given) < len(chosen):
            continue
        one = _others_by_fills(stacks, others, without(left, given), given, most_work, elsewhere)
        if one is None:
            return None
        if found is None:
            found = one
        else:
            better = one.taken if _preferred(one.taken, found.taken) else found.taken
            rounds = found.rounds | one.rounds
            found = Found(better, max(found.bound, one.bound), max(found.scaled, one.scaled), rounds)
    return found


def _plain(lump: Contender) -> bool:
    return not lump.needs and not lump.every


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
    stacks: Sequence[Stack],
    others: Sequence[Contender],
    left: Sequence[int],
    given: list[Taken],
    most_work: int,
    elsewhere: Set[str],
) -> Found | None:
    """First as if every offer might choose its units and nothing were rounded; where that leaves a doubt, strictly.

    Offers that give the cheapest units need many states; only those are kept to their rule that would gain from
    breaking it.
    """
    if not any(left[i] for contender in others for i in scope(contender)):
        return Found(given, saving(given), saving(given) * SCALE)
    free = {number for number, contender in enumerate(others) if picks_cheapest(contender)}
    found: Found | None = None
    while True:
        runners = _runners(stacks, others, left, most_work, free)
        if runners is None:
            return found
        one, broken = _settled(stacks, others, left, given, runners, _filled(stacks, runners, left), free)
        found = one if found is None else _better(found, one)
        if found.proved and not elsewhere:
            return found
        rounds = [runner for runner in runners if runner.rounds and others[runner.number].key not in elsewhere]
        if (rounds or not elsewhere) and not broken and states(runners) <= _MOST_ROUNDED:
            exact = fill_rounded(stacks, runners, left, [runner.number for runner in rounds])
            if exact is None:
                return found
            one, broken = _settled(stacks, others, left, given, [], exact, free)
            if elsewhere and not broken:
                return replace(one, rounds=one.rounds | (found.rounds & elsewhere))
            found = _better(found, one)
        if (found.proved and not elsewhere) or not broken:
            return found
        free -= broken
        most_work -= _work(left, runners)


def _filled(stacks: Sequence[Stack], runners: Sequence[Runner], left: Sequence[int]) -> Filled:
    """The best before rounding, in the way that is quicker for so much work."""
    wide = _work(left, runners) > _WIDE and fits(stacks, left)
    return (fill_wide if wide else fill)(stacks, runners, left)


def _better(first: Found, second: Found) -> Found:
    taken = second.taken if _preferred(second.taken, first.taken) else first.taken
    return Found(taken, min(first.bound, second.bound), min(first.scaled, second.scaled), first.rounds | second.rounds)


def _runners(
    stacks: Sequence[Stack], others: Sequence[Contender], left: Sequence[int], most_work: int, free: set[int]
) -> list[Runner] | None:
    runners: list[Runner] = []
    if sum([left[i] for i in {i for contender in others for i in scope(contender)}]) > _MOST_UNITS:
        return None
    for number, contender in enumerate(others):
        machine = automaton(contender, stacks, left, relaxed=number in free)
        if machine is None or isinstance(contender.shape, Lump):
            return None
        on = tuple(scope(contender))
        rounds = any(left[i] and machine.gain(stacks[i].cost_minor) % SCALE for i in on)
        runners.append(Runner(number, on, machine, rounds, number in free and isinstance(contender.shape, Buy)))
    return runners if _work(left, runners) <= most_work else None


def _work(left: Sequence[int], runners: Sequence[Runner]) -> int:
    """How many steps the search takes: units × states × offers."""
    units = sum([left[i] for i in {i for runner in runners for i in runner.on}])
    return units * states(runners) * len(runners)


def _settled(
    stacks: Sequence[Stack],
    others: Sequence[Contender],
    left: Sequence[int],
    given: list[Taken],
    runners: Sequence[Runner],
    filled: Filled,
    free: set[int],
) -> tuple[Found, set[int]]:
    """What the offers really give on the units that they were found to have, and at most could give.

    Also which of those that were `free` to choose do worse by their own rule: they have all units that nobody has.
    """
    rounds = frozenset(others[runner.number].key for runner in runners if runner.rounds)
    scaled = saving(given) * SCALE + filled.scaled
    bound = most(scaled, len(rounds))
    taken = list(given)
    broken: set[int] = set()
    over = list(left)
    whole = list(left)
    for counts in filled.owned.values():
        for i, count in counts.items():
            over[i] -= count
    for number, counts in filled.owned.items():
        contender = others[number]
        mine = [0] * len(stacks)
        for i, count in counts.items():
            mine[i] = count
        chosen = alone(choosing(contender), stacks, mine) if number in free else None
        if number in free:
            for i in scope(contender):
                mine[i] += over[i]
                over[i] = 0
        one = alone(contender, stacks, mine)
        if one is not None:
            taken.append(one)
            whole = beside(contender, one, mine, whole)
        if number in free and not isinstance(contender.shape, Buy):
            over = [have + back for have, back in zip(over, without(mine, [one] if one else []), strict=True)]
        if chosen is not None and (one is None or one.saving_minor < chosen.saving_minor):
            broken.add(number)
    # A set that makes goods dearer is given up in the end, and what it held from the cheapest is nobody's then.
    if not nothing_passed_over(stacks, others, whole, taken):
        return Found(given, bound, scaled, rounds), set(free)
    return Found(taken, bound, scaled, rounds), broken
