"""What was answered to a write, so that its repeat gets the same answer and does nothing."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from erp_club.kernel.db import Base
from erp_club.kernel.errors import Conflict, Refused
from erp_club.kernel.text import T


class IdempotencyKey(Base):
    """One write by one terminal or person. `answer` is the body as it was sent, `headers` what a repeat needs."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (sa.Index("ix_idempotency_keys_at", "at", postgresql_using="brin"),)

    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes]
    status: Mapped[int] = mapped_column(sa.SmallInteger)
    headers: Mapped[dict[str, str]]
    answer: Mapped[bytes]
    at: Mapped[dt.datetime]


@dataclass(frozen=True, slots=True)
class Key:
    """An Idempotency-Key, whose it is (`terminal:7`, `staff:3`), and the hash of what came with it."""

    scope: str
    key: str
    request_hash: bytes


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it was sent."""

    status: int
    headers: dict[str, str]
    answer: bytes


def claim(session: Session, key: Key) -> KeptAnswer | None:
    """Hold the key until the transaction ends; the answer kept under it, if any.

    Raises Conflict `still-running` while another transaction holds it, Refused `idempotency-key-reused` if the answer
    was given to another request.
    """
    row = session.connection().execute(_CLAIM, {"scope": key.scope, "key": key.key}).one()
    if not row.locked:
        raise still_running()
    if row.status is None:
        return None
    if row.request_hash != key.request_hash:
        raise Refused(
            T("This key was used for another request. Send a corrected request under a new key."),
            code="idempotency-key-reused",
        )
    return KeptAnswer(row.status, row.headers, row.answer)


def keep_answer(session: Session, key: Key, kept: KeptAnswer, *, now: dt.datetime) -> None:
    """Keep an answer in the transaction of the write that it answers.

    Raises Conflict `still-running` where one is kept already: the first request ended in the moment between our look
    and our hold, and what this one did must not be done twice.
    """
    if session.connection().execute(_KEEP, _row(key, kept, now)).rowcount == 0:
        raise still_running()


def keep_refusal(session: Session, key: Key, kept: KeptAnswer, *, now: dt.datetime) -> None:
    """Keep the answer to a write that was undone, unless a repeat of it has begun or ended by now."""
    row = session.connection().execute(_CLAIM, {"scope": key.scope, "key": key.key}).one()
    if row.locked and row.status is None:
        session.connection().execute(_KEEP, _row(key, kept, now))


def _row(key: Key, kept: KeptAnswer, now: dt.datetime) -> dict[str, Any]:
    return {
        "scope": key.scope,
        "key": key.key,
        "request_hash": key.request_hash,
        "status": kept.status,
        "headers": kept.headers,
        "answer": kept.answer,
        "at": now,
    }


def still_running() -> Conflict:
    """Somebody is at the same request."""
    return Conflict(T("The first request with this key is still running. Ask again in a moment."), code="still-running")


# Built once, since every write uses them.
_TABLE = sa.inspect(IdempotencyKey).local_table
_SCOPE, _NAME = sa.bindparam("scope", type_=sa.Text), sa.bindparam("key", type_=sa.Text)
_ONE = sa.select(
    sa.func.pg_try_advisory_xact_lock(sa.func.hashtextextended(sa.func.concat(_SCOPE, " ", _NAME), 0)).label("locked")
).cte("one")
_CLAIM = sa.select(
    _ONE.c.locked, _TABLE.c.request_hash, _TABLE.c.status, _TABLE.c.headers, _TABLE.c.answer
).select_from(_ONE.outerjoin(_TABLE, (_TABLE.c.scope == _SCOPE) & (_TABLE.c.key == _NAME)))
_KEEP = insert(IdempotencyKey).on_conflict_do_nothing()
