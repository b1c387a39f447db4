"""What is done to prepaid and gift cards: given, loaded, refunded, put right, blocked, unlocked and replaced."""

from typing import Annotated, Self

from fastapi import APIRouter, Query
from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from erp_club.permissions.catalog import Permission
from erp_club.purchases.sale import MOST_MINOR
from erp_club.stored_value.errors import no_payment
from erp_club.stored_value.issued import commands
from erp_club.stored_value.issued import queries as issued
from erp_club.stored_value.issued.commands import ToIssue
from erp_club.stored_value.kinds import CardState
from erp_club.stored_value.models import BEARER
from erp_club.stored_value.numbers import spoken
from erp_club.stored_value.products.queries import product_by_code, products
from web.declared import BIG_MINOR, Fresh
from web.deps import Act, ActRoute, needs
from web.fields import AmountText, Body, RowId, Storable, Word
from web.forms import FormState
from web.payment_bodies import CardAmount, Pin
from web.refusals import again
from web.routes.stored_value import card_again
from web.views.stored_value import CardProductsPage, RefundForm, ValueCardLine, card_line, product_line
from web.views.stored_value import refund_form as refund_view

router = APIRouter(route_class=ActRoute, tags=["stored value"])
Give = Annotated[Act, needs(Permission.STORED_VALUE_GIVE)]
Giving = Annotated[Act, needs(Permission.STORED_VALUE_GIVE, fresh=Fresh.BIG)]
Adjusting = Annotated[Act, needs(Permission.STORED_VALUE_EDIT, fresh=Fresh.BIG)]
Block = Annotated[Act, needs(Permission.STORED_VALUE_BLOCK)]
Reason = Annotated[str, StringConstraints(min_length=3, max_length=200), Storable]
Seq = Annotated[int, Field(ge=1, le=2**63 - 1)]
Refunding = Annotated[Act, needs(Permission.STORED_VALUE_REFUND, fresh=Fresh.BIG)]
Typed = Annotated[AmountText, Field(ge=1, le=MOST_MINOR)]


class Amount(Body):
    """An amount: `amount_minor` by a machine, `amount` as somebody types it."""

    amount_minor: CardAmount | None = None
    amount: Typed | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.amount_minor is None) == (self.amount is None):
            raise PydanticCustomError("missing", "one of amount_minor and amount")
        return self

    @property
    def minor(self) -> int:
        """The amount in minor units."""
        return self.amount_minor or self.amount or 0


class GivenCard(Amount):
    """A card to give away with money on it: of a kind (by its code), perhaps to a customer, for a reason.

    `number` is that of a card that lies ready; without it one is made, with the `pin` that the customer chooses where
    the kind has one.
    """

    product: Word
    reason: Reason
    customer_id: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    number: Word | None = None
    pin: Pin | None = None


class Refund(Amount):
    """How much to give back of a payment by the card, which its movement's `seq` names, and perhaps why."""

    payment: Seq
    reason: Reason | None = None


class Adjustment(Body):
    """By how much to put right what lies on the card, up or down, and why."""

    amount_minor: Annotated[int, Field(ge=-MOST_MINOR, le=MOST_MINOR)] | None = None
    amount: Annotated[AmountText, Field(ge=-MOST_MINOR, le=MOST_MINOR)] | None = None
    reason: Reason

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.amount_minor or self.amount):
            raise PydanticCustomError("missing", "an amount that isn't 0")
        return self


class Replacement(Body):
    """The card that takes over: one that lies ready, by its number; else one is made, with the PIN if it has one."""

    number: Word | None = None
    pin: Pin | None = None


class NewValueCard(ValueCardLine):
    """A card that was just made or given; its whole number is told this once."""

    whole_number: str
    spoken: str


def give_page(act: Act, form: FormState) -> Response:
    """The form that gives a card."""
    form.values.pop("pin", None)
    view = CardProductsPage(products=[product_line(row) for row in products(act.session) if row.state == "active"])
    return act.answer(view, "stored_value/give.html", form=form)


@router.get("/stored-value-cards/new", name="stored_value.give.form", response_model=CardProductsPage)
def give_form(act: Give) -> Response:
    """The form that gives a card."""
    return give_page(act, FormState())


@router.post("/stored-value-cards", name="stored_value.give", status_code=201, response_model=NewValueCard)
@again(give_page)
def give(act: Giving, body: GivenCard) -> Response:
    """Give a card with money on it, without a sale: at joining, on a birthday, for goodwill.

    Cards are sold by `POST /purchases`, with the article of their kind.
    """
    if body.minor > BIG_MINOR:
        act.ask_who()
    kind = product_by_code(act.session, body.product)
    wanted = ToIssue(kind.id, body.minor, body.number, body.pin, body.customer_id or BEARER)
    made = commands.give_card(act.session, wanted, reason=body.reason, now=act.now, today=act.today, by=act.by)
    return _new(act, made.card.key.card_id, lay_ready=body.number is not None)


def _new(act: Act, card_id: int, *, lay_ready: bool) -> Response:
    row, url = issued.card(act.session, card_id, today=act.today), f"/stored-value-cards/{card_id}"
    view = NewValueCard(**card_line(row).model_dump(), whole_number=row.number, spoken=spoken(row.number))
    # Of a card that was made now nobody has the number: a person sees it here, or nowhere.
    return act.done(view, url) if lay_ready else act.answer(view, "stored_value/made.html", status=201, Location=url)


@router.post("/stored-value-cards/{card_id}/loads", name="stored_value.load", status_code=201,
             response_model=ValueCardLine)  # fmt: skip
@again(card_again)
def load(act: Annotated[Act, needs(Permission.STORED_VALUE_LOAD)], card_id: RowId, body: Amount) -> Response:
    """Load a prepaid card with money that was taken elsewhere; a sale loads it with an article of its kind."""
    commands.load_card(act.session, card_id, body.minor, now=act.now, today=act.today, by=act.by)
    return _done(act, card_id)


def refund_page(act: Act, form: FormState) -> Response:
    """The form that gives back a payment, which the address or the form itself names."""
    seq = str(form.values.get("payment") or act.request.query_params.get("payment") or "")
    if not (seq.isascii() and seq.isdecimal() and len(seq) < 19):
        raise no_payment()
    view = refund_view(act, int(act.request.path_params["card_id"]), int(seq))
    return act.answer(view, "stored_value/_refund.html" if act.htmx else "stored_value/refund.html", form=form)


@router.get("/stored-value-cards/{card_id}/refunds/new", name="stored_value.refund.form", response_model=RefundForm)
def refund_form(
    act: Annotated[Act, needs(Permission.STORED_VALUE_REFUND)], card_id: RowId, payment: Annotated[Seq, Query()]
) -> Response:
    """The form that gives back a payment, or a part of it."""
    del card_id, payment
    return refund_page(act, FormState())


@router.post("/stored-value-cards/{card_id}/refunds", name="stored_value.refund", status_code=201,
             response_model=ValueCardLine)  # fmt: skip
@again(refund_page)
def refund(act: Refunding, card_id: RowId, body: Refund) -> Response:
    """Give back a payment, or a part of it, to the card that made it.

    Beyond the person's limit: 403 `approval-required`; a big one: `proof-needed`.
    """
    if body.minor > BIG_MINOR:
        act.ask_who()
    commands.refund_payment(
        act.session, card_id, body.payment, body.minor, reason=body.reason, now=act.now, today=act.today, by=act.by
    )
    return _done(act, card_id)


@router.post("/stored-value-cards/{card_id}/adjustments", name="stored_value.adjust", status_code=201,
             response_model=ValueCardLine)  # fmt: skip
@again(card_again)
def adjust(act: Adjusting, card_id: RowId, body: Adjustment) -> Response:
    """Put right what lies on a card, with the reason."""
    amount = body.amount_minor or body.amount or 0
    if abs(amount) > BIG_MINOR:
        act.ask_who()
    commands.adjust_card(act.session, card_id, amount, reason=body.reason, now=act.now, today=act.today, by=act.by)
    return _done(act, card_id)


@router.post("/stored-value-cards/{card_id}/replacements", name="stored_value.replace", status_code=201,
             response_model=NewValueCard)  # fmt: skip
@again(card_again)
def replace(act: Block, card_id: RowId, body: Replacement | None = None) -> Response:
    """Move what is on a lost, blocked or worn card to another one, and close it."""
    number, pin = (body.number, body.pin) if body else (None, None)
    key = commands.replace_card(act.session, card_id, number=number, pin=pin, now=act.now, today=act.today, by=act.by)
    return _new(act, key.card_id, lay_ready=number is not None)


@router.post("/stored-value-cards/{card_id}/blocks", name="stored_value.block", status_code=201,
             response_model=ValueCardLine)  # fmt: skip
@again(card_again)
def block(act: Block, card_id: RowId) -> Response:
    """Block a card: nobody pays with it until it is released."""
    return _state(act, card_id, CardState.BLOCKED)


@router.post("/stored-value-cards/{card_id}/losses", name="stored_value.lose", status_code=201,
             response_model=ValueCardLine)  # fmt: skip
@again(card_again)
def lose(act: Block, card_id: RowId) -> Response:
    """Report a card lost; what is on it can be moved to another one."""
    return _state(act, card_id, CardState.LOST)


@router.post("/stored-value-cards/{card_id}/releases", name="stored_value.release", status_code=201,
             response_model=ValueCardLine)  # fmt: skip
@again(card_again)
def release(act: Block, card_id: RowId) -> Response:
    """Let a card be used that was blocked, or was found again."""
    return _state(act, card_id, CardState.ACTIVE)


@router.post("/stored-value-cards/{card_id}/unlockings", name="stored_value.unlock", status_code=201,
             response_model=ValueCardLine)  # fmt: skip
@again(card_again)
def unlock(act: Block, card_id: RowId) -> Response:
    """Let a card be used again that five wrong PINs have locked."""
    commands.unlock_card(act.session, card_id, now=act.now, by=act.by)
    return _done(act, card_id)


def _state(act: Act, card_id: int, state: CardState) -> Response:
    commands.set_card_state(act.session, card_id, state, now=act.now, by=act.by)
    return _done(act, card_id)


def _done(act: Act, card_id: int) -> Response:
    row = issued.card(act.session, card_id, today=act.today)
    return act.done(card_line(row), f"/stored-value-cards/{card_id}")
