"""Coupons: batches, the coupons issued of them, what holds them for a sale, what they were used for.

Codes are kept as they are, not hashed: head office prints them again, exports them for a mailing and reads one out to a
customer, so they must be readable; and whoever could read this table without leave could also write to it.
"""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base, SmallId
from erp_club.promotions.coupons.batches.settings import MOST_TO_ISSUE, MOST_USES
from erp_club.promotions.coupons.kinds import BatchState, CouponState


class CouponBatch(Base):
    """Coupons with the same terms; offers speak of it by its `code`.

    Its coupons hold from `valid_from` to `valid_to`, both included, where these are set; with `days_from_issue` N each
    ends N days after the day it was issued on, that day included. `worth_minor`: what is left of so much after a use
    can be used again; without it a use takes the coupon whole, and what it didn't need is lost. `back_on_return`: who
    returns all that it was used for gets the use back.
    """

    __tablename__ = "coupon_batches"
    __table_args__ = (
        sa.CheckConstraint("code ~ '^[A-Z0-9][A-Z0-9_.-]{0,49}$'", name="code_form"),
        sa.CheckConstraint("prefix ~ '^[2-9ACEFHJKMPRTVWXY]{0,6}$'", name="prefix_form"),
        sa.CheckConstraint("state IN ('active', 'closed', 'blocked')", name="state_known"),
        sa.CheckConstraint("valid_from <= valid_to", name="days_in_order"),
        sa.CheckConstraint("valid_to IS NULL OR days_from_issue IS NULL", name="one_way_to_end"),
        sa.CheckConstraint("days_from_issue BETWEEN 0 AND 36500", name="days_in_range"),
        sa.CheckConstraint(f"uses BETWEEN 1 AND {MOST_USES}", name="uses_in_range"),
        sa.CheckConstraint("worth_minor > 0", name="worth_above_zero"),
        sa.CheckConstraint("most IS NULL OR issued <= most", name="no_more_than_most"),
        sa.CheckConstraint(f"most BETWEEN 1 AND {MOST_TO_ISSUE}", name="most_in_range"),
    )

    id: Mapped[SmallId]
    code: Mapped[str] = mapped_column(unique=True)
    names: Mapped[dict[str, str]]
    prefix: Mapped[str]
    personal: Mapped[bool]
    uses: Mapped[int] = mapped_column(sa.Integer)
    worth_minor: Mapped[int | None]
    valid_from: Mapped[dt.date | None]
    valid_to: Mapped[dt.date | None]
    days_from_issue: Mapped[int | None] = mapped_column(sa.Integer)
    most: Mapped[int | None] = mapped_column(sa.Integer)
    issued: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    back_on_return: Mapped[bool] = mapped_column(server_default=sa.false())
    state: Mapped[BatchState] = mapped_column(sa.Text, server_default=BatchState.ACTIVE.value)
    version: Mapped[int] = mapped_column(sa.Integer, server_default="1")
    created_at: Mapped[dt.datetime]


class Coupon(Base):
    """One coupon: the customer's it was issued to, or anybody's. Uses and worth are those of its batch at issue.

    `first_day` and `last_day` are included; without them the batch's days hold. `used` counts the rows of its uses,
    `given_minor` sums what they gave; the checks keep both inside what was promised whatever a command forgets. The
    receipt is the one that it was issued with, which of a bearer coupon may be anybody's.
    """

    __tablename__ = "coupons"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "id"),
        sa.ForeignKeyConstraint(["receipt_customer_id", "receipt_id"], ["receipts.customer_id", "receipts.id"]),
        sa.Index("ix_coupons_batch_id", "batch_id", "id"),
        sa.Index(
            "ix_coupons_receipt",
            "receipt_customer_id",
            "receipt_id",
            postgresql_where=sa.text("receipt_id IS NOT NULL"),
        ),
        sa.Index("ix_coupons_used", "batch_id", postgresql_where=sa.text("used > 0")),
        sa.Index("ix_coupons_blocked", "batch_id", postgresql_where=sa.text("state <> 'active'")),
        sa.CheckConstraint("state IN ('active', 'blocked', 'taken_back')", name="state_known"),
        sa.CheckConstraint("used BETWEEN 0 AND uses", name="no_more_uses"),
        sa.CheckConstraint("given_minor BETWEEN 0 AND coalesce(worth_minor, given_minor)", name="no_more_than_worth"),
    )

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity())
    batch_id: Mapped[int] = mapped_column(sa.ForeignKey("coupon_batches.id"))
    code: Mapped[str]
    uses: Mapped[int] = mapped_column(sa.Integer)
    used: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    worth_minor: Mapped[int | None]
    given_minor: Mapped[int] = mapped_column(server_default="0")
    first_day: Mapped[dt.date | None]
    last_day: Mapped[dt.date | None]
    state: Mapped[CouponState] = mapped_column(sa.Text, server_default=CouponState.ACTIVE.value)
    issued_at: Mapped[dt.datetime]
    issued_by: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    receipt_customer_id: Mapped[int | None]
    receipt_id: Mapped[int | None]


class CouponCode(Base):
    """A code is unique over all customers, and is found here by its normalised form.

    Beside it stands what the coupon was issued as, which nothing changes: whoever gives it more is found by it.
    """

    __tablename__ = "coupon_codes"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["customer_id", "coupon_id"], ["coupons.customer_id", "coupons.id"], onupdate="CASCADE"
        ),
    )

    code: Mapped[str] = mapped_column(sa.Text(collation="C"), primary_key=True)
    customer_id: Mapped[int]
    coupon_id: Mapped[int]
    uses: Mapped[int] = mapped_column(sa.Integer)
    worth_minor: Mapped[int | None]
    first_day: Mapped[dt.date | None]
    last_day: Mapped[dt.date | None]


TERMS = ("uses", "worth_minor", "first_day", "last_day")
"""What a coupon was issued as, in both tables."""


class CouponSeal(Base):
    """The `n`th link of the chain over what coupons were issued as: a keyed hash over one and the link before it."""

    __tablename__ = "coupon_seals"
    __table_args__ = (sa.CheckConstraint("octet_length(hash) = 32", name="hash_length"),)

    n: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(sa.Text(collation="C"), unique=True)
    hash: Mapped[bytes]
    at: Mapped[dt.datetime]


class CouponUse(Base):
    """One use, numbered from 1; the same number twice is refused by the key. Rows are never updated or deleted.

    The receipt may be another customer's than the coupon: a bearer coupon stands under nobody.
    """

    __tablename__ = "coupon_uses"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "coupon_id", "use_no"),
        sa.ForeignKeyConstraint(
            ["customer_id", "coupon_id"], ["coupons.customer_id", "coupons.id"], onupdate="CASCADE"
        ),
        sa.ForeignKeyConstraint(["receipt_customer_id", "receipt_id"], ["receipts.customer_id", "receipts.id"]),
        sa.Index("ix_coupon_uses_receipt", "receipt_customer_id", "receipt_id"),
        sa.Index("ix_coupon_uses_batch_id", "batch_id", "at"),
        sa.CheckConstraint("use_no >= 1", name="numbered_from_one"),
        sa.CheckConstraint("given_minor >= 0", name="given_not_negative"),
    )

    customer_id: Mapped[int]
    coupon_id: Mapped[int]
    use_no: Mapped[int] = mapped_column(sa.Integer)
    batch_id: Mapped[int] = mapped_column(sa.ForeignKey("coupon_batches.id"))
    receipt_customer_id: Mapped[int]
    receipt_id: Mapped[int]
    given_minor: Mapped[int]
    at: Mapped[dt.datetime]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    terminal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("terminals.id"))
    store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"))


class CouponUseBack(Base):
    """A use that a return gave back: the coupon has one more use, and so much more worth, than it was issued with.

    The use itself stays. The receipt is the return's; the key lets a use come back once.
    """

    __tablename__ = "coupon_uses_back"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "coupon_id", "use_no"),
        sa.ForeignKeyConstraint(
            ["customer_id", "coupon_id", "use_no"],
            ["coupon_uses.customer_id", "coupon_uses.coupon_id", "coupon_uses.use_no"],
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["receipt_customer_id", "receipt_id"], ["receipts.customer_id", "receipts.id"]),
    )

    customer_id: Mapped[int]
    coupon_id: Mapped[int]
    use_no: Mapped[int] = mapped_column(sa.Integer)
    receipt_customer_id: Mapped[int]
    receipt_id: Mapped[int]
    at: Mapped[dt.datetime]


class CouponReservation(Base):
    """A coupon held for a sale until a moment; what is past counts for nothing.

    A coupon of one use has one `slot`, so the key itself lets one sale hold it; one of several has a slot a sale.
    """

    __tablename__ = "coupon_reservations"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "coupon_id", "slot"),
        sa.ForeignKeyConstraint(
            ["customer_id", "coupon_id"], ["coupons.customer_id", "coupons.id"], onupdate="CASCADE"
        ),
        sa.Index("ix_coupon_reservations_sale_id", "sale_id"),
        sa.Index("ix_coupon_reservations_until", "until"),
    )

    customer_id: Mapped[int]
    coupon_id: Mapped[int]
    slot: Mapped[str]
    sale_id: Mapped[str]
    until: Mapped[dt.datetime]


class WrongCode(Base):
    """A wrong code that was entered at a till (or by a person), as a hash; the same one again counts once.

    `locked_until` stands at the one that was too many.
    """

    __tablename__ = "coupon_wrong_codes"

    scope: Mapped[str] = mapped_column(primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(index=True)
    locked_until: Mapped[dt.datetime | None]
