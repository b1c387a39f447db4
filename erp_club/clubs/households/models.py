"""Households: memberships of one club that share the points account of one of them, the main one."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import DATERANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.clubs.households.kinds import InvitationState
from erp_club.kernel.db import Base


class Household(Base):
    """Several memberships of a club on one account, from its first day until nobody shares it any more."""

    __tablename__ = "households"
    __table_args__ = (sa.CheckConstraint("ended_on >= began_on", name="ends_after_it_began"),)

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    club_id: Mapped[int] = mapped_column(sa.ForeignKey("clubs.id"))
    began_on: Mapped[dt.date]
    ended_on: Mapped[dt.date | None]


class HouseholdPlace(Base):
    """A membership in a household, as main member or not: on the days `held` ([first, last + 1)), which may be none.

    Exclusion constraints let a membership be in one household on a day, and a household have one main member; a trigger
    lets none stand without. `own_holder_id` and `own_account_id`: the account of its own, which waits for it.
    `may_redeem` counts where the club leaves it to the main member who else uses the points.
    """

    __tablename__ = "household_places"
    __table_args__ = (
        sa.PrimaryKeyConstraint("household_id", "place_no"),
        sa.ForeignKeyConstraint(
            ["customer_id", "membership_id"], ["memberships.customer_id", "memberships.id"], onupdate="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["own_holder_id", "own_account_id"], ["points_accounts.customer_id", "points_accounts.id"]
        ),
        sa.CheckConstraint("isempty(held) OR lower(held) IS NOT NULL", name="has_first_day"),
        sa.Index("ix_household_places_membership_id", "membership_id"),
    )

    household_id: Mapped[int] = mapped_column(sa.ForeignKey("households.id"))
    place_no: Mapped[int] = mapped_column(sa.Integer)
    customer_id: Mapped[int]
    membership_id: Mapped[int]
    is_main: Mapped[bool]
    may_redeem: Mapped[bool] = mapped_column(server_default=sa.false())
    held: Mapped[Range[dt.date]] = mapped_column(DATERANGE)
    own_holder_id: Mapped[int]
    own_account_id: Mapped[int]
    at: Mapped[dt.datetime]
    by: Mapped[str]
    left_at: Mapped[dt.datetime | None]
    left_by: Mapped[str | None]


class HouseholdInvitation(Base):
    """A membership is asked into the household of another one, until `last_day`, included; None is without end."""

    __tablename__ = "household_invitations"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["main_customer_id", "main_membership_id"],
            ["memberships.customer_id", "memberships.id"],
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "membership_id"], ["memberships.customer_id", "memberships.id"], onupdate="CASCADE"
        ),
        sa.CheckConstraint("state IN ('open', 'accepted', 'refused', 'withdrawn')", name="state_known"),
        sa.CheckConstraint("main_membership_id <> membership_id", name="two_memberships"),
        sa.Index(
            "uq_household_invitations_open",
            "main_membership_id",
            "membership_id",
            unique=True,
            postgresql_where=sa.text("state = 'open'"),
        ),
        sa.Index("ix_household_invitations_membership_id", "membership_id"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    main_customer_id: Mapped[int]
    main_membership_id: Mapped[int]
    customer_id: Mapped[int]
    membership_id: Mapped[int]
    state: Mapped[InvitationState] = mapped_column(sa.Text, server_default=InvitationState.OPEN.value)
    last_day: Mapped[dt.date | None]
    at: Mapped[dt.datetime]
    by: Mapped[str]
    answered_at: Mapped[dt.datetime | None]
    answered_by: Mapped[str | None]
