"""Finding in the trace."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.orm import Session, aliased

from erp_club.kernel.audit import AuditEntry, AuditValues

_TOGETHER = 5_000


@dataclass(frozen=True, slots=True)
class Entries:
    """Which entries are asked for; what is None isn't asked. `first` is included, `before` is not.

    `text` is words, the last one perhaps only begun; `personal` says whether the values that erasure can empty may be
    searched for them. `without` are actions that aren't wanted.
    """

    entity: str | None = None
    entity_id: str | None = None
    staff_ids: tuple[int, ...] | None = None
    first: dt.datetime | None = None
    before: dt.datetime | None = None
    customer_id: int | None = None
    action: str | None = None
    store_id: int | None = None
    text: str | None = None
    personal: bool = False
    without: tuple[str, ...] = ()


def entries(session: Session, asked: Entries, *, older_than: int | None = None, limit: int) -> list[AuditEntry]:
    """The entries that are asked for, newest first; `older_than` is the id of the last one seen before."""
    wanted = _wanted(asked)
    if older_than is not None:
        wanted.append(AuditEntry.id < older_than)
    return list(session.scalars(sa.select(AuditEntry).where(*wanted).order_by(AuditEntry.id.desc()).limit(limit)))


def every(session: Session, asked: Entries) -> Iterator[list[AuditEntry]]:
    """All entries that are asked for, newest first, some thousands at a time."""
    last: int | None = None
    while found := entries(session, asked, older_than=last, limit=_TOGETHER):
        yield found
        last = found[-1].id
        session.expunge_all()


def _wanted(asked: Entries) -> list[sa.ColumnElement[bool]]:
    equal = (
        (AuditEntry.entity, asked.entity),
        (AuditEntry.entity_id, asked.entity_id),
        (AuditEntry.customer_id, asked.customer_id),
        (AuditEntry.action, asked.action),
        (AuditEntry.store_id, asked.store_id),
    )
    wanted: list[sa.ColumnElement[bool]] = [column == value for column, value in equal if value is not None]
    if asked.staff_ids is not None:
        wanted.append(AuditEntry.staff_id.in_(asked.staff_ids))
    if asked.first is not None:
        wanted.append(AuditEntry.at >= asked.first)
    if asked.before is not None:
        wanted.append(AuditEntry.at < asked.before)
    if asked.without:
        wanted.append(AuditEntry.action.not_in(asked.without))
    if asked.text is not None:
        wanted.append(_has_words(asked.text, personal=asked.personal))
    return wanted


def _has_words(text: str, *, personal: bool) -> sa.ColumnElement[bool]:
    """All the words, in the entry or in its values, the last one as a beginning: an index of each answers."""
    plain = sa.func.plainto_tsquery("simple", text)
    query = sa.case((sa.func.numnode(plain) > 0, sa.cast(sa.cast(plain, sa.Text).concat(":*"), TSQUERY)))
    entry, values = aliased(AuditEntry), aliased(AuditValues)
    told = (entry.actor, entry.entity_id, entry.request_id, entry.open_before, entry.open_after)
    found = sa.select(entry.id).where(_words(*told).op("@@", is_comparison=True)(query))
    if not personal:
        return AuditEntry.id.in_(found)
    beside = sa.select(values.entry_id).where(_words(values.before, values.after).op("@@", is_comparison=True)(query))
    return AuditEntry.id.in_(sa.union_all(found, beside))


def _words(*told: Any) -> sa.ColumnElement[Any]:
    return sa.func.audit_words(*told, type_=TSVECTOR)


def actions(session: Session) -> list[str]:
    """Every action that has left an entry, in the order of the alphabet: a look into the index for each."""
    first = sa.select(sa.func.min(AuditEntry.action).label("action")).cte("seen", recursive=True)
    later = sa.select(sa.func.min(AuditEntry.action)).where(AuditEntry.action > first.c.action).scalar_subquery()
    seen = first.union_all(sa.select(later).where(first.c.action.is_not(None)))
    return list(session.scalars(sa.select(seen.c.action).where(seen.c.action.is_not(None))))
