"""Signing in and out, and who works for the chain."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from erp_club.kernel import audit
from erp_club.kernel.errors import Conflict, FieldError, Invalid, NotFound, Refused, Unauthenticated
from erp_club.kernel.text import T
from erp_club.kernel.versions import check_seen, version_of
from erp_club.organisation.models import Store
from erp_club.permissions import errors, passwords
from erp_club.permissions.actors import Actor
from erp_club.permissions.catalog import Permission
from erp_club.permissions.factors import commands as factors
from erp_club.permissions.factors.queries import factor_of
from erp_club.permissions.kinds import Due
from erp_club.permissions.models import Staff
from erp_club.permissions.places import TerminalFacts
from erp_club.permissions.posts import commands as posts
from erp_club.permissions.queries import staff_by_username
from erp_club.permissions.rules import NOTHING
from erp_club.permissions.sessions import commands as sessions
from erp_club.permissions.tries import commands as tries
from erp_club.permissions.tries.commands import Place
from erp_club.permissions.tries.kinds import Kind
from erp_club.permissions.workplaces.queries import works_in


class StaffChanges(TypedDict, total=False):
    """What may be changed of a person; a field that isn't there stays as it is."""

    name: str
    role: str
    store_id: int | None
    language: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """Who has come in: with the token of a session, or, while something is `due`, with that of a step."""

    staff: Staff
    token: str
    due: Due | None = None


def sign_in(
    session: Session,
    *,
    username: str,
    password: str,
    code: str | None = None,
    now: dt.datetime,
    hours: int,
    place: Place | None = None,
) -> Entry:
    """Open a session of the back office, or a step where a second factor is due; its token is kept nowhere.

    Raises Unauthenticated, alike for an unknown name and a wrong password, and Throttled where either was wrong too
    often. What such a refusal has counted is to be committed.
    """
    scope, place = tries.name_scope(Kind.PASSWORD, username), place or Place()
    tries.hold(session, scope, place, now=now)
    staff = staff_by_username(session, username.strip())
    right = passwords.verify_password(password, staff.password_hash if staff else None)
    if not right or staff is None:
        raise _counted(session, scope, place, Kind.PASSWORD, staff, errors.wrong_sign_in(), now=now)
    factor = factor_of(session, staff.id)
    if factor.has and code is None:
        return _step_of(session, staff, Due.CODE, now=now)
    if factor.has and not factors.take_code(session, staff.id, code or "", now=now):
        raise _counted(session, scope, place, Kind.PASSWORD, staff, errors.wrong_code(), now=now)
    if factor.asked and not factor.has:
        factors.begin(session, staff.id)
        return _step_of(session, staff, Due.FACTOR, now=now)
    return _come_in(session, staff, scope, place, now=now, hours=hours)


def enter_code(
    session: Session, *, step: bytes, code: str, now: dt.datetime, hours: int, place: Place | None = None
) -> Entry:
    """Go from the step of somebody who has a second factor to a session.

    Raises Unauthenticated for a wrong code, which is counted with wrong passwords, and where the step is over;
    Throttled as `sign_in`.
    """
    held, staff = sessions.held_step(session, step, now=now)
    scope, place = tries.name_scope(Kind.PASSWORD, staff.username), place or Place()
    tries.hold(session, scope, place, now=now)
    if not factors.take_code(session, staff.id, code, now=now):
        raise _counted(session, scope, place, Kind.PASSWORD, staff, errors.wrong_code(), now=now)
    session.delete(held)
    return _come_in(session, staff, scope, place, now=now, hours=hours)


def set_up_factor(
    session: Session, *, step: bytes, code: str, now: dt.datetime, hours: int, place: Place | None = None
) -> tuple[Entry, list[str]]:
    """Put the second factor in force that somebody's role asks for, and open a session; with the recovery codes.

    Raises Unauthenticated for a wrong code and where the step is over; Conflict where they have one already.
    """
    held, staff = sessions.held_step(session, step, now=now)
    if factor_of(session, staff.id).has:
        # The password alone doesn't exchange a second factor that is in force.
        raise Conflict(T("Begin again: no code waits to be confirmed."), code="nothing-to-confirm")
    themselves = Actor(staff.name, NOTHING, staff_id=staff.id, role=staff.role, store_id=staff.store_id)
    codes = factors.confirm(session, staff.id, code, now=now, by=themselves)
    session.delete(held)
    scope = tries.name_scope(Kind.PASSWORD, staff.username)
    return _come_in(session, staff, scope, place or Place(), now=now, hours=hours), codes


def _step_of(session: Session, staff: Staff, due: Due, *, now: dt.datetime) -> Entry:
    token = sessions.open_step(session, staff, now=now)
    if token is None:
        raise errors.wrong_sign_in()
    return Entry(staff, token, due)


def _come_in(session: Session, staff: Staff, scope: str, place: Place, *, now: dt.datetime, hours: int) -> Entry:
    token = sessions.open_session(session, staff, terminal=None, place=place, now=now, hours=hours)
    if token is None:
        raise errors.wrong_sign_in()
    tries.forget(session, scope)
    return Entry(staff, token)


def sign_on(
    session: Session, *, username: str, pin: str, terminal: TerminalFacts, now: dt.datetime, hours: int
) -> tuple[Staff, str]:
    """Open a session at a till by PIN; it holds at that terminal only.

    Raises Unauthenticated, alike for an unknown name and a wrong PIN, Throttled where either was wrong too often, and
    Forbidden in a store where the person doesn't work. What such a refusal has counted is to be committed.
    """
    scope, place = tries.name_scope(Kind.PIN, username), Place(terminal_id=terminal.id)
    tries.hold(session, scope, place, now=now)
    staff = staff_by_username(session, username.strip())
    right = passwords.verify_password(pin, staff.pin_hash if staff else None)
    if not right or staff is None:
        raise _counted(session, scope, place, Kind.PIN, staff, errors.wrong_pin(), now=now)
    if not works_in(session, staff, terminal.store_id):
        raise errors.not_assigned(terminal.store_name)
    token = sessions.open_session(session, staff, terminal=terminal, now=now, hours=hours)
    if token is None:
        raise errors.wrong_pin()
    tries.forget(session, scope)
    return staff, token


def _counted(
    session: Session,
    scope: str,
    place: Place,
    kind: Kind,
    staff: Staff | None,
    wrong: Unauthenticated,
    *,
    now: dt.datetime,
) -> Refused:
    staff_id = staff.id if staff else None
    return tries.count_wrong(session, scope, place, kind=kind, staff_id=staff_id, now=now, wrong=wrong)


def set_language(session: Session, staff_id: int, *, language: str) -> None:
    """Keep a person's own choice of language; it is a preference, not a change that is audited."""
    session.execute(sa.update(Staff).where(Staff.id == staff_id).values(language=language))


def add_staff(
    session: Session,
    *,
    username: str,
    name: str,
    role: str,
    password: str | None,
    pin: str | None,
    store_id: int | None,
    language: str | None = None,
    now: dt.datetime,
    by: Actor,
) -> int:
    """Open a member of staff and give the id. A cashier may have a PIN only.

    Raises Conflict if the user name is taken, Invalid for a password or PIN that won't do or a role or store that isn't
    there, Forbidden for a role that holds what `by` doesn't.
    """
    faults = [
        *([] if password is None else passwords.password_faults(password)),
        *([] if pin is None else passwords.pin_faults(pin)),
        *posts.role_faults(session, role),
        *_store_faults(session, store_id),
    ]
    if faults:
        raise Invalid(faults)
    posts.refuse_more_than_held(session, role, store_id=store_id, by=by)
    _refuse_other_store(store_id, by=by)
    kept = username.strip().lower()
    # The constraint decides, so that two people opened at once with one name don't both pass a check.
    staff_id = session.scalar(
        postgresql.insert(Staff)
        .values(
            username=kept,
            name=name,
            role=role,
            store_id=store_id,
            language=language,
            password_hash=None if password is None else passwords.hash_password(password),
            pin_hash=None if pin is None else passwords.hash_password(pin),
            active=True,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=[Staff.username])
        .returning(Staff.id)
    )
    if staff_id is None:
        raise Conflict(
            T("The user name %(username)s is taken. Choose another.", username=kept),
            field="username",
            code="username-taken",
        )
    posts.keep_post(session, session.get_one(Staff, staff_id), now=now)
    audit.record(
        session,
        by=by,
        now=now,
        action="staff.add",
        entity="staff",
        entity_id=staff_id,
        after={"username": kept, "name": name, "role": str(role), "store_id": store_id, "language": language},
    )
    return staff_id


def edit_staff(
    session: Session, staff_id: int, changes: StaffChanges, *, seen: str | None = None, now: dt.datetime, by: Actor
) -> None:
    """Change what is known of somebody; another role ends their sessions at once, another store those at tills.

    Raises NotFound, Invalid for a role or store that isn't there, Forbidden for a role that holds what `by` doesn't,
    Conflict where nobody would be left who gives roles, or `stale` where the version that was `seen` is another now.
    """
    faults = [*posts.role_faults(session, changes.get("role")), *_store_faults(session, changes.get("store_id"))]
    if faults:
        raise Invalid(faults)
    ruling = "role" in changes and posts.lock_administrators(session)
    staff = _held(session, staff_id, by=by)
    check_seen(seen, version_of(staff.name, staff.role, staff.store_id, staff.language))
    store_id, role = changes.get("store_id", staff.store_id), changes.get("role", staff.role)
    if (role, store_id) != (staff.role, staff.store_id):
        posts.refuse_more_than_held(session, role, store_id=store_id, by=by)
    _refuse_other_store(store_id, by=by)
    before = {name: getattr(staff, name) for name, value in changes.items() if getattr(staff, name) != value}
    if not before:
        return
    after = {name: value for name, value in changes.items() if name in before}
    for name, value in after.items():
        setattr(staff, name, value)
    session.flush()
    posts.keep_post(session, staff, now=now)
    if after.keys() & {"role", "store_id"}:
        sessions.end_sessions(session, staff_id, at_tills_only="role" not in after)
    if ruling:
        posts.refuse_without_administrator(session, ruling, given_up=before.get("role", ""))
    _trace(session, staff, "staff.edit", before, after, now=now, by=by)


def set_password(session: Session, staff_id: int, *, password: str, now: dt.datetime, by: Actor) -> None:
    """Give somebody a new password; all their sessions end at once. Raises NotFound, or Invalid for a short one."""
    faults = passwords.password_faults(password)
    if faults:
        raise Invalid(faults)
    staff = _held(session, staff_id, by=by)
    staff.password_hash = passwords.hash_password(password)
    sessions.end_sessions(session, staff_id)
    _trace(session, staff, "staff.password", None, {"password": "new"}, now=now, by=by)


def set_pin(session: Session, staff_id: int, *, pin: str, now: dt.datetime, by: Actor) -> None:
    """Give somebody a new PIN; they sign on again at the tills. Raises NotFound, or Invalid for one that won't do."""
    faults = passwords.pin_faults(pin)
    if faults:
        raise Invalid(faults)
    staff = _held(session, staff_id, by=by)
    staff.pin_hash = passwords.hash_password(pin)
    sessions.end_sessions(session, staff_id, at_tills_only=True)
    _trace(session, staff, "staff.pin", None, {"pin": "new"}, now=now, by=by)


def set_own_password(session: Session, staff_id: int, *, password: str, this: int, now: dt.datetime, by: Actor) -> None:
    """Change one's own password, whose present one was shown; all sessions but `this` end. Raises Invalid."""
    faults = passwords.password_faults(password)
    if faults:
        raise Invalid(faults)
    staff = session.get_one(Staff, staff_id, with_for_update={"key_share": True})
    staff.password_hash = passwords.hash_password(password)
    sessions.end_sessions(session, staff_id, but=this)
    _trace(session, staff, "staff.password", None, {"password": "new"}, now=now, by=by)


def set_own_pin(session: Session, staff_id: int, *, pin: str, this: int, now: dt.datetime, by: Actor) -> None:
    """Change one's own PIN; the sessions at tills end, but for `this` one. Raises Invalid."""
    faults = passwords.pin_faults(pin)
    if faults:
        raise Invalid(faults)
    staff = session.get_one(Staff, staff_id, with_for_update={"key_share": True})
    staff.pin_hash = passwords.hash_password(pin)
    sessions.end_sessions(session, staff_id, at_tills_only=True, but=this)
    _trace(session, staff, "staff.pin", None, {"pin": "new"}, now=now, by=by)


def sign_out_everywhere(session: Session, staff_id: int, *, now: dt.datetime, by: Actor) -> None:
    """End all of one's own sessions."""
    sessions.end_sessions(session, staff_id)
    _trace(session, session.get_one(Staff, staff_id), "staff.sign-out", None, {"sessions": "all"}, now=now, by=by)


def reset_factor(session: Session, staff_id: int, *, now: dt.datetime, by: Actor) -> None:
    """Take somebody's second factor away, whose phone is lost; they are signed out and set up a new one.

    Raises NotFound, Conflict for oneself, Forbidden for somebody whose role holds what `by` doesn't.
    """
    staff = _held(session, staff_id, by=by)
    if staff_id == by.staff_id:
        raise Conflict(T("Change your own second factor in your account."), code="not-oneself")
    factors.forget(session, staff_id)
    sessions.end_sessions(session, staff_id)
    _trace(session, staff, "staff.factor-reset", None, {"second_factor": None}, now=now, by=by)


def set_staff_active(session: Session, staff_id: int, *, active: bool, now: dt.datetime, by: Actor) -> None:
    """Let somebody work, or no longer; their sessions end at once.

    Raises NotFound, Conflict for oneself and where nobody would be left who gives roles, Forbidden.
    """
    if staff_id == by.staff_id and not active:
        raise Conflict(T("You can't switch yourself off. Ask another administrator."), code="not-oneself")
    ruling = not active and posts.lock_administrators(session)
    staff = _held(session, staff_id, by=by)
    if staff.active == active:
        return
    staff.active = active
    session.flush()
    posts.keep_post(session, staff, now=now)
    if ruling:
        posts.refuse_without_administrator(session, ruling, given_up=staff.role)
    if not active:
        sessions.end_sessions(session, staff_id)
    action = "staff.activate" if active else "staff.deactivate"
    _trace(session, staff, action, {"active": not active}, {"active": active}, now=now, by=by)


def _held(session: Session, staff_id: int, *, by: Actor) -> Staff:
    """The person, locked. Raises NotFound, Forbidden for somebody whose role holds what `by` doesn't."""
    staff = session.get(Staff, staff_id, with_for_update={"key_share": True})
    if staff is None or not _reaches(by, staff.store_id):
        raise NotFound(T("There is no such member of staff."))
    if staff.id != by.staff_id:
        posts.refuse_more_than_held(session, staff.role, store_id=staff.store_id, by=by)
    return staff


def _reaches(by: Actor, store_id: int | None) -> bool:
    """Whether `by` may change who works in this store (None: in all stores)."""
    only = by.only_store(Permission.STAFF_EDIT)
    return only is None or store_id == only


def _refuse_other_store(store_id: int | None, *, by: Actor) -> None:
    if not _reaches(by, store_id):
        raise Invalid([FieldError("store_id", T("You can only choose your own store."))])


def _store_faults(session: Session, store_id: int | None) -> list[FieldError]:
    if store_id is None or session.get(Store, store_id) is not None:
        return []
    return [FieldError("store_id", T("There is no such store."))]


def _trace(
    session: Session,
    staff: Staff,
    action: str,
    before: Mapping[str, object] | None,
    after: Mapping[str, object],
    *,
    now: dt.datetime,
    by: Actor,
) -> None:
    session.flush()
    audit.record(session, by=by, now=now, action=action, entity="staff", entity_id=staff.id, before=before, after=after)
