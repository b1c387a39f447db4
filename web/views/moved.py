"""The points of a purchase, and in whose accounts they are."""

from collections.abc import Iterable

from pydantic import BaseModel

from erp_club.purchases.queries import MovedRow, Whose


class Buyer(BaseModel):
    """Who bought."""

    id: int
    number: str
    name: str


class EarnedPoints(BaseModel):
    """Points that one club's account gained by a sale, and its balance right after it."""

    club: dict[str, str]
    points: int
    balance: int


class PurchasePoints(EarnedPoints):
    """Points of a purchase. `whose`: the account is that person's household's by now, which the buyer has left."""

    whose: Buyer | None


def points_of(moved: Iterable[MovedRow]) -> list[PurchasePoints]:
    """What clubs' accounts gained or paid by a purchase."""
    return [
        PurchasePoints(
            club=dict(each.names),
            points=each.points,
            balance=each.balance,
            whose=_whose(each.whose) if each.whose else None,
        )
        for each in moved
    ]


def _whose(of: Whose) -> Buyer:
    return Buyer(id=of.customer_id, number=of.number, name=of.name)
