"""Views of lists and reports that people keep: a name for an address with its filters."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base, SmallId


class SavedView(Base):
    """A page and what is asked of it. Where it is `shared`, colleagues open it too; only its owner changes it.

    One that was deleted stays as long as that can be taken back, and its name is free again at once.
    """

    __tablename__ = "saved_views"
    __table_args__ = (
        sa.Index(
            "uq_saved_views_name", "staff_id", "page", sa.text("lower(name)"), unique=True,
            postgresql_where=sa.text("deleted_at IS NULL"),
        ),
        sa.Index("ix_saved_views_page", "page", postgresql_where=sa.text("shared AND deleted_at IS NULL")),
        sa.CheckConstraint("name <> ''", name="named"),
        sa.CheckConstraint("page LIKE '/%'", name="of_a_page"),
    )  # fmt: skip

    id: Mapped[SmallId]
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    page: Mapped[str]
    query: Mapped[str]
    name: Mapped[str]
    shared: Mapped[bool]
    created_at: Mapped[dt.datetime]
    deleted_at: Mapped[dt.datetime | None]
