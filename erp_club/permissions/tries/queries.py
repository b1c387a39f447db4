"""What was locked after wrong tries."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.organisation.models import Store, Terminal
from erp_club.permissions.models import Staff
from erp_club.permissions.tries.kinds import Kind
from erp_club.permissions.tries.models import Lockout

LATELY = dt.timedelta(days=1)
"""So long a lock is told on the first page."""


@dataclass(frozen=True, slots=True)
class LockoutRow:
    """A lock: whose (None for a name that nobody has, and for a place), where the tries came from, until when.

    `until` is None where it was told and nothing was locked. `opened_by` is who ended it before its time.
    """

    id: int
    kind: Kind
    staff_id: int | None
    staff: str | None
    store: str | None
    till_number: int | None
    till: str | None
    address: str | None
    at: dt.datetime
    until: dt.datetime | None
    opened_at: dt.datetime | None
    opened_by: str | None


def count_lockouts(session: Session, *, store_id: int | None = None) -> int:
    """How many locks are kept; of one store, those of its people and its tills."""
    return session.scalar(sa.select(sa.func.count()).select_from(_joined()).where(*_of(store_id))) or 0


def store_of_lockout(session: Session, lockout_id: int) -> int | None:
    """The store of the person or till that a lock is of; 0 where it is of none, None for a lock that isn't there."""
    store_id = sa.func.coalesce(Staff.store_id, Terminal.store_id, 0)
    return session.scalar(sa.select(store_id).select_from(_joined()).where(Lockout.id == lockout_id))


def lockouts(session: Session, *, store_id: int | None = None, limit: int, offset: int = 0) -> list[LockoutRow]:
    """The locks that `count_lockouts` counts, the latest first."""
    by = _BY
    found = (
        sa.select(
            Lockout.id,
            Lockout.kind,
            Lockout.staff_id,
            Staff.name,
            Store.name,
            Terminal.number,
            Terminal.name,
            Lockout.address,
            Lockout.at,
            Lockout.until,
            Lockout.opened_at,
            by.c.name,
        )
        .select_from(_joined().outerjoin(by, by.c.id == Lockout.opened_by))
        .where(*_of(store_id))
        .order_by(Lockout.at.desc(), Lockout.id.desc())
    )
    rows = session.execute(found.limit(limit).offset(offset))
    return [LockoutRow(row[0], Kind(row[1]), *row[2:]) for row in rows]


def recent_lockouts(session: Session, *, store_id: int | None = None, now: dt.datetime) -> int:
    """How many names and places were locked within `LATELY`."""
    counted = sa.select(sa.func.count()).select_from(_joined())
    return session.scalar(counted.where(Lockout.at > now - LATELY, *_of(store_id))) or 0


def is_of_store(session: Session, lockout_id: int, *, store_id: int) -> bool:
    """Whether a lock is of this store's people or tills."""
    counted = sa.select(sa.func.count()).select_from(_joined()).where(Lockout.id == lockout_id, *_of(store_id))
    return bool(session.scalar(counted))


def own_lockouts(session: Session, staff_id: int, *, now: dt.datetime) -> list[dt.datetime]:
    """When somebody's own name was locked within `LATELY`, the latest first."""
    mine = sa.select(Lockout.at).where(Lockout.staff_id == staff_id, Lockout.at > now - LATELY)
    return list(session.scalars(mine.order_by(Lockout.at.desc())))


_BY = sa.alias(Staff.__table__, "opener")


def _joined() -> sa.Join:
    return (
        sa.join(Lockout, Staff, Staff.id == Lockout.staff_id, isouter=True)
        .outerjoin(Terminal, Terminal.id == Lockout.terminal_id)
        .outerjoin(Store, Store.id == Terminal.store_id)
    )


def _of(store_id: int | None) -> list[sa.ColumnElement[bool]]:
    return [] if store_id is None else [sa.or_(Terminal.store_id == store_id, Staff.store_id == store_id)]
