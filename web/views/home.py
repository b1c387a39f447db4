"""What the first page asks of its reader: the steps of a new chain, and what waits for somebody."""

from typing import Literal

from pydantic import BaseModel

from erp_club.customers.duplicates.pairs import queries as pairs
from erp_club.permissions.approvals import queries as approvals
from erp_club.permissions.catalog import Permission
from erp_club.purchases.uploads import queries as uploads
from erp_club.purchases.uploads.queries import ConflictFilters
from erp_club.reports.beginning import begun
from web.deps import Act

MOST = 99
"""What waits is counted so far."""
_STEPS: tuple[tuple[Literal["store", "till", "product", "club", "customer", "staff"], Permission], ...] = (
    ("store", Permission.STORES_EDIT),
    ("till", Permission.STORES_EDIT),
    ("product", Permission.CATALOGUE_EDIT),
    ("club", Permission.CLUBS_EDIT),
    ("customer", Permission.CUSTOMERS_OPEN),
    ("staff", Permission.STAFF_EDIT),
)


class Step(BaseModel):
    """A step towards the first sale to a member, and whether it is done."""

    name: Literal["store", "till", "product", "club", "customer", "staff"]
    done: bool


class Waiting(BaseModel):
    """Things that wait for somebody to decide; there are `more` than `count`."""

    name: Literal["approvals", "offline", "pairs"]
    count: int
    more: bool
    url: str


def steps(act: Act) -> list[Step]:
    """Those of the steps that this person may take."""
    found = begun(act.session, staff_id=act.by.staff_id or 0)
    return [Step(name=name, done=getattr(found, name)) for name, permission in _STEPS if act.may(permission)]


def waiting(act: Act) -> list[Waiting]:
    """What waits for this person, as far as there is anything."""
    counts: list[tuple[Literal["approvals", "offline", "pairs"], int, str]] = []
    if act.may(Permission.APPROVALS_GIVE):
        asked = approvals.waiting(act.session, now=act.now, by=act.by, limit=MOST + 1)
        counts.append(("approvals", len(asked), "/approvals"))
    if act.may(Permission.SALES_CONFLICTS):
        unseen = ConflictFilters(seen=False, store_id=act.by.only_store(Permission.SALES_CONFLICTS))
        counts.append(("offline", uploads.count(act.session, unseen, most=MOST + 1), "/upload-conflicts"))
    if act.may(Permission.PEOPLE_MERGE):
        counts.append(("pairs", pairs.count(act.session, most=MOST + 1), "/suspected-pairs"))
    return [
        Waiting(name=name, count=min(count, MOST), more=count > MOST, url=url) for name, count, url in counts if count
    ]
