"""Prepaid and gift cards at the till: paying with them, and saying which ones the sale sells or loads."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from erp_club.permissions.catalog import Permission
from erp_club.purchases.baskets import cards
from erp_club.stored_value.proof.commands import Entered
from web.deps import Act, ActRoute, needs
from web.fields import Body, Word
from web.forms import FormState
from web.payment_bodies import Pin
from web.refusals import again
from web.routes.till import payment_page, till_instead
from web.value_entry import proven
from web.views.payment import PaymentPage

router = APIRouter(route_class=ActRoute, tags=["till"])
Paying = Annotated[Act, needs(Permission.STORED_VALUE_PAY, at_till=True)]
Selling = Annotated[Act, needs(Permission.STORED_VALUE_SELL, at_till=True)]
CardId = Annotated[int, Path(ge=1, le=2**63 - 1)]


class ShownCard(Body):
    """A card that is shown to pay with: its number, and its PIN where it has one."""

    card: Word
    card_pin: Pin | None = None


class CardSold(Body):
    """A card that the sale sells or loads: the number of one that lies ready or is loaded, or the PIN of a new one."""

    number: Word | None = None
    new_pin: Pin | None = None


def payment_again(act: Act, form: FormState) -> Response:
    """The dialog of paying; neither a card's number nor a PIN goes back to the page."""
    form.values.clear()
    return payment_page(act, form)


def _redrawn(act: Act) -> Response:
    """The dialog as it is now, its fields empty: a morph would keep what was typed into them."""
    response = payment_page(act, FormState())
    response.headers["HX-Reswap"] = "innerHTML"
    return response


def _at(form: FormState, field: str, own: str) -> None:
    if field in form.errors:
        form.errors.setdefault(own, []).extend(form.errors.pop(field))


def sale_again(act: Act, form: FormState) -> Response:
    """The dialog of paying, with what was wrong with the card to sell."""
    _at(form, "pin", "new_pin")
    return payment_again(act, form)


@router.post("/baskets/current/value-cards", name="baskets.value_cards", response_model=PaymentPage)
@again(payment_again)
def pay_with(act: Paying, body: ShownCard) -> Response:
    """Let a card pay for the open basket: it gives what is still due after those before it, when the sale is paid."""
    (key,) = proven(act, [Entered(body.card, body.card_pin, "card")])
    cards.pay_with(act.session, key, now=act.now, by=act.by)
    return _redrawn(act)


@router.delete("/baskets/current/value-cards/{card_id}", name="baskets.value_cards.remove", response_model=PaymentPage)
@again(till_instead)
def pay_without(act: Paying, card_id: CardId) -> Response:
    """Let a card not pay after all."""
    cards.pay_without(act.session, card_id, now=act.now, by=act.by)
    return _redrawn(act)


@router.post("/baskets/current/card-sales", name="baskets.card_sales", response_model=PaymentPage)
@again(sale_again)
def sell_card(act: Selling, body: CardSold) -> Response:
    """Say which card the basket sells or loads; where nothing is said, a new one is made for its article."""
    cards.sell_card(act.session, number=body.number, pin=body.new_pin, now=act.now, by=act.by)
    return _redrawn(act)


@router.delete("/baskets/current/card-sales/{position}", name="baskets.card_sales.remove", response_model=PaymentPage)
@again(till_instead)
def sell_no_card(act: Selling, position: Annotated[int, Path(ge=1, le=100)]) -> Response:
    """Take back what was said of a card to sell; positions count from 1."""
    cards.sell_no_card(act.session, position, now=act.now, by=act.by)
    return _redrawn(act)
