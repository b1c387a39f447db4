"""How long the chain keeps each kind of data about people."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base


class RetentionRule(Base):
    """What head office decided of one kind; without `months` it is kept for good. The kinds are in rules.py."""

    __tablename__ = "retention_rules"
    __table_args__ = (sa.CheckConstraint("months BETWEEN 1 AND 240", name="months_in_reach"),)

    kind: Mapped[str] = mapped_column(primary_key=True)
    months: Mapped[int | None] = mapped_column(sa.Integer)
    reason: Mapped[str]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    at: Mapped[dt.datetime]
