"""What a new version of the product brings: its new actions, granted once to the roles that come with it."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from erp_club.permissions.catalog import Permission, Role
from erp_club.permissions.grants.models import KnownAction, RoleGrant, StaffRole
from erp_club.permissions.rules import delivered


def take_in_actions(connection: sa.Connection) -> int:
    """Grant the actions that the chain doesn't know yet as the product delivers them; gives how many these are.

    What head office has taken away since stays taken away, and a role that has been closed gets nothing.
    """
    new = (
        insert(KnownAction)
        .values([{"action": each.value, "since": sa.func.now()} for each in Permission])
        .on_conflict_do_nothing()
        .returning(KnownAction.action)
    )
    actions = set(connection.scalars(new))
    open_roles = set(connection.scalars(sa.select(StaffRole.code).where(StaffRole.active)))
    rows = [
        {"role": role.value, "action": action.value, "scope": grant.scope, "approval": False}
        | {"per_sale": grant.limits.per_sale}
        for role in Role
        if role in open_roles
        for action, grants in delivered(role).grants.items()
        if action in actions
        for grant in grants
    ]
    if rows:
        connection.execute(sa.insert(RoleGrant).values([row | {"valid_from": sa.func.now()} for row in rows]))
    return len(actions)
