"""Stores and the tills in them."""

import datetime as dt
from collections import Counter
from typing import Annotated, Literal, cast

from fastapi import APIRouter, Query
from pydantic import BaseModel, StringConstraints
from starlette.responses import Response

from erp_club.organisation import commands, queries
from erp_club.organisation.kinds import Channel
from erp_club.permissions import passwords
from erp_club.permissions.catalog import Permission
from erp_club.permissions.sessions import commands as sessions
from erp_club.reports import queries as reports
from erp_club.reports.years import shown_year
from web import lists
from web import store_picking as picking
from web.deps import Act, ActRoute, needs
from web.fields import Body, Line, Seen, SmallRowId, Storable, Word
from web.forms import FormState
from web.refusals import again
from web.scopes import stores_of_reports
from web.taken_out import taken_out
from web.views.sales import Month, of_year, whole_year

router = APIRouter(route_class=ActRoute, tags=["stores"])
SORTS: tuple[queries.StoreSort, ...] = ("name", "code", "city", "tills")
Code = Annotated[str, StringConstraints(pattern=r"^\S+$", min_length=1, max_length=40), Storable]


class StoreLine(BaseModel):
    """A store; `stub` where an import named it and nobody has described it yet. `terminals` counts its open tills.

    `channel`: over a counter, or in the web; offers and programmes may hang on it.
    """

    id: int
    code: str
    name: str
    city: str | None
    time_zone: str
    stub: bool
    terminals: int
    channel: Channel
    version: str


class StoresPage(BaseModel):
    """The stores that match."""

    text: str
    state: lists.ListState
    stores: list[StoreLine]


class TillLine(BaseModel):
    """A till; `browsers` counts those that entered its key. Until `old_key_until` the key before works too."""

    id: int
    number: int
    name: str
    active: bool
    browsers: int
    old_key_until: dt.datetime | None
    last_sale_at: dt.datetime | None


class StorePage(BaseModel):
    """A store, its tills, and what it sold in the year shown (None before its first sale).

    Who sees the figures of other stores only isn't told this one's: `receipts` and `sales_minor` are None then.
    """

    store: StoreLine
    tills: list[TillLine]
    year: int | None
    years: list[int]
    receipts: int | None
    sales_minor: int | None
    average_minor: int | None
    identified_bp: int | None
    months: list[Month]


class FoundStore(BaseModel):
    """A store that somebody may mean; `typed` means it alone."""

    code: str
    name: str
    typed: str


class StoresFound(BaseModel):
    """Stores that have what was typed in their code or name."""

    stores: list[FoundStore]


class StoreForm(BaseModel):
    """What the form of a store begins with; `store` is None for a new one."""

    store: StoreLine | None
    time_zone: str


class NewStore(Body):
    """A store to open. The time zone is the chain's where none is said."""

    code: Code
    name: Word
    city: Line | None = None
    time_zone: Word | None = None
    channel: Channel = Channel.STORE


class StoreChange(Body):
    """What to change of a store; what isn't there stays as it is."""

    version: Seen | None = None
    name: Word = ""
    city: Line | None = None
    time_zone: Word = ""
    channel: Channel = Channel.STORE


class NewTerminal(Body):
    """A till to open."""

    name: Annotated[str, StringConstraints(max_length=60), Storable] = ""


class Terminal(BaseModel):
    """A till that was opened, closed or opened again."""

    id: int
    store_id: int
    active: bool


@router.get("/stores", name="stores", response_model=StoresPage)
def stores(
    act: Annotated[Act, needs(Permission.STORES_VIEW)], text: Annotated[str, Query(max_length=100), Storable] = ""
) -> Response:
    """The stores by name, code or city."""
    state = lists.list_state(act.request, sorts=SORTS).counted(queries.count_stores(act.session, text, only=_only(act)))
    found = queries.find_stores(
        act.session,
        text,
        sort=cast("queries.StoreSort", state.sort),
        only=_only(act),
        descending=state.descending,
        limit=state.per_page,
        offset=state.offset,
    )
    rows = [StoreLine.model_validate(row, from_attributes=True) for row in found]
    return act.answer(
        StoresPage(text=text, state=state, stores=rows), "stores/_stores.html" if act.htmx else "stores/stores.html"
    )


@router.get("/store-choices", name="stores.choices", response_model=StoresFound)
def store_choices(
    act: Annotated[Act, needs(Permission.SELF)],
    store: Annotated[str, Query(max_length=100, description="A part of the code or name"), Storable] = "",
    store_name: Annotated[str, Query(max_length=100, description="The same in other forms"), Storable] = "",
    home_store: Annotated[str, Query(max_length=100, description="The same of a customer"), Storable] = "",
) -> Response:
    """A few stores that may be meant by what somebody types."""
    every = queries.stores(act.session)
    names = Counter(each.name for each in every)
    found = [
        FoundStore(code=each.code, name=each.name, typed=each.name if names[each.name] == 1 else each.code)
        for each in picking.found(every, store or store_name or home_store)[: picking.FOUND]
    ]
    return act.answer(StoresFound(stores=found), "stores/_found.html")


@router.get("/stores.{suffix}", name="stores.file", responses=lists.FILE_ANSWERS)
def stores_file(
    act: Annotated[Act, needs(Permission.STORES_VIEW, fresh=True)],
    suffix: Literal["csv", "xlsx"],
    text: Annotated[str, Query(max_length=100), Storable] = "",
) -> Response:
    """The same stores as a file."""
    state = lists.list_state(act.request, sorts=SORTS)
    found = queries.find_stores(
        act.session, text, sort=cast("queries.StoreSort", state.sort), descending=state.descending, only=_only(act)
    )
    rows = ((row.code, row.name, row.city, row.time_zone, row.terminals) for row in found)
    return taken_out(act, f"stores.{suffix}", ("code", "name", "city", "time_zone", "tills"), rows)


def _only(act: Act) -> int | None:
    """The one store that somebody sees whose grant is of their own."""
    return act.by.only_store(Permission.STORES_VIEW)


def new_store_page(act: Act, form: FormState) -> Response:
    """The form of a new store."""
    view = StoreForm(store=None, time_zone=act.chain.time_zone)
    return act.answer(view, "stores/_form.html" if act.htmx else "stores/form.html", form=form)


@router.get("/stores/new", name="stores.new", response_model=StoreForm)
def new_store(act: Annotated[Act, needs(Permission.STORES_EDIT)]) -> Response:
    """The form of a new store."""
    return new_store_page(act, FormState())


@router.post("/stores", name="stores.add", status_code=201, response_model=StoreLine)
@again(new_store_page)
def add_store(act: Annotated[Act, needs(Permission.STORES_EDIT)], body: NewStore) -> Response:
    """Open a store."""
    store_id = commands.add_store(
        act.session,
        code=body.code,
        name=body.name,
        city=body.city,
        time_zone=body.time_zone or act.chain.time_zone,
        channel=body.channel,
        now=act.now,
        by=act.by,
    )
    return act.done(_line(act, store_id), f"/stores/{store_id}")


@router.get("/stores/{store_id}", name="stores.store", response_model=StorePage)
def store(
    act: Annotated[Act, needs(Permission.STORES_VIEW)],
    store_id: SmallRowId,
    year: Annotated[int | None, Query(ge=1900, le=2999)] = None,
) -> Response:
    """A store, its tills and its sales of a year."""
    line = _line(act, store_id)
    tills = queries.terminals(act.session, store_id)
    last = reports.last_sales(act.session, terminal_ids=[till.id for till in tills])
    own = stores_of_reports(act.session, act.by)
    seen = own is None or store_id in own
    sold = {row.month: row for row in reports.sales_by_month(act.session, store_ids=(store_id,))} if seen else {}
    shown = (year or shown_year(sold)) if seen else None
    figures = of_year(act.session, shown, store_ids=(store_id,))
    view = StorePage(
        store=line,
        tills=[
            TillLine(
                id=till.id,
                number=till.number,
                name=till.name,
                active=till.active,
                browsers=till.browsers,
                old_key_until=till.old_key_until if till.old_key_until and till.old_key_until > act.now else None,
                last_sale_at=last.get(till.id),
            )
            for till in tills
        ],
        year=shown,
        years=sorted({month.year for month in sold} | ({shown} if shown else set()), reverse=True),
        receipts=figures.receipts if seen else None,
        sales_minor=figures.sales_minor if seen else None,
        average_minor=figures.average_minor,
        identified_bp=figures.identified_bp,
        months=whole_year(shown, sold) if shown else [],
    )
    return act.answer(view, "stores/store.html")


def store_form(act: Act, form: FormState) -> Response:
    """The form that describes a store."""
    line = _line(act, int(act.request.path_params["store_id"]))
    view = StoreForm(store=line, time_zone=line.time_zone)
    return act.answer(view, "stores/_form.html" if act.htmx else "stores/form.html", form=form)


@router.get("/stores/{store_id}/edit", name="stores.store.form", response_model=StoreForm)
def edit_form(act: Annotated[Act, needs(Permission.STORES_EDIT)], store_id: SmallRowId) -> Response:  # noqa: ARG001
    """The form that describes a store."""
    return store_form(act, FormState())


@router.patch("/stores/{store_id}", name="stores.store.edit", response_model=StoreLine)
@again(store_form)
def edit_store(act: Annotated[Act, needs(Permission.STORES_EDIT)], store_id: SmallRowId, body: StoreChange) -> Response:
    """Describe a store."""
    changes = cast("commands.StoreChanges", body.model_dump(exclude_unset=True, exclude={"version"}))
    commands.edit_store(act.session, store_id, changes, seen=body.version, now=act.now, by=act.by)
    return act.done(_line(act, store_id), f"/stores/{store_id}", status=200)


@router.post("/stores/{store_id}/terminals", name="stores.terminals.add", status_code=201, response_model=Terminal)
def add_terminal(
    act: Annotated[Act, needs(Permission.STORES_EDIT)], store_id: SmallRowId, body: NewTerminal
) -> Response:
    """Open a till. It can work once a key was made for it."""
    terminal_id = commands.add_terminal(
        act.session,
        store_id=store_id,
        name=body.name,
        # Nobody gets to know this one: answers are kept for repeats, so a key is made by a request of its own.
        key_hash=passwords.token_hash(passwords.new_token("till")),
        now=act.now,
        by=act.by,
    )
    return act.done(Terminal(id=terminal_id, store_id=store_id, active=True), f"/stores/{store_id}")


@router.post(
    "/terminals/{terminal_id}/closures", name="stores.terminal.close", status_code=201, response_model=Terminal
)
def close_terminal(act: Annotated[Act, needs(Permission.STORES_EDIT)], terminal_id: SmallRowId) -> Response:
    """Close a till: nobody signs on or sells at it; its keys end, and whoever is signed on at it is signed off."""
    sessions.end_at_till(act.session, terminal_id)
    return _set_active(act, terminal_id, active=False)


@router.post("/terminals/{terminal_id}/openings", name="stores.terminal.open", status_code=201, response_model=Terminal)
def open_terminal(act: Annotated[Act, needs(Permission.STORES_EDIT)], terminal_id: SmallRowId) -> Response:
    """Open a closed till again. Closing ended its keys: it needs a new one."""
    return _set_active(act, terminal_id, active=True)


def _set_active(act: Act, terminal_id: int, *, active: bool) -> Response:
    till = commands.set_terminal_active(act.session, terminal_id, active=active, now=act.now, by=act.by)
    next_step = f"/terminals/{till.id}/keys/new" if active else f"/stores/{till.store_id}"
    return act.done(Terminal(id=till.id, store_id=till.store_id, active=till.active), next_step)


def _line(act: Act, store_id: int) -> StoreLine:
    return StoreLine.model_validate(queries.store(act.session, store_id), from_attributes=True)
