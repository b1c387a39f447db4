"""The chain, its stores, and the terminals in them."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base, SmallId
from erp_club.organisation.kinds import Channel


class Chain(Base):
    """The one customer of this installation, with what holds for all its stores.

    `pricing` holds those policies of the pricing engine that differ from its own, by their names there.
    """

    __tablename__ = "chain"
    __table_args__ = (sa.CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    name: Mapped[str]
    currency: Mapped[str] = mapped_column(sa.String(3))
    country: Mapped[str] = mapped_column(sa.String(2))
    language: Mapped[str] = mapped_column(sa.String(2))
    time_zone: Mapped[str]
    is_demo: Mapped[bool] = mapped_column(server_default=sa.false())
    pricing: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")


class Store(Base):
    """A branch, or a web shop. `stub` is set where an import named a store that nobody had described."""

    __tablename__ = "stores"
    __table_args__ = (sa.CheckConstraint("channel IN ('store', 'web')", name="channel_known"),)

    id: Mapped[SmallId]
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    city: Mapped[str | None]
    time_zone: Mapped[str]
    stub: Mapped[bool] = mapped_column(server_default=sa.false())
    channel: Mapped[str] = mapped_column(server_default=Channel.STORE.value)


class Terminal(Base):
    """A till in a store. Its key is shown once and kept as a SHA-256; the key fixes the store.

    While keys are being exchanged the one before works until `old_key_until`.
    """

    __tablename__ = "terminals"
    __table_args__ = (
        sa.UniqueConstraint("store_id", "number"),
        sa.CheckConstraint("(old_key_hash IS NULL) = (old_key_until IS NULL)", name="old_key_ends"),
    )

    id: Mapped[SmallId]
    store_id: Mapped[int] = mapped_column(sa.ForeignKey("stores.id"))
    number: Mapped[int] = mapped_column(sa.Integer)
    name: Mapped[str]
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    old_key_hash: Mapped[bytes | None] = mapped_column(unique=True)
    old_key_until: Mapped[dt.datetime | None]
    active: Mapped[bool] = mapped_column(server_default=sa.true())
    next_receipt: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[dt.datetime]


class TerminalEnrolment(Base):
    """A browser that has become a terminal by entering its key once; it keeps a token of its own."""

    __tablename__ = "terminal_enrolments"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    terminal_id: Mapped[int] = mapped_column(sa.ForeignKey("terminals.id"), index=True)
    enrolled_at: Mapped[dt.datetime]


class TerminalCode(Base):
    """A code that makes one browser or machine this terminal, once and for minutes; a till has one at most."""

    __tablename__ = "terminal_codes"

    terminal_id: Mapped[int] = mapped_column(sa.ForeignKey("terminals.id"), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(unique=True)
    ends_at: Mapped[dt.datetime]
