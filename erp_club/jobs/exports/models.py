"""Files that are too long for one answer: a worker writes them, and whoever asked fetches them."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base, Id


class Export(Base):
    """A file as somebody asked for it: by the address that answers with it, its query, and the reader's language.

    `status` and `headers` are those of the answer once it is written; with another status than 200 it was refused, and
    its only part tells why. `rows` and `bytes` are how much has been written.
    """

    __tablename__ = "exports"
    __table_args__ = (
        sa.CheckConstraint("(ended_at IS NULL) = (status IS NULL)", name="end_has_status"),
        sa.Index("ix_exports_staff_id", "staff_id", "id"),
        sa.Index("ix_exports_run_id", "run_id"),
        sa.Index(
            "uq_exports_open",
            "staff_id",
            "path",
            "query",
            "language",
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    path: Mapped[str]
    query: Mapped[str]
    language: Mapped[str]
    asked_at: Mapped[dt.datetime]
    run_id: Mapped[int | None] = mapped_column(sa.ForeignKey("job_runs.id", ondelete="SET NULL"))
    ended_at: Mapped[dt.datetime | None]
    status: Mapped[int | None] = mapped_column(sa.Integer)
    headers: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    rows: Mapped[int] = mapped_column(server_default="0")
    bytes: Mapped[int] = mapped_column(server_default="0")


class ExportPart(Base):
    """A piece of a file; together, by their numbers from 0, they are the file."""

    __tablename__ = "export_parts"

    export_id: Mapped[int] = mapped_column(sa.ForeignKey("exports.id", ondelete="CASCADE"), primary_key=True)
    no: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    content: Mapped[bytes]
