"""Clubs and the memberships that customers hold in them, as periods."""

import datetime as dt
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import DATERANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base, SmallId


class ClubState(StrEnum):
    """A draft gives nothing; a published club can't be deleted, only closed."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CLOSED = "closed"


class TermKind(StrEnum):
    """How long a membership lasts: a number of months, or for life."""

    MONTHS = "months"
    LIFETIME = "lifetime"


class PeriodKind(StrEnum):
    """What opened a period of a membership."""

    JOINING = "joining"
    RENEWAL = "renewal"
    EXTENSION = "extension"


class Club(Base):
    """A club. It earns `earn_points` for each full `earn_per_minor` of what is paid, rounded down once a receipt.

    A point is worth `worth_minor / worth_points` (e.g. 5.00 for 100 points: 500 and 100).
    """

    __tablename__ = "clubs"
    __table_args__ = (
        sa.CheckConstraint("earn_points >= 0", name="earn_points_not_negative"),
        sa.CheckConstraint("earn_per_minor > 0", name="earn_per_above_zero"),
        sa.CheckConstraint("worth_minor >= 0 AND worth_points > 0", name="worth_in_range"),
        sa.CheckConstraint("(term_kind = 'months') = (term_months IS NOT NULL)", name="months_with_kind"),
        sa.CheckConstraint("term_months BETWEEN 1 AND 1200", name="term_in_range"),
        sa.CheckConstraint("state IN ('draft', 'published', 'closed')", name="state_known"),
        sa.CheckConstraint("code ~ '^[A-Z0-9][A-Z0-9_-]{0,30}$'", name="code_form"),
    )

    id: Mapped[SmallId]
    code: Mapped[str] = mapped_column(unique=True)
    names: Mapped[dict[str, str]]
    currency: Mapped[str] = mapped_column(sa.String(3))
    state: Mapped[ClubState] = mapped_column(sa.Text)
    earn_points: Mapped[int] = mapped_column(sa.Integer)
    earn_per_minor: Mapped[int]
    worth_points: Mapped[int] = mapped_column(sa.Integer)
    worth_minor: Mapped[int]
    term_kind: Mapped[TermKind] = mapped_column(sa.Text)
    term_months: Mapped[int | None] = mapped_column(sa.Integer)
    tone: Mapped[str] = mapped_column(server_default="teal")
    version: Mapped[int] = mapped_column(sa.Integer, server_default="1")


class Membership(Base):
    """One customer in one club, once; when it held is in its periods."""

    __tablename__ = "memberships"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "id"),
        sa.UniqueConstraint("customer_id", "club_id"),
        sa.ForeignKeyConstraint(
            ["customer_id", "points_account_id"], ["points_accounts.customer_id", "points_accounts.id"]
        ),
        sa.Index("ix_memberships_id", "id"),
        sa.Index("ix_memberships_club_id", "club_id", "customer_id"),
    )

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity())
    club_id: Mapped[int] = mapped_column(sa.ForeignKey("clubs.id"))
    points_account_id: Mapped[int]
    joined_on: Mapped[dt.date]


class MembershipPeriod(Base):
    """From its first to its last day the membership holds. `validity` is [first, last + 1), without end for life.

    The exclusion constraint keeps a membership's periods apart. It writes the id as a range of one number because GiST
    compares ranges by itself and plain numbers only with an extension that not every server has.
    """

    __tablename__ = "membership_periods"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "membership_id", "period_no"),
        sa.ForeignKeyConstraint(["customer_id", "membership_id"], ["memberships.customer_id", "memberships.id"]),
        sa.CheckConstraint("NOT isempty(validity) AND lower(validity) IS NOT NULL", name="has_days"),
        sa.CheckConstraint("kind IN ('joining', 'renewal', 'extension')", name="kind_known"),
    )

    customer_id: Mapped[int]
    membership_id: Mapped[int]
    period_no: Mapped[int] = mapped_column(sa.Integer)
    validity: Mapped[Range[dt.date]] = mapped_column(DATERANGE)
    kind: Mapped[PeriodKind] = mapped_column(sa.Text)
    at: Mapped[dt.datetime]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    terminal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("terminals.id"))
    store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"))
