"""Forecasts that were asked for: what to replay, how far it is, and what came out."""

import datetime as dt
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base, Id


class RunState(StrEnum):
    """Where a forecast stands. A failed one tells in the log why."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ForecastRun(Base):
    """One forecast: `documents` are the offers that are tried, `done` of `total` receipts are priced.

    A run whose `beat_at` is old was left behind by a process that ended, and is taken up again from the beginning.
    """

    __tablename__ = "forecast_runs"
    __table_args__ = (
        sa.CheckConstraint("state IN ('waiting', 'running', 'done', 'failed')", name="state_known"),
        sa.CheckConstraint("(state = 'done') = (outcome IS NOT NULL)", name="done_has_outcome"),
        sa.CheckConstraint("first_day <= last_day", name="days_in_order"),
        sa.Index("ix_forecast_runs_open", "id", postgresql_where=sa.text("state IN ('waiting', 'running')")),
        sa.Index("ix_forecast_runs_offer_id", "offer_id"),
    )

    id: Mapped[Id]
    offer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("offers.id", ondelete="CASCADE"))
    documents: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    first_day: Mapped[dt.date]
    last_day: Mapped[dt.date]
    store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"))
    state: Mapped[RunState] = mapped_column(sa.Text, server_default="waiting")
    done: Mapped[int] = mapped_column(server_default="0")
    total: Mapped[int] = mapped_column(server_default="0")
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    asked_at: Mapped[dt.datetime]
    beat_at: Mapped[dt.datetime | None]
    finished_at: Mapped[dt.datetime | None]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
