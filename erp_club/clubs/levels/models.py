"""The level of each membership, how it came to be, and levels given by hand."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.clubs.levels.kinds import LevelCause
from erp_club.kernel.db import Base


class MembershipLevel(Base):
    """Where a membership stands now: derived from its receipts, so that nothing is lost where it is derived again.

    `kept_until` is the last day if nothing more comes, None without end. `counted` of the levels' measure is in the
    window; what brings it to less than `quiet_below` by `quiet_last` moves nothing else. `next_level` needs `missing`
    more by `next_until`. `due_on` is the first day on which the level may change by itself. It was looked at on
    `looked_on`, under the version `rules_no` of the club's rules, when the customer had `receipts` receipts.
    """

    __tablename__ = "membership_levels"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "membership_id"),
        sa.ForeignKeyConstraint(
            ["customer_id", "membership_id"], ["memberships.customer_id", "memberships.id"], onupdate="CASCADE"
        ),
        sa.CheckConstraint("level <> ''", name="level_named"),
        sa.CheckConstraint("(next_level IS NULL) = (missing IS NULL)", name="missing_for_next"),
        sa.Index("ix_membership_levels_due_on", "due_on"),
    )

    customer_id: Mapped[int]
    membership_id: Mapped[int]
    level: Mapped[str]
    since: Mapped[dt.date]
    kept_until: Mapped[dt.date | None]
    by_hand: Mapped[bool] = mapped_column(server_default=sa.false())
    paid: Mapped[bool] = mapped_column(server_default=sa.false())
    counted: Mapped[int] = mapped_column(server_default="0")
    next_level: Mapped[str | None]
    missing: Mapped[int | None]
    next_until: Mapped[dt.date | None]
    quiet_below: Mapped[int | None]
    quiet_last: Mapped[dt.date | None]
    due_on: Mapped[dt.date | None]
    rules_no: Mapped[int] = mapped_column(sa.Integer)
    looked_on: Mapped[dt.date]
    receipts: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    last_no: Mapped[int] = mapped_column(sa.Integer, server_default="0")


class LevelChange(Base):
    """From `on_date` on a membership is on `level`, until its next change. A trigger refuses UPDATE and DELETE."""

    __tablename__ = "level_changes"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "membership_id", "change_no"),
        sa.ForeignKeyConstraint(
            ["customer_id", "membership_id"], ["memberships.customer_id", "memberships.id"], onupdate="CASCADE"
        ),
        sa.ForeignKeyConstraint(["receipt_customer_id", "receipt_id"], ["receipts.customer_id", "receipts.id"]),
        sa.CheckConstraint("(receipt_id IS NULL) = (receipt_customer_id IS NULL)", name="receipt_of_somebody"),
        sa.CheckConstraint(
            "cause IN ('first', 'purchase', 'return', 'time', 'by_hand', 'by_hand_ended', 'rules', 'merge', "
            "'household', 'paid', 'paid_ended', 'event')",
            name="cause_known",
        ),
        sa.CheckConstraint("level_before <> level", name="changes_something"),
    )

    customer_id: Mapped[int]
    membership_id: Mapped[int]
    change_no: Mapped[int] = mapped_column(sa.Integer)
    level: Mapped[str]
    level_before: Mapped[str | None]
    on_date: Mapped[dt.date]
    cause: Mapped[LevelCause] = mapped_column(sa.Text)
    reason: Mapped[str] = mapped_column(server_default="")
    receipt_customer_id: Mapped[int | None]
    receipt_id: Mapped[int | None]
    rules_no: Mapped[int] = mapped_column(sa.Integer)
    run_id: Mapped[int | None]
    at: Mapped[dt.datetime]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    terminal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("terminals.id"))
    store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"))


class LevelOverride(Base):
    """A level that a person gave, or that was paid for, from and to which day (both included; none is without end).

    `reason` says why it was given; `fee_id` is what was paid, where that was anything. Taking it back ends it: `last`
    is then the day before, and one that ends before it began never held.
    """

    __tablename__ = "level_overrides"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "membership_id", "override_no"),
        sa.ForeignKeyConstraint(
            ["customer_id", "membership_id"], ["memberships.customer_id", "memberships.id"], onupdate="CASCADE"
        ),
        sa.CheckConstraint("paid OR reason <> ''", name="has_reason"),
        sa.CheckConstraint("fee_id IS NULL OR paid", name="fee_is_paid"),
        sa.Index("ix_level_overrides_fee_id", "fee_id"),
    )

    customer_id: Mapped[int]
    membership_id: Mapped[int]
    override_no: Mapped[int] = mapped_column(sa.Integer)
    level: Mapped[str]
    first: Mapped[dt.date]
    last: Mapped[dt.date | None]
    reason: Mapped[str]
    paid: Mapped[bool] = mapped_column(server_default=sa.false())
    fee_id: Mapped[int | None] = mapped_column(sa.ForeignKey("membership_fees.id"))
    at: Mapped[dt.datetime]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
