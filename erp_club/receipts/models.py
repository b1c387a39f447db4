"""What happened at the tills: receipts, their lines and how they were paid. Rows are never changed."""

import datetime as dt
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base


class ReceiptSource(StrEnum):
    """Which way a receipt came in."""

    TILL = "till"
    IMPORT = "import"


class Means(StrEnum):
    """Means of payment."""

    CASH = "cash"
    CARD = "card"


class Receipt(Base):
    """A sale. Amounts are what the lines sum to; `rounding_minor` is what cash rounding added (or took).

    `sold_on` is the store's local date of `sold_at`. What it earned stands in the points ledger.
    """

    __tablename__ = "receipts"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "id"),
        sa.Index("ix_receipts_id", "id"),
        sa.Index("ix_receipts_customer_id_sold_at", "customer_id", "sold_at"),
        sa.Index("ix_receipts_sold_on", "sold_on"),
    )

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity())
    store_id: Mapped[int] = mapped_column(sa.ForeignKey("stores.id"))
    terminal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("terminals.id"))
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    receipt_no: Mapped[str]
    sold_at: Mapped[dt.datetime]
    sold_on: Mapped[dt.date]
    list_minor: Mapped[int]
    total_minor: Mapped[int]
    rounding_minor: Mapped[int] = mapped_column(server_default="0")
    source: Mapped[ReceiptSource] = mapped_column(sa.Text)


class ReceiptNumber(Base):
    """A receipt number is unique in its store for ever. `content_hash` tells a repeat from another receipt."""

    __tablename__ = "receipt_numbers"
    __table_args__ = (sa.ForeignKeyConstraint(["customer_id", "receipt_id"], ["receipts.customer_id", "receipts.id"]),)

    store_id: Mapped[int] = mapped_column(sa.ForeignKey("stores.id"), primary_key=True)
    receipt_no: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[int]
    receipt_id: Mapped[int]
    content_hash: Mapped[bytes]


class ReceiptLine(Base):
    """One line. Quantity is in thousandths; amounts are for the whole line, with VAT, before and after discounts."""

    __tablename__ = "receipt_lines"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "receipt_id", "line_no"),
        sa.ForeignKeyConstraint(["customer_id", "receipt_id"], ["receipts.customer_id", "receipts.id"]),
    )

    customer_id: Mapped[int]
    receipt_id: Mapped[int]
    line_no: Mapped[int] = mapped_column(sa.Integer)
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("products.id"))
    quantity_milli: Mapped[int]
    list_minor: Mapped[int]
    amount_minor: Mapped[int]
    vat_bp: Mapped[int] = mapped_column(sa.Integer)


class ReceiptPayment(Base):
    """What one means paid of a receipt, rounding included."""

    __tablename__ = "receipt_payments"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "receipt_id", "payment_no"),
        sa.ForeignKeyConstraint(["customer_id", "receipt_id"], ["receipts.customer_id", "receipts.id"]),
        sa.CheckConstraint("means IN ('cash', 'card')", name="means_known"),
    )

    customer_id: Mapped[int]
    receipt_id: Mapped[int]
    payment_no: Mapped[int] = mapped_column(sa.SmallInteger)
    means: Mapped[Means] = mapped_column(sa.Text)
    amount_minor: Mapped[int]
