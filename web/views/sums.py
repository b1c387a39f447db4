"""Points of several clubs, summed as far as these count the same."""

from collections.abc import Iterable
from typing import Protocol

from pydantic import BaseModel

from erp_club.points.units import Unit, summed


class PointsSum(BaseModel):
    """So many parts of a unit, all clubs together that count in it."""

    points: int
    unit: Unit


def sums(amounts: Iterable[tuple[int, Unit]]) -> list[PointsSum]:
    """The sum of each unit that there is."""
    return [PointsSum(points=parts, unit=unit) for parts, unit in summed(amounts)]


class PointsWorth(PointsSum):
    """Points over all clubs of one currency that count the same, and what they are worth."""

    worth_minor: int
    currency: str


class Held(Protocol):
    """What a membership holds."""

    balance: int
    unit: Unit
    worth_minor: int
    currency: str


def worth_of(memberships: Iterable[Held]) -> list[PointsWorth]:
    """What memberships hold together, as far as clubs count the same in one currency."""
    made: list[PointsWorth] = []
    for held in memberships:
        alike = next((each for each in made if (each.currency, each.unit) == (held.currency, held.unit)), None)
        if alike is None:
            alike = PointsWorth(points=0, unit=held.unit, worth_minor=0, currency=held.currency)
            made.append(alike)
        alike.points += held.balance
        alike.worth_minor += held.worth_minor
    return made
