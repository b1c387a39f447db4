"""The prices of a list: added, changed, removed, put back, and as a file."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from erp_club.organisation.queries import stores
from erp_club.permissions.catalog import Permission
from erp_club.pricelists import commands
from erp_club.pricelists.office import queries
from erp_club.pricelists.settings import MOST_MINOR, EntryFields
from web import lists
from web.asked import wants_html
from web.deps import Act, ActRoute, needs
from web.fields import AmountText, Body, Line, RowId, SmallRowId, Storable, Unsaid
from web.forms import FormState
from web.refusals import again
from web.routes.price_lists import list_page
from web.segment_forms.picking import sku_called
from web.store_picking import AtStore, with_store
from web.taken_out import taken_out
from web.views.pricelists import ListLine, PriceForm, PriceLine, list_line, price_form, price_line

router = APIRouter(route_class=ActRoute, tags=["price lists"])
View = Annotated[Act, needs(Permission.PRICELISTS_VIEW)]
TakingOut = Annotated[Act, needs(Permission.PRICELISTS_VIEW, fresh=True)]
Edit = Annotated[Act, needs(Permission.PRICELISTS_EDIT)]
SmallId = Annotated[int, Field(ge=0, lt=2**31)]
Minor = Annotated[int, Field(ge=0, le=MOST_MINOR)]
TypedPrice = Annotated[AmountText, Field(ge=0, le=MOST_MINOR)]
Bp = Annotated[int, Field(ge=0, le=10_000)]
TypedBp = Annotated[AmountText, Field(ge=0, le=10_000)]


class NewPrice(AtStore):
    """A price of a product (by `sku`), of a `group` (by name), or, with neither, of everything.

    A machine sends `price_minor` or `off_bp`; a form sends `price` or `percent` as they are typed. Days are included.
    """

    sku: Line | None = None
    group: Line | None = None
    price_minor: Minor | None = None
    price: TypedPrice | None = None
    off_bp: Bp | None = None
    percent: TypedBp | None = None
    first: dt.date | None = None
    last: dt.date | None = None


class Seen(Body):
    """What the form showed of the price."""

    price_minor: int | None = None
    off_bp: int | None = None
    first: dt.date | None = None
    last: dt.date | None = None


class PriceChange(NewPrice):
    """What to change; what isn't there stays as it is, null takes it away. `seen` refuses what changed meanwhile."""

    seen: Seen | None = None


@router.get("/price-lists/{list_id}/prices.{suffix}", name="price_lists.prices.file", responses=lists.FILE_ANSWERS)
def prices_file(
    act: TakingOut,
    list_id: SmallRowId,
    suffix: Literal["csv", "xlsx"],
    text: Annotated[str | None, Query(max_length=100), Storable, Unsaid] = None,
    on: Annotated[dt.date | None, Unsaid] = None,
) -> Response:
    """The same prices as a file, with the columns that an import reads."""
    of = list_line(act, list_id)
    state = lists.list_state(act.request, sorts=queries.ENTRY_SORTS)
    filters = queries.EntryFilters(list_id, text.strip() or None if text else None, on)
    found = queries.find_entries(act.session, filters, sort=state.sort, descending=state.descending)
    return taken_out(act, f"prices.{suffix}", _HEADER, _cells(of, found))


_HEADER = ("list", "club", "level", "segment", "sku", "group", "price", "percent", "from", "to", "store", "always")


def _cells(of: ListLine, rows: Iterator[queries.EntryRow]) -> Iterator[tuple[lists.Cell, ...]]:
    for row in rows:
        price, percent = (
            None if value is None else Decimal(value).scaleb(-2) for value in (row.price_minor, row.off_bp)
        )
        yield (
            of.code, of.club, of.level, of.segment, row.sku, row.group, price, percent, row.first, row.last, row.store,
            of.always,
        )  # fmt: skip


def _form(act: Act, form: FormState) -> Response:
    for field, typed in (("price_minor", "price"), ("off_bp", "percent")):
        if field in form.errors:
            form.errors.setdefault(typed, []).extend(form.errors.pop(field))
    price_id = act.request.path_params.get("price_id")
    typed = act.request.query_params.get("sku", "")
    view = price_form(
        act, int(act.request.path_params["list_id"]), None if price_id is None else int(price_id), typed=typed
    )
    return act.answer(view, "pricelists/_price_form.html" if act.htmx else "pricelists/price_form.html", form=form)


@router.get("/price-lists/{list_id}/prices/new", name="price_lists.prices.new", response_model=PriceForm)
def new_price(
    act: Edit,
    list_id: SmallRowId,  # noqa: ARG001
    sku: Annotated[str | None, Query(max_length=100), Storable, Unsaid] = None,  # noqa: ARG001
) -> Response:
    """The form of a new price; with `sku` it offers products with this in their code or name."""
    return _form(act, FormState())


@router.post("/price-lists/{list_id}/prices", name="price_lists.prices.add", status_code=201, response_model=PriceLine)
@again(_form)
def add_price(act: Edit, list_id: SmallRowId, body: NewPrice) -> Response:
    """Add a price to a list."""
    fields = EntryFields(**_given(act, body))
    price_id = commands.add_entry(act.session, list_id, fields, now=act.now, by=act.by)
    return act.done(price_line(act, list_id, price_id), _page(act, list_id))


@router.get(
    "/price-lists/{list_id}/prices/{price_id}/edit", name="price_lists.prices.price.form", response_model=PriceForm
)
def edit_form(act: Edit, list_id: SmallRowId, price_id: RowId) -> Response:  # noqa: ARG001
    """The form that changes a price."""
    return _form(act, FormState())


@router.patch(
    "/price-lists/{list_id}/prices/{price_id}", name="price_lists.prices.price.edit", response_model=PriceLine
)
@again(_form)
def edit_price(act: Edit, list_id: SmallRowId, price_id: RowId, body: PriceChange) -> Response:
    """Change a price; 409 `price-said-twice` where the list says another on the same days."""
    seen = None if body.seen is None else body.seen.model_dump(exclude_unset=True)
    commands.change_entry(act.session, list_id, price_id, _given(act, body), seen=seen, now=act.now, by=act.by)
    return act.done(price_line(act, list_id, price_id), _page(act, list_id), status=200)


@router.delete(
    "/price-lists/{list_id}/prices/{price_id}", name="price_lists.prices.price.remove", response_model=ListLine
)
def remove_price(act: Edit, list_id: SmallRowId, price_id: RowId) -> Response:
    """Take a price out of a list; it can be put back, and the history keeps it for ever."""
    commands.remove_entry(act.session, list_id, price_id, now=act.now, by=act.by)
    page = _page(act, list_id)
    back = f"{page}{'&' if '?' in page else '?'}removed={price_id}"
    return act.done(list_line(act, list_id), back, status=200)


@router.post(
    "/price-lists/{list_id}/prices/{price_id}/restorations",
    name="price_lists.prices.price.restore",
    status_code=201,
    response_model=PriceLine,
)
@again(list_page)
def restore_price(act: Edit, list_id: SmallRowId, price_id: RowId) -> Response:
    """Put a removed price back as it was; one that is there again stays as it is."""
    commands.restore_entry(act.session, list_id, price_id, now=act.now, by=act.by)
    return act.done(price_line(act, list_id, price_id), _page(act, list_id))


def _page(act: Act, list_id: int) -> str:
    """The list's page, as it stands behind the dialog or held the button: with its search, day and page."""
    page, headers = f"/price-lists/{list_id}", act.request.headers
    behind = urlsplit(headers.get("hx-current-url") or headers.get("referer", ""))
    asked = urlencode([pair for pair in parse_qsl(behind.query) if pair[0] != "removed"])
    return f"{page}?{asked}" if behind.path == page and asked else page


def _given(act: Act, body: NewPrice) -> dict[str, Any]:
    """The fields of an entry that the body speaks of. Raises Invalid for a product or group that isn't there."""
    body = with_store(body, stores(act.session))
    given = body.model_dump(exclude_unset=True, exclude={"seen", "store_name"})
    for typed, kept in (("price", "price_minor"), ("percent", "off_bp")):
        if typed in given:
            given[kept] = given.pop(typed)
    faults: list[FieldError] = []
    if "sku" in given:
        sku = given.pop("sku")
        given["product_id"] = queries.product_id(act.session, sku) if sku else None
        if sku and given["product_id"] is None and wants_html(act.request):
            given["product_id"] = queries.product_id(act.session, sku_called(act, sku) or "")
        if sku and given["product_id"] is None:
            faults.append(FieldError("sku", T("No product has the code %(code)s.", code=sku)))
    if "group" in given:
        name = given.pop("group")
        given["group_id"] = queries.group_id(act.session, name) if name else None
        if name and given["group_id"] is None:
            faults.append(FieldError("group", T("There is no product group %(group)s.", group=name)))
    if faults:
        raise Invalid(faults)
    return given
