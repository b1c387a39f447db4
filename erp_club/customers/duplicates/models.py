"""Who was said to be another person, and which customers may be one person (C-07)."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base


class DuplicateConfirmation(Base):
    """Somebody said that two customers are two persons: who, when and where. Nobody is asked about the pair again.

    `at_opening`: said while the one with the higher id was opened; else on the page of suspected pairs.
    """

    __tablename__ = "duplicate_confirmations"
    __table_args__ = (
        sa.PrimaryKeyConstraint("low_id", "high_id"),
        sa.CheckConstraint("low_id < high_id", name="low_before_high"),
        sa.Index("ix_duplicate_confirmations_high_id", "high_id"),
    )

    low_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))
    high_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))
    at_opening: Mapped[bool]
    at: Mapped[dt.datetime]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    terminal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("terminals.id"))
    store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"))


class SuspectedPair(Base):
    """Two living customers who may be one person: how alike their names are, in thousandths, and what else is the same.

    The rows are what the last search found. One that was decided about since is left out when it is read.
    """

    __tablename__ = "suspected_pairs"
    __table_args__ = (
        sa.PrimaryKeyConstraint("low_id", "high_id"),
        sa.CheckConstraint("low_id < high_id", name="low_before_high"),
        sa.CheckConstraint("score_milli BETWEEN 0 AND 1000", name="score_in_range"),
        sa.Index("ix_suspected_pairs_order", sa.text("cardinality(same) DESC"), sa.text("score_milli DESC"), "low_id"),
        sa.Index("ix_suspected_pairs_high_id", "high_id"),
    )

    low_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))
    high_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))
    score_milli: Mapped[int] = mapped_column(sa.SmallInteger)
    same: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    found_at: Mapped[dt.datetime]
