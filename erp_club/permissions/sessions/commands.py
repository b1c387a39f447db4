"""Sessions: opened, seen, ended, and the person in one proven anew."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel import audit
from erp_club.kernel.errors import NotFound, Refused
from erp_club.kernel.text import T
from erp_club.permissions import errors, passwords
from erp_club.permissions.actors import Actor
from erp_club.permissions.factors import commands as factors
from erp_club.permissions.factors.codes import Means
from erp_club.permissions.factors.models import SignInStep
from erp_club.permissions.factors.queries import means_of
from erp_club.permissions.models import Staff, StaffSession
from erp_club.permissions.places import TerminalFacts
from erp_club.permissions.tries import commands as tries
from erp_club.permissions.tries.commands import Place
from erp_club.permissions.tries.kinds import Kind

STEP_FOR = dt.timedelta(minutes=10)
"""So long somebody whose password was right has for the second step."""
SEEN_EVERY = dt.timedelta(minutes=5)
"""Not every request writes that a session was seen."""
LONGEST_AGENT = 300


def open_session(
    session: Session,
    staff: Staff,
    *,
    terminal: TerminalFacts | None,
    place: Place | None = None,
    now: dt.datetime,
    hours: int,
) -> str | None:
    """The new session's token; None where the person was switched off or got another secret a moment ago."""
    if not _still_so(session, staff):
        return None
    token = passwords.new_token("staff")
    session.execute(sa.delete(StaffSession).where(StaffSession.ends_at <= now))
    session.add(
        StaffSession(
            token_hash=passwords.token_hash(token),
            staff_id=staff.id,
            terminal_id=terminal.id if terminal else None,
            started_at=now,
            seen_at=now,
            proven_at=now,
            ends_at=now + dt.timedelta(hours=hours),
            address=place.address if place else None,
            agent=place.agent[:LONGEST_AGENT] if place and place.agent else None,
        )
    )
    session.flush()
    return token


def _still_so(session: Session, staff: Staff) -> bool:
    unchanged = (
        Staff.id == staff.id,
        Staff.active,
        Staff.password_hash.is_not_distinct_from(staff.password_hash),
        Staff.pin_hash.is_not_distinct_from(staff.pin_hash),
    )
    # Checking a secret takes time: the lock puts a change of it, which ends all sessions, before or after this one.
    return session.scalar(sa.select(Staff.id).where(*unchanged).with_for_update(read=True)) is not None


def open_step(session: Session, staff: Staff, *, now: dt.datetime) -> str | None:
    """The token of somebody whose second step is due; it opens nothing else. None as in `open_session`."""
    if not _still_so(session, staff):
        return None
    token = passwords.new_token("step")
    session.execute(sa.delete(SignInStep).where(SignInStep.ends_at <= now))
    session.add(SignInStep(token_hash=passwords.token_hash(token), staff_id=staff.id, ends_at=now + STEP_FOR))
    session.flush()
    return token


def held_step(session: Session, token_hash: bytes, *, now: dt.datetime) -> tuple[SignInStep, Staff]:
    """The step and its person, held until the transaction ends. Raises Unauthenticated where it is over."""
    found = session.execute(
        sa.select(SignInStep, Staff)
        .join(Staff, Staff.id == SignInStep.staff_id)
        .where(SignInStep.token_hash == token_hash, SignInStep.ends_at > now, Staff.active)
        .with_for_update(of=SignInStep)
    ).one_or_none()
    if found is None:
        raise errors.step_over()
    return found[0], found[1]


def end_session(session: Session, session_id: int) -> None:
    """End a session at once. Ending one that has ended does nothing."""
    session.execute(sa.delete(StaffSession).where(StaffSession.id == session_id))


def end_sessions(session: Session, staff_id: int, *, at_tills_only: bool = False, but: int | None = None) -> None:
    """Sign somebody out everywhere, or at the tills where they signed on by PIN; `but` is a session that goes on."""
    of_them = sa.delete(StaffSession).where(StaffSession.staff_id == staff_id)
    if but is not None:
        of_them = of_them.where(StaffSession.id != but)
    session.execute(of_them.where(StaffSession.terminal_id.is_not(None)) if at_tills_only else of_them)
    if not at_tills_only:
        session.execute(sa.delete(SignInStep).where(SignInStep.staff_id == staff_id))


def end_at_till(session: Session, terminal_id: int) -> None:
    """Sign everybody off who signed on at a till by PIN."""
    session.execute(sa.delete(StaffSession).where(StaffSession.terminal_id == terminal_id))


def end_own(session: Session, session_id: int, *, now: dt.datetime, by: Actor) -> None:
    """End one of one's own sessions. Raises NotFound for one that isn't, or has ended."""
    mine = sa.delete(StaffSession).where(StaffSession.id == session_id, StaffSession.staff_id == by.staff_id)
    if session.scalar(mine.returning(StaffSession.id)) is None:
        raise NotFound(T("This session has ended already."))
    audit.record(session, by=by, now=now, action="staff.sign-out", entity="staff", entity_id=by.staff_id or 0)


def seen(session: Session, session_id: int, *, now: dt.datetime) -> None:
    """Note that a session was used. Of many requests at one moment one writes, the others go on."""
    due = sa.select(StaffSession.token_hash).where(StaffSession.id == session_id, StaffSession.seen_at < now)
    noted = sa.update(StaffSession).where(StaffSession.token_hash.in_(due.with_for_update(skip_locked=True)))
    session.execute(noted.values(seen_at=now).execution_options(synchronize_session=False))


def prove(session: Session, session_id: int, typed: str, *, place: Place, now: dt.datetime) -> None:
    """Take what somebody shows anew, a code, their password or their PIN: they are proven in this session from now.

    Raises Forbidden for a wrong one, Throttled where it was wrong too often: counted with those of signing in, so the
    refusal is to be committed.
    """
    row = session.scalars(sa.select(StaffSession).where(StaffSession.id == session_id)).one()
    means = means_of(session, row.staff_id, by_pin=row.terminal_id is not None)
    if not shows(session, row.staff_id, means, typed, place=place, now=now):
        raise counted_wrong(session, row.staff_id, means, errors.wrong_proof(means), place=place, now=now)
    row.proven_at = now
    session.flush()


def shows(session: Session, staff_id: int, means: Means, typed: str, *, place: Place, now: dt.datetime) -> bool:
    """Whether somebody who is known shows the right thing. Raises Throttled while their name is locked."""
    staff = session.get_one(Staff, staff_id)
    scope = _scope(staff, means)
    tries.hold(session, scope, place, now=now)
    if means is Means.CODE:
        right = factors.take_code(session, staff_id, typed, now=now)
    else:
        kept = staff.pin_hash if means is Means.PIN else staff.password_hash
        right = passwords.verify_password(typed, kept)
    if right:
        tries.forget(session, scope)
    return right


def counted_wrong(
    session: Session, staff_id: int, means: Means, wrong: Refused, *, place: Place, now: dt.datetime
) -> Refused:
    """Count what somebody has shown wrongly, and give what to refuse it with; the transaction is to be committed."""
    staff = session.get_one(Staff, staff_id)
    kind = Kind.PIN if means is Means.PIN else Kind.PASSWORD
    return tries.count_wrong(session, _scope(staff, means), place, kind=kind, staff_id=staff_id, now=now, wrong=wrong)


def _scope(staff: Staff, means: Means) -> str:
    """Codes are counted with passwords: who has guessed the one isn't given new tries for the other."""
    return tries.name_scope(Kind.PIN if means is Means.PIN else Kind.PASSWORD, staff.username)
