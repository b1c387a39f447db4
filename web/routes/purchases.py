"""Sales: posted as a till of another make does it, listed, opened, and printed."""

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints
from starlette.responses import Response

from erp_club.customers import queries as customers
from erp_club.kernel.money import to_text
from erp_club.kernel.prepared import Ahead
from erp_club.organisation.queries import stores
from erp_club.permissions.catalog import Permission
from erp_club.permissions.places import TerminalFacts
from erp_club.purchases import commands
from erp_club.purchases.plans import paid_by_means
from erp_club.purchases.quotes.commands import sale_key
from erp_club.purchases.sale import MOST_MINOR, CardClaim, CardToSell, Payment
from erp_club.purchases.settled import Order
from erp_club.receipts import queries
from erp_club.receipts.queries import ReceiptFilters, ReceiptRow
from erp_club.stored_value.proof.commands import Entered
from web import i18n, lists
from web import store_picking as picking
from web.after_sale import find_segments_again
from web.basket_bodies import BasketBody, PointsToUse, SaleId, asked_ahead, asked_of
from web.coupon_entry import place_of
from web.deps import Act, ActRoute, needs, wants_html
from web.fields import AmountText, AskedDay, RowId, Storable, Unsaid
from web.identities import Foreseen
from web.payment_bodies import PaidWith, SoldCard
from web.scopes import receipts_within
from web.store_picking import StoreName
from web.taken_out import taken_out
from web.value_entry import proven
from web.views.posted import Purchase, purchase_of
from web.views.purchases import (
    SORTS,
    CustomerPurchases,
    PurchaseRow,
    PurchaseView,
    counted,
    customer_purchases_view,
    purchase_view,
    rows_view,
)
from web.views.slip import Slip, slip_view

router = APIRouter(route_class=ActRoute, tags=["purchases"])
ReceiptNo = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,50}$")]
View = Annotated[Act, needs(Permission.PURCHASES_VIEW)]


class NewPurchase(BasketBody, Foreseen):
    """A sale. The receipt's number is unique in the store for ever.

    `quote_id` names the quote whose price it takes; another basket, or one whose time is over, is priced anew.
    Payments cover the discounted total exactly. What isn't paid by card is paid in cash and rounded to the smallest
    coin.
    """

    receipt_no: Annotated[ReceiptNo, Field(description="1 to 50 visible ASCII characters", examples=["3-000017"])]
    sold_at: Annotated[
        AwareDatetime | None, Field(description="With offset; now where left out; at most 31 days ago")
    ] = None
    quote_id: uuid.UUID | None = None
    sale_id: Annotated[
        SaleId | None,
        Field(description="The till's name for the sale; else that of the quote, else the receipt's number"),
    ] = None
    payments: Annotated[list[PaidWith], Field(max_length=20)] = []
    cards: Annotated[list[SoldCard], Field(max_length=100)] = []
    expected_total_minor: Annotated[
        int | None, Field(ge=0, le=MOST_MINOR, description="Refused as total-changed where our total is another")
    ] = None

    def ahead(self, till: TerminalFacts, now: dt.datetime) -> Ahead | None:
        """What its price asks; a quoted one asks nothing while it holds."""
        return asked_ahead(self, till, self.sold_at or now, now=now) if self.quote_id is None else None


class StoreChoice(BaseModel):
    """A store to filter by."""

    id: int
    code: str
    name: str


class PurchaseFilters(BaseModel):
    """What the list is narrowed to; days and amounts are included at both ends."""

    text: str | None
    store: int | None
    first: dt.date | None
    last: dt.date | None
    identified: bool | None
    least_minor: int | None
    most_minor: int | None

    @property
    def least(self) -> str:
        """The smallest total as it is typed."""
        return "" if self.least_minor is None else to_text(self.least_minor)

    @property
    def most(self) -> str:
        """The largest total as it is typed."""
        return "" if self.most_minor is None else to_text(self.most_minor)


class PurchasesPage(BaseModel):
    """The receipts that match."""

    filters: PurchaseFilters
    state: lists.ListState
    currency: str
    stores: list[StoreChoice]
    purchases: list[PurchaseRow]


@router.post("/purchases", name="purchases.post", status_code=201, response_model=Purchase)
def post_purchase(act: Annotated[Act, needs(Permission.SALES_POST, at_till=True)], body: NewPurchase) -> Response:
    """Post a sale in the till's store, with its offers, coupons and points.

    With `quote_id` at the price that was quoted, while it holds and the basket is the same; else priced anew.
    """
    claims = claims_of(act, body)
    place = place_of(act, body.sold_at or act.now)
    sold = commands.sell(act.session, order_of(body, act.terminal.id, claims), place, currency=act.chain.currency)
    find_segments_again(act, sold.posted.customer_id)
    return act.done(purchase_of(sold), f"/purchases/{sold.posted.receipt_id}")


def claims_of(act: Act, body: NewPurchase) -> tuple[CardClaim, ...]:
    """The cards that pay, proven."""
    paying = [(number, each) for number, each in enumerate(body.payments) if each.card is not None]
    entries = [Entered(each.card or "", each.pin, f"payments[{number}].card") for number, each in paying]
    keys = proven(act, entries, also=[card.number for card in body.cards if card.number])
    return tuple(
        CardClaim(key, each.amount_minor, f"payments[{number}].card")
        for key, (number, each) in zip(keys, paying, strict=True)
    )


def order_of(body: NewPurchase, terminal_id: int, claims: tuple[CardClaim, ...]) -> Order:
    """A sale as it is sent, with the cards that pay."""
    in_points = [PointsToUse(points=each.points, club=each.club) for each in body.payments if each.points]
    in_money = [each for each in body.payments if each.paid_by is not None]
    means = tuple(dict.fromkeys(each.means for each in in_money))
    # A card without an amount gives what is left to pay: how much that is, is known once the basket is priced.
    rest = {each.paid_by for each in in_money if each.amount_minor is None}
    said = [
        Payment(each.paid_by, each.amount_minor, called=each.called)
        for each in in_money
        if each.paid_by and each.amount_minor
    ]
    return Order(
        receipt_no=body.receipt_no,
        asked=asked_of(
            body,
            sale_id=sale_key(terminal_id, body.sale_id or body.receipt_no),
            means=means,
            points=in_points,
            paid=paid_by_means([each for each in said if each.means not in rest]),
        ),
        payments=tuple(
            Payment(each.paid_by, each.amount_minor, called=each.called)
            for each in in_money
            if each.paid_by and each.card is None and each.amount_minor
        ),
        claims=claims,
        cards=tuple(CardToSell(each.sku, each.amount_minor, each.number, each.pin) for each in body.cards),
        quote_id=body.quote_id,
        sale_of_quote=body.sale_id is None,
        expected_total_minor=body.expected_total_minor,
    )


def asked(
    text: Annotated[str | None, Query(max_length=100, description="A receipt number"), Storable, Unsaid] = None,
    store: Annotated[int | None, Query(ge=0, lt=2**31), Unsaid] = None,
    first: Annotated[AskedDay, Query(description="The first day, included")] = None,
    last: Annotated[AskedDay, Query(description="The last day, included")] = None,
    identified: Annotated[Literal["yes", "no"] | None, Query(), Unsaid] = None,
    least: Annotated[AmountText | None, Query(description="The smallest total, such as 12.50"), Unsaid] = None,
    most: Annotated[AmountText | None, Query(description="The largest total"), Unsaid] = None,
) -> ReceiptFilters:
    """The filters in the address."""
    return ReceiptFilters(
        text=text.strip() if text else None,
        store_id=store,
        first=first,
        last=last,
        identified=None if identified is None else identified == "yes",
        least_minor=least,
        most_minor=most,
    )


Asked = Annotated[ReceiptFilters, Depends(asked)]


def _at_store(act: Act, filters: ReceiptFilters, store_name: str | None) -> ReceiptFilters:
    """With the store that somebody has typed. Raises Invalid."""
    if store_name is None:
        return filters
    return replace(filters, store_id=picking.meant(stores(act.session), store_name, "store_name").id)


@router.get("/purchases", name="purchases", response_model=PurchasesPage)
def purchases(act: View, filters: Asked, store_name: StoreName = None) -> Response:
    """Receipts, the latest first where the address doesn't say."""
    filters = receipts_within(act.by, _at_store(act, filters, store_name))
    state = lists.list_state(act.request, sorts=SORTS, direction="desc")
    state = counted(act, state, filters)
    rows = queries.listing(
        act.session,
        filters,
        sort=state.sort,
        descending=state.descending,
        offset=state.offset,
        limit=state.per_page,
    )
    view = PurchasesPage(
        filters=PurchaseFilters(
            text=filters.text,
            store=filters.store_id,
            first=filters.first,
            last=filters.last,
            identified=filters.identified,
            least_minor=filters.least_minor,
            most_minor=filters.most_minor,
        ),
        state=state,
        currency=act.chain.currency,
        stores=[StoreChoice(id=store.id, code=store.code, name=store.name) for store in stores(act.session)],
        purchases=rows_view(rows),
    )
    return act.answer(view, "purchases/_list.html" if act.htmx else "purchases/list.html")


@router.get("/purchases.{suffix}", name="purchases.file", responses=lists.FILE_ANSWERS)
def purchases_file(
    act: Annotated[Act, needs(Permission.PURCHASES_EXPORT, fresh=True)],
    suffix: Literal["csv", "xlsx"],
    filters: Asked,
    store_name: StoreName = None,
) -> Response:
    """The same receipts as a file; times are the store's."""
    filters = receipts_within(act.by, _at_store(act, filters, store_name), Permission.PURCHASES_EXPORT)
    state = lists.list_state(act.request, sorts=SORTS, direction="desc")
    found = queries.every(act.session, filters, sort=state.sort, descending=state.descending)
    return taken_out(act, f"purchases.{suffix}", _HEADER, _cells(found))


_HEADER = (
    "receipt_no", "store", "sold_at", "customer_number", "customer", "lines", "list_amount", "amount", "rounding"
)  # fmt: skip


def _cells(rows: Iterator[ReceiptRow]) -> Iterator[tuple[lists.Cell, ...]]:
    for row in rows:
        amounts = (Decimal(minor).scaleb(-2) for minor in (row.list_minor, row.total_minor, row.rounding_minor))
        number = row.customer_number if row.customer_id else None
        yield (row.receipt_no, row.store_code, row.local_time, number, row.customer or None, row.lines, *amounts)


@router.get("/purchases/{purchase_id}", name="purchases.purchase", response_model=PurchaseView)
def purchase(act: View, purchase_id: RowId) -> Response:
    """A receipt with its lines, payments and points."""
    return act.answer(purchase_view(act, purchase_id), "purchases/purchase.html")


@router.get("/purchases/{purchase_id}/slip", name="purchases.slip", response_model=Slip)
def slip(act: View, purchase_id: RowId) -> Response:
    """The receipt as it is printed on paper of 80 mm, in the customer's language where that is known."""
    view = slip_view(act, purchase_id)
    i18n.speak(view.language)
    return act.answer(view, "till/slip.html")


@router.get("/customers/{customer_id}/purchases", name="purchases.of_customer", response_model=CustomerPurchases)
def purchases_of_customer(act: View, customer_id: RowId) -> Response:
    """A customer's purchases, the latest first; a person is led to the customer's page."""
    customers.record(act.session, customer_id)
    view = customer_purchases_view(act, customer_id)
    if wants_html(act.request) and not act.htmx:
        return act.see_other(f"/customers/{customer_id}?tab=purchases")
    return act.answer(view, "purchases/_customer_purchases.html")
