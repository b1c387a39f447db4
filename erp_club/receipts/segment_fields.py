"""What segments may ask about purchases beside the figures: favourites, and how customers stand among all."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on

from erp_club.catalogue.models import Brand, Department, Product, ProductGroup
from erp_club.customers.models import UNIDENTIFIED
from erp_club.customers.queries import BECAME, family_of, living_of
from erp_club.kernel.columns import local
from erp_club.kernel.fields import SAME, Ask, Field, Kind, Op, Shape
from erp_club.kernel.text import T
from erp_club.organisation.models import Store
from erp_club.receipts.models import Receipt, ReceiptLine
from erp_club.receipts.rollups.models import (
    BrandToRoll,
    CustomerBrandDay,
    CustomerDepartmentDay,
    CustomerGroupDay,
    CustomerHabits,
    DepartmentToRoll,
    GroupToRoll,
    ReceiptToRoll,
)

_SAME = SAME | {Op.IS_NULL}
SCORED_DAYS = 365
_OWNER = living_of(Receipt.customer_id)
_OF_RECEIPT = (ReceiptLine.customer_id == Receipt.customer_id) & (ReceiptLine.receipt_id == Receipt.id)
_LINES = sa.join(Receipt, ReceiptLine, _OF_RECEIPT)


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
        return _first(sums)

    return read


def _first(sums: Any) -> Any:
    return (
        sa.select(sums.c.customer_id, sums.c.value)
        .ext(distinct_on(sums.c.customer_id))
        .order_by(sums.c.customer_id, sums.c.figure.desc(), local(sums.c.value))
    )


def _owned(joined: sa.FromClause) -> sa.FromClause:
    """The receipts with whom each one's customer became."""
    return joined.outerjoin(BECAME, BECAME.c.id == Receipt.customer_id)


def _sold_to(ask: Ask) -> sa.ColumnElement[bool]:
    if ask.only is None:
        return Receipt.customer_id != UNIDENTIFIED
    return Receipt.customer_id.in_(family_of(sa.any_(sa.literal(list(ask.only), ARRAY(sa.BigInteger)))))


@dataclass(frozen=True, slots=True)
class _Kind:
    """What products are grouped by: its table, a product's column, the sums by day, and which of these are stale."""

    named: Any
    of_product: Any
    days: Any
    key: Any
    stale: Any


def _by_spend(kind: _Kind) -> Callable[[Ask], Any]:
    """The one with most spent: of all customers from the sums by day, of some from their lines."""
    products = _LINES.join(Product, Product.id == ReceiptLine.product_id)
    spend = sa.func.sum(ReceiptLine.amount_minor)
    of_some = _favourite(kind.named.name, products.join(kind.named, kind.named.id == kind.of_product), spend)

    def read(ask: Ask) -> Any:
        if ask.only is not None:
            return of_some(ask)
        each = _spent(kind, ask.as_of).subquery()
        figure = sa.cast(sa.func.sum(each.c.spend), sa.BigInteger).label("figure")
        sums = sa.select(each.c.customer_id, each.c.key, figure).group_by(each.c.customer_id, each.c.key).subquery()
        named = sa.select(sums.c.customer_id, kind.named.name.label("value"), sums.c.figure)
        return _first(named.join(kind.named, kind.named.id == sums.c.key).subquery())

    return read


def _spent(kind: _Kind, as_of: dt.date) -> Any:
    """What each known customer spent on what: kept sums and receipts that wait, or all lines while products move.

    Which of the two is known when it runs, once: the other isn't read.
    """
    stale = sa.exists(sa.select(kind.stale))
    lines = sa.select(
        _OWNER.label("customer_id"), kind.of_product.label("key"), ReceiptLine.amount_minor.label("spend")
    ).where(Receipt.customer_id != UNIDENTIFIED, Receipt.sold_on <= as_of)
    held = (ReceiptToRoll.customer_id == Receipt.customer_id) & (ReceiptToRoll.receipt_id == Receipt.id)
    waiting = sa.join(ReceiptToRoll, Receipt, held).join(ReceiptLine, _OF_RECEIPT)
    every, still = (
        lines.select_from(_owned(joined.join(Product, Product.id == ReceiptLine.product_id)))
        for joined in (_LINES, waiting)
    )
    kept = sa.select(kind.days.customer_id, kind.key, kind.days.spend_minor).where(
        kind.days.customer_id != UNIDENTIFIED, kind.days.sold_on <= as_of, ~stale
    )
    return sa.union_all(every.where(stale), still.where(~stale), kept)


_GROUP = _Kind(ProductGroup, Product.group_id, CustomerGroupDay, CustomerGroupDay.group_id, GroupToRoll)
_DEPARTMENT = _Kind(
    Department, Product.department_id, CustomerDepartmentDay, CustomerDepartmentDay.department_id, DepartmentToRoll
)
_BRAND = _Kind(Brand, Product.brand_id, CustomerBrandDay, CustomerBrandDay.brand_id, BrandToRoll)
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


_FIFTHS = T("Each score is a fifth of those who bought in the last 365 days. It is found out every night.")
_BY_SPEND = T("Everybody's is found out every night; a customer's at the till goes by the last purchase.")


def _named(name: str, label: Any, read: Callable[[Ask], Any], picker: str, column: Any) -> Field:
    # Of some customers they are told from their receipts, up to the last one.
    kept = _kept(name, read, unless=lambda ask: ask.only is not None)
    return Field(name, label, Kind.TEXT, Shape.FIGURE, kept, _SAME, picker=picker, by_sale=True, about=_BY_SPEND,
                 known=lambda _ask: sa.select(column))  # fmt: skip


def _scored(name: str, label: Any, read: Callable[[Ask], Any]) -> Field:
    return Field(name, label, Kind.NUMBER, Shape.FIGURE, _kept(name, read), whole=True, least=1, most=5, about=_FIFTHS)


def _kept(
    name: str, read: Callable[[Ask], Any], unless: Callable[[Ask], bool] = lambda _: False
) -> Callable[[Ask], Any]:
    """What is kept for the day that is asked about, where it is; else it is found out now."""
    column = CustomerHabits.__table__.c[name]

    def found(ask: Ask) -> Any:
        if ask.kept_for != ask.as_of or unless(ask):
            return read(ask)
        return sa.select(CustomerHabits.customer_id, column.label("value")).where(column.is_not(None))

    return found


FIELDS = (
    _named("favourite_group", T("Favourite product group"), _by_spend(_GROUP), "group", ProductGroup.name),
    _named("favourite_department", T("Favourite department"), _by_spend(_DEPARTMENT),
           "department", Department.name),
    _named("favourite_brand", T("Favourite brand"), _by_spend(_BRAND), "brand", Brand.name),
    _named("favourite_product", T("Favourite product"), _PRODUCT, "sku", Product.sku),
    _named("favourite_store", T("Store most often visited"), _STORE, "store", Store.code),
    _scored("recency_score", T("Recency score (5: bought lately)"), _RECENCY),
    _scored("frequency_score", T("Frequency score (5: buys often)"), _FREQUENCY),
    _scored("money_score", T("Money score (5: spends most)"), _MONEY),
)  # fmt: skip
