"""The change log: who changed what, who looked at whom, when and where."""

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from erp_club.customers import queries as customers
from erp_club.kernel import audit, audit_search
from erp_club.kernel.audit import AuditEntry
from erp_club.kernel.text import N_
from erp_club.organisation import queries as organisation
from erp_club.permissions import queries as permissions
from erp_club.permissions.catalog import Permission
from erp_club.reports import things
from web import lists
from web import store_picking as picking
from web.deps import Act, ActRoute, needs
from web.fields import AskedDay, Body, Storable, Unsaid
from web.formats import localised
from web.forms import FormState
from web.i18n import translate
from web.refusals import again
from web.views import customer_labels
from web.views.audit import told
from web.views.kept import Change, changes_of, spelled

router = APIRouter(route_class=ActRoute, tags=["audit"])
PER_PAGE = 25
MOST_FOUND = 100
MOST_LISTED = 30
"""Of more staff than this a name is typed, not chosen."""
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
    "points_account",
    "value_card",
    "coupon",
    "receipt",
    "audit",
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


_NAMED = {"club_id": "club", "segment_id": "segment", "staff_id": "staff"}
"""Fields that hold the id of a thing of this kind."""


class EntryLine(BaseModel):
    """One change. `url` is the page of the changed thing; `called` and `customer` are names, where they are known."""

    id: int
    at: dt.datetime
    staff_id: int | None
    actor: str
    store: str | None
    terminal_id: int | None
    request_id: str | None
    action: str
    entity: str
    entity_id: str
    called: str | None
    customer_id: int | None
    customer: str | None
    url: str | None
    changes: list[Change]


class Person(BaseModel):
    """Somebody whose changes can be asked for."""

    id: int
    name: str


class Filters(BaseModel):
    """What the log is narrowed to, as the address says it. `customer` is a customer's number.

    `staff` is a part of the name or user name of whoever did it.
    """

    entity: Annotated[str | None, Query(max_length=100), Storable, Unsaid] = None
    entity_id: Annotated[str | None, Query(max_length=100), Storable, Unsaid] = None
    action: Annotated[str | None, Query(max_length=100), Storable, Unsaid] = None
    customer: Annotated[str | None, Query(max_length=100), Storable, Unsaid] = None
    staff_id: Annotated[int | None, Query(ge=0, lt=2**31), Unsaid] = None
    staff: Annotated[str | None, Query(max_length=100), Storable, Unsaid] = None
    store_id: Annotated[int | None, Query(ge=0, lt=2**31), Unsaid] = None
    store_name: Annotated[
        str | None, Query(max_length=100, description="A store by code or name, instead of its id"), Storable, Unsaid
    ] = None
    first: Annotated[AskedDay, Query(description="The first day, included")] = None
    last: Annotated[AskedDay, Query(description="The last day, included")] = None


class StoreChoice(Person):
    """A store whose changes can be asked for."""

    code: str


class AuditPage(BaseModel):
    """Changes and looks, newest first. `older_url` leads to those before them, `newest_url` back to the newest.

    With `text`, those that were found by it, of which there may be `more`. `people` are null where they are too many
    to choose from.
    """

    filters: Filters
    text: str = ""
    more: bool = False
    entities: tuple[str, ...]
    actions: list[str]
    people: list[Person] | None
    stores: list[StoreChoice]
    entries: list[EntryLine]
    older_url: str | None = None
    newest_url: str | None = None
    csv_url: str | None = None
    xlsx_url: str | None = None
    labels: dict[str, str] = Field(exclude=True)


class Search(Body):
    """Words of an entry, the last one perhaps only begun: names, numbers, reasons."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=200), Storable]


Asked = Annotated[Filters, Query()]


@router.get("/audit-entries", name="audit.entries", response_model=AuditPage)
def entries(
    act: Annotated[Act, needs(Permission.AUDIT_VIEW)],
    filters: Asked,
    older_than: Annotated[
        int | None, Query(ge=0, lt=2**63, description="The id of the last entry seen"), Unsaid
    ] = None,
) -> Response:
    """Who changed what and who looked at whom, newest first."""
    filters = _at_store(act, filters)
    asked = _asked(act, filters, Permission.AUDIT_VIEW)
    found = audit_search.entries(act.session, asked, older_than=older_than, limit=PER_PAGE + 1) if asked else []
    shown = found[:PER_PAGE]
    here = act.request.url.remove_query_params("older_than")
    may_export = act.by.may(Permission.AUDIT_EXPORT)
    view = _page(act, filters, shown)
    view.older_url = _path(here.include_query_params(older_than=shown[-1].id)) if len(found) > PER_PAGE else None
    view.newest_url = _path(here) if older_than else None
    view.csv_url, view.xlsx_url = (
        (_path(here.replace(path=f"{here.path}.{suffix}")) if may_export else None) for suffix in ("csv", "xlsx")
    )
    return act.answer(view, "audit/_entries.html" if act.htmx else "audit/entries.html")


@router.get("/audit-entries.{suffix}", name="audit.file", responses=lists.FILE_ANSWERS)
def entries_file(
    act: Annotated[Act, needs(Permission.AUDIT_EXPORT, fresh=True)], suffix: Literal["csv", "xlsx"], filters: Asked
) -> Response:
    """All entries that match as a file; it is kept who took it. What they tell of people is masked as on the page."""
    filters = _at_store(act, filters)
    asked = _asked(act, filters, Permission.AUDIT_EXPORT)
    answer = lists.stream_file(f"audit-entries.{suffix}", _COLUMNS, _rows(act, asked) if asked else ())
    audit.record(
        act.session, by=act.by, now=act.now, action="audit.export", entity="audit", entity_id="*",
        after={"file": suffix} | filters.model_dump(exclude_none=True),
    )  # fmt: skip
    return answer


def search_page(act: Act, form: FormState) -> Response:
    """The page of a search that can't be made."""
    return act.answer(_page(act, Filters(), []), "audit/entries.html", form=form)


@router.post("/audit-searches", name="audit.search", response_model=AuditPage)
@again(search_page)
def search(act: Annotated[Act, needs(Permission.AUDIT_VIEW, keyless="it changes nothing")], body: Search) -> Response:
    """Find entries by their words. By POST, since a name or a number may not stand in an address.

    What entries tell of people is searched only for who may read it.
    """
    asked = audit_search.Entries(
        text=body.text,
        personal=act.by.may(Permission.AUDIT_PERSONAL),
        store_id=act.by.only_store(Permission.AUDIT_VIEW),
    )
    found = audit_search.entries(act.session, asked, limit=MOST_FOUND + 1)
    view = _page(act, Filters(), found[:MOST_FOUND])
    view.text, view.more = body.text, len(found) > MOST_FOUND
    return act.answer(view, "audit/entries.html")


def _at_store(act: Act, filters: Filters) -> Filters:
    """With the store that somebody has typed. Raises Invalid."""
    if filters.store_name is None:
        return filters
    found = picking.meant(organisation.stores(act.session), filters.store_name, "store_name")
    return filters.model_copy(update={"store_id": found.id, "store_name": None})


def _asked(act: Act, filters: Filters, permission: Permission) -> audit_search.Entries | None:
    """As the query takes it; None where there is nothing: no such person, or another store than the only one."""
    own = act.by.only_store(permission)
    if own is not None and filters.store_id not in (None, own):
        return None
    customer_id = customers.customer_id_by_number(act.session, filters.customer) if filters.customer else None
    if filters.customer and customer_id is None:
        return None
    staff_ids = None if filters.staff_id is None else (filters.staff_id,)
    if filters.staff:
        named = permissions.staff_list(act.session, permissions.StaffFilters(filters.staff), now=act.now, by=act.by)
        staff_ids = tuple(each.id for each in named if staff_ids is None or each.id in staff_ids)
    last = filters.last
    return audit_search.Entries(
        entity=filters.entity,
        entity_id=filters.entity_id,
        action=filters.action,
        customer_id=customer_id,
        staff_ids=staff_ids,
        store_id=filters.store_id if own is None else own,
        first=_midnight(act, filters.first),
        before=_midnight(act, last + dt.timedelta(days=1)) if last else None,
    )


def _page(act: Act, filters: Filters, found: list[AuditEntry]) -> AuditPage:
    every = organisation.stores(act.session)
    stores = {store.id: store.name for store in every}
    own = act.by.only_store(Permission.AUDIT_VIEW)
    staff = permissions.staff_list(act.session, now=act.now, by=act.by, limit=MOST_LISTED + 1)
    return AuditPage(
        filters=filters,
        entities=ENTITIES,
        actions=audit_search.actions(act.session),
        people=[Person(id=row.id, name=row.name) for row in staff] if len(staff) <= MOST_LISTED else None,
        stores=[StoreChoice(id=row.id, code=row.code, name=row.name) for row in every if own in (None, row.id)],
        entries=_lines(act, found, stores),
        labels=labels(),
    )


_COLUMNS = (
    *("id", "at", "who", "store", "terminal_id", "action", "entity", "entity_id", "called", "customer"),
    *("field", "name", "before", "after", "request_id"),
)


def _rows(act: Act, asked: audit_search.Entries) -> Iterator[list[lists.Cell]]:
    """A row for each field of an entry that changed, in the words of the page; one for an entry without any."""
    every = organisation.stores(act.session)
    codes, names = {store.id: store.code for store in every}, {store.id: store.name for store in every}
    zone, words = ZoneInfo(act.zone), labels()
    for found in audit_search.every(act.session, asked):
        numbers = customers.numbers_of(act.session, [entry.customer_id for entry in found if entry.customer_id])
        for entry, line in zip(found, _lines(act, found, names), strict=True):
            start = [
                *(entry.id, entry.at.astimezone(zone), entry.actor, codes.get(entry.store_id or 0), entry.terminal_id),
                *(entry.action, entry.entity, entry.entity_id, line.called, numbers.get(entry.customer_id or 0)),
            ]
            for change in line.changes or [None]:
                said = spelled(change, words, act.zone) if change else (None, None, None)
                yield [*start, change and change.field, *said, entry.request_id]


def labels() -> dict[str, str]:
    """What fields are called, for the reader."""
    return customer_labels.labels() | {name: translate(label) for name, label in _LABELS.items()}


def _midnight(act: Act, day: dt.date | None) -> dt.datetime | None:
    return dt.datetime.combine(day, dt.time(), ZoneInfo(act.zone)) if day else None


def _path(url: Any) -> str:
    return f"{url.path}?{url.query}" if url.query else url.path


def _lines(act: Act, found: list[AuditEntry], stores: dict[int, str]) -> list[EntryLine]:
    sides = [side for entry in found for side in (entry.before or {}, entry.after or {})]
    named = {(kind, str(side[field])) for side in sides for field, kind in _NAMED.items() if field in side}
    known = things.called(act.session, {(entry.entity, entry.entity_id) for entry in found} | named)
    names = {thing: name if isinstance(name, str) else localised(name) for thing, name in known.items()}
    if act.by.may(Permission.AUDIT_PERSONAL):
        ids = [entry.customer_id for entry in found if entry.customer_id]
        names |= {("customer", str(each)): name for each, name in customers.names_of(act.session, ids).items()}
    return [_line(act, entry, stores, names) for entry in found]


def _line(act: Act, entry: AuditEntry, stores: dict[int, str], names: dict[things.Thing, str]) -> EntryLine:
    before, after = told(entry, whole=act.by.may(Permission.AUDIT_PERSONAL))
    page = PAGES.get(entry.entity)
    return EntryLine(
        id=entry.id,
        at=entry.at,
        staff_id=entry.staff_id,
        actor=entry.actor,
        store=stores.get(entry.store_id) if entry.store_id else None,
        terminal_id=entry.terminal_id,
        request_id=entry.request_id,
        action=entry.action,
        entity=entry.entity,
        entity_id=entry.entity_id,
        called=names.get((entry.entity, entry.entity_id)),
        customer_id=entry.customer_id,
        customer=names.get(("customer", str(entry.customer_id))),
        url=page.format(entry.entity_id) if page and entry.entity_id.isdigit() else None,
        changes=changes_of(
            *({name: _named(name, value, stores, names) for name, value in side.items()} for side in (before, after))
        ),
    )


def _named(field: str, value: Any, stores: dict[int, str], names: dict[things.Thing, str]) -> Any:
    if field in _NAMED:
        return names.get((_NAMED[field], str(value)), value)
    return stores.get(value, value) if field in ("store_id", "home_store_id") else value
