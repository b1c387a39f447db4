"""The trace of every change, and of every look at a person's record: who, what, before, after, when, where (A-02).

It stands in the kernel because every domain leaves one, the stores too, which know nothing of staff. What an entry
tells of a person stands in a table beside it, which erasure can empty. The entry itself holds a hash over those values
and a salt of their own that goes with them, so that the chain of seals outlives them and tells nothing of them.
"""

import datetime as dt
import secrets
from collections.abc import Mapping
from typing import Any, Protocol, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, column_property, mapped_column

from erp_club.kernel.db import Base

WORDS_OF_ENTRY = "audit_words(actor, entity_id, request_id, before, after)"
WORDS_OF_VALUES = "audit_words(before, after)"
"""What a search for words looks through: functions of the database, over which two indexes go."""


class AuditValues(Base):
    """What an entry tells of a person. A trigger refuses everything but to empty it, which erasure does."""

    __tablename__ = "audit_values"
    __table_args__ = (
        sa.Index("ix_audit_values_customer_id", "customer_id"),
        sa.Index("ix_audit_values_words", sa.text(WORDS_OF_VALUES), postgresql_using="gin"),
        sa.CheckConstraint("(salt IS NULL) = (emptied_at IS NOT NULL)", name="salt_until_emptied"),
        sa.CheckConstraint("emptied_at IS NULL OR num_nonnulls(before, after) = 0", name="emptied_whole"),
    )

    entry_id: Mapped[int] = mapped_column(sa.ForeignKey("audit_entries.id"), primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))
    salt: Mapped[str | None]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    emptied_at: Mapped[dt.datetime | None]


def _wherever(kept: Any, beside: Any, entry_id: Any) -> Any:
    """What the entry keeps itself, or what stands beside it."""
    values = sa.select(beside).where(AuditValues.entry_id == entry_id.column).scalar_subquery()
    return column_property(sa.func.coalesce(kept.column, values, type_=JSONB(none_as_null=True)))


class AuditEntry(Base):
    """One change of people's data, money or settings, or one look. Rows are never updated or deleted (a trigger).

    `customer_id` is the person that it is about. `before` and `after` are read from wherever they stand: with
    `values_hash`, beside the entry, where they may be gone.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        sa.Index("ix_audit_entries_entity", "entity", "entity_id", "id"),
        sa.Index("ix_audit_entries_staff_id", "staff_id", "id"),
        sa.Index("ix_audit_entries_action", "action", "id"),
        sa.Index(
            "ix_audit_entries_customer_id", "customer_id", "id", postgresql_where=sa.text("customer_id IS NOT NULL")
        ),
        sa.Index("ix_audit_entries_at", "at"),
        sa.Index("ix_audit_entries_words", sa.text(WORDS_OF_ENTRY), postgresql_using="gin"),
        sa.CheckConstraint("staff_id IS NOT NULL OR actor <> ''", name="somebody_did_it"),
        sa.CheckConstraint("octet_length(values_hash) = 32", name="hash_length"),
        # What is told of a person stands beside, whoever writes it: here nothing could ever take it out.
        sa.CheckConstraint(
            "entity <> 'customer' OR entity_id = '*' OR num_nonnulls(before, after) = 0", name="personal_beside"
        ),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    at: Mapped[dt.datetime]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    actor: Mapped[str]
    terminal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("terminals.id"))
    store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"))
    request_id: Mapped[str | None]
    action: Mapped[str]
    entity: Mapped[str]
    entity_id: Mapped[str]
    customer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customers.id"))
    open_before: Mapped[dict[str, Any] | None] = mapped_column("before", JSONB(none_as_null=True))
    open_after: Mapped[dict[str, Any] | None] = mapped_column("after", JSONB(none_as_null=True))
    values_hash: Mapped[bytes | None]
    before: Mapped[dict[str, Any] | None] = _wherever(open_before, AuditValues.before, id)  # noqa: A003 - the column
    after: Mapped[dict[str, Any] | None] = _wherever(open_after, AuditValues.after, id)  # noqa: A003


class AuditSeal(Base):
    """The `n`th link of the chain over the entries: a keyed hash over one entry and the link before it.

    The order is that of sealing: an entry that was committed late has a smaller id than those that were sealed before.
    """

    __tablename__ = "audit_seals"
    __table_args__ = (sa.CheckConstraint("octet_length(hash) = 32", name="hash_length"),)

    n: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(sa.ForeignKey("audit_entries.id"), unique=True)
    hash: Mapped[bytes]
    at: Mapped[dt.datetime]
    dated: Mapped[bool] = mapped_column(server_default=sa.false())
    """Whether the hash goes over `at` too, as that of every link does that is made now."""


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
    customer_id: int | None = None,
) -> None:
    """Keep one change, or one look, in the transaction that makes it: one statement.

    `before` and `after` hold the changed fields only, as JSON values. Secrets never come in. What is changed in a
    customer, and in another thing of which `customer_id` says whose it is, is personal and stands where erasure
    empties it. The request's id is taken from `session.info`.
    """
    of_person = (entity == "customer" and isinstance(entity_id, int)) or (customer_id is not None and entity != "audit")
    personal = of_person and not (before is None and after is None)
    told = {"was": None if before is None else jsonable(before), "is_now": None if after is None else jsonable(after)}
    entry = {
        "at": now,
        "staff_id": by.staff_id,
        "actor": by.name,
        "terminal_id": by.terminal_id,
        "store_id": by.store_id,
        "request_id": session.info.get("request_id"),
        "action": action,
        "entity": entity,
        "entity_id": str(entity_id),
        "customer_id": entity_id if entity == "customer" and isinstance(entity_id, int) else customer_id,
    }
    if personal:
        session.execute(_INSERT_BOTH, entry | told | {"salt": secrets.token_hex(16)})
    else:
        session.execute(_INSERT_ONE, entry | told)


def trace(
    entity: str,
    session: Session,
    entity_id: int,
    verb: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    *,
    now: dt.datetime,
    by: Doer,
) -> None:
    """`record` for a module whose commands all change one kind of thing: `_trace = partial(audit.trace, "offer")`."""
    record(
        session, by=by, now=now, action=f"{entity}.{verb}", entity=entity, entity_id=entity_id, before=before,
        after=after,
    )  # fmt: skip


def values_hash(salt: Any, before: Any, after: Any) -> sa.ColumnElement[bytes]:
    """What an entry keeps of its values: SHA-256 over their salt and them, as PostgreSQL writes jsonb.

    Nothing in it is bound, so that it may also stand in a statement that is written out.
    """
    text = sa.cast(sa.func.jsonb_build_array(salt, before, after), sa.Text)
    return sa.func.sha256(sa.func.convert_to(text, sa.literal_column("'UTF8'")), type_=sa.LargeBinary())


def _statements() -> tuple[sa.Insert, sa.Insert]:
    names = ("at", "staff_id", "actor", "terminal_id", "store_id", "request_id", "action", "entity", "entity_id")
    entries, beside = cast("sa.Table", AuditEntry.__table__), cast("sa.Table", AuditValues.__table__)
    columns = [*names, "customer_id"]
    given = {name: sa.bindparam(name, type_=entries.c[name].type) for name in columns}
    before, after = (sa.bindparam(name, type_=JSONB(none_as_null=True)) for name in ("was", "is_now"))
    salt = sa.bindparam("salt", type_=sa.Text)
    one = sa.insert(entries).values(given | {"before": before, "after": after})
    entry = (
        sa.insert(entries)
        .values(given | {"values_hash": values_hash(salt, before, after)})
        .returning(entries.c.id, entries.c.customer_id)
        .cte("entry")
    )
    both = sa.insert(beside).from_select(
        ["entry_id", "customer_id", "salt", "before", "after"],
        sa.select(entry.c.id, entry.c.customer_id, salt, before, after),
    )
    return one, both


_INSERT_ONE, _INSERT_BOTH = _statements()


def empty_values(
    session: Session, customer_id: int, *, before: dt.datetime | None = None, now: dt.datetime, by: Doer
) -> int:
    """Take out what the trace tells of a person, for good, and keep that it was done; gives of how many entries.

    With `before` only what it told until then. Who did what and when stays, and so does the chain of seals. It is the
    last step of an erasure: what is recorded of the person afterwards tells of them again.
    """
    wanted = sa.update(AuditValues).where(AuditValues.customer_id == customer_id, AuditValues.emptied_at.is_(None))
    if before is not None:
        old = sa.select(AuditEntry.id).where(AuditEntry.customer_id == customer_id, AuditEntry.at < before)
        wanted = wanted.where(AuditValues.entry_id.in_(old))
    emptied = session.execute(
        wanted.values(salt=None, before=None, after=None, emptied_at=now).returning(AuditValues.entry_id)
    ).all()
    record(
        session, by=by, now=now, action=EMPTIED, entity="audit", entity_id="*", customer_id=customer_id,
        after={"entries": len(emptied)},
    )  # fmt: skip
    return len(emptied)


EMPTIED = "audit.empty"
"""Values that are gone without such an entry of their person's were not erased by us."""


def jsonable(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same values with dates and times as ISO texts."""
    return {
        key: value.isoformat() if isinstance(value, (dt.date, dt.datetime)) else value for key, value in values.items()
    }
