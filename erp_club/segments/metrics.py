"""The figures of customers' purchases as SELECTs of one row a customer, over rollups where these answer exactly."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from erp_club.catalogue.models import Brand, Department, Product, ProductGroup
from erp_club.customers.models import UNIDENTIFIED
from erp_club.customers.queries import BECAME, family_of, living_of
from erp_club.kernel.fields import Op
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
from erp_club.segments import tree
from erp_club.segments.tree import MetricName, Of, OfKey, Value

Columns = dict[str, sa.ColumnElement[Any]]
_NAMED = {OfKey.GROUP: (ProductGroup, Product.group_id), OfKey.DEPARTMENT: (Department, Product.department_id),
          OfKey.BRAND: (Brand, Product.brand_id)}  # fmt: skip
_WHOLE_KINDS: dict[OfKey, tuple[type[CustomerDepartmentDay | CustomerBrandDay], Any, Any, Any]] = {
    OfKey.DEPARTMENT: (CustomerDepartmentDay, CustomerDepartmentDay.department_id, Department, Product.department_id),
    OfKey.BRAND: (CustomerBrandDay, CustomerBrandDay.brand_id, Brand, Product.brand_id),
}
"""Kinds of which a segment asks seldom: they are read from the lines while any of their products has moved."""
_ADD_UP = {MetricName.SPEND, MetricName.PURCHASES, MetricName.QUANTITY, MetricName.RETURNS, MetricName.VISIT_DAYS}
_COUNTS = {MetricName.PURCHASES, MetricName.RETURNS}
_OWNER = living_of(Receipt.customer_id)
_ADDED = ("purchases", "returns", "spend_minor", "quantity_milli")


@dataclass(frozen=True, slots=True)
class Rolled:
    """What the rollups may be asked: `latest` is the last day with a receipt.

    `stale` are the groups they don't hold, `stale_kinds` which of `department` and `brand` they don't wholly hold.
    `kept_for`: the day for which scores and favourites are kept. `waits`: whether receipts wait for them. `cuts`: the
    ids that part many customers into equal parts, of which each is summed up for itself.
    """

    latest: dt.date
    stale: frozenset[str] = frozenset()
    stale_kinds: frozenset[str] = frozenset()
    kept_for: dt.date | None = None
    waits: bool = True
    cuts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """Lines of these things between two days, both included; `only` for these customers.

    `counted`: it matters how many receipts they are, and not only whether there are any. `often`: a customer may come
    more than once, for whoever only leaves these out.
    """

    of: Of
    first: dt.date | None
    last: dt.date
    only: tuple[int, ...] | None = None
    counted: bool = True
    often: bool = False


def figures(asked: Asked, metrics: frozenset[MetricName], rolled: Rolled | None) -> Any:
    """One row a customer who has any such line: `customer_id`, and the columns that `figure` reads.

    Where a customer may come `often`, and nothing is asked but whether there are receipts, they aren't added up.
    """
    found = None if rolled is None else _rollup(asked, metrics, rolled)
    return _of_lines(asked, metrics) if found is None else found


def adds_up(metric: MetricName) -> bool:
    """Whether a customer without any line has 0 of it, so that it is never missing."""
    return metric in _ADD_UP


def counted(metric: MetricName, op: Op, value: Value) -> bool:
    """Whether it matters how many receipts there are, and not only whether there are any."""
    if metric is MetricName.AVERAGE_PURCHASE:
        return True
    return metric in _COUNTS and not tree.tells_none_from_some(op, value)


def of_nobody(metric: MetricName, op: Op, value: Value) -> bool:
    """Whether it compares so for a customer without any such line, who has 0 of what adds up, and no such days."""
    if metric in _ADD_UP:
        return tree.holds_of(0, op, value)
    return op is Op.IS_NULL and bool(value)


def figure(rows: Any, metric: MetricName, as_of: dt.date) -> sa.ColumnElement[Any]:
    """A metric over the columns of `figures`."""
    day = sa.literal(as_of, sa.Date)
    column = rows.c
    if metric in _ADD_UP:
        (name,) = needed(metric)
        return column[name]
    match metric:
        case MetricName.DAYS_SINCE_LAST:
            return day - column.last_on
        case MetricName.DAYS_SINCE_FIRST:
            return day - column.first_on
        case MetricName.DAYS_BETWEEN:
            gaps = sa.func.nullif(column.visit_days - 1, 0)
            return sa.cast(column.last_on - column.first_on, sa.Numeric) / gaps
        case _:
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
            made.append(Receipt.store_id == _stores(values))
        else:
            table, column = _NAMED[key]
            made.append(column == _ids(table, values))
    return made


def _among(ids: sa.Select[Any]) -> Any:
    """Ids that are found once, before what is found by them: joined, they were looked for in every row of a period."""
    return sa.any_(sa.func.array(ids.scalar_subquery()))


def _stores(codes: Sequence[str]) -> Any:
    return _among(sa.select(Store.id).where(Store.code == sa.any_(texts(codes))))


def _ids(table: Any, names: Sequence[str]) -> Any:
    return _among(sa.select(table.id).where(table.name == sa.any_(texts(names))))


def _products(skus: Sequence[str]) -> Any:
    return _among(sa.select(Product.id).where(Product.sku == sa.any_(texts(skus))))


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


def _rollup(asked: Asked, metrics: frozenset[MetricName], rolled: Rolled) -> Any | None:
    """The figures from the smallest rollup that answers exactly, with those of the receipts that still wait for it."""
    keys = dict(asked.of)
    names = _columns(metrics)
    if not keys and asked.first is None and asked.last >= rolled.latest and "visit_days" not in names:
        return _summaries(asked, names, rolled)
    stores = keys.pop(OfKey.STORE, None)
    if not keys:
        return _summed(asked, stores, _held(asked, CustomerDay), _waiting(asked, stores), names, rolled)
    if len(keys) == 1:
        ((key, values),) = keys.items()
        # A receipt with lines of two groups has a row in each: what counts receipts would count it twice.
        countable = len(values) == 1 or not asked.counted
        if countable and (kind := _kind(key, values, rolled)) is not None:
            table, column, of_product, ids = kind
            held, waiting = _held(asked, table).where(column == ids), _waiting(asked, stores, of_product == ids)
            return _summed(asked, stores, held, waiting, names, replace(rolled, cuts=()))
    return None


def _kind(key: OfKey, values: Sequence[str], rolled: Rolled) -> tuple[Any, Any, Any, Any] | None:
    """Days by a kind of product: the table, its column, what a waiting line has for it, and the ids that are asked."""
    if key is OfKey.GROUP and rolled.stale.isdisjoint(values):
        return CustomerGroupDay, CustomerGroupDay.group_id, Product.group_id, _ids(ProductGroup, values)
    if key in _WHOLE_KINDS and key.value not in rolled.stale_kinds:
        table, column, named, of_product = _WHOLE_KINDS[key]
        return table, column, of_product, _ids(named, values)
    if key is OfKey.SKU:
        return CustomerProductDay, CustomerProductDay.product_id, Product.id, _products(values)
    return None


def _held(asked: Asked, table: Any) -> Any:
    """All rows of a table of sums."""
    whose = (table.customer_id, table.sold_on, table.store_id)
    return sa.select(*whose, *(getattr(table, name) for name in _ADDED)).where(*_only(table.customer_id, asked))


def _waiting(asked: Asked, stores: Sequence[str] | None = None, *where: sa.ColumnElement[bool]) -> Any:
    """The receipts that wait, each as a rollup would hold it."""
    of_receipt = (Receipt.customer_id == ReceiptToRoll.customer_id) & (Receipt.id == ReceiptToRoll.receipt_id)
    joined = sa.join(ReceiptToRoll, Receipt, of_receipt).join(
        ReceiptLine, (ReceiptLine.customer_id == Receipt.customer_id) & (ReceiptLine.receipt_id == Receipt.id)
    )
    joined = joined.outerjoin(BECAME, BECAME.c.id == Receipt.customer_id)
    if where:
        joined = joined.join(Product, Product.id == ReceiptLine.product_id)
    if stores is not None:
        where = (*where, Receipt.store_id == _stores(stores))
    return (
        sa.select(
            _OWNER.label("customer_id"),
            Receipt.sold_on,
            sa.cast(sa.func.bool_or(ReceiptLine.quantity_milli >= 0), sa.Integer).label("purchases"),
            sa.cast(sa.func.bool_or(ReceiptLine.quantity_milli < 0), sa.Integer).label("returns"),
            sa.cast(sa.func.sum(ReceiptLine.amount_minor), sa.BigInteger).label("spend_minor"),
            sa.cast(sa.func.sum(ReceiptLine.quantity_milli), sa.BigInteger).label("quantity_milli"),
        )
        .select_from(joined)
        .where(*_days(Receipt.sold_on, asked), *_sold_to(asked), *where)
        .group_by(_OWNER, Receipt.id, Receipt.sold_on)
    )


def _summed(asked: Asked, stores: Sequence[str] | None, held: Any, waiting: Any, names: Sequence[str],
            rolled: Rolled) -> Any:  # fmt: skip
    """Days summed up by customer; of the few for whom receipts wait, with these.

    Of many customers in several parts, which several processes may share.
    """

    def asked_for(rows: Any, store_id: Any, sold_on: Any) -> Any:
        rows = rows.where(*_days(sold_on, asked))
        return rows if stores is None else rows.where(store_id == _stores(stores))

    customer_id, sold_on, store_id, *_ = held.selected_columns
    kept = asked_for(held, store_id, sold_on)
    if asked.only is not None:
        columns = kept.with_only_columns(*(each for each in kept.selected_columns if each is not store_id))
        return _by_customer(sa.union_all(columns, waiting), names)
    alone = asked.often and not asked.counted and len(names) == 1 and names[0] in _COUNTS
    by_customer = _any_of_customer if alone else _by_customer
    parts: list[Any] = []
    for low, high in pairwise((None, *rolled.cuts, None)):
        part = kept if low is None else kept.where(customer_id >= low)
        part = part if high is None else part.where(customer_id < high)
        parts.append(by_customer(part.where(customer_id.not_in(_waited(asked))) if rolled.waits else part, names))
    if rolled.waits:
        # By customer first: an index by days would be searched at each day for each of them.
        theirs = held.where(customer_id.in_(_waited(asked))).offset(sa.literal_column("0")).subquery().c
        columns = sa.select(*(theirs[name] for name in ("customer_id", "sold_on", *_ADDED)))
        parts.append(by_customer(sa.union_all(asked_for(columns, theirs.store_id, theirs.sold_on), waiting), names))
    return parts[0] if len(parts) == 1 else sa.union_all(*parts)


def _waited(asked: Asked) -> Any:
    """The customers a receipt of whom, or of whoever became them, waits with its lines.

    Looked up in a hash by who isn't to be among them: as a join, it would be thought of as the few that waited when
    the table was last looked at.
    """
    joined = sa.outerjoin(ReceiptToRoll, BECAME, BECAME.c.id == ReceiptToRoll.customer_id)
    of_receipt = (ReceiptLine.customer_id == ReceiptToRoll.customer_id) & (
        ReceiptLine.receipt_id == ReceiptToRoll.receipt_id
    )
    found = sa.select(living_of(ReceiptToRoll.customer_id)).select_from(joined).where(sa.exists().where(of_receipt))
    return found if asked.only is None else found.where(ReceiptToRoll.customer_id.in_(family_of(_any(asked.only))))


def _by_customer(days: Any, names: Sequence[str]) -> Any:
    found = days.subquery().c
    bought = found.purchases > 0
    columns = _added(found) | {
        "visit_days": sa.func.count(sa.distinct(found.sold_on)).filter(bought),
        "first_on": sa.func.min(found.sold_on).filter(bought),
        "last_on": sa.func.max(found.sold_on).filter(bought),
    }
    return sa.select(found.customer_id, *(columns[name].label(name) for name in names)).group_by(found.customer_id)


def _any_of_customer(days: Any, names: Sequence[str]) -> Any:
    """The days that hold any, as they come."""
    found, (name,) = days.subquery().c, names
    return sa.select(found.customer_id, found[name]).where(found[name] > 0)


def _added(found: Any) -> Columns:
    # A sum of bigint is numeric, which is slow to add and to compare; these fit by far.
    return {name: sa.cast(sa.func.sum(found[name]), sa.BigInteger) for name in _ADDED if name in found}


def _summaries(asked: Asked, names: Sequence[str], rolled: Rolled) -> Any:
    """Customers' summaries; of the few for whom receipts wait, with these."""
    kept = CustomerSummary.__table__.c
    settled = sa.select(kept.customer_id, *(kept[name] for name in names)).where(*_only(kept.customer_id, asked))
    if not rolled.waits:
        return settled
    summed = _by_customer(_waiting(replace(asked, last=dt.date.max)), names).subquery("more")
    more = summed.c
    together: Columns = {name: sa.func.coalesce(kept[name], 0) + more[name] for name in _ADDED if name in names}
    for name, latest in (("first_on", sa.func.least), ("last_on", sa.func.greatest)):
        if name in names:
            together[name] = latest(kept[name], more[name])
    grown = sa.select(more.customer_id, *(together[name].label(name) for name in names)).select_from(
        summed.outerjoin(CustomerSummary, kept.customer_id == more.customer_id)
    )
    return sa.union_all(settled.where(kept.customer_id.not_in(_waited(asked))), grown)
