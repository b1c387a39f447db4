"""Money and points as integers: rounding once, and sharing out to the last unit.

Amounts are in minor units of an ISO 4217 currency (agorot, cents, öre); all our currencies have two decimals.
"""

from collections.abc import Sequence
from enum import StrEnum

CASH_STEP_MINOR = {"ILS": 10, "EUR": 5, "SEK": 100}
"""The smallest amount that cash can pay. ILS: Bank of Israel, 1 and 5 agorot withdrawn (2008). EUR: the Finnish act on
rounding euro cash payments (890/2001). SEK: lagen om avrundning vid betalning (1970:1029), 50 öre withdrawn in 2010."""


class Rounding(StrEnum):
    """How a quotient becomes whole; always named by the caller."""

    DOWN = "down"
    UP = "up"
    HALF_UP = "half_up"


def round_div(dividend: int, divisor: int, rounding: Rounding) -> int:
    """`dividend / divisor` made whole. Rounding is by size, so that −x rounds as x does. `divisor` > 0."""
    if divisor <= 0:
        raise ValueError("divisor must be above 0")
    size = abs(dividend)
    if rounding is Rounding.DOWN:
        whole = size // divisor
    elif rounding is Rounding.UP:
        whole = -(-size // divisor)
    else:
        whole = (2 * size + divisor) // (2 * divisor)
    return whole if dividend >= 0 else -whole


def to_text(minor: int) -> str:
    """1250 as `"12.50"`, for files and machines."""
    return f"{'-' if minor < 0 else ''}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def cash_rounding(total_minor: int, currency: str) -> int:
    """What is added to (or, below zero, taken from) a total so that cash can pay it; halves go up in size."""
    step = CASH_STEP_MINOR.get(currency, 1)
    return round_div(total_minor, step, Rounding.HALF_UP) * step - total_minor


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Share `total` out in proportion to `weights` (≥ 0) so that the parts sum to it exactly.

    Largest remainder; ties go to the earlier part. With all weights 0 the first part takes all. Raises ValueError
    for no weights or a negative one.
    """
    if not weights or min(weights) < 0:
        raise ValueError("weights must be at least one, none below 0")
    whole = sum(weights)
    if whole == 0:
        return [total, *([0] * (len(weights) - 1))]
    size = abs(total)
    parts = [size * weight // whole for weight in weights]
    odd = size - sum(parts)
    if odd:
        for _, i in sorted([(-(size * weight % whole), i) for i, weight in enumerate(weights)])[:odd]:
            parts[i] += 1
    return parts if total >= 0 else [-part for part in parts]
