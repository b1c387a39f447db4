"""What segments may ask about coupons."""

from typing import Any

import sqlalchemy as sa

from erp_club.kernel.fields import SAME, Ask, Field, Kind, Op, Shape
from erp_club.kernel.text import T
from erp_club.promotions.coupons.kinds import BatchState, CouponState
from erp_club.promotions.coupons.models import Coupon, CouponBatch
from erp_club.promotions.coupons.queries import LAST_DAY


def _unused(value: Any, ask: Ask) -> Any:
    """Personal coupons that have never been used and hold on the day."""
    return (
        sa.select(Coupon.customer_id, value.label("value"))
        .join(CouponBatch, CouponBatch.id == Coupon.batch_id)
        .where(
            CouponBatch.personal,
            Coupon.used == 0,
            Coupon.state == CouponState.ACTIVE,
            CouponBatch.state != BatchState.BLOCKED,
            sa.func.coalesce(CouponBatch.valid_from <= ask.as_of, sa.true()),
            sa.func.coalesce(ask.as_of <= LAST_DAY, sa.true()),
        )
    )


def _batches(ask: Ask) -> Any:
    return _unused(CouponBatch.code, ask)


def _any(ask: Ask) -> Any:
    return _unused(sa.true(), ask).distinct()


def _how_many(ask: Ask) -> Any:
    return _unused(sa.func.count(), ask).group_by(Coupon.customer_id)


_LABEL = T("Unused coupon")

FIELDS = (
    Field("coupon_unused", _LABEL, Kind.TEXT, Shape.ROWS, _batches, SAME | {Op.IS_NULL}, picker="batch", by_sale=True,
          known=lambda _ask: sa.select(CouponBatch.code)),
    Field("coupon_unused", _LABEL, Kind.YES_NO, Shape.FIGURE, _any, frozenset({Op.EQ, Op.NE}), otherwise=False,
          by_sale=True),
    Field("coupon_unused", _LABEL, Kind.NUMBER, Shape.FIGURE, _how_many, otherwise=0, by_sale=True, least=0),
)  # fmt: skip
