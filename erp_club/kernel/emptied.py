"""Taking words out of rows that are never changed: what somebody typed about a person who is erased.

Nothing else of such a row can change, and only while it is said that somebody is being erased (a trigger). Where a
chain of seals goes over a movement, it goes on over what the movement was: of that a hash is kept, and a keyed one that
ties it to what is left, so that no other row can be passed off as an emptied one.
"""

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from erp_club.kernel.db import Base
from erp_club.kernel.keyring import Keyring
from erp_club.kernel.seals import BEGINNING, link


class EmptiedEntry(Base):
    """An entry of the trace of which words are gone: `digest` is that of the whole, `hash` is keyed, as of a movement.

    `digest` is what the seal goes over, or what the entry itself has kept of values that stand beside it.
    """

    __tablename__ = "emptied_entries"
    __table_args__ = (sa.CheckConstraint("octet_length(digest) = 32 AND octet_length(hash) = 32", name="hash_length"),)

    entry_id: Mapped[int] = mapped_column(sa.ForeignKey("audit_entries.id"), primary_key=True)
    digest: Mapped[bytes]
    hash: Mapped[bytes]
    at: Mapped[dt.datetime]


class EmptiedKept(Base):
    """What was kept of a row, of which words are gone: `digest` is that of the whole, `hash` as of a movement."""

    __tablename__ = "emptied_kept"
    __table_args__ = (sa.CheckConstraint("octet_length(digest) = 32 AND octet_length(hash) = 32", name="hash_length"),)

    of_table: Mapped[str] = mapped_column(primary_key=True)
    row_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    digest: Mapped[bytes]
    hash: Mapped[bytes]
    at: Mapped[dt.datetime]


class EmptiedMovement(Base):
    """A movement whose words are gone: `digest` is that of the whole, `hash` is keyed, over it and what is left."""

    __tablename__ = "emptied_movements"
    __table_args__ = (sa.CheckConstraint("octet_length(digest) = 32 AND octet_length(hash) = 32", name="hash_length"),)

    ledger: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[bytes]
    hash: Mapped[bytes]
    at: Mapped[dt.datetime]


def say_erasing(session: Session) -> None:
    """Let the words of rows that are never changed be taken out, until the transaction ends."""
    session.execute(sa.text("SELECT set_config('erp_club.erasing', 'on', true)"))


def proof(keyring: Keyring, ledger: str, key: Sequence[int], was: bytes, left: bytes) -> bytes:
    """The keyed hash that ties what a movement was to what is left of it."""
    return link(keyring, f"{ledger} emptied", BEGINNING, *key, was, left)
