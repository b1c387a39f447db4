"""What each role holds now, kept in the process under the version that the chain's grants have."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.permissions.catalog import AT_TILL, Permission, Role, Scope
from erp_club.permissions.grants.models import GrantsVersion, RoleGrant, StaffPost, StaffRole
from erp_club.permissions.models import Staff
from erp_club.permissions.rules import NOTHING, Grant, Held, Limits, by_pin
from erp_club.permissions.workplaces.models import StaffStore


@dataclass(frozen=True, slots=True)
class Grants:
    """All that is granted at one version, by role, with a password and by PIN; `roles` are those that are open."""

    version: uuid.UUID
    roles: frozenset[str]
    caps: Mapping[Permission, Limits]
    with_password: Mapping[str, Held]
    with_pin: Mapping[str, Held]

    def of(self, role: str, *, pin: bool = False) -> Held:
        """What somebody of this role holds, who signed on by PIN or not."""
        return (self.with_pin if pin else self.with_password).get(role, NOTHING)


@dataclass(slots=True)
class _Kept:
    grants: Grants | None = None


_KEPT = _Kept()


def grants_of(session: Session, version: uuid.UUID) -> Grants:
    """What is granted at this version: read once by each process, and again only when the version is another."""
    kept = _KEPT.grants
    if kept is None or kept.version != version:
        kept = _KEPT.grants = grants_now(session)
    return kept


def grants_now(session: Session) -> Grants:
    """What is granted now, with its version, in one statement."""
    of_a_role = sa.select(StaffRole.active).where(StaffRole.code == RoleGrant.role).scalar_subquery()
    now = RoleGrant.valid_to.is_(None) & sa.func.coalesce(of_a_role, sa.true())
    rows = session.execute(
        sa.select(GrantsVersion.version, _ROLES, *_COLUMNS)
        .select_from(GrantsVersion)
        .outerjoin(RoleGrant, now)
        .order_by(RoleGrant.id)
    ).all()
    held: dict[str, dict[Permission, tuple[Grant, ...]]] = {}
    caps: dict[Permission, Limits] = {}
    known = {each.value: each for each in Permission}
    for row in rows:
        # An action that a newer version of the product has brought is nobody's here.
        action = known.get(row.action)
        if action is None:
            continue
        limits = Limits(row.per_sale, row.per_day, row.percent_bp)
        if row.role is None:
            caps[action] = limits
        else:
            of_role = held.setdefault(row.role, {})
            grant = Grant(Scope(row.scope), row.club_id, limits, row.approval)
            of_role[action] = (*of_role.get(action, ()), grant)
    with_password = {role: Held(of_role, caps) for role, of_role in held.items()}
    with_pin = {role: by_pin(each) for role, each in with_password.items()}
    return Grants(rows[0].version, frozenset(rows[0].roles), caps, with_password, with_pin)


_ROLES = (
    sa.select(sa.func.array_agg(StaffRole.code))
    .where(StaffRole.active)
    .correlate(None)
    .scalar_subquery()
    .label("roles")
)
_COLUMNS = (
    RoleGrant.role,
    RoleGrant.action,
    RoleGrant.scope,
    RoleGrant.club_id,
    RoleGrant.per_sale,
    RoleGrant.per_day,
    RoleGrant.percent_bp,
    RoleGrant.approval,
)


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role; `name` is None for one that comes with the product and has no name of the chain's.

    `people` counts the active staff who have it; `second_factor` is whether they sign in with a second factor too.
    """

    code: str
    name: str | None
    active: bool
    people: int
    second_factor: bool


def roles(session: Session, *, active_only: bool = True) -> list[RoleRow]:
    """The roles, those that come with the product first, then by name."""
    people = sa.select(sa.func.count()).where(Staff.role == StaffRole.code, Staff.active).scalar_subquery()
    found = sa.select(StaffRole.code, StaffRole.name, StaffRole.active, people, StaffRole.second_factor)
    rows = [RoleRow(*row) for row in session.execute(found.where(StaffRole.active) if active_only else found)]
    first = {role.value: position for position, role in enumerate(Role)}
    return sorted(rows, key=lambda row: (first.get(row.code, len(first)), row.name or "", row.code))


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who held a grant from `first` until just before `until` (None: still).

    `further` is whether that was at the tills of a store where they work beside their own.
    """

    staff_id: int
    name: str
    role: str
    role_name: str | None
    grant: Grant
    first: dt.datetime
    until: dt.datetime | None
    further: bool


def holders(
    session: Session, action: Permission, *, store_id: int | None, between: tuple[dt.datetime, dt.datetime]
) -> list[Holder]:
    """Who could do this in the store (None: in any) at some time from the first moment until just before the second.

    By name, and for each by time. Somebody whose grant is of their own store could in that store only.
    """
    posts = _posts(action, store_id)
    first = sa.func.greatest(RoleGrant.valid_from, posts.c.first)
    until = sa.func.least(RoleGrant.valid_to, posts.c.until)
    found = (
        sa.select(
            Staff.id, Staff.name, StaffRole.code, StaffRole.name, RoleGrant.scope, RoleGrant.club_id,
            RoleGrant.per_sale, RoleGrant.per_day, RoleGrant.percent_bp, RoleGrant.approval, first, until,
            posts.c.further,
        )
        .join(posts, posts.c.role == RoleGrant.role)
        .join(Staff, Staff.id == posts.c.staff_id)
        .join(StaffRole, StaffRole.code == RoleGrant.role)
        .where(RoleGrant.action == action.value, first < between[1])
        .where(until.is_(None) | ((until > between[0]) & (until > first)))
        .where(~posts.c.further | (RoleGrant.scope == Scope.STORE))
        .order_by(Staff.name, Staff.id, first, RoleGrant.id, posts.c.further)
    )  # fmt: skip
    if store_id is not None:
        found = found.where((RoleGrant.scope != Scope.STORE) | (posts.c.store_id == store_id))
    return [_holder(row) for row in session.execute(found)]


def kept_since(session: Session) -> dt.datetime | None:
    """When the history of grants begins: of before, nothing is known."""
    return session.scalar(sa.select(sa.func.min(RoleGrant.valid_from)))


def _posts(action: Permission, store_id: int | None) -> sa.Subquery:
    """Who had which role in which store, and when; where one store is asked about, as a further one too.

    There somebody signs on at the tills only, so it is of the actions that a PIN opens.
    """
    own = sa.select(
        StaffPost.staff_id,
        StaffPost.role,
        StaffPost.store_id,
        StaffPost.valid_from.label("first"),
        StaffPost.valid_to.label("until"),
        sa.false().label("further"),
    )
    if store_id is None or action not in AT_TILL:
        return own.subquery()
    first = sa.func.greatest(StaffPost.valid_from, StaffStore.valid_from)
    until = sa.func.least(StaffPost.valid_to, StaffStore.valid_to)
    further = (
        sa.select(StaffPost.staff_id, StaffPost.role, StaffStore.store_id, first, until, sa.true())
        .join(StaffStore, StaffStore.staff_id == StaffPost.staff_id)
        .where(StaffStore.store_id == store_id, StaffPost.store_id != store_id)
        .where(until.is_(None) | (until > first))
    )
    return sa.union_all(own, further).subquery()


def _holder(row: Any) -> Holder:
    staff_id, name, role, role_name, scope, club_id, per_sale, per_day, percent_bp, approval, first, until, further = (
        row
    )
    grant = Grant(Scope(scope), club_id, Limits(per_sale, per_day, percent_bp), approval)
    return Holder(staff_id, name, role, role_name, grant, first, until, further)
