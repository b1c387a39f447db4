"""The points ledger: accounts with a balance kept beside, and movements that are only ever added."""

import datetime as dt
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base


class MovementKind(StrEnum):
    """Why points moved."""

    EARNED = "earned"
    ENDED = "ended"
    """The membership was ended, and its points with it."""
    RESTORED = "restored"
    """The ending was undone."""


class PointsAccount(Base):
    """One balance in whole points. `last_seq` numbers the movements without gaps: a lost one would show."""

    __tablename__ = "points_accounts"
    __table_args__ = (sa.PrimaryKeyConstraint("customer_id", "id"), sa.Index("ix_points_accounts_id", "id"))

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity())
    balance: Mapped[int] = mapped_column(server_default="0")
    last_seq: Mapped[int] = mapped_column(server_default="0")


class PointsMovement(Base):
    """Points in (above zero) or out. A trigger refuses UPDATE and DELETE; the sum of a row's account is its balance."""

    __tablename__ = "points_movements"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "account_id", "seq"),
        sa.ForeignKeyConstraint(["customer_id", "account_id"], ["points_accounts.customer_id", "points_accounts.id"]),
        sa.ForeignKeyConstraint(["customer_id", "receipt_id"], ["receipts.customer_id", "receipts.id"]),
        sa.CheckConstraint("points <> 0", name="moves_something"),
    )

    customer_id: Mapped[int]
    account_id: Mapped[int]
    seq: Mapped[int]
    kind: Mapped[MovementKind] = mapped_column(sa.Text)
    points: Mapped[int]
    balance_after: Mapped[int]
    at: Mapped[dt.datetime]
    on_date: Mapped[dt.date]
    receipt_id: Mapped[int | None]
    store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"))
    terminal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("terminals.id"))
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
