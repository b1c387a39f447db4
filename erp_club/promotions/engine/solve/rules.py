"""What one offer gives on the units that are left to it, by its own rule; the one place where a shape is worked out.

The search only decides which units are left to whom; whatever it finds is worked out again here.
"""

from collections.abc import Iterable, Sequence

from erp_club.promotions.engine.priced import made
from erp_club.promotions.engine.rewards import Freed
from erp_club.promotions.engine.scope import Pick
from erp_club.promotions.engine.solve.bundles import all_slots, bundle
from erp_club.promotions.engine.solve.shapes import (
    SCALE,
    Bundle,
    Buy,
    Contender,
    Lump,
    Off,
    PerUnit,
    Shape,
    Share,
    Stack,
    Taken,
)
from erp_club.promotions.engine.solve.units import first_units, order, unit_gain, whole_minor

_MOST_TRIALS = 40
MOST_TIMES = 10_000
Counts = list[int]


def alone(contender: Contender, stacks: Sequence[Stack], left: Sequence[int]) -> Taken | None:
    """What the offer gives where `left` units of each stack are left to it; None for nothing."""
    if contender.needs or contender.every:
        return _with_needs(contender, stacks, left)
    return _work_out(contender.key, contender.shape, stacks, left)


def beside_reserved(
    contender: Contender, stacks: Sequence[Stack], left: Sequence[int], reserved: Sequence[int], times: int
) -> Taken | None:
    """The same where the units that fulfil its needs `times` times are settled: they come besides `left`."""
    shape = _limited(contender.shape, times) if contender.every else contender.shape
    taken = _work_out(contender.key, shape, stacks, left)
    if taken is None:
        return None
    used = _added(taken.used, ((i, count) for i, count in enumerate(reserved) if count))
    return taken._replace(used=used, times=times if contender.every else taken.times)


def _work_out(key: str, shape: Shape, stacks: Sequence[Stack], left: Sequence[int]) -> Taken | None:
    match shape:
        case PerUnit():
            return _per_unit(key, shape, stacks, left)
        case Buy():
            return _buy(key, shape, stacks, left)
        case Bundle():
            return bundle(key, shape, stacks, left)
        case Lump():
            return _lump(key, shape, stacks, left)


def _per_unit(key: str, shape: PerUnit, stacks: Sequence[Stack], left: Sequence[int]) -> Taken | None:
    off, value = shape.off, shape.value
    if shape.least and sum([left[i] * stacks[i].counts for i in shape.on]) < shape.least:
        return None
    if shape.most is None and shape.group == 1:
        picked = [(i, left[i]) for i in shape.on if left[i]]
    else:
        there = sum(left[i] for i in shape.on)
        most = there if shape.most is None else min(there, shape.most)
        picked = sorted(first_units(order(shape.on, stacks, shape.pick), left, most - most % shape.group))
    if off is Off.SHARE:
        shares = _at_cost(picked, stacks)
        saving = whole_minor(value * sum([weight for _, _, weight in shares]))
    else:
        gains = ((i, count, unit_gain(off, value, stacks[i].cost_minor) // SCALE) for i, count in picked)
        shares = tuple(Share(i, count, gain * count) for i, count, gain in gains if gain)
        saving = sum(share.weight for share in shares)
    if shape.cap_minor is not None:
        saving = min(saving, shape.cap_minor)
    return made(Taken, (key, saving, shares, (), 1)) if saving > 0 else None


def _at_cost(picked: Iterable[tuple[int, int]], stacks: Sequence[Stack]) -> tuple[Share, ...]:
    """The units that cost something, each weighing what it costs."""
    costs = [(i, count, stacks[i].cost_minor) for i, count in picked]
    return tuple([made(Share, (i, count, cost * count)) for i, count, cost in costs if cost])


def _buy(key: str, shape: Buy, stacks: Sequence[Stack], left: Sequence[int]) -> Taken | None:
    size, free = shape.size, shape.free
    there = sum([left[i] for i in shape.on])
    times = there // size if shape.times is None else min(there // size, shape.times)
    if not times:
        return None
    dear = order(shape.on, stacks, Pick.DEAREST)
    if shape.freed is Freed.CHEAPEST_OF_ALL:
        freed = dict(first_units(order(shape.on, stacks, Pick.CHEAPEST), left, times * free))
        rest = [count - freed.get(i, 0) for i, count in enumerate(left)]
        paid = first_units(dear, rest, times * (size - free))
    else:
        freed, paid = dict[int, int](), list[tuple[int, int]]()
        at = before = 0
        for i, count in first_units(dear, left, times * size):
            at += count
            # The last ones of each full group are free.
            until = at // size * free + max(0, at % size - size + free)
            given, before = until - before, until
            if given:
                freed[i] = given
            if count > given:
                paid.append((i, count - given))
    shares = tuple([made(Share, (i, count, stacks[i].cost_minor * count)) for i, count in sorted(freed.items())])
    saving = whole_minor(shape.off_bp * sum([weight for _, _, weight in shares]))
    return made(Taken, (key, saving, shares, tuple(sorted(paid)), times)) if saving > 0 else None


def _lump(key: str, shape: Lump, stacks: Sequence[Stack], left: Sequence[int]) -> Taken | None:
    shares = tuple([made(Share, (i, left[i], stacks[i].cost_minor * left[i])) for i in shape.on if left[i]])
    saving = min(shape.value_minor, sum([weight for _, _, weight in shares]))
    return made(Taken, (key, saving, shares, (), 1)) if saving > 0 else None


def _with_needs(contender: Contender, stacks: Sequence[Stack], left: Sequence[int]) -> Taken | None:
    most = min(most_times(contender, stacks, left), _useful_times(contender.shape, left))
    best: Taken | None = None
    for times in range(most, max(0, most - _MOST_TRIALS), -1):
        shape = _limited(contender.shape, times) if contender.every else contender.shape
        taken = _work_out(contender.key, shape, stacks, left)
        reserved = None if taken is None else _reserve(contender, stacks, left, taken, times)
        if taken is None or reserved is None or (best is not None and taken.saving_minor <= best.saving_minor):
            continue
        used = _added(taken.used, ((i, count) for i, count in enumerate(reserved) if count))
        best = taken._replace(used=used, times=times if contender.every else taken.times)
    return best


def most_times(contender: Contender, stacks: Sequence[Stack], left: Sequence[int]) -> int:
    """How often its needs could be met, had it all units of each: once, or with `every` as often as they go in."""
    if not contender.every:
        return 1
    times = contender.times
    for need in contender.needs:
        fits = sum(left[i] * stacks[i].counts for i in need.on) // need.quantity
        times = fits if times is None else min(times, fits)
    return 1 if times is None else times


def _useful_times(shape: Shape, left: Sequence[int]) -> int:
    """More often than this gives nothing more."""
    if isinstance(shape, Lump):
        return MOST_TIMES
    if isinstance(shape, Bundle):
        return min([sum([left[i] for i in on]) // quantity for on, quantity in shape.slots])
    there = sum([left[i] for i in shape.on])
    if isinstance(shape, Buy):
        return there // shape.size
    return there if shape.most is None else -(-there // shape.most)


def _reserve(
    contender: Contender, stacks: Sequence[Stack], left: Sequence[int], taken: Taken, times: int
) -> Counts | None:
    """Units for the needs beside those that are rewarded: those that it couldn't reward first, the cheapest first."""
    rest, own = list(left), [0] * len(left)
    for i, count in (*((i, count) for i, count, _ in taken.shares), *taken.used):
        rest[i] -= count
        own[i] += count
    shape = contender.shape
    rewarded = all_slots(shape) if isinstance(shape, Bundle) else set(shape.on)
    reserved = [0] * len(left)
    for need in sorted(contender.needs, key=lambda need: sum(left[i] for i in need.on)):
        missing = need.quantity * times - sum((own[i] + reserved[i]) * stacks[i].counts for i in need.on)
        for i in sorted(order(need.on, stacks, Pick.CHEAPEST), key=lambda i: i in rewarded):
            if missing <= 0:
                break
            count = min(rest[i], -(-missing // stacks[i].counts))
            rest[i] -= count
            reserved[i] += count
            missing -= count * stacks[i].counts
        if missing > 0:
            return None
    return reserved


def _limited(shape: Shape, times: int) -> Shape:
    match shape:
        case PerUnit():
            return shape if shape.most is None else shape._replace(most=shape.most * times)
        case Buy() | Bundle():
            return shape._replace(times=times if shape.times is None else min(times, shape.times))
        case Lump():
            return shape._replace(value_minor=shape.value_minor * times)


def _added(used: Iterable[tuple[int, int]], more: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    counts: dict[int, int] = {}
    for i, count in (*used, *more):
        counts[i] = counts.get(i, 0) + count
    return tuple(sorted(counts.items()))
