"""Forecasts that were asked for: what to replay, and what came out."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base, Id


class ForecastRun(Base):
    """One forecast: `documents` are the offers that are tried. How far it is stands with the run of its job."""

    __tablename__ = "forecast_runs"
    __table_args__ = (
        sa.CheckConstraint("first_day <= last_day", name="days_in_order"),
        sa.Index("ix_forecast_runs_offer_id", "offer_id"),
    )

    id: Mapped[Id]
    offer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("offers.id", ondelete="CASCADE"))
    documents: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    first_day: Mapped[dt.date]
    last_day: Mapped[dt.date]
    store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"))
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    asked_at: Mapped[dt.datetime]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))


class WhatIfRun(Base):
    """A replay of past receipts under another programme of a club. How far it is stands with the run of its job."""

    __tablename__ = "what_if_runs"
    __table_args__ = (sa.Index("ix_what_if_runs_club_id", "club_id"),)

    id: Mapped[Id]
    club_id: Mapped[int] = mapped_column(sa.ForeignKey("clubs.id", ondelete="CASCADE"))
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    asked_at: Mapped[dt.datetime]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
