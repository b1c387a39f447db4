"""Moving points outside a sale."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.permissions.actors import Actor
from erp_club.points.models import MovementKind, PointsAccount, PointsMovement


def balance_to_change(session: Session, customer_id: int, account_id: int) -> int:
    """The account's balance, locked until the transaction ends: nobody earns or spends meanwhile."""
    return session.execute(
        sa.select(PointsAccount.balance)
        .where(PointsAccount.customer_id == customer_id, PointsAccount.id == account_id)
        .with_for_update(key_share=True)
    ).scalar_one()


def move_points(
    session: Session,
    customer_id: int,
    account_id: int,
    points: int,
    *,
    kind: MovementKind,
    today: dt.date,
    now: dt.datetime,
    by: Actor,
) -> None:
    """Add points (below zero: take them) with a movement of this kind on the store's date; 0 moves nothing."""
    if points == 0:
        return
    account = session.execute(
        sa.update(PointsAccount)
        .where(PointsAccount.customer_id == customer_id, PointsAccount.id == account_id)
        .values(balance=PointsAccount.balance + points, last_seq=PointsAccount.last_seq + 1)
        .returning(PointsAccount.balance, PointsAccount.last_seq)
    ).one()
    session.execute(
        sa.insert(PointsMovement).values(
            customer_id=customer_id,
            account_id=account_id,
            seq=account.last_seq,
            kind=kind,
            points=points,
            balance_after=account.balance,
            at=now,
            on_date=today,
            store_id=by.store_id,
            terminal_id=by.terminal_id,
            staff_id=by.staff_id,
        )
    )
