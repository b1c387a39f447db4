"""A customer's cards: given, replaced, blocked, reported lost, and shown as codes that a scanner reads."""

import json
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from erp_club.cards import commands, queries
from erp_club.cards.kinds import CardState
from erp_club.customers.queries import record
from erp_club.kernel.text import T, Text
from erp_club.permissions.catalog import Permission
from web.deps import Act, ActRoute, needs
from web.fields import Body, Line, RowId
from web.forms import FormState
from web.i18n import say
from web.refusals import again
from web.views.cards import CardLine, CardPage, CardsView, card_line, card_page, cards_view

router = APIRouter(route_class=ActRoute, tags=["cards"])
View = Annotated[Act, needs(Permission.CUSTOMERS_VIEW)]
Issue = Annotated[Act, needs(Permission.CARDS_ISSUE)]
Block = Annotated[Act, needs(Permission.CARDS_BLOCK)]


class NewCard(Body):
    """The number of a card that lies ready; without it one of our own range is made."""

    number: Line | None = None


@router.get("/customers/{customer_id}/cards", name="cards", response_model=CardsView)
def cards(act: View, customer_id: RowId) -> Response:
    """The customer's cards, the newest first."""
    record(act.session, customer_id)
    return _region(act, customer_id, FormState())


def cards_refused(act: Act, form: FormState) -> Response:
    """The cards with what was refused."""
    asked = act.request.path_params
    customer_id = (
        int(asked["customer_id"])
        if "customer_id" in asked
        else queries.card(act.session, int(asked["card_id"])).customer_id
    )
    return _region(act, customer_id, form)


@router.post("/customers/{customer_id}/cards", name="cards.issue", status_code=201, response_model=CardLine)
@again(cards_refused)
def issue(act: Issue, customer_id: RowId, body: NewCard | None = None) -> Response:
    """Give the customer one more card."""
    number = body.number if body else None
    made = commands.give_card(act.session, customer_id, number=number or None, now=act.now, by=act.by)
    return _done(act, made, T("The card is the customer's."))


@router.get("/cards/{card_id}", name="cards.card", response_model=CardPage)
def card(act: View, card_id: RowId) -> Response:
    """A card as codes that a scanner reads from paper or from a phone."""
    return act.answer(card_page(act, card_id), "cards/card.html")


def replacement_page(act: Act, form: FormState) -> Response:
    """The form of a replacement, as a dialog or a page; what is wrong with the number stands beside it."""
    row = queries.card(act.session, int(act.request.path_params["card_id"]))
    form.values.clear()
    if "card" in form.errors:
        form.errors["number"] = form.errors.pop("card")
    return act.answer(card_line(act, row), "cards/_replace.html" if act.htmx else "cards/replace.html", form=form)


@router.get("/cards/{card_id}/replacements/new", name="cards.replace.form", response_model=CardLine)
def replacement_form(act: Issue, card_id: RowId) -> Response:  # noqa: ARG001
    """The form of a replacement."""
    return replacement_page(act, FormState())


@router.post("/cards/{card_id}/replacements", name="cards.replace", status_code=201, response_model=CardLine)
@again(replacement_page)
def replace(act: Issue, card_id: RowId, body: NewCard | None = None) -> Response:
    """Give another card in place of this one, which from now on says that it was replaced."""
    number = body.number if body else None
    made = commands.replace_card(act.session, card_id, number=number or None, now=act.now, by=act.by)
    return _done(act, made, T("The card is replaced. The old one doesn't identify any more."))


@router.post("/cards/{card_id}/losses", name="cards.lose", status_code=201, response_model=CardLine)
@again(cards_refused)
def lose(act: Issue, card_id: RowId) -> Response:
    """Report a card lost: whoever shows it isn't identified by it."""
    return _state(act, card_id, CardState.LOST, T("The card is reported lost."))


@router.post("/cards/{card_id}/blocks", name="cards.block", status_code=201, response_model=CardLine)
@again(cards_refused)
def block(act: Block, card_id: RowId) -> Response:
    """Block a card."""
    return _state(act, card_id, CardState.BLOCKED, T("The card is blocked."))


@router.post("/cards/{card_id}/releases", name="cards.release", status_code=201, response_model=CardLine)
@again(cards_refused)
def release(act: Block, card_id: RowId) -> Response:
    """Let a card that was blocked or found again identify its customer."""
    return _state(act, card_id, CardState.ACTIVE, T("The card identifies the customer again."))


def _state(act: Act, card_id: int, state: CardState, said: Text) -> Response:
    return _done(act, commands.set_card_state(act.session, card_id, state, now=act.now, by=act.by), said)


def _region(act: Act, customer_id: int, form: FormState, *, status: int = 200, **headers: str) -> Response:
    template = "cards/_cards.html" if act.htmx else "cards/cards.html"
    return act.answer(cards_view(act, customer_id), template, form=form, status=status, **headers)


def _done(act: Act, made: queries.CardRow, said: Text) -> Response:
    """The region again for htmx, the customer's page for a form, the card for a machine."""
    if not act.htmx:
        return act.done(card_line(act, made), f"/customers/{made.customer_id}")
    triggers = json.dumps({"dialogclose": True, "toast": {"text": say(said), "kind": "ok"}})
    return _region(act, made.customer_id, FormState(), status=201, **{"HX-Trigger": triggers})
