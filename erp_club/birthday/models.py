"""Plans around a date that comes every year, and what they have given to whom."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.birthday.kinds import PlanState
from erp_club.birthday.plans.settings import Gift, OccasionKind
from erp_club.kernel.db import Base, SmallId

MYSELF = 0
"""The `person` of a grant for the member's own date."""


class BirthdayPlan(Base):
    """What the members of a club, or one customer, get around a birthday or anniversary.

    `rule` and `part` name the rule of the club's programme that the plan was made of. Windows that ended before
    `starts_on` give nothing; `done_until` is the last day for which everybody was looked at. `growth` is added for each
    year of age from `growth_from_age` on, up to `growth_to`; both are in minor units, or points where these are given.
    `points_days`: points are valid so many days, or, with `points_in_days`, to the last of those around the date, else
    as the club says. `automatic`: the till uses it by itself.
    `levels`: only members on one of these; an empty one is whoever has none.
    """

    __tablename__ = "birthday_plans"
    __table_args__ = (
        sa.UniqueConstraint("club_id", "rule", "part"),
        sa.Index("ix_birthday_plans_customer_id", "customer_id", postgresql_where=sa.text("customer_id IS NOT NULL")),
        sa.CheckConstraint("club_id IS NOT NULL OR customer_id IS NOT NULL", name="for_somebody"),
        sa.CheckConstraint("(rule IS NULL) = (part IS NULL)", name="rule_with_part"),
        sa.CheckConstraint(
            "occasion IN ('birthday', 'anniversary', 'relative_birthday', 'membership')", name="occasion_known"
        ),
        sa.CheckConstraint("gift IN ('offer', 'coupon', 'gift_card', 'points')", name="gift_known"),
        sa.CheckConstraint(
            "(gift IN ('offer', 'coupon')) = (batch_id IS NOT NULL) AND (gift = 'offer') = (offer_code IS NOT NULL)"
            " AND (gift = 'gift_card') = (card_product_id IS NOT NULL) AND (gift = 'points') = (points IS NOT NULL)"
            " AND (gift <> 'gift_card' OR amount_minor IS NOT NULL)",
            name="gift_whole",
        ),
        sa.CheckConstraint("gift <> 'points' OR club_id IS NOT NULL", name="points_of_club"),
        sa.CheckConstraint("amount_minor > 0 AND points > 0 AND growth > 0", name="gives_something"),
        sa.CheckConstraint("days_before >= 0 AND days_after >= 0 AND days_before + days_after <= 340", name="days_few"),
        sa.CheckConstraint("months_before BETWEEN 0 AND 5 AND months_after BETWEEN 0 AND 5", name="months_few"),
        sa.CheckConstraint(
            "CASE WHEN whole_months THEN days_before + days_after ELSE months_before + months_after END = 0",
            name="days_or_months",
        ),
        sa.CheckConstraint("state IN ('active', 'paused', 'closed')", name="state_known"),
    )

    id: Mapped[SmallId]
    code: Mapped[str] = mapped_column(unique=True)
    names: Mapped[dict[str, str]]
    club_id: Mapped[int | None] = mapped_column(sa.ForeignKey("clubs.id"))
    customer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customers.id"))
    rule: Mapped[str | None]
    part: Mapped[int | None] = mapped_column(sa.Integer)
    occasion: Mapped[OccasionKind] = mapped_column(sa.Text)
    relatives: Mapped[list[str]] = mapped_column(ARRAY(sa.Text), server_default="{}")
    days_before: Mapped[int] = mapped_column(sa.Integer)
    days_after: Mapped[int] = mapped_column(sa.Integer)
    whole_months: Mapped[bool]
    months_before: Mapped[int] = mapped_column(sa.Integer)
    months_after: Mapped[int] = mapped_column(sa.Integer)
    hebrew: Mapped[bool]
    gift: Mapped[Gift] = mapped_column(sa.Text)
    batch_id: Mapped[int | None] = mapped_column(sa.ForeignKey("coupon_batches.id"))
    offer_code: Mapped[str | None] = mapped_column(sa.ForeignKey("offers.code", onupdate="CASCADE"))
    card_product_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stored_value_products.id"))
    amount_minor: Mapped[int | None]
    points: Mapped[int | None]
    growth: Mapped[int | None]
    growth_from_age: Mapped[int] = mapped_column(sa.Integer)
    growth_to: Mapped[int | None]
    from_age: Mapped[int | None] = mapped_column(sa.Integer)
    to_age: Mapped[int | None] = mapped_column(sa.Integer)
    least_points: Mapped[int]
    least_months: Mapped[int] = mapped_column(sa.Integer)
    known_at_joining: Mapped[bool]
    known_days_before: Mapped[int] = mapped_column(sa.Integer)
    most_per_year: Mapped[int | None] = mapped_column(sa.Integer)
    automatic: Mapped[bool]
    levels: Mapped[list[str]] = mapped_column(ARRAY(sa.Text), server_default="{}")
    points_days: Mapped[int | None] = mapped_column(sa.Integer)
    points_in_days: Mapped[bool] = mapped_column(server_default=sa.false())
    starts_on: Mapped[dt.date]
    done_until: Mapped[dt.date | None]
    state: Mapped[PlanState] = mapped_column(sa.Text, server_default=PlanState.ACTIVE.value)
    version: Mapped[int] = mapped_column(sa.Integer, server_default="1")
    created_at: Mapped[dt.datetime]


class BirthdayGrant(Base):
    """What a plan gave a customer for one celebration; it stays when coupon or card go on to another `owner_id`.

    `person` is 0 for the customer's own date, a relative's customer id, or below zero a relative that is only a name.
    The key lets one year's celebration be given once. An exclusion constraint keeps any two for one person half a year
    apart, so that a date that is edited over the turn of the year brings nothing either. Kept rows name it by its `id`.
    """

    __tablename__ = "birthday_grants"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "plan_id", "person", "year"),
        sa.ForeignKeyConstraint(["owner_id", "coupon_id"], ["coupons.customer_id", "coupons.id"], onupdate="CASCADE"),
        sa.ForeignKeyConstraint(
            ["owner_id", "card_id"], ["stored_value_cards.customer_id", "stored_value_cards.id"], onupdate="CASCADE"
        ),
        sa.Index(
            "ix_birthday_grants_coupon_id",
            "owner_id",
            "coupon_id",
            postgresql_where=sa.text("coupon_id IS NOT NULL"),
        ),
        sa.Index("ix_birthday_grants_card_id", "owner_id", "card_id", postgresql_where=sa.text("card_id IS NOT NULL")),
        sa.Index("ix_birthday_grants_plan_id", "plan_id", "on_date", "customer_id"),
        sa.CheckConstraint("first_day <= last_day", name="days_in_order"),
        sa.CheckConstraint("num_nonnulls(coupon_id, card_id) = num_nonnulls(owner_id)", name="one_gift"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity())
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))
    plan_id: Mapped[int] = mapped_column(sa.ForeignKey("birthday_plans.id"))
    person: Mapped[int]
    year: Mapped[int] = mapped_column(sa.Integer)
    day: Mapped[dt.date]
    age: Mapped[int] = mapped_column(sa.Integer)
    first_day: Mapped[dt.date]
    last_day: Mapped[dt.date]
    amount_minor: Mapped[int | None]
    points: Mapped[int | None]
    owner_id: Mapped[int | None]
    coupon_id: Mapped[int | None]
    card_id: Mapped[int | None]
    on_date: Mapped[dt.date]
    at: Mapped[dt.datetime]
    run_id: Mapped[int | None]
