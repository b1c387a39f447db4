"""Exchanges: goods of a receipt come back beside new ones, on one receipt with one settlement, shown beforehand."""

from typing import Annotated, Literal, Self

from fastapi import APIRouter
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from erp_club.customers.models import UNIDENTIFIED
from erp_club.permissions.catalog import Permission
from erp_club.permissions.errors import not_permitted
from erp_club.purchases.exchanges import commands
from erp_club.purchases.returns.commands import Asked, check_expected
from erp_club.purchases.sale import MOST_MINOR
from erp_club.purchases.settled import Order
from erp_club.receipts import queries
from erp_club.receipts.kinds import Means
from web.after_sale import find_segments_again
from web.basket_bodies import BasketBody, SaleId
from web.coupon_entry import place_of
from web.deps import Act, ActRoute, needs, wants_html
from web.fields import AmountText, RowId
from web.forms import FormState
from web.payment_bodies import PaidBy, PaidWith, SoldCard
from web.refusals import again
from web.routes.purchases import NewPurchase, claims_of, order_of
from web.routes.returns import NewReturn, dialog, return_page, shown_at, wish_of
from web.views.exchanges import ExchangePage, ExchangeView, exchange_view
from web.views.slip import slip_view

router = APIRouter(route_class=ActRoute, tags=["purchases"])
Exchanging = Annotated[Act, needs(Permission.SALES_RETURN, at_till=True)]
LONGEST = 48
"""The return's own number has a mark after the receipt's, and no number has more than 50 signs."""


class ExchangedGoods(BasketBody):
    """The new goods. `payments` are prepaid and gift cards and points; what pays the rest, `pay` says."""

    sale_id: SaleId | None = None
    payments: Annotated[list[PaidWith], Field(max_length=20)] = []
    cards: Annotated[list[SoldCard], Field(max_length=100)] = []

    @model_validator(mode="after")
    def _rest_is_reckoned(self) -> Self:
        if any(each.means not in {PaidBy.STORED_VALUE, PaidBy.POINTS} for each in self.payments):
            raise PydanticCustomError("extra_forbidden", "what cash or a bank card pays is reckoned: say only `pay`")
        return self


class NewExchange(NewReturn):
    """What comes back, and what is bought: `goods`, or without them the till's open basket.

    `pay` is how the difference is paid where the customer pays one. With `preview` nothing is written.
    """

    goods: ExchangedGoods | None = None
    pay: Literal[Means.CASH, Means.CARD] = Means.CASH
    tendered: AmountText | None = None
    expected_due_minor: Annotated[int | None, Field(ge=-MOST_MINOR, le=MOST_MINOR)] = None

    @model_validator(mode="after")
    def _numbered_by_who_sends_goods(self) -> Self:
        if self.goods is not None and not 0 < len(self.receipt_no or "") <= LONGEST:
            raise PydanticCustomError("missing", "an exchange with goods has a receipt_no of at most 48 characters")
        return self


@router.post(
    "/purchases/{purchase_id}/exchanges", name="purchases.exchanges", status_code=201, response_model=ExchangeView
)
@again(return_page)
def exchange(act: Exchanging, purchase_id: RowId, body: NewExchange) -> Response:
    """Take goods back and sell others with one settlement, at any store. With `preview` it is told only (200)."""
    if not act.by.may(Permission.SALES_POST):
        raise not_permitted(Permission.SALES_POST)
    asked = Asked(wish_of(body), body.receipt_no, reason=body.reason, write_off=body.write_off)
    place = place_of(act, body.returned_at or act.now)
    work = commands.preview_exchange if body.preview else commands.exchange
    made = work(
        act.session,
        purchase_id,
        asked,
        _order(act, body),
        commands.Tender(body.pay, body.tendered),
        place,
        currency=act.chain.currency,
    )
    if not body.preview:
        check_expected(made.returned, body.expected_total_minor)
        commands.check_expected(made, body.expected_due_minor)
        find_segments_again(act, made.sold.posted.customer_id)
        original = made.returned.original
        find_segments_again(act, original.customer_id if original else UNIDENTIFIED)
    return _answer(act, purchase_id, exchange_view(act, made))


def _order(act: Act, body: NewExchange) -> Order | None:
    if body.goods is None:
        return None
    said = NewPurchase(receipt_no=body.receipt_no or "", sold_at=body.returned_at, **dict(body.goods))
    return order_of(said, act.terminal.id, claims_of(act, said))


def _answer(act: Act, purchase_id: int, view: ExchangeView) -> Response:
    """The preview as its dialog, or the slip of what is booked."""
    if not view.preview:
        if act.htmx:
            return dialog(act, slip_view(act, view.sold.id or 0), "exchanged", FormState())
        return act.done(view, shown_at(act, view.sold.id or 0))
    if not wants_html(act.request):
        return act.answer(view, "")
    typed: FormState = getattr(act.request.state, "form", None) or FormState()
    page = ExchangePage(
        id=purchase_id, of_receipt=queries.receipt(act.session, purchase_id).row.receipt_no, exchange=view
    )
    return dialog(act, page, "exchange", typed)
