"""What birthday plans did: what they gave in a period, and what was bought with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.birthday.models import BirthdayGrant, BirthdayPlan
from erp_club.customers.queries import BECAME, family_of, living_of
from erp_club.promotions.coupons.models import CouponUse, CouponUseBack
from erp_club.receipts.models import Receipt
from erp_club.reports.purchases.asked import Asked
from erp_club.reports.purchases.sources import receipts
from erp_club.segments.models import SegmentCustomer
from erp_club.stored_value.kinds import MovementKind
from erp_club.stored_value.models import ValueMovement


@dataclass(frozen=True, slots=True)
class PlanResult:
    """A plan: how often it gave in the period, and what was bought in it with what the plan ever gave.

    `uses` are of coupons, less those that a return gave back, and payments with gift cards; `given_minor` is what they
    took off or paid, `baskets_minor` what those receipts came to. What a coupon started stands with its offer too.
    `given` is None where the sales are narrowed to stores, since a gift is given in none. Points that a plan gave are
    used among others.
    """

    plan_id: int
    code: str
    names: Mapping[str, str]
    given: int | None
    uses: int
    buyers: int
    receipts: int
    given_minor: int
    baskets_minor: int


def by_plan(session: Session, asked: Asked) -> list[PlanResult]:
    """Every plan that gave something in the period or whose gift was used in it, the one that gave off most first."""
    used = {row.plan_id: row for row in session.execute(_used(asked))}
    given = _given(session, asked)
    rows = session.execute(
        sa.select(BirthdayPlan.id, BirthdayPlan.code, BirthdayPlan.names).where(
            BirthdayPlan.id.in_(used.keys() | given.keys())
        )
    )
    of_stores = asked.store_ids is not None
    made = [
        PlanResult(
            plan_id, code, names, None if of_stores else given.get(plan_id, 0),
            *(getattr(used.get(plan_id), name, 0) for name in ("uses", "buyers", "receipts", "given", "baskets")),
        )
        for plan_id, code, names in rows
        if plan_id in used or not of_stores
    ]  # fmt: skip
    return sorted(made, key=lambda each: (-each.given_minor, each.code))


def _given(session: Session, asked: Asked) -> dict[int, int]:
    where: list[sa.ColumnElement[bool]] = [BirthdayGrant.on_date.between(asked.first, asked.last)]
    if asked.club_id is not None:
        where.append(BirthdayPlan.club_id == asked.club_id)
    if asked.customer_id is not None:
        where.append(BirthdayGrant.customer_id.in_(family_of(asked.customer_id)))
    if asked.segment_id is not None:
        kept = sa.select(SegmentCustomer.customer_id).where(SegmentCustomer.segment_id == asked.segment_id)
        where.append(BirthdayGrant.customer_id.in_(kept))
    counted = sa.select(BirthdayGrant.plan_id, sa.func.count()).join(
        BirthdayPlan, BirthdayPlan.id == BirthdayGrant.plan_id
    )
    return {row[0]: row[1] for row in session.execute(counted.where(*where).group_by(BirthdayGrant.plan_id))}


def _used(asked: Asked) -> Any:
    """What was used on the receipts that are asked about, by plan."""
    back = sa.exists().where(
        CouponUseBack.customer_id == CouponUse.customer_id,
        CouponUseBack.coupon_id == CouponUse.coupon_id,
        CouponUseBack.use_no == CouponUse.use_no,
    )
    of_coupon = (CouponUse.customer_id == BirthdayGrant.owner_id) & (CouponUse.coupon_id == BirthdayGrant.coupon_id)
    of_card = (ValueMovement.customer_id == BirthdayGrant.owner_id) & (ValueMovement.card_id == BirthdayGrant.card_id)
    coupons = (
        sa.select(BirthdayGrant.plan_id, CouponUse.receipt_customer_id, CouponUse.receipt_id, CouponUse.given_minor)
        .join(CouponUse, of_coupon)
        .where(~back)
    )
    cards = (
        sa.select(
            BirthdayGrant.plan_id, ValueMovement.receipt_customer_id, ValueMovement.receipt_id,
            -ValueMovement.amount_minor,
        )
        .join(ValueMovement, of_card)
        .where(ValueMovement.kind == MovementKind.PAID, ValueMovement.receipt_id.is_not(None))
    )  # fmt: skip
    each = sa.union_all(coupons, cards).subquery("each")
    # A receipt that two gifts of a plan were used on is one basket.
    once = (
        sa.select(
            each.c.plan_id,
            living_of(Receipt.customer_id).label("customer_id"),
            Receipt.id,
            sa.func.count().label("uses"),
            sa.func.sum(each.c.given_minor).label("given"),
            sa.func.max(Receipt.total_minor).label("total"),
        )
        .join(Receipt, (Receipt.customer_id == each.c.receipt_customer_id) & (Receipt.id == each.c.receipt_id))
        .outerjoin(BECAME, BECAME.c.id == Receipt.customer_id)
        .where(*receipts(asked))
        .group_by(each.c.plan_id, living_of(Receipt.customer_id), Receipt.id)
        .subquery("once")
    )
    return sa.select(
        once.c.plan_id,
        sa.cast(sa.func.sum(once.c.uses), sa.BigInteger).label("uses"),
        sa.func.count(sa.distinct(once.c.customer_id)).label("buyers"),
        sa.func.count().label("receipts"),
        sa.cast(sa.func.sum(once.c.given), sa.BigInteger).label("given"),
        sa.cast(sa.func.sum(once.c.total), sa.BigInteger).label("baskets"),
    ).group_by(once.c.plan_id)
