"""Clubs and the memberships that customers hold in them, as periods."""

import dataclasses
import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB, Range
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.clubs.kinds import ClubState, EventKind, MembershipState, PeriodKind, TermKind
from erp_club.clubs.periods import RenewalFrom
from erp_club.kernel.db import Base, SmallId
from erp_club.points.units import POINTS, Unit, unit_of


class UnitColumn(sa.TypeDecorator[Unit]):
    """A unit as JSON, without what is usual."""

    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> dict[str, Any]:  # noqa: ARG002 - the base names it
        """From a unit, or from a mapping of its fields."""
        said = dataclasses.asdict(value) if isinstance(value, Unit) else dict(value)
        return {name: each for name, each in said.items() if each != getattr(POINTS, name)}

    def process_result_value(self, value: dict[str, Any] | None, dialect: sa.Dialect) -> Unit:  # noqa: ARG002 - the base names it
        """The unit; that of points where there is no club."""
        return unit_of(value)


class Club(Base):
    """A club. It earns `earn_points` for each full `earn_per_minor` of what is paid, rounded down once a receipt.

    A point is worth `worth_minor / worth_points` (e.g. 5.00 for 100 points: 500 and 100). A renewal at most
    `grace_days` late counts as on time; with `to_month_end` a term ends with its last month. `pause_moves_end`: a pause
    makes the membership end later by its length. Staff are warned in the last `warning_days`; an ending can be undone
    for `undo_days`. Its accounts count in `unit`.
    """

    __tablename__ = "clubs"
    __table_args__ = (
        sa.CheckConstraint("earn_points >= 0", name="earn_points_not_negative"),
        sa.CheckConstraint("earn_per_minor > 0", name="earn_per_above_zero"),
        sa.CheckConstraint("worth_minor >= 0 AND worth_points > 0", name="worth_in_range"),
        sa.CheckConstraint("(term_kind = 'months') = (term_months IS NOT NULL)", name="months_with_kind"),
        sa.CheckConstraint("term_months BETWEEN 1 AND 1200", name="term_in_range"),
        sa.CheckConstraint("state IN ('draft', 'published', 'closed')", name="state_known"),
        sa.CheckConstraint("renewal_from IN ('old_end', 'today')", name="renewal_from_known"),
        sa.CheckConstraint(
            "grace_days BETWEEN 0 AND 366 AND warning_days BETWEEN 0 AND 366 AND undo_days BETWEEN 0 AND 366",
            name="days_in_range",
        ),
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
    renewal_from: Mapped[RenewalFrom] = mapped_column(sa.Text, server_default=RenewalFrom.OLD_END.value)
    to_month_end: Mapped[bool] = mapped_column(server_default=sa.false())
    grace_days: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    pause_moves_end: Mapped[bool] = mapped_column(server_default=sa.true())
    warning_days: Mapped[int] = mapped_column(sa.Integer, server_default="30")
    undo_days: Mapped[int] = mapped_column(sa.Integer, server_default="14")
    tone: Mapped[str] = mapped_column(server_default="teal")
    unit: Mapped[Unit] = mapped_column(UnitColumn, server_default="{}")
    version: Mapped[int] = mapped_column(sa.Integer, server_default="1")


class ClubRules(Base):
    """What a club says of points, from a day on until a later version begins; one is never changed.

    `document` as `clubs.rules` reads it. Of versions that begin on one day, the latest holds.
    """

    __tablename__ = "club_rules"
    __table_args__ = (
        sa.PrimaryKeyConstraint("club_id", "version_no"),
        sa.CheckConstraint("version_no > 0", name="version_above_zero"),
    )

    club_id: Mapped[int] = mapped_column(sa.ForeignKey("clubs.id"))
    version_no: Mapped[int] = mapped_column(sa.Integer)
    effective_from: Mapped[dt.date]
    document: Mapped[dict[str, Any]]
    at: Mapped[dt.datetime]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))


class Membership(Base):
    """One customer in one club, once; when it held is in its periods, what was done to them in its events.

    `state_on` is the first day of a pause, the first without membership after an ending, or the day of a joining that
    waits to be paid. `points_holder_id` holds
    the points account: the customer, or whoever it is shared with.
    """

    __tablename__ = "memberships"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "id"),
        sa.UniqueConstraint("customer_id", "club_id"),
        sa.ForeignKeyConstraint(
            ["points_holder_id", "points_account_id"], ["points_accounts.customer_id", "points_accounts.id"]
        ),
        sa.CheckConstraint("state IN ('open', 'paused', 'ended', 'waiting')", name="state_known"),
        sa.CheckConstraint("(state = 'open') = (state_on IS NULL)", name="state_has_day"),
        sa.Index("ix_memberships_id", "id"),
        sa.Index("ix_memberships_club_id", "club_id", "customer_id"),
        sa.Index("ix_memberships_points_account_id", "points_account_id"),
    )

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity())
    club_id: Mapped[int] = mapped_column(sa.ForeignKey("clubs.id"))
    points_holder_id: Mapped[int]
    points_account_id: Mapped[int]
    joined_on: Mapped[dt.date]
    state: Mapped[MembershipState] = mapped_column(sa.Text, server_default=MembershipState.OPEN.value)
    state_on: Mapped[dt.date | None]


class MembershipPeriod(Base):
    """From its first to its last day the membership holds. `validity` is [first, last + 1), without end for life.

    A pause, an ending or a correction may have taken all of its days: then `validity` is empty, and the event tells.

    The exclusion constraint keeps a membership's periods apart. It writes the id as a range of one number because GiST
    compares ranges by itself and plain numbers only with an extension that not every server has.
    """

    __tablename__ = "membership_periods"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "membership_id", "period_no"),
        sa.ForeignKeyConstraint(
            ["customer_id", "membership_id"], ["memberships.customer_id", "memberships.id"], onupdate="CASCADE"
        ),
        sa.CheckConstraint("isempty(validity) OR lower(validity) IS NOT NULL", name="has_first_day"),
        sa.CheckConstraint(
            "kind IN ('joining', 'renewal', 'extension', 'resumption', 'correction')", name="kind_known"
        ),
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


class MembershipEvent(Base):
    """A pause, a resumption, an ending, its undoing or a correction: who did it, when, where and why.

    `on_date` is the first day that it concerns. `before` and `after` hold the days of every period by its number, so
    that an ending can be undone. `points` is what moved with it; the receipt is the one that moved the end. A trigger
    refuses UPDATE and DELETE.
    """

    __tablename__ = "membership_events"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "membership_id", "event_no"),
        sa.ForeignKeyConstraint(
            ["customer_id", "membership_id"], ["memberships.customer_id", "memberships.id"], onupdate="CASCADE"
        ),
        sa.ForeignKeyConstraint(["receipt_customer_id", "receipt_id"], ["receipts.customer_id", "receipts.id"]),
        sa.CheckConstraint("(receipt_id IS NULL) = (receipt_customer_id IS NULL)", name="receipt_of_somebody"),
        sa.CheckConstraint(
            "kind IN ('pause', 'resumption', 'termination', 'restoration', 'correction', 'moved')", name="kind_known"
        ),
    )

    customer_id: Mapped[int]
    membership_id: Mapped[int]
    event_no: Mapped[int] = mapped_column(sa.Integer)
    kind: Mapped[EventKind] = mapped_column(sa.Text)
    on_date: Mapped[dt.date]
    reason: Mapped[str]
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    points: Mapped[int] = mapped_column(server_default="0")
    receipt_customer_id: Mapped[int | None]
    receipt_id: Mapped[int | None]
    at: Mapped[dt.datetime]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    terminal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("terminals.id"))
    store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"))
