"""Who has a second factor, and by what somebody shows that it is still them."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from erp_club.kernel.kept_keys import keyring_of
from erp_club.permissions.factors.codes import Means
from erp_club.permissions.factors.models import RecoveryCode, SecondFactor
from erp_club.permissions.grants.models import StaffRole
from erp_club.permissions.models import Staff


@dataclass(frozen=True, slots=True)
class FactorRow:
    """Whether somebody has a second factor, whether their role asks for one, and how many recovery codes are left."""

    has: bool
    asked: bool
    codes_left: int


def has_factor(staff_id: sa.ColumnElement[int] | InstrumentedAttribute[int] | int) -> sa.Exists:
    """Whether somebody has a second factor that was confirmed, as part of a statement."""
    return sa.exists().where(SecondFactor.staff_id == staff_id, SecondFactor.sealed.is_not(None))


def factor_of(session: Session, staff_id: int) -> FactorRow:
    """How somebody stands with their second factor."""
    left = sa.select(sa.func.count()).where(RecoveryCode.staff_id == staff_id, RecoveryCode.used_at.is_(None))
    row = session.execute(
        sa.select(has_factor(staff_id), StaffRole.second_factor, left.scalar_subquery())
        .join(Staff, Staff.role == StaffRole.code)
        .where(Staff.id == staff_id)
    ).one()
    return FactorRow(*row)


def means_of(session: Session, staff_id: int, *, by_pin: bool) -> Means:
    """What somebody shows who signed on by PIN, or by password."""
    if session.scalar(sa.select(has_factor(staff_id))):
        return Means.CODE
    return Means.PIN if by_pin else Means.PASSWORD


def new_secret_of(session: Session, staff_id: int) -> str | None:
    """The secret that waits for its first code; None where none does."""
    factor = session.get(SecondFactor, staff_id, populate_existing=True)
    if factor is None or factor.new_key_no is None or factor.new_sealed is None:
        return None
    return keyring_of(session).open(factor.new_key_no, factor.new_sealed)
