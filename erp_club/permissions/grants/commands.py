"""Head office decides which role may do what: the matrix, and the roles themselves."""

import datetime as dt
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel import audit
from erp_club.kernel.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from erp_club.kernel.text import T, Text
from erp_club.permissions.actors import Actor
from erp_club.permissions.catalog import Permission, Role, Scope
from erp_club.permissions.factors.queries import has_factor
from erp_club.permissions.grants.models import RoleGrant, StaffRole
from erp_club.permissions.grants.queries import Grants, grants_now
from erp_club.permissions.models import Staff, StaffSession
from erp_club.permissions.posts.commands import (
    lock_administrators,
    refuse_more_than_held,
    refuse_without_administrator,
    ruling_roles,
)
from erp_club.permissions.rules import Grant, Limits, covers

CAPS = "caps"
"""Stands for a role where the chain's caps are meant; no role can have it as its code."""
Wanted = Mapping[str, Mapping[Permission, tuple[Grant, ...]]]
"""What each of these roles is to hold from now on: an action that isn't there isn't held. A cap is a grant too."""


@dataclass(frozen=True, slots=True)
class Change:
    """What changes of one role and action; nothing before or after is no grant."""

    role: str
    action: Permission
    before: tuple[Grant, ...]
    after: tuple[Grant, ...]


def changes_of(session: Session, wanted: Wanted, *, version: uuid.UUID, by: Actor) -> list[Change]:
    """What `change_grants` would change.

    Raises Conflict where the grants aren't those of `version` any more, Invalid for a role, scope or limit that can't
    be, Forbidden for what `by` doesn't hold.
    """
    return _changes(grants_now(session), wanted, version=version, by=by)


def change_grants(session: Session, wanted: Wanted, *, version: uuid.UUID, now: dt.datetime, by: Actor) -> list[Change]:
    """Give these roles what they are to hold; it acts at everybody's next request. Gives what has changed.

    Raises what `changes_of` raises, and Conflict where nobody would be left who gives roles.
    """
    before = lock_administrators(session)
    changes = _changes(before, wanted, version=version, by=by)
    for each in changes:
        _write(session, each, now=now, by=by)
    if changes:
        session.flush()
        after = grants_now(session)
        no_more = [before.of(role) for role in ruling_roles(before) if role not in ruling_roles(after)]
        refuse_without_administrator(session, after, gone=no_more)
    for role in dict.fromkeys(each.role for each in changes):
        _trace(session, "grants.change", role, [each for each in changes if each.role == role], now=now, by=by)
    return changes


def held_by(grants: Grants, role: str) -> Mapping[Permission, tuple[Grant, ...]]:
    """What a role holds, or the chain's caps, as `Wanted` says it."""
    if role != CAPS:
        return grants.of(role).grants
    return {action: (Grant(limits=limits),) for action, limits in grants.caps.items()}


def _changes(now: Grants, wanted: Wanted, *, version: uuid.UUID, by: Actor) -> list[Change]:
    if now.version != version:
        raise Conflict(
            T("Somebody else has changed who may do what. Look at it again, then make your change."),
            code="grants-changed",
        )
    faults: list[FieldError] = []
    changes: list[Change] = []
    for role, told in wanted.items():
        if role != CAPS and role not in now.roles:
            raise Invalid([FieldError(f"grants.{role}", T("There is no such role."))])
        held = held_by(now, role)
        for action in Permission:
            before, after = _in_order(held.get(action, ())), _in_order(told.get(action, ()))
            if before == after:
                continue
            faults += _faults(role, action, after)
            changes.append(Change(role, action, before, after))
    if faults:
        raise Invalid(faults)
    for each in changes:
        # Whoever lifts a cap must be free of one, so the grant itself has to be whole.
        given = (Grant(),) if each.role == CAPS else each.after
        sentence = each.action.sentence
        if not all(covers(by.held, each.action, grant) for grant in given):
            raise Forbidden(
                T("You can't give “%(permission)s” further than you hold it yourself.", permission=Text(sentence)),
                code="not-yours-to-give",
                facts={"role": each.role, "permission": each.action.value},
            )
    return changes


def _in_order(grants: tuple[Grant, ...]) -> tuple[Grant, ...]:
    return tuple(sorted(grants, key=lambda each: each.club_id or 0))


def _faults(role: str, action: Permission, grants: tuple[Grant, ...]) -> list[FieldError]:
    field = f"grants.{role}.{action.value.replace('.', ':')}"
    for grant in grants:
        if grant.scope not in action.scopes or (role == CAPS and grant.scope is not Scope.CHAIN):
            return [FieldError(field, T("This can't be narrowed so."))]
        if action.unit is None and (grant.limits != Limits() or grant.approval):
            return [FieldError(field, T("This has no limits."))]
        if (grant.scope is Scope.CLUB) != (grant.club_id is not None):
            return [FieldError(field, T("Choose the clubs of this role."))]
    return []


def _write(session: Session, change: Change, *, now: dt.datetime, by: Actor) -> None:
    role = None if change.role == CAPS else change.role
    session.execute(
        sa.update(RoleGrant)
        .where(
            RoleGrant.role.is_not_distinct_from(role),
            RoleGrant.action == change.action.value,
            RoleGrant.valid_to.is_(None),
        )
        .values(valid_to=sa.func.greatest(now, RoleGrant.valid_from), ended_by=by.staff_id)
        .execution_options(synchronize_session=False)
    )
    if change.after:
        session.execute(
            sa.insert(RoleGrant).values(
                [
                    {
                        "role": role,
                        "action": change.action.value,
                        "scope": grant.scope.value,
                        "club_id": grant.club_id,
                        "per_sale": grant.limits.per_sale,
                        "per_day": grant.limits.per_day,
                        "percent_bp": grant.limits.percent_bp,
                        "approval": grant.approval,
                        "valid_from": now,
                        "made_by": by.staff_id,
                    }
                    for grant in change.after
                ]
            )
        )


def _trace(session: Session, action: str, role: str, changes: list[Change], *, now: dt.datetime, by: Actor) -> None:
    audit.record(
        session,
        by=by,
        now=now,
        action=action,
        entity="role",
        entity_id=role,
        before={each.action.value: _told(each.before) for each in changes},
        after={each.action.value: _told(each.after) for each in changes},
    )


def _told(grants: tuple[Grant, ...]) -> list[dict[str, Any]] | None:
    """Grants as the trace keeps them: what isn't limited isn't said."""
    told = [
        {
            "scope": grant.scope.value,
            "club_id": grant.club_id,
            "per_sale": grant.limits.per_sale,
            "per_day": grant.limits.per_day,
            "percent_bp": grant.limits.percent_bp,
            "approval": grant.approval or None,
        }
        for grant in grants
    ]
    return [{name: value for name, value in each.items() if value is not None} for each in told] or None


def add_role(session: Session, *, name: str, copy_of: str | None, now: dt.datetime, by: Actor) -> str:
    """Make a role that holds what another one does, or nothing; gives its code.

    Raises Invalid for a role to copy that isn't there, Forbidden where that holds what `by` doesn't.
    """
    grants = lock_administrators(session)
    if copy_of is not None and copy_of not in grants.roles:
        raise Invalid([FieldError("copy_of", T("There is no such role."))])
    refuse_more_than_held(session, copy_of, by=by)
    code = _free_code(session, name)
    session.add(StaffRole(code=code, name=name, active=True, made_at=now))
    session.flush()
    for action, held in grants.of(copy_of or "").grants.items():
        _write(session, Change(code, action, (), held), now=now, by=by)
    audit.record(
        session, by=by, now=now, action="role.add", entity="role", entity_id=code,
        after={"name": name, "copy_of": copy_of},
    )  # fmt: skip
    return code


def rename_role(session: Session, code: str, *, name: str, now: dt.datetime, by: Actor) -> None:
    """Call a role otherwise; its code stays. Raises NotFound."""
    role = _held(session, code)
    if role.name != name:
        before, role.name = role.name, name
        session.flush()
        audit.record(
            session, by=by, now=now, action="role.rename", entity="role", entity_id=code,
            before={"name": before}, after={"name": name},
        )  # fmt: skip


def ask_second_factor(session: Session, code: str, *, asks: bool, now: dt.datetime, by: Actor) -> None:
    """Say whether a role's people sign in with a second factor. Those who have none sign in anew. Raises NotFound."""
    role = _held(session, code)
    if role.second_factor == asks:
        return
    role.second_factor = asks
    session.flush()
    if asks:
        of_role = sa.select(Staff.id).where(Staff.role == code, ~has_factor(Staff.id))
        without = sa.delete(StaffSession).where(StaffSession.staff_id.in_(of_role), StaffSession.terminal_id.is_(None))
        session.execute(without.execution_options(synchronize_session=False))
    audit.record(
        session, by=by, now=now, action="role.second-factor", entity="role", entity_id=code,
        before={"second_factor": not asks}, after={"second_factor": asks},
    )  # fmt: skip


def close_role(session: Session, code: str, *, now: dt.datetime, by: Actor) -> None:
    """Give a role to nobody any more. Raises NotFound, Conflict while somebody active has it."""
    grants = lock_administrators(session)
    role = _held(session, code)
    if session.scalar(sa.select(sa.exists().where(Staff.role == code, Staff.active))):
        raise Conflict(T("Somebody still has this role. Give them another one first."), code="role-in-use")
    for action, held in grants.of(code).grants.items():
        _write(session, Change(code, action, held, ()), now=now, by=by)
    role.active = False
    session.flush()
    audit.record(session, by=by, now=now, action="role.close", entity="role", entity_id=code, after={"active": False})


def _held(session: Session, code: str) -> StaffRole:
    role = session.get(StaffRole, code, with_for_update=True)
    if role is None or not role.active:
        raise NotFound(T("There is no such role."))
    return role


def _free_code(session: Session, name: str) -> str:
    """A code from the name, or a number where it has no Latin letters."""
    taken = set(session.scalars(sa.select(StaffRole.code))) | {CAPS, *(role.value for role in Role)}
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:30] or "role"
    numbered = (plain if number == 1 else f"{plain}-{number}" for number in range(1, len(taken) + 2))
    return next(code for code in numbered if code not in taken)
