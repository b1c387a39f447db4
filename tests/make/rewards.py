"""A club with one reward for a month, and members who buy."""

import datetime as dt
from typing import Any

from sqlalchemy.orm import Session

from erp_club.permissions.actors import SYSTEM
from erp_club.programmes import commands as programmes
from erp_club.purchases.commands import post_sale
from tests.make.clubs import NOW, TODAY, a_customer, a_membership
from tests.make.programmes import a_programme
from tests.make.purchases import Till, a_line, a_product, a_sale, a_till

JOINED = dt.date(2026, 9, 1)
MONTHLY = {
    "code": "bonus",
    "names": {"en": "Bonus", "he": "בונוס"},
    "function": {
        "kind": "percent",
        "steps": [{"from_amount": 50_00, "rate_bp": 100}, {"from_amount": 500_00, "rate_bp": 300}],
    },
    "gives": {"kind": "payout"},
    "rest": "drop",
    "issue": {"at": "period_end"},
}


class Shop:
    """A club with one reward, and members who buy."""

    def __init__(self, session: Session, **said: Any) -> None:
        self.session = session
        self.till: Till = a_till(session)
        self.product = a_product(session)
        self.numbers = 0
        club = a_programme(
            names={"en": "Club", "he": "מועדון"},
            earning={"rules": [{"kind": "money", "code": "one", "points": 1, "per_minor": 100}]},
            rewards=[MONTHLY | said],
            switch={"effective_from": "2026-01-01"},
        )
        how: dict[str, Any] = {"currency": "ILS", "language": "he", "today": TODAY, "now": NOW, "by": SYSTEM}
        self.club_id = programmes.load_programme(session, club, publish=True, **how).club_id
        self.rule = (MONTHLY | said)["code"]

    def member(self) -> int:
        self.numbers += 1
        customer = a_customer(self.session, f"N{self.numbers}")
        a_membership(self.session, customer, self.club_id, joined_on=JOINED)
        return customer

    def buys(self, customer: int, minor: int, on: str = "2026-11-10") -> None:
        self.numbers += 1
        at = dt.datetime.fromisoformat(f"{on}T10:00:00+00:00")
        sale = a_sale(
            self.till, a_line(self.product, minor), receipt_no=f"R{self.numbers}", customer_id=customer, sold_at=at
        )
        post_sale(self.session, sale, now=at, by=SYSTEM)
