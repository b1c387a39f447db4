"""The till: the page of a terminal and its open basket. Every write answers with the till as it stands after it."""

import json
import uuid
from typing import Annotated, Any, Self

from fastapi import APIRouter, Path
from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from erp_club.customers.queries import LONGEST_TYPED
from erp_club.kernel.text import T
from erp_club.permissions import errors
from erp_club.permissions.catalog import Permission
from erp_club.purchases.baskets import commands, entering
from erp_club.purchases.baskets import errors as baskets
from erp_club.receipts.kinds import Means
from web.after_sale import find_segments_again
from web.coupon_entry import place_of
from web.deps import Act, ActRoute, anyone, needs, wants_html
from web.fields import AmountText, Body, QuantityText, Storable
from web.forms import FormState
from web.i18n import say
from web.refusals import again
from web.routes.access import sign_on_page
from web.views.payment import PaymentPage, payment_view
from web.views.slip import Slip, slip_view
from web.views.till import TillPage, till_view, total_now

router = APIRouter(route_class=ActRoute, tags=["till"])
LineNo = Annotated[int, Path(ge=1, le=2**31 - 1)]
AtTill = Annotated[Act, needs(Permission.SALES_POST, at_till=True)]


class Entry(Body):
    """What was scanned or typed: an item (`3*code` for three), a card, a coupon, a phone, a number or a name."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TYPED), Storable]


class Quantity(Body):
    """A line's new quantity, or what to add to it; exactly one of the two. Nothing left removes the line."""

    quantity: QuantityText | None = None
    change: QuantityText | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.quantity is None) == (self.change is None):
            raise PydanticCustomError("missing", "one of quantity and change")
        return self


class BasketPayment(Body):
    """How the basket is paid. `expected_minor` is the total shown, `expected_card_minor` the one shown for a card,
    `expected_both_minor` the one for cash and a card together.

    Cash handed over comes as a machine's `tendered_minor` or as the typed `tendered`; with neither it is exact. With a
    bank card it is the part that is paid in cash, and the card pays the rest.
    """

    means: Means = Means.CASH
    tendered: AmountText | None = None
    tendered_minor: Annotated[int, Field(ge=0, le=2**53)] | None = None
    expected_minor: Annotated[int, Field(ge=0, le=2**53)] | None = None
    expected_card_minor: Annotated[int, Field(ge=0, le=2**53)] | None = None
    expected_both_minor: Annotated[int, Field(ge=0, le=2**53)] | None = None


def shown(act: Act, view: TillPage, *, toast: dict[str, object] | None = None) -> Response:
    """The till after a write: its region for htmx, the page again by way of a redirect for a plain form."""
    if wants_html(act.request) and not act.htmx and not (view.choices or view.products):
        return act.see_other("/till")
    triggers: dict[str, object] = {"dialogclose": True}
    if toast:
        triggers["toast"] = toast
    if not act.htmx:
        return act.answer(view, "till/till.html")
    headers: dict[str, Any] = {"HX-Trigger": json.dumps(triggers)}
    return act.answer(view, "till/_till.html", **headers)


def till_page(act: Act, form: FormState) -> Response:
    """The till with what was refused; signing on where nobody has."""
    if act.identity.terminal is None or not act.by.may(Permission.SALES_POST):
        return act.see_other("/till") if act.htmx else sign_on_page(act, form)
    # A card's number never goes back to the page, and an entry that found nobody only as what it was read as.
    view = till_view(act, typed=str(form.values.get("code", "")))
    return act.answer(view, "till/_till.html" if act.htmx else "till/till.html", form=form)


def till_instead(act: Act, form: FormState) -> Response:
    """The till with the reason where a dialog was asked for that can't be opened."""
    response = till_page(act, form)
    response.headers["HX-Retarget"] = "#till"
    response.headers["HX-Reswap"] = "outerMorph"
    return response


@router.get("/till", name="till", response_model=TillPage)
def show_till(act: Annotated[Act, anyone("a browser becomes a till and a cashier signs on here")]) -> Response:
    """The till; before it the page on which the browser becomes one, and the one on which the cashier signs on."""
    if act.identity.terminal is not None and act.by.staff_id is not None:
        if not act.by.may(Permission.SALES_POST):
            raise errors.not_permitted(Permission.SALES_POST)
        return till_page(act, FormState())
    if not wants_html(act.request):
        raise errors.not_signed_in()
    return till_page(act, FormState())


@router.post("/baskets", name="baskets.next", response_model=TillPage)
@again(till_page)
def start_next(act: AtTill) -> Response:
    """Begin the next sale of this till."""
    commands.start_next(act.session, now=act.now, by=act.by)
    return shown(act, till_view(act))


@router.post("/baskets/current/entries", name="baskets.entry", response_model=TillPage)
@again(till_page)
def enter(act: AtTill, body: Entry) -> Response:
    """Take a scanned or typed item, card, coupon, phone, number or name."""
    done = entering.enter(act.session, body.code, place_of(act, act.now), country=act.chain.country)
    return shown(act, till_view(act, done))


@router.patch("/baskets/current/lines/{line_no}", name="baskets.line", response_model=TillPage)
@again(till_page)
def change_line(act: AtTill, line_no: LineNo, body: Quantity) -> Response:
    """Change how much of an item is bought."""
    if body.quantity is not None:
        commands.set_quantity(act.session, line_no, body.quantity, now=act.now, by=act.by)
    if body.change is not None:
        commands.change_quantity(act.session, line_no, body.change, now=act.now, by=act.by)
    return shown(act, till_view(act, entering.Entered(line_no)))


@router.delete("/baskets/current/lines/{line_no}", name="baskets.line.remove", response_model=TillPage)
@again(till_page)
def remove_line(act: AtTill, line_no: LineNo) -> Response:
    """Take an item out of the basket."""
    commands.remove_line(act.session, line_no, now=act.now, by=act.by)
    return shown(act, till_view(act))


@router.post("/baskets/current/holds", name="baskets.hold", response_model=TillPage)
@again(till_page)
def hold(act: AtTill) -> Response:
    """Lay the sale aside."""
    commands.hold(act.session, total_minor=total_now(act), now=act.now, by=act.by)
    return shown(act, till_view(act))


@router.post("/baskets/{basket_id}/resumptions", name="baskets.resume", response_model=TillPage)
@again(till_page)
def resume(act: AtTill, basket_id: uuid.UUID) -> Response:
    """Take a sale up again."""
    commands.resume(act.session, basket_id, total_minor=total_now(act), now=act.now, by=act.by)
    return shown(act, till_view(act))


@router.delete("/baskets/current", name="baskets.drop", response_model=TillPage)
@again(till_page)
def drop(act: AtTill) -> Response:
    """Give the sale up; for a while it can be taken up again."""
    basket_id = commands.drop(act.session, now=act.now, by=act.by)
    toast = {"text": say(T("The sale was dropped.")), "undo": {"url": f"/baskets/{basket_id}/resumptions"}}
    return shown(act, till_view(act), toast=toast)


def payment_page(act: Act, form: FormState) -> Response:
    """The dialog of paying, with what was typed and what was wrong; the till where there is nothing to pay."""
    view = payment_view(act) if act.identity.terminal and act.by.may(Permission.SALES_POST) else None
    if view is None:
        return till_instead(act, form)
    response = act.answer(view, "till/_payment.html" if act.htmx else "till/payment.html", form=form)
    response.headers["HX-Retarget"] = "#dialog"
    response.headers["HX-Reswap"] = "innerMorph"
    return response


@router.get("/baskets/current/payments/new", name="baskets.payment", response_model=PaymentPage)
@again(till_instead)
def show_payment(act: AtTill) -> Response:
    """What is to be paid, by card and in cash. Raises Conflict `basket-empty`."""
    if payment_view(act) is None:
        raise baskets.empty_basket()
    return payment_page(act, FormState())


@router.post("/baskets/current/payments", name="baskets.pay", response_model=TillPage)
@again(payment_page)
def pay(act: AtTill, body: BasketPayment) -> Response:
    """Pay the basket: the sale is posted, with its points, and has its receipt."""
    tendered, by_card = body.tendered if body.tendered is not None else body.tendered_minor, body.means is Means.CARD
    expected = body.expected_minor
    if by_card:
        expected = (tendered and body.expected_both_minor) or body.expected_card_minor
    paid = commands.pay(
        act.session,
        place_of(act, act.now),
        means=body.means,
        tendered_minor=tendered,
        expected_minor=expected,
        currency=act.chain.currency,
    )
    find_segments_again(act, paid.posted.customer_id)
    return shown(act, till_view(act))


@router.get("/till/receipt", name="till.receipt", response_model=Slip)
@again(till_instead)
def last_receipt(act: AtTill) -> Response:
    """The last receipt of this till, to show or print again."""
    return act.answer(
        slip_view(act, commands.last_receipt_id(act.session, by=act.by)),
        "till/_receipt.html" if act.htmx else "till/slip.html",
    )
