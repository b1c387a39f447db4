"""Seals the trace in a chain of keyed hashes, in batches outside of the requests, and proves it link by link."""

import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from erp_club.kernel.audit import EMPTIED, AuditEntry, AuditSeal, AuditValues, values_hash
from erp_club.kernel.emptied import EmptiedEntry, proof
from erp_club.kernel.kept_keys import keyring_of
from erp_club.kernel.keyring import Keyring
from erp_club.kernel.seals import BEGINNING, NotAsSealed, first_break, link

_PURPOSE = "audit"
_READ = 10_000
Told = tuple[Any, Any]
"""What an entry tells: `before` and `after`."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """How far the chain goes: its number of links, and its end. Whoever keeps both elsewhere sees a chain cut short."""

    added: int
    links: int
    end: bytes


def seal_entries(session: Session, *, now: dt.datetime, limit: int) -> Sealed:
    """Add up to `limit` entries to the chain, by their ids; an entry that came late follows later.

    Two at once wait for each other: a chain has one end.
    """
    keyring = keyring_of(session, writes=True)
    session.execute(sa.text("LOCK TABLE audit_seals IN SHARE ROW EXCLUSIVE MODE"))
    links, end = chain_end(session)
    waiting = (
        sa.select(AuditEntry.id, _digest(sa.literal(now, AuditSeal.at.type)))
        .outerjoin(AuditSeal, AuditSeal.entry_id == AuditEntry.id)
        .where(AuditSeal.n.is_(None))
        .order_by(AuditEntry.id)
        .limit(limit)
    )
    rows: list[dict[str, object]] = []
    for entry_id, digest in session.execute(waiting):
        links, end = links + 1, _link(keyring, end, links + 1, entry_id, digest)
        rows.append({"n": links, "entry_id": entry_id, "hash": end, "at": now, "dated": True})
    if rows:
        session.execute(sa.insert(AuditSeal), rows)
    return Sealed(len(rows), links, end)


def unsealed(session: Session) -> int:
    """How many entries wait for their seal."""
    sealed = sa.exists().where(AuditSeal.entry_id == AuditEntry.id)
    return session.scalar(sa.select(sa.func.count()).select_from(AuditEntry).where(~sealed)) or 0


def chain_end(session: Session) -> tuple[int, bytes]:
    """How many links there are, and the last one."""
    last = session.execute(sa.select(AuditSeal.n, AuditSeal.hash).order_by(AuditSeal.n.desc()).limit(1)).one_or_none()
    return (last.n, last.hash) if last else (0, BEGINNING)


def entries_not_as_sealed(session: Session) -> list[NotAsSealed]:
    """The first row that breaks the chain, and the first whose personal values aren't those of its entry.

    Empty is what it should be. Values that an erasure has emptied are right as they are.
    """
    found = [broken] if (broken := _broken(session)) else []
    keyring = keyring_of(session)
    for entry_id, missing, kept, left, was, tie in session.execute(_wrong_values()):
        if left is None or _whole(keyring, entry_id, left, was, tie) != kept:
            return [*found, NotAsSealed("audit_values", str(entry_id), missing)]
    return found


def change_entries(session: Session, left: Mapping[int, Told], *, now: dt.datetime) -> None:
    """Leave of what entries told what is given for each, and keep what proves that the rest is as it was.

    Each is what its `before` and `after` are now. The caller has said that somebody is being erased (`say_erasing`).
    """
    if not left:
        return
    # An entry that is sealed meanwhile would be sealed as it was, with nothing kept of that.
    session.execute(sa.text("LOCK TABLE audit_seals IN SHARE ROW EXCLUSIVE MODE"))
    beside = sa.func.coalesce(AuditEntry.values_hash, _digest_as_sealed())
    whole = (
        sa.select(AuditEntry.id, beside, EmptiedEntry.digest)
        .outerjoin(AuditSeal, AuditSeal.entry_id == AuditEntry.id)
        .outerjoin(EmptiedEntry, EmptiedEntry.entry_id == AuditEntry.id)
        .where(AuditEntry.id.in_(left), sa.or_(AuditEntry.values_hash.is_not(None), AuditSeal.n.is_not(None)))
    )
    # One that isn't sealed yet is sealed as it is left.
    was = {entry_id: kept or digest for entry_id, digest, kept in session.execute(whole)}
    for entry_id, (before, after) in left.items():
        values = {"before": before, "after": after}
        session.execute(sa.update(AuditValues).where(AuditValues.entry_id == entry_id).values(
            **values, salt=secrets.token_hex(16)
        ))  # fmt: skip
        session.execute(
            sa.update(AuditEntry)
            .where(AuditEntry.id == entry_id, AuditEntry.values_hash.is_(None))
            .values({AuditEntry.open_before: before, AuditEntry.open_after: after})
        )
    _keep_proofs(session, was, now=now)


def _keep_proofs(session: Session, was: Mapping[int, bytes], *, now: dt.datetime) -> None:
    keyring = keyring_of(session, writes=True)
    values = values_hash(AuditValues.salt, AuditValues.before, AuditValues.after)
    asked = (
        sa.select(AuditEntry.id, sa.case((AuditEntry.values_hash.is_not(None), values), else_=_digest_as_sealed()))
        .outerjoin(AuditValues, AuditValues.entry_id == AuditEntry.id)
        .outerjoin(AuditSeal, AuditSeal.entry_id == AuditEntry.id)
        .where(AuditEntry.id.in_(was))
    )
    rows = [
        {"entry_id": entry_id, "digest": was[entry_id], "at": now,
         "hash": proof(keyring, _PURPOSE, (entry_id,), was[entry_id], left)}
        for entry_id, left in session.execute(asked)
    ]  # fmt: skip
    if rows:
        kept = insert(EmptiedEntry).values(rows)
        again = {"hash": kept.excluded.hash, "at": kept.excluded.at}
        session.execute(kept.on_conflict_do_update(index_elements=["entry_id"], set_=again))


def _whole(keyring: Keyring, entry_id: int, left: bytes, was: bytes | None, tie: bytes | None) -> bytes:
    """The digest of what an entry told at first, where words are gone since."""
    return was if was is not None and tie == proof(keyring, _PURPOSE, (entry_id,), was, left) else left


def _broken(session: Session) -> NotAsSealed | None:
    keyring = keyring_of(session)
    digest = sa.case((AuditEntry.id.is_(None), sa.null()), else_=_digest_as_sealed())
    open_ones = sa.and_(EmptiedEntry.entry_id == AuditEntry.id, AuditEntry.values_hash.is_(None))
    chain = (
        sa.select(AuditSeal.n, AuditSeal.entry_id, AuditSeal.hash, digest, EmptiedEntry.digest, EmptiedEntry.hash)
        .outerjoin(AuditEntry, AuditEntry.id == AuditSeal.entry_id)
        .outerjoin(EmptiedEntry, open_ones)
        .order_by(AuditSeal.n)
    )
    follow = partial(_link, keyring)
    with session.execute(chain.execution_options(yield_per=_READ)) as rows:
        links = (
            (n, entry_id, kept, None if left is None else _whole(keyring, entry_id, left, was, tie))
            for n, entry_id, kept, left, was, tie in rows
        )
        return first_break(links, follow, sealed="audit_entries", seals="audit_seals")


def _link(keyring: Keyring, end: bytes, n: int, entry_id: int, digest: bytes) -> bytes:
    return link(keyring, _PURPOSE, end, n, entry_id, digest)


def _digest(sealed_at: sa.SQLColumnExpression[dt.datetime] | None = None) -> sa.ColumnElement[bytes]:
    """SHA-256 over all that an entry says, and when it was sealed, as PostgreSQL writes jsonb.

    Moments are in microseconds, in no time zone.
    """
    told = sa.func.jsonb_build_array(
        AuditEntry.id,
        _moment(AuditEntry.at),
        AuditEntry.staff_id,
        AuditEntry.actor,
        AuditEntry.terminal_id,
        AuditEntry.store_id,
        AuditEntry.request_id,
        AuditEntry.action,
        AuditEntry.entity,
        AuditEntry.entity_id,
        AuditEntry.customer_id,
        AuditEntry.open_before,
        AuditEntry.open_after,
        sa.func.encode(AuditEntry.values_hash, "hex"),
        *([] if sealed_at is None else [_moment(sealed_at)]),
    )
    return sa.func.sha256(sa.func.convert_to(sa.cast(told, sa.Text), "UTF8"), type_=sa.LargeBinary())


def _digest_as_sealed() -> sa.ColumnElement[bytes]:
    return sa.case((AuditSeal.dated, _digest(AuditSeal.at)), else_=_digest())


def _moment(at: sa.SQLColumnExpression[dt.datetime]) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.extract("epoch", at) * 1_000_000, sa.BigInteger)


def _wrong_values() -> sa.Select[int, bool, bytes | None, Any, bytes, bytes]:
    """Values that are gone or others than their entry was made with, or were emptied by no erasure.

    With each what its entry keeps of them, what they are, and what an erasure that took words out has kept.
    """
    record = aliased(AuditEntry)
    erased = sa.exists().where(record.action == EMPTIED, record.customer_id == AuditEntry.customer_id)
    left = values_hash(AuditValues.salt, AuditValues.before, AuditValues.after)
    # Passed off as another person's, they would go with that one's erasure, and stay at their own.
    others = sa.func.coalesce(AuditValues.customer_id != AuditEntry.customer_id, sa.true())
    right = sa.case(
        (others, sa.false()), (AuditValues.emptied_at.is_not(None), erased), else_=AuditEntry.values_hash == left
    )
    standing = sa.case((sa.or_(others, AuditValues.emptied_at.is_not(None)), sa.null()), else_=left)
    return (
        sa.select(
            *(AuditEntry.id, AuditValues.entry_id.is_(None), AuditEntry.values_hash, standing),
            *(EmptiedEntry.digest, EmptiedEntry.hash),
        )
        .outerjoin(AuditValues, AuditValues.entry_id == AuditEntry.id)
        .outerjoin(EmptiedEntry, EmptiedEntry.entry_id == AuditEntry.id)
        .where(AuditEntry.values_hash.is_not(None), right.is_not(True))
        .order_by(AuditEntry.id)
    )
