"""Programmes as rows: every version of a club's document."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base


class ProgrammeVersion(Base):
    """A club's whole programme from a day on, until a later version begins; a trigger refuses to change one.

    Of versions that begin on one day, the latest holds. `document` says everything, so that other defaults of tomorrow
    change nothing of it; `rules_no` is the version of the rules about points that came with it.
    """

    __tablename__ = "programme_versions"
    __table_args__ = (
        sa.PrimaryKeyConstraint("club_id", "version_no"),
        sa.ForeignKeyConstraint(["club_id", "rules_no"], ["club_rules.club_id", "club_rules.version_no"]),
        sa.CheckConstraint("version_no > 0", name="version_above_zero"),
    )

    club_id: Mapped[int] = mapped_column(sa.ForeignKey("clubs.id"))
    version_no: Mapped[int] = mapped_column(sa.Integer)
    rules_no: Mapped[int] = mapped_column(sa.Integer)
    effective_from: Mapped[dt.date]
    document: Mapped[dict[str, Any]]
    at: Mapped[dt.datetime]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
