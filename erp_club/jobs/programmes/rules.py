"""What a programme makes of a balance. Pure: points are whole."""

from enum import StrEnum

WHOLE_BP = 10_000


class Effect(StrEnum):
    """Zero and set name the balance itself, add and percent the change of it."""

    ZERO = "zero"
    SET = "set"
    ADD = "add"
    PERCENT = "percent"


class Rounding(StrEnum):
    """How a share of points becomes whole: to the lower, the nearest (a half goes up) or the higher number."""

    DOWN = "down"
    NEAREST = "nearest"
    UP = "up"


EXTRA = {Rounding.DOWN: 0, Rounding.NEAREST: WHOLE_BP // 2, Rounding.UP: WHOLE_BP - 1}
"""What is added to a product before it is divided by `WHOLE_BP` and cut."""


def change(effect: Effect, amount: int, rounding: Rounding, balance: int) -> int:
    """By how many points a balance changes; one below zero is a debt, which only zero, set and add lift.

    Nothing is taken below zero. `amount` is whole points, with percent hundredths of a percent (-1000 takes a tenth).

    >>> change(Effect.PERCENT, -1000, Rounding.DOWN, 105)
    -11
    """
    match effect:
        case Effect.ZERO | Effect.SET:
            return amount - balance
        case Effect.ADD:
            return max(amount, -max(balance, 0))
        case Effect.PERCENT:
            held = max(balance, 0)
            return (held * (WHOLE_BP + amount) + EXTRA[rounding]) // WHOLE_BP - held
