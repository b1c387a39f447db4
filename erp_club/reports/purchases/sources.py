"""Where the figures of purchases are read: the sums by customer, day and store where they answer, else the lines.

Either way it is a SELECT of rows with the same columns: whose (`customer_id`, `sold_on`, `store_id`), `product_key`
where rows are made of lines, and the sums. What the rollups don't hold yet is read from the lines beside them.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product
from erp_club.clubs.models import Membership, MembershipPeriod
from erp_club.receipts.models import Receipt, ReceiptLine
from erp_club.receipts.rollups import queries as rollups
from erp_club.receipts.rollups.models import CustomerDay, ReceiptToRoll
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


def source(session: Session, asked: Asked) -> Any:
    """The rows that the question is about, as a subquery."""
    if asked.of_products or asked.by is By.CASHIER or asked.staff_id is not None:
        return _lines(asked).subquery("rows")
    rows = _days(asked)
    return (sa.union_all(rows, _waiting(asked)) if rollups.waiting(session) else rows).subquery("rows")


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


def _days(asked: Asked) -> Any:
    return sa.select(
        CustomerDay.customer_id,
        CustomerDay.sold_on,
        CustomerDay.store_id,
        CustomerDay.receipts,
        CustomerDay.purchases,
        CustomerDay.returns,
        CustomerDay.spend_minor.label("sales_minor"),
        CustomerDay.returned_minor,
        CustomerDay.list_minor,
        CustomerDay.quantity_milli,
    ).where(*_narrowed(asked, CustomerDay))


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


def _waiting(asked: Asked) -> Any:
    of_receipt = (Receipt.customer_id == ReceiptToRoll.customer_id) & (Receipt.id == ReceiptToRoll.receipt_id)
    key = (Receipt.customer_id, Receipt.sold_on, Receipt.store_id)
    return (
        sa.select(*key, *_sums())
        .select_from(sa.join(ReceiptToRoll, Receipt, of_receipt).join(ReceiptLine, _OF_LINE))
        .where(*_narrowed(asked, Receipt))
        .group_by(*key, Receipt.id)
    )


def _lines(asked: Asked) -> Any:
    joined = sa.join(Receipt, ReceiptLine, _OF_LINE)
    if asked.of_products:
        joined = joined.join(Product, Product.id == ReceiptLine.product_id)
    whose = [Receipt.customer_id, Receipt.sold_on, Receipt.store_id, Receipt.staff_id]
    if asked.by in _PRODUCT_KEYS:
        whose.append(_PRODUCT_KEYS[asked.by].label("product_key"))
    where = _narrowed(asked, Receipt) + _of_products(asked)
    if asked.staff_id is not None:
        where.append(Receipt.staff_id == asked.staff_id)
    return sa.select(*whose, *_sums()).select_from(joined).where(*where).group_by(*whose, Receipt.id)
