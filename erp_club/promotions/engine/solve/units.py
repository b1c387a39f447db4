"""What every rule asks of units: in which order they go, what one gains, and the first so many of them."""

from collections.abc import Iterable, Sequence

from erp_club.promotions.engine.scope import Pick
from erp_club.promotions.engine.solve.shapes import SCALE, Off, Stack

Runs = list[tuple[int, int]]
"""(stack, count) of units in the order they go."""


def whole_minor(scaled: int) -> int:
    """Scaled savings in minor units, half up."""
    return (2 * scaled + SCALE) // (2 * SCALE)


def order(on: Iterable[int], stacks: Sequence[Stack], pick: Pick) -> list[int]:
    """The stacks of a scope, dearest or cheapest first; equal ones in the order of the lines."""
    if pick is Pick.DEAREST:
        return [i for _, i in sorted([(-stacks[i].cost_minor, i) for i in on])]
    return [i for _, i in sorted([(stacks[i].cost_minor, i) for i in on])]


def unit_gain(off: Off, value: int, cost_minor: int) -> int:
    """What one unit gains, in scaled minor units."""
    if off is Off.SHARE:
        return cost_minor * value
    if off is Off.AMOUNT:
        return min(value, cost_minor) * SCALE
    return max(0, cost_minor - value) * SCALE


def first_units(ranked: Iterable[int], left: Sequence[int], count: int) -> Runs:
    """The first so many units in this order, as (stack, count)."""
    picked: Runs = []
    for i in ranked:
        if count <= 0:
            break
        if left[i]:
            take = min(left[i], count)
            picked.append((i, take))
            count -= take
    return picked
