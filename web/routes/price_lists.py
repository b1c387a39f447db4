"""Price lists: listed, set up, published and closed."""

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from starlette.responses import Response

from erp_club.kernel.text import named_in
from erp_club.permissions.catalog import Permission
from erp_club.pricelists import commands
from erp_club.pricelists.kinds import PriceListState
from erp_club.pricelists.office import queries
from erp_club.pricelists.settings import PriceListSettings
from web import lists
from web.deps import Act, ActRoute, needs
from web.fields import AskedDay, Body, Line, SmallRowId, Storable, Unsaid, Word
from web.forms import FormState
from web.refusals import again
from web.routes.audit import labels
from web.taken_out import taken_out
from web.views.pricelists import (
    ListForm,
    ListLine,
    ListPage,
    ListsPage,
    club_choices,
    list_changes,
    list_form,
    list_line,
    list_lines,
    price_lines,
    removed_price,
)

router = APIRouter(route_class=ActRoute, tags=["price lists"])
View = Annotated[Act, needs(Permission.PRICELISTS_VIEW)]
TakingOut = Annotated[Act, needs(Permission.PRICELISTS_VIEW, fresh=True)]
Edit = Annotated[Act, needs(Permission.PRICELISTS_EDIT)]
Names = dict[Literal["he", "fi", "sv", "en"], Line | None]
Text = Annotated[str | None, Query(max_length=100), Storable, Unsaid]
Find = Annotated[str | None, Query(max_length=100), Storable]
NOT_SETTINGS = {"names", "all_stores", "stores", "find"}
SmallId = Annotated[int, Field(ge=0, lt=2**31)]


class NewList(Body):
    """A price list to set up as a draft: for a club, a level (of the club, else of any), or a customer group.

    `stores` are ids, none given is all; a form says `all_stores` beside those ticked. Days are included. `find` is what
    somebody has looked for a store by: nothing comes of it.
    """

    code: Word
    names: Names
    club_id: SmallId | None = None
    level: Word | None = None
    segment: Word | None = None
    always: bool = False
    all_stores: bool | None = None
    stores: Annotated[list[SmallId], Field(max_length=10_000)] | None = None
    find: Line | None = None
    first: dt.date | None = None
    last: dt.date | None = None


class ListChange(Body):
    """What to change of the list as it stood at `version`; what isn't there stays as it is. `names` replaces all."""

    version: int
    code: Word = ""
    names: Names = {}
    club_id: SmallId | None = None
    level: Word | None = None
    segment: Word | None = None
    always: bool = False
    all_stores: bool | None = None
    stores: Annotated[list[SmallId], Field(max_length=10_000)] | None = None
    find: Line | None = None
    first: dt.date | None = None
    last: dt.date | None = None


def asked(
    text: Annotated[
        str | None, Query(max_length=100, description="A part of the code or name"), Storable, Unsaid
    ] = None,
    status: Annotated[PriceListState | None, Unsaid] = None,
    club: Annotated[int | None, Query(ge=0, lt=2**31), Unsaid] = None,
) -> queries.ListFilters:
    """The filters in the address."""
    return queries.ListFilters(text.strip() or None if text else None, status, club)


Asked = Annotated[queries.ListFilters, Depends(asked)]


@router.get("/price-lists", name="price_lists", response_model=ListsPage)
def price_lists(act: View, filters: Asked) -> Response:
    """The price lists by code where the address doesn't say."""
    state = lists.list_state(act.request, sorts=queries.LIST_SORTS)
    state = state.counted(queries.count_lists(act.session, filters))
    rows = queries.find_lists(
        act.session,
        filters,
        sort=state.sort,
        descending=state.descending,
        limit=state.per_page,
        offset=state.offset,
    )
    view = ListsPage(
        text=filters.text,
        status=filters.state,
        club=filters.club_id,
        state=state,
        clubs=club_choices(act),
        price_lists=list_lines(act, rows),
    )
    return act.answer(view, "pricelists/_lists.html" if act.htmx else "pricelists/lists.html")


_HEADER = ("code", "name", "state", "club", "level", "segment", "always", "stores", "from", "to", "prices")


@router.get("/price-lists.{suffix}", name="price_lists.file", responses=lists.FILE_ANSWERS)
def price_lists_file(act: TakingOut, suffix: Literal["csv", "xlsx"], filters: Asked) -> Response:
    """The same lists as a file."""
    state = lists.list_state(act.request, sorts=queries.LIST_SORTS)
    found = list_lines(act, queries.find_lists(act.session, filters, sort=state.sort, descending=state.descending))
    rows = (
        (
            each.code, named_in(each.names, act.chain.language), each.state.value, each.club, each.level,
            each.segment, each.always, None if each.stores is None else ", ".join(each.stores), each.first, each.last,
            each.prices,
        )
        for each in found
    )  # fmt: skip
    return taken_out(act, f"price-lists.{suffix}", _HEADER, rows)


def new_list_page(act: Act, form: FormState) -> Response:
    """The form of a new list."""
    view = list_form(act, None, typed=str(form.values.get("find") or ""))
    return act.answer(view, "pricelists/new.html", form=_as_typed(form))


@router.get("/price-lists/new", name="price_lists.new", response_model=ListForm)
def new_list(act: Edit, find: Find = None) -> Response:  # noqa: ARG001
    """The form of a new list. `find` is a part of a store's code or name: what else is filled in comes with it."""
    return new_list_page(act, _on_the_way(act))


@router.post("/price-lists", name="price_lists.add", status_code=201, response_model=ListLine)
@again(new_list_page)
def add_list(act: Edit, body: NewList) -> Response:
    """Set up a price list as a draft: nobody buys at its prices until it is published."""
    given = body.model_dump(exclude=NOT_SETTINGS)
    settings = PriceListSettings(**given, names=_names(body.names), stores=_stores(body.all_stores, body.stores))
    list_id = commands.create_list(act.session, settings, language=act.chain.language, now=act.now, by=act.by)
    return act.done(list_line(act, list_id), f"/price-lists/{list_id}")


def _page(act: Act, *, text: str | None = None, on: dt.date | None = None, removed: int | None = None) -> ListPage:
    list_id = int(act.request.path_params["list_id"])
    shown = list_line(act, list_id)
    filters = queries.EntryFilters(list_id, text.strip() or None if text else None, on)
    state = lists.list_state(act.request, sorts=queries.ENTRY_SORTS)
    state = state.counted(queries.count_entries(act.session, filters, most=lists.COUNTED + 1))
    rows = queries.find_entries(
        act.session,
        filters,
        sort=state.sort,
        descending=state.descending,
        limit=state.per_page,
        offset=state.offset,
    )
    return ListPage(
        price_list=shown,
        text=filters.text,
        on=on,
        today=act.today,
        state=state,
        currency=act.chain.currency,
        prices=price_lines(act, rows),
        removed=None if removed is None else removed_price(act, list_id, removed),
        changes=list_changes(act, list_id),
        labels=labels(),
    )


def list_page(act: Act, form: FormState) -> Response:
    """The list's page, with what was refused."""
    return act.answer(_page(act), "pricelists/price_list.html", form=form)


@router.get("/price-lists/{list_id}", name="price_lists.price_list", response_model=ListPage)
def price_list(
    act: View,
    list_id: SmallRowId,  # noqa: ARG001
    text: Text = None,
    on: Annotated[AskedDay, Query(description="Only prices that hold on this day")] = None,
    removed: Annotated[int | None, Query(ge=0, lt=2**63, description="Just removed"), Unsaid] = None,
) -> Response:
    """A list, its prices (those of groups and of everything first), and what happened to it last.

    `removed` was just taken out and can be put back.
    """
    view = _page(act, text=text, on=on, removed=removed)
    return act.answer(view, "pricelists/_prices.html" if act.htmx else "pricelists/price_list.html")


def settings_form(act: Act, form: FormState) -> Response:
    """The form of a list's settings."""
    view = list_form(act, int(act.request.path_params["list_id"]), typed=str(form.values.get("find") or ""))
    return act.answer(view, "pricelists/edit.html", form=_as_typed(form))


@router.get("/price-lists/{list_id}/edit", name="price_lists.price_list.form", response_model=ListForm)
def edit_form(act: Edit, list_id: SmallRowId, find: Find = None) -> Response:  # noqa: ARG001
    """The form of a list's settings; `find` as for a new list."""
    return settings_form(act, _on_the_way(act))


@router.patch("/price-lists/{list_id}", name="price_lists.price_list.edit", response_model=ListLine)
@again(settings_form)
def edit_list(act: Edit, list_id: SmallRowId, body: ListChange) -> Response:
    """Change a list's settings; 409 `stale` if somebody else has changed them since `version`."""
    changes: dict[str, Any] = body.model_dump(exclude_unset=True, exclude=NOT_SETTINGS | {"version"})
    if body.names:
        changes["names"] = _names(body.names)
    if {"all_stores", "stores"} & body.model_fields_set:
        changes["stores"] = _stores(body.all_stores, body.stores)
    commands.change_list(
        act.session,
        list_id,
        changes,
        version=body.version,
        language=act.chain.language,
        now=act.now,
        by=act.by,
    )
    return act.done(list_line(act, list_id), f"/price-lists/{list_id}", status=200)


@router.post(
    "/price-lists/{list_id}/publications",
    name="price_lists.price_list.publish",
    status_code=201,
    response_model=ListLine,
)
@again(list_page)
def publish_list(act: Edit, list_id: SmallRowId) -> Response:
    """Publish a draft: its prices hold from its first day on."""
    commands.publish_list(act.session, list_id, now=act.now, by=act.by)
    return act.done(list_line(act, list_id), f"/price-lists/{list_id}")


@router.get("/price-lists/{list_id}/closures/new", name="price_lists.price_list.close.form", response_model=ListLine)
def close_form(act: Edit, list_id: SmallRowId) -> Response:
    """What closing the list would mean, and the button that does it."""
    return act.answer(list_line(act, list_id), "pricelists/_close.html" if act.htmx else "pricelists/close.html")


@router.post(
    "/price-lists/{list_id}/closures", name="price_lists.price_list.close", status_code=201, response_model=ListLine
)
@again(list_page)
def close_list(act: Edit, list_id: SmallRowId) -> Response:
    """Close a published list for good: from now on nobody buys at its prices."""
    commands.close_list(act.session, list_id, now=act.now, by=act.by)
    return act.done(list_line(act, list_id), f"/price-lists/{list_id}")


def _names(given: Names) -> dict[str, str]:
    return {language: name for language, name in given.items() if name}


def _stores(all_stores: bool | None, stores: list[int] | None) -> frozenset[int] | None:
    """The ids, None for all; a form that says neither all nor which is told so."""
    if all_stores or (stores is None and all_stores is None):
        return None
    return frozenset(stores or ())


def _on_the_way(act: Act) -> FormState:
    """What is filled in while somebody looks for a store."""
    asked = act.request.query_params
    if "find" not in asked:
        return FormState()
    return FormState(values={**asked, "stores[]": asked.getlist("stores[]")})


def _as_typed(form: FormState) -> FormState:
    """The form's faults at the fields that the form has: without any name it sends no names at all."""
    if "names" in form.errors:
        form.errors.setdefault("names.en", []).extend(form.errors.pop("names"))
    return form
