"""What an ending has taken of an account isn't owed once more when the goods that earned it come back."""

from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_club.kernel.lots import given_back, in_order
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import (
    Account,
    Cause,
    change_lots,
    lots_by_id,
    movement_parts,
    reversed_parts,
    write_movement,
)
from erp_club.points.models import PointsMovement


def lost_since(session: Session, account: Account, seq: int) -> list[tuple[int, int]]:
    """Endings of a held account behind a movement, the latest first: their seq, and how much of it is still lost."""
    back = aliased(PointsMovement)
    given = (
        sa.select(sa.func.coalesce(sa.func.sum(back.points), 0))
        .where(
            back.customer_id == PointsMovement.customer_id,
            back.account_id == PointsMovement.account_id,
            back.reverses_seq == PointsMovement.seq,
        )
        .scalar_subquery()
    )
    rows = session.execute(
        sa.select(PointsMovement.seq, sa.cast(-PointsMovement.points - given, sa.BigInteger))
        .where(
            PointsMovement.customer_id == account.holder_id,
            PointsMovement.account_id == account.id,
            PointsMovement.seq > seq,
            PointsMovement.kind == MovementKind.ENDED,
        )
        .order_by(PointsMovement.seq.desc())
    ).all()
    return [(ended, lost) for ended, lost in rows if lost > 0]


def take_from_lost(
    session: Session, account: Account, lost: Sequence[tuple[int, int]], points: int, *, of: int | None, cause: Cause
) -> None:
    """Take so many points back from what endings took, as if the return had come before: each gives them back first.

    The balance stays, and undoing the ending gives only the rest. `of` is the movement that had earned them.
    """
    left = points
    for seq, there in lost:
        part = min(left, there)
        if not part:
            break
        left -= part
        taken = movement_parts(session, account, seq)
        lots = lots_by_id(session, account, [each.lot_id for each in taken])
        in_turn = [next(each for each in taken if each.lot_id == lot.id) for lot in in_order(lots.values())]
        back = given_back(in_turn, part, before=sum(reversed_parts(session, account, seq).values()))
        restored = replace(cause, kind=MovementKind.RESTORED)
        change_lots(session, account, back)
        write_movement(session, account, back, restored, reverses_seq=seq)
        again = [replace(each, amount=-each.amount) for each in back]
        change_lots(session, account, again)
        write_movement(session, account, again, cause, reverses_seq=of)
