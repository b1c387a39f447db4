"""Batches of coupons and coupons, issued the way that everybody issues them."""

import datetime as dt
from collections.abc import Collection
from typing import Any

from sqlalchemy.orm import Session

from erp_club.permissions.actors import SYSTEM
from erp_club.promotions.coupons import commands, queries
from erp_club.promotions.coupons.batches import commands as batches
from erp_club.promotions.coupons.batches.settings import BatchSettings
from erp_club.promotions.coupons.codes import ALPHABET, is_code
from erp_club.promotions.coupons.entry import Entry
from erp_club.promotions.coupons.errors import held_elsewhere
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


def read(session: Session, *texts: str, **other: Any) -> tuple[Coupon, ...]:
    """What a till is told of these texts."""
    return tuple(entry.coupon for entry in read_entries(session, *texts, **other))


def read_entries(
    session: Session,
    *texts: str,
    customer_id: int = 0,
    sale_id: str = "sale-1",
    now: dt.datetime = NOW,
    today: dt.date | None = None,
) -> tuple[Entry, ...]:
    """The same with what the sale holds already, by the statement that a quote has inside its own."""
    asked = queries.values_of(texts, customer_id=customer_id, sale_id=sale_id, now=now, today=today or now.date())
    rows = session.connection().execute(queries.COUPONS, asked) if asked["coupon_codes"] else ()
    return queries.entries(texts, rows)


def reserve(
    session: Session,
    coupon_ids: Collection[int],
    *,
    sale_id: str,
    until: dt.datetime,
    customer_id: int = 0,
    now: dt.datetime = NOW,
) -> None:
    """Hold these coupons, and no others any more, for a sale, by the statement that a quote has inside its own."""
    if not coupon_ids:
        commands.release(session, sale_id)
        return
    values = {
        "coupon_ids": list(coupon_ids),
        "coupon_customer": customer_id,
        "coupon_sale": sale_id,
        "coupon_until": until,
        "coupon_now": now,
        "coupon_past": now - commands.KEPT_PAST,
    }
    if session.connection().execute(commands.RESERVE, values).scalar_one() != len(set(coupon_ids)):
        raise held_elsewhere()


def checked(body: str) -> str:
    """A code that begins so, with the one character that makes it right."""
    (code,) = (body + last for last in ALPHABET if is_code(body + last))
    return code
