"""The sale's customer at the till: their details changed, their member cards given, replaced, blocked, lost."""

import json
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from erp_club.cards import commands as cards
from erp_club.cards.kinds import CardState
from erp_club.customers import commands as customers
from erp_club.kernel.text import T, Text
from erp_club.permissions.catalog import Permission
from erp_club.purchases.baskets import commands
from erp_club.purchases.baskets.memberships import card_of_buyer
from web.deps import Act, ActRoute, needs
from web.fields import RowId
from web.forms import FormState
from web.i18n import say
from web.refusals import again
from web.routes.cards import NewCard
from web.routes.customers import CustomerEdit, change
from web.routes.till import AtTill, shown, till_instead, till_page
from web.routes.till_memberships import drawn
from web.views.cards import CardLine, CardsView, card_line, cards_view
from web.views.customers import CustomerForm, form_view, person_view
from web.views.till import TillPage, till_view

router = APIRouter(route_class=ActRoute, tags=["till"])
Editing = Annotated[Act, needs(Permission.CUSTOMERS_EDIT, at_till=True)]
Issuing = Annotated[Act, needs(Permission.CARDS_ISSUE, at_till=True)]
Blocking = Annotated[Act, needs(Permission.CARDS_BLOCK, at_till=True)]
CARDS = "/baskets/current/member-cards"
DETAILS = "/baskets/current/customer"


def _at_till(act: Act) -> bool:
    return act.identity.terminal is not None and act.by.may(Permission.SALES_POST)


def _beside(form: FormState) -> FormState:
    """What is wrong with a card's number beside its field; the number never goes back to the page."""
    form.values.clear()
    if "card" in form.errors:
        form.errors["number"] = form.errors.pop("card")
    return form


def cards_page(act: Act, form: FormState) -> Response:
    """The dialog of the customer's cards."""
    if not _at_till(act):
        return till_page(act, form)
    customer_id = commands.current_customer(act.session, by=act.by)
    return drawn(act, cards_view(act, customer_id), "cards", _beside(form))


@router.get(CARDS, name="baskets.member_cards", response_model=CardsView)
@again(till_instead)
def show_cards(act: AtTill) -> Response:
    """The cards of the sale's customer, and what can be done about them here."""
    return cards_page(act, FormState())


@router.post(CARDS, name="baskets.member_cards.give", status_code=201, response_model=CardLine)
@again(cards_page)
def give_card(act: Issuing, body: NewCard | None = None) -> Response:
    """Give the sale's customer one more card."""
    customer_id = commands.current_customer(act.session, by=act.by)
    number = (body.number if body else None) or None
    made = cards.give_card(act.session, customer_id, number=number, now=act.now, by=act.by)
    return _done(act, card_line(act, made), T("The card is the customer's."))


def replacement_page(act: Act, form: FormState) -> Response:
    """The dialog of replacing a card."""
    if not _at_till(act):
        return till_page(act, form)
    card = card_of_buyer(act.session, int(act.request.path_params["card_id"]), by=act.by)
    return drawn(act, card_line(act, card), "replace_card", _beside(form))


@router.get(CARDS + "/{card_id}/replacements/new", name="baskets.member_cards.replace.form", response_model=CardLine)
@again(till_instead)
def show_replacement(act: Issuing, card_id: RowId) -> Response:  # noqa: ARG001
    """The dialog of replacing a card."""
    return replacement_page(act, FormState())


@router.post(
    CARDS + "/{card_id}/replacements", name="baskets.member_cards.replace", status_code=201, response_model=CardLine
)
@again(replacement_page)
def replace_card(act: Issuing, card_id: RowId, body: NewCard | None = None) -> Response:
    """Give the customer another card in place of this one, which from now on says that it was replaced."""
    card_of_buyer(act.session, card_id, by=act.by)
    number = (body.number if body else None) or None
    made = cards.replace_card(act.session, card_id, number=number, now=act.now, by=act.by)
    said = T("The card is replaced. The old one doesn't identify any more.")
    return _done(act, card_line(act, made), said)


@router.post(CARDS + "/{card_id}/losses", name="baskets.member_cards.lose", status_code=201, response_model=CardLine)
@again(cards_page)
def lose_card(act: Issuing, card_id: RowId) -> Response:
    """Report a card lost: whoever shows it isn't identified by it."""
    return _state(act, card_id, CardState.LOST, T("The card is reported lost."))


@router.post(CARDS + "/{card_id}/blocks", name="baskets.member_cards.block", status_code=201, response_model=CardLine)
@again(cards_page)
def block_card(act: Blocking, card_id: RowId) -> Response:
    """Block a card."""
    return _state(act, card_id, CardState.BLOCKED, T("The card is blocked."))


@router.post(
    CARDS + "/{card_id}/releases", name="baskets.member_cards.release", status_code=201, response_model=CardLine
)
@again(cards_page)
def release_card(act: Blocking, card_id: RowId) -> Response:
    """Let a card that was blocked or found again identify its customer."""
    return _state(act, card_id, CardState.ACTIVE, T("The card identifies the customer again."))


def _state(act: Act, card_id: int, state: CardState, said: Text) -> Response:
    card_of_buyer(act.session, card_id, by=act.by)
    made = cards.set_card_state(act.session, card_id, state, now=act.now, by=act.by)
    return _done(act, card_line(act, made), said)


def _done(act: Act, made: BaseModel, said: Text) -> Response:
    """The dialog again with what became of the card, without script its page; the card for a machine."""
    if not act.htmx:
        return act.done(made, CARDS)
    view = cards_view(act, commands.current_customer(act.session, by=act.by))
    response = drawn(act, view, "cards", FormState())
    response.headers["HX-Trigger"] = json.dumps({"toast": {"text": say(said), "kind": "ok"}})
    response.status_code = 201
    return response


def details_page(act: Act, form: FormState) -> Response:
    """The dialog of the customer's details: the fields that the till's form shows."""
    if not _at_till(act) or not act.by.may(Permission.CUSTOMERS_EDIT):
        return till_page(act, form)
    person = person_view(act, commands.current_customer(act.session, by=act.by))
    return drawn(act, form_view(act, person), "details", form)


@router.get(DETAILS + "/edit", name="baskets.customer.form", response_model=CustomerForm)
@again(till_instead)
def show_details(act: Editing) -> Response:
    """The form that changes the sale's customer, with the fields of the till's form."""
    answer = details_page(act, FormState())
    customer_id = commands.current_customer(act.session, by=act.by)
    customers.record_look(act.session, customer_id, now=act.now, by=act.by)
    return answer


@router.patch(DETAILS, name="baskets.customer.edit", response_model=TillPage)
@again(details_page)
def edit_details(act: Editing, body: CustomerEdit) -> Response:
    """Change what is in the body of the sale's customer; null empties a field."""
    change(act, commands.current_customer(act.session, by=act.by), body)
    return shown(act, till_view(act), toast={"text": say(T("The customer's details are changed.")), "kind": "ok"})
