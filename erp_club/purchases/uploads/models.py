"""Sales that tills made while they were offline: the batches in which they came, and what didn't fit."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base, Id
from erp_club.purchases.uploads.kinds import Cause


class PurchaseUpload(Base):
    """A batch of sales. `booked` are new, `known` came before."""

    __tablename__ = "purchase_uploads"
    __table_args__ = (sa.CheckConstraint("least(booked, known, conflicts) >= 0", name="none_below_zero"),)

    id: Mapped[Id]
    at: Mapped[dt.datetime]
    store_id: Mapped[int] = mapped_column(sa.ForeignKey("stores.id"))
    terminal_id: Mapped[int] = mapped_column(sa.ForeignKey("terminals.id"))
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    booked: Mapped[int] = mapped_column(sa.Integer)
    known: Mapped[int] = mapped_column(sa.Integer)
    conflicts: Mapped[int] = mapped_column(sa.Integer)


class UploadConflict(Base):
    """One thing that didn't fit in one sale: what, and with which values. `document` is the sale as the till sent it.

    The receipt is the one that was booked; a receipt that differs names the one that was there before.
    """

    __tablename__ = "upload_conflicts"
    __table_args__ = (
        sa.ForeignKeyConstraint(["customer_id", "receipt_id"], ["receipts.customer_id", "receipts.id"]),
        sa.UniqueConstraint("store_id", "receipt_no", "cause", "document_hash"),
        sa.Index("ix_upload_conflicts_unseen", "id", postgresql_where=sa.text("seen_at IS NULL")),
        sa.CheckConstraint("(seen_at IS NULL) = (seen_by IS NULL)", name="seen_by_somebody"),
    )

    id: Mapped[Id]
    upload_id: Mapped[int] = mapped_column(sa.ForeignKey("purchase_uploads.id"))
    store_id: Mapped[int] = mapped_column(sa.ForeignKey("stores.id"))
    receipt_no: Mapped[str]
    sold_at: Mapped[dt.datetime]
    customer_id: Mapped[int]
    receipt_id: Mapped[int]
    cause: Mapped[Cause] = mapped_column(sa.Text)
    facts: Mapped[dict[str, Any]]
    document: Mapped[dict[str, Any]]
    document_hash: Mapped[bytes]
    seen_at: Mapped[dt.datetime | None]
    seen_by: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
