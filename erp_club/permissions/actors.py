"""Who does it: passed to every command that writes."""

from dataclasses import dataclass

from erp_club.permissions.catalog import AT_TILL, GRANTS, Permission, Role


@dataclass(frozen=True, slots=True)
class Actor:
    """A person at work, where that is, and what they may do. `staff_id` is None for the system itself."""

    name: str
    permissions: frozenset[Permission]
    staff_id: int | None = None
    role: Role | None = None
    terminal_id: int | None = None
    store_id: int | None = None

    def may(self, permission: Permission) -> bool:
        """The one question that the route, the query and the template ask."""
        return permission in self.permissions


def session_permissions(role: Role, *, by_pin: bool) -> frozenset[Permission]:
    """What somebody of this role may do who signed in with a password, or by PIN at a till."""
    held = GRANTS.get(role, frozenset[Permission]())
    return held & AT_TILL if by_pin else held


SYSTEM = Actor(name="system", permissions=frozenset(Permission))
"""Imports, the demo and commands of the console, run by whoever has the machine."""
NOBODY = Actor(name="", permissions=frozenset())
"""A visitor before signing in."""
