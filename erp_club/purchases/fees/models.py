"""What a membership waits for in a sale: its fee, or a purchase that is large enough."""

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base
from erp_club.purchases.fees.kinds import FeeKind, FeeState


class MembershipFee(Base):
    """What a basket owes for joining, renewing or a higher level. `due_minor` is `full_minor` less what was waived.

    `least_minor` is what the rest of the sale must come to where a purchase joins. `period_no` is the period it is
    for, from `first` to `last` (None for life) whatever is taken of it later, and `level` the level that is held by
    it, where it pays for one. `line_no` is its line: of the basket
    while it is due, of the receipt once it is paid.
    """

    __tablename__ = "membership_fees"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["customer_id", "membership_id"], ["memberships.customer_id", "memberships.id"], onupdate="CASCADE"
        ),
        sa.CheckConstraint("kind IN ('joining', 'renewal', 'upgrade')", name="kind_known"),
        sa.CheckConstraint("kind <> 'upgrade' OR level IS NOT NULL", name="upgrade_has_level"),
        sa.CheckConstraint("state IN ('due', 'paid', 'cancelled', 'returned')", name="state_known"),
        sa.CheckConstraint("due_minor BETWEEN 0 AND full_minor AND least_minor >= 0", name="amounts_in_range"),
        sa.CheckConstraint("(state IN ('paid', 'returned')) = (receipt_id IS NOT NULL)", name="paid_has_receipt"),
        sa.Index("ix_membership_fees_receipt_id", "receipt_id"),
        sa.Index("ix_membership_fees_membership", "customer_id", "membership_id"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    customer_id: Mapped[int]
    membership_id: Mapped[int]
    kind: Mapped[FeeKind] = mapped_column(sa.Text)
    state: Mapped[FeeState] = mapped_column(sa.Text)
    period_no: Mapped[int] = mapped_column(sa.Integer)
    level: Mapped[str | None]
    first: Mapped[dt.date]
    last: Mapped[dt.date | None]
    full_minor: Mapped[int]
    due_minor: Mapped[int]
    least_minor: Mapped[int] = mapped_column(server_default="0")
    basket_id: Mapped[uuid.UUID | None]
    line_no: Mapped[int | None] = mapped_column(sa.Integer)
    receipt_id: Mapped[int | None]
    refunded_minor: Mapped[int] = mapped_column(server_default="0")
    at: Mapped[dt.datetime]
    paid_on: Mapped[dt.date | None]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"))
