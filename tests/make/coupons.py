"""Batches of coupons and coupons, issued the way that everybody issues them."""

import datetime as dt
from typing import Any

from sqlalchemy.orm import Session

from erp_club.permissions.actors import SYSTEM
from erp_club.promotions.coupons import commands, queries
from erp_club.promotions.coupons.batches import commands as batches
from erp_club.promotions.coupons.batches.settings import BatchSettings
from erp_club.promotions.engine.facts import Coupon

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
TODAY = NOW.date()


def a_batch(session: Session, code: str = "WINTER", **settings: Any) -> int:
    """A batch of bearer coupons that are used once and never end, unless the test says otherwise."""
    said: dict[str, Any] = {"names": {"en": f"{code.title()} coupons", "he": "קופוני חורף"}} | settings
    made = BatchSettings(code=code, **said)
    return batches.create_batch(session, made, language="en", now=NOW, by=SYSTEM)


def some_coupons(session: Session, count: int = 1, code: str = "WINTER", *, customer_id: int = 0) -> tuple[str, ...]:
    """So many codes of a batch; of a personal one they are the customer's."""
    return commands.issue(session, code, count, customer_id=customer_id, now=NOW, today=TODAY, by=SYSTEM)


def read(
    session: Session,
    *texts: str,
    customer_id: int = 0,
    sale_id: str = "sale-1",
    now: dt.datetime = NOW,
    today: dt.date | None = None,
) -> tuple[Coupon, ...]:
    """What a till is told of these texts."""
    return queries.read_coupons(
        session, texts, customer_id=customer_id, sale_id=sale_id, now=now, today=today or now.date()
    )
