"""Purchases that were made without the card and registered for a member afterwards."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base


class LateRegistration(Base):
    """Whom a purchase of somebody unidentified earned points for afterwards; the receipt stays as it was.

    The key lets a receipt be registered once. `on_date` is the date of the place where that was done.
    """

    __tablename__ = "late_registrations"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "receipt_id"),
        sa.ForeignKeyConstraint(["customer_id", "receipt_id"], ["receipts.customer_id", "receipts.id"]),
        sa.CheckConstraint("customer_id = 0", name="of_nobody"),
        sa.CheckConstraint("member_id <> 0", name="for_somebody"),
        sa.Index("ix_late_registrations_member_id", "member_id", "on_date"),
    )

    customer_id: Mapped[int]
    receipt_id: Mapped[int]
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))
    on_date: Mapped[dt.date]
    at: Mapped[dt.datetime]
    store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"))
    terminal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("terminals.id"))
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
