"""What head office has decided about numbers of identity documents."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base


class IdNumberRule(Base):
    """Whether numbers of a kind and country are kept, and why. Without a row the default holds.

    `country` is empty in the rule for all countries that have none of their own.
    """

    __tablename__ = "id_number_rules"
    __table_args__ = (sa.CheckConstraint("kind IN ('national_id', 'passport')", name="kind_known"),)

    kind: Mapped[str] = mapped_column(primary_key=True)
    country: Mapped[str] = mapped_column(primary_key=True)
    kept: Mapped[bool]
    reason: Mapped[str]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    at: Mapped[dt.datetime]
