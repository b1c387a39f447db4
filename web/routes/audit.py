"""The change log: who changed what, and when."""

import datetime as dt
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from erp_club.kernel import audit
from erp_club.kernel.text import N_
from erp_club.organisation import queries as organisation
from erp_club.permissions import queries as permissions
from erp_club.permissions.catalog import Permission
from web.deps import Act, ActRoute, needs
from web.fields import Storable, Unsaid
from web.i18n import translate
from web.views import customer_labels

router = APIRouter(route_class=ActRoute, tags=["audit"])
PER_PAGE = 25
ENTITIES = (
    "customer",
    "membership",
    "club",
    "card",
    "product",
    "staff",
    "store",
    "terminal",
    "chain",
    "offer",
    "price_list",
)
PAGES = {
    "customer": "/customers/{}",
    "club": "/clubs/{}",
    "product": "/products/{}",
    "offer": "/offers/{}",
    "staff": "/staff/{}",
    "store": "/stores/{}",
    "price_list": "/price-lists/{}",
}
"""Where a changed thing is shown."""
_LABELS = {
    "username": N_("User name"),
    "name": N_("Name"),
    "names": N_("Name"),
    "number": N_("Number"),
    "role": N_("Role"),
    "store_id": N_("Store"),
    "home_store_id": N_("Home store"),
    "active": N_("Active"),
    "password": N_("Password"),
    "pin": N_("PIN"),
    "key": N_("Key"),
    "code": N_("Code"),
    "time_zone": N_("Time zone"),
    "stub": N_("Not described yet"),
    "state": N_("State"),
    "club_id": N_("Club"),
    "card": N_("Card"),
    "membership_id": N_("Membership"),
    "valid_from": N_("Valid from"),
    "valid_until": N_("Valid until"),
    "currency": N_("Currency"),
}
"""What the fields of stores, staff and clubs are called; those of customers have their names already."""


class Change(BaseModel):
    """One field, before and after; None where there was or is nothing."""

    field: str
    before: Any
    after: Any


class EntryLine(BaseModel):
    """One change. `url` is the page of the changed thing, None where it has none."""

    id: int
    at: dt.datetime
    staff_id: int | None
    actor: str
    store: str | None
    action: str
    entity: str
    entity_id: str
    url: str | None
    changes: list[Change]


class Person(BaseModel):
    """Somebody whose changes can be asked for."""

    id: int
    name: str


class AuditPage(BaseModel):
    """Changes, newest first. `older_url` leads to those before them, `newest_url` back to the newest."""

    entity: str | None
    entity_id: str | None
    staff_id: int | None
    first: dt.date | None
    last: dt.date | None
    entities: tuple[str, ...]
    people: list[Person]
    entries: list[EntryLine]
    older_url: str | None
    newest_url: str | None
    labels: dict[str, str] = Field(exclude=True)


@router.get("/audit-entries", name="audit.entries", response_model=AuditPage)
def entries(
    act: Annotated[Act, needs(Permission.AUDIT_VIEW)],
    entity: Annotated[str | None, Query(max_length=100), Storable] = None,
    entity_id: Annotated[str | None, Query(max_length=100), Storable] = None,
    staff_id: Annotated[int | None, Query(ge=0, lt=2**31), Unsaid] = None,
    first: Annotated[dt.date | None, Query(description="The first day, included"), Unsaid] = None,
    last: Annotated[dt.date | None, Query(description="The last day, included"), Unsaid] = None,
    older_than: Annotated[
        int | None, Query(ge=0, lt=2**63, description="The id of the last entry seen"), Unsaid
    ] = None,
) -> Response:
    """Who changed what, newest first."""
    asked = audit.Entries(
        entity=entity or None,
        entity_id=entity_id or None,
        staff_id=staff_id,
        first=_midnight(act, first),
        before=_midnight(act, last + dt.timedelta(days=1)) if last and last < dt.date.max else None,
    )
    found = audit.entries(act.session, asked, older_than=older_than, limit=PER_PAGE + 1)
    shown = found[:PER_PAGE]
    stores = {store.id: store.name for store in organisation.stores(act.session)}
    here = act.request.url
    view = AuditPage(
        entity=entity or None,
        entity_id=entity_id or None,
        staff_id=staff_id,
        first=first,
        last=last,
        entities=ENTITIES,
        people=[Person(id=row.id, name=row.name) for row in permissions.staff_list(act.session, now=act.now)],
        entries=[_line(entry, stores) for entry in shown],
        older_url=_path(here.include_query_params(older_than=shown[-1].id)) if len(found) > PER_PAGE else None,
        newest_url=_path(here.remove_query_params("older_than")) if older_than else None,
        labels=labels(),
    )
    return act.answer(view, "audit/_entries.html" if act.htmx else "audit/entries.html")


def labels() -> dict[str, str]:
    """What fields are called, for the reader."""
    return customer_labels.labels() | {name: translate(label) for name, label in _LABELS.items()}


def _midnight(act: Act, day: dt.date | None) -> dt.datetime | None:
    return dt.datetime.combine(day, dt.time(), ZoneInfo(act.zone)) if day else None


def _path(url: Any) -> str:
    return f"{url.path}?{url.query}" if url.query else url.path


def _line(entry: audit.AuditEntry, stores: dict[int, str]) -> EntryLine:
    before, after = entry.before or {}, entry.after or {}
    page = PAGES.get(entry.entity)
    return EntryLine(
        id=entry.id,
        at=entry.at,
        staff_id=entry.staff_id,
        actor=entry.actor,
        store=stores.get(entry.store_id) if entry.store_id else None,
        action=entry.action,
        entity=entry.entity,
        entity_id=entry.entity_id,
        url=page.format(entry.entity_id) if page else None,
        changes=[
            Change(
                field=name, before=_named(name, before.get(name), stores), after=_named(name, after.get(name), stores)
            )
            for name in {**before, **after}
        ],
    )


def _named(field: str, value: Any, stores: dict[int, str]) -> Any:
    return stores.get(value, value) if field in ("store_id", "home_store_id") else value
