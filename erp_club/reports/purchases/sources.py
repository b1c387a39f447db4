"""Where the figures of purchases are read: the sums that are kept where they answer, else the lines.

Either way it is a SELECT of rows with the same columns: whose (`customer_id`, `sold_on`, `store_id`), `product_key`
where rows are made of lines, the sums, and `known_minor`. What the rollups don't hold yet is read from the lines
beside them. A receipt stands under whoever its customer became.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product
from erp_club.clubs.models import Membership, MembershipPeriod
from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.customers.queries import BECAME, family_of, living_of
from erp_club.receipts.models import Receipt, ReceiptLine
from erp_club.receipts.rollups import queries as rollups
from erp_club.receipts.rollups.models import (
    CustomerBrandDay,
    CustomerDay,
    CustomerDepartmentDay,
    CustomerGroupDay,
    ProductMonth,
    ReceiptToRoll,
    StoreDay,
)
from erp_club.reports.purchases.asked import TIMES, Asked, By, whole_months
from erp_club.segments.models import SegmentCustomer

SUMS = ("receipts", "purchases", "returns", "sales_minor", "returned_minor", "list_minor", "quantity_milli")
_OF_LINE = (ReceiptLine.customer_id == Receipt.customer_id) & (ReceiptLine.receipt_id == Receipt.id)
_OWNER = living_of(Receipt.customer_id)
_PRODUCT_KEYS: dict[By, Any] = {
    By.DEPARTMENT: Product.department_id,
    By.GROUP: Product.group_id,
    By.BRAND: Product.brand_id,
    By.PRODUCT: ReceiptLine.product_id,
}

_KINDS: dict[By, tuple[Any, Any]] = {
    By.DEPARTMENT: (CustomerDepartmentDay, CustomerDepartmentDay.department_id),
    By.GROUP: (CustomerGroupDay, CustomerGroupDay.group_id),
    By.BRAND: (CustomerBrandDay, CustomerBrandDay.brand_id),
}


def source(session: Session, asked: Asked, *, products: Sequence[int] | None = None) -> Any:
    """The rows that the question is about; of these products only where they are named.

    Lines come as a common table expression, so that whoever reads them twice sums them once.
    """
    if products is not None:
        return _lines(asked, products=products).cte("rows")
    kind = _kind_asked(asked)
    if asked.of_products and (kind is None or asked.staff_id is not None or kind.value in rollups.stale_kinds(session)):
        return _lines(asked).cte("rows")
    return _with_waiting(session, _days(asked, kind), asked)


def store_sums(session: Session, asked: Asked) -> Any | None:
    """Rows without customers, from the sums of stores by day; None where these don't answer."""
    whose = (asked.customer_id, asked.club_id, asked.segment_id, asked.staff_id)
    if asked.of_products or asked.by not in (*TIMES, By.STORE) or any(each is not None for each in whose):
        return None
    where: list[sa.ColumnElement[bool]] = [StoreDay.sold_on.between(asked.first, asked.last)]
    if asked.store_id is not None:
        where.append(StoreDay.store_id == asked.store_id)
    held = sa.select(StoreDay.sold_on, StoreDay.store_id, *_kept(StoreDay), StoreDay.known_minor).where(*where)
    return _with_waiting(session, held, asked, of_customers=False)


def _with_waiting(session: Session, held: Any, asked: Asked, *, of_customers: bool = True) -> Any:
    if not rollups.waiting(session):
        return held.subquery("rows")
    waiting = _lines(asked, waiting=True)
    if not of_customers:
        each = waiting.subquery("waiting")
        waiting = sa.select(*(each.c[name] for name in ("sold_on", "store_id", *SUMS, "known_minor")))
    return sa.union_all(held, waiting).subquery("rows")


def _kind_asked(asked: Asked) -> By | None:
    """The one way of grouping products that the question is about; None for several, for products, and for none."""
    asks = {By.DEPARTMENT: asked.department_id, By.GROUP: asked.group_id, By.BRAND: asked.brand_id}
    named = {kind for kind, value in asks.items() if value is not None} | ({asked.by} & set(_PRODUCT_KEYS))
    if asked.product_id is not None or len(named) != 1:
        return None
    (kind,) = named
    return kind if kind in _KINDS else None


def receipts(asked: Asked) -> list[sa.ColumnElement[bool]]:
    """The conditions on a receipt that the question is about."""
    where = _narrowed(asked, Receipt)
    if asked.staff_id is not None:
        where.append(Receipt.staff_id == asked.staff_id)
    if _of_products(asked):
        line = sa.select(sa.literal(1)).select_from(sa.join(ReceiptLine, Product, Product.id == ReceiptLine.product_id))
        where.append(line.where(_OF_LINE, *_of_products(asked)).correlate(Receipt).exists())
    return where


def holds_on(customer_id: Any, day: Any) -> sa.ColumnElement[bool]:
    """A membership of the customer, joined to its periods, holds on the day."""
    return (Membership.customer_id == customer_id) & _covers(day)


def _covers(day: Any) -> sa.ColumnElement[bool]:
    return MembershipPeriod.validity.op("@>", return_type=sa.Boolean)(day)


def memberships() -> sa.FromClause:
    """Memberships with their periods."""
    same = (MembershipPeriod.customer_id == Membership.customer_id) & (MembershipPeriod.membership_id == Membership.id)
    return sa.join(Membership, MembershipPeriod, same)


def _narrowed(asked: Asked, table: Any) -> list[sa.ColumnElement[bool]]:
    """Days, store, customer, club and segment, of a table that knows whose and when.

    Sums stand under whoever a customer became; a receipt under the one it was sold to, so that it is found by both.
    """
    where: list[sa.ColumnElement[bool]] = [table.sold_on.between(asked.first, asked.last)]
    sold_to = table is Receipt
    if asked.store_id is not None:
        where.append(table.store_id == asked.store_id)
    if asked.customer_id is not None:
        mine = family_of(asked.customer_id)
        where.append(table.customer_id.in_(mine) if sold_to else table.customer_id == asked.customer_id)
    family = _family()
    if asked.club_id is not None:
        whose = family.c.id if sold_to else Membership.customer_id
        joined = memberships()
        if sold_to:
            joined = joined.join(family, family.c.living == Membership.customer_id)
        member = sa.select(sa.literal(1)).select_from(joined)
        held = member.where(Membership.club_id == asked.club_id, whose == table.customer_id, _covers(table.sold_on))
        where.append(held.correlate(table).exists())
    if asked.segment_id is not None:
        kept = sa.select(SegmentCustomer.customer_id).where(SegmentCustomer.segment_id == asked.segment_id)
        if sold_to:
            kept = sa.select(family.c.id).where(family.c.living.in_(kept))
        where.append(table.customer_id.in_(kept))
    return where


def _family() -> Any:
    """Every customer, and everyone who became another, with the one they are now."""
    every = sa.select(Customer.id, Customer.id.label("living"))
    return sa.union_all(every, sa.select(BECAME.c.id, BECAME.c.merged_into)).subquery("family")


def _of_products(asked: Asked, product_id: Any = ReceiptLine.product_id) -> list[sa.ColumnElement[bool]]:
    named = (
        (Product.department_id, asked.department_id),
        (Product.group_id, asked.group_id),
        (Product.brand_id, asked.brand_id),
        (product_id, asked.product_id),
    )
    return [column == value for column, value in named if value is not None]


def _kept(table: Any) -> list[Any]:
    """A rollup's sums by the names that they have here."""
    return [(table.spend_minor if name == "sales_minor" else getattr(table, name)).label(name) for name in SUMS]


def _known(whose: Any, sales: Any) -> Any:
    return sa.case((whose != UNIDENTIFIED, sales), else_=0).label("known_minor")


def _days(asked: Asked, kind: By | None) -> Any:
    table, column = _KINDS[kind] if kind else (CustomerDay, None)
    whose: list[Any] = [table.customer_id, table.sold_on, table.store_id]
    where = _narrowed(asked, table)
    if asked.by is kind:
        whose.append(sa.func.nullif(column, 0).label("product_key"))
    elif kind:
        where.append(column == {By.DEPARTMENT: asked.department_id, By.GROUP: asked.group_id}.get(kind, asked.brand_id))
    elif asked.by is By.CASHIER:
        whose.append(sa.func.nullif(CustomerDay.staff_id, 0).label("staff_id"))
    if asked.staff_id is not None:
        where.append(CustomerDay.staff_id == asked.staff_id)
    return sa.select(*whose, *_kept(table), _known(table.customer_id, table.spend_minor)).where(*where)


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
        _known(_OWNER, sa.cast(sa.func.sum(ReceiptLine.amount_minor), sa.BigInteger)),
    ]


def month_sums(session: Session, asked: Asked, *, products: Sequence[int] | None = None) -> Any | None:
    """Rows of products with their sums, of whole months from what is kept and of the days around from the lines.

    None where the question has no whole month, or is narrower than the chain: then only the lines answer.
    """
    narrowed = (asked.store_id, asked.customer_id, asked.club_id, asked.segment_id, asked.staff_id)
    whole = whole_months(asked.first, asked.last)
    if asked.by is not By.PRODUCT or whole is None or any(each is not None for each in narrowed):
        return None
    first, last = whole
    kept = sa.select(ProductMonth.product_id.label("product_key"), *_kept(ProductMonth), ProductMonth.known_minor)
    if of_products := _of_products(asked, ProductMonth.product_id):
        kept = kept.join(Product, Product.id == ProductMonth.product_id).where(*of_products)
    if products is not None:
        kept = kept.where(ProductMonth.product_id.in_(products))
    parts = [kept.where(ProductMonth.month.between(first, last))]
    for begins, ends in ((asked.first, first - _DAY), (last + _DAY, asked.last)):
        if begins <= ends:
            parts.append(_by_product(_lines(replace(asked, first=begins, last=ends), products=products)))
    if rollups.waiting(session):
        inside = replace(asked, first=first, last=last)
        parts.append(_by_product(_lines(inside, waiting=True, products=products)))
    return sa.union_all(*parts).subquery("months")


_DAY = dt.timedelta(days=1)


def _by_product(lines: Any) -> Any:
    each = lines.subquery()
    return sa.select(*(each.c[name] for name in ("product_key", *SUMS, "known_minor")))


def line_sums(asked: Asked) -> Any:
    """Rows of products with the sums that lines add up to by themselves, without a look at their receipts."""
    names = {"sales_minor": ReceiptLine.amount_minor, "list_minor": ReceiptLine.list_minor,
             "quantity_milli": ReceiptLine.quantity_milli}  # fmt: skip
    joined = sa.join(Receipt, ReceiptLine, _OF_LINE)
    if _of_products(asked):
        joined = joined.join(Product, Product.id == ReceiptLine.product_id)
    columns = (column.label(name) for name, column in names.items())
    return (
        sa.select(ReceiptLine.product_id.label("product_key"), *columns)
        .select_from(joined)
        .where(*_of_receipts(asked))
        .subquery("lines")
    )


def buyers_of(asked: Asked, products: Sequence[int]) -> Any:
    """Rows that tell who bought each of these products, in the period and within what is asked."""
    joined = sa.join(Receipt, ReceiptLine, _OF_LINE).outerjoin(BECAME, BECAME.c.id == Receipt.customer_id)
    if _of_products(asked):
        joined = joined.join(Product, Product.id == ReceiptLine.product_id)
    columns = (
        ReceiptLine.product_id.label("product_key"),
        _OWNER.label("customer_id"),
        sa.literal(1).label("purchases"),
    )
    bought = (ReceiptLine.product_id.in_(products), ReceiptLine.quantity_milli >= 0)
    return sa.select(*columns).select_from(joined).where(*_of_receipts(asked), *bought).subquery("bought_lines")


def _of_receipts(asked: Asked) -> list[sa.ColumnElement[bool]]:
    where = _narrowed(asked, Receipt) + _of_products(asked)
    return where if asked.staff_id is None else [*where, Receipt.staff_id == asked.staff_id]


def _lines(asked: Asked, *, waiting: bool = False, products: Sequence[int] | None = None) -> Any:
    """From the lines; `waiting`: only of receipts that the rollups don't hold yet."""
    joined = sa.join(Receipt, ReceiptLine, _OF_LINE).outerjoin(BECAME, BECAME.c.id == Receipt.customer_id)
    if waiting:
        held = (Receipt.customer_id == ReceiptToRoll.customer_id) & (Receipt.id == ReceiptToRoll.receipt_id)
        joined = joined.join(ReceiptToRoll, held)
    if _of_products(asked) or asked.by in _KINDS:
        joined = joined.join(Product, Product.id == ReceiptLine.product_id)
    whose: list[Any] = [_OWNER.label("customer_id"), Receipt.sold_on, Receipt.store_id]
    keys: list[Any] = [_OWNER, Receipt.sold_on, Receipt.store_id]
    if asked.by is By.CASHIER:
        whose.append(Receipt.staff_id)
        keys.append(Receipt.staff_id)
    if asked.by in _PRODUCT_KEYS:
        whose.append(_PRODUCT_KEYS[asked.by].label("product_key"))
        keys.append(_PRODUCT_KEYS[asked.by])
    where = _of_receipts(asked)
    if products is not None:
        where.append(ReceiptLine.product_id.in_(products))
    return sa.select(*whose, *_sums()).select_from(joined).where(*where).group_by(*keys, Receipt.id)
