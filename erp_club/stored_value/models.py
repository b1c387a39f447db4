"""Prepaid and gift cards: what kinds there are, the cards, and a ledger of their money that is only ever added to."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base, SmallId
from erp_club.stored_value.kinds import CardKind, CardState, MovementKind, ProductState, VatAt

BEARER = 0
"""The customer of a card that is nobody's in particular: the unidentified one, as in every table that leads with it."""


class CardProduct(Base):
    """A kind of card as head office sets it. Without `valid_months` its money never expires.

    `amounts_minor` are the amounts that it is sold with; where there are none, any from `least_minor` to `most_minor`.
    `most_minor` also bounds what may lie on a card at once.
    """

    __tablename__ = "stored_value_products"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('prepaid', 'gift')", name="kind_known"),
        sa.CheckConstraint("vat_at IN ('sale', 'use')", name="vat_known"),
        sa.CheckConstraint("state IN ('active', 'closed')", name="state_known"),
        sa.CheckConstraint("valid_months > 0", name="valid_for_some_time"),
        sa.CheckConstraint("0 < least_minor AND least_minor <= most_minor", name="amounts_in_order"),
    )

    id: Mapped[SmallId]
    code: Mapped[str] = mapped_column(unique=True)
    names: Mapped[dict[str, str]]
    kind: Mapped[CardKind] = mapped_column(sa.Text)
    currency: Mapped[str]
    valid_months: Mapped[int | None] = mapped_column(sa.Integer)
    vat_at: Mapped[VatAt] = mapped_column(sa.Text)
    has_pin: Mapped[bool]
    amounts_minor: Mapped[list[int]] = mapped_column(ARRAY(sa.BigInteger), server_default="{}")
    least_minor: Mapped[int]
    most_minor: Mapped[int]
    state: Mapped[ProductState] = mapped_column(sa.Text, server_default=ProductState.ACTIVE.value)
    version: Mapped[int] = mapped_column(sa.Integer, server_default="1")
    created_at: Mapped[dt.datetime]


class CardArticle(Base):
    """An article of the catalogue by which a kind of card is sold or loaded at the till."""

    __tablename__ = "stored_value_articles"

    article_id: Mapped[int] = mapped_column(sa.ForeignKey("products.id"), primary_key=True, autoincrement=False)
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("stored_value_products.id"), index=True)


class ValueCard(Base):
    """A card and what lies on it. `last_seq` numbers its movements without gaps: a lost one would show.

    `customer_id` is who holds it from its issue on, 0 for a bearer's; whoever shows the number (and PIN) may use it.
    `wrong_pins` counts those entered since the last right one; `LOCKED_AT` of them lock the card.
    """

    __tablename__ = "stored_value_cards"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "id"),
        sa.Index("ix_stored_value_cards_id", "id", unique=True),
        sa.Index("ix_stored_value_cards_issued_at", "issued_at"),
        sa.CheckConstraint("state IN ('new', 'active', 'blocked', 'lost', 'closed')", name="state_known"),
        sa.CheckConstraint("balance_minor >= 0", name="balance_never_below_zero"),
        sa.CheckConstraint("balance_minor = 0 OR state <> 'new'", name="new_is_worth_nothing"),
        sa.CheckConstraint("replaced_by IS NULL OR state = 'closed'", name="replaced_is_closed"),
    )

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity())
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("stored_value_products.id"), index=True)
    number: Mapped[str]
    pin_hash: Mapped[str | None]
    wrong_pins: Mapped[int] = mapped_column(sa.SmallInteger, server_default="0")
    state: Mapped[CardState] = mapped_column(sa.Text, server_default=CardState.NEW.value)
    balance_minor: Mapped[int] = mapped_column(server_default="0")
    last_seq: Mapped[int] = mapped_column(server_default="0")
    issued_at: Mapped[dt.datetime]
    replaced_by: Mapped[int | None]


class ValueNumber(Base):
    """A card's number is unique over all customers."""

    __tablename__ = "stored_value_numbers"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["customer_id", "card_id"], ["stored_value_cards.customer_id", "stored_value_cards.id"]
        ),
    )

    number: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[int]
    card_id: Mapped[int]


class ValueLot(Base):
    """The money of a card that can be used from and until the same days, both included; one lot a card and days.

    Without `first_day` it can be used at once, without `last_day` for ever.
    """

    __tablename__ = "stored_value_lots"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "card_id", "id"),
        sa.ForeignKeyConstraint(
            ["customer_id", "card_id"], ["stored_value_cards.customer_id", "stored_value_cards.id"]
        ),
        sa.UniqueConstraint("customer_id", "card_id", "last_day", "first_day", postgresql_nulls_not_distinct=True),
        sa.Index(
            "ix_stored_value_lots_last_day",
            "customer_id",
            "card_id",
            "last_day",
            postgresql_where=sa.text("remaining_minor > 0 AND last_day IS NOT NULL"),
        ),
        sa.CheckConstraint("remaining_minor >= 0", name="never_below_zero"),
        sa.CheckConstraint("first_day <= last_day", name="days_in_order"),
    )

    customer_id: Mapped[int]
    card_id: Mapped[int]
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity())
    first_day: Mapped[dt.date | None]
    last_day: Mapped[dt.date | None]
    remaining_minor: Mapped[int]


class ValueLotTerms(Base):
    """What a lot was opened as, which no movement changes. A trigger writes it with the lot, and never changes it."""

    __tablename__ = "stored_value_lot_terms"
    __table_args__ = (sa.PrimaryKeyConstraint("customer_id", "card_id", "lot_id"),)

    customer_id: Mapped[int]
    card_id: Mapped[int]
    lot_id: Mapped[int]
    last_day: Mapped[dt.date | None]
    first_day: Mapped[dt.date | None]


class ValueMovement(Base):
    """Money onto a card (above zero) or off it. A trigger refuses UPDATE and DELETE.

    The receipt is the sale's, whose customer needn't be the card's. `reverses_seq` is the payment that a refund gives
    back, `other_card_id` the card that the money came from or went to, `run_id` the run of a job.
    """

    __tablename__ = "stored_value_movements"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "card_id", "seq"),
        sa.ForeignKeyConstraint(
            ["customer_id", "card_id"], ["stored_value_cards.customer_id", "stored_value_cards.id"]
        ),
        sa.ForeignKeyConstraint(["receipt_customer_id", "receipt_id"], ["receipts.customer_id", "receipts.id"]),
        sa.Index(
            "ix_stored_value_movements_receipt",
            "receipt_customer_id",
            "receipt_id",
            postgresql_where=sa.text("receipt_id IS NOT NULL"),
        ),
        sa.CheckConstraint("amount_minor <> 0", name="moves_something"),
        sa.CheckConstraint("balance_after_minor >= 0", name="never_below_zero"),
        sa.CheckConstraint(
            "kind IN ('sold', 'given', 'loaded', 'paid', 'refunded', 'moved', 'expired', 'adjusted', 'opening')",
            name="kind_known",
        ),
        sa.CheckConstraint("seq > 0", name="counts_from_one"),
    )

    customer_id: Mapped[int]
    card_id: Mapped[int]
    seq: Mapped[int]
    kind: Mapped[MovementKind] = mapped_column(sa.Text)
    amount_minor: Mapped[int]
    balance_after_minor: Mapped[int]
    at: Mapped[dt.datetime]
    on_date: Mapped[dt.date]
    receipt_customer_id: Mapped[int | None]
    receipt_id: Mapped[int | None]
    reverses_seq: Mapped[int | None]
    other_card_id: Mapped[int | None]
    run_id: Mapped[int | None]
    reason: Mapped[str | None]
    store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"))
    terminal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("terminals.id"))
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))


class ValueMovementLot(Base):
    """What a movement did to one lot. Sums over a movement are its amount, over a lot what remains in it."""

    __tablename__ = "stored_value_movement_lots"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "card_id", "seq", "lot_id"),
        sa.ForeignKeyConstraint(
            ["customer_id", "card_id", "seq"],
            [
                "stored_value_movements.customer_id",
                "stored_value_movements.card_id",
                "stored_value_movements.seq",
            ],
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "card_id", "lot_id"],
            ["stored_value_lots.customer_id", "stored_value_lots.card_id", "stored_value_lots.id"],
        ),
        sa.CheckConstraint("amount_minor <> 0", name="moves_something"),
    )

    customer_id: Mapped[int]
    card_id: Mapped[int]
    seq: Mapped[int]
    lot_id: Mapped[int]
    amount_minor: Mapped[int]


class ValueSeal(Base):
    """A keyed hash over a movement, its lots, and the seal of the movement before it: none changes unnoticed.

    `with_terms` is whether it is also over what the lots were opened as, as all are but the oldest.
    """

    __tablename__ = "stored_value_seals"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "card_id", "seq"),
        sa.ForeignKeyConstraint(
            ["customer_id", "card_id", "seq"],
            [
                "stored_value_movements.customer_id",
                "stored_value_movements.card_id",
                "stored_value_movements.seq",
            ],
        ),
        sa.CheckConstraint("octet_length(hash) = 32", name="hash_length"),
    )

    customer_id: Mapped[int]
    card_id: Mapped[int]
    seq: Mapped[int]
    hash: Mapped[bytes]
    at: Mapped[dt.datetime]
    with_terms: Mapped[bool] = mapped_column(server_default=sa.false())


class WrongEntry(Base):
    """A number (with its PIN) that was entered in vain at a till or by a person, as a hash; again it counts once.

    `locked_until` stands at the one that was too many.
    """

    __tablename__ = "stored_value_wrong_entries"

    scope: Mapped[str] = mapped_column(primary_key=True)
    entry_hash: Mapped[bytes] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(index=True)
    locked_until: Mapped[dt.datetime | None]
