"""What the codes are that were entered beside a basket, and whether its till may enter any."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.promotions.coupons import queries as coupons
from erp_club.promotions.coupons.entry import Entry


@dataclass(frozen=True, slots=True)
class EnteredCoupons:
    """What codes are, in the order of entry, and until when none are taken here, if so."""

    entries: tuple[Entry, ...]
    locked_until: dt.datetime | None


def entered_coupons(
    session: Session,
    texts: Sequence[str],
    *,
    customer_id: int,
    sale_id: str,
    terminal_id: int,
    today: dt.date,
    now: dt.datetime,
) -> EnteredCoupons:
    """What these codes are to this customer, sale and till, with one query."""
    values = coupons.values_of(texts, customer_id=customer_id, sale_id=sale_id, now=now, today=today)
    rows = session.connection().execute(_COUPONS, values | {"coupon_scope": wrong_codes_of(terminal_id)}).all()
    return EnteredCoupons(coupons.entries(texts, (row for row in rows if row.code is not None)), rows[0].locked_until)


def wrong_codes_of(terminal_id: int) -> str:
    """Under which name the wrong codes of a till are counted."""
    return f"terminal:{terminal_id}"


_ENTERED = coupons.COUPONS.subquery("entered")
_COUPONS = sa.select(coupons.LOCKED_UNTIL.scalar_subquery().label("locked_until"), *_ENTERED.c).select_from(
    sa.outerjoin(sa.select(sa.literal(1)).subquery("one"), _ENTERED, sa.true())
)
