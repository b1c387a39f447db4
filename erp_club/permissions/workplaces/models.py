"""In which stores somebody works beside their own."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base


class StaffStore(Base):
    """A further store at whose tills somebody may sign on. Whoever has no own store works in all of them."""

    __tablename__ = "staff_stores"

    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), primary_key=True)
    store_id: Mapped[int] = mapped_column(sa.ForeignKey("stores.id"), primary_key=True)
