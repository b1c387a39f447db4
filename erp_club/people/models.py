"""What touches a person everywhere: which customers were merged, and how to undo it."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base, Id


class CustomerMerge(Base):
    """One customer became another one: who did it, when and where, and what it moved.

    `moved` names rows by their numbers only. `fields` holds the fields of the survivor that it changed, before and
    after, and with them what a person's erasure empties. A merge is undone once at most.
    """

    __tablename__ = "customer_merges"
    __table_args__ = (
        sa.CheckConstraint("survivor_id <> merged_id", name="two_customers"),
        sa.CheckConstraint("num_nulls(undone_at, undone_by) <> 1", name="undone_by_somebody"),
        sa.Index(
            "uq_customer_merges_standing", "merged_id", unique=True, postgresql_where=sa.text("undone_at IS NULL")
        ),
        sa.Index("ix_customer_merges_survivor_id", "survivor_id", "id"),
    )

    id: Mapped[Id]
    survivor_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))
    merged_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))
    moved: Mapped[dict[str, Any]]
    fields: Mapped[dict[str, Any]]
    at: Mapped[dt.datetime]
    by: Mapped[str]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    terminal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("terminals.id"))
    store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"))
    undone_at: Mapped[dt.datetime | None]
    undone_by: Mapped[str | None]
