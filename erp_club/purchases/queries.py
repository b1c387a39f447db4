"""What a sale needs to know before it is posted: prices, and who buys."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from erp_club.cards.queries import customer_by_card
from erp_club.catalogue.models import Product
from erp_club.clubs.models import Club, Membership
from erp_club.customers.models import UNIDENTIFIED, Customer, CustomerState
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.prepared import Prepared
from erp_club.kernel.text import T, Text
from erp_club.points.models import PointsMovement
from erp_club.purchases.sale import MOST_MINOR, SaleLine, line_amount


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A product, how much of it, and what that costs at its list price. `price_minor` is for one unit."""

    sku: str
    name: str
    price_minor: int
    line: SaleLine


def price_lines(session: Session, wanted: Sequence[tuple[str, int]]) -> list[PricedLine]:
    """Price (SKU, quantity in thousandths) in the order given, with one query.

    Raises Invalid with `lines[i].sku` for an unknown product or one without a price, `lines[i].quantity` for an amount
    beyond all reason.
    """
    rows = _PRODUCTS.execute(session.connection(), {"skus": list({sku for sku, _ in wanted})})
    found = {row[0]: row[1:] for row in rows}
    priced: list[PricedLine] = []
    errors: list[FieldError] = []
    for index, (sku, milli) in enumerate(wanted):
        row = found.get(sku)
        if row is None:
            errors.append(FieldError(f"lines[{index}].sku", T("No product has the code %(code)s.", code=sku)))
            continue
        product_id, name, price_minor, vat_bp, earns, stub = row
        if stub:
            errors.append(FieldError(f"lines[{index}].sku", no_price(sku)))
            continue
        amount = line_amount(price_minor, milli)
        if amount > MOST_MINOR:
            errors.append(FieldError(f"lines[{index}].quantity", T("This quantity is too large to be true.")))
            continue
        line = SaleLine(product_id, milli, amount, amount, vat_bp, earns)
        priced.append(PricedLine(sku, name, price_minor, line))
    if errors:
        raise Invalid(errors)
    return priced


def no_price(sku: str) -> Text:
    """Why a product that only a file has named is not sold: at its price of 0 it would be given away."""
    return T("%(code)s has no price yet. Give it one under Products, or ask head office.", code=sku)


_PRODUCTS = Prepared(
    sa.select(
        Product.sku,
        Product.id,
        Product.name,
        Product.list_price_minor,
        Product.vat_bp,
        Product.earns_points,
        Product.stub,
    ).where(Product.sku == sa.any_(sa.bindparam("skus", type_=ARRAY(sa.Text))))
)


@dataclass(frozen=True, slots=True)
class EarnedRow:
    """What one club's account gained by a receipt, and its balance right after that."""

    names: dict[str, str]
    points: int
    balance: int


def earned_by(session: Session, customer_id: int, receipt_id: int) -> list[EarnedRow]:
    """The points of a receipt by club."""
    rows = session.execute(_EARNED, {"customer": customer_id, "receipt": receipt_id})
    return [EarnedRow(*row) for row in rows]


_EARNED = (
    sa.select(Club.names, PointsMovement.points, PointsMovement.balance_after)
    .select_from(PointsMovement)
    .join(
        Membership,
        (Membership.customer_id == PointsMovement.customer_id)
        & (Membership.points_account_id == PointsMovement.account_id),
    )
    .join(Club, Club.id == Membership.club_id)
    .where(
        PointsMovement.customer_id == sa.bindparam("customer", type_=sa.BigInteger),
        PointsMovement.receipt_id == sa.bindparam("receipt", type_=sa.BigInteger),
    )
    .order_by(Club.code, PointsMovement.seq)
)


def buyer(session: Session, *, customer_id: int | None, number: str | None, card: str | None) -> int:
    """Who buys: the customer of this id, number or card, whichever is given first; 0 where none is.

    Raises Invalid for an id or number that nobody has, NotFound and Conflict as `cards.queries.read_card`.
    """
    if card is not None:
        return customer_by_card(session, card)
    if customer_id is None and number is None:
        return UNIDENTIFIED
    statement, value = (_BY_ID, str(customer_id)) if number is None else (_BY_NUMBER, number)
    row = statement.execute(session.connection(), {"value": value}).fetchone()
    if row is None:
        field = "customer.id" if number is None else "customer.number"
        raise Invalid([FieldError(field, T("There is no such customer. Look the customer up again."))])
    return row[0]


_LIVING = sa.select(Customer.id).where(Customer.state == CustomerState.ACTIVE, Customer.id != UNIDENTIFIED)
_BY_ID = Prepared(_LIVING.where(Customer.id == sa.bindparam("value", type_=sa.BigInteger)))
_BY_NUMBER = Prepared(_LIVING.where(Customer.number == sa.bindparam("value", type_=sa.Text)))
