"""What didn't fit in offline sales, as a list; and receipts that a batch may hold already."""

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_club.catalogue.models import Product
from erp_club.customers.models import Customer
from erp_club.kernel.reading import in_portions
from erp_club.organisation.models import Store
from erp_club.permissions.models import Staff
from erp_club.purchases.uploads.errors import no_conflict
from erp_club.purchases.uploads.kinds import Cause
from erp_club.purchases.uploads.models import UploadConflict
from erp_club.receipts.models import Receipt, ReceiptLine, ReceiptNumber

Sold = tuple[str, int, int]
"""SKU, quantity in thousandths, and amount of a line."""


@dataclass(frozen=True, slots=True)
class KnownReceipt:
    """A receipt that the store has under a number: its key, and what was sold."""

    customer_id: int
    receipt_id: int
    sold_at: dt.datetime
    lines: tuple[Sold, ...]


def known_receipt(session: Session, store_id: int, receipt_no: str) -> KnownReceipt | None:
    """What the store has under this number; gifts that offers added are no part of what a till sent."""
    row = session.execute(
        sa.select(Receipt.customer_id, Receipt.id, Receipt.sold_at)
        .join(
            ReceiptNumber,
            (ReceiptNumber.customer_id == Receipt.customer_id) & (ReceiptNumber.receipt_id == Receipt.id),
        )
        .where(ReceiptNumber.store_id == store_id, ReceiptNumber.receipt_no == receipt_no)
    ).one_or_none()
    if row is None:
        return None
    lines = session.execute(
        sa.select(Product.sku, ReceiptLine.quantity_milli, ReceiptLine.amount_minor)
        .join(Product, Product.id == ReceiptLine.product_id)
        .where(ReceiptLine.customer_id == row.customer_id, ReceiptLine.receipt_id == row.id, ~ReceiptLine.added)
        .order_by(ReceiptLine.line_no)
    )
    sold = tuple((sku, quantity, amount) for sku, quantity, amount in lines)
    return KnownReceipt(row.customer_id, row.id, row.sold_at, sold)


@dataclass(frozen=True, slots=True)
class ConflictRow:
    """One thing that didn't fit. `customer` is empty for nobody known, `seen_by` None while nobody has seen it."""

    id: int
    cause: Cause
    receipt_no: str
    receipt_id: int
    sold_at: dt.datetime
    at: dt.datetime
    store_id: int
    store: str
    zone: str
    total_minor: int
    customer_number: str
    facts: dict[str, Any]
    seen_at: dt.datetime | None
    seen_by: str | None

    @property
    def local_time(self) -> dt.datetime:
        """When it was sold by the store's clock."""
        return self.sold_at.astimezone(ZoneInfo(self.zone))


@dataclass(frozen=True, slots=True)
class ConflictFilters:
    """Which conflicts; None means any. Days are those of the sale, both included."""

    cause: Cause | None = None
    store_id: int | None = None
    seen: bool | None = None
    text: str | None = None
    first: dt.date | None = None
    last: dt.date | None = None


def listing(
    session: Session, filters: ConflictFilters, *, sort: str, descending: bool, offset: int, limit: int
) -> list[ConflictRow]:
    """The conflicts of one page."""
    rows = session.execute(_ordered(filters, sort, descending=descending).offset(offset).limit(limit))
    return [_row(row) for row in rows]


def every(session: Session, filters: ConflictFilters, *, sort: str, descending: bool) -> Iterator[ConflictRow]:
    """All that match, read in portions."""
    for row in in_portions(session, _ordered(filters, sort, descending=descending)):
        yield _row(row)


def count(session: Session, filters: ConflictFilters, *, most: int) -> int:
    """How many match, counted no further than `most`."""
    found = sa.select(UploadConflict.id).select_from(_FROM).where(*_where(filters)).limit(most).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(found)) or 0


def store_of_conflict(session: Session, conflict_id: int) -> int | None:
    """The store of a conflict; None for one that isn't there."""
    return session.scalar(sa.select(UploadConflict.store_id).where(UploadConflict.id == conflict_id))


def conflict(session: Session, conflict_id: int) -> ConflictRow:
    """One of them. Raises NotFound."""
    asked = _ordered(ConflictFilters(), "sold_at", descending=False).where(UploadConflict.id == conflict_id)
    row = session.execute(asked).one_or_none()
    if row is None:
        raise no_conflict()
    return _row(row)


def unknown_skus(session: Session, skus: Collection[str]) -> list[str]:
    """Those of these SKUs that no product has, in order."""
    known = set(session.scalars(sa.select(Product.sku).where(Product.sku.in_(skus))))
    return sorted(set(skus) - known)


_SEEN = aliased(Staff)
_FROM = (
    sa.join(UploadConflict, Store, Store.id == UploadConflict.store_id)
    .join(Receipt, (Receipt.customer_id == UploadConflict.customer_id) & (Receipt.id == UploadConflict.receipt_id))
    .join(Customer, Customer.id == UploadConflict.customer_id)
    .outerjoin(_SEEN, _SEEN.id == UploadConflict.seen_by)
)
_SORTS: dict[str, tuple[Any, ...]] = {
    "sold_at": (UploadConflict.sold_at,),
    "receipt_no": (UploadConflict.receipt_no,),
    "store": (Store.name,),
    "cause": (UploadConflict.cause,),
}


def _ordered(filters: ConflictFilters, sort: str, *, descending: bool) -> sa.Select[*tuple[Any, ...]]:
    columns = [*_SORTS[sort], UploadConflict.id]
    return (
        sa.select(
            UploadConflict.id,
            UploadConflict.cause,
            UploadConflict.receipt_no,
            UploadConflict.receipt_id,
            UploadConflict.sold_at,
            Receipt.sold_at,
            Store.id,
            Store.name,
            Store.time_zone,
            Receipt.total_minor,
            sa.case((Customer.id == 0, ""), else_=Customer.number),
            UploadConflict.facts,
            UploadConflict.seen_at,
            _SEEN.name,
        )
        .select_from(_FROM)
        .where(*_where(filters))
        .order_by(*(column.desc() if descending else column for column in columns))
    )


def _where(filters: ConflictFilters) -> list[sa.ColumnElement[bool]]:
    wanted: list[sa.ColumnElement[bool]] = []
    if filters.cause is not None:
        wanted.append(UploadConflict.cause == filters.cause)
    if filters.store_id is not None:
        wanted.append(UploadConflict.store_id == filters.store_id)
    if filters.seen is not None:
        wanted.append(UploadConflict.seen_at.is_not(None) if filters.seen else UploadConflict.seen_at.is_(None))
    if filters.text is not None:
        wanted.append(UploadConflict.receipt_no == filters.text)
    if filters.first is not None:
        wanted.append(Receipt.sold_on >= filters.first)
    if filters.last is not None:
        wanted.append(Receipt.sold_on <= filters.last)
    return wanted


def _row(row: Any) -> ConflictRow:
    return ConflictRow(row[0], Cause(row[1]), *row[2:])
