"""What points of an earlier day are worth in the unit that an account counts by now."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.points.conversions.kinds import ConversionCause
from erp_club.points.conversions.models import PointsConversion
from erp_club.points.ledger.commands import Account
from erp_club.points.models import PointsMovement
from erp_club.points.rules import Conversion


@dataclass(frozen=True, slots=True)
class NewUnit:
    """By what the unit of an account has changed since a day, oldest first, and the rules that it counts by now."""

    changes: tuple[Conversion, ...]
    rules_no: int

    def of(self, points: int) -> int:
        """So many points of then in the unit of now: a part of one is dropped."""
        for each in self.changes:
            points = each.worth(points)
        return points


def new_unit(session: Session, account: Account, seq: int, living: Account) -> NewUnit | None:
    """How the unit of an account has changed since this movement of it; None where it hasn't.

    `living` is the account in which its points live by now.
    """
    table = PointsConversion
    moved_at = (
        sa.select(PointsMovement.at)
        .where(
            PointsMovement.customer_id == account.holder_id,
            PointsMovement.account_id == account.id,
            PointsMovement.seq == seq,
        )
        .scalar_subquery()
    )
    rows = session.execute(
        sa.select(table.from_points, table.to_points, table.rules_no)
        .where(
            table.account_id.in_({account.id, living.id}),
            table.cause == ConversionCause.SWITCH,
            table.to_points.is_not(None),
            table.to_club.is_(None),
            table.undone_at.is_(None),
            table.at > moved_at,
        )
        .order_by(table.at, table.id)
    ).all()
    # What came to light later was converted apart, by the same rules: they count once.
    by_rules = {row[2]: Conversion(row[0], to_points=row[1]) for row in rows}
    return NewUnit(tuple(by_rules.values()), rows[-1][2]) if rows else None
