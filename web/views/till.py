"""What the till's page shows, put together from the basket, the customer and the clubs: a fixed number of queries."""

import datetime as dt
import uuid
from dataclasses import asdict

from pydantic import BaseModel, Field

from erp_club.customers.models import UNIDENTIFIED
from erp_club.customers.record import Found
from erp_club.kernel.money import Rounding, round_div
from erp_club.promotions.engine.priced import PricedLine
from erp_club.purchases.asked import Asked
from erp_club.purchases.baskets import queries
from erp_club.purchases.baskets.entering import Entered
from erp_club.purchases.baskets.entry import new_customer
from erp_club.purchases.baskets.pricing import OpenPrice, price_open
from erp_club.purchases.fees.queries import fees_of_basket
from erp_club.purchases.models import Basket
from erp_club.purchases.priced import PricedBasket
from erp_club.purchases.pricing import price_basket
from erp_club.purchases.quotes.told import NOBODY, Buyer
from erp_club.purchases.sale import line_amount, rounding
from web.coupon_entry import place_of
from web.deps import Act
from web.security import SAFE_METHODS
from web.views.benefits import TillBenefits, benefits_view
from web.views.customers import found_line
from web.views.fees import FeeView, fee_view
from web.views.panel import Panel, panel_view
from web.views.purchases import LineDiscount, quantity_text
from web.views.quotes import discounts_by_line, offer_name
from web.views.slip import Slip, slip_view

PAID_SHOWN = dt.timedelta(minutes=15)
"""How long the page of a till stays on the receipt of the sale before."""


class TillLine(BaseModel):
    """A line of the basket. `price_minor` is for one unit at the price list in force, `regular_minor` without any.

    `list_minor` and `amount_minor` are for the whole line, before and after discounts. `fee`: what a membership costs
    or gives, which is removed to give it up; `fee_for` says which.
    """

    line_no: int
    sku: str
    name: str
    quantity: str
    quantity_milli: int = Field(exclude=True)
    regular_minor: int
    price_minor: int
    list_minor: int
    amount_minor: int
    discounts: list[LineDiscount]
    fee: bool = False
    fee_for: FeeView | None = None


class TillGift(BaseModel):
    """What an offer adds to the basket for nothing; `list_minor` is what it would cost."""

    sku: str
    name: str
    quantity: str
    list_minor: int
    offer: str


class HeldSale(BaseModel):
    """A sale on hold."""

    basket_id: uuid.UUID
    opened_at: dt.datetime
    customer: str
    items: int
    total_minor: int


class Choice(BaseModel):
    """One of several customers that an entry may mean."""

    customer_id: int
    number: str
    name: str
    mobile: str | None
    city: str | None


class ProductChoice(BaseModel):
    """One of several products that an entry may mean, or one whose price was asked; `entry` puts it into the basket.

    `price_minor` is for one, at the price list in force for the customer of the sale; `regular_minor` without any.
    """

    entry: str
    sku: str
    name: str
    price_minor: int
    regular_minor: int


class PaidSale(BaseModel):
    """The sale before, until the next one begins. `tendered_minor` is there for cash."""

    receipt_id: int
    due_minor: int
    tendered_minor: int | None
    change_minor: int
    slip: Slip


class Newcomer(BaseModel):
    """What is known already of somebody who could be opened as new."""

    phone: str
    given_name: str
    family_name: str
    id_zone: str


class TillPage(BaseModel):
    """The till: the open basket, who buys, and what waits. `hot` is the line that was just changed.

    `paid` is the sale just paid, `before` the same beside an empty basket: its change may not be handed over yet.

    `list_minor` is what the items cost at their price list, `saved_minor` what is off their regular price in all.
    """

    basket_id: uuid.UUID | None
    lines: list[TillLine]
    gifts: list[TillGift]
    hot: int | None
    items: int
    list_minor: int
    saved_minor: int
    total_minor: int
    cash_rounding_minor: int
    benefits: TillBenefits
    customer: Panel | None
    choices: list[Choice]
    products: list[ProductChoice]
    more_choices: bool
    newcomer: Newcomer | None
    held: list[HeldSale]
    paid: PaidSale | None
    before: PaidSale | None
    idle_minutes: int


def till_view(act: Act, entered: Entered | None = None, *, typed: str = "") -> TillPage:
    """The till as it stands now, with what an entry did.

    `typed` is an entry that found nobody, from which a new customer may be offered.
    """
    entered = entered or Entered()
    opened = queries.opened(act.session, act.terminal.id)
    empty = opened is not None and not opened.lines and opened.customer_id == UNIDENTIFIED
    last = queries.last_paid(act.session, act.terminal.id) if opened is None or empty else None
    settled = _paid(act, last) if last else None
    held = queries.held(act.session, act.terminal.id) if opened is None or opened.holding else []
    price = price_now(act, opened) if opened else None
    priced = price.basket.priced if price else None
    known = opened is not None and opened.customer_id != UNIDENTIFIED
    lines = opened.lines if opened else []
    total = priced.total_minor if priced else 0
    fresh = new_customer(typed)
    return TillPage(
        basket_id=opened.basket_id if opened else None,
        lines=_lines(act, opened, price) if opened and price else [],
        gifts=_gifts(price.basket) if price else [],
        hot=entered.line_no,
        items=queries.count_items([line.line.quantity_milli for line in lines]),
        list_minor=priced.list_minor if priced else 0,
        saved_minor=priced.regular_minor - total if priced else 0,
        total_minor=total,
        cash_rounding_minor=rounding(total, 0, act.chain.currency),
        benefits=benefits_view(price, currency=act.chain.currency) if price else TillBenefits(),
        customer=_panel(act, opened.customer_id, price) if opened and price and known else None,
        choices=[_choice(act, each) for each in entered.found],
        products=_products(act, entered, opened),
        more_choices=entered.more,
        newcomer=Newcomer(**asdict(fresh)) if fresh else None,
        held=[_held(each) for each in held],
        paid=None if opened else settled,
        before=settled if opened else None,
        idle_minutes=act.settings.till_idle_minutes,
    )


def _panel(act: Act, customer_id: int, price: OpenPrice) -> Panel:
    earns, benefits = price.basket.points_by_club, price.next_benefits
    return panel_view(act, customer_id, earns=earns, benefits=benefits, points_by=price.points)


def price_now(act: Act, opened: queries.Opened) -> OpenPrice:
    """The open basket at its price; after a write its coupons are held for another while."""
    hold = act.request.method not in SAFE_METHODS
    return price_open(act.session, act.terminal, opened, now=act.now, by=act.by, hold=hold)


def total_now(act: Act) -> int | None:
    """What the open basket comes to, as it is about to be laid aside; None where nothing lies in it."""
    opened = queries.opened(act.session, act.terminal.id)
    return price_now(act, opened).basket.priced.total_minor if opened and opened.lines else None


def _lines(act: Act, opened: queries.Opened, price: OpenPrice) -> list[TillLine]:
    by_line, lines = discounts_by_line(price.basket), opened.lines
    fees = fees_of_basket(act.session, opened.basket_id) if any(line.fee_id for line in lines) else {}
    return [
        TillLine(
            line_no=line.line_no,
            sku=line.sku,
            name=line.name,
            quantity=quantity_text(line.line.quantity_milli),
            quantity_milli=line.line.quantity_milli,
            regular_minor=line.price_minor,
            price_minor=unit_price(priced) if _is_less(priced, line) else line.price_minor,
            list_minor=priced.list_minor,
            amount_minor=priced.total_minor,
            discounts=by_line.get(priced.id, []),
            fee=line.is_bound,
            fee_for=fee_view(fees.get(line.line_no), price.joining.get(index)),
        )
        for index, (line, priced) in enumerate(zip(lines, price.basket.priced.lines, strict=False))
    ]


def _is_less(priced: PricedLine, line: queries.Line) -> bool:
    """Whether a list, or a fee that the sale waives, makes it cheaper than it is by itself."""
    return priced.list_minor != priced.regular_minor or (line.is_bound and priced.list_minor < line.price_minor)


def unit_price(line: PricedLine) -> int:
    """What one costs at the price list in force."""
    return round_div(line.list_minor * 1000, line.quantity_milli, Rounding.HALF_UP)


def _gifts(basket: PricedBasket) -> list[TillGift]:
    return [
        TillGift(
            sku=line.product,
            name=basket.products[line.product].name,
            quantity=quantity_text(line.quantity_milli),
            list_minor=line_amount(basket.products[line.product].price_minor, line.quantity_milli),
            offer=offer_name(basket, line.added_by),
        )
        for line in basket.priced.lines
        if line.added_by
    ]


def _choice(act: Act, found: Found) -> Choice:
    line = found_line(act, found)
    name = f"{line.given_name} {line.family_name}".strip()
    return Choice(customer_id=line.customer_id, number=line.number, name=name, mobile=line.mobile, city=line.city)


def _products(act: Act, entered: Entered, opened: queries.Opened | None) -> list[ProductChoice]:
    if not entered.products:
        return []
    buyer = Buyer(opened.customer_id) if opened and opened.customer_id != UNIDENTIFIED else NOBODY
    asked = Asked(lines=tuple((sku, 1000) for sku in entered.products), buyer=buyer)
    basket = price_basket(act.session, asked, place_of(act, act.now))
    times = f"{quantity_text(entered.quantity_milli)}*" if entered.quantity_milli != 1000 else ""
    return [
        ProductChoice(
            entry=times + product.sku,
            sku=product.sku,
            name=product.name,
            price_minor=line.list_minor,
            regular_minor=line.regular_minor,
        )
        for product, line in zip(basket.products_of_lines, basket.priced.lines, strict=True)
        if not line.added_by
    ]


def _held(held: queries.Held) -> HeldSale:
    return HeldSale(
        basket_id=held.basket_id,
        opened_at=held.opened_at,
        customer=f"{held.given_name} {held.family_name}".strip(),
        items=held.items,
        total_minor=held.total_minor,
    )


def _paid(act: Act, basket: Basket) -> PaidSale | None:
    """The sale just paid: shown to whoever took the money, for a while."""
    assert basket.receipt_id is not None
    assert basket.paid_at is not None
    if basket.staff_id != act.by.staff_id or act.now - basket.paid_at > PAID_SHOWN:
        return None
    slip = slip_view(act, basket.receipt_id)
    by_cards = sum(each.amount_minor for each in slip.payments if each.card is not None)
    due = slip.total_minor + slip.rounding_minor - by_cards
    change = basket.tendered_minor - due if basket.tendered_minor is not None else 0
    return PaidSale(
        receipt_id=basket.receipt_id,
        due_minor=due,
        tendered_minor=basket.tendered_minor,
        change_minor=change,
        slip=slip,
    )
