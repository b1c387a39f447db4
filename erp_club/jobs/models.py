"""Runs of jobs: what is to be done as of which day, how far it is, and what it has said."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.jobs.kinds import Level, RunState
from erp_club.kernel.db import Base, Id


class JobRun(Base):
    """One run of a job. `cursor` is where the next batch begins, kept in the transaction of the batch before it.

    `holder` is the worker at it: no other one's batch is kept. `key` is what may be there only once ever: the run of
    a schedule's day, the undoing of a run. A run that is open stands alone for its job, day and parameters.
    """

    __tablename__ = "job_runs"
    __table_args__ = (
        sa.CheckConstraint(
            "state IN ('queued', 'awaits', 'running', 'stopping', 'stopped', 'done', 'failed', 'refused', 'lapsed')",
            name="state_known",
        ),
        sa.CheckConstraint(
            "(finished_at IS NOT NULL) = (state IN ('done', 'failed', 'stopped', 'refused', 'lapsed'))",
            name="end_is_dated",
        ),
        sa.CheckConstraint("undo_of IS NULL OR NOT dry_run", name="undo_is_real"),
        sa.Index(
            "uq_job_runs_open",
            "name",
            "as_of",
            "parameters",
            "dry_run",
            "undo_of",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=sa.text("state IN ('queued', 'running', 'stopping', 'awaits')"),
        ),
        sa.Index("ix_job_runs_name", "name", "id"),
    )

    id: Mapped[Id]
    name: Mapped[str]
    as_of: Mapped[dt.date]
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    key: Mapped[str | None] = mapped_column(unique=True)
    dry_run: Mapped[bool] = mapped_column(server_default=sa.false())
    undo_of: Mapped[int | None] = mapped_column(sa.ForeignKey("job_runs.id"))
    state: Mapped[RunState] = mapped_column(sa.Text, server_default="queued")
    cursor: Mapped[list[int] | None] = mapped_column(JSONB(none_as_null=True))
    done: Mapped[int] = mapped_column(server_default="0")
    total: Mapped[int] = mapped_column(server_default="0")
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    holder: Mapped[str | None]
    asked_at: Mapped[dt.datetime]
    started_at: Mapped[dt.datetime | None]
    beat_at: Mapped[dt.datetime | None]
    finished_at: Mapped[dt.datetime | None]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    actor: Mapped[str]


class JobLine(Base):
    """One line of a run's log: a sentence of the catalogues and its values, so that each reader has it in theirs."""

    __tablename__ = "job_log"
    __table_args__ = (
        sa.CheckConstraint("level IN ('info', 'warn', 'error')", name="level_known"),
        sa.Index("ix_job_log_run_id", "run_id", "id"),
    )

    id: Mapped[Id]
    run_id: Mapped[int] = mapped_column(sa.ForeignKey("job_runs.id", ondelete="CASCADE"))
    at: Mapped[dt.datetime]
    level: Mapped[Level] = mapped_column(sa.Text, server_default="info")
    text: Mapped[str]
    values: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
