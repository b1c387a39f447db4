"""What a grant for some stores, clubs or one's own work reaches: everything else isn't there for who holds it."""

import re
from collections.abc import Callable
from dataclasses import replace

from sqlalchemy.orm import Session

from erp_club.clubs import queries as clubs
from erp_club.clubs.households import queries as households
from erp_club.kernel.errors import NotFound
from erp_club.kernel.text import T
from erp_club.organisation import queries as organisation
from erp_club.permissions import errors
from erp_club.permissions import queries as permissions
from erp_club.permissions.actors import Actor
from erp_club.permissions.catalog import Permission, Role
from erp_club.permissions.rules import Asked, Decision, Outcome, Rule
from erp_club.permissions.tries import queries as tries
from erp_club.permissions.workplaces.queries import further_stores
from erp_club.purchases.uploads import queries as uploads
from erp_club.receipts import queries as receipts
from erp_club.receipts.queries import ReceiptFilters
from erp_club.reports import what_if_runs

Find = Callable[[Session, int, Actor], Asked | None]
"""What an object in an address belongs to; None where there is no such object, which its own route says."""
NOWHERE = 0
"""A store that isn't there: what somebody sees who asks for another store than their own."""


def _receipt(session: Session, receipt_id: int, by: Actor) -> Asked | None:
    place = receipts.place_of(session, receipt_id)
    return place and Asked(store_id=place[0], own=place[1] is not None and place[1] == by.staff_id)


def _of_store(find: Callable[[Session, int], int | None]) -> Find:
    def asked(session: Session, number: int, _by: Actor) -> Asked | None:
        store_id = find(session, number)
        return None if store_id is None else Asked(store_id=store_id)

    return asked


def _of_club(find: Callable[[Session, int], int | None]) -> Find:
    def asked(session: Session, number: int, _by: Actor) -> Asked | None:
        club_id = find(session, number)
        return None if club_id is None else Asked(club_id=club_id)

    return asked


OBJECTS: dict[str, Find] = {
    "club_id": _of_club(lambda _session, club_id: club_id),
    "membership_id": _of_club(clubs.club_of_membership),
    "account_id": _of_club(clubs.club_of_account),
    "invitation_id": _of_club(households.club_of_invitation),
    "what_if_id": _of_club(what_if_runs.club_of),
    "store_id": _of_store(lambda _session, store_id: store_id),
    "terminal_id": _of_store(organisation.store_of_terminal),
    "conflict_id": _of_store(uploads.store_of_conflict),
    "lockout_id": _of_store(tries.store_of_lockout),
    "staff_id": _of_store(permissions.store_of_staff),
    "purchase_id": _receipt,
}
"""By the name that an address gives to the object's number. Whoever narrows an action to a new kind adds it here."""
_SMALL = frozenset({"club_id", "store_id", "terminal_id", "staff_id"})
_MOST_SMALL, _MOST = 2**31 - 1, 2**63 - 1


def refuse_out_of_reach(session: Session, permission: Permission, address: dict[str, str], by: Actor) -> None:
    """Raises NotFound where the address names an object that none of the person's grants for this reaches."""
    if not by.narrowed(permission):
        return
    for name, find in OBJECTS.items():
        number = address.get(name, "")
        # As routes read it, zeros before it too; what is longer than their numbers they refuse themselves.
        if not re.fullmatch("[0-9]{1,19}", number) or int(number) > (_MOST_SMALL if name in _SMALL else _MOST):
            continue
        asked = find(session, int(number), by)
        if asked is not None and by.decide(permission, asked).outcome is Outcome.REFUSED:
            raise NotFound(T("There is nothing at this address."), code="not-found")


def refuse_narrowed(by: Actor, permission: Permission) -> None:
    """Raises Forbidden where somebody may do this to some clubs or stores only, and so makes no further one."""
    if by.narrowed(permission):
        raise errors.not_permitted(permission, Decision(Outcome.REFUSED, Rule.OTHER_CLUB))


def store_within(by: Actor, permission: Permission, store_id: int | None) -> int | None:
    """The store whose objects a list shows: the one that is asked for, within the person's own where that is all."""
    own = by.only_store(permission)
    if own is None:
        return store_id
    return own if store_id in (None, own) else NOWHERE


def receipts_within(
    by: Actor, filters: ReceiptFilters, permission: Permission = Permission.PURCHASES_VIEW
) -> ReceiptFilters:
    """The filters, no wider than what the person may see: all stores, their own, or what they sold themselves."""
    store_id = store_within(by, permission, filters.store_id)
    return replace(filters, store_id=store_id, staff_id=by.only_own(permission))


def stores_of_reports(session: Session, by: Actor) -> tuple[int, ...] | None:
    """The stores whose figures somebody sees, their own first; None for all.

    Some where the grant says so, or for the manager of a store: theirs, and those where they work beside it.
    """
    only = by.only_store(Permission.REPORTS_VIEW)
    own = by.store_id if only is None and by.role == Role.MANAGER else only
    if own is None:
        return None
    further = further_stores(session, by.staff_id) if by.staff_id is not None else []
    return (own, *(each for each in further if each != own))
