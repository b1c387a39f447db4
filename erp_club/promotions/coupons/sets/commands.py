"""Coupons for many customers at once, each with days and a worth of its own: what a job gives."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from erp_club.permissions.actors import Actor
from erp_club.promotions.coupons import errors
from erp_club.promotions.coupons.codes import new_codes
from erp_club.promotions.coupons.kinds import BatchState
from erp_club.promotions.coupons.models import TERMS, Coupon, CouponBatch, CouponCode


@dataclass(frozen=True, slots=True)
class WantedCoupon:
    """A customer's coupon from `first_day` to `last_day`, both included; `worth_minor` is the most that it gives."""

    customer_id: int
    first_day: dt.date
    last_day: dt.date
    worth_minor: int | None = None


def room(session: Session, batch_id: int) -> int | None:
    """How many coupons of a batch may still be issued: None is without limit, 0 also where it isn't active."""
    batch = session.execute(
        sa.select(CouponBatch.state, CouponBatch.most, CouponBatch.issued).where(CouponBatch.id == batch_id)
    ).one_or_none()
    if batch is None or batch.state != BatchState.ACTIVE:
        return 0
    return None if batch.most is None else max(0, batch.most - batch.issued)


def issue_coupons(
    session: Session, batch_id: int, wanted: Sequence[WantedCoupon], *, now: dt.datetime, by: Actor
) -> list[int]:
    """Issue these coupons of a batch as its terms are now, and give their ids in the same order.

    Raises Conflict `batch-limit` where others took of the batch meanwhile; then the caller's transaction has to end.
    """
    if not wanted:
        return []
    batch = session.get_one(CouponBatch, batch_id)
    made = _write(session, batch, wanted, {"now": now, "staff": by.staff_id})
    counted = session.execute(
        sa.update(CouponBatch)
        .where(
            CouponBatch.id == batch_id,
            CouponBatch.state == BatchState.ACTIVE,
            CouponBatch.most.is_(None) | (CouponBatch.issued + len(wanted) <= CouponBatch.most),
        )
        .values(issued=CouponBatch.issued + len(wanted))
        .execution_options(synchronize_session=False)
        .returning(CouponBatch.id)
    ).one_or_none()
    if counted is None:
        raise errors.changed_meanwhile()
    session.expire(batch)
    return made


def _write(session: Session, batch: CouponBatch, wanted: Sequence[WantedCoupon], values: dict[str, Any]) -> list[int]:
    given = {
        "batch": batch.id,
        "uses": batch.uses,
        "owners": [each.customer_id for each in wanted],
        "firsts": [each.first_day for each in wanted],
        "lasts": [each.last_day for each in wanted],
        "worths": [batch.worth_minor if each.worth_minor is None else each.worth_minor for each in wanted],
    }
    while True:
        codes = list(new_codes(len(wanted), prefix=batch.prefix))
        try:
            with session.begin_nested():
                rows = session.connection().execute(_WRITE, values | given | {"codes": codes}).all()
        except IntegrityError as error:
            # A code that is there already, or twice among these: others are drawn. Anything else is a fault of ours.
            if "pk_coupon_codes" not in str(error.orig):
                raise
        else:
            ids = {row.code: row.id for row in rows}
            return [ids[code] for code in codes]


def _statement() -> sa.Select[Any, Any]:
    kinds = {
        "owners": sa.BigInteger(), "codes": sa.Text(), "firsts": sa.Date(), "lasts": sa.Date(),
        "worths": sa.BigInteger(),
    }  # fmt: skip
    listed = sa.func.unnest(*(sa.bindparam(name, type_=ARRAY(kind)) for name, kind in kinds.items()))
    rows = listed.table_valued(*(sa.column(name, kind) for name, kind in kinds.items()), name="wanted")
    rows = rows.render_derived(name="wanted")
    given: dict[str, Any] = {
        "customer_id": rows.c.owners,
        "code": rows.c.codes,
        "batch_id": sa.bindparam("batch", type_=sa.Integer),
        "uses": sa.bindparam("uses", type_=sa.Integer),
        "worth_minor": rows.c.worths,
        "first_day": rows.c.firsts,
        "last_day": rows.c.lasts,
        "issued_at": sa.bindparam("now", type_=sa.DateTime(timezone=True)),
        "issued_by": sa.bindparam("staff", type_=sa.Integer),
    }
    made = (
        sa.insert(Coupon)
        .from_select(list(given), sa.select(*given.values()).select_from(rows))
        .returning(
            *(Coupon.code, Coupon.customer_id, Coupon.id),
            *(Coupon.uses, Coupon.worth_minor, Coupon.first_day, Coupon.last_day),
        )
        .cte("made")
    )
    kept = sa.insert(CouponCode).from_select(["code", "customer_id", "coupon_id", *TERMS], sa.select(made)).cte("kept")
    return sa.select(made.c.code, made.c.id).add_cte(kept)


_WRITE = _statement()
