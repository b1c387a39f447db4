"""What some rows say beside sums and movements, a card's state or a fee's amounts, is kept each time that it is said.

Triggers write it with the row (`keep_row`, or `keep_rows` where many come at once), numbered, and it is sealed in a
chain of keyed hashes outside of the request: whoever changes the row around them is found, and whoever changes what was
kept along with it, too.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from erp_club.kernel.db import Base
from erp_club.kernel.emptied import EmptiedKept, proof
from erp_club.kernel.kept_keys import keyring_of
from erp_club.kernel.keyring import Keyring
from erp_club.kernel.seals import BEGINNING, NotAsSealed, first_break, link

_READ = 10_000


class KeptRow(Base):
    """The `n`th thing that a row of a table said. Rows are never updated or deleted, but for words (`empty_kept`)."""

    __tablename__ = "kept_rows"
    __table_args__ = (sa.PrimaryKeyConstraint("of_table", "row_id", "n"),)

    of_table: Mapped[str]
    row_id: Mapped[int]
    n: Mapped[int] = mapped_column(sa.Integer)
    said: Mapped[dict[str, Any]] = mapped_column(JSONB)


class KeptRowSeal(Base):
    """The `n`th link of the chain over what was kept: a keyed hash over such a row and the link before it."""

    __tablename__ = "kept_row_seals"
    __table_args__ = (
        sa.UniqueConstraint("of_table", "row_id", "kept_n"),
        sa.CheckConstraint("octet_length(hash) = 32", name="hash_length"),
    )

    n: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    of_table: Mapped[str]
    row_id: Mapped[int]
    kept_n: Mapped[int] = mapped_column(sa.Integer)
    hash: Mapped[bytes]
    at: Mapped[dt.datetime]


@dataclass(frozen=True, slots=True)
class Kept:
    """A table of which these columns are kept, by its `key`. A row of which nothing was kept says `unsaid`."""

    table: str
    columns: tuple[str, ...]
    unsaid: Mapping[str, str | None] | None = None
    key: str = "id"


@dataclass(frozen=True, slots=True)
class WrongKept:
    """A row that says something else than was kept of it: in which column, what it says, and what was kept."""

    table: str
    key: str
    column: str
    said: int | str | None
    derived: int | str | None


def wrong_kept(session: Session, tables: Sequence[Kept]) -> list[WrongKept]:
    """The first row of each table that isn't what was kept of it last; empty is what it should be."""
    session.execute(sa.text("SET LOCAL TIME ZONE 'UTC'"))  # as the triggers do: JSON writes moments in a time zone
    found = [wrong for each in tables if (wrong := _first_wrong(session, each))]
    gap = session.execute(_GAP).one_or_none()
    return [*found, WrongKept("kept_rows", gap[0], "n", gap[1], gap[2])] if gap else found


_GAP = sa.text("""
    SELECT concat_ws('/', of_table, row_id, n), n, nth
      FROM (SELECT of_table, row_id, n, row_number() OVER (PARTITION BY of_table, row_id ORDER BY n) AS nth
              FROM kept_rows) AS k
     WHERE n <> nth ORDER BY of_table, row_id, n LIMIT 1
""")
"""What a row said is numbered without gaps."""


def _first_wrong(session: Session, kept: Kept) -> WrongKept | None:
    told = ", ".join(f"'{name}', t.{name}" for name in kept.columns)
    row = session.execute(
        sa.text(f"""
            SELECT coalesce(t.id, k.row_id), coalesce(t.said, '{{}}'), coalesce(k.said, CAST(:unsaid AS jsonb), '{{}}')
              FROM (SELECT t.{kept.key} AS id, jsonb_build_object({told}) AS said FROM {kept.table} t) AS t
              FULL JOIN (SELECT DISTINCT ON (row_id) row_id, said FROM kept_rows WHERE of_table = :name
                          ORDER BY row_id, n DESC) AS k ON k.row_id = t.id
             WHERE t.said IS DISTINCT FROM coalesce(k.said, CAST(:unsaid AS jsonb)) ORDER BY 1 LIMIT 1
            """).bindparams(sa.bindparam("unsaid", kept.unsaid, JSONB(none_as_null=True))),  # noqa: S608 - names of ours
        {"name": kept.table},
    ).one_or_none()
    if row is None:
        return None
    key, said, before = row
    differing = (name for name in kept.columns if said.get(name) != before.get(name) or name not in said)
    column = next(differing, kept.columns[0])
    # A hash is told of, and not told.
    shown = [None if column.endswith("_hash") else each.get(column) for each in (said, before)]
    return WrongKept(kept.table, str(key), column, *shown)


_KEY = (KeptRow.of_table, KeptRow.row_id, KeptRow.n)
_SEALED = (KeptRowSeal.of_table, KeptRowSeal.row_id, KeptRowSeal.kept_n)
_SAME = sa.and_(*(left == right for left, right in zip(_KEY, _SEALED, strict=True)))
_EMPTIED = sa.and_(*(left == right for left, right in zip(
    _SEALED, (EmptiedKept.of_table, EmptiedKept.row_id, EmptiedKept.n), strict=True
)))  # fmt: skip
_DIGEST = sa.func.sha256(
    sa.func.convert_to(sa.cast(sa.func.jsonb_build_array(*_KEY, KeptRow.said), sa.Text), "UTF8"),
    type_=sa.LargeBinary(),
)


def seal_kept(session: Session, *, now: dt.datetime, limit: int) -> int:
    """Add up to `limit` rows that aren't sealed to the chain; gives how many. Two at once wait: it has one end."""
    keyring = keyring_of(session, writes=True)
    session.execute(sa.text("LOCK TABLE kept_row_seals IN SHARE ROW EXCLUSIVE MODE"))
    last = session.execute(sa.select(KeptRowSeal.n, KeptRowSeal.hash).order_by(KeptRowSeal.n.desc()).limit(1)).first()
    n, end = (last[0], last[1]) if last else (0, BEGINNING)
    waiting = (
        sa.select(*_KEY, _DIGEST)
        .outerjoin(KeptRowSeal, _SAME)
        .where(KeptRowSeal.n.is_(None))
        .order_by(*_KEY)
        .limit(limit)
    )
    rows: list[dict[str, object]] = []
    for table, row_id, kept_n, digest in session.execute(waiting):
        n += 1
        end = _link(keyring, end, n, f"{table}/{row_id}/{kept_n}", digest)
        rows.append({"n": n, "of_table": table, "row_id": row_id, "kept_n": kept_n, "hash": end, "at": now})
    if rows:
        session.execute(sa.insert(KeptRowSeal), rows)
    return len(rows)


def unsealed_kept(session: Session) -> int:
    """How many rows wait for their seal."""
    sealed = sa.exists().where(_SAME)
    return session.scalar(sa.select(sa.func.count()).select_from(KeptRow).where(~sealed)) or 0


def kept_not_as_sealed(session: Session) -> NotAsSealed | None:
    """The first row that isn't what was sealed, or link that isn't what it was; None is what it should be."""
    keyring = keyring_of(session)
    present = sa.case((KeptRow.n.is_not(None), _DIGEST))
    chain: sa.Select[*tuple[Any, ...]] = (
        sa.select(KeptRowSeal.n, *_SEALED, KeptRowSeal.hash, present, EmptiedKept.digest, EmptiedKept.hash)
        .outerjoin(KeptRow, _SAME)
        .outerjoin(EmptiedKept, _EMPTIED)
        .order_by(KeptRowSeal.n)
        .execution_options(yield_per=_READ)
    )
    with session.execute(chain) as rows:
        links = (
            (n, f"{table}/{row_id}/{kept_n}", kept, _whole(keyring, (table, row_id, kept_n), left, was, tie))
            for n, table, row_id, kept_n, kept, left, was, tie in rows
        )
        return first_break(links, partial(_link, keyring), sealed="kept_rows", seals="kept_row_seals")


def empty_kept(session: Session, table: str, column: str, ids: Collection[int], *, now: dt.datetime) -> None:
    """Let all that was kept of these rows say in a column what they say now, and keep what proves the rest.

    The caller has said that somebody is being erased (`say_erasing`) and has taken the words out of the rows.
    """
    if not ids:
        return
    # What is sealed meanwhile would be sealed as it was, with nothing kept of that.
    session.execute(sa.text("LOCK TABLE kept_row_seals IN SHARE ROW EXCLUSIVE MODE"))
    of_rows = sa.and_(KeptRow.of_table == table, KeptRow.row_id.in_(ids))
    sealed = sa.select(*_KEY, _DIGEST, EmptiedKept.digest).join(KeptRowSeal, _SAME).outerjoin(EmptiedKept, _EMPTIED)
    # One that isn't sealed yet is sealed as it is left.
    was = {
        (name, row_id, n): kept or digest for name, row_id, n, digest, kept in session.execute(sealed.where(of_rows))
    }
    session.execute(
        sa.text(f"""
            UPDATE kept_rows k SET said = k.said || jsonb_build_object(CAST(:column AS text), t.{column}) FROM {table} t
             WHERE k.of_table = :table AND k.row_id = t.id AND t.id = ANY(:ids)
               AND k.said ->> :column IS DISTINCT FROM t.{column}
        """),  # noqa: S608 - names of ours
        {"table": table, "column": column, "ids": list(ids)},
    )
    keyring = keyring_of(session, writes=True)
    proofs = [
        {"of_table": name, "row_id": row_id, "n": n, "digest": was[name, row_id, n], "at": now,
         "hash": _proof(keyring, (name, row_id, n), was[name, row_id, n], left)}
        for name, row_id, n, left in session.execute(sa.select(*_KEY, _DIGEST).where(of_rows))
        if was.get((name, row_id, n), left) != left
    ]  # fmt: skip
    if proofs:
        kept = insert(EmptiedKept).values(proofs)
        again = {"hash": kept.excluded.hash, "at": kept.excluded.at}
        session.execute(kept.on_conflict_do_update(index_elements=["of_table", "row_id", "n"], set_=again))


def _whole(
    keyring: Keyring, key: tuple[str, int, int], left: bytes | None, was: bytes | None, tie: bytes | None
) -> bytes | None:
    """The digest of what was kept at first, where words are gone since."""
    return was if left is not None and was is not None and tie == _proof(keyring, key, was, left) else left


def _proof(keyring: Keyring, key: tuple[str, int, int], was: bytes, left: bytes) -> bytes:
    return proof(keyring, f"kept {key[0]}", key[1:], was, left)


def _link(keyring: Keyring, end: bytes, n: int, key: str, digest: bytes) -> bytes:
    return link(keyring, "kept rows", end, n, key.encode(), digest)
