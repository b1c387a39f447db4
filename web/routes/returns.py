"""Returns: shown before they are booked, booked at any store; cancelled sales."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import Response

from erp_club.customers.models import UNIDENTIFIED
from erp_club.kernel.text import T
from erp_club.permissions.catalog import Permission
from erp_club.permissions.places import TerminalFacts
from erp_club.purchases.asked import Place
from erp_club.purchases.baskets import queries as baskets
from erp_club.purchases.returns import commands
from erp_club.purchases.returns.facts import Wish
from erp_club.purchases.sale import MOST_LINES, MOST_MINOR
from erp_club.receipts import queries
from erp_club.receipts.kinds import Means, ReturnKind
from web.after_sale import find_segments_again
from web.deps import Act, ActRoute, needs, wants_html
from web.fields import Body, Line, QuantityText, RowId, Storable, Unsaid
from web.forms import FormState
from web.i18n import say
from web.refusals import again
from web.routes.purchases import ReceiptNo
from web.views.purchases import PurchaseRow, rows_view
from web.views.returns import ReturnPage, ReturnView, return_page_view, return_view
from web.views.slip import slip_view

router = APIRouter(route_class=ActRoute, tags=["purchases"])
Returning = Annotated[Act, needs(Permission.SALES_RETURN)]
Cancelling = Annotated[Act, needs(Permission.SALES_CANCEL)]
MOST_RECENT = 10


class WantedLine(Body):
    """How much of a line of the receipt comes back; 0 is none of it."""

    line_no: Annotated[int, Field(ge=1, le=2**31 - 1)]
    quantity: Annotated[QuantityText, Field(ge=0, le=9_999_999, description="At most three decimals")] = 0


class PaidBack(Body):
    """What returns and cancellations share. With `preview` nothing is written.

    `means` pays all back by one means; without it money goes back the way it came. `write_off` forgives points that
    were spent already, where the club lets whoever may do so.
    """

    receipt_no: Annotated[
        ReceiptNo | None, Field(description="The return's own number, unique in the store; else it is numbered here")
    ] = None
    returned_at: Annotated[AwareDatetime | None, Field(description="With offset; now where left out")] = None
    means: Annotated[Means | None, Unsaid] = None
    reason: Line = ""
    write_off: bool = False
    preview: bool = False
    expected_total_minor: Annotated[
        int | None, Field(ge=0, le=MOST_MINOR, description="What the preview told; refused where it is another by now")
    ] = None


class NewReturn(PaidBack):
    """Which lines come back and how much of each; without `lines`, all that is left.

    `whole` asks for a preview of all that is left, whatever the lines say: it is what a button of the form sends.
    """

    lines: Annotated[list[WantedLine] | None, Field(max_length=MOST_LINES)] = None
    whole: bool = False


class ReturnSearch(BaseModel):
    """The dialog of finding a receipt: those of a number, and the latest of the member in the open sale."""

    receipt_no: str
    found: list[PurchaseRow]
    recent: list[PurchaseRow]
    currency: str


def wish_of(body: NewReturn) -> Wish:
    """What is to come back by a body."""
    if body.whole or body.lines is None:
        return Wish(None, body.means)
    return Wish(tuple((line.line_no, line.quantity) for line in body.lines if line.quantity), body.means)


def place_of_receipt(act: Act, receipt_id: int, at: dt.datetime | None) -> Place:
    """The till; in the back office the store of the sale."""
    if act.identity.terminal is not None:
        return Place(act.terminal, act.by, at or act.now, act.now)
    row = queries.receipt(act.session, receipt_id).row
    store = TerminalFacts(0, 0, "", row.store_id, row.store_code, row.store, row.zone)
    return Place(store, act.by, at or act.now, act.now)


def _do(act: Act, receipt_id: int, body: PaidBack, asked: commands.Asked, *, preview: bool) -> commands.Returned:
    place = place_of_receipt(act, receipt_id, body.returned_at)
    work = commands.preview_return if preview else commands.return_goods
    made = work(act.session, receipt_id, asked, place, currency=act.chain.currency)
    if not preview:
        commands.check_expected(made, body.expected_total_minor)
        find_segments_again(act, made.original.customer_id if made.original else UNIDENTIFIED)
    return made


def dialog(act: Act, view: BaseModel, name: str, form: FormState) -> Response:
    """The dialog, or without script a page of its own; at the till in the till's look."""
    if act.htmx:
        response = act.answer(view, f"returns/_{name}.html", form=form)
        response.headers["HX-Retarget"] = "#dialog"
        response.headers["HX-Reswap"] = "innerMorph"
        return response
    return act.answer(view, f"returns/{'till_' if act.identity.terminal else ''}{name}.html", form=form)


def shown_at(act: Act, receipt_id: int) -> str:
    """Where a receipt is shown: who works at a till stays there, with the slip that is printed."""
    slip = act.identity.terminal is not None and wants_html(act.request)
    return f"/purchases/{receipt_id}/slip" if slip else f"/purchases/{receipt_id}"


def return_page(act: Act, form: FormState) -> Response:
    """The form of a return, as it was filled in."""
    return dialog(act, return_page_view(act, int(act.request.path_params["purchase_id"])), "return", form)


@router.get("/purchases/{purchase_id}/returns/new", name="purchases.returns.new", response_model=ReturnPage)
def new_return(act: Returning, purchase_id: RowId) -> Response:  # noqa: ARG001
    """What can be returned of a receipt."""
    return return_page(act, FormState())


@router.post("/purchases/{purchase_id}/returns", name="purchases.returns", status_code=201, response_model=ReturnView)
@again(return_page)
def return_goods(act: Returning, purchase_id: RowId, body: NewReturn) -> Response:
    """Take goods back, in whole or in part, at any store. With `preview` it is told what that comes to (200)."""
    asked = commands.Asked(wish_of(body), body.receipt_no, ReturnKind.RETURN, body.reason, body.write_off)
    made = _do(act, purchase_id, body, asked, preview=body.preview or body.whole)
    return _answer(act, purchase_id, return_view(act, made), chosen=not body.whole)


@router.post(
    "/purchases/{purchase_id}/cancellations",
    name="purchases.cancellations",
    status_code=201,
    response_model=ReturnView,
)
@again(return_page)
def cancel(act: Cancelling, purchase_id: RowId, body: PaidBack) -> Response:
    """Cancel a sale of today in its store, as a whole."""
    asked = commands.Asked(
        Wish(None, body.means), body.receipt_no, ReturnKind.CANCELLATION, body.reason, body.write_off
    )
    made = _do(act, purchase_id, body, asked, preview=body.preview)
    return _answer(act, purchase_id, return_view(act, made), chosen=False)


def _answer(act: Act, purchase_id: int, view: ReturnView, *, chosen: bool) -> Response:
    """The preview in its form, or what is booked. `chosen`: the quantities are those that were typed."""
    if view.preview:
        if not wants_html(act.request):
            return act.answer(view, "")
        typed: FormState = getattr(act.request.state, "form", None) or FormState()
        values = {name: value for name, value in typed.values.items() if chosen or not name.startswith("lines")}
        return dialog(act, return_page_view(act, purchase_id, view), "return", FormState(values))
    if act.htmx and act.identity.terminal is not None:
        return dialog(act, slip_view(act, view.id or 0), "done", FormState())
    return act.done(view, shown_at(act, view.id or 0))


def search_page(act: Act, form: FormState, found: list[PurchaseRow] | None = None, receipt_no: str = "") -> Response:
    """The dialog of finding the receipt."""
    opened = baskets.opened(act.session, act.terminal.id) if act.identity.terminal else None
    recent: list[PurchaseRow] = []
    if opened is not None and opened.customer_id:
        filters = queries.ReceiptFilters(person_id=opened.customer_id)
        recent = rows_view(
            queries.listing(act.session, filters, sort="sold_at", descending=True, offset=0, limit=MOST_RECENT)
        )
    view = ReturnSearch(receipt_no=receipt_no, found=found or [], recent=recent, currency=act.chain.currency)
    return dialog(act, view, "search", form)


@router.get("/returns/new", name="returns.search", response_model=ReturnSearch)
def search(
    act: Returning,
    receipt_no: Annotated[str | None, Query(max_length=100, description="A receipt number"), Storable, Unsaid] = None,
) -> Response:
    """Find the receipt whose goods come back: by its number, or among the latest of the member in the sale."""
    if receipt_no is None:
        return search_page(act, FormState())
    found = rows_view(queries.found_by_number(act.session, receipt_no.strip()))
    if len(found) == 1 and wants_html(act.request):
        return dialog(act, return_page_view(act, found[0].id), "return", FormState())
    form = FormState()
    if not found:
        said = say(T("No store has a receipt with this number."))
        form = FormState({"receipt_no": receipt_no}, {"receipt_no": [said]})
    return search_page(act, form, found, receipt_no)
