"""One offer beside offers that take any units: the usual part of a basket, without the machinery for several.

It finds what `combine.by_fills` finds for the same offers, ties included, and leaves to that what it isn't certain of.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from erp_club.promotions.engine.rewards import Freed
from erp_club.promotions.engine.solve.automata import automaton
from erp_club.promotions.engine.solve.combine import Found
from erp_club.promotions.engine.solve.fills import NOBODY, Chain, Runner, fill_rounded
from erp_club.promotions.engine.solve.prune import choosing, scope, takes_any
from erp_club.promotions.engine.solve.rules import alone
from erp_club.promotions.engine.solve.same_scope import Ring, ring_of
from erp_club.promotions.engine.solve.shapes import (
    SCALE,
    Bundle,
    Buy,
    Contender,
    Lump,
    PerUnit,
    Share,
    Stack,
    Taken,
)
from erp_club.promotions.engine.solve.units import unit_gain

_NEVER = -(1 << 100)
_MOST_UNITS = 150
Costs = list[tuple[int, int]]
"""What a unit costs, and its stack; from the cheapest up."""
Owned = dict[int, dict[int, int]]
"""By offer (0 is the one, then those that take any units): how many units of each stack it has."""


@dataclass(slots=True)
class Flats:
    """Offers that take any units, in the order in which they are asked; `base`: by stack the best of them, its gain."""

    offers: Sequence[Contender]
    base: dict[int, tuple[int, int]]
    rounds: dict[int, frozenset[str]]
    """By stack the offers of which a unit's gain isn't whole."""

    def rounded(self, on: Sequence[int], left: Sequence[int]) -> frozenset[str]:
        """The offers whose sums must be rounded if they have these units."""
        return frozenset([key for i in on if left[i] for key in self.rounds.get(i, ())])


def flats_of(stacks: Sequence[Stack], offers: Sequence[Contender]) -> Flats:
    """The offers with what they gain on each stack. Numbered from 1."""
    base: dict[int, tuple[int, int]] = {}
    rounds: dict[int, frozenset[str]] = {}
    for number, offer in enumerate(offers, start=1):
        shape = offer.shape
        assert isinstance(shape, PerUnit)
        mine = frozenset((offer.key,))
        for i in shape.on:
            gain = unit_gain(shape.off, shape.value, stacks[i].cost_minor)
            if gain > base.get(i, (0, NOBODY))[0]:
                base[i] = (gain, number)
            if gain % SCALE:
                rounds[i] = rounds.get(i, frozenset()) | mine
    return Flats(offers, base, rounds)


def rest(flats: Flats, on: Sequence[int], left: Sequence[int]) -> Found:
    """The offers that take any units on units that nobody else wants."""
    owned: Owned = {}
    scaled = 0
    for i in on:
        gain, owner = flats.base.get(i, (0, NOBODY))
        if left[i] and owner != NOBODY:
            owned.setdefault(owner, {})[i] = left[i]
            scaled += gain * left[i]
    return Found(_held(flats, owned), scaled // SCALE, scaled, flats.rounded(on, left))


def single(stacks: Sequence[Stack], contender: Contender, flats: Flats, left: Sequence[int]) -> Found | None:
    """One offer beside them, on its own units; None where this isn't certain."""
    shape = contender.shape
    if isinstance(shape, Lump) or contender.needs or contender.every:
        return None
    ring = ring_of(shape)
    on = shape.on if isinstance(shape, PerUnit | Buy) else shape.slots[0][0]
    costs = sorted([(stacks[i].cost_minor, i) for i in on if left[i]])
    if not costs or sum([left[i] for _, i in costs]) > _MOST_UNITS:
        return None
    if ring is not None:
        return _sets(stacks, contender, ring, flats, costs, left)
    return _any_units(stacks, contender, shape, flats, costs, left) if takes_any(contender) else None


def _any_units(
    stacks: Sequence[Stack],
    contender: Contender,
    shape: PerUnit | Buy | Bundle,
    flats: Flats,
    costs: Costs,
    left: Sequence[int],
) -> Found | None:
    """An offer that takes any units as well: the better one has each, if rounding can't make up for the difference."""
    assert isinstance(shape, PerUnit)
    owned: Owned = {}
    gains: list[tuple[int, int]] = []
    scaled = mine = 0
    for cost, i in costs:
        gain = unit_gain(shape.off, shape.value, cost)
        other, owner = flats.base.get(i, (0, NOBODY))
        gains.append((gain, other))
        if gain and gain >= other:
            owned.setdefault(0, {})[i] = left[i]
            mine += gain * left[i]
        elif owner != NOBODY:
            owned.setdefault(owner, {})[i] = left[i]
            scaled += other * left[i]
    if any(gain % SCALE for gain, _ in gains):
        if any((gain or other) and abs(gain - other) <= SCALE for gain, other in gains):
            return None
        mine = (2 * mine + SCALE) // (2 * SCALE) * SCALE
    return _given(stacks, contender, flats, costs, left, owned, scaled + mine)


def _sets(
    stacks: Sequence[Stack], contender: Contender, ring: Ring, flats: Flats, costs: Costs, left: Sequence[int]
) -> Found | None:
    """Sets of so many units, as often as they gain: each offer first free to choose, then by its own rule."""
    scaled, owned = _fill(ring, flats, costs, left)
    if any(cost * ring[2] % SCALE for cost, _ in costs):
        if _given(stacks, contender, flats, costs, left, owned, scaled) is None:
            return None
        filled = fill_rounded(stacks, _runners(stacks, contender, flats, costs, left), left, (0,))
        if filled is None:
            return None
        scaled, owned = filled.scaled, filled.owned
    return _given(stacks, contender, flats, costs, left, owned, scaled)


def _fill(ring: Ring, flats: Flats, costs: Costs, left: Sequence[int]) -> tuple[int, Owned]:
    """What is worth most before rounding, as `fills.fill` finds it for one kind of set."""
    size, gains, rate, full = ring
    many = sum([left[i] for _, i in costs]) + 1
    worth = [0] + [_NEVER] * (size - 1)
    chains: list[Chain] = [None] * size
    wrap = full * many
    for cost, i in costs:
        gain, owner = flats.base.get(i, (0, NOBODY))
        stay = gain * many - (owner != NOBODY)
        own = cost * rate * many - 1
        for _ in range(left[i]):
            closed = worth[-1] + wrap + (own if size == gains else -1)
            better = closed > worth[0] + stay
            after = [closed if better else worth[0] + stay]
            chosen: list[Chain] = [(chains[-1], 0) if better else (chains[0], owner)]
            for at in range(1, size):
                moved, stayed = worth[at - 1] + (own if at <= gains else -1), worth[at] + stay
                better = moved >= stayed
                after.append(moved if better else stayed)
                chosen.append((chains[at - 1], 0) if better else (chains[at], owner))
            worth, chains = after, chosen
    owned: Owned = {}
    chain = chains[0]
    for _, i in reversed(costs):
        for _ in range(left[i]):
            assert chain is not None
            chain, number = chain
            if number != NOBODY:
                counts = owned.setdefault(number, {})
                counts[i] = counts.get(i, 0) + 1
    return -(-worth[0] // many), owned


def _runners(
    stacks: Sequence[Stack], contender: Contender, flats: Flats, costs: Costs, left: Sequence[int]
) -> list[Runner]:
    """The offers as the search by rounded sums is told of them."""
    runners: list[Runner] = []
    on = {i for _, i in costs}
    for number, each in enumerate((contender, *flats.offers)):
        machine = automaton(each, stacks, left, relaxed=True)
        assert machine is not None
        runners.append(Runner(number, tuple(on & scope(each)), machine))
    return runners


def _given(
    stacks: Sequence[Stack],
    contender: Contender,
    flats: Flats,
    costs: Costs,
    left: Sequence[int],
    owned: Owned,
    scaled: int,
) -> Found | None:
    """What they give on these units; None where the one does worse by its own rule than if it were free to choose."""
    taken: list[Taken] = []
    mine = [0] * len(left)
    for i, count in owned.get(0, {}).items():
        mine[i] = count
    shape = contender.shape
    chosen: Taken | None = None
    if isinstance(shape, Buy) and shape.freed is Freed.CHEAPEST_OF_ALL:
        chosen = alone(choosing(contender), stacks, mine)
        for _, i in costs:
            # It may not pass over what nobody has.
            mine[i] = left[i] - sum([counts.get(i, 0) for number, counts in owned.items() if number])
    one = alone(contender, stacks, mine)
    if chosen is not None and (one is None or one.saving_minor < chosen.saving_minor):
        return None
    if one is not None:
        taken.append(one)
    on = [i for _, i in costs]
    return Found(taken + _held(flats, owned), scaled // SCALE, scaled, flats.rounded(on, left))


def _held(flats: Flats, owned: Owned) -> list[Taken]:
    """The units of the offers that take any: what they give is told when all of their units are known."""
    return [
        Taken(flats.offers[number - 1].key, 0, tuple([Share(i, count, 0) for i, count in counts.items()]))
        for number, counts in owned.items()
        if number
    ]
