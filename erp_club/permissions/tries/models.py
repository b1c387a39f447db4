"""Wrong tries to sign in, as they are counted, and what was locked by them."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base, Id
from erp_club.permissions.tries.kinds import Kind


class WrongTry(Base):
    """How often one name, or one place, was wrong lately. `scope` holds a hash of the name, which may be a password.

    `locks` counts the times that it was locked within a day. Nothing is looked at before `locked_until`.
    """

    __tablename__ = "wrong_tries"

    scope: Mapped[str] = mapped_column(primary_key=True)
    wrong: Mapped[int] = mapped_column(sa.SmallInteger)
    locks: Mapped[int] = mapped_column(sa.SmallInteger, server_default="0")
    at: Mapped[dt.datetime] = mapped_column(index=True)
    locked_until: Mapped[dt.datetime | None]


class Lockout(Base):
    """A name or a place that was locked, for the person and the managers to see; `staff_id` where the name is known.

    `until` is None where nothing was locked: numbers are tried at many tills. `opened_at` is when somebody let it try
    again before its time.
    """

    __tablename__ = "lockouts"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('password', 'pin', 'place', 'cards', 'coupons')", name="kind_known"),
    )

    id: Mapped[Id]
    kind: Mapped[Kind] = mapped_column(sa.Text)
    scope: Mapped[str]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"), index=True)
    terminal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("terminals.id"))
    address: Mapped[str | None]
    at: Mapped[dt.datetime] = mapped_column(index=True)
    until: Mapped[dt.datetime | None]
    opened_at: Mapped[dt.datetime | None]
    opened_by: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
