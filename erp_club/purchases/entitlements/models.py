"""What members used of what their membership gives directly."""

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base
from erp_club.purchases.entitlements.kinds import UseState


class EntitlementUse(Base):
    """One use of an entitlement of a membership's programme, in the period from `first` to `last` (None: without end).

    `use_no` counts the uses of the period from 1, so that no two tills take the last one: what is left is derived from
    these rows, and nothing has to be granted anew. What is used of goods is a line of a sale: `line_no` is the line of
    the basket while it is held, of the receipt once it is used. A service has neither product nor sale. The grant is
    what gave it, where a rule did: then its uses are counted, whoever of a household uses them.
    """

    __tablename__ = "entitlement_uses"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["customer_id", "membership_id"], ["memberships.customer_id", "memberships.id"], onupdate="CASCADE"
        ),
        sa.CheckConstraint("state IN ('held', 'used', 'back')", name="state_known"),
        sa.CheckConstraint("use_no > 0", name="use_no_above_zero"),
        sa.CheckConstraint("state <> 'used' OR product_id IS NULL OR receipt_id IS NOT NULL", name="used_has_receipt"),
        sa.CheckConstraint(
            "(product_id IS NULL) = (basket_id IS NULL) AND (product_id IS NULL) = (line_no IS NULL)",
            name="goods_in_a_sale",
        ),
        sa.Index("ix_entitlement_uses_at", "at"),
        sa.Index(
            "uq_entitlement_uses_taken",
            "membership_id",
            "code",
            "first",
            "use_no",
            unique=True,
            postgresql_where=sa.text("state <> 'back' AND grant_id IS NULL"),
        ),
        sa.Index(
            "uq_entitlement_uses_granted",
            "grant_id",
            "use_no",
            unique=True,
            postgresql_where=sa.text("state <> 'back' AND grant_id IS NOT NULL"),
        ),
        sa.ForeignKeyConstraint(
            ["grant_holder_id", "grant_id"],
            ["reward_entitlements.customer_id", "reward_entitlements.settlement_id"],
            onupdate="CASCADE",
        ),
        sa.CheckConstraint("(grant_id IS NULL) = (grant_holder_id IS NULL)", name="grant_of_somebody"),
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
    product_id: Mapped[int | None] = mapped_column(sa.ForeignKey("products.id"))
    basket_id: Mapped[uuid.UUID | None]
    line_no: Mapped[int | None] = mapped_column(sa.Integer)
    receipt_id: Mapped[int | None]
    grant_holder_id: Mapped[int | None]
    grant_id: Mapped[int | None]
    at: Mapped[dt.datetime]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"))
