"""The figures of customers' purchases as SELECTs of one row a customer, over rollups where these answer exactly."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from erp_club.catalogue.models import Brand, Department, Product, ProductGroup
from erp_club.customers.models import UNIDENTIFIED
from erp_club.customers.queries import BECAME, family_of, living_of
from erp_club.organisation.models import Store
from erp_club.receipts.models import Receipt, ReceiptLine
from erp_club.receipts.rollups.models import (
    CustomerBrandDay,
    CustomerDay,
    CustomerDepartmentDay,
    CustomerGroupDay,
    CustomerProductDay,
    CustomerSummary,
    ReceiptToRoll,
)
from erp_club.segments.tree import MetricName, Of, OfKey

Columns = dict[str, sa.ColumnElement[Any]]
_NAMED = {OfKey.GROUP: (ProductGroup, Product.group_id), OfKey.DEPARTMENT: (Department, Product.department_id),
          OfKey.BRAND: (Brand, Product.brand_id)}  # fmt: skip
_WHOLE_KINDS: dict[OfKey, tuple[type[CustomerDepartmentDay | CustomerBrandDay], Any, Any, Any]] = {
    OfKey.DEPARTMENT: (CustomerDepartmentDay, CustomerDepartmentDay.department_id, Department, Product.department_id),
    OfKey.BRAND: (CustomerBrandDay, CustomerBrandDay.brand_id, Brand, Product.brand_id),
}
"""Kinds of which a segment asks seldom: they are read from the lines while any of their products has moved."""
_COUNTS = {MetricName.PURCHASES, MetricName.RETURNS, MetricName.AVERAGE_PURCHASE}
_OWNER = living_of(Receipt.customer_id)
_ADDED = ("purchases", "returns", "spend_minor", "quantity_milli")


@dataclass(frozen=True, slots=True)
class Rolled:
    """What the rollups may be asked: `latest` is the last day with a receipt.

    `stale` are the groups they don't hold, `stale_kinds` which of `department` and `brand` they don't wholly hold.
    `kept_for`: the day for which scores and favourites are kept.
    """

    latest: dt.date
    stale: frozenset[str] = frozenset()
    stale_kinds: frozenset[str] = frozenset()
    kept_for: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Lines of these things between two days, both included; `only` for these customers."""

    of: Of
    first: dt.date | None
    last: dt.date
    only: tuple[int, ...] | None = None


def figures(asked: Asked, metrics: frozenset[MetricName], rolled: Rolled | None) -> Any:
    """One row a customer who has any such line: `customer_id`, and the columns that `figure` reads."""
    if rolled is not None and (source := _rollup(asked, metrics, rolled)) is not None:
        rows, columns = source
        return _added(rows, columns, metrics)
    return _of_lines(asked, metrics)


def figure(rows: Any, metric: MetricName, as_of: dt.date) -> sa.ColumnElement[Any]:
    """A metric over the columns of `figures`: a customer without a row has 0, or no such days."""
    day = sa.literal(as_of, sa.Date)
    column = rows.c
    match metric:
        case MetricName.SPEND:
            return sa.func.coalesce(column.spend_minor, 0)
        case MetricName.PURCHASES:
            return sa.func.coalesce(column.purchases, 0)
        case MetricName.QUANTITY:
            return sa.func.coalesce(column.quantity_milli, 0)
        case MetricName.RETURNS:
            return sa.func.coalesce(column.returns, 0)
        case MetricName.VISIT_DAYS:
            return sa.func.coalesce(column.visit_days, 0)
        case MetricName.DAYS_SINCE_LAST:
            return day - column.last_on
        case MetricName.DAYS_SINCE_FIRST:
            return day - column.first_on
        case MetricName.DAYS_BETWEEN:
            gaps = sa.func.nullif(column.visit_days - 1, 0)
            return sa.cast(column.last_on - column.first_on, sa.Numeric) / gaps
        case MetricName.AVERAGE_PURCHASE:
            return sa.cast(column.spend_minor, sa.Numeric) / sa.func.nullif(column.purchases, 0)


def needed(metric: MetricName) -> frozenset[str]:
    """The columns that a metric is made of."""
    match metric:
        case MetricName.SPEND:
            names = {"spend_minor"}
        case MetricName.QUANTITY:
            names = {"quantity_milli"}
        case MetricName.DAYS_SINCE_LAST:
            names = {"last_on"}
        case MetricName.DAYS_SINCE_FIRST:
            names = {"first_on"}
        case MetricName.DAYS_BETWEEN:
            names = {"first_on", "last_on", "visit_days"}
        case MetricName.AVERAGE_PURCHASE:
            names = {"spend_minor", "purchases"}
        case _:
            names = {metric.value}
    return frozenset(names)


def _columns(metrics: frozenset[MetricName]) -> list[str]:
    return sorted({name for metric in metrics for name in needed(metric)})


def texts(values: Sequence[str]) -> sa.ColumnElement[Any]:
    """Texts as one bound array."""
    return sa.literal(list(values), ARRAY(sa.Text))


def _of_lines(asked: Asked, metrics: frozenset[MetricName]) -> Any:
    bought, brought_back = ReceiptLine.quantity_milli >= 0, ReceiptLine.quantity_milli < 0
    every: Columns = {
        "spend_minor": sa.func.sum(ReceiptLine.amount_minor),
        "quantity_milli": sa.func.sum(ReceiptLine.quantity_milli),
        "purchases": sa.func.count(sa.distinct(Receipt.id)).filter(bought),
        "returns": sa.func.count(sa.distinct(Receipt.id)).filter(brought_back),
        "visit_days": sa.func.count(sa.distinct(Receipt.sold_on)).filter(bought),
        "first_on": sa.func.min(Receipt.sold_on).filter(bought),
        "last_on": sa.func.max(Receipt.sold_on).filter(bought),
    }
    return (
        sa.select(_OWNER.label("customer_id"), *(every[name].label(name) for name in _columns(metrics)))
        .select_from(_lines(asked))
        .where(*_days(Receipt.sold_on, asked), *_sold_to(asked), *_of(asked.of))
        .group_by(_OWNER)
    )


def _lines(asked: Asked) -> sa.FromClause:
    on = (ReceiptLine.customer_id == Receipt.customer_id) & (ReceiptLine.receipt_id == Receipt.id)
    joined: sa.FromClause = sa.join(Receipt, ReceiptLine, on).outerjoin(BECAME, BECAME.c.id == Receipt.customer_id)
    if any(key is not OfKey.STORE for key, _ in asked.of):
        joined = joined.join(Product, Product.id == ReceiptLine.product_id)
    return joined


def _of(of: Of) -> list[sa.ColumnElement[bool]]:
    made: list[sa.ColumnElement[bool]] = []
    for key, values in of:
        if key is OfKey.SKU:
            made.append(Product.sku == sa.any_(texts(values)))
        elif key is OfKey.STORE:
            made.append(Receipt.store_id.in_(_stores(values)))
        else:
            table, column = _NAMED[key]
            made.append(column.in_(sa.select(table.id).where(table.name == sa.any_(texts(values)))))
    return made


def _stores(codes: Sequence[str]) -> Any:
    return sa.select(Store.id).where(Store.code == sa.any_(texts(codes)))


def _ids(table: Any, names: Sequence[str]) -> Any:
    return sa.select(table.id).where(table.name == sa.any_(texts(names)))


def _products(skus: Sequence[str]) -> Any:
    return sa.select(Product.id).where(Product.sku == sa.any_(texts(skus)))


def _days(column: Any, asked: Asked) -> list[sa.ColumnElement[bool]]:
    ends = [column <= asked.last]
    return ends if asked.first is None else [column >= asked.first, *ends]


def _only(column: Any, asked: Asked) -> list[sa.ColumnElement[bool]]:
    if asked.only is None:
        return [column != UNIDENTIFIED]
    return [column == _any(asked.only)]


def _sold_to(asked: Asked) -> list[sa.ColumnElement[bool]]:
    """Receipts stay under the customer they were sold to, whoever that became."""
    if asked.only is None:
        return [Receipt.customer_id != UNIDENTIFIED]
    return [Receipt.customer_id.in_(family_of(_any(asked.only)))]


def _any(ids: Sequence[int]) -> Any:
    return sa.any_(sa.literal(list(ids), ARRAY(sa.BigInteger)))


def _rollup(asked: Asked, metrics: frozenset[MetricName], rolled: Rolled) -> tuple[sa.FromClause, Columns] | None:
    """The rows of the smallest rollup that answers exactly, with those of the receipts that still wait for it."""
    keys = dict(asked.of)
    if not keys and asked.first is None and asked.last >= rolled.latest and "visit_days" not in _columns(metrics):
        return _summaries(asked)
    if keys.keys() <= {OfKey.STORE}:
        return _by_day(asked, keys.get(OfKey.STORE))
    stores = keys.pop(OfKey.STORE, None)
    if len(keys) == 1:
        ((key, values),) = keys.items()
        # A receipt with lines of two groups has a row in each: what counts receipts would count it twice.
        countable = len(values) == 1 or not metrics & _COUNTS
        if countable and key is OfKey.GROUP and rolled.stale.isdisjoint(values):
            return _by_kind(
                asked, CustomerGroupDay, CustomerGroupDay.group_id, Product.group_id, _ids(ProductGroup, values), stores
            )
        if countable and key in _WHOLE_KINDS and key.value not in rolled.stale_kinds:
            table, column, named, of_product = _WHOLE_KINDS[key]
            return _by_kind(asked, table, column, of_product, _ids(named, values), stores)
        if countable and key is OfKey.SKU:
            days = CustomerProductDay
            return _by_kind(asked, days, days.product_id, Product.id, _products(values), stores)
    return None


def _added(rows: sa.FromClause, columns: Columns, metrics: frozenset[MetricName]) -> Any:
    """The rows of each customer summed up."""
    return (
        sa.select(rows.c.customer_id, *(columns[name].label(name) for name in _columns(metrics)))
        .select_from(rows)
        .group_by(rows.c.customer_id)
    )


def _sums(rows: Any) -> Columns:
    # A sum of bigint is numeric, which is slow to add and to compare; these fit by far.
    return {name: sa.cast(sa.func.sum(rows.c[name]), sa.BigInteger) for name in _ADDED}


def _dated(rows: Any) -> Columns:
    bought = rows.c.purchases > 0
    return _sums(rows) | {
        "visit_days": sa.func.count(sa.distinct(rows.c.sold_on)).filter(bought),
        "first_on": sa.func.min(rows.c.sold_on).filter(bought),
        "last_on": sa.func.max(rows.c.sold_on).filter(bought),
    }


def _waiting(asked: Asked, *where: sa.ColumnElement[bool]) -> Any:
    """The receipts that wait, each as a rollup would hold it."""
    of_receipt = (Receipt.customer_id == ReceiptToRoll.customer_id) & (Receipt.id == ReceiptToRoll.receipt_id)
    joined = sa.join(ReceiptToRoll, Receipt, of_receipt).join(
        ReceiptLine, (ReceiptLine.customer_id == Receipt.customer_id) & (ReceiptLine.receipt_id == Receipt.id)
    )
    joined = joined.outerjoin(BECAME, BECAME.c.id == Receipt.customer_id)
    if where:
        joined = joined.join(Product, Product.id == ReceiptLine.product_id)
    return (
        sa.select(
            _OWNER.label("customer_id"),
            Receipt.sold_on,
            Receipt.store_id,
            sa.cast(sa.func.bool_or(ReceiptLine.quantity_milli >= 0), sa.Integer).label("purchases"),
            sa.cast(sa.func.bool_or(ReceiptLine.quantity_milli < 0), sa.Integer).label("returns"),
            sa.cast(sa.func.sum(ReceiptLine.amount_minor), sa.BigInteger).label("spend_minor"),
            sa.cast(sa.func.sum(ReceiptLine.quantity_milli), sa.BigInteger).label("quantity_milli"),
        )
        .select_from(joined)
        .where(*_days(Receipt.sold_on, asked), *_sold_to(asked), *where)
        .group_by(_OWNER, Receipt.id, Receipt.sold_on, Receipt.store_id)
    )


def _by_day(asked: Asked, stores: Sequence[str] | None) -> tuple[sa.FromClause, Columns]:
    held = (CustomerDay.customer_id, CustomerDay.sold_on, CustomerDay.store_id,
            *(getattr(CustomerDay, name) for name in _ADDED))  # fmt: skip
    kept = sa.select(*held).where(*_days(CustomerDay.sold_on, asked), *_only(CustomerDay.customer_id, asked))
    waiting = _waiting(asked)
    if stores is not None:
        kept = kept.where(CustomerDay.store_id.in_(_stores(stores)))
        waiting = waiting.where(Receipt.store_id.in_(_stores(stores)))
    rows = sa.union_all(kept, waiting).subquery()
    return rows, _dated(rows)


def _by_kind(
    asked: Asked,
    table: type[CustomerGroupDay | CustomerProductDay | CustomerDepartmentDay | CustomerBrandDay],
    column: Any,
    of_product: Any,
    ids: Any,
    stores: Sequence[str] | None,
) -> tuple[sa.FromClause, Columns]:
    """From the days of groups or of products: `column` is the table's, `of_product` what a waiting line has for it."""
    held = (table.customer_id, table.sold_on, *(getattr(table, name) for name in _ADDED))
    kept = sa.select(*held).where(column.in_(ids), *_days(table.sold_on, asked), *_only(table.customer_id, asked))
    lines = _waiting(asked, of_product.in_(ids))
    if stores is not None:
        kept = kept.where(table.store_id.in_(_stores(stores)))
        lines = lines.where(Receipt.store_id.in_(_stores(stores)))
    waiting = lines.subquery()
    still = sa.select(waiting.c.customer_id, waiting.c.sold_on, *(waiting.c[name] for name in _ADDED))
    rows = sa.union_all(kept, still).subquery()
    return rows, _dated(rows)


def _summaries(asked: Asked) -> tuple[sa.FromClause, Columns]:
    held = (CustomerSummary.customer_id, *(getattr(CustomerSummary, name) for name in _ADDED),
            CustomerSummary.first_on, CustomerSummary.last_on)  # fmt: skip
    kept = sa.select(*held).where(*_only(CustomerSummary.customer_id, asked))
    waiting = _waiting(asked).subquery()
    day = sa.case((waiting.c.purchases > 0, waiting.c.sold_on))
    still = sa.select(
        waiting.c.customer_id, *(waiting.c[name] for name in _ADDED), day.label("first_on"), day.label("last_on")
    )
    rows = sa.union_all(kept, still).subquery()
    return rows, _sums(rows) | {
        "first_on": sa.func.min(rows.c.first_on),
        "last_on": sa.func.max(rows.c.last_on),
    }
