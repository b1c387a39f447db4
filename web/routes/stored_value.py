"""Prepaid and gift cards: the list, one card, giving and loading, blocking and replacing, and what a bearer asks."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import BaseModel, StringConstraints
from starlette.responses import Response

from erp_club.permissions.catalog import Permission
from erp_club.programmes.queries import names_written
from erp_club.stored_value import queries
from erp_club.stored_value.issued import queries as issued
from erp_club.stored_value.issued.queries import CardFilters, CardRow, Standing
from erp_club.stored_value.numbers import compact, masked
from erp_club.stored_value.products import queries as products
from erp_club.stored_value.proof.commands import Entered
from web import lists
from web.deps import Act, ActRoute, needs, wants_html
from web.fields import AskedDay, Body, RowId, Storable, Unsaid, Word
from web.formats import localised_word
from web.forms import FormState
from web.payment_bodies import Pin
from web.refusals import again
from web.taken_out import taken_out
from web.value_entry import proven
from web.views.stored_value import (
    Balance,
    FoundValueCard,
    ValueCardPage,
    ValueCardsPage,
    balance_view,
    card_line,
    card_page,
    product_line,
)

router = APIRouter(route_class=ActRoute, tags=["stored value"])
View = Annotated[Act, needs(Permission.STORED_VALUE_VIEW)]
TakingOut = Annotated[Act, needs(Permission.STORED_VALUE_VIEW, fresh=True)]
ASKS = "it keeps nothing but the count of wrong entries"
HEADER = (
    "number", "kind", "product", "standing", "balance", "usable", "first_end", "customer_number", "customer",
    "issued_at",
)  # fmt: skip
MOVEMENTS_HEADER = ("at", "kind", "amount", "balance", "receipt", "reason", "store", "till", "staff")


class Enquiry(Body):
    """The number of a card, and its PIN where it has one."""

    number: Word
    pin: Pin | None = None


class CardSearch(Body):
    """A card's whole number, however it is typed."""

    number: Annotated[str, StringConstraints(min_length=1, max_length=100), Storable]


class Filters(BaseModel):
    """What the list is narrowed to, as the address says it."""

    product: Annotated[int | None, Query(ge=0, lt=2**31), Unsaid] = None
    standing: Annotated[Standing | None, Query(), Unsaid] = None
    customer: Annotated[str | None, Query(max_length=100, description="A customer's number"), Storable, Unsaid] = None
    ends_before: Annotated[AskedDay, Query(description="Some of its money ends before this day")] = None

    def asked(self, act: Act) -> CardFilters:
        """As the query takes them."""
        return CardFilters(act.today, self.product, self.standing, self.customer, self.ends_before)


Asked = Annotated[Filters, Query()]


def enquiry_page(act: Act, form: FormState) -> Response:
    """The dialog that asks for a card, with what was refused. Neither number nor PIN goes back to the page."""
    form.values.clear()
    return act.answer(NO_BALANCE, "stored_value/_enquiry.html" if act.htmx else "stored_value/enquiry.html", form=form)


class EnquiryPage(BaseModel):
    """What an enquiry found; null before it."""

    balance: Balance | None


NO_BALANCE = EnquiryPage(balance=None)


@router.get("/balance-enquiries/new", name="stored_value.enquiry", response_model=EnquiryPage)
def enquiry(act: View) -> Response:
    """The dialog that asks for a card."""
    return enquiry_page(act, FormState())


@router.post("/balance-enquiries", name="stored_value.enquire", response_model=Balance)
@again(enquiry_page)
def enquire(act: Annotated[Act, needs(Permission.STORED_VALUE_VIEW, keyless=ASKS)], body: Enquiry) -> Response:
    """What can be used of a card today.

    An unknown number, a wrong PIN and a card locked by wrong ones are refused alike (422 `stored-value-refused`); too
    many of them are throttled (429).
    """
    (key,) = proven(act, [Entered(body.number, body.pin)])
    balance = balance_view(act, key)
    if not wants_html(act.request):
        return act.answer(balance, "stored_value/enquiry.html")
    template = "stored_value/_enquiry.html" if act.htmx else "stored_value/enquiry.html"
    return act.answer(EnquiryPage(balance=balance), template)


@router.get("/stored-value-cards", name="stored_value", response_model=ValueCardsPage)
def cards(act: View, filters: Asked) -> Response:
    """The cards, the newest first where the address doesn't say otherwise."""
    asked = filters.asked(act)
    state = lists.list_state(act.request, sorts=issued.SORTS, direction="desc")
    state = state.counted(issued.count(act.session, asked, most=lists.COUNTED + 1))
    rows = issued.listing(
        act.session, asked, sort=state.sort, descending=state.descending, offset=state.offset, limit=state.per_page
    )
    view = ValueCardsPage(
        product=filters.product,
        standing=filters.standing,
        customer=filters.customer,
        ends_before=filters.ends_before,
        state=state,
        products=[product_line(row) for row in products.products(act.session)],
        cards=[card_line(row) for row in rows],
    )
    return act.answer(view, "stored_value/_cards.html" if act.htmx else "stored_value/cards.html")


@router.get("/stored-value-cards.{suffix}", name="stored_value.file", responses=lists.FILE_ANSWERS)
def cards_file(act: TakingOut, suffix: Literal["csv", "xlsx"], filters: Asked) -> Response:
    """The same cards as a file, with the ends of their numbers."""
    state = lists.list_state(act.request, sorts=issued.SORTS, direction="desc")
    rows = issued.every(act.session, filters.asked(act), sort=state.sort, descending=state.descending)
    return taken_out(act, f"stored-value-cards.{suffix}", HEADER, _cells(act, rows))


def _cells(act: Act, rows: Iterator[CardRow]) -> Iterator[tuple[lists.Cell, ...]]:
    zone = ZoneInfo(act.zone)
    for row in rows:
        balance, usable = (Decimal(minor).scaleb(-2) for minor in (row.balance_minor, row.usable_minor))
        yield (
            masked(row.number), row.kind.value, row.product_code, row.standing.value, balance, usable, row.first_end,
            row.customer_number, row.customer_name, row.issued_at.astimezone(zone),
        )  # fmt: skip


@router.post("/stored-value-card-searches", name="stored_value.search", response_model=FoundValueCard)
def search(act: Annotated[Act, needs(Permission.STORED_VALUE_BLOCK, keyless="it writes nothing")],
           body: CardSearch) -> Response:  # fmt: skip
    """The card of a whole number; a person is led to its page. For those who may see and block every card."""
    card_id = issued.id_by_number(act.session, compact(body.number))
    if card_id is not None and wants_html(act.request):
        return act.see_other(f"/stored-value-cards/{card_id}")
    found = None if card_id is None else card_line(issued.card(act.session, card_id, today=act.today))
    return act.answer(FoundValueCard(card=found), "stored_value/search.html")


def card_again(act: Act, form: FormState) -> Response:
    """The card's page, with what was refused."""
    form.values.pop("pin", None)
    return act.answer(card_page(act, int(act.request.path_params["card_id"])), "stored_value/card.html", form=form)


@router.get("/stored-value-cards/{card_id}", name="stored_value.card", response_model=ValueCardPage)
def card(act: View, card_id: RowId) -> Response:
    """A card with its history."""
    return act.answer(card_page(act, card_id), "stored_value/card.html")


@router.get(
    "/stored-value-cards/{card_id}/movements.{suffix}", name="stored_value.card.file", responses=lists.FILE_ANSWERS
)
def movements_file(act: TakingOut, card_id: RowId, suffix: Literal["csv", "xlsx"]) -> Response:
    """All movements of a card as a file, the newest first, in the time of their stores."""
    key = queries.key_by_id(act.session, card_id)
    rows = _movement_cells(queries.all_movements(act.session, key), act.zone, names_written(act.session))
    return taken_out(act, f"card-{card_id}.{suffix}", MOVEMENTS_HEADER, rows)


def _movement_cells(
    found: Iterator[queries.MovementRow], zone: str, names: Mapping[str, Mapping[str, str]]
) -> Iterator[tuple[lists.Cell, ...]]:
    for row in found:
        amounts = (Decimal(minor).scaleb(-2) for minor in (row.amount_minor, row.balance_after_minor))
        at = row.at.astimezone(ZoneInfo(row.zone or zone))
        reason = localised_word(row.reason, names)
        yield at, row.kind.value, *amounts, row.receipt_no, reason, row.store, row.terminal, row.staff
