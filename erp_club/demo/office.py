"""What head office of the demo has set up besides clubs and offers: segments, a birthday plan, a kind of gift card."""

import datetime as dt
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.birthday.plans.commands import create_plan
from erp_club.birthday.plans.settings import PlanSettings
from erp_club.catalogue import commands as catalogue
from erp_club.catalogue.commands import ProductFields
from erp_club.catalogue.kinds import ProductKind
from erp_club.clubs.models import Club
from erp_club.demo.story import BIRTHDAY, CHAIN
from erp_club.permissions.actors import Actor
from erp_club.promotions.coupons.models import CouponBatch
from erp_club.purchases.segment_registry import REGISTRY
from erp_club.segments import commands as segments
from erp_club.segments.commands import Settings
from erp_club.stored_value.products import commands as card_products
from erp_club.stored_value.products.commands import Chain
from erp_club.stored_value.products.settings import ProductSettings

_THE_YEAR = {"from": "2017-01-01", "to": "2017-12-31"}
SEGMENTS: tuple[tuple[Settings, dict[str, Any]], ...] = (
    (
        Settings("Coffee every month", "Twelve purchases of coffee or more in the year of the data."),
        {"metric": "purchases", "of": {"group": ["COFFEE"]}, "over": _THE_YEAR, "op": "ge", "value": 12},
    ),
    (
        Settings("Big baskets, by SMS", "Who spent 3,000 or more in the year and may be written to."),
        {
            "all": [
                {"metric": "spend", "over": _THE_YEAR, "op": "ge", "value": 3000_00},
                {"field": "consent", "op": "eq", "value": "sms"},
            ]
        },
    ),
    (
        Settings("Stayed away at the end", "Bought before October and not since.", at_till=False),
        {
            "all": [
                {"metric": "purchases", "over": _THE_YEAR, "op": "ge", "value": 1},
                {
                    "metric": "purchases",
                    "over": {"from": "2017-10-01", "to": "2017-12-31"},
                    "op": "eq",
                    "value": 0,
                },
            ]
        },
    ),
)
GIFT_CARD = ProductFields("GIFT", "Gift card", 1_00, 0, kind=ProductKind.GIFT_CARD, earns_points=False)
CARD = ProductSettings(
    "GIFT",
    {"en": "Gift card", "he": "כרטיס מתנה", "fi": "Lahjakortti", "sv": "Presentkort"},
    valid_months=60,
    articles=("GIFT",),
)
BIRTHDAY_PLAN = PlanSettings(
    "FAMILY-BIRTHDAY",
    {"en": "A coupon around the birthday", "he": "קופון סביב יום ההולדת", "fi": "Kuponki syntymäpäivän aikaan",
     "sv": "Kupong kring födelsedagen"},
    starts_on=dt.date(2017, 1, 1),
    days_before=7,
    days_after=14,
)  # fmt: skip
"""For the members of FAMILY; the next night gives to those whose days these are."""


def set_up(session: Session, *, today: dt.date, now: dt.datetime, by: Actor) -> None:
    """The segments, with who is in them, the birthday plan, and the gift card, with the article that sells it."""
    for settings, condition in SEGMENTS:
        segments.create(session, settings, condition, registry=REGISTRY, today=today, now=now, by=by)
    catalogue.add_product(session, GIFT_CARD, now=now, by=by)
    chain = Chain(CHAIN["currency"], CHAIN["country"], CHAIN["language"])
    card_products.create_product(session, CARD, chain=chain, now=now, by=by)
    club_id = session.scalars(sa.select(Club.id).where(Club.code == "FAMILY")).one()
    batch_id = session.scalars(sa.select(CouponBatch.id).where(CouponBatch.code == BIRTHDAY.code)).one()
    plan = replace(BIRTHDAY_PLAN, starts_on=today, club_id=club_id, batch_id=batch_id)
    create_plan(session, plan, language=CHAIN["language"], now=now, by=by)
