"""Programmes that zero or change the points of a chosen set of members."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.jobs.programmes.kinds import ProgrammeState
from erp_club.jobs.programmes.rules import Effect, Rounding
from erp_club.kernel.db import Base, SmallId


class PointsProgramme(Base):
    """What is done to the points of whom. It is never changed; a wrong one is withdrawn and another one set up.

    Chosen are the members of a club that joined between two days (both included), have bought nothing since
    `inactive_since` (included), are in the segment when it runs, and are among `numbers`, each where it is said.
    `amount` is whole points, or with `percent` hundredths of a percent. `last_day` is that of points that are added.
    `run_on` is the day on which it is run by itself.
    """

    __tablename__ = "points_programmes"
    __table_args__ = (
        sa.CheckConstraint("effect IN ('zero', 'set', 'add', 'percent')", name="effect_known"),
        sa.CheckConstraint("(effect = 'zero') = (amount = 0)", name="amount_moves_something"),
        sa.CheckConstraint("effect <> 'set' OR amount > 0", name="set_above_zero"),
        sa.CheckConstraint("effect <> 'percent' OR amount >= -10000", name="percent_in_range"),
        sa.CheckConstraint("rounding IN ('down', 'nearest', 'up')", name="rounding_known"),
        sa.CheckConstraint("state IN ('open', 'withdrawn')", name="state_known"),
        sa.CheckConstraint("joined_from <= joined_to", name="days_in_order"),
    )

    id: Mapped[SmallId]
    name: Mapped[str]
    club_id: Mapped[int] = mapped_column(sa.ForeignKey("clubs.id"))
    joined_from: Mapped[dt.date | None]
    joined_to: Mapped[dt.date | None]
    inactive_since: Mapped[dt.date | None]
    segment_id: Mapped[int | None] = mapped_column(sa.ForeignKey("segments.id"))
    numbers: Mapped[list[str] | None] = mapped_column(ARRAY(sa.Text))
    effect: Mapped[Effect] = mapped_column(sa.Text)
    amount: Mapped[int]
    rounding: Mapped[Rounding] = mapped_column(sa.Text, server_default=Rounding.DOWN.value)
    last_day: Mapped[dt.date | None]
    run_on: Mapped[dt.date | None]
    state: Mapped[ProgrammeState] = mapped_column(sa.Text, server_default=ProgrammeState.OPEN.value)
    made_at: Mapped[dt.datetime]
    made_by: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
