"""An offer as a small automaton that takes units from the cheapest to the dearest.

Its state is how far its open set is filled, or how many units it has had. What no automaton describes (a cap, needs,
sets whose slots share units) goes to `programme`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import prod

from erp_club.promotions.engine.rewards import Freed
from erp_club.promotions.engine.scope import Pick
from erp_club.promotions.engine.solve.shapes import SCALE, Bundle, Buy, Contender, Off, PerUnit, Stack
from erp_club.promotions.engine.solve.units import unit_gain

Move = tuple[int, bool, int]
"""Next state; whether the unit's own gain counts; what is added besides (scaled)."""
Moves = list[list[Move]]
"""For each state."""
_MOST_STATES = 400
"""Of sets with several slots."""


@dataclass(slots=True)
class Automaton:
    """How one offer takes units, from the cheapest up.

    It begins in a state of `starts` and may end in one of `last`. In a state of `strict` no unit of its scope may be
    passed over. `slots`: by stack the moves of its units, where they aren't `moves`.
    """

    moves: Moves
    last: frozenset[int]
    gain: Callable[[int], int]
    starts: tuple[int, ...] = (0,)
    strict: frozenset[int] = field(default_factory=frozenset[int])
    slots: dict[int, Moves] = field(default_factory=dict[int, Moves])

    def by(self, stack: int) -> Moves:
        """The moves by a unit of a stack."""
        return self.slots.get(stack, self.moves) if self.slots else self.moves


def automaton(contender: Contender, stacks: Sequence[Stack], left: Sequence[int], *, relaxed: bool) -> Automaton | None:
    """The automaton of an offer, None where it has none. Relaxed, one that frees the cheapest of all may choose."""
    shape = contender.shape
    if contender.needs or contender.every:
        return None
    match shape:
        case PerUnit():
            return _per_unit(shape, stacks, left, relaxed=relaxed)
        case Buy():
            return _buy(shape, sum(left[i] for i in shape.on), relaxed=relaxed)
        case Bundle():
            return _bundle(shape, stacks, left)
        case _:
            return None


def _per_unit(shape: PerUnit, stacks: Sequence[Stack], left: Sequence[int], *, relaxed: bool) -> Automaton | None:
    off, value = shape.off, shape.value

    def gain(cost: int) -> int:
        return unit_gain(off, value, cost)

    if shape.cap_minor is not None:
        most = sum(left[i] * gain(stacks[i].cost_minor) for i in shape.on)
        if most > shape.cap_minor * SCALE:
            return None
    if shape.group > 1:
        if shape.most is not None or shape.pick is Pick.CHEAPEST:
            return None
        ring: list[list[Move]] = [[((at + 1) % shape.group, True, 0)] for at in range(shape.group)]
        return Automaton(ring, frozenset((0,)), gain)
    there = sum(left[i] for i in shape.on)
    if shape.least > 1:
        return _from_least_on(shape, stacks, gain) if shape.most is None else None
    if shape.most is None or shape.most >= there:
        return Automaton([[(0, True, 0)]], frozenset((0,)), gain)
    line: list[list[Move]] = [[(at + 1, True, 0)] for at in range(shape.most)]
    if shape.pick is Pick.DEAREST or relaxed:
        return Automaton([*line, []], frozenset(range(shape.most + 1)), gain)
    idle = shape.most + 1
    return Automaton(
        [*line, [], []], frozenset(range(idle + 1)), gain, starts=(0, idle), strict=frozenset(range(shape.most))
    )


def _from_least_on(shape: PerUnit, stacks: Sequence[Stack], gain: Callable[[int], int]) -> Automaton:
    """No units, or so many that they count for the least at least."""
    least = shape.least

    def moves(counts: int) -> Moves:
        return [[(min(least, at + counts), True, 0)] for at in range(least + 1)]

    heavier = {i: moves(stacks[i].counts) for i in shape.on if stacks[i].counts > 1}
    return Automaton(moves(1), frozenset((0, least)), gain, slots=heavier)


def _buy(shape: Buy, there: int, *, relaxed: bool) -> Automaton:
    off_bp, size, free = shape.off_bp, shape.size, shape.free

    def gain(cost: int) -> int:
        return cost * off_bp

    times = there // size if shape.times is None else min(there // size, shape.times)
    if shape.freed is Freed.CHEAPEST_OF_ALL and not relaxed and times:
        return _buy_of_all(shape, times, gain, limited=shape.times == times)
    if times * size + size > there:
        ring: list[list[Move]] = [[((at + 1) % size, at < free, 0)] for at in range(size)]
        return Automaton(ring, frozenset((0,)), gain)
    line: list[list[Move]] = [[(at + 1, at % size < free, 0)] for at in range(times * size)]
    return Automaton([*line, []], frozenset(range(0, times * size + 1, size)), gain)


def _buy_of_all(shape: Buy, times: int, gain: Callable[[int], int], *, limited: bool) -> Automaton:
    """First so many freed units, then as many paid ones as those ask for, and at most `size` − 1 more.

    States: `freed` units (0 … times × free), then what is still `open` of the paid ones, from the most down to
    −(size − 1), then idle. Where the number of times is limited, any number may be over once it is reached, which has
    open counts of its own.
    """
    size, free = shape.size, shape.free
    paid = size - free
    freed_states = times * free + 1
    zero = freed_states + times * paid
    full = zero + size
    idle = full + (times * paid + 1 if limited else 0)
    moves: list[list[Move]] = [[] for _ in range(idle + 1)]
    last = {idle}
    for freed in range(freed_states):
        if freed < freed_states - 1:
            moves[freed].append((freed + 1, True, 0))
        if freed and freed % free == 0:
            sets = freed // free
            still = sets * paid
            if limited and sets == times:
                moves[freed].append((full + max(0, still - 1), False, 0))
            elif size > 1:
                moves[freed].append((zero - (still - 1), False, 0))
            if still == 0:
                last.add(freed)
    for state in range(freed_states, full - 1):
        moves[state].append((state + 1, False, 0))
    last.update(range(zero, full))
    for still in range(times * paid + 1 if limited else 0):
        moves[full + still].append((full + max(0, still - 1), False, 0))
    last.add(full)  # without a limit that is idle
    return Automaton(moves, frozenset(last), gain, starts=(0, idle), strict=frozenset(range(idle)))


def _bundle(shape: Bundle, stacks: Sequence[Stack], left: Sequence[int]) -> Automaton | None:
    if shape.pick is Pick.CHEAPEST:
        return None
    if len(shape.slots) > 1:
        return _slots(shape, stacks, left)
    on, quantity = next(iter(shape.slots))
    off, value = shape.off, shape.value
    own, done = True, 0
    if off is Off.PRICE:
        done = -value * SCALE
    elif off is Off.AMOUNT:
        cheapest = sorted(stacks[i].cost_minor for i in on for _ in range(min(left[i], quantity)))
        if value > sum(cheapest[:quantity]):
            return None
        own, done = False, value * SCALE

    def gain(cost: int) -> int:
        return cost * (value if off is Off.SHARE else SCALE)

    there = sum(left[i] for i in on)
    if shape.times is None or shape.times >= there // quantity:
        ring: list[list[Move]] = [
            [((at + 1) % quantity, own, done if at == quantity - 1 else 0)] for at in range(quantity)
        ]
        return Automaton(ring, frozenset((0,)), gain)
    length = shape.times * quantity
    line: list[list[Move]] = [[(at + 1, own, done if (at + 1) % quantity == 0 else 0)] for at in range(length)]
    return Automaton([*line, []], frozenset(range(0, length + 1, quantity)), gain)


def _slots(shape: Bundle, stacks: Sequence[Stack], left: Sequence[int]) -> Automaton | None:
    """Sets with several slots that share no units: how many units each slot has had, in the end the same sets of all.

    What a set gains is told at its last unit of the first slot. Which units go together doesn't matter to the sum.
    """
    slots = [([i for i in on if left[i]], quantity) for on, quantity in shape.slots]
    if sum([len(on) for on, _ in slots]) != len({i for on, _ in slots for i in on}):
        return None
    times = min([sum([left[i] for i in on]) // quantity for on, quantity in slots])
    times = times if shape.times is None else min(times, shape.times)
    sizes = [times * quantity + 1 for _, quantity in slots]
    if prod(sizes) > _MOST_STATES:
        return None
    if shape.off is Off.AMOUNT and shape.value > sum([_cheapest(on, quantity, stacks, left) for on, quantity in slots]):
        return None
    value, own = shape.value, shape.off is not Off.AMOUNT
    done = 0 if shape.off is Off.SHARE else -value * SCALE if own else value * SCALE
    held: dict[int, Moves] = {}
    place, ends = 1, [0] * (times + 1)
    for nth, ((on, quantity), size) in enumerate(zip(slots, sizes, strict=True)):
        moves: Moves = []
        for code in range(prod(sizes)):
            at = code // place % size + 1
            full = not nth and at % quantity == 0
            moves.append([(code + place, own, done if full else 0)] if at < size else [])
        held.update([(i, moves) for i in on])
        ends = [code + place * quantity * sets for sets, code in enumerate(ends)]
        place *= size
    rate = value if shape.off is Off.SHARE else SCALE
    nowhere: Moves = [[] for _ in range(prod(sizes))]
    return Automaton(nowhere, frozenset(ends), lambda cost: cost * rate, slots=held)


def _cheapest(on: Sequence[int], quantity: int, stacks: Sequence[Stack], left: Sequence[int]) -> int:
    """What the cheapest units of a slot cost."""
    return sum(sorted(stacks[i].cost_minor for i in on for _ in range(min(left[i], quantity)))[:quantity])
