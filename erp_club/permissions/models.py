"""Staff and their sessions."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base, SmallId


class Staff(Base):
    """Somebody who works for the chain. `username` is lower case; a cashier may have a PIN and no password.

    `role` and `store_id` are those of now; `grants.models.StaffPost` keeps which they were when.
    """

    __tablename__ = "staff"
    __table_args__ = (sa.CheckConstraint("username = lower(username)", name="username_lower"),)

    id: Mapped[SmallId]
    username: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str] = mapped_column(sa.ForeignKey("roles.code"))
    store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"))
    language: Mapped[str | None] = mapped_column(sa.String(2))
    password_hash: Mapped[str | None]
    pin_hash: Mapped[str | None]
    active: Mapped[bool] = mapped_column(server_default=sa.true())
    created_at: Mapped[dt.datetime]


class StaffSession(Base):
    """Somebody signed in, in a browser of the back office or (with a terminal) at a till.

    `ends_at` is the first moment at which the session no longer holds. Signing out deletes the row. `seen_at` is when
    it was used last, within some minutes; `proven_at` when the person last showed a code, their password or their PIN.
    `address` and `agent` tell the browser: where on the network it was, and what it calls itself.
    """

    __tablename__ = "staff_sessions"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), unique=True)
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), index=True)
    terminal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("terminals.id"), index=True)
    started_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())
    proven_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())
    address: Mapped[str | None]
    agent: Mapped[str | None]
