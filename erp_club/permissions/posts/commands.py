"""Who has which role: the trace of it, and what stays true of head office."""

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel.errors import Conflict, FieldError, Forbidden
from erp_club.kernel.text import T
from erp_club.permissions.actors import Actor
from erp_club.permissions.catalog import Permission
from erp_club.permissions.grants.models import GrantsVersion, StaffPost, StaffRole
from erp_club.permissions.grants.queries import Grants, grants_now
from erp_club.permissions.models import Staff
from erp_club.permissions.rules import NO_LIMITS, Grant, Held, covers, covers_all

RULING = frozenset({Permission.STAFF_EDIT, Permission.ROLES_EDIT})
"""What an administrator holds in the whole chain and without anybody's approval."""


def keep_post(session: Session, staff: Staff, *, now: dt.datetime) -> None:
    """Note the role and store that somebody has from now on, or that they have none; what is so already stays."""
    held = session.execute(
        sa.select(StaffPost).where(StaffPost.staff_id == staff.id, StaffPost.valid_to.is_(None))
    ).scalar_one_or_none()
    if held is not None:
        if staff.active and (held.role, held.store_id) == (staff.role, staff.store_id):
            return
        held.valid_to = max(now, held.valid_from)
        session.flush()
    if staff.active:
        session.add(StaffPost(staff_id=staff.id, role=staff.role, store_id=staff.store_id, valid_from=now))
        session.flush()


def role_faults(session: Session, role: str | None) -> list[FieldError]:
    """What is wrong with a role that somebody is to have; None changes nothing."""
    if role is None:
        return []
    found = session.get(StaffRole, role)
    return [] if found is not None and found.active else [FieldError("role", T("There is no such role."))]


def refuse_more_than_held(session: Session, role: str | None, *, store_id: int | None = None, by: Actor) -> None:
    """Raises Forbidden where this role, of somebody who works in the store (None: in all), holds what `by` doesn't.

    Such a role can't be given, nor can its people be changed.
    """
    same_store = store_id is not None and store_id == by.store_id
    if role is not None and not covers_all(by.held, grants_now(session).of(role), same_store=same_store):
        raise Forbidden(
            T("This role may do more than you. Ask somebody who may do all of it."),
            field="role",
            code="not-yours-to-give",
        )


def lock_administrators(session: Session) -> Grants:
    """Hold everybody who administers the chain, and all grants, until the transaction ends; gives the grants.

    Two administrators who switch each other off wait for one another, and the second is refused.
    """
    session.execute(sa.select(GrantsVersion.version).with_for_update())
    return grants_now(session)


def refuse_without_administrator(
    session: Session, grants: Grants, *, given_up: str = "", gone: Sequence[Held] = ()
) -> None:
    """Raises Conflict where nobody active would be left who can give roles. `lock_administrators` went before.

    `gone` is what administrators held who are none any more, `given_up` a role that one of them has no more: somebody
    has to stay who can give all of that.
    """
    ruling = ruling_roles(grants)
    lost = [*gone, grants.of(given_up)] if given_up in ruling else gone
    ruling = [role for role in ruling if all(covers_all(grants.of(role), each) for each in lost)]
    left = session.scalar(
        sa.select(sa.exists().where(Staff.active, Staff.role.in_(ruling), Staff.password_hash.is_not(None)))
    )
    if not left:
        raise Conflict(
            T("Somebody has to stay who gives others their roles. Give another active person this role first."),
            code="last-head-office",
        )


def ruling_roles(grants: Grants) -> list[str]:
    """The roles of administrators."""
    whole = Grant(limits=NO_LIMITS)
    return [
        role for role, held in grants.with_password.items() if all(covers(held, action, whole) for action in RULING)
    ]
