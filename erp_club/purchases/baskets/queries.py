"""What a till shows: its open basket, the sales on hold, the last receipt, and the customer of the sale."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_club.cards.kinds import CardState
from erp_club.cards.models import Card
from erp_club.catalogue.models import Product
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.customers.queries import family_of
from erp_club.organisation.models import Store, Terminal
from erp_club.purchases.baskets import errors
from erp_club.purchases.baskets.benefits import Benefits, benefits_of
from erp_club.purchases.kinds import BasketState
from erp_club.purchases.models import Basket, BasketLine
from erp_club.purchases.sale import SaleLine, line_amount
from erp_club.receipts.models import Receipt, ReceiptNumber

MOST_HELD = 20


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a basket at today's price. `price_minor` is for one unit; `line` is what would be posted.

    `fee_id` is the fee of a membership that the line is, `use_id` the use of an entitlement, if it is one.
    """

    line_no: int
    sku: str
    name: str
    price_minor: int
    line: SaleLine
    kind: str = "goods"
    fee_id: int | None = None
    use_id: int | None = None

    @property
    def is_bound(self) -> bool:
        """Whether it belongs to a membership, so that its price and quantity are fixed."""
        return self.fee_id is not None or self.use_id is not None


@dataclass(frozen=True, slots=True)
class Opened:
    """The basket that a terminal is filling, with its lines; `holding`: the terminal has sales on hold too."""

    basket_id: uuid.UUID
    customer_id: int
    benefits: Benefits
    holding: bool
    lines: list[Line]
    paying_cards: tuple[int, ...] = ()
    sold_cards: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """A sale on hold. `items` as `count_items`; `total_minor` as it was laid aside, else at today's list prices."""

    basket_id: uuid.UUID
    opened_at: dt.datetime
    given_name: str
    family_name: str
    items: int
    total_minor: int


@dataclass(frozen=True, slots=True)
class Buyer:
    """The customer of a sale; `card` is the newest active one's number."""

    customer_id: int
    number: str
    given_name: str
    family_name: str
    mobile: str | None
    city: str | None
    birthday: dt.date | None
    card: str | None


@dataclass(frozen=True, slots=True)
class RecentPurchase:
    """One of a customer's last purchases."""

    receipt_id: int
    sold_on: dt.date
    store: str
    total_minor: int


def open_basket(session: Session, terminal_id: int) -> Basket | None:
    """The basket that the terminal is filling, if it has begun one."""
    return session.scalar(_OPEN, {"terminal": terminal_id})


def day_at(session: Session, terminal_id: int, at: dt.datetime) -> dt.date:
    """The day it is then by the clock of the till's store."""
    zone = session.scalars(
        sa.select(Store.time_zone).join(Terminal, Terminal.store_id == Store.id).where(Terminal.id == terminal_id)
    ).one()
    return at.astimezone(ZoneInfo(zone)).date()


def opened(session: Session, terminal_id: int) -> Opened | None:
    """The terminal's open basket as it stands, with one query, if it has begun one."""
    rows = session.execute(_OPENED, {"terminal": terminal_id}).all()
    if not rows:
        return None
    basket_id, customer_id, coupons, claims, confirmed, holding, paying, sold = rows[0][:8]
    lines = [_line(*row[8:]) for row in rows if row.line_no is not None]
    benefits = benefits_of(coupons, claims, confirmed)
    return Opened(basket_id, customer_id, benefits, holding, lines, tuple(paying), tuple(sold))


def last_paid(session: Session, terminal_id: int) -> Basket | None:
    """The basket that the terminal was paid for last."""
    return session.scalar(_LAST_PAID, {"terminal": terminal_id})


def lines(session: Session, basket_id: uuid.UUID) -> list[Line]:
    """The basket's lines in the order in which they were added."""
    return [_line(*row) for row in session.execute(_LINES, {"basket": basket_id})]


def _line(line_no: int, milli: int, product_id: int, sku: str, name: str, price_minor: int, *rest: Any) -> Line:
    vat_bp, earns, kind, fee_id, use_id = rest
    amount = line_amount(price_minor, milli)
    sold = SaleLine(product_id, milli, amount, amount, vat_bp, earns)
    return Line(line_no, sku, name, price_minor, sold, kind, fee_id, use_id)


def count_items(quantities_milli: list[int]) -> int:
    """How many things lie in the basket: pieces count one each, something weighed counts as one."""
    return sum(milli // 1000 if milli % 1000 == 0 else 1 for milli in quantities_milli)


def held(session: Session, terminal_id: int) -> list[Held]:
    """The terminal's sales on hold, the latest first; at most 20."""
    return [Held(*row) for row in session.execute(_HELD, {"terminal": terminal_id})]


def product_by_code(session: Session, code: str) -> int | None:
    """The id of the product with this SKU, which for most goods is the number below the bars.

    Raises Refused `price-needed` for one without a price.
    """
    row = session.execute(_BY_CODE, {"code": code}).one_or_none()
    if row is not None and row.stub:
        raise errors.unpriced_product(code)
    return row.id if row else None


def line_of_product(session: Session, basket_id: uuid.UUID, product_id: int) -> tuple[int, int] | None:
    """The number of the basket's line of a product, at its own price, and its quantity in thousandths."""
    statement = sa.select(BasketLine.line_no, BasketLine.quantity_milli).where(
        BasketLine.basket_id == basket_id, BasketLine.product_id == product_id, BasketLine.price_minor.is_(None)
    )
    row = session.execute(statement).one_or_none()
    return (row.line_no, row.quantity_milli) if row else None


def is_card(session: Session, number: str) -> bool:
    """Whether this is a member card of any state."""
    return session.scalar(sa.select(Card.number).where(Card.number == number)) is not None


def buyer(session: Session, customer_id: int) -> Buyer:
    """The customer for the till. Raises NotFound `customer-unknown` for nobody, or nobody active."""
    row = session.execute(_BUYER, {"customer": customer_id}).one_or_none()
    if row is None:
        raise errors.unknown_customer()
    return Buyer(*row)


def recent_purchases(session: Session, customer_id: int) -> list[RecentPurchase]:
    """The customer's last three purchases, the latest first."""
    return [RecentPurchase(*row) for row in session.execute(_RECENT, {"customer": customer_id})]


def receipt_number_taken(session: Session, store_id: int, receipt_no: str) -> bool:
    """Whether the store has a receipt of this number, from a till of another make or a file."""
    found = session.scalar(
        sa.select(ReceiptNumber.store_id).where(
            ReceiptNumber.store_id == store_id, ReceiptNumber.receipt_no == receipt_no
        )
    )
    return found is not None


# Built once: a till asks these with every scan.
_TERMINAL = sa.bindparam("terminal", type_=sa.Integer)
_CUSTOMER = sa.bindparam("customer", type_=sa.BigInteger)
_BY_CODE = sa.select(Product.id, Product.stub).where(Product.sku == sa.bindparam("code", type_=sa.Text))
_OPEN = (
    sa.select(Basket)
    .where(Basket.terminal_id == _TERMINAL, Basket.state == BasketState.OPEN)
    # What was read before the terminal was locked may be out of date.
    .execution_options(populate_existing=True)
)
_LAST_PAID = (
    sa.select(Basket)
    .where(Basket.terminal_id == _TERMINAL, Basket.state == BasketState.PAID)
    .order_by(Basket.paid_at.desc())
    .limit(1)
)
_LINE = (
    BasketLine.line_no,
    BasketLine.quantity_milli,
    Product.id,
    Product.sku,
    Product.name,
    sa.func.coalesce(BasketLine.price_minor, Product.list_price_minor),
    Product.vat_bp,
    Product.earns_points,
    Product.kind,
    BasketLine.fee_id,
    BasketLine.use_id,
)
_HOLDING = aliased(Basket)
_OPENED = (
    sa.select(
        Basket.id.label("basket_id"),
        Basket.customer_id,
        Basket.coupons,
        Basket.claims,
        Basket.confirmed,
        sa.exists().where(_HOLDING.terminal_id == _TERMINAL, _HOLDING.state == BasketState.HELD),
        Basket.paying_cards,
        Basket.sold_cards,
        *_LINE,
    )
    .outerjoin(BasketLine, BasketLine.basket_id == Basket.id)
    .outerjoin(Product, Product.id == BasketLine.product_id)
    .where(Basket.terminal_id == _TERMINAL, Basket.state == BasketState.OPEN)
    .order_by(BasketLine.line_no)
)
_LINES = (
    sa.select(*_LINE)
    .join(Product, Product.id == BasketLine.product_id)
    .where(BasketLine.basket_id == sa.bindparam("basket", type_=sa.Uuid))
    .order_by(BasketLine.line_no)
)
_PIECES = sa.case(
    (BasketLine.quantity_milli % 1000 == 0, sa.func.div(sa.cast(BasketLine.quantity_milli, sa.Numeric), 1000)), else_=1
)
_PRICE = sa.func.coalesce(BasketLine.price_minor, Product.list_price_minor)
_AMOUNT = sa.func.round(sa.cast(_PRICE * BasketLine.quantity_milli, sa.Numeric) / 1000)
_HELD = (
    sa.select(
        Basket.id,
        Basket.opened_at,
        Customer.given_name,
        Customer.family_name,
        sa.cast(sa.func.sum(_PIECES), sa.BigInteger),
        sa.func.coalesce(Basket.held_minor, sa.cast(sa.func.sum(_AMOUNT), sa.BigInteger)),
    )
    .join(BasketLine, BasketLine.basket_id == Basket.id)
    .join(Product, Product.id == BasketLine.product_id)
    .join(Customer, Customer.id == Basket.customer_id)
    .where(Basket.terminal_id == _TERMINAL, Basket.state == BasketState.HELD)
    .group_by(Basket.id, Customer.id)
    .order_by(Basket.opened_at.desc(), Basket.id)
    .limit(MOST_HELD)
)
_CARD = (
    sa.select(Card.number)
    .where(Card.customer_id == Customer.id, Card.state == CardState.ACTIVE)
    .order_by(Card.issued_at.desc(), Card.number.desc())
    .limit(1)
    .scalar_subquery()
)
_NAMED = aliased(Customer)
_BUYER = sa.select(
    Customer.id,
    Customer.number,
    Customer.given_name,
    Customer.family_name,
    Customer.mobile,
    Customer.city,
    Customer.birthday,
    _CARD,
).where(
    # Whoever became another customer buys as that one.
    Customer.id
    == sa.select(sa.func.coalesce(_NAMED.merged_into, _NAMED.id)).where(_NAMED.id == _CUSTOMER).scalar_subquery(),
    Customer.id != UNIDENTIFIED,
    Customer.state == CustomerState.ACTIVE,
)
_RECENT = (
    sa.select(Receipt.id, Receipt.sold_on, Store.name, Receipt.total_minor)
    .join(Store, Store.id == Receipt.store_id)
    .where(Receipt.customer_id.in_(family_of(_CUSTOMER)))
    .order_by(Receipt.sold_at.desc(), Receipt.id.desc())
    .limit(3)
)
