"""What a purchase earns and what points are worth. Pure: amounts in minor units, points whole."""

from erp_club.kernel.money import Rounding, round_div


def points_for(amount_minor: int, earn_points: int, earn_per_minor: int) -> int:
    """`earn_points` for each full `earn_per_minor` of the amount; 0 for nothing paid or money back.

    Rounded down once: 19.99 at 1 point for each 10.00 earn 1. `earn_points` ≥ 0, `earn_per_minor` > 0.
    """
    return round_div(max(amount_minor, 0), earn_per_minor, Rounding.DOWN) * earn_points


def worth_of(points: int, worth_points: int, worth_minor: int) -> int:
    """What a balance is worth at `worth_minor` for `worth_points` (> 0): rounded down in size, below zero too."""
    return round_div(points * worth_minor, worth_points, Rounding.DOWN)
