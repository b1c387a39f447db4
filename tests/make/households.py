"""A club whose programme lets memberships share an account, and members of it."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.models import Membership
from erp_club.clubs.rules import EarnedTerms, RulesDocument
from erp_club.clubs.setup.commands import add_rules
from erp_club.permissions.actors import SYSTEM
from erp_club.points.models import PointsAccount
from erp_club.points.rules import Expiry, ExpiryKind
from erp_club.programmes.households.commands import When
from erp_club.programmes.settings import what_tills_read
from erp_club.purchases.asked import Asked, PointsPayment
from erp_club.purchases.commands import Sold, sell
from erp_club.purchases.quotes.told import Buyer
from erp_club.purchases.returns import commands as returns
from erp_club.purchases.returns.facts import Wish
from erp_club.purchases.sale import Payment
from erp_club.purchases.settled import Order
from erp_club.receipts.kinds import Means
from tests.make.clubs import a_club, a_customer, a_membership, moved
from tests.make.offers import points_that_pay
from tests.make.programmes import a_programme
from tests.make.purchases import NOW, Till, a_place, a_product, a_till

SKU, TODAY = "7290000000017", NOW.date()
WHEN = When(TODAY, NOW, SYSTEM)
RULES = {"rules": [{"kind": "money", "code": "all", "points": 1, "per_minor": 100}]}


def later(days: int) -> When:
    """Some days after today."""
    return When(TODAY + dt.timedelta(days=days), NOW + dt.timedelta(days=days), SYSTEM)


@dataclass
class Family:
    """A till, a club in which 1.00 earns a point that is worth 0.05, and its members: membership ids by customer."""

    session: Session
    till: Till
    club_id: int
    members: dict[int, int] = field(default_factory=dict[int, int])

    def join(self, *points: int) -> list[int]:
        """Members with so many points each; their memberships."""
        made: list[int] = []
        for each in points:
            customer = a_customer(self.session, f"{200001 + len(self.members)}")
            joined = a_membership(self.session, customer, self.club_id, joined_on=TODAY)
            self.members[customer] = joined.membership_id
            if each:
                moved(self.session, customer, joined.points_account_id, each, on=TODAY)
            made.append(joined.membership_id)
        return made

    def customer(self, membership_id: int) -> int:
        """Whose membership it is."""
        return self.session.execute(
            sa.select(Membership.customer_id).where(Membership.id == membership_id)
        ).scalar_one()

    def balance(self, membership_id: int) -> int:
        """Of the account that the membership is on."""
        return self.session.execute(
            sa.select(PointsAccount.balance)
            .join(Membership, Membership.points_account_id == PointsAccount.id)
            .where(Membership.id == membership_id)
        ).scalar_one()

    def buys(self, membership_id: int, minor: int, *, points: int = 0, on: When = WHEN, receipt: str = "") -> Sold:
        """Somebody buys for so much, and pays with some points."""
        number = self.session.execute(sa.text("SELECT count(*) FROM receipts")).scalar_one()
        paying = (PointsPayment(points, "GOLD"),) if points else ()
        asked = Asked(((SKU, minor * 10),), Buyer(self.customer(membership_id)), points=paying)
        order = Order(receipt or f"H-{number}", asked, (Payment(Means.CARD, minor - 5 * points),))
        return sell(self.session, order, a_place(self.session, self.till, now=on.now), currency="ILS")

    def returns(self, sold: Sold, milli: int | None = None, *, on: When = WHEN) -> None:
        """Goods of a purchase come back."""
        wish, place = Wish(None if milli is None else ((1, milli),)), a_place(self.session, self.till, now=on.now)
        returns.return_goods(self.session, sold.posted.receipt_id, returns.Asked(wish), place, currency="ILS")


def a_family(session: Session, *, expires: bool = False, **household: Any) -> Family:
    """A club with this rule of households, in a shop with a till."""
    till = a_till(session)
    a_product(session, SKU, price_minor=1_00)
    made = Family(session, till, a_household_club(session, expires=expires, **household))
    points_that_pay(session, "PAY", club="GOLD")
    return made


def a_household_club(session: Session, *, expires: bool = False, **household: Any) -> int:
    """The club alone."""
    club_id = a_club(session)
    programme = a_programme(earning=RULES, household={"most_persons": 3, **household})
    terms = EarnedTerms(expiry=Expiry(ExpiryKind.MONTHS, months=12)) if expires else EarnedTerms()
    rules = RulesDocument(terms=terms, programme=what_tills_read(programme))
    add_rules(session, club_id, rules, effective_from=TODAY, now=NOW, by=SYSTEM)
    return club_id
