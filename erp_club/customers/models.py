"""Customers: people known to the chain, and what they agreed to."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.customers.kinds import CustomerState, IdKind
from erp_club.kernel.db import Base, Id

UNIDENTIFIED = 0
"""The customer of every sale whose buyer nobody knows: row 0, so that the big tables can lead with `customer_id`."""


def own_number(customer_id: int) -> str:
    """The number of a customer to whom nobody has given another.

    >>> own_number(17)
    'C00000017'
    """
    return f"C{customer_id:08}"


def _beginnings(column: str) -> sa.Index:
    """An index that finds a number whole or by its beginning; plain ones order by the database's collation."""
    return sa.Index(
        f"ix_customers_{column}",
        column,
        postgresql_ops={column: "text_pattern_ops"},
        postgresql_where=None if column == "number" else sa.text(f"{column} IS NOT NULL"),
    )


def _endings(column: str) -> sa.Index:
    """An index that finds a number by its last digits: it holds the number backwards."""
    return sa.Index(
        f"ix_customers_{column}_ending",
        sa.func.reverse(sa.column(column)).label("ending"),
        postgresql_ops={"ending": "text_pattern_ops"},
        postgresql_where=sa.text(f"{column} IS NOT NULL"),
    )


class Customer(Base):
    """One person. Phones are E.164, the e-mail lower case, the ID in the standard's compact form.

    The ID number is sealed under the key `id_key` of the keyring. `id_hash` finds it whole and keeps it unique,
    `id_ending` finds it by its last four signs; nothing else of it is here (`id_numbers.sealing`).
    Consents are three-valued: asked and given, asked and refused, never asked.
    """

    __tablename__ = "customers"
    __table_args__ = (
        sa.Index(
            "uq_customers_identity",
            "id_country",
            "id_kind",
            "id_hash",
            unique=True,
            postgresql_where=sa.text("id_hash IS NOT NULL AND state = 'active'"),
        ),
        *(
            sa.Index(f"ix_customers_{column}", column, postgresql_where=sa.text(f"{column} IS NOT NULL"))
            for column in ("id_hash", "id_ending")
        ),
        *(_beginnings(column) for column in ("number", "mobile", "phone", "email")),
        *(_endings(column) for column in ("mobile", "phone")),
        # FOB-1 and fob-1 are one identifier. The migration left those out that stood beside each other before.
        sa.Index("uq_customers_own_id", sa.text("lower(own_id)"), unique=True),
        sa.Index(
            "ix_customers_own_id",
            sa.func.lower(sa.column("own_id")).label("lowered"),
            postgresql_ops={"lowered": "text_pattern_ops"},
            postgresql_where=sa.text("own_id IS NOT NULL"),
        ),
        sa.Index("ix_customers_names", "family_name", "given_name", "id"),
        sa.Index("ix_customers_birthday", "birthday", postgresql_where=sa.text("birthday IS NOT NULL")),
        sa.Index("ix_customers_street", sa.text("lower(street)"), postgresql_where=sa.text("street IS NOT NULL")),
        sa.CheckConstraint("id_kind IN ('national_id', 'passport', 'none')", name="id_kind_known"),
        sa.CheckConstraint("(id_kind = 'none') = (id_hash IS NULL)", name="id_number_with_kind"),
        sa.CheckConstraint("num_nulls(id_sealed, id_key, id_hash, id_ending) IN (0, 4)", name="id_number_whole"),
        sa.CheckConstraint("(id_kind = 'none') = (id_country IS NULL)", name="id_country_with_kind"),
        sa.CheckConstraint("gender IN ('F', 'M', 'X')", name="gender_known"),
        sa.CheckConstraint("state IN ('active', 'merged', 'erased')", name="state_known"),
        sa.CheckConstraint("state <> 'merged' OR merged_into IS NOT NULL", name="merged_into_somebody"),
        sa.CheckConstraint("state <> 'active' OR merged_into IS NULL", name="active_for_themselves"),
        sa.Index("ix_customers_gone", "id", postgresql_where=sa.text("state <> 'active'")),
        sa.Index("ix_customers_merged_into", "merged_into", postgresql_where=sa.text("merged_into IS NOT NULL")),
        sa.CheckConstraint("email = lower(email)", name="email_lower"),
    )

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(unique=True)
    given_name: Mapped[str]
    family_name: Mapped[str]
    given_name_2: Mapped[str | None]
    family_name_2: Mapped[str | None]
    id_kind: Mapped[IdKind] = mapped_column(sa.Text, server_default=IdKind.NONE.value)
    id_country: Mapped[str | None] = mapped_column(sa.String(2))
    id_sealed: Mapped[bytes | None]
    id_key: Mapped[int | None] = mapped_column(sa.SmallInteger)
    id_hash: Mapped[bytes | None]
    id_ending: Mapped[bytes | None]
    phone: Mapped[str | None]
    mobile: Mapped[str | None]
    email: Mapped[str | None]
    street: Mapped[str | None]
    postcode: Mapped[str | None]
    city: Mapped[str | None]
    country: Mapped[str | None] = mapped_column(sa.String(2))
    birthday: Mapped[dt.date | None]
    anniversary: Mapped[dt.date | None]
    gender: Mapped[str | None] = mapped_column(sa.String(1))
    language: Mapped[str | None] = mapped_column(sa.String(2))
    home_store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"))
    own_id: Mapped[str | None]
    consent_advertising: Mapped[bool | None]
    consent_sms: Mapped[bool | None]
    consent_email: Mapped[bool | None]
    consent_post: Mapped[bool | None]
    state: Mapped[CustomerState] = mapped_column(sa.Text, server_default=CustomerState.ACTIVE.value)
    merged_into: Mapped[int | None] = mapped_column(sa.ForeignKey("customers.id"))
    opened_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]


class ConsentChange(Base):
    """One yes or no, for ever: to what wording, who took it, when, where and how. Rows are never updated or deleted.

    `wording_id` and its `language` are None where it came without: from a file, or while nothing was worded.
    """

    __tablename__ = "consent_changes"
    __table_args__ = (
        sa.CheckConstraint("channel IN ('advertising', 'sms', 'email', 'post')", name="channel_known"),
        sa.CheckConstraint("purpose = 'marketing'", name="purpose_known"),
        sa.CheckConstraint("(wording_id IS NULL) = (language IS NULL)", name="wording_with_language"),
    )

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"), primary_key=True)
    id: Mapped[Id]
    channel: Mapped[str]
    purpose: Mapped[str] = mapped_column(server_default="marketing")
    given: Mapped[bool]
    wording_id: Mapped[int | None] = mapped_column(sa.ForeignKey("consent_wordings.id"))
    language: Mapped[str | None] = mapped_column(sa.String(2))
    at: Mapped[dt.datetime]
    source: Mapped[str]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    terminal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("terminals.id"))


class Classification(Base):
    """A value of one of head office's own fields (`class:NAME` in files) for one customer."""

    __tablename__ = "customer_classifications"
    __table_args__ = (sa.Index("ix_customer_classifications_name", "name", "value"),)

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
