"""The trace: what it tells of people can go, and what was sealed can't be changed unseen."""

# REQ A-02
import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from erp_club.kernel import audit
from erp_club.kernel.audit import AuditEntry, AuditSeal, AuditValues
from erp_club.kernel.audit_seals import chain_end, entries_not_as_sealed, seal_entries, unsealed
from erp_club.kernel.seals import NotAsSealed
from erp_club.permissions.actors import SYSTEM
from tests.make.clubs import a_customer

NOW = dt.datetime(2026, 11, 25, 3, tzinfo=dt.UTC)


def _edits(session: Session, count: int = 3) -> tuple[int, list[int]]:
    """A customer whose city was changed so often, with the entries of it."""
    yael = a_customer(session)
    for number in range(count):
        audit.record(
            session,
            by=SYSTEM,
            now=NOW,
            action="customer.edit",
            entity="customer",
            entity_id=yael,
            before={"city": f"Haifa {number}"},
            after={"city": f"Haifa {number + 1}"},
        )
    ids = session.scalars(sa.select(AuditEntry.id).where(AuditEntry.action == "customer.edit").order_by(AuditEntry.id))
    return yael, list(ids)


def _around_the_triggers(session: Session, change: str, **values: object) -> None:
    session.execute(sa.text("SET LOCAL session_replication_role = replica"))
    session.execute(sa.text(change), values)
    session.execute(sa.text("SET LOCAL session_replication_role = origin"))
    session.expire_all()


def test_an_erasure_empties_the_values_and_the_chain_still_holds(session: Session) -> None:  # REQ C-10
    yael, edits = _edits(session)
    seal_entries(session, now=NOW, limit=100)
    assert audit.empty_values(session, yael, now=NOW, by=SYSTEM) >= 3
    session.expire_all()
    entry = session.get_one(AuditEntry, edits[0])
    assert (entry.before, entry.after, entry.action) == (None, None, "customer.edit")
    assert session.scalars(sa.select(AuditValues.salt).where(AuditValues.customer_id == yael).distinct()).all() == [
        None
    ]
    assert entries_not_as_sealed(session) == []
    told = sa.func.string_agg(sa.cast(sa.literal_column("audit_values.*"), sa.Text), "")
    assert "Haifa" not in (session.scalar(sa.select(told).select_from(AuditValues)) or "")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_values SET after = NULL",
        "UPDATE audit_values SET emptied_at = now(), salt = NULL, before = NULL, after = NULL, entry_id = 0",
        "DELETE FROM audit_values",
        "TRUNCATE audit_values",
    ],
)
def test_values_can_only_be_emptied(session: Session, change: str) -> None:
    _edits(session)
    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.execute(sa.text(change))


def test_values_that_no_erasure_has_emptied_are_named(session: Session) -> None:
    _, edits = _edits(session)
    session.execute(
        sa.update(AuditValues)
        .where(AuditValues.entry_id == edits[1])
        .values(emptied_at=NOW, salt=None, before=None, after=None)
    )
    assert entries_not_as_sealed(session) == [NotAsSealed("audit_values", str(edits[1]))]


def test_a_change_of_any_column_of_the_trace_is_named(session: Session) -> None:
    _, edits = _edits(session)
    seal_entries(session, now=NOW, limit=100)
    other = {
        "TEXT": "'other'", "BIGINT": "0", "INTEGER": "0", "JSONB": "'{\"b\": 1}'", "DATETIME": "now()",
        "BOOLEAN": "false",
    }  # fmt: skip
    for table, key in ((AuditEntry, "id"), (AuditValues, "entry_id"), (AuditSeal, "entry_id")):
        for column in sa.inspect(table).local_table.columns:  # type: ignore[attr-defined]
            kind = str(column.type)
            value = "sha256('x')" if column.name in ("values_hash", "hash") else other.get(kind, other["TEXT"])
            if column.name in ("emptied_at", "before", "after") and (
                table is AuditEntry or column.name == "emptied_at"
            ):
                continue  # a constraint refuses them there, whoever writes
            with session.begin_nested() as tried:
                change = f"UPDATE {table.__tablename__} SET {column.name} = {value} WHERE {key} = :id"
                _around_the_triggers(session, change, id=edits[1])
                assert entries_not_as_sealed(session), f"{table.__tablename__}.{column.name}"
                tried.rollback()


def test_batches_make_one_chain_and_a_late_entry_is_sealed_later(session: Session) -> None:
    _edits(session, 5)
    waiting = unsealed(session)
    first = seal_entries(session, now=NOW, limit=2)
    assert (first.added, unsealed(session)) == (2, waiting - 2)
    seal_entries(session, now=NOW, limit=1_000)
    assert (unsealed(session), chain_end(session)[0]) == (0, waiting)
    assert seal_entries(session, now=NOW, limit=1_000).added == 0
    # A transaction that took its number early and was committed late.
    late = min(session.scalars(sa.select(AuditEntry.id))) - 1
    entry = {"id": late, "at": NOW, "actor": "system", "action": "store.add", "entity": "store", "entity_id": "1"}
    session.execute(sa.insert(AuditEntry), [entry])
    assert seal_entries(session, now=NOW, limit=1_000).added == 1
    assert session.scalar(sa.select(AuditSeal.entry_id).order_by(AuditSeal.n.desc()).limit(1)) == late
    assert entries_not_as_sealed(session) == []


@pytest.mark.parametrize(
    ("change", "table", "missing"),
    [
        ("UPDATE audit_entries SET actor = 'somebody' WHERE id = :id", "audit_entries", False),
        ("UPDATE audit_entries SET at = at + interval '1 microsecond' WHERE id = :id", "audit_entries", False),
        ("UPDATE audit_entries SET store_id = 1 WHERE id = :id", "audit_entries", False),
        ("UPDATE audit_entries SET values_hash = sha256('x') WHERE id = :id", "audit_entries", False),
        ("UPDATE audit_seals SET hash = sha256('x') WHERE entry_id = :id", "audit_seals", False),
        ("DELETE FROM audit_entries WHERE id = :id", "audit_entries", True),
        ("DELETE FROM audit_seals WHERE entry_id = :id", "audit_seals", True),
        ('UPDATE audit_values SET after = \'{"city": "Eilat"}\' WHERE entry_id = :id', "audit_values", False),
        ("DELETE FROM audit_values WHERE entry_id = :id", "audit_values", True),
        ("UPDATE audit_values SET customer_id = 0 WHERE entry_id = :id", "audit_values", False),
    ],
)
def test_a_row_changed_around_the_triggers_is_named(session: Session, change: str, table: str, missing: bool) -> None:
    _, edits = _edits(session)
    seal_entries(session, now=NOW, limit=100)
    assert entries_not_as_sealed(session) == []
    link = session.scalar(sa.select(AuditSeal.n).where(AuditSeal.entry_id == edits[1]))
    _around_the_triggers(session, change, id=edits[1])
    key = link if table == "audit_seals" else edits[1]
    assert NotAsSealed(table, str(key), missing) in entries_not_as_sealed(session)


def test_a_chain_made_again_with_other_keys_does_not_hold(session: Session) -> None:
    from erp_club.kernel.keyring import Keyring, new_keys
    from erp_club.kernel.seals import BEGINNING, link

    one, other = Keyring(text=new_keys()), Keyring(text=new_keys())
    assert link(one, "audit", BEGINNING, b"x") != link(other, "audit", BEGINNING, b"x")
    assert link(one, "audit", BEGINNING, b"x") != link(one, "points", BEGINNING, b"x")
    assert link(one, "audit", BEGINNING, b"ab", b"c") != link(one, "audit", BEGINNING, b"a", b"bc")
    assert len(link(one, "audit", BEGINNING, b"x")) == 32
