"""Saved views of lists and reports: keeping one, opening it, sharing it with colleagues."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Query
from pydantic import StringConstraints
from starlette.responses import Response

from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from erp_club.permissions.catalog import Permission
from erp_club.saved_views import commands, errors, queries
from web.deps import Act, ActRoute, needs
from web.fields import Body, SmallRowId, Storable, Unsaid, Word
from web.forms import FormState
from web.paths import own_path
from web.refusals import again
from web.saved_views import filters, pages_of
from web.views.saved_views import (
    SavedViewForm,
    SavedViewLine,
    SavedViewsPage,
    page_name,
    view_line,
    views_page,
)

router = APIRouter(route_class=ActRoute, tags=["saved views"])
Own = Annotated[Act, needs(Permission.SELF)]
LONGEST = 2_000
Address = Annotated[str, StringConstraints(max_length=LONGEST), Storable]


class NewViewBody(Body):
    """A page of this installation with its filters, and what to call it."""

    name: Word
    address: Address
    shared: bool = False


class ViewBody(Body):
    """What changes; the rest stays."""

    name: Word | None = None
    shared: bool | None = None


def list_page(act: Act, form: FormState) -> Response:
    """All views with what was refused."""
    return act.answer(views_page(act), "saved_views/views.html", form=form)


@router.get("/saved-views", name="saved_views", response_model=SavedViewsPage)
def saved_views(act: Own, deleted: Annotated[int | None, Query(ge=0, lt=2**31), Unsaid] = None) -> Response:
    """One's own views and those that colleagues share; `deleted` was just deleted and can be had back."""
    return act.answer(views_page(act, deleted), "saved_views/views.html")


def new_page(act: Act, form: FormState) -> Response:
    """The form of a new view: of the page that is open, which htmx names, or of the one in the address."""
    said = act.request.headers.get("hx-current-url", "") if act.htmx else ""
    opened = urlsplit(said)
    asked = f"{opened.path}?{opened.query}" if said else act.request.query_params.get("address", "")
    page, query = _parts(act, str(form.values.get("address") or asked)) or ("/reports/purchases", "")
    return _form(act, SavedViewForm(view=None, address=_address(page, query), page=page_name(page),
                                    back_url=_address(page, query)), form)  # fmt: skip


@router.get("/saved-views/new", name="saved_views.new", response_model=SavedViewForm)
def new_view(act: Own, address: Annotated[Address | None, Unsaid] = None) -> Response:  # noqa: ARG001 - new_page reads it
    """The form of a new view."""
    return new_page(act, FormState())


@router.post("/saved-views", name="saved_views.save", status_code=201, response_model=SavedViewLine)
@again(new_page)
def save_view(act: Own, body: NewViewBody) -> Response:
    """Save a view of a list or report."""
    parts = _parts(act, body.address)
    if parts is None:
        raise Invalid([FieldError("address", T("This page has no views, or it isn't yours to open."))])
    page, query = parts
    view_id = commands.save_view(
        act.session, page=page, query=query, name=body.name, shared=body.shared, now=act.now, by=act.by
    )
    return act.done(_line(act, view_id), _address(page, query))


def edit_page(act: Act, form: FormState) -> Response:
    """The form of a view."""
    row = queries.own_view(act.session, int(act.request.path_params["view_id"]), act.by.staff_id or 0)
    if row.deleted:
        raise errors.no_view()
    view = SavedViewForm(view=view_line(row), address=row.address, page=page_name(row.page), back_url="/saved-views")
    return _form(act, view, form)


@router.get("/saved-views/{view_id}/edit", name="saved_views.view.form", response_model=SavedViewForm)
def edit_view(act: Own, view_id: SmallRowId) -> Response:  # noqa: ARG001 - edit_page takes it from the path
    """The form of one's own view."""
    return edit_page(act, FormState())


@router.patch("/saved-views/{view_id}", name="saved_views.view.change", response_model=SavedViewLine)
@again(edit_page)
def change_view(act: Own, view_id: SmallRowId, body: ViewBody) -> Response:
    """Call one's own view otherwise, share it with colleagues or no longer."""
    commands.change_view(act.session, view_id, name=body.name, shared=body.shared, now=act.now, by=act.by)
    return act.done(_line(act, view_id), "/saved-views", status=200)


@router.delete("/saved-views/{view_id}", name="saved_views.view.delete", response_model=SavedViewsPage)
@again(list_page)
def delete_view(act: Own, view_id: SmallRowId) -> Response:
    """Delete one's own view; it can be had back."""
    commands.delete_view(act.session, view_id, now=act.now, by=act.by)
    return act.done(views_page(act, view_id), f"/saved-views?deleted={view_id}", status=200)


@router.post("/saved-views/{view_id}/restorations", name="saved_views.view.restore", status_code=201,
             response_model=SavedViewLine)  # fmt: skip
@again(list_page)
def restore_view(act: Own, view_id: SmallRowId) -> Response:
    """Have a deleted view back."""
    commands.restore_view(act.session, view_id, now=act.now, by=act.by)
    return act.done(_line(act, view_id), "/saved-views")


def _form(act: Act, view: SavedViewForm, form: FormState) -> Response:
    return act.answer(view, "saved_views/_form.html" if act.htmx else "saved_views/form.html", form=form)


def _line(act: Act, view_id: int) -> SavedViewLine:
    return view_line(queries.own_view(act.session, view_id, act.by.staff_id or 0))


def _parts(act: Act, address: str) -> tuple[str, str] | None:
    """The page and its filters; None for an address that has no views, or none for this person."""
    page, _, query = own_path(address).partition("?")
    kept = filters(query)
    return (page, kept) if page in pages_of(act.by) and len(kept) <= LONGEST else None


def _address(page: str, query: str) -> str:
    return f"{page}?{query}" if query else page
