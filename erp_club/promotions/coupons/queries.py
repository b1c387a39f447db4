"""Coupons as a sale reads them: whether each may be used by this customer now, and whether codes are taken here.

`COUPONS` and `LOCKED_UNTIL` are statements with values of their own names, so that a sale can read them inside its one
query of facts: `values_of` gives these values, `entries` makes of the rows what the engine is told.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from erp_club.promotions.coupons.codes import is_code, normalised
from erp_club.promotions.coupons.entry import Entry
from erp_club.promotions.coupons.kinds import ANYBODY, BatchState, CouponState
from erp_club.promotions.coupons.models import Coupon, CouponBatch, CouponCode, CouponReservation, CouponUse, WrongCode
from erp_club.promotions.engine import facts


def values_of(
    texts: Sequence[str], *, customer_id: int, sale_id: str, now: dt.datetime, today: dt.date
) -> dict[str, Any]:
    """The values of `COUPONS`. What hasn't the form of a code isn't looked up."""
    return {
        "coupon_codes": [code for code in dict.fromkeys(map(normalised, texts)) if is_code(code)],
        "coupon_customer": customer_id,
        "coupon_sale": sale_id,
        "coupon_now": now,
        "coupon_today": today,
    }


def entries(texts: Sequence[str], rows: Iterable[Any]) -> tuple[Entry, ...]:
    """The rows of `COUPONS` (by name: code, id, batch, fault, left_minor, held, own) as what was entered."""
    found = {row.code: row for row in rows}
    made: list[Entry] = []
    for code, text in {normalised(text): text for text in reversed(texts)}.items():
        row = found.get(code)
        if row is None:
            made.append(Entry(facts.Coupon(text, fault="unknown_code")))
        else:
            made.append(Entry(facts.Coupon(text, row.batch, row.fault, row.id, row.left_minor), row.held, row.own))
    return tuple(reversed(made))


def locked_until(session: Session, scope: str, *, now: dt.datetime) -> dt.datetime | None:
    """Until when no codes are taken here after too many wrong ones; None where they are."""
    return session.connection().scalar(LOCKED_UNTIL, {"coupon_scope": scope, "coupon_now": now})


NOW = sa.bindparam("coupon_now", type_=sa.DateTime(timezone=True))
TODAY = sa.bindparam("coupon_today", type_=sa.Date)
CUSTOMER = sa.bindparam("coupon_customer", type_=sa.BigInteger)
SALE = sa.bindparam("coupon_sale", type_=sa.Text)
SCOPE = sa.bindparam("coupon_scope", type_=sa.Text)

LAST_DAY = sa.func.coalesce(Coupon.last_day, CouponBatch.valid_to)
"""The last day of a coupon, included; null without one. Needs its batch beside it."""
FIRST_DAY = sa.func.greatest(Coupon.first_day, CouponBatch.valid_from, type_=sa.Date())
"""The first day of a coupon, included; null without one (`greatest` leaves nulls out). Needs its batch beside it."""
IS_SPENT = (Coupon.used >= Coupon.uses) | (Coupon.given_minor >= Coupon.worth_minor).is_(True)
"""Whether a coupon has given all that it had."""
ROOM = sa.case((Coupon.worth_minor.is_not(None), sa.literal_column("1", sa.Integer())), else_=Coupon.uses - Coupon.used)
"""How many sales may hold a coupon at once: as many as it has uses, and one where what is left of it hangs on them."""
OF_COUPON = (CouponReservation.customer_id == Coupon.customer_id) & (CouponReservation.coupon_id == Coupon.id)
HELD_ELSEWHERE = (
    sa.select(sa.func.count())
    .select_from(CouponReservation)
    .where(OF_COUPON, CouponReservation.until > NOW, CouponReservation.sale_id != SALE)
    .correlate(Coupon)
    .scalar_subquery()
)
"""How many other sales hold a coupon now."""


def _coupons() -> sa.Select[Any, Any, Any, Any, Any, Any, Any]:
    blocked = (Coupon.state != CouponState.ACTIVE) | (CouponBatch.state == BatchState.BLOCKED)
    fault = sa.case(
        (Coupon.customer_id.not_in((sa.literal(ANYBODY), CUSTOMER)), "not_owner"),
        (blocked, "unknown_code"),
        (IS_SPENT, "used_up"),
        (LAST_DAY < TODAY, "expired"),
        (FIRST_DAY > TODAY, "not_yet_valid"),
        (HELD_ELSEWHERE >= ROOM, "used_up"),
    )
    used = sa.exists().where(
        CouponUse.customer_id == Coupon.customer_id,
        CouponUse.coupon_id == Coupon.id,
        CouponUse.receipt_customer_id == CUSTOMER,
    )
    own = (CUSTOMER != ANYBODY) & ((Coupon.customer_id == CUSTOMER) | used.correlate(Coupon))
    held = sa.exists().where(OF_COUPON, CouponReservation.until > NOW, CouponReservation.sale_id == SALE)
    return (
        sa.select(
            CouponCode.code,
            Coupon.id,
            CouponBatch.code.label("batch"),
            fault.label("fault"),
            (Coupon.worth_minor - Coupon.given_minor).label("left_minor"),
            held.correlate(Coupon).label("held"),
            own.label("own"),
        )
        .join(Coupon, (Coupon.customer_id == CouponCode.customer_id) & (Coupon.id == CouponCode.coupon_id))
        .join(CouponBatch, CouponBatch.id == Coupon.batch_id)
        .where(CouponCode.code == sa.any_(sa.bindparam("coupon_codes", type_=ARRAY(sa.Text))))
    )


COUPONS = _coupons()
LOCKED_UNTIL = sa.select(sa.func.max(WrongCode.locked_until)).where(
    WrongCode.scope == SCOPE, WrongCode.locked_until > NOW
)
