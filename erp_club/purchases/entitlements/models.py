"""What members used of what their membership gives directly."""

import datetime as dt
import uuid
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base


class UseState(StrEnum):
    """Held by a sale that isn't paid yet; used with it; or given back, with its line or its goods."""

    HELD = "held"
    USED = "used"
    BACK = "back"


class EntitlementUse(Base):
    """One use of an entitlement of a membership's programme, in the period from `first` to `last` (None: without end).

    `use_no` counts the uses of the period from 1, so that no two tills take the last one: what is left is derived from
    these rows, and nothing has to be granted anew. `line_no` is the line of the basket while it is held, of the
    receipt once it is used.
    """

    __tablename__ = "entitlement_uses"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["customer_id", "membership_id"], ["memberships.customer_id", "memberships.id"], onupdate="CASCADE"
        ),
        sa.CheckConstraint("state IN ('held', 'used', 'back')", name="state_known"),
        sa.CheckConstraint("use_no > 0", name="use_no_above_zero"),
        sa.CheckConstraint("state <> 'used' OR receipt_id IS NOT NULL", name="used_has_receipt"),
        sa.Index(
            "uq_entitlement_uses_taken",
            "membership_id",
            "code",
            "first",
            "use_no",
            unique=True,
            postgresql_where=sa.text("state <> 'back'"),
        ),
        sa.Index("ix_entitlement_uses_membership", "customer_id", "membership_id"),
        sa.Index("ix_entitlement_uses_receipt_id", "receipt_id"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    customer_id: Mapped[int]
    membership_id: Mapped[int]
    code: Mapped[str]
    first: Mapped[dt.date]
    last: Mapped[dt.date | None]
    use_no: Mapped[int] = mapped_column(sa.Integer)
    state: Mapped[UseState] = mapped_column(sa.Text)
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("products.id"))
    basket_id: Mapped[uuid.UUID]
    line_no: Mapped[int] = mapped_column(sa.Integer)
    receipt_id: Mapped[int | None]
    at: Mapped[dt.datetime]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"))
