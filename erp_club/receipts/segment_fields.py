"""What segments may ask about purchases beside the figures: favourites, and how customers stand among all."""

import datetime as dt
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on

from erp_club.catalogue.models import Brand, Department, Product, ProductGroup
from erp_club.customers.models import UNIDENTIFIED
from erp_club.customers.queries import BECAME, family_of, living_of
from erp_club.kernel.fields import SAME, Ask, Field, Kind, Op, Shape, local
from erp_club.kernel.text import T
from erp_club.organisation.models import Store
from erp_club.receipts.models import Receipt, ReceiptLine

_SAME = SAME | {Op.IS_NULL}
SCORED_DAYS = 365
_OWNER = living_of(Receipt.customer_id)
_LINES = sa.join(
    Receipt,
    ReceiptLine,
    (ReceiptLine.customer_id == Receipt.customer_id) & (ReceiptLine.receipt_id == Receipt.id),
)


def _favourite(name: Any, joined: sa.FromClause, figure: Any) -> Callable[[Ask], Any]:
    """The name with the highest figure; of several, the first by name."""

    def read(ask: Ask) -> Any:
        sums = (
            sa.select(_OWNER.label("customer_id"), name.label("value"), figure.label("figure"))
            .select_from(_owned(joined))
            .where(Receipt.sold_on <= ask.as_of, _sold_to(ask))
            .group_by(_OWNER, name)
            .subquery()
        )
        return (
            sa.select(sums.c.customer_id, sums.c.value)
            .ext(distinct_on(sums.c.customer_id))
            .order_by(sums.c.customer_id, sums.c.figure.desc(), local(sums.c.value))
        )

    return read


def _owned(joined: sa.FromClause) -> sa.FromClause:
    """The receipts with whom each one's customer became."""
    return joined.outerjoin(BECAME, BECAME.c.id == Receipt.customer_id)


def _sold_to(ask: Ask) -> sa.ColumnElement[bool]:
    if ask.only is None:
        return Receipt.customer_id != UNIDENTIFIED
    return Receipt.customer_id.in_(family_of(sa.any_(sa.literal(list(ask.only), ARRAY(sa.BigInteger)))))


def _by_spend(table: Any, column: Any) -> Callable[[Ask], Any]:
    products = _LINES.join(Product, Product.id == ReceiptLine.product_id)
    spend = sa.func.sum(ReceiptLine.amount_minor)
    return _favourite(table.name, products.join(table, table.id == column), spend)


_PRODUCT = _favourite(
    Product.sku, _LINES.join(Product, Product.id == ReceiptLine.product_id), sa.func.sum(ReceiptLine.amount_minor)
)
_STORE = _favourite(Store.code, sa.join(Receipt, Store, Store.id == Receipt.store_id), sa.func.count())


@lru_cache(maxsize=8)
def _scored_sums(as_of: dt.date, among: tuple[int, ...] | None) -> Any:
    """What scores go by, of all customers or among some: the same object each time, so that three take one pass."""
    where: list[sa.ColumnElement[bool]] = [
        _sold_to(Ask(as_of, only=among)),
        Receipt.sold_on <= as_of,
        Receipt.sold_on > as_of - dt.timedelta(days=SCORED_DAYS),
    ]
    return (
        sa.select(
            _OWNER.label("customer_id"),
            sa.func.max(Receipt.sold_on).label("last_on"),
            sa.func.count().label("receipts"),
            sa.cast(sa.func.sum(Receipt.total_minor), sa.BigInteger).label("spend"),
        )
        .select_from(_owned(Receipt.__table__))
        .where(*where)
        .group_by(_OWNER)
        .cte("scored")
    )


def _score(figure: str) -> Callable[[Ask], Any]:
    """A fifth from 1 to 5, 5 the best, among the customers with a purchase in the last 365 days."""

    def read(ask: Ask) -> Any:
        sums = _scored_sums(ask.as_of, ask.only if ask.sampled else None)
        fifth = sa.func.ntile(5).over(order_by=(sums.c[figure], sums.c.customer_id))
        return sa.select(sums.c.customer_id, fifth.label("value"))

    return read


_RECENCY, _FREQUENCY, _MONEY = (_score(name) for name in ("last_on", "receipts", "spend"))


def _named(name: str, label: Any, read: Callable[[Ask], Any], picker: str) -> Field:
    return Field(name, label, Kind.TEXT, Shape.FIGURE, read, _SAME, picker=picker, by_sale=True)


def _scored(name: str, label: Any, read: Callable[[Ask], Any]) -> Field:
    return Field(name, label, Kind.NUMBER, Shape.FIGURE, read, whole=True)


FIELDS = (
    _named("favourite_group", T("Favourite product group"), _by_spend(ProductGroup, Product.group_id), "group"),
    _named("favourite_department", T("Favourite department"), _by_spend(Department, Product.department_id),
           "department"),
    _named("favourite_brand", T("Favourite brand"), _by_spend(Brand, Product.brand_id), "brand"),
    _named("favourite_product", T("Favourite product"), _PRODUCT, "sku"),
    _named("favourite_store", T("Store most often visited"), _STORE, "store"),
    _scored("recency_score", T("Recency score (5: bought lately)"), _RECENCY),
    _scored("frequency_score", T("Frequency score (5: buys often)"), _FREQUENCY),
    _scored("money_score", T("Money score (5: spends most)"), _MONEY),
)  # fmt: skip
