"""Signing in and out, and who works for the chain."""

import datetime as dt
from collections.abc import Mapping
from typing import TypedDict

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from erp_club.kernel import audit
from erp_club.kernel.errors import Conflict, FieldError, Invalid, NotFound, Refused, Unauthenticated
from erp_club.kernel.text import T
from erp_club.organisation.models import Store
from erp_club.permissions import errors, passwords
from erp_club.permissions.actors import Actor
from erp_club.permissions.catalog import Permission
from erp_club.permissions.models import Staff, StaffSession
from erp_club.permissions.posts import commands as posts
from erp_club.permissions.queries import TerminalFacts, staff_by_username
from erp_club.permissions.tries import commands as tries
from erp_club.permissions.tries.commands import Place
from erp_club.permissions.tries.models import Kind
from erp_club.permissions.workplaces.queries import works_in


class StaffChanges(TypedDict, total=False):
    """What may be changed of a person; a field that isn't there stays as it is."""

    name: str
    role: str
    store_id: int | None
    language: str | None


def sign_in(
    session: Session, *, username: str, password: str, now: dt.datetime, hours: int, place: Place | None = None
) -> tuple[Staff, str]:
    """Open a session of the back office; gives the person and the session's token, which is kept nowhere.

    Raises Unauthenticated, alike for an unknown name and a wrong password, and Throttled where either was wrong too
    often. What such a refusal has counted is to be committed.
    """
    scope, place = tries.name_scope(Kind.PASSWORD, username), place or Place()
    tries.hold(session, scope, place, now=now)
    staff = staff_by_username(session, username.strip())
    right = passwords.verify_password(password, staff.password_hash if staff else None)
    if not right or staff is None:
        raise _counted(session, scope, place, Kind.PASSWORD, staff, errors.wrong_sign_in(), now=now)
    token = _open_session(session, staff, terminal=None, now=now, hours=hours)
    if token is None:
        raise errors.wrong_sign_in()
    tries.forget(session, scope)
    return staff, token


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
    token = _open_session(session, staff, terminal=terminal, now=now, hours=hours)
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


def sign_out(session: Session, *, token_hash: bytes) -> None:
    """End a session at once. Ending one that has ended does nothing."""
    session.execute(sa.delete(StaffSession).where(StaffSession.token_hash == token_hash))


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
    posts.refuse_more_than_held(session, role, by=by)
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


def edit_staff(session: Session, staff_id: int, changes: StaffChanges, *, now: dt.datetime, by: Actor) -> None:
    """Change what is known of somebody, and what they are; another role ends their sessions at once.

    Raises NotFound, Invalid for a role or store that isn't there, Forbidden for a role that holds what `by` doesn't,
    Conflict where nobody would be left who gives roles.
    """
    faults = [*posts.role_faults(session, changes.get("role")), *_store_faults(session, changes.get("store_id"))]
    if faults:
        raise Invalid(faults)
    ruling = "role" in changes and posts.lock_administrators(session)
    staff = _held(session, staff_id, by=by)
    posts.refuse_more_than_held(session, changes.get("role"), by=by)
    _refuse_other_store(changes.get("store_id", staff.store_id), by=by)
    before = {name: getattr(staff, name) for name, value in changes.items() if getattr(staff, name) != value}
    if not before:
        return
    after = {name: value for name, value in changes.items() if name in before}
    for name, value in after.items():
        setattr(staff, name, value)
    session.flush()
    posts.keep_post(session, staff, now=now)
    if "role" in after:
        end_sessions(session, staff_id)
    if ruling:
        posts.refuse_without_administrator(session, ruling)
    _trace(session, staff, "staff.edit", before, after, now=now, by=by)


def set_password(session: Session, staff_id: int, *, password: str, now: dt.datetime, by: Actor) -> None:
    """Give somebody a new password; all their sessions end at once. Raises NotFound, or Invalid for a short one."""
    faults = passwords.password_faults(password)
    if faults:
        raise Invalid(faults)
    staff = _held(session, staff_id, by=by)
    staff.password_hash = passwords.hash_password(password)
    end_sessions(session, staff_id)
    _trace(session, staff, "staff.password", None, {"password": "new"}, now=now, by=by)


def set_pin(session: Session, staff_id: int, *, pin: str, now: dt.datetime, by: Actor) -> None:
    """Give somebody a new PIN; they sign on again at the tills. Raises NotFound, or Invalid for one that won't do."""
    faults = passwords.pin_faults(pin)
    if faults:
        raise Invalid(faults)
    staff = _held(session, staff_id, by=by)
    staff.pin_hash = passwords.hash_password(pin)
    end_sessions(session, staff_id, at_tills_only=True)
    _trace(session, staff, "staff.pin", None, {"pin": "new"}, now=now, by=by)


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
        posts.refuse_without_administrator(session, ruling)
    if not active:
        end_sessions(session, staff_id)
    action = "staff.activate" if active else "staff.deactivate"
    _trace(session, staff, action, {"active": not active}, {"active": active}, now=now, by=by)


def end_sessions(session: Session, staff_id: int, *, at_tills_only: bool = False) -> None:
    """Sign somebody out everywhere, or at the tills where they signed on by PIN."""
    of_them = sa.delete(StaffSession).where(StaffSession.staff_id == staff_id)
    session.execute(of_them.where(StaffSession.terminal_id.is_not(None)) if at_tills_only else of_them)


def _held(session: Session, staff_id: int, *, by: Actor) -> Staff:
    """The person, locked. Raises NotFound, Forbidden for somebody whose role holds what `by` doesn't."""
    staff = session.get(Staff, staff_id, with_for_update={"key_share": True})
    if staff is None or not _reaches(by, staff.store_id):
        raise NotFound(T("There is no such member of staff."))
    if staff.id != by.staff_id:
        posts.refuse_more_than_held(session, staff.role, by=by)
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


def _open_session(
    session: Session, staff: Staff, *, terminal: TerminalFacts | None, now: dt.datetime, hours: int
) -> str | None:
    """The new session's token; None where the person was switched off or got another secret a moment ago."""
    unchanged = (
        Staff.id == staff.id,
        Staff.active,
        Staff.password_hash.is_not_distinct_from(staff.password_hash),
        Staff.pin_hash.is_not_distinct_from(staff.pin_hash),
    )
    # Checking a secret takes time: the lock puts a change of it, which ends all sessions, before or after this one.
    if session.scalar(sa.select(Staff.id).where(*unchanged).with_for_update(read=True)) is None:
        return None
    token = passwords.new_token("staff")
    session.execute(sa.delete(StaffSession).where(StaffSession.ends_at <= now))
    session.add(
        StaffSession(
            token_hash=passwords.token_hash(token),
            staff_id=staff.id,
            terminal_id=terminal.id if terminal else None,
            started_at=now,
            ends_at=now + dt.timedelta(hours=hours),
        )
    )
    session.flush()
    return token
