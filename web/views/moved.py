"""The points of a purchase, and in whose accounts they are."""

from collections.abc import Iterable

from pydantic import BaseModel

from erp_club.points.units import POINTS, Unit, only
from erp_club.purchases.posting.commands import Earned
from erp_club.purchases.queries import MovedRow, Whose


class Buyer(BaseModel):
    """Who bought."""

    id: int
    number: str
    name: str


class PurchasePoints(BaseModel):
    """Points that one club's account gained or paid by a purchase, and its balance right after it.

    `whose`: the account is that person's household's by now, which the buyer has left; null while it is the buyer's, as
    it is when the sale is posted.
    """

    club: dict[str, str]
    points: int
    balance: int
    unit: Unit
    whose: Buyer | None


def earned_points(moved: Iterable[Earned]) -> list[PurchasePoints]:
    """What clubs' accounts gained or paid by a sale that was just posted."""
    return [
        PurchasePoints(club=dict(each.names), points=each.points, balance=each.balance, unit=each.unit, whose=None)
        for each in moved
    ]


def unit_moved(moved: Iterable[Earned | MovedRow]) -> Unit | None:
    """What a purchase's points count, where all of them count the same."""
    units = [each.unit for each in moved]
    return only(units) if units else POINTS


def points_of(moved: Iterable[MovedRow]) -> list[PurchasePoints]:
    """What clubs' accounts gained or paid by a purchase."""
    return [
        PurchasePoints(
            club=dict(each.names),
            points=each.points,
            balance=each.balance,
            unit=each.unit,
            whose=_whose(each.whose) if each.whose else None,
        )
        for each in moved
    ]


def _whose(of: Whose) -> Buyer:
    return Buyer(id=of.customer_id, number=of.number, name=of.name)
