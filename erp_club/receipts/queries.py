"""Receipts as they stand in the books: one with all that is on it, lists, and what they sum to by month and group."""

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product, ProductGroup
from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.customers.queries import family_of
from erp_club.kernel.errors import NotFound
from erp_club.kernel.reading import in_portions
from erp_club.kernel.text import T
from erp_club.organisation.models import Store, Terminal
from erp_club.permissions.models import Staff
from erp_club.receipts.kinds import Means, ReceiptSource
from erp_club.receipts.models import Receipt, ReceiptLine, ReceiptPayment

Sort = Literal["sold_at", "receipt_no", "store", "customer", "lines", "total_minor"]


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """A receipt in a list. `customer` is empty for nobody known; `zone` is the store's time zone."""

    id: int
    receipt_no: str
    sold_at: dt.datetime
    sold_on: dt.date
    store_id: int
    store_code: str
    store: str
    zone: str
    customer_id: int
    customer_number: str
    customer: str
    lines: int
    list_minor: int
    total_minor: int
    rounding_minor: int

    @property
    def local_time(self) -> dt.datetime:
        """When it was sold by the store's clock."""
        return self.sold_at.astimezone(ZoneInfo(self.zone))


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line with its product as it is called today."""

    line_no: int
    product_id: int
    sku: str
    name: str
    quantity_milli: int
    list_minor: int
    amount_minor: int
    vat_bp: int
    regular_minor: int | None
    price_list: str | None
    tax_minor: int | None
    added: bool


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """What one means paid; `called` is the chain's own name of it, where it has one."""

    means: Means
    amount_minor: int
    called: str | None = None


@dataclass(frozen=True, slots=True)
class ReceiptRecord:
    """A whole receipt. `language` is the customer's; `city`, `terminal` and `staff` are None where nobody knows."""

    row: ReceiptRow
    city: str | None
    terminal: str | None
    staff: str | None
    language: str | None
    source: ReceiptSource
    lines: tuple[LineRow, ...]
    payments: tuple[PaymentRow, ...]


@dataclass(frozen=True, slots=True)
class ReceiptFilters:
    """Which receipts: days are included at both ends, amounts too; None means any.

    `person_id` also finds the receipts of whoever became this customer, `customer_id` only the customer's own.
    """

    text: str | None = None
    store_id: int | None = None
    person_id: int | None = None
    first: dt.date | None = None
    last: dt.date | None = None
    identified: bool | None = None
    least_minor: int | None = None
    most_minor: int | None = None
    customer_id: int | None = None
    staff_id: int | None = None


@dataclass(frozen=True, slots=True)
class MonthTotal:
    """A month (its first day) with the receipts in it and what was paid, with VAT and without cash rounding."""

    month: dt.date
    receipts: int
    total_minor: int


@dataclass(frozen=True, slots=True)
class GroupTotal:
    """A product group with what was paid for it and on how many receipts; `name` None for products without one."""

    name: str | None
    receipts: int
    total_minor: int


def receipt(session: Session, receipt_id: int) -> ReceiptRecord:
    """The receipt with lines and payments. Raises NotFound."""
    found: Any = session.execute(_WHOLE, {"receipt": receipt_id}).one_or_none()
    if found is None:
        raise NotFound(T("There is no such receipt."), code="receipt-unknown")
    row = ReceiptRow(*found[: len(_ROW)])
    city, terminal, staff, language, source, lines, payments = found[len(_ROW) :]
    return ReceiptRecord(
        row, city, terminal, staff, language, ReceiptSource(source),
        lines=tuple(LineRow(*line) for line in lines or ()),
        payments=tuple(PaymentRow(Means(means), amount, called) for means, amount, called in payments or ()),
    )  # fmt: skip


def place_of(session: Session, receipt_id: int) -> tuple[int, int | None] | None:
    """The store of a receipt and who made it; None for one that isn't there."""
    row = session.execute(sa.select(Receipt.store_id, Receipt.staff_id).where(Receipt.id == receipt_id)).one_or_none()
    return None if row is None else (row.store_id, row.staff_id)


@dataclass(frozen=True, slots=True)
class ProductName:
    """A product as it is called today."""

    product_id: int
    sku: str
    name: str


def product_names(session: Session, product_ids: Collection[int]) -> list[ProductName]:
    """What these products are called."""
    rows = session.execute(sa.select(Product.id, Product.sku, Product.name).where(Product.id.in_(product_ids)))
    return [ProductName(*row) for row in rows]


def found_by_number(session: Session, receipt_no: str, *, limit: int = 20) -> list[ReceiptRow]:
    """The receipts of this number, in whatever stores, the latest first."""
    filters = ReceiptFilters(text=receipt_no)
    return listing(session, filters, sort="sold_at", descending=True, offset=0, limit=limit)


def listing(
    session: Session, filters: ReceiptFilters, *, sort: str, descending: bool, offset: int, limit: int
) -> list[ReceiptRow]:
    """The receipts of one page in the order of a `Sort`; by `lines` only those of a person, whose lines are counted.

    Equals come by time, and those of one number or total as they came in.
    """
    return _page(session, _where(filters), sort, descending=descending, offset=offset, limit=limit)


def count(session: Session, filters: ReceiptFilters, *, most: int) -> int:
    """How many receipts match, counted no further than `most`."""
    found = sa.select(Receipt.id).where(*_where(filters)).limit(most).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(found)) or 0


def every(session: Session, filters: ReceiptFilters, *, sort: str, descending: bool) -> Iterator[ReceiptRow]:
    """All that match, read in portions."""
    for row in in_portions(session, _ordered(filters, sort, descending=descending)):
        yield ReceiptRow(*row)


def rows_where(
    session: Session, where: Sequence[sa.ColumnElement[bool]], *, offset: int, limit: int
) -> list[ReceiptRow]:
    """The receipts that a report has chosen, the latest first."""
    return _page(session, where, "sold_at", descending=True, offset=offset, limit=limit)


def _page(
    session: Session,
    where: Sequence[sa.ColumnElement[bool]],
    sort: str,
    *,
    descending: bool,
    offset: int,
    limit: int,
) -> list[ReceiptRow]:
    """First which receipts, by what they are ordered by alone: else all of the row is made of those before, too."""
    if sort == "store" or (sort == "customer" and not where):
        chosen = _in_turn(sort, where, descending=descending, most=offset + limit)
    else:
        joined = _OF_CUSTOMER if sort == "customer" else Receipt
        chosen = sa.select(Receipt.id).select_from(joined).where(*where)
        chosen = chosen.order_by(*_way(_SORTS[sort], descending=descending))
    ids = session.scalars(chosen.offset(offset).limit(limit)).all()
    told = session.execute(sa.select(*_ROW).select_from(_FROM).where(Receipt.id.in_(ids)))
    rows = {row[0]: ReceiptRow(*row) for row in told}
    return [rows[each] for each in ids]


def _in_turn(sort: str, where: Sequence[sa.ColumnElement[bool]], *, descending: bool, most: int) -> Any:
    """The receipts of one store, or of one customer, after the other's: all of them joined and sorted take seconds.

    At most so many of each, since a page may hold none but the first one's.
    """
    owner, mine = (Store, Receipt.store_id) if sort == "store" else (Customer, Receipt.customer_id)
    names, times = _BY_OWNER[sort]
    owners = sa.select(owner.id, *names).order_by(*_way(names, descending=descending)).subquery("owners")
    theirs = sa.select(Receipt.id, Receipt.sold_on, Receipt.sold_at).where(mine == owners.c.id, *where)
    each = theirs.order_by(*_way(times, descending=descending)).limit(most).lateral("each")
    order: list[Any] = [*(owners.c[column.key] for column in names), *(each.c[column.key] for column in times)]
    return sa.select(each.c.id).select_from(owners.join(each, sa.true())).order_by(*_way(order, descending=descending))


def months(session: Session, customer_id: int) -> list[MonthTotal]:
    """Every month in which the customer bought, oldest first."""
    month = sa.cast(sa.func.date_trunc("month", Receipt.sold_on), sa.Date)
    rows = session.execute(
        sa.select(month, sa.func.count(), sa.cast(sa.func.sum(Receipt.total_minor), sa.BigInteger))
        .where(Receipt.customer_id.in_(family_of(customer_id)))
        .group_by(month)
        .order_by(month)
    )
    return [MonthTotal(*row) for row in rows]


def favourite_groups(
    session: Session, customer_id: int, *, first: dt.date, last: dt.date, limit: int = 6
) -> list[GroupTotal]:
    """The product groups on which the customer spent most from `first` to `last` (included); ties by name."""
    total = sa.cast(sa.func.sum(ReceiptLine.amount_minor), sa.BigInteger)
    rows = session.execute(
        sa.select(ProductGroup.name, sa.func.count(sa.distinct(Receipt.id)), total)
        .select_from(Receipt)
        .join(ReceiptLine, (ReceiptLine.customer_id == Receipt.customer_id) & (ReceiptLine.receipt_id == Receipt.id))
        .join(Product, Product.id == ReceiptLine.product_id)
        .outerjoin(ProductGroup, ProductGroup.id == Product.group_id)
        .where(Receipt.customer_id.in_(family_of(customer_id)), Receipt.sold_on.between(first, last))
        .group_by(ProductGroup.name)
        .order_by(total.desc(), ProductGroup.name)
        .limit(limit)
    )
    return [GroupTotal(*row) for row in rows]


def _lines_of(receipt: Any) -> sa.ScalarSelect[int]:
    mine = (ReceiptLine.customer_id == receipt.customer_id, ReceiptLine.receipt_id == receipt.id)
    return sa.select(sa.func.count()).select_from(ReceiptLine).where(*mine).scalar_subquery()


_NAME = sa.func.concat_ws(" ", sa.func.nullif(Customer.given_name, ""), sa.func.nullif(Customer.family_name, ""))
_ROW: tuple[Any, ...] = (
    Receipt.id,
    Receipt.receipt_no,
    Receipt.sold_at,
    Receipt.sold_on,
    Receipt.store_id,
    Store.code,
    Store.name.label("store"),
    Store.time_zone,
    Receipt.customer_id,
    Customer.number,
    sa.case((Receipt.customer_id == UNIDENTIFIED, ""), else_=_NAME).label("customer"),
    _lines_of(Receipt).label("lines"),
    Receipt.list_minor,
    Receipt.total_minor,
    Receipt.rounding_minor,
)
_OF_STORE = sa.join(Receipt, Store, Store.id == Receipt.store_id)
_OF_CUSTOMER = sa.join(Receipt, Customer, Customer.id == Receipt.customer_id)
_FROM = _OF_STORE.join(Customer, Customer.id == Receipt.customer_id)
_LINE = (
    ReceiptLine.line_no,
    ReceiptLine.product_id,
    Product.sku,
    Product.name,
    ReceiptLine.quantity_milli,
    ReceiptLine.list_minor,
    ReceiptLine.amount_minor,
    ReceiptLine.vat_bp,
    ReceiptLine.regular_minor,
    ReceiptLine.price_list,
    ReceiptLine.tax_minor,
    ReceiptLine.added,
)
_LINES = (
    sa.select(sa.func.json_agg(aggregate_order_by(sa.func.json_build_array(*_LINE), ReceiptLine.line_no)))
    .select_from(sa.join(ReceiptLine, Product, Product.id == ReceiptLine.product_id))
    .where(ReceiptLine.customer_id == Receipt.customer_id, ReceiptLine.receipt_id == Receipt.id)
    .scalar_subquery()
)
_PAYMENT = (ReceiptPayment.means, ReceiptPayment.amount_minor, ReceiptPayment.called)
_PAYMENTS = (
    sa.select(sa.func.json_agg(aggregate_order_by(sa.func.json_build_array(*_PAYMENT), ReceiptPayment.payment_no)))
    .where(ReceiptPayment.customer_id == Receipt.customer_id, ReceiptPayment.receipt_id == Receipt.id)
    .scalar_subquery()
)
_WHOLE = (
    sa.select(*_ROW, Store.city, Terminal.name, Staff.name, Customer.language, Receipt.source, _LINES, _PAYMENTS)
    .select_from(_FROM.outerjoin(Terminal, Terminal.id == Receipt.terminal_id))
    .outerjoin(Staff, Staff.id == Receipt.staff_id)
    .where(Receipt.id == sa.bindparam("receipt", type_=sa.BigInteger))
)
# The day leads: it is what a list is narrowed to, and sorts as the time does within a time zone.
_TIME: tuple[Any, ...] = (Receipt.sold_on, Receipt.sold_at, Receipt.id)
_BY_OWNER: dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]] = {
    "store": ((Store.name,), _TIME),
    "customer": ((Customer.family_name, Customer.given_name, Customer.id), (Receipt.sold_at, Receipt.id)),
}
_SORTS: dict[str, tuple[Any, ...]] = {
    "sold_at": _TIME,
    "receipt_no": (Receipt.receipt_no, Receipt.id),
    "total_minor": (Receipt.total_minor, Receipt.id),
    "lines": (_lines_of(Receipt), *_TIME),
    **{sort: (*names, *times) for sort, (names, times) in _BY_OWNER.items()},
}
"""But for `lines`, each as an index has it."""


def _ordered(filters: ReceiptFilters, sort: str, *, descending: bool) -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(*_ROW).select_from(_FROM).where(*_where(filters)).order_by(*_way(_SORTS[sort], descending=descending))
    )


def _way(columns: Sequence[Any], *, descending: bool) -> list[Any]:
    return [column.desc() if descending else column for column in columns]


def _where(filters: ReceiptFilters) -> list[sa.ColumnElement[bool]]:
    known = Receipt.customer_id != UNIDENTIFIED
    asked: tuple[tuple[Any, Callable[[Any], sa.ColumnElement[bool]]], ...] = (
        (filters.text, lambda text: Receipt.receipt_no == text),
        (filters.store_id, lambda store_id: Receipt.store_id == store_id),
        (filters.person_id, lambda person_id: Receipt.customer_id.in_(family_of(person_id))),
        (filters.first, lambda day: Receipt.sold_on >= day),
        (filters.last, lambda day: Receipt.sold_on <= day),
        (filters.identified, lambda yes: known if yes else ~known),
        (filters.least_minor, lambda minor: Receipt.total_minor >= minor),
        (filters.most_minor, lambda minor: Receipt.total_minor <= minor),
        (filters.staff_id, lambda staff_id: Receipt.staff_id == staff_id),
        (filters.customer_id, lambda customer_id: Receipt.customer_id == customer_id),
    )
    return [condition(value) for value, condition in asked if value is not None]
