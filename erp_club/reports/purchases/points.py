"""Points beside the figures of purchases: what receipts earned less what returns took back."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.models import Customer
from erp_club.customers.queries import BECAME, family_of, living_of
from erp_club.points.kinds import MovementKind
from erp_club.points.models import PointsMovement
from erp_club.reports.purchases.asked import Asked, By
from erp_club.reports.purchases.members import accounts, one_of
from erp_club.segments.models import SegmentCustomer


def points_key(asked: Asked) -> Any:
    """What points are told by where the rows are such."""
    return {
        By.STORE: PointsMovement.store_id,
        By.CUSTOMER: living_of(PointsMovement.by_customer_id),
        By.CASHIER: PointsMovement.staff_id,
        By.CLUB: _ACCOUNTS.c.club_id,
    }[asked.by]


_ACCOUNTS = accounts()
_OF_ACCOUNT = (PointsMovement.customer_id == _ACCOUNTS.c.holder_id) & (
    PointsMovement.account_id == _ACCOUNTS.c.account_id
)


def points_by(session: Session, asked: Asked, key: Any) -> Sequence[Any]:
    """Points earned by receipts less those that returns took back, on the days they moved; of one club where asked."""
    where: list[sa.ColumnElement[bool]] = [
        PointsMovement.receipt_id.is_not(None),
        PointsMovement.kind.in_((MovementKind.EARNED, MovementKind.RETURNED)),
        PointsMovement.on_date.between(asked.first, asked.last),
    ]
    if asked.store_ids is not None:
        where.append(PointsMovement.store_id.in_(asked.store_ids))
    if asked.customer_id is not None:
        where.append(PointsMovement.by_customer_id.in_(family_of(asked.customer_id)))
    if asked.among is not None:
        theirs = one_of(Customer.id, asked.among) | one_of(Customer.merged_into, asked.among)
        where.append(PointsMovement.by_customer_id.in_(sa.select(Customer.id).where(theirs)))
    if asked.staff_id is not None:
        where.append(PointsMovement.staff_id == asked.staff_id)
    if asked.club_id is not None:
        where.append(_ACCOUNTS.c.club_id == asked.club_id)
    if asked.segment_id is not None:
        kept = sa.select(SegmentCustomer.customer_id).where(SegmentCustomer.segment_id == asked.segment_id)
        where.append(living_of(PointsMovement.by_customer_id).in_(kept))
    summed = sa.cast(sa.func.sum(PointsMovement.points), sa.BigInteger)
    joined: Any = PointsMovement
    if asked.club_id is not None or asked.by is By.CLUB:
        joined = sa.join(PointsMovement, _ACCOUNTS, _OF_ACCOUNT)
    if asked.by is By.CUSTOMER or asked.segment_id is not None:
        joined = sa.outerjoin(joined, BECAME, BECAME.c.id == PointsMovement.by_customer_id)
    statement = sa.select(key.label("key"), summed).select_from(joined).where(*where)
    return session.execute(statement.group_by(sa.literal_column("1"))).all()
