"""What was answered to a write, so that its repeat gets the same answer and does nothing."""

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from psycopg import Error
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from erp_club.kernel.db import Base
from erp_club.kernel.errors import Conflict, Refused
from erp_club.kernel.prepared import Prepared
from erp_club.kernel.text import T


class IdempotencyKey(Base):
    """One write by one terminal or person. `answer` is the body as it was sent, `headers` what a repeat needs.

    `key` is a hash of what was sent as the key.
    """

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
    """An Idempotency-Key as it is kept, whose it is (`terminal:7`, `staff:3`), and the hash of what came with it."""

    scope: str
    key: str
    request_hash: bytes


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it was sent."""

    status: int
    headers: dict[str, str]
    answer: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """What was found under a key: whether we hold it until the transaction ends, and what is kept, if anything."""

    locked: bool
    request_hash: bytes | None
    status: int | None
    headers: dict[str, str] | None
    answer: bytes | None

    def kept(self, request_hash: bytes) -> KeptAnswer | None:
        """The answer that is kept for this request, if any.

        Raises Conflict `still-running` while another transaction holds the key, Refused `idempotency-key-reused` if
        the answer was given to another request.
        """
        if not self.locked:
            raise still_running()
        if self.status is None or self.headers is None or self.answer is None:
            return None
        if self.request_hash != request_hash:
            raise Refused(
                T("This key was used for another request. Send a corrected request under a new key."),
                code="idempotency-key-reused",
            )
        return KeptAnswer(self.status, self.headers, self.answer)


def claiming(who: sa.Subquery) -> tuple[sa.FromClause, list[sa.ColumnElement[Any]]]:
    """`who`, one row with the columns `scope` and `key`, joined with what a `Claim` holds; and the columns of that.

    The key is held until the transaction ends, or another transaction's hold is told. Where scope or key is null,
    `locked` is too.
    """
    name = sa.func.concat(who.c.scope, sa.literal_column("' '"), who.c.key)
    held = sa.func.pg_try_advisory_xact_lock(sa.func.hashtextextended(name, sa.literal_column("0"))).label("locked")
    asked = who.c.scope.is_not(None), who.c.key.is_not(None)
    hold = sa.select(held).where(*asked).correlate(who).lateral("hold")
    kept = hold.c.locked & (_TABLE.c.scope == who.c.scope) & (_TABLE.c.key == who.c.key)
    answer = (_TABLE.c.request_hash, _TABLE.c.status, _TABLE.c.headers, _TABLE.c.answer)
    return who.outerjoin(hold, sa.true()).outerjoin(_TABLE, kept), [hold.c.locked, *answer]


def keep_answer(session: Session, key: Key, kept: KeptAnswer, *, now: dt.datetime) -> None:
    """Keep an answer as the last thing in the transaction of the write that it answers; it takes the COMMIT along.

    Whoever calls commits the session next. Raises Conflict `still-running`, and nothing is committed, where one is kept
    already: the first request ended in the moment between our look and our hold, and what this one did must not be
    done twice.
    """
    session.flush()
    connection = session.connection()
    try:
        # With a savepoint around it the transaction is somebody else's to commit.
        _KEEP.execute(connection, _row(key, kept, now), last=not connection.in_nested_transaction())
    except IntegrityError as taken:
        if isinstance(taken.orig, Error) and taken.orig.diag.constraint_name == "pk_idempotency_keys":
            raise still_running() from taken
        raise


def keep_refusal(session: Session, key: Key, kept: KeptAnswer, *, now: dt.datetime) -> None:
    """Keep the answer to a write that was undone, unless a repeat of it has begun or ended by now."""
    claim = Claim(*session.connection().execute(_CLAIM, {"scope": key.scope, "key": key.key}).one())
    if claim.locked and claim.status is None:
        _KEEP_IF_NEW.execute(session.connection(), _row(key, kept, now))


def _row(key: Key, kept: KeptAnswer, now: dt.datetime) -> dict[str, Any]:
    return {
        "scope": key.scope,
        "key": key.key,
        "request_hash": key.request_hash,
        "status": str(kept.status),
        "headers": json.dumps(kept.headers),
        "answer": kept.answer,
        "at": now,
    }


def still_running() -> Conflict:
    """Somebody is at the same request."""
    return Conflict(T("The first request with this key is still running. Ask again in a moment."), code="still-running")


# Built once, since every write uses them.
_TABLE = sa.inspect(IdempotencyKey).local_table
_ASKED = sa.select(sa.bindparam("scope", type_=sa.Text).label("scope"), sa.bindparam("key", type_=sa.Text).label("key"))
_HELD, _FOUND = claiming(_ASKED.subquery("asked"))
_CLAIM = sa.select(*_FOUND).select_from(_HELD)
_KEEP = Prepared(insert(IdempotencyKey))
_KEEP_IF_NEW = Prepared(insert(IdempotencyKey).on_conflict_do_nothing())
