"""Pairs of customers who may be one person."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_club.customers.duplicates.models import DuplicateConfirmation, SuspectedPair
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import Customer


@dataclass(frozen=True, slots=True)
class PairRow:
    """Two customers, how alike their names are (0 to 1), and what else they share."""

    low_id: int
    high_id: int
    score: float
    same: tuple[str, ...]


def pairs(session: Session, *, offset: int = 0, limit: int) -> list[PairRow]:
    """The undecided pairs of two living customers, those that share most first."""
    rows = session.execute(
        _UNDECIDED.order_by(
            sa.func.cardinality(SuspectedPair.same).desc(),
            SuspectedPair.score_milli.desc(),
            SuspectedPair.low_id,
            SuspectedPair.high_id,
        )
        .offset(offset)
        .limit(limit)
    )
    return [PairRow(low, high, milli / 1000, tuple(same)) for low, high, milli, same in rows]


def count(session: Session, *, most: int) -> int:
    """How many undecided pairs there are, counted as far as `most`."""
    found = _UNDECIDED.limit(most).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(found)) or 0


def looked_at(session: Session) -> dt.datetime | None:
    """When the pairs were found, as far as any are left."""
    return session.scalar(sa.select(sa.func.max(SuspectedPair.found_at)))


_LOW, _HIGH = aliased(Customer), aliased(Customer)
_UNDECIDED = (
    sa.select(SuspectedPair.low_id, SuspectedPair.high_id, SuspectedPair.score_milli, SuspectedPair.same)
    .join(_LOW, _LOW.id == SuspectedPair.low_id)
    .join(_HIGH, _HIGH.id == SuspectedPair.high_id)
    .where(
        _LOW.state == CustomerState.ACTIVE,
        _HIGH.state == CustomerState.ACTIVE,
        ~sa.exists().where(
            DuplicateConfirmation.low_id == SuspectedPair.low_id, DuplicateConfirmation.high_id == SuspectedPair.high_id
        ),
    )
)
