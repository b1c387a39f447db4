"""What somebody else had to approve, and how much of what has been done in a day."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base, Id


class Approval(Base):
    """One deed that was put before somebody else. Kept for ever: rows are decided and used, never deleted.

    It holds for this deed alone, by who asked, at the till where they asked, once, and until just before `ends_at`.
    """

    __tablename__ = "approvals"
    __table_args__ = (
        sa.Index("ix_approvals_waiting", "ends_at", postgresql_where=sa.text("approved IS NULL")),
        sa.CheckConstraint("decided_by <> asked_by", name="never_ones_own"),
        sa.CheckConstraint(
            "(decided_by IS NULL) = (decided_at IS NULL) AND (decided_by IS NULL) = (approved IS NULL)",
            name="decided_whole",
        ),
        sa.CheckConstraint("used_at IS NULL OR approved", name="used_when_approved"),
        sa.CheckConstraint("ends_at > asked_at AND used_at < ends_at", name="in_time"),
        sa.CheckConstraint("amount >= 0 AND percent_bp BETWEEN 0 AND 10000", name="amounts_lawful"),
    )

    id: Mapped[Id]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    action: Mapped[str]
    amount: Mapped[int | None]
    percent_bp: Mapped[int | None] = mapped_column(sa.Integer)
    customer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customers.id"), index=True)
    club_id: Mapped[int | None] = mapped_column(sa.ForeignKey("clubs.id"))
    about: Mapped[str]
    store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"))
    terminal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("terminals.id"))
    asked_by: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), index=True)
    asked_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    decided_by: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    decided_at: Mapped[dt.datetime | None]
    approved: Mapped[bool | None]
    by_pin: Mapped[bool] = mapped_column(server_default=sa.false())
    used_at: Mapped[dt.datetime | None]


class DayUse(Base):
    """How much somebody has done of an action on a store's day, in the action's unit; without a store, in the office.

    Whoever does more of it holds the row until the transaction ends, so that two at once don't both stay below a limit.
    """

    __tablename__ = "day_uses"
    __table_args__ = (
        sa.Index(
            "uq_day_uses_of_a_day",
            "day",
            "store_id",
            "staff_id",
            "action",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        sa.CheckConstraint("used >= 0", name="used_not_negative"),
    )

    id: Mapped[Id]
    day: Mapped[dt.date]
    store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"))
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    action: Mapped[str]
    used: Mapped[int]
