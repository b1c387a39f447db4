"""The same search as `fills` for many states: the best ways to all of them are one array, and a unit is one pass."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from erp_club.promotions.engine.scope import Pick
from erp_club.promotions.engine.solve.fills import NOTHING, Filled, Runner, absorbed, base_of
from erp_club.promotions.engine.solve.shapes import SCALE, Stack
from erp_club.promotions.engine.solve.units import order

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[Any]

Group = dict[int, tuple[int, bool, int]]
"""By the state that it leads to: the state before, whether the unit gains, what more."""
_LARGEST = 1 << 60
_UNREACHED = -(1 << 61)


@dataclass(slots=True)
class _Moves:
    """Moves of one offer to different states: from `source` to `target`; whether the unit gains, and what more."""

    number: int
    block: tuple[int, int, int]
    """How many states stand before, at and behind this offer's place in a code."""
    source: "Numbers"
    target: "Numbers"
    own: "Numbers"
    besides: "Numbers"
    back: dict[int, int]


def fits(stacks: Sequence[Stack], left: Sequence[int]) -> bool:
    """Whether all sums stay within 64 bits."""
    many = sum(left) + 1
    return sum(stack.cost_minor * count for stack, count in zip(stacks, left, strict=True)) * SCALE * many < _LARGEST


def fill_wide(stacks: Sequence[Stack], runners: Sequence[Runner], left: Sequence[int]) -> Filled:
    """The assignment of the `left` units that is worth most before any rounding; as `fill` finds it."""
    import numpy as np

    units = order({i for runner in runners for i in runner.on if left[i]}, stacks, Pick.CHEAPEST)
    many = sum(left[i] for i in units) + 1
    base = base_of(stacks, runners)
    sets = [runner for runner in runners if len(runner.automaton.moves) > 1]
    sizes = [len(runner.automaton.moves) for runner in sets]
    moves: dict[tuple[int, int], list[_Moves]] = {}
    worth = _marked(sizes, [runner.automaton.starts for runner in sets])
    worth = np.where(worth, 0, _UNREACHED)
    ways: list[tuple[int, Numbers, list[_Moves], int]] = []
    for i in units:
        cost = stacks[i].cost_minor
        here = [
            (_moves(runner, i, sizes, nth, many, moves), runner.automaton.gain(cost) * many)
            for nth, runner in enumerate(sets)
            if i in runner.on
        ]
        gain, owner = base.get(i, NOTHING)
        stay = gain * many - 1 if gain else 0
        closed = None if gain else _strict(sets, sizes, i)
        for _ in range(left[i]):
            after = worth + stay
            if closed is not None:
                after[closed] = _UNREACHED
            chosen = np.zeros(len(worth), dtype=np.uint8)
            taken: list[_Moves] = []
            for groups, gained in here:
                for group in groups:
                    taken.append(group)
                    _apply(group, worth, after, chosen, gained, len(taken))
            ways.append((i, chosen, taken, owner))
            worth = after
    may_end = _marked(sizes, [runner.automaton.last for runner in sets])
    state = int(np.argmax(np.where(may_end, worth, _UNREACHED)))
    return Filled(_owned(ways, state), -(-int(worth[state]) // many))


def _marked(sizes: Sequence[int], states: Sequence[Sequence[int] | frozenset[int]]) -> "Numbers":
    """For each code whether every offer is in one of its states."""
    import numpy as np

    marks = np.ones(1, dtype=bool)
    for size, chosen in zip(sizes, states, strict=True):
        mine = np.zeros(size, dtype=bool)
        mine[list(chosen)] = True
        marks = (mine[:, None] & marks[None, :]).reshape(-1)
    return marks


def _strict(sets: Sequence[Runner], sizes: Sequence[int], stack: int) -> "Numbers | None":
    """The codes in which a unit of this stack may not be passed over."""
    import numpy as np

    closed: Numbers | None = None
    if absorbed(sets, stack):
        return closed
    for nth, runner in enumerate(sets):
        if not runner.automaton.strict or stack not in runner.on:
            continue
        states = [range(size) for size in sizes]
        mine = _marked(sizes, [*states[:nth], runner.automaton.strict, *states[nth + 1 :]])
        closed = mine if closed is None else np.logical_or(closed, mine)
    return closed


def _moves(
    runner: Runner, stack: int, sizes: Sequence[int], nth: int, many: int, known: dict[tuple[int, int], list[_Moves]]
) -> list[_Moves]:
    """The moves of an offer by a unit, in groups that have no state to go to in common. Made once for each slot."""
    import numpy as np

    moves = runner.automaton.by(stack)
    if (nth, id(moves)) in known:
        return known[nth, id(moves)]
    groups: list[Group] = []
    for state, held in enumerate(moves):
        for to, own, besides in held:
            group = next((each for each in groups if to not in each), None)
            if group is None:
                group = Group()
                groups.append(group)
            group[to] = (state, own, besides)
    behind = int(np.prod(sizes[:nth], dtype=np.int64))
    before = int(np.prod(sizes[nth + 1 :], dtype=np.int64))
    made = known[nth, id(moves)] = [
        _Moves(
            runner.number,
            (before, sizes[nth], behind),
            np.array([state for state, _, _ in group.values()]),
            np.array(list(group)),
            np.array([own for _, own, _ in group.values()], dtype=np.int64)[None, :, None],
            np.array([besides * many - 1 for _, _, besides in group.values()], dtype=np.int64)[None, :, None],
            {to: state for to, (state, _, _) in group.items()},
        )
        for group in groups
    ]
    return made


def _apply(group: _Moves, worth: "Numbers", after: "Numbers", chosen: "Numbers", gained: int, mark: int) -> None:
    """One more unit by these moves, where that is better."""
    import numpy as np

    found = worth.reshape(group.block)[:, group.source, :] + (group.own * gained + group.besides)
    there = after.reshape(group.block)
    before = there[:, group.target, :]
    better = found > before
    there[:, group.target, :] = np.where(better, found, before)
    marks = chosen.reshape(group.block)
    marks[:, group.target, :] = np.where(better, mark, marks[:, group.target, :])


def _owned(ways: Sequence[tuple[int, "Numbers", list[_Moves], int]], state: int) -> dict[int, dict[int, int]]:
    """Who has which units, from the last one back."""
    owned: dict[int, dict[int, int]] = {}
    for i, chosen, taken, base in reversed(ways):
        owner, mark = base, int(chosen[state])
        if mark:
            group = taken[mark - 1]
            behind = group.block[2]
            at = state // behind % group.block[1]
            state += (group.back[at] - at) * behind
            owner = group.number
        if owner >= 0:
            counts = owned.setdefault(owner, {})
            counts[i] = counts.get(i, 0) + 1
    return owned
