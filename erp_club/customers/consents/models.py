"""The wordings that people are asked to agree to."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base, SmallId


class ConsentWording(Base):
    """What is asked for a channel, by language, from `at` until the next version. Rows are never updated or deleted."""

    __tablename__ = "consent_wordings"
    __table_args__ = (
        sa.UniqueConstraint("channel", "version"),
        sa.CheckConstraint("channel IN ('advertising', 'sms', 'email', 'post')", name="channel_known"),
        sa.CheckConstraint("version > 0 AND texts <> '{}'", name="says_something"),
    )

    id: Mapped[SmallId]
    channel: Mapped[str]
    version: Mapped[int] = mapped_column(sa.Integer)
    texts: Mapped[dict[str, str]]
    at: Mapped[dt.datetime]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
