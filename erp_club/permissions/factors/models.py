"""The second factor of signing in: a secret that an authenticator app makes codes of, and codes for a lost phone."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base


class SecondFactor(Base):
    """Somebody's secret, sealed under the key `key_no` of the keyring; nothing before it is confirmed by a code.

    `new_sealed` waits for its first code, so that the one before holds until then. `last_step` is the 30 seconds of the
    last code that was taken: none of them, nor an earlier one, is taken again.
    """

    __tablename__ = "second_factors"
    __table_args__ = (
        sa.CheckConstraint("num_nonnulls(key_no, sealed, since) IN (0, 3)", name="whole"),
        sa.CheckConstraint("(new_key_no IS NULL) = (new_sealed IS NULL)", name="new_whole"),
    )

    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), primary_key=True, autoincrement=False)
    key_no: Mapped[int | None] = mapped_column(sa.SmallInteger)
    sealed: Mapped[bytes | None]
    since: Mapped[dt.datetime | None]
    last_step: Mapped[int | None] = mapped_column(sa.BigInteger)
    new_key_no: Mapped[int | None] = mapped_column(sa.SmallInteger)
    new_sealed: Mapped[bytes | None]


class RecoveryCode(Base):
    """A code that stands once for one of the app; of it a keyed hash is kept."""

    __tablename__ = "recovery_codes"

    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), primary_key=True, autoincrement=False)
    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    used_at: Mapped[dt.datetime | None]


class SignInStep(Base):
    """Somebody whose password was right and whose second factor isn't shown yet; until `ends_at`, no session."""

    __tablename__ = "sign_in_steps"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), index=True)
    ends_at: Mapped[dt.datetime]
