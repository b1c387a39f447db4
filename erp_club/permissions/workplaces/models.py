"""In which stores somebody works beside their own."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base, Id


class StaffStore(Base):
    """A further store at whose tills somebody may sign on, from `valid_from` until just before `valid_to`.

    Whoever has no own store works in all of them.
    """

    __tablename__ = "staff_stores"
    __table_args__ = (
        sa.Index(
            "uq_staff_stores_now", "staff_id", "store_id", unique=True, postgresql_where=sa.text("valid_to IS NULL")
        ),
        sa.CheckConstraint("valid_to >= valid_from", name="ends_after_start"),
    )

    id: Mapped[Id]
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    store_id: Mapped[int] = mapped_column(sa.ForeignKey("stores.id"), index=True)
    valid_from: Mapped[dt.datetime]
    valid_to: Mapped[dt.datetime | None]
