"""What rules gave a customer that tills use by themselves: coupons by code, and money by the card that it lies on."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.programmes.rewards.kinds import RewardState
from erp_club.programmes.rewards.models import PeriodSettlement, RewardCoupon
from erp_club.promotions.coupons.kinds import BatchState, CouponState
from erp_club.promotions.coupons.models import Coupon, CouponBatch, CouponCode


def automatic_rewards(session: Session, customer_id: int, *, today: dt.date) -> tuple[list[str], list[int]]:
    """The codes, and the ids of cards, that can be used on the day, what ends first at the front."""
    found = session.execute(_AUTOMATICALLY, {"customer": customer_id, "today": today}).all()
    return [row.code for row in found if row.code is not None], [row.card for row in found if row.card is not None]


_CODES = """
    SELECT k.code, NULL::bigint AS card, p.last_day
      FROM reward_coupons c
      JOIN period_settlements s ON s.customer_id = c.customer_id AND s.id = c.settlement_id AND s.state = 'given'
      JOIN coupons p ON p.customer_id = c.owner_id AND p.id = c.coupon_id
      JOIN coupon_batches b ON b.id = p.batch_id AND b.state <> 'blocked'
      JOIN coupon_codes k ON k.customer_id = p.customer_id AND k.coupon_id = p.id
     WHERE c.customer_id = :customer AND p.state = 'active' AND p.used < p.uses
       AND coalesce(p.given_minor < p.worth_minor, true)
       AND coalesce(p.first_day <= :today, true) AND coalesce(p.last_day >= :today, true)
       AND s.automatic
"""
_CARDS = """
    SELECT NULL, k.id, m.last_day
      FROM reward_cards c
      JOIN period_settlements s ON s.customer_id = c.customer_id AND s.id = c.settlement_id AND s.state = 'given'
      JOIN stored_value_cards k ON k.customer_id = c.card_customer_id AND k.id = c.card_id
      JOIN LATERAL (
          SELECT min(l.last_day) AS last_day FROM stored_value_lots l
           WHERE l.customer_id = k.customer_id AND l.card_id = k.id AND l.remaining_minor > 0
             AND coalesce(l.first_day <= :today, true) AND coalesce(l.last_day >= :today, true)
          HAVING count(*) > 0
      ) m ON true
     WHERE c.customer_id = :customer AND k.state = 'active' AND k.balance_minor > 0
       AND s.automatic
"""
_AUTOMATICALLY = sa.text(f"{_CODES} UNION ALL {_CARDS} ORDER BY last_day NULLS LAST, code, card")
_SETTLED = (PeriodSettlement.customer_id == RewardCoupon.customer_id) & (
    PeriodSettlement.id == RewardCoupon.settlement_id
)


def automatic_codes(customer_id: Any, today: Any) -> sa.Select[str]:
    """The codes that are entered for a customer by themselves. Every till asks this."""
    return (
        sa.select(CouponCode.code)
        .join(Coupon, (CouponCode.customer_id == Coupon.customer_id) & (CouponCode.coupon_id == Coupon.id))
        .join(CouponBatch, CouponBatch.id == Coupon.batch_id)
        .join(RewardCoupon, (RewardCoupon.owner_id == Coupon.customer_id) & (RewardCoupon.coupon_id == Coupon.id))
        .join(PeriodSettlement, _SETTLED)
        .where(
            RewardCoupon.customer_id == customer_id,
            PeriodSettlement.automatic,
            PeriodSettlement.state == RewardState.GIVEN,
            CouponBatch.state != BatchState.BLOCKED,
            Coupon.state == CouponState.ACTIVE,
            Coupon.used < Coupon.uses,
            sa.func.coalesce(Coupon.given_minor < Coupon.worth_minor, sa.true()),
            sa.func.coalesce(Coupon.first_day <= today, sa.true()),
            sa.func.coalesce(Coupon.last_day >= today, sa.true()),
        )
        .order_by(Coupon.last_day.nulls_last(), CouponCode.code)
    )
