"""The basket that a till is filling, kept on the server so that a reload loses nothing; and quotes, kept a while."""

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base
from erp_club.purchases.kinds import BasketState


class Basket(Base):
    """A sale in the making; `id` is the sale's own name. Paid ones lead to their receipt and keep no lines.

    `card_id` is the card by which its customer was identified, if it was one.
    `staff_id` is whoever opened it, and once it is paid whoever took the money. `tendered_minor` is what was handed
    over in cash. `coupons`, `claims` (offers chosen, each with the product of a choice) and `confirmed` are what was
    entered, chosen and answered beside the items.
    `paying_cards` are the ids of the prepaid and gift cards that were shown to pay with, in their order; `sold_cards`
    those that are to be sold or loaded, where they aren't simply made (number, and hash of the PIN). `fees` are the ids
    of what memberships of the sale wait for. `held_minor` is what it came to when it was laid aside.
    """

    __tablename__ = "baskets"
    __table_args__ = (
        sa.Index("uq_baskets_open", "terminal_id", unique=True, postgresql_where=sa.text("state = 'open'")),
        sa.Index("ix_baskets_held", "terminal_id", postgresql_where=sa.text("state = 'held'")),
        sa.Index("ix_baskets_paid", "terminal_id", "paid_at", postgresql_where=sa.text("state = 'paid'")),
        sa.CheckConstraint("state IN ('open', 'held', 'dropped', 'paid')", name="state_known"),
        sa.CheckConstraint("(state = 'paid') = (receipt_id IS NOT NULL)", name="paid_has_receipt"),
        sa.CheckConstraint("(state = 'paid') = (paid_at IS NOT NULL)", name="paid_has_time"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    terminal_id: Mapped[int] = mapped_column(sa.ForeignKey("terminals.id"))
    state: Mapped[BasketState] = mapped_column(sa.Text)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))
    card_id: Mapped[int | None] = mapped_column(sa.ForeignKey("cards.id"))
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    opened_at: Mapped[dt.datetime]
    last_line: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    receipt_id: Mapped[int | None]
    paid_at: Mapped[dt.datetime | None]
    tendered_minor: Mapped[int | None]
    coupons: Mapped[list[str]] = mapped_column(ARRAY(sa.Text), server_default="{}")
    claims: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    confirmed: Mapped[list[str]] = mapped_column(ARRAY(sa.Text), server_default="{}")
    paying_cards: Mapped[list[int]] = mapped_column(ARRAY(sa.BigInteger), server_default="{}")
    sold_cards: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    fees: Mapped[list[int]] = mapped_column(ARRAY(sa.BigInteger), server_default="{}")
    held_minor: Mapped[int | None]


class BasketLine(Base):
    """A product and how much of it, in thousandths. The price is the product's until the sale is posted.

    The line of a membership's fee has a price of its own; what an entitlement gives costs nothing.
    """

    __tablename__ = "basket_lines"
    __table_args__ = (
        sa.Index(
            "uq_basket_lines_product",
            "basket_id",
            "product_id",
            unique=True,
            postgresql_where=sa.text("price_minor IS NULL"),
        ),
        sa.CheckConstraint("quantity_milli > 0", name="quantity_above_zero"),
    )

    basket_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("baskets.id", ondelete="CASCADE"), primary_key=True)
    line_no: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("products.id"))
    quantity_milli: Mapped[int]
    price_minor: Mapped[int | None]
    fee_id: Mapped[int | None] = mapped_column(sa.ForeignKey("membership_fees.id"))
    use_id: Mapped[int | None] = mapped_column(sa.ForeignKey("entitlement_uses.id"))


class Quote(Base):
    """A basket as it was priced for a till. `sale_id` is the till's own name for the sale, which has one quote.

    `request` is what was asked, by which a purchase is compared; `answer` is all that a purchase at this price needs.
    """

    __tablename__ = "quotes"
    __table_args__ = (sa.UniqueConstraint("terminal_id", "sale_id"), sa.Index("ix_quotes_expires_at", "expires_at"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    terminal_id: Mapped[int] = mapped_column(sa.ForeignKey("terminals.id"))
    sale_id: Mapped[str]
    request: Mapped[dict[str, Any]]
    answer: Mapped[dict[str, Any]]
    made_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
