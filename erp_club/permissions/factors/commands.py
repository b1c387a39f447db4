"""Setting up a second factor, taking its codes (each once), and taking it away."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.kernel import audit
from erp_club.kernel.errors import Conflict
from erp_club.kernel.kept_keys import keyring_of
from erp_club.kernel.keyring import Keyring
from erp_club.kernel.text import T
from erp_club.permissions import errors, passwords
from erp_club.permissions.actors import Actor
from erp_club.permissions.factors import codes
from erp_club.permissions.factors.models import RecoveryCode, SecondFactor
from erp_club.permissions.factors.queries import factor_of, new_secret_of

RECOVERY_CODES = 10


def begin(session: Session, staff_id: int) -> None:
    """Make a secret that waits for its first code; what somebody had holds until then. One that waits already stays."""
    if new_secret_of(session, staff_id) is not None:
        return
    key_no, sealed = keyring_of(session, writes=True).seal(codes.new_secret())
    waiting = {"new_key_no": key_no, "new_sealed": sealed}
    session.execute(
        insert(SecondFactor)
        .values(staff_id=staff_id, **waiting)
        .on_conflict_do_update(index_elements=[SecondFactor.staff_id], set_=waiting)
    )


def confirm(session: Session, staff_id: int, typed: str, *, now: dt.datetime, by: Actor) -> list[str]:
    """Put the secret that waits in force by its first code; gives the recovery codes, which are told this once.

    Raises Conflict where none waits, Unauthenticated for a wrong code.
    """
    factor = session.get(SecondFactor, staff_id, with_for_update=True)
    secret = new_secret_of(session, staff_id)
    if factor is None or secret is None:
        raise Conflict(T("Begin again: no code waits to be confirmed."), code="nothing-to-confirm")
    code = typed.replace(" ", "")
    step = codes.step_of(secret, code, now) if codes.is_code(code) else None
    if step is None:
        raise errors.wrong_code()
    factor.key_no, factor.sealed, factor.since, factor.last_step = factor.new_key_no, factor.new_sealed, now, step
    factor.new_key_no = factor.new_sealed = None
    session.flush()
    _trace(session, staff_id, "staff.factor-set", now=now, by=by)
    return _new_recovery_codes(session, staff_id)


def take_code(session: Session, staff_id: int, typed: str, *, now: dt.datetime) -> bool:
    """Whether this is a code of the person's app, or a recovery code, that wasn't taken before; now it is.

    The statement that takes it decides: of two that send one code at the same moment one is refused.
    """
    code = typed.replace(" ", "")
    if not codes.is_code(code):
        return _take_recovery_code(session, staff_id, typed, now=now)
    factor = session.get(SecondFactor, staff_id, populate_existing=True)
    if factor is None or factor.key_no is None or factor.sealed is None:
        return False
    step = codes.step_of(keyring_of(session).open(factor.key_no, factor.sealed), code, now)
    if step is None:
        return False
    taken = (
        sa.update(SecondFactor)
        .where(SecondFactor.staff_id == staff_id, SecondFactor.sealed == factor.sealed)
        .where(sa.func.coalesce(SecondFactor.last_step, -1) < step)
        .values(last_step=step)
        .returning(SecondFactor.staff_id)
    )
    return session.scalar(taken.execution_options(synchronize_session=False)) is not None


def _take_recovery_code(session: Session, staff_id: int, typed: str, *, now: dt.datetime) -> bool:
    code = passwords.typed_code(typed)
    if code is None:
        return False
    taken = (
        sa.update(RecoveryCode)
        .where(RecoveryCode.staff_id == staff_id, RecoveryCode.used_at.is_(None))
        .where(RecoveryCode.code_hash == _hash(keyring_of(session), staff_id, code))
        .values(used_at=now)
        .returning(RecoveryCode.staff_id)
    )
    return session.scalar(taken.execution_options(synchronize_session=False)) is not None


def renew_recovery_codes(session: Session, staff_id: int, *, now: dt.datetime, by: Actor) -> list[str]:
    """New recovery codes, told this once; those before hold no longer. Raises Conflict without a second factor."""
    if not factor_of(session, staff_id).has:
        raise Conflict(T("Set up the second factor first."), code="no-second-factor")
    _trace(session, staff_id, "staff.recovery-codes", now=now, by=by)
    return _new_recovery_codes(session, staff_id)


def switch_off(session: Session, staff_id: int, *, now: dt.datetime, by: Actor) -> None:
    """Do without a second factor. Raises Conflict where the person's role asks for one."""
    standing = factor_of(session, staff_id)
    if standing.asked:
        raise Conflict(T("Your role asks for a second factor. Set up a new one instead."), code="second-factor-asked")
    if standing.has:
        forget(session, staff_id)
        _trace(session, staff_id, "staff.factor-off", now=now, by=by)


def forget(session: Session, staff_id: int) -> None:
    """Take somebody's second factor and recovery codes away."""
    session.execute(sa.delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))
    session.execute(sa.delete(SecondFactor).where(SecondFactor.staff_id == staff_id))


def reseal(session: Session) -> int:
    """Seal the secrets under the current key that are under an older one; gives how many."""
    keyring = keyring_of(session, writes=True)
    stale = sa.or_(SecondFactor.key_no != keyring.current, SecondFactor.new_key_no != keyring.current)
    found = session.scalars(sa.select(SecondFactor).where(stale).with_for_update()).all()
    for factor in found:
        if factor.key_no is not None and factor.sealed is not None:
            factor.key_no, factor.sealed = keyring.seal(keyring.open(factor.key_no, factor.sealed))
        if factor.new_key_no is not None and factor.new_sealed is not None:
            factor.new_key_no, factor.new_sealed = keyring.seal(keyring.open(factor.new_key_no, factor.new_sealed))
    session.flush()
    return len(found)


def _new_recovery_codes(session: Session, staff_id: int) -> list[str]:
    made = [passwords.new_code() for _ in range(RECOVERY_CODES)]
    keyring = keyring_of(session, writes=True)
    session.execute(sa.delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))
    session.add_all(RecoveryCode(staff_id=staff_id, code_hash=_hash(keyring, staff_id, code)) for code in made)
    session.flush()
    return made


def _hash(keyring: Keyring, staff_id: int, code: str) -> bytes:
    """Keyed, as the 40 bits of a code could be tried out against a plain hash."""
    return keyring.mac("recovery-code", f"{staff_id}:{code}".encode())


def _trace(session: Session, staff_id: int, action: str, *, now: dt.datetime, by: Actor) -> None:
    audit.record(session, by=by, now=now, action=action, entity="staff", entity_id=staff_id)
