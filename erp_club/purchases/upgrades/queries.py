"""The levels that a membership holds and has paid for."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.levels.models import LevelOverride, MembershipLevel


def held_level(session: Session, membership_id: int) -> tuple[str, bool] | None:
    """The level of a membership as it is kept, and whether it was given by hand; None where nobody has looked yet."""
    row = session.execute(
        sa.select(MembershipLevel.level, MembershipLevel.by_hand).where(MembershipLevel.membership_id == membership_id)
    ).one_or_none()
    return None if row is None else (row.level, row.by_hand)


def paid_levels(session: Session, membership_id: int, *, on: dt.date) -> dict[str, dt.date | None]:
    """The levels that are paid for on a day, each with its last day (None: for life)."""
    rows = session.execute(
        sa.select(LevelOverride.level, LevelOverride.last)
        .where(
            LevelOverride.membership_id == membership_id,
            LevelOverride.paid,
            LevelOverride.first <= on,
            LevelOverride.last.is_(None) | (LevelOverride.last >= on),
        )
        .order_by(LevelOverride.override_no)
    )
    return {row.level: row.last for row in rows}
