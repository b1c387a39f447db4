"""Prepaid and gift cards in sales: what was sold with them is turnover once, when it is bought with the card."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.reports.purchases.asked import Asked
from erp_club.stored_value.kinds import MovementKind
from erp_club.stored_value.models import ValueMovement


def cards_sold(session: Session, asked: Asked) -> int | None:
    """What cards were sold or loaded for in sales of the period, less what came back; it is among the sales.

    None where the sales are narrowed to more than a store, since a card belongs to no product group or club.
    """
    narrowed = (asked.club_id, asked.segment_id, asked.customer_id, asked.staff_id)
    if asked.of_products or any(each is not None for each in narrowed):
        return None
    sold = ValueMovement.kind.in_((MovementKind.SOLD, MovementKind.LOADED))
    came_back = (ValueMovement.kind == MovementKind.ADJUSTED) & ValueMovement.reverses_seq.is_not(None)
    where: list[sa.ColumnElement[bool]] = [
        ValueMovement.receipt_id.is_not(None),
        sold | came_back,
        ValueMovement.on_date.between(asked.first, asked.last),
    ]
    if asked.store_ids is not None:
        where.append(ValueMovement.store_id.in_(asked.store_ids))
    amount = sa.cast(sa.func.coalesce(sa.func.sum(ValueMovement.amount_minor), 0), sa.BigInteger)
    return session.execute(sa.select(amount).where(*where)).scalar_one()
