"""What happened at the tills: receipts, their lines and how they were paid. Rows are never changed."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base
from erp_club.receipts.kinds import Means, ReceiptSource, ReturnKind


class Receipt(Base):
    """A sale, or a return: that has amounts and quantities below zero.

    Amounts are what the lines sum to; `rounding_minor` is what cash rounding added (or took). `sold_on` is the store's
    local date of `sold_at`. What it earned stands in the points ledger.
    """

    __tablename__ = "receipts"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "id"),
        sa.Index("ix_receipts_id", "id"),
        sa.Index("ix_receipts_customer_id_sold_at", "customer_id", "sold_at"),
        # The orders of lists, whole, so that a page far behind is found in the index alone.
        sa.Index("ix_receipts_sold_on", "sold_on", "sold_at", "id", postgresql_include=["customer_id", "total_minor"]),
        sa.Index("ix_receipts_store_id", "store_id", "sold_on", "sold_at", "id"),
        sa.Index("ix_receipts_receipt_no", "receipt_no", "id"),
        sa.Index("ix_receipts_total_minor", "total_minor", "id"),
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
    """One line. Quantity is in thousandths; amounts are for the whole line, with VAT, before and after discounts.

    `list_minor` is at the price in force, `regular_minor` at the product's own where `price_list` made another of it.
    `tax_minor` stands only where it isn't what the rate makes of the amount. `added`: a gift that no till
    scanned, a line of nothing: it is no discount, so neither amount holds what it would have cost.
    """

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
    regular_minor: Mapped[int | None]
    price_list: Mapped[str | None]
    tax_minor: Mapped[int | None]
    added: Mapped[bool] = mapped_column(server_default=sa.false())


class ReceiptOffer(Base):
    """What one offer gave on a receipt, in the version that was in force. `times`: how often it counted as used.

    `points_used` is what it cost the customer, `coupon` what started it.
    """

    __tablename__ = "receipt_offers"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "receipt_id", "offer_id"),
        sa.ForeignKeyConstraint(["customer_id", "receipt_id"], ["receipts.customer_id", "receipts.id"]),
        # By name: offers stand above receipts, and only the tables know each other.
        sa.ForeignKeyConstraint(["offer_id", "version_no"], ["offer_versions.offer_id", "offer_versions.version_no"]),
        sa.Index("ix_receipt_offers_offer_id", "offer_id", "receipt_id"),
    )

    customer_id: Mapped[int]
    receipt_id: Mapped[int]
    offer_id: Mapped[int] = mapped_column(sa.Integer)
    version_no: Mapped[int] = mapped_column(sa.Integer)
    times: Mapped[int] = mapped_column(sa.Integer)
    amount_minor: Mapped[int]
    points: Mapped[int] = mapped_column(server_default="0")
    points_used: Mapped[int] = mapped_column(server_default="0")
    coupon: Mapped[str | None]


class ReceiptDiscount(Base):
    """What an offer took off a line, of how many of its units. A line's rows sum to what is off its list price."""

    __tablename__ = "receipt_discounts"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "receipt_id", "line_no", "offer_id"),
        sa.ForeignKeyConstraint(
            ["customer_id", "receipt_id", "line_no"],
            ["receipt_lines.customer_id", "receipt_lines.receipt_id", "receipt_lines.line_no"],
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "receipt_id", "offer_id"],
            ["receipt_offers.customer_id", "receipt_offers.receipt_id", "receipt_offers.offer_id"],
        ),
    )

    customer_id: Mapped[int]
    receipt_id: Mapped[int]
    line_no: Mapped[int] = mapped_column(sa.Integer)
    offer_id: Mapped[int] = mapped_column(sa.Integer)
    amount_minor: Mapped[int]
    units_milli: Mapped[int]


class ReceiptMissedSaving(Base):
    """What the same basket would have cost less for a member of a club, as it was told on the receipt."""

    __tablename__ = "receipt_missed_savings"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "receipt_id"),
        sa.ForeignKeyConstraint(["customer_id", "receipt_id"], ["receipts.customer_id", "receipts.id"]),
    )

    customer_id: Mapped[int]
    receipt_id: Mapped[int]
    club_id: Mapped[int] = mapped_column(sa.ForeignKey("clubs.id"))
    amount_minor: Mapped[int]


class ReceiptPayment(Base):
    """What one means paid of a receipt, rounding included.

    `called` is the chain's own name of a means that is handled as a bank card: a telephone's, an invoice, its own card.
    """

    __tablename__ = "receipt_payments"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "receipt_id", "payment_no"),
        sa.ForeignKeyConstraint(["customer_id", "receipt_id"], ["receipts.customer_id", "receipts.id"]),
        sa.CheckConstraint("means IN ('cash', 'card', 'stored_value')", name="means_known"),
        sa.CheckConstraint("called IS NULL OR means = 'card'", name="called_as_card"),
    )

    customer_id: Mapped[int]
    receipt_id: Mapped[int]
    payment_no: Mapped[int] = mapped_column(sa.SmallInteger)
    means: Mapped[Means] = mapped_column(sa.Text)
    amount_minor: Mapped[int]
    called: Mapped[str | None] = mapped_column(sa.Text)


class ReceiptReturn(Base):
    """A receipt that gives back what another one sold, to the same customer; the other one stays as it is."""

    __tablename__ = "receipt_returns"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "receipt_id"),
        sa.ForeignKeyConstraint(["customer_id", "receipt_id"], ["receipts.customer_id", "receipts.id"]),
        sa.ForeignKeyConstraint(["customer_id", "original_receipt_id"], ["receipts.customer_id", "receipts.id"]),
        sa.CheckConstraint("kind IN ('return', 'cancellation', 'without_receipt')", name="kind_known"),
        sa.CheckConstraint(
            "(kind = 'without_receipt') = (original_receipt_id IS NULL)", name="original_unless_without"
        ),
        sa.CheckConstraint("original_receipt_id <> receipt_id", name="of_another"),
        sa.Index("ix_receipt_returns_original", "customer_id", "original_receipt_id"),
    )

    customer_id: Mapped[int]
    receipt_id: Mapped[int]
    kind: Mapped[ReturnKind] = mapped_column(sa.Text)
    original_receipt_id: Mapped[int | None]
    reason: Mapped[str]


class ReceiptExchange(Base):
    """A return and a sale that were settled as one: what changed hands is the difference of their payments."""

    __tablename__ = "receipt_exchanges"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "receipt_id"),
        sa.ForeignKeyConstraint(
            ["customer_id", "receipt_id"], ["receipt_returns.customer_id", "receipt_returns.receipt_id"]
        ),
        sa.ForeignKeyConstraint(["sold_customer_id", "sold_receipt_id"], ["receipts.customer_id", "receipts.id"]),
        sa.UniqueConstraint("sold_customer_id", "sold_receipt_id", name="uq_receipt_exchanges_sold"),
    )

    customer_id: Mapped[int]
    receipt_id: Mapped[int]
    sold_customer_id: Mapped[int]
    sold_receipt_id: Mapped[int]


class ReceiptReturnLine(Base):
    """Which line of the original a line of a return takes back, and how much of it (above zero, in thousandths)."""

    __tablename__ = "receipt_return_lines"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "receipt_id", "line_no"),
        sa.ForeignKeyConstraint(
            ["customer_id", "receipt_id", "line_no"],
            ["receipt_lines.customer_id", "receipt_lines.receipt_id", "receipt_lines.line_no"],
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "original_receipt_id", "original_line_no"],
            ["receipt_lines.customer_id", "receipt_lines.receipt_id", "receipt_lines.line_no"],
            name="fk_receipt_return_lines_original",
        ),
        sa.CheckConstraint("quantity_milli > 0", name="quantity_above_zero"),
        sa.Index("ix_receipt_return_lines_original", "customer_id", "original_receipt_id", "original_line_no"),
    )

    customer_id: Mapped[int]
    receipt_id: Mapped[int]
    line_no: Mapped[int] = mapped_column(sa.Integer)
    original_receipt_id: Mapped[int]
    original_line_no: Mapped[int] = mapped_column(sa.Integer)
    quantity_milli: Mapped[int]


class ReceiptLineReturned(Base):
    """How much of a sold line has come back in all: the check lets no two tills return the same unit."""

    __tablename__ = "receipt_lines_returned"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "receipt_id", "line_no"),
        sa.ForeignKeyConstraint(
            ["customer_id", "receipt_id", "line_no"],
            ["receipt_lines.customer_id", "receipt_lines.receipt_id", "receipt_lines.line_no"],
        ),
        sa.CheckConstraint("returned_milli BETWEEN 1 AND sold_milli", name="no_more_than_sold"),
    )

    customer_id: Mapped[int]
    receipt_id: Mapped[int]
    line_no: Mapped[int] = mapped_column(sa.Integer)
    sold_milli: Mapped[int]
    returned_milli: Mapped[int]


class ReceiptReturnPoints(Base):
    """What a return settled with one points account, whoever holds it.

    `settled` points were taken back; of them `owed` became a debt, `paid` were paid for with `deducted_minor` of the
    refund, and `written_off` were forgiven. `given_back` are points that had paid for the goods. Below zero `owed` are
    points that a former return had left as a debt, and that are `paid` for here; below zero `written_off` are points
    that a former one had forgiven, and that are taken from those that come back here.
    """

    __tablename__ = "receipt_return_points"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "receipt_id", "holder_id", "account_id"),
        sa.ForeignKeyConstraint(
            ["customer_id", "receipt_id"], ["receipt_returns.customer_id", "receipt_returns.receipt_id"]
        ),
        # By name: points stand above receipts, and only the tables know each other.
        sa.ForeignKeyConstraint(["holder_id", "account_id"], ["points_accounts.customer_id", "points_accounts.id"]),
        sa.CheckConstraint("least(settled, given_back, paid) >= 0", name="none_below_zero"),
        sa.CheckConstraint("owed + paid + written_off <= settled", name="no_more_than_settled"),
        sa.CheckConstraint("deducted_minor >= 0", name="deducted_not_negative"),
    )

    customer_id: Mapped[int]
    receipt_id: Mapped[int]
    holder_id: Mapped[int]
    account_id: Mapped[int]
    settled: Mapped[int]
    given_back: Mapped[int]
    owed: Mapped[int]
    paid: Mapped[int]
    written_off: Mapped[int]
    deducted_minor: Mapped[int]


class ReceiptSeal(Base):
    """The `n`th link of the chain over receipts: a keyed hash over one, what stands on it, and the link before."""

    __tablename__ = "receipt_seals"
    __table_args__ = (
        # Without a foreign key, by which a receipt that is gone would take its seal along.
        sa.UniqueConstraint("customer_id", "receipt_id"),
        sa.CheckConstraint("octet_length(hash) = 32", name="hash_length"),
    )

    n: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    customer_id: Mapped[int]
    receipt_id: Mapped[int]
    hash: Mapped[bytes]
    at: Mapped[dt.datetime]
