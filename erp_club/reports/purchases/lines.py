"""The figures of purchases as their lines say, of all receipts or of those that the rollups don't hold yet.

The rows are those of `sources`.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from erp_club.catalogue.models import Product
from erp_club.customers.models import UNIDENTIFIED
from erp_club.customers.queries import BECAME, living_of
from erp_club.receipts.models import Receipt, ReceiptLine
from erp_club.receipts.rollups.models import ReceiptToRoll
from erp_club.reports.purchases.asked import Asked, By
from erp_club.reports.purchases.narrowing import narrowed, of_products

OF_LINE = (ReceiptLine.customer_id == Receipt.customer_id) & (ReceiptLine.receipt_id == Receipt.id)
_OWNER = living_of(Receipt.customer_id)
PRODUCT_KEYS: dict[By, Any] = {
    By.DEPARTMENT: sa.func.coalesce(Product.department_id, 0),
    By.GROUP: sa.func.coalesce(Product.group_id, 0),
    By.BRAND: sa.func.coalesce(Product.brand_id, 0),
    By.PRODUCT: ReceiptLine.product_id,
}
GROUPED = (By.DEPARTMENT, By.GROUP, By.BRAND)


def known(whose: Any, sales: Any) -> Any:
    """The part of the sales whose customer is known."""
    return sa.case((whose != UNIDENTIFIED, sales), else_=0).label("known_minor")


def _sums() -> list[sa.ColumnElement[Any]]:
    """The sums of one receipt, or of its lines of one kind."""
    bought, back = ReceiptLine.quantity_milli >= 0, ReceiptLine.quantity_milli < 0
    given_back = sa.func.coalesce(-sa.func.sum(ReceiptLine.amount_minor).filter(back), 0)
    return [
        sa.literal(1).label("receipts"),
        sa.cast(sa.func.bool_or(bought), sa.Integer).label("purchases"),
        sa.cast(sa.func.bool_or(back), sa.Integer).label("returns"),
        sa.cast(sa.func.sum(ReceiptLine.amount_minor), sa.BigInteger).label("sales_minor"),
        sa.cast(given_back, sa.BigInteger).label("returned_minor"),
        sa.cast(sa.func.sum(ReceiptLine.list_minor), sa.BigInteger).label("list_minor"),
        sa.cast(sa.func.sum(ReceiptLine.quantity_milli), sa.BigInteger).label("quantity_milli"),
        known(_OWNER, sa.cast(sa.func.sum(ReceiptLine.amount_minor), sa.BigInteger)),
    ]


def _of_receipts(asked: Asked) -> list[sa.ColumnElement[bool]]:
    where = narrowed(asked, Receipt) + of_products(asked)
    return where if asked.staff_id is None else [*where, Receipt.staff_id == asked.staff_id]


def lines(asked: Asked, *, waiting: bool = False, products: Sequence[int] | None = None) -> Any:
    """From the lines; `waiting`: only of receipts that the rollups don't hold yet."""
    joined = sa.join(Receipt, ReceiptLine, OF_LINE).outerjoin(BECAME, BECAME.c.id == Receipt.customer_id)
    if waiting:
        held = (Receipt.customer_id == ReceiptToRoll.customer_id) & (Receipt.id == ReceiptToRoll.receipt_id)
        joined = joined.join(ReceiptToRoll, held)
    if of_products(asked) or asked.by in GROUPED:
        joined = joined.join(Product, Product.id == ReceiptLine.product_id)
    whose: list[Any] = [_OWNER.label("customer_id"), Receipt.sold_on, Receipt.store_id]
    keys: list[Any] = [_OWNER, Receipt.sold_on, Receipt.store_id]
    if asked.by is By.CASHIER:
        whose.append(Receipt.staff_id)
        keys.append(Receipt.staff_id)
    if asked.by in PRODUCT_KEYS:
        whose.append(PRODUCT_KEYS[asked.by].label("product_key"))
        keys.append(PRODUCT_KEYS[asked.by])
    where = _of_receipts(asked)
    if products is not None:
        where.append(ReceiptLine.product_id.in_(products))
    return sa.select(*whose, *_sums()).select_from(joined).where(*where).group_by(*keys, Receipt.id)
