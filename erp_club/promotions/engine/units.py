"""What some units of a line have of its discount, its points or its price, so that returns are exact.

An amount lies on a line's units evenly, odd minor units on the first ones; the parts of all units sum to it exactly,
however many returns they come in.
"""

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
