"""Runs that came to more than the limit, and who let them begin, or didn't."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base, Id


class RunApproval(Base):
    """What one run would come to, put before somebody else than those who are `behind` it.

    It lets the run begin while it comes to no more than `accounts` and `amount`. Rows are decided, never deleted but
    with their run; of one run a single one waits. `counts` are the job's own, of which the amount is the sum.
    """

    __tablename__ = "job_run_approvals"
    __table_args__ = (
        sa.Index("uq_job_run_approvals_waiting", "run_id", unique=True, postgresql_where=sa.text("approved IS NULL")),
        sa.Index("ix_job_run_approvals_run_id", "run_id"),
        sa.CheckConstraint("accounts >= 0 AND amount >= 0", name="weight_not_negative"),
        sa.CheckConstraint("decided_by <> ALL (behind)", name="never_ones_own"),
        sa.CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name="decided_whole"),
        sa.CheckConstraint("approved IS NULL OR NOT approved OR decided_by IS NOT NULL", name="approved_by_somebody"),
        sa.CheckConstraint("ends_at > asked_at", name="ends_later"),
    )

    id: Mapped[Id]
    run_id: Mapped[int] = mapped_column(sa.ForeignKey("job_runs.id", ondelete="CASCADE"))
    accounts: Mapped[int]
    amount: Mapped[int]
    most_accounts: Mapped[int]
    most_amount: Mapped[int]
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    behind: Mapped[list[int]] = mapped_column(ARRAY(sa.Integer))
    asked_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    decided_by: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    decided_at: Mapped[dt.datetime | None]
    approved: Mapped[bool | None]
