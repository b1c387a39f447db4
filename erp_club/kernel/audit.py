"""The trace of every change: who, what, before, after, when, where (A-02).

It stands in the kernel because every domain leaves one, the stores too, which know nothing of staff.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from erp_club.kernel.db import Base, Id


class AuditEntry(Base):
    """One change of people's data, money or settings. Rows are never updated or deleted (a trigger refuses it)."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        sa.Index("ix_audit_entries_entity", "entity", "entity_id", "id"),
        sa.Index("ix_audit_entries_staff_id", "staff_id", "id"),
        sa.Index("ix_audit_entries_at", "at"),
        sa.CheckConstraint("staff_id IS NOT NULL OR actor <> ''", name="somebody_did_it"),
    )

    id: Mapped[Id]
    at: Mapped[dt.datetime]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    actor: Mapped[str]
    terminal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("terminals.id"))
    store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"))
    action: Mapped[str]
    entity: Mapped[str]
    entity_id: Mapped[str]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class Doer(Protocol):
    """Who does it, and where: the part of an `Actor` that the trace keeps. `staff_id` is None for the system itself."""

    @property
    def name(self) -> str: ...
    @property
    def staff_id(self) -> int | None: ...
    @property
    def terminal_id(self) -> int | None: ...
    @property
    def store_id(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Entries:
    """Which entries are asked for; what is None isn't asked. `first` is included, `before` is not."""

    entity: str | None = None
    entity_id: str | None = None
    staff_id: int | None = None
    first: dt.datetime | None = None
    before: dt.datetime | None = None


def record(
    session: Session,
    *,
    by: Doer,
    now: dt.datetime,
    action: str,
    entity: str,
    entity_id: object,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Keep one change in the transaction that makes it.

    `before` and `after` hold the changed fields only, as JSON values. Secrets never come in.
    """
    session.execute(
        sa.insert(AuditEntry).values(
            at=now,
            staff_id=by.staff_id,
            actor=by.name,
            terminal_id=by.terminal_id,
            store_id=by.store_id,
            action=action,
            entity=entity,
            entity_id=str(entity_id),
            before=None if before is None else jsonable(before),
            after=None if after is None else jsonable(after),
        )
    )


def jsonable(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same values with dates and times as ISO texts."""
    return {
        key: value.isoformat() if isinstance(value, (dt.date, dt.datetime)) else value for key, value in values.items()
    }


def entries(session: Session, asked: Entries, *, older_than: int | None = None, limit: int) -> list[AuditEntry]:
    """The entries that are asked for, newest first; `older_than` is the id of the last one seen before."""
    wanted: list[sa.ColumnElement[bool]] = []
    if asked.entity is not None:
        wanted.append(AuditEntry.entity == asked.entity)
    if asked.entity_id is not None:
        wanted.append(AuditEntry.entity_id == asked.entity_id)
    if asked.staff_id is not None:
        wanted.append(AuditEntry.staff_id == asked.staff_id)
    if asked.first is not None:
        wanted.append(AuditEntry.at >= asked.first)
    if asked.before is not None:
        wanted.append(AuditEntry.at < asked.before)
    if older_than is not None:
        wanted.append(AuditEntry.id < older_than)
    return list(session.scalars(sa.select(AuditEntry).where(*wanted).order_by(AuditEntry.id.desc()).limit(limit)))
