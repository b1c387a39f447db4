"""Whom a customer is close to (C-09)."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.customers.relatives.kinds import RelativeKind
from erp_club.kernel.db import Base


class Relative(Base):
    """Somebody close to a customer: another customer, or a name with perhaps a birthday.

    Of another customer name and birthday are that customer's own, so they are not kept here. The other side of a link
    is read, not written: who is my child has me as a parent.
    """

    __tablename__ = "customer_relatives"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "id"),
        sa.UniqueConstraint("customer_id", "relative_id"),
        sa.Index(
            "ix_customer_relatives_relative_id", "relative_id", postgresql_where=sa.text("relative_id IS NOT NULL")
        ),
        sa.CheckConstraint("kind IN ('spouse', 'child', 'parent', 'other')", name="kind_known"),
        sa.CheckConstraint("relative_id <> customer_id", name="somebody_else"),
        sa.CheckConstraint("(relative_id IS NULL) = (name IS NOT NULL)", name="customer_or_name"),
        sa.CheckConstraint("relative_id IS NULL OR birthday IS NULL", name="birthday_is_their_own"),
    )

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity())
    kind: Mapped[RelativeKind] = mapped_column(sa.Text)
    relative_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customers.id"))
    name: Mapped[str | None]
    birthday: Mapped[dt.date | None]
