"""Saved segments: their questions in versions, their lists, and who is in them."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base, SmallId
from erp_club.segments.kinds import SegmentKind, SegmentState


class Segment(Base):
    """A segment. Offers, price lists and other segments speak of it by its name, which stays for ever.

    `version_no` is that of its question. `by_sale`: a sale can change who is in it. `customers` and `counted_at` are of
    the last refresh. `version` tells two who change it at once from each other.
    """

    __tablename__ = "segments"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('dynamic', 'frozen')", name="kind_known"),
        sa.CheckConstraint("state IN ('active', 'closed')", name="state_known"),
        sa.CheckConstraint("(kind = 'dynamic') = (version_no IS NOT NULL)", name="dynamic_has_version"),
        sa.CheckConstraint("name <> ''", name="named"),
    )

    id: Mapped[SmallId]
    name: Mapped[str] = mapped_column(unique=True)
    notes: Mapped[str] = mapped_column(server_default="")
    kind: Mapped[SegmentKind] = mapped_column(sa.Text)
    state: Mapped[SegmentState] = mapped_column(sa.Text, server_default=SegmentState.ACTIVE.value)
    owner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    version_no: Mapped[int | None] = mapped_column(sa.Integer)
    by_sale: Mapped[bool] = mapped_column(server_default=sa.false())
    at_till: Mapped[bool] = mapped_column(server_default=sa.true())
    customers: Mapped[int] = mapped_column(server_default="0")
    counted_at: Mapped[dt.datetime | None]
    version: Mapped[int] = mapped_column(sa.Integer, server_default="1")
    created_at: Mapped[dt.datetime]


class SegmentVersion(Base):
    """What a segment asked from a moment on: the condition as its file format says it. Rows are never changed."""

    __tablename__ = "segment_versions"

    segment_id: Mapped[int] = mapped_column(sa.ForeignKey("segments.id"), primary_key=True)
    version_no: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    condition: Mapped[dict[str, Any]]
    at: Mapped[dt.datetime]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))


class SegmentCustomer(Base):
    """A customer in a segment: of a dynamic one as of its last refresh, of a frozen one as the list says."""

    __tablename__ = "segment_customers"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "segment_id"),
        sa.Index("ix_segment_customers_segment_id", "segment_id", "customer_id"),
    )

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))
    segment_id: Mapped[int] = mapped_column(sa.ForeignKey("segments.id"))


class SegmentCount(Base):
    """How many were in a segment on a day, by its last refresh of that day."""

    __tablename__ = "segment_counts"

    segment_id: Mapped[int] = mapped_column(sa.ForeignKey("segments.id"), primary_key=True)
    on_date: Mapped[dt.date] = mapped_column(primary_key=True)
    customers: Mapped[int]
