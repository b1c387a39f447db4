"""Plans around birthdays, and customers who celebrate: a valid default of each."""

import datetime as dt
from typing import Any

from sqlalchemy.orm import Session

from erp_club.birthday.grants import commands
from erp_club.birthday.grants.commands import Giving, Granted
from erp_club.birthday.models import BirthdayGrant
from erp_club.birthday.plans.commands import create_plan
from erp_club.birthday.plans.settings import PlanSettings
from erp_club.customers.models import Customer
from erp_club.permissions.actors import SYSTEM
from tests.make.clubs import a_club, a_customer, a_membership
from tests.make.coupons import a_batch

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
TODAY = NOW.date()


def a_plan(session: Session, club_id: int | None = None, code: str = "BDAY", **said: Any) -> int:
    """A coupon of its own batch in the week before and after the birthday, from the start of 2026 on."""
    if not said.keys() & {"batch_id", "offer_code", "card_product_id", "points"}:
        said["batch_id"] = a_batch(session, f"{code}-GIFT", personal=True)
    usual: dict[str, Any] = {"names": {"en": "Birthday gift", "he": "מתנת יום הולדת"}, "club_id": club_id}
    usual |= {"days_before": 7, "days_after": 7, "starts_on": dt.date(2026, 1, 1)}
    return create_plan(session, PlanSettings(code=code, **(usual | said)), language="he", now=NOW, by=SYSTEM)


def born(session: Session, customer_id: int, birthday: dt.date | None, *, anniversary: dt.date | None = None) -> int:
    """Give the customer a birthday."""
    customer = session.get_one(Customer, customer_id)
    customer.birthday, customer.anniversary = birthday, anniversary
    session.flush()
    return customer_id


def a_celebrant(session: Session, birthday: dt.date, *, number: str = "100001", club_id: int | None = None) -> int:
    """A member of a club (one of its own where none is named) who was born on this day."""
    customer_id = born(session, a_customer(session, number), birthday)
    a_membership(session, customer_id, club_id or a_club(session, months=None), joined_on=dt.date(2025, 6, 1))
    return customer_id


def granted(session: Session, plan_id: int, on: dt.date, *, limit: int = 1_000) -> Granted:
    """What a run for this day gives of a plan, in one portion."""
    return commands.grant_next(session, plan_id, Giving(on, NOW, SYSTEM), after=None, limit=limit)


def grants(session: Session, customer_id: int) -> list[BirthdayGrant]:
    """What the customer has got, the earliest celebration first."""
    found = session.query(BirthdayGrant).filter_by(customer_id=customer_id).order_by(BirthdayGrant.day)
    return list(found.populate_existing())
