"""Who does it: passed to every command that writes."""

from dataclasses import dataclass

from erp_club.permissions.catalog import Permission, Scope
from erp_club.permissions.rules import ANYTHING, NOTHING, Asked, Decision, Held, Outcome, decide, whole


@dataclass(frozen=True, slots=True)
class Actor:
    """A person at work, where that is, and what they hold. `staff_id` is None for the system itself.

    `approvals` are the hashes of the tokens of others' approvals that came with the request.
    """

    name: str
    held: Held
    staff_id: int | None = None
    role: str | None = None
    terminal_id: int | None = None
    store_id: int | None = None
    approvals: tuple[bytes, ...] = ()

    def may(self, permission: Permission, asked: Asked = ANYTHING) -> bool:
        """The one question that the route, the query and the template ask; with somebody's approval counts as yes."""
        return self.decide(permission, asked).outcome is not Outcome.REFUSED

    def decide(self, permission: Permission, asked: Asked = ANYTHING) -> Decision:
        """The same with its reason."""
        return decide(self.held, permission, asked, store_id=self.store_id)

    def narrowed(self, permission: Permission) -> bool:
        """Whether the person holds this for less than the whole chain."""
        grants = self.held.grants.get(permission, ())
        return bool(grants) and all(grant.scope is not Scope.CHAIN for grant in grants)

    def only_store(self, permission: Permission) -> int | None:
        """The one store whose objects the person sees by this permission; None for those of all stores.

        Somebody who is to see their own store's and has none sees those of store 0, which isn't there.
        """
        grants = self.held.grants.get(permission, ())
        if not grants or any(grant.scope is not Scope.STORE for grant in grants):
            return None
        return self.store_id or 0

    def only_clubs(self, permission: Permission) -> frozenset[int] | None:
        """The clubs whose objects the person reaches by this permission; None for all clubs."""
        grants = self.held.grants.get(permission, ())
        if not grants or any(grant.club_id is None for grant in grants):
            return None
        return frozenset(grant.club_id for grant in grants if grant.club_id is not None)

    def only_own(self, permission: Permission) -> int | None:
        """The person's own number where they see only what they did themselves; None where they see more."""
        grants = self.held.grants.get(permission, ())
        if not grants or any(grant.scope is not Scope.SELF for grant in grants):
            return None
        return self.staff_id


SYSTEM = Actor(name="system", held=whole(Permission))
"""Imports, the demo and commands of the console, run by whoever has the machine."""
NOBODY = Actor(name="", held=NOTHING)
"""A visitor before signing in."""
