"""The exact search for few open sets: a dynamic programme over the units, from the cheapest to the dearest.

A state of the search is the product of the states of all automata; of all ways to reach one, only the best is kept: the
one that is worth most, and of those the one that takes the fewest units.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from erp_club.promotions.engine.scope import Pick
from erp_club.promotions.engine.solve.automata import Automaton, Move
from erp_club.promotions.engine.solve.shapes import SCALE, Stack
from erp_club.promotions.engine.solve.units import order

NOBODY = -1
NOTHING = (0, NOBODY)
_MOST_LABELS = 6_000
"""Of all steps together."""
Chain = tuple["Chain", int] | None
Choice = tuple[int, int, int, list[list[Move]], int]
"""Number of the offer, place and number of its states in a code, its moves, and what this unit gains."""


@dataclass(frozen=True, slots=True)
class Runner:
    """An offer in the search: its number, its scope, its automaton, and whether its sum must be rounded.

    `absorbs`: it is let choose now, but may hold units that give it nothing, so that others may pass them over.
    """

    number: int
    on: tuple[int, ...]
    automaton: Automaton
    rounds: bool = False
    absorbs: bool = False


@dataclass(frozen=True, slots=True)
class Filled:
    """`owned[number]`: how many units of each stack an offer has. `scaled`: what it is all worth before rounding."""

    owned: dict[int, dict[int, int]]
    scaled: int


def states(runners: Sequence[Runner]) -> int:
    """How many states the search has at most."""
    product = 1
    for runner in runners:
        product *= len(runner.automaton.moves)
    return product


def fill(stacks: Sequence[Stack], runners: Sequence[Runner], left: Sequence[int]) -> Filled:
    """The assignment of the `left` units that is worth most before any rounding."""
    units = order({i for runner in runners for i in runner.on if left[i]}, stacks, Pick.CHEAPEST)
    many = sum(left[i] for i in units) + 1
    base = base_of(stacks, runners)
    sets = [runner for runner in runners if len(runner.automaton.moves) > 1]
    labels = _starts(sets)
    for i in units:
        cost = stacks[i].cost_minor
        choices = _choices(sets, i, cost, many)
        strict = _strict(sets, i) if i not in base else []
        gain, owner = base.get(i, NOTHING)
        alone = gain * many - (owner != NOBODY)
        for _ in range(left[i]):
            labels = _step(labels, choices, strict, alone, owner, many)
    worth, chain = _best(labels, sets)
    return Filled(_owned(chain, units, left), -(-worth // many))


def base_of(stacks: Sequence[Stack], runners: Sequence[Runner]) -> dict[int, tuple[int, int]]:
    """For each stack the best offer that takes units one by one, without a state, and what it gains."""
    base: dict[int, tuple[int, int]] = {}
    for runner in runners:
        if len(runner.automaton.moves) == 1:
            gain_of = runner.automaton.gain
            for i in runner.on:
                gain = gain_of(stacks[i].cost_minor)
                if gain > base.get(i, NOTHING)[0]:
                    base[i] = (gain, runner.number)
    return base


def _starts(sets: Sequence[Runner]) -> dict[int, tuple[int, Chain]]:
    codes = [0]
    place = 1
    for runner in sets:
        codes = [code + place * start for code in codes for start in runner.automaton.starts]
        place *= len(runner.automaton.moves)
    return dict.fromkeys(codes, (0, None))


def _choices(sets: Sequence[Runner], stack: int, cost: int, many: int) -> list[Choice]:
    """The offers with a state that could take a unit of this stack."""
    choices: list[Choice] = []
    place = 1
    for runner in sets:
        size = len(runner.automaton.moves)
        if stack in runner.on:
            gain = runner.automaton.gain(cost)
            if gain or size > 1:
                choices.append((runner.number, place, size, runner.automaton.by(stack), gain * many))
        place *= size
    return choices


def _strict(sets: Sequence[Runner], stack: int) -> list[tuple[int, int, frozenset[int]]]:
    """Where a unit of this stack may not be passed over: place and number of states, and those states."""
    strict: list[tuple[int, int, frozenset[int]]] = []
    if absorbed(sets, stack):
        return strict
    place = 1
    for runner in sets:
        size = len(runner.automaton.moves)
        if runner.automaton.strict and stack in runner.on:
            strict.append((place, size, runner.automaton.strict))
        place *= size
    return strict


def absorbed(sets: Sequence[Runner], stack: int) -> bool:
    """Whether some offer may hold a unit of this stack for nothing."""
    return any(runner.absorbs and stack in runner.on for runner in sets)


def _step(
    labels: dict[int, tuple[int, Chain]],
    choices: list[Choice],
    strict: list[tuple[int, int, frozenset[int]]],
    alone: int,
    owner: int,
    many: int,
) -> dict[int, tuple[int, Chain]]:
    """All states after one more unit, each with the best way to it."""
    after: dict[int, tuple[int, Chain]] = {}
    get = after.get
    for code, (worth, chain) in labels.items():
        if not strict or not any(code // place % size in bound for place, size, bound in strict):
            there = get(code)
            if there is None or worth + alone > there[0]:
                after[code] = (worth + alone, (chain, owner))
        for number, place, size, moves, gain in choices:
            state = code // place % size
            for to, own, besides in moves[state]:
                target = code + (to - state) * place
                value = worth + besides * many - 1
                if own:
                    value += gain
                there = get(target)
                if there is None or value > there[0]:
                    after[target] = (value, (chain, number))
    return after


def _best(labels: dict[int, tuple[int, Chain]], sets: Sequence[Runner]) -> tuple[int, Chain]:
    best: tuple[int, Chain] | None = None
    for code, label in labels.items():
        if (best is None or label[0] > best[0]) and _may_end(code, sets):
            best = label
    return best if best is not None else (0, None)


def _may_end(code: int, sets: Sequence[Runner]) -> bool:
    for runner in sets:
        code, state = divmod(code, len(runner.automaton.moves))
        if state not in runner.automaton.last:
            return False
    return True


def _owned(chain: Chain, units: Sequence[int], left: Sequence[int]) -> dict[int, dict[int, int]]:
    """The chain of choices, from the last unit back, as counts."""
    owned: dict[int, dict[int, int]] = {}
    for i in reversed(units):
        for _ in range(left[i]):
            if chain is None:
                return owned
            chain, number = chain
            if number != NOBODY:
                counts = owned.setdefault(number, {})
                counts[i] = counts.get(i, 0) + 1
    return owned


def fill_rounded(
    stacks: Sequence[Stack], runners: Sequence[Runner], left: Sequence[int], rounding: Sequence[int]
) -> Filled | None:
    """The assignment that is worth most after the sums of these offers are rounded; None for too many ways.

    A state holds what each sum is beyond whole minor units as well. A way is dropped where rounding can't make up for
    what another way to the same automata is ahead.
    """
    units = order({i for runner in runners for i in runner.on if left[i]}, stacks, Pick.CHEAPEST)
    slack = len(rounding) * SCALE
    steps = 0
    first = dict.fromkeys(_starts(runners), (0, None))
    labels: dict[tuple[int, tuple[int, ...]], tuple[int, Chain]] = {
        (code, (0,) * len(rounding)): label for code, label in first.items()
    }
    for i in units:
        choices = _choices(runners, i, stacks[i].cost_minor, 1)
        strict = _strict(runners, i)
        places = {number: nth for nth, number in enumerate(rounding)}
        for _ in range(left[i]):
            labels = _near_best(_rounded_step(labels, choices, strict, places), slack)
            steps += len(labels)
            if steps > _MOST_LABELS:
                return None
    best: tuple[int, Chain] | None = None
    for (code, rests), (worth, chain) in labels.items():
        if _may_end(code, runners):
            whole = worth - sum(rests) + SCALE * sum(2 * rest >= SCALE for rest in rests)
            if best is None or whole > best[0]:
                best = (whole, chain)
    if best is None:
        return Filled({}, 0)
    return Filled(_owned(best[1], units, left), best[0])


def _rounded_step(
    labels: dict[tuple[int, tuple[int, ...]], tuple[int, Chain]],
    choices: list[Choice],
    strict: list[tuple[int, int, frozenset[int]]],
    places: dict[int, int],
) -> dict[tuple[int, tuple[int, ...]], tuple[int, Chain]]:
    after: dict[tuple[int, tuple[int, ...]], tuple[int, Chain]] = {}
    for (code, rests), (worth, chain) in labels.items():
        if not any(code // place % size in bound for place, size, bound in strict):
            there = after.get((code, rests))
            if there is None or worth > there[0]:
                after[code, rests] = (worth, (chain, NOBODY))
        for number, place, size, moves, gain in choices:
            state = code // place % size
            for to, own, besides in moves[state]:
                added = gain if own else 0
                now = rests
                if number in places and added:
                    nth = places[number]
                    now = (*rests[:nth], (rests[nth] + added) % SCALE, *rests[nth + 1 :])
                target = (code + (to - state) * place, now)
                value = worth + besides + added
                there = after.get(target)
                if there is None or value > there[0]:
                    after[target] = (value, (chain, number))
    return after


def _near_best(
    labels: dict[tuple[int, tuple[int, ...]], tuple[int, Chain]], slack: int
) -> dict[tuple[int, tuple[int, ...]], tuple[int, Chain]]:
    most: dict[int, int] = {}
    for (code, _), (worth, _) in labels.items():
        most[code] = max(worth, most.get(code, worth))
    return {key: label for key, label in labels.items() if label[0] >= most[key[0]] - slack}
