"""The common case, quickly: a few offers on the very same units, as most product groups have.

The same search as `fills`, written out for one offer that takes units one by one, a few kinds of sets without a limit,
and a lump on all of it. What it can't settle for certain is left to the general search.
"""

from collections.abc import Sequence
from functools import lru_cache

from erp_club.promotions.engine.rewards import Freed
from erp_club.promotions.engine.scope import Pick
from erp_club.promotions.engine.solve.prune import is_flat
from erp_club.promotions.engine.solve.rules import alone
from erp_club.promotions.engine.solve.shapes import SCALE, Bundle, Buy, Contender, Lump, Off, PerUnit, Stack, Taken
from erp_club.promotions.engine.solve.units import unit_gain

_MOST_STATES = 64
_MOST_UNITS = 150
_NEVER = -(1 << 100)

Ring = tuple[int, int, int, int]
"""Units of a set; how many of them, from the cheapest, gain; what their cost is multiplied by; what a full set adds."""
Chain = tuple["Chain", int] | None
Move = tuple[int, int, int]
"""A state, the one that a unit makes of it, and what that adds: 1 where it gains, 2 more where it fills the set."""


def same_scope(stacks: Sequence[Stack], group: Sequence[Contender], left: Sequence[int]) -> list[Taken] | None:
    """The best assignment among offers that all name the same units; None where that isn't certain."""
    on = _units_of(group[0])
    flat: Contender | None = None
    lump: Contender | None = None
    sets: list[Contender] = []
    rings: list[Ring] = []
    states = 1
    for contender in group:
        if _units_of(contender) != on or contender.needs or contender.every:
            return None
        shape = contender.shape
        if isinstance(shape, Lump):
            if lump is not None:
                return None
            lump = contender
            continue
        ring = ring_of(shape)
        if ring is not None:
            states *= ring[0]
            sets.append(contender)
            rings.append(ring)
        elif flat is None and is_flat(shape):
            flat = contender
        else:
            return None
    strict = [each for each in sets if isinstance(each.shape, Buy) and each.shape.freed is Freed.CHEAPEST_OF_ALL]
    if states > _MOST_STATES or len(strict) > 1:
        return None
    return _settled(stacks, left, on, flat, sets, rings, lump)


def _units_of(contender: Contender) -> tuple[int, ...]:
    shape = contender.shape
    return next(on for on, _ in shape.slots) if isinstance(shape, Bundle) else shape.on


def ring_of(shape: PerUnit | Buy | Bundle | Lump) -> Ring | None:
    """A set that may be filled any number of times."""
    if isinstance(shape, Buy) and shape.times is None:
        return shape.size, shape.free, shape.off_bp, 0
    if not isinstance(shape, Bundle) or len(shape.slots) > 1 or shape.times is not None or shape.pick is Pick.CHEAPEST:
        return None
    quantity = next(quantity for _, quantity in shape.slots)
    if shape.off is Off.PRICE:
        return quantity, quantity, SCALE, -shape.value * SCALE
    return (quantity, quantity, shape.value, 0) if shape.off is Off.SHARE else None


def _settled(
    stacks: Sequence[Stack],
    left: Sequence[int],
    on: Sequence[int],
    flat: Contender | None,
    sets: Sequence[Contender],
    rings: Sequence[Ring],
    lump: Contender | None,
) -> list[Taken] | None:
    """The best of the two sides, the lump or the others, where it is sure what the others give."""
    whole = alone(lump, stacks, left) if lump is not None else None
    others = [*sets] if flat is None else [*sets, flat]
    if len(others) < 2:
        # Nobody else wants its units: no search is needed.
        better = alone(others[0], stacks, left) if others else None
        if better is None or (whole is not None and whole.saving_minor > better.saving_minor):
            better = whole
        return [better] if better is not None else []
    costs = sorted([(stacks[i].cost_minor, i) for i in on if left[i]])
    if not costs or sum([left[i] for _, i in costs]) > _MOST_UNITS:
        return None if costs else []
    scaled, owned = _fill(costs, left, flat, rings)
    rates = [multiplied for _, _, multiplied, _ in rings if multiplied % SCALE]
    if flat is not None and isinstance(flat.shape, PerUnit) and flat.shape.off is Off.SHARE:
        rates.append(flat.shape.value)
    inexact = sum(any(cost * rate % SCALE for cost, _ in costs) for rate in rates) if len(rates) > 1 else 1
    bound = (scaled + max(1, inexact) * SCALE // 2) // SCALE
    if whole is not None and whole.saving_minor > bound:
        return [whole]
    found = _given(stacks, left, others, owned, on)
    saving = sum([taken.saving_minor for taken in found])
    if saving < bound:
        return None
    return [whole] if whole is not None and whole.saving_minor > saving else found


def _given(
    stacks: Sequence[Stack],
    left: Sequence[int],
    contenders: Sequence[Contender],
    owned: Sequence[list[int]],
    on: Sequence[int],
) -> list[Taken]:
    """What the offers give on the units that they were found to have."""
    found: list[Taken] = []
    for number, contender in enumerate(contenders):
        mine = [0] * len(left)
        for i in owned[number]:
            mine[i] += 1
        if not owned[number]:
            continue
        if isinstance(contender.shape, Buy) and contender.shape.freed is Freed.CHEAPEST_OF_ALL:
            # It was let choose; but it may not pass over units that nobody has.
            for i in on:
                mine[i] = left[i] - sum([others.count(i) for others in owned if others is not owned[number]])
        taken = alone(contender, stacks, mine)
        if taken is not None:
            found.append(taken)
    return found


def _fill(
    costs: Sequence[tuple[int, int]], left: Sequence[int], flat: Contender | None, rings: Sequence[Ring]
) -> tuple[int, list[list[int]]]:
    """What the best assignment is worth before rounding, and each offer's units as stacks, those of `flat` last."""
    states, moves = _moves(tuple([ring[:2] for ring in rings]))
    many = sum([left[i] for _, i in costs]) + 1
    worth = [0] + [_NEVER] * (states - 1)
    chains: list[Chain] = [None] * states
    last = len(rings)
    size, gains, rate, full = rings[0]
    ring = size, gains, rate, full * many
    steps = [(number, moves[number], rings[number][2], rings[number][3] * many) for number in range(last)]
    for cost, i in costs:
        base = 0 if flat is None or not isinstance(flat.shape, PerUnit) else _flat_gain(flat.shape, cost)
        owner, base = (last, base * many - 1) if base else (-1, 0)
        for _ in range(left[i]):
            if last == 1:
                worth, chains = _ring_step(worth, chains, ring, cost * many, base, owner)
            else:
                worth, chains = _step(worth, chains, steps, cost * many, base, owner)
    owned: list[list[int]] = [[] for _ in range(last + 1)]
    chain = chains[0]
    for _, i in reversed(costs):
        for _ in range(left[i]):
            assert chain is not None
            chain, number = chain
            if number >= 0:
                owned[number].append(i)
    return -(-worth[0] // many), owned


def _flat_gain(shape: PerUnit, cost: int) -> int:
    return cost * shape.value if shape.off is Off.SHARE else unit_gain(shape.off, shape.value, cost)


def _ring_step(
    worth: list[int],
    chains: list[Chain],
    ring: Ring,
    cost: int,
    base: int,
    owner: int,
) -> tuple[list[int], list[Chain]]:
    """The same as `_step` where there is one kind of set, which is the usual case."""
    size, gains, rate, full = ring
    gain = cost * rate - 1
    filled = worth[-1] + full + (gain if size == gains else -1)
    way = chains[-1]
    after: list[int] = []
    chosen: list[Chain] = []
    for at in range(size):
        value, chain = worth[at], chains[at]
        if filled > value + base:
            after.append(filled)
            chosen.append((way, 0))
        else:
            after.append(value + base)
            chosen.append((chain, owner))
        filled, way = value + (gain if at < gains else -1), chain
    return after, chosen


def _step(
    worth: list[int],
    chains: list[Chain],
    steps: Sequence[tuple[int, Sequence[Move], int, int]],
    cost: int,
    base: int,
    owner: int,
) -> tuple[list[int], list[Chain]]:
    """One more unit: to the offer that takes units one by one (or nobody), or into one of the open sets."""
    after = [value + base for value in worth]
    chosen: list[Chain] = [(chain, owner) for chain in chains]
    for number, moves, rate, full in steps:
        gain = cost * rate - 1
        added = (-1, gain, full - 1, full + gain)
        for state, target, kind in moves:
            value = worth[state] + added[kind]
            if value > after[target]:
                after[target] = value
                chosen[target] = (chains[state], number)
    return after, chosen


@lru_cache(maxsize=256)
def _moves(rings: tuple[tuple[int, int], ...]) -> tuple[int, list[list[Move]]]:
    """How many states open sets of these sizes have, and for each set what one more unit makes of each state."""
    states, moves = 1, list[list[Move]]()
    places: list[int] = []
    for size, _ in rings:
        places.append(states)
        states *= size
    for place, (size, gains) in zip(places, rings, strict=True):
        steps = list[Move]()
        for state in range(states):
            at = state // place % size
            fills = at == size - 1
            steps.append((state, state + place - fills * size * place, (at < gains) + 2 * fills))
        moves.append(steps)
    return states, moves
