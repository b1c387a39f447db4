"""Takes back what a run gave for a period: coupons that weren't used, money that wasn't spent; points go before."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.permissions.actors import Actor
from erp_club.programmes.rewards.models import PeriodSettlement, RewardState
from erp_club.promotions.coupons.models import CouponState
from erp_club.stored_value.models import CardState

_ROWS = sa.text("""
    SELECT s.customer_id, s.id,
           EXISTS (SELECT FROM reward_coupons r JOIN coupons c ON c.customer_id = r.owner_id AND c.id = r.coupon_id
                    WHERE r.customer_id = s.customer_id AND r.settlement_id = s.id AND c.used > 0)
           OR EXISTS (SELECT FROM reward_cards r
                        JOIN stored_value_cards c ON c.customer_id = r.card_customer_id AND c.id = r.card_id
                       WHERE r.customer_id = s.customer_id AND r.settlement_id = s.id AND c.balance_minor < s.value)
           OR (s.form = 'points' AND s.value > 0 OR s.taken > 0) AND NOT EXISTS (
               SELECT FROM points_movements v
                WHERE v.run_id = :undo AND v.customer_id = s.customer_id AND v.account_id = s.account_id) AS used
      FROM period_settlements s
     WHERE s.run_id = :run AND s.state = 'given' AND (s.customer_id, s.id) > (:customer, :settlement)
     ORDER BY s.customer_id, s.id
     LIMIT :most
""")
_BLOCK_COUPONS = sa.text("""
    UPDATE coupons c SET state = :blocked FROM reward_coupons r
     WHERE r.settlement_id = ANY(:settlements) AND r.customer_id = ANY(:customers)
       AND c.customer_id = r.owner_id AND c.id = r.coupon_id AND c.used = 0
""")
_BLOCK_CARDS = sa.text("""
    UPDATE stored_value_cards c SET state = :blocked FROM reward_cards r
     WHERE r.settlement_id = ANY(:settlements) AND r.customer_id = ANY(:customers)
       AND c.customer_id = r.card_customer_id AND c.id = r.card_id
""")


_USED = sa.text("""
    SELECT EXISTS (SELECT FROM reward_coupons r JOIN coupons c ON c.customer_id = r.owner_id AND c.id = r.coupon_id
                    WHERE r.customer_id = s.customer_id AND r.settlement_id = s.id AND c.used > 0)
        OR EXISTS (SELECT FROM reward_cards r
                     JOIN stored_value_cards c ON c.customer_id = r.card_customer_id AND c.id = r.card_id
                    WHERE r.customer_id = s.customer_id AND r.settlement_id = s.id AND c.balance_minor < s.value)
        OR EXISTS (SELECT FROM entitlement_uses u
                    WHERE u.grant_holder_id = s.customer_id AND u.grant_id = s.id AND u.state <> 'back')
      FROM period_settlements s WHERE s.customer_id = :customer AND s.id = :settlement
""")


def take_back_one(session: Session, customer_id: int, settlement_id: int) -> bool:
    """Take back what one row gave, but for points; False where it was used in part or whole, so that it stays."""
    if session.execute(_USED, {"customer": customer_id, "settlement": settlement_id}).scalar_one():
        return False
    _take_back(session, [(customer_id, settlement_id)])
    return True


@dataclass(frozen=True, slots=True)
class Undone:
    """What a batch took back: how many rows, whom it left since it was used already, and the last key."""

    undone: int
    left: Sequence[int]
    looked_at: int
    last: tuple[int, int] | None


def undo_settlements(
    session: Session,
    run_id: int,
    undo_id: int,
    *,
    after: tuple[int, int] | None,
    limit: int,
    now: dt.datetime,  # noqa: ARG001 - every command is told when and by whom
    by: Actor,  # noqa: ARG001
) -> Undone:
    """Take back the next rows of a run. What was used in part or whole stays given, so that nobody is given twice."""
    customer, settlement = after or (0, 0)
    bound = {"run": run_id, "undo": undo_id, "customer": customer, "settlement": settlement, "most": limit}
    rows = session.execute(_ROWS, bound).all()
    if not rows:
        return Undone(0, (), 0, None)
    back = [(row.customer_id, row.id) for row in rows if not row.used]
    _take_back(session, back)
    return Undone(len(back), [row.customer_id for row in rows if row.used], len(rows), (rows[-1][0], rows[-1][1]))


def _take_back(session: Session, back: Sequence[tuple[int, int]]) -> None:
    among = {"settlements": [key[1] for key in back], "customers": [key[0] for key in back]}
    session.execute(_BLOCK_COUPONS, among | {"blocked": CouponState.BLOCKED.value})
    session.execute(_BLOCK_CARDS, among | {"blocked": CardState.BLOCKED.value})
    session.execute(
        sa.update(PeriodSettlement)
        .where(PeriodSettlement.customer_id.in_(among["customers"]), PeriodSettlement.id.in_(among["settlements"]))
        .values(state=RewardState.UNDONE)
        .execution_options(synchronize_session=False)
    )
