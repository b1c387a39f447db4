"""A club with levels, its members, and what they buy."""

import datetime as dt
import itertools
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from erp_club.permissions.actors import SYSTEM
from erp_club.programmes import commands
from erp_club.purchases.asked import Asked
from erp_club.purchases.commands import Sold, sell
from erp_club.purchases.quotes.told import Buyer
from erp_club.purchases.sale import Payment
from erp_club.purchases.settled import Order
from erp_club.receipts.kinds import Means
from tests.make.clubs import NOW, TODAY, a_customer, a_membership
from tests.make.programmes import a_programme
from tests.make.purchases import Till, a_place, a_product

STEPS = [
    {"code": "bronze", "at_least": 0, "names": {"en": "Bronze", "he": "ארד"}},
    {"code": "silver", "at_least": 500_00, "names": {"en": "Silver", "he": "כסף"}},
    {"code": "gold", "at_least": 1_000_00, "names": {"en": "Gold", "he": "זהב"}},
]
TENTH = {"kind": "money", "code": "tenth", "points": 1, "per_minor": 10_00}
numbers = itertools.count(1)


def a_club_with_levels(session: Session, code: str = "CLUB", *, rules: tuple[dict[str, Any], ...] = (), **said: Any):
    """A published club of three levels by a calendar year's purchases, at 0, 500.00 and 1,000.00; the club's id."""
    document = a_programme(
        code=code,
        names={"en": "Club", "he": "מועדון"},
        earning={"rules": [TENTH, *rules]},
        levels={"levels": STEPS} | said.pop("levels", {}),
        **said,
    )
    return commands.load_programme(
        session, document, currency="ILS", language="he", today=TODAY, now=NOW, by=SYSTEM, publish=True
    ).club_id


def a_member(session: Session, club_id: int, number: str = "100001", *, joined_on: dt.date = TODAY) -> tuple[int, int]:
    """A customer in the club: the ids of customer and membership."""
    customer_id = a_customer(session, number)
    return customer_id, a_membership(session, customer_id, club_id, joined_on=joined_on).membership_id


def buys(
    session: Session,
    till: Till,
    customer_id: int,
    minor: int,
    *,
    at: dt.datetime = NOW,
    paid_minor: int | None = None,
    **said: Any,
) -> Sold:
    """A product of this price, sold at the till; all of it, or what is left to pay, is paid by card."""
    number = next(numbers)
    a_product(session, f"P{number}", price_minor=minor)
    place = replace(a_place(session, till, now=at), sold_at=at)
    asked = Asked(lines=((f"P{number}", 1000),), buyer=Buyer(customer_id=customer_id), means=("card",), **said)
    order = Order(f"R-{number}", asked, (Payment(Means.CARD, minor if paid_minor is None else paid_minor),))
    return sell(session, order, place, currency="ILS")
