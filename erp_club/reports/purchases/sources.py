"""Where the figures of purchases are read: the sums by customer, day and store where they answer, else the lines.

Either way it is a SELECT of rows with the same columns: whose (`customer_id`, `sold_on`, `store_id`), `product_key`
where rows are made of lines, and the sums. What the rollups don't hold yet is read from the lines beside them.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product
from erp_club.clubs.models import Membership, MembershipPeriod
from erp_club.receipts.models import Receipt, ReceiptLine
from erp_club.receipts.rollups import queries as rollups
from erp_club.receipts.rollups.models import (
    CustomerBrandDay,
    CustomerDay,
    CustomerDepartmentDay,
    CustomerGroupDay,
    ReceiptToRoll,
)
from erp_club.reports.purchases.asked import Asked, By
from erp_club.segments.models import SegmentCustomer

SUMS = ("receipts", "purchases", "returns", "sales_minor", "returned_minor", "list_minor", "quantity_milli")
_OF_LINE = (ReceiptLine.customer_id == Receipt.customer_id) & (ReceiptLine.receipt_id == Receipt.id)
_PRODUCT_KEYS: dict[By, Any] = {
    By.DEPARTMENT: Product.department_id,
    By.GROUP: Product.group_id,
    By.BRAND: Product.brand_id,
    By.PRODUCT: Product.id,
}

_KINDS: dict[By, tuple[Any, Any]] = {
    By.DEPARTMENT: (CustomerDepartmentDay, CustomerDepartmentDay.department_id),
    By.GROUP: (CustomerGroupDay, CustomerGroupDay.group_id),
    By.BRAND: (CustomerBrandDay, CustomerBrandDay.brand_id),
}


def source(session: Session, asked: Asked, *, products: Sequence[int] | None = None) -> Any:
    """The rows that the question is about, as a subquery; of these products only where they are named."""
    if products is not None:
        return _lines(asked, products=products).subquery("rows")
    kind = _kind_asked(asked)
    if asked.by is By.CASHIER or asked.staff_id is not None:
        return _lines(asked).subquery("rows")
    if asked.of_products and (kind is None or kind.value in rollups.stale_kinds(session)):
        return _lines(asked).subquery("rows")
    rows = _days(asked, kind)
    return (sa.union_all(rows, _lines(asked, waiting=True)) if rollups.waiting(session) else rows).subquery("rows")


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
    return (Membership.customer_id == customer_id) & MembershipPeriod.validity.op("@>", return_type=sa.Boolean)(day)


def memberships() -> sa.FromClause:
    """Memberships with their periods."""
    same = (MembershipPeriod.customer_id == Membership.customer_id) & (MembershipPeriod.membership_id == Membership.id)
    return sa.join(Membership, MembershipPeriod, same)


def _narrowed(asked: Asked, table: Any) -> list[sa.ColumnElement[bool]]:
    """Days, store, customer, club and segment, of a table that knows whose and when."""
    where: list[sa.ColumnElement[bool]] = [table.sold_on.between(asked.first, asked.last)]
    if asked.store_id is not None:
        where.append(table.store_id == asked.store_id)
    if asked.customer_id is not None:
        where.append(table.customer_id == asked.customer_id)
    if asked.club_id is not None:
        member = sa.select(sa.literal(1)).select_from(memberships())
        held = member.where(Membership.club_id == asked.club_id, holds_on(table.customer_id, table.sold_on))
        where.append(held.correlate(table).exists())
    if asked.segment_id is not None:
        kept = sa.select(SegmentCustomer.customer_id).where(SegmentCustomer.segment_id == asked.segment_id)
        where.append(table.customer_id.in_(kept))
    return where


def _of_products(asked: Asked) -> list[sa.ColumnElement[bool]]:
    named = (
        (Product.department_id, asked.department_id),
        (Product.group_id, asked.group_id),
        (Product.brand_id, asked.brand_id),
        (Product.id, asked.product_id),
    )
    return [column == value for column, value in named if value is not None]


def _days(asked: Asked, kind: By | None) -> Any:
    table, column = _KINDS[kind] if kind else (CustomerDay, None)
    whose: list[Any] = [table.customer_id, table.sold_on, table.store_id]
    where = _narrowed(asked, table)
    if asked.by is kind:
        whose.append(sa.func.nullif(column, 0).label("product_key"))
    elif kind:
        where.append(column == {By.DEPARTMENT: asked.department_id, By.GROUP: asked.group_id}.get(kind, asked.brand_id))
    sums = [
        table.receipts,
        table.purchases,
        table.returns,
        table.spend_minor.label("sales_minor"),
        table.returned_minor,
        table.list_minor,
        table.quantity_milli,
    ]
    return sa.select(*whose, *sums).where(*where)


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
    ]


def product_sums(asked: Asked) -> Any:
    """Each product's sums that lines add up to by themselves, without a look at their receipts."""
    names = {"sales_minor": ReceiptLine.amount_minor, "list_minor": ReceiptLine.list_minor,
             "quantity_milli": ReceiptLine.quantity_milli}  # fmt: skip
    joined = sa.join(Receipt, ReceiptLine, _OF_LINE).join(Product, Product.id == ReceiptLine.product_id)
    return (
        sa.select(Product.id, Product.name, *(sa.func.sum(column).label(name) for name, column in names.items()))
        .select_from(joined)
        .where(*_of_receipts(asked))
        .group_by(Product.id)
        .subquery("product_sums")
    )


def _of_receipts(asked: Asked) -> list[sa.ColumnElement[bool]]:
    where = _narrowed(asked, Receipt) + _of_products(asked)
    return where if asked.staff_id is None else [*where, Receipt.staff_id == asked.staff_id]


def _lines(asked: Asked, *, waiting: bool = False, products: Sequence[int] | None = None) -> Any:
    """From the lines; `waiting`: only of receipts that the rollups don't hold yet."""
    joined = sa.join(Receipt, ReceiptLine, _OF_LINE)
    if waiting:
        held = (Receipt.customer_id == ReceiptToRoll.customer_id) & (Receipt.id == ReceiptToRoll.receipt_id)
        joined = joined.join(ReceiptToRoll, held)
    if asked.of_products:
        joined = joined.join(Product, Product.id == ReceiptLine.product_id)
    whose: list[Any] = [Receipt.customer_id, Receipt.sold_on, Receipt.store_id]
    if asked.by is By.CASHIER:
        whose.append(Receipt.staff_id)
    if asked.by in _PRODUCT_KEYS:
        whose.append(_PRODUCT_KEYS[asked.by].label("product_key"))
    where = _of_receipts(asked)
    if products is not None:
        where.append(ReceiptLine.product_id.in_(products))
    return sa.select(*whose, *_sums()).select_from(joined).where(*where).group_by(*whose, Receipt.id)
