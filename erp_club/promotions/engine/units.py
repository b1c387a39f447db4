"""What some units of a line have of its discount, its points or its price, so that returns are exact.

An amount lies on a line's units evenly, odd minor units on the first ones; the parts of all units sum to it exactly,
however many returns they come in.
"""

from collections.abc import Iterable
from typing import NamedTuple

from erp_club.kernel.money import Rounding, round_div


def part_of(amount: int, quantity_milli: int, *, before_milli: int, returned_milli: int) -> int:
    """The part of `returned_milli` of a line after `before_milli` have come back before. `quantity_milli` > 0."""
    first = _up_to(amount, quantity_milli, before_milli)
    return _up_to(amount, quantity_milli, before_milli + returned_milli) - first


def _up_to(amount: int, quantity_milli: int, milli: int) -> int:
    """What lies on the first so many thousandths: never less than on fewer."""
    if quantity_milli % 1000:
        return round_div(amount * milli, quantity_milli, Rounding.HALF_UP)
    units, (count, rest) = quantity_milli // 1000, divmod(milli, 1000)
    each, odd = divmod(abs(amount), units)
    # A part of a unit has its part of what lies on that unit.
    part = each * count + min(count, odd) + round_div((each + (count < odd)) * rest, 1000, Rounding.HALF_UP)
    return part if amount >= 0 else -part


class Touched(NamedTuple):
    """How many thousandths of a line offers have touched, and how many were had for nothing."""

    milli: int
    free_milli: int


UNTOUCHED = Touched(0, 0)


def touched(quantity_milli: int, list_minor: int, taken: Iterable[tuple[int, int]]) -> Touched:
    """What offers did to a line of so many units that cost `list_minor` without them: (amount, units) of each offer.

    An offer that took off all that its units cost gave them for nothing; one that did so twice gave as many as its
    amount is worth. A line added as a gift costs nothing and has nothing taken off.
    """
    milli = free = 0
    for amount, units in taken:
        mine = 0
        if amount * quantity_milli >= list_minor * units:
            mine = max(units, amount * quantity_milli // list_minor) if list_minor else units
        milli += max(units, mine)
        free += mine
    return Touched(min(milli, quantity_milli), min(free, quantity_milli))
