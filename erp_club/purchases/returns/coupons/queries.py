"""The coupons of a receipt that is returned: those that it used, and those that it gave for the next purchase."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.promotions.coupons.kinds import CouponState
from erp_club.promotions.coupons.models import Coupon, CouponBatch, CouponUse, CouponUseBack
from erp_club.purchases.returns.facts import IssuedCoupon, UsedCoupon


def used_with(session: Session, receipt: tuple[int, int]) -> tuple[UsedCoupon, ...]:
    """The coupons that a receipt (customer, receipt) used, and whether their use came back."""
    back = (
        sa.exists()
        .where(
            CouponUseBack.customer_id == CouponUse.customer_id,
            CouponUseBack.coupon_id == CouponUse.coupon_id,
            CouponUseBack.use_no == CouponUse.use_no,
        )
        .correlate(CouponUse)
    )
    rows = session.execute(
        sa.select(
            CouponUse.customer_id,
            CouponUse.coupon_id,
            CouponUse.use_no,
            Coupon.code,
            CouponUse.given_minor,
            CouponBatch.back_on_return,
            back,
            CouponBatch.names,
        )
        .join(Coupon, (Coupon.customer_id == CouponUse.customer_id) & (Coupon.id == CouponUse.coupon_id))
        .join(CouponBatch, CouponBatch.id == CouponUse.batch_id)
        .where(CouponUse.receipt_customer_id == receipt[0], CouponUse.receipt_id == receipt[1])
        .order_by(CouponUse.customer_id, CouponUse.coupon_id)
    )
    return tuple(UsedCoupon(*row) for row in rows)


def issued_with(session: Session, receipt: tuple[int, int]) -> tuple[IssuedCoupon, ...]:
    """The coupons for the next purchase that came with a receipt (customer, receipt)."""
    usable = (Coupon.state != CouponState.TAKEN_BACK) & (Coupon.used < Coupon.uses)
    rows = session.execute(
        sa.select(Coupon.id, Coupon.code, CouponBatch.names, usable)
        .join(CouponBatch, CouponBatch.id == Coupon.batch_id)
        .where(Coupon.receipt_customer_id == receipt[0], Coupon.receipt_id == receipt[1])
        .order_by(Coupon.customer_id, Coupon.id)
    )
    return tuple(IssuedCoupon(*row) for row in rows)
