"""Seals the movements of a ledger, a chain for each account, in batches outside of the sale, and proves the chains.

Points and money on cards are ledgers of one shape: movements numbered without gaps in each account, and what each of
them did to the account's lots. An account's movements become visible in their order, since its row is locked.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.orm import Session

from erp_club.kernel.emptied import EmptiedMovement, proof
from erp_club.kernel.kept_keys import keyring_of
from erp_club.kernel.keyring import Keyring
from erp_club.kernel.seals import BEGINNING, NotAsSealed, link

_READ = 10_000
Key = tuple[int, int, int]
"""Customer, account, and the movement's number in it."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The tables of a ledger; the first three columns of each are a movement's key.

    `columns` are those of a movement that are sealed, in this order for ever: a column that comes later is not in the
    seals of before. `part` is how much a movement did to a lot, `terms` what each lot was opened as, of which
    `term_columns` are sealed with every movement of the lot; a seal says whether it has them (`with_terms`).
    """

    purpose: str
    movements: sa.Table
    parts: sa.Table
    seals: sa.Table
    columns: tuple[str, ...]
    part: str
    terms: sa.Table
    term_columns: tuple[str, ...]

    @property
    def key(self) -> tuple[sa.Column[int], ...]:
        """The columns of a movement's key."""
        return tuple(self.movements.primary_key.columns)


@dataclass(frozen=True, slots=True)
class SealedMovements:
    """How many movements a batch has sealed, and the last of them; None where there was nothing left."""

    added: int
    last: Key | None


def seal_movements(
    session: Session, ledger: Ledger, *, after: Key | None, now: dt.datetime, limit: int
) -> SealedMovements:
    """Seal up to `limit` movements that stand behind `after` in the order of their keys. Two at once wait."""
    keyring = keyring_of(session, writes=True)
    session.execute(sa.text(f"LOCK TABLE {ledger.seals.name} IN SHARE ROW EXCLUSIVE MODE"))
    seal, before = ledger.seals, ledger.seals.alias("before")
    customer_id, account_id, seq = ledger.key
    # The digest that an erasure has kept of a movement before its seal tells of no terms.
    with_terms = EmptiedMovement.digest.is_(None)
    waiting: sa.Select[*tuple[Any, ...]] = (
        sa.select(*ledger.key, _digest(ledger, with_terms), *_WAS, with_terms, before.c.hash)
        .outerjoin(EmptiedMovement, _emptied(ledger))
        .outerjoin(seal, _same(ledger.key, seal))
        .outerjoin(before, sa.and_(*_pairs((customer_id, account_id, seq - 1), before)))
        .where(seal.c.hash.is_(None), sa.tuple_(*ledger.key) > sa.tuple_(*(after or (-1, -1, -1))))
        .order_by(*ledger.key)
        .limit(limit)
    )
    ends: dict[tuple[int, int], bytes] = {}
    names = [column.name for column in ledger.key]
    rows: list[dict[str, object]] = []
    last: Key | None = None
    for customer, account, number, left, was, tie, told, sealed_before in session.execute(waiting):
        end = sealed_before or ends.get((customer, account), BEGINNING)
        last = (customer, account, number)
        digest = _whole(keyring, ledger, last, left, was, tie)
        ends = {(customer, account): _link(keyring, ledger, end, last, digest)}
        rows.append(
            {**dict(zip(names, last, strict=True)), "hash": ends[customer, account], "at": now, "with_terms": told}
        )
    if rows:
        session.execute(sa.insert(ledger.seals), rows)
    return SealedMovements(len(rows), last)


def unsealed_movements(session: Session, ledger: Ledger) -> int:
    """How many movements wait for their seal."""
    sealed = sa.exists().where(_same(ledger.key, ledger.seals))
    return session.scalar(sa.select(sa.func.count()).select_from(ledger.movements).where(~sealed)) or 0


def movements_not_as_sealed(session: Session, ledger: Ledger) -> list[NotAsSealed]:
    """The first movement that is gone, and the first row that breaks its account's chain; none is what it should be."""
    kept = tuple(ledger.seals.c[column.name] for column in ledger.key)
    gone = session.execute(
        sa.select(*kept)
        .where(~sa.exists().where(_same(ledger.key, ledger.seals)).correlate(ledger.seals))
        .order_by(*kept)
        .limit(1)
    ).one_or_none()
    broken = _first_break(session, ledger)
    return [
        *([NotAsSealed(ledger.movements.name, _text(gone), missing=True)] if gone else ()),
        *([broken] if broken else ()),
    ]


def _first_break(session: Session, ledger: Ledger) -> NotAsSealed | None:
    keyring = keyring_of(session)
    chain: sa.Select[*tuple[Any, ...]] = (
        sa.select(*ledger.key, _digest(ledger, ledger.seals.c.with_terms), *_WAS, ledger.seals.c.hash)
        .outerjoin(EmptiedMovement, _emptied(ledger))
        .outerjoin(ledger.seals, _same(ledger.key, ledger.seals))
        .order_by(*ledger.key)
    )
    walk = _Walk(ledger, keyring)
    with session.execute(chain.execution_options(yield_per=_READ)) as rows:
        for customer, account, number, left, was, tie, kept in rows:
            key = (customer, account, number)
            found = walk.step(key, _whole(keyring, ledger, key, left, was, tie), kept)
            if found is not None:
                return found
    return walk.finish()


def empty_reasons(session: Session, ledger: Ledger, customers: Sequence[int], *, now: dt.datetime) -> int:
    """Take out the reasons that were typed for movements in accounts of these customers; gives how many.

    The caller has said that somebody is being erased (`say_erasing`).
    """
    customer_id, _, _ = ledger.key
    asked = sa.select(*ledger.key).where(customer_id.in_(customers), ledger.movements.c.reason.is_not(None))
    reasons: dict[Key, str | None] = {(row[0], row[1], row[2]): None for row in session.execute(asked)}
    change_reasons(session, ledger, reasons, now=now)
    return len(reasons)


def change_reasons(session: Session, ledger: Ledger, reasons: Mapping[Key, str | None], *, now: dt.datetime) -> None:
    """Leave of movements' reasons what is given for each, and keep what proves that the rest is as it was.

    The caller has said that somebody is being erased (`say_erasing`).
    """
    if not reasons:
        return
    these = sa.tuple_(*ledger.key).in_(reasons)
    whole: sa.Select[*tuple[Any, ...]] = (
        sa.select(*ledger.key, _digest(ledger, ledger.seals.c.with_terms), EmptiedMovement.digest)
        .outerjoin(ledger.seals, _same(ledger.key, ledger.seals))
        .outerjoin(EmptiedMovement, _emptied(ledger))
        .where(these)
    )
    # What it was before anything was taken out, where this isn't the first time.
    was: dict[Key, bytes] = {(row[0], row[1], row[2]): row[4] or row[3] for row in session.execute(whole)}
    names = ("customer_id", "account_id", "seq")
    change = sa.update(ledger.movements).where(
        *(column == sa.bindparam(f"of_{name}") for name, column in zip(names, ledger.key, strict=True))
    )
    session.connection().execute(
        change.values(reason=sa.bindparam("left")),
        [
            {f"of_{name}": part for name, part in zip(names, key, strict=True)} | {"left": left}
            for key, left in reasons.items()
        ],
    )
    keyring = keyring_of(session, writes=True)
    rows = [
        dict(zip(names, row[:3], strict=True))
        | {"ledger": ledger.purpose, "digest": was[row[0], row[1], row[2]], "at": now}
        | {"hash": proof(keyring, ledger.purpose, row[:3], was[row[0], row[1], row[2]], row[3])}
        for row in session.execute(whole)
    ]
    kept = insert(EmptiedMovement).values(rows)
    key = ("ledger", *names)
    session.execute(
        kept.on_conflict_do_update(index_elements=key, set_={"hash": kept.excluded.hash, "at": kept.excluded.at})
    )


_WAS = (EmptiedMovement.digest, EmptiedMovement.hash)


def _emptied(ledger: Ledger) -> sa.ColumnElement[bool]:
    key = (EmptiedMovement.customer_id, EmptiedMovement.account_id, EmptiedMovement.seq)
    return sa.and_(
        EmptiedMovement.ledger == ledger.purpose, *(left == right for left, right in zip(key, ledger.key, strict=True))
    )


def _whole(keyring: Keyring, ledger: Ledger, key: Key, left: bytes, was: bytes | None, tie: bytes | None) -> bytes:
    """The digest of a movement as it was written, where its words are gone since."""
    return was if was is not None and tie == proof(keyring, ledger.purpose, key, was, left) else left


class _Walk:
    """A walk along the chains of all accounts, one behind the other."""

    def __init__(self, ledger: Ledger, keyring: Keyring) -> None:
        self.ledger, self.keyring = ledger, keyring
        self.account: tuple[int, int] | None = None
        self.end = BEGINNING
        self.suspected: Key | None = None
        self.reckoned = BEGINNING
        self.open: Key | None = None

    def step(self, key: Key, digest: bytes, kept: bytes | None) -> NotAsSealed | None:
        """The next movement, in the order of the keys; gives the row that is wrong, once it is known."""
        if key[:2] != self.account:
            found = self.finish()
            if found is not None:
                return found
            self.account, self.end, self.open = key[:2], BEGINNING, None
        if kept is None:
            # The newest ones wait for the next batch; one that others follow had its seal.
            self.open = self.open or key
            return self.finish()
        if self.open is not None:
            return NotAsSealed(self.ledger.seals.name, _text(self.open), missing=True)
        if self.suspected is not None:
            # Where this link follows what the one before should be, that one was changed, and else its movement.
            follows = _link(self.keyring, self.ledger, self.reckoned, key, digest) == kept
            table = self.ledger.seals if follows else self.ledger.movements
            return NotAsSealed(table.name, _text(self.suspected))
        self.reckoned = _link(self.keyring, self.ledger, self.end, key, digest)
        if self.reckoned != kept:
            self.suspected = key
        self.end = kept
        return None

    def finish(self) -> NotAsSealed | None:
        """The account's last link is behind: whom it left suspected is wrong."""
        return NotAsSealed(self.ledger.movements.name, _text(self.suspected)) if self.suspected else None


def _text(key: Sequence[Any]) -> str:
    return "/".join(str(part) for part in key)


def _link(keyring: Keyring, ledger: Ledger, end: bytes, key: Key, digest: bytes) -> bytes:
    return link(keyring, ledger.purpose, end, *key, digest)


def _pairs(key: Sequence[Any], other: sa.FromClause) -> list[sa.ColumnElement[bool]]:
    return [left == right for left, right in zip(key, other.primary_key, strict=False)]


def _same(key: Sequence[Any], other: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(*_pairs(key, other))


def _digest(ledger: Ledger, with_terms: sa.ColumnElement[bool]) -> sa.ColumnElement[bytes]:
    """SHA-256 over a movement and what it did to lots, as PostgreSQL writes jsonb; moments in microseconds.

    `with_terms` also over what each of these lots was opened as: days that both the lot and its terms were given.
    """
    parts, terms = ledger.parts, ledger.terms
    customer_id, account_id, _, lot_id = parts.primary_key.columns
    opened = sa.select(sa.func.jsonb_build_array(*(_told(terms.c[name]) for name in ledger.term_columns))).where(
        *_pairs((customer_id, account_id, lot_id), terms)
    )
    own = (lot_id, parts.c[ledger.part])
    did = [
        sa.select(sa.func.jsonb_agg(aggregate_order_by(sa.func.jsonb_build_array(*told), lot_id)))
        .where(_same(ledger.key, parts))
        .correlate(ledger.movements)
        .scalar_subquery()
        for told in (own, (*own, opened.correlate(parts).scalar_subquery()))
    ]
    told = sa.func.jsonb_build_array(
        *(_told(ledger.movements.c[name]) for name in ledger.columns), sa.case((with_terms, did[1]), else_=did[0])
    )
    return sa.func.sha256(sa.func.convert_to(sa.cast(told, sa.Text), "UTF8"), type_=sa.LargeBinary())


def _told(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    if isinstance(column.type, sa.DateTime):
        return sa.cast(sa.func.extract("epoch", column) * 1_000_000, sa.BigInteger)
    return column
