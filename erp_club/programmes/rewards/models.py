"""What periods brought: one row for each account, rule and period, exactly once."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base
from erp_club.programmes.rewards.kinds import RewardState


class PeriodSettlement(Base):
    """What a rule gave an account for a period, from its first to its last day, both included.

    `base` is what was counted, `carried` what earlier periods left of it; `rest` and `rest_minor` go on. `value` is in
    minor units, or points where `form` is points, `settled_before` the part of it that corrects earlier periods, and
    `to_fee_minor` was kept for a fee that is paid in parts. `taken` points were taken off the account. What was given
    can be used from `usable_from` to `last_day`; without that it doesn't age. `why` says why nothing was given.
    `automatic`: tills use it by themselves. What isn't given yet is `promised` and given on `due_on`, by the terms of
    when it was reached. `taken_seq` is the movement by which points were given for it, where a member wanted it.
    `of_day` is 0 for what a night settles; what a sale gave at once is the first, second, … of its day.
    """

    __tablename__ = "period_settlements"
    __table_args__ = (
        # A trigger looks once a statement whether each has its account and club: foreign keys would look by row.
        sa.PrimaryKeyConstraint("customer_id", "id"),
        sa.CheckConstraint("first_on <= last_on", name="days_in_order"),
        sa.CheckConstraint("value >= 0 AND pieces >= 0 AND taken >= 0 AND to_fee_minor >= 0", name="none_below_zero"),
        sa.CheckConstraint("state IN ('waiting', 'given', 'undone')", name="state_known"),
        sa.CheckConstraint("state <> 'waiting' OR due_on IS NOT NULL AND promised IS NOT NULL", name="waits_for_a_day"),
        sa.Index(
            "uq_period_settlements_once", "account_id", "club_id", "rule", "last_on", "of_day", unique=True,
            postgresql_where=sa.text("state <> 'undone' AND taken_seq IS NULL"),
        ),
        sa.Index(
            "ix_period_settlements_due", "due_on", "customer_id", "id", postgresql_where=sa.text("state = 'waiting'")
        ),
        sa.Index("ix_period_settlements_period", "club_id", "rule", "last_on", "customer_id", "account_id"),
        sa.Index("ix_period_settlements_run_id", "run_id", "customer_id", "id"),
    )  # fmt: skip

    customer_id: Mapped[int]
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity())
    account_id: Mapped[int]
    club_id: Mapped[int] = mapped_column(sa.Integer)
    rule: Mapped[str]
    first_on: Mapped[dt.date]
    last_on: Mapped[dt.date]
    version_no: Mapped[int] = mapped_column(sa.Integer)
    run_id: Mapped[int | None]
    form: Mapped[str]
    base: Mapped[int]
    carried: Mapped[int] = mapped_column(server_default="0")
    value: Mapped[int] = mapped_column(server_default="0")
    pieces: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    settled_before: Mapped[int] = mapped_column(server_default="0")
    to_fee_minor: Mapped[int] = mapped_column(server_default="0")
    taken: Mapped[int] = mapped_column(server_default="0")
    rest: Mapped[int] = mapped_column(server_default="0")
    rest_minor: Mapped[int] = mapped_column(server_default="0")
    rate_bp: Mapped[int | None] = mapped_column(sa.Integer)
    why: Mapped[str | None]
    usable_from: Mapped[dt.date]
    last_day: Mapped[dt.date | None]
    state: Mapped[RewardState] = mapped_column(sa.Text, server_default=RewardState.GIVEN.value)
    automatic: Mapped[bool] = mapped_column(server_default=sa.false())
    due_on: Mapped[dt.date | None]
    promised: Mapped[dict[str, Any] | None]
    taken_seq: Mapped[int | None]
    of_day: Mapped[int] = mapped_column(sa.SmallInteger, server_default="0")
    at: Mapped[dt.datetime]


class RewardEntitlement(Base):
    """So many uses of an entitlement that were given, from when to when its settlement says."""

    __tablename__ = "reward_entitlements"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "settlement_id"),
        sa.ForeignKeyConstraint(
            ["customer_id", "settlement_id"],
            ["period_settlements.customer_id", "period_settlements.id"],
            onupdate="CASCADE",
        ),
        sa.CheckConstraint("count > 0", name="count_above_zero"),
    )

    customer_id: Mapped[int]
    settlement_id: Mapped[int]
    entitlement: Mapped[str]
    count: Mapped[int] = mapped_column(sa.Integer)


class RewardCoupon(Base):
    """A coupon that was issued for a period; it may have gone on to another `owner_id`."""

    __tablename__ = "reward_coupons"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "settlement_id", "coupon_id"),
        sa.ForeignKeyConstraint(
            ["customer_id", "settlement_id"],
            ["period_settlements.customer_id", "period_settlements.id"],
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["owner_id", "coupon_id"], ["coupons.customer_id", "coupons.id"], onupdate="CASCADE"),
    )

    customer_id: Mapped[int]
    settlement_id: Mapped[int]
    owner_id: Mapped[int]
    coupon_id: Mapped[int]


class RewardCard(Base):
    """A gift card on which the money of a period lies."""

    __tablename__ = "reward_cards"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "settlement_id"),
        sa.ForeignKeyConstraint(
            ["customer_id", "settlement_id"],
            ["period_settlements.customer_id", "period_settlements.id"],
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["card_customer_id", "card_id"], ["stored_value_cards.customer_id", "stored_value_cards.id"]
        ),
    )

    customer_id: Mapped[int]
    settlement_id: Mapped[int]
    card_customer_id: Mapped[int]
    card_id: Mapped[int]
