"""Staff and their sessions."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base, SmallId
from erp_club.permissions.catalog import Role


class Staff(Base):
    """Somebody who works for the chain. `username` is lower case; a cashier may have a PIN and no password."""

    __tablename__ = "staff"
    __table_args__ = (
        sa.CheckConstraint("username = lower(username)", name="username_lower"),
        sa.CheckConstraint("role IN ('hq', 'manager', 'cashier')", name="role_known"),
    )

    id: Mapped[SmallId]
    username: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[Role] = mapped_column(sa.Text)
    store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"))
    language: Mapped[str | None] = mapped_column(sa.String(2))
    password_hash: Mapped[str | None]
    pin_hash: Mapped[str | None]
    active: Mapped[bool] = mapped_column(server_default=sa.true())
    created_at: Mapped[dt.datetime]


class StaffSession(Base):
    """Somebody signed in, in a browser of the back office or (with a terminal) at a till.

    `ends_at` is the first moment at which the session no longer holds. Signing out deletes the row.
    """

    __tablename__ = "staff_sessions"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), index=True)
    terminal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("terminals.id"), index=True)
    started_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
