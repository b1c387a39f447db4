"""Reports of purchases: a row each for a period, a store, a product group or whatever else is asked, and the total."""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Brand, Department, Product, ProductGroup
from erp_club.clubs.models import Club
from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.kernel.reading import PORTION, in_portions
from erp_club.organisation.models import Store
from erp_club.permissions.models import Staff
from erp_club.points.models import PointsMovement
from erp_club.receipts import queries as receipts
from erp_club.receipts.models import Receipt
from erp_club.receipts.rollups.models import ClubSpan
from erp_club.reports.purchases import buying, clubs, months, slices
from erp_club.reports.purchases.adding import in_their_order
from erp_club.reports.purchases.asked import OF_PRODUCTS, TIMES, Asked, By
from erp_club.reports.purchases.figures import Figures
from erp_club.reports.purchases.members import holds_on, spans
from erp_club.reports.purchases.points import points_by, points_key
from erp_club.reports.purchases.slices import step
from erp_club.reports.purchases.sources import SUMS, each_customer, mixed, source, store_sums, yearly
from erp_club.reports.purchases.sources import receipts as chosen
from erp_club.segments.kinds import SegmentState
from erp_club.segments.models import Segment, SegmentCustomer

Key = int | dt.date | None


@dataclass(frozen=True, slots=True)
class Row:
    """A row: `key` is the first day of a step or the id of what it is about, None for lines or customers without one.

    `code` is what people call it beside its name: a store's or club's code, a SKU, a customer's number.
    """

    key: Key
    code: str | None
    name: str | None
    figures: Figures


SORTS = ("sales", "receipts", "buyers", "items", "average", "discount", "returned", "name")
_NAMED: dict[By, tuple[Any, Any, Any]] = {
    By.STORE: (Store, Store.code, Store.name),
    By.DEPARTMENT: (Department, None, Department.name),
    By.GROUP: (ProductGroup, None, ProductGroup.name),
    By.BRAND: (Brand, None, Brand.name),
    By.PRODUCT: (Product, Product.sku, Product.name),
    By.CLUB: (Club, Club.code, Club.code),
    By.SEGMENT: (Segment, None, Segment.name),
    By.CUSTOMER: (
        Customer,
        Customer.number,
        sa.func.concat_ws(
            " ", sa.func.nullif(Customer.given_name, ""), sa.func.nullif(Customer.family_name, "")
        ),
    ),
    By.CASHIER: (Staff, Staff.username, Staff.name),
}  # fmt: skip


def total(session: Session, asked: Asked, *, with_points: bool = True) -> Figures:
    """What all that is asked comes to, every receipt and customer once."""
    whole = replace(asked, by=By.DAY)
    found = session.execute(_by_key(session, whole, whole=True)).one_or_none()
    figures = Figures() if found is None else _figures(found)
    if whole.of_products or not with_points:
        return figures
    return figures.with_points(dict(points_by(session, whole, sa.null())).get(None, 0))


def steps(session: Session, asked: Asked, *, with_points: bool = True) -> list[Row]:
    """A row for each step of the period, oldest first; those without sales stand at 0."""
    assert asked.by in TIMES
    found = {row.key: row for row in _rows(session, asked, None)}
    counted = with_points and not asked.of_products
    points = {} if not counted else dict(points_by(session, asked, step(asked, PointsMovement.on_date)))
    nothing = Figures()
    made: list[Row] = []
    for day in asked.steps():
        figures = found[day].figures if day in found else nothing
        made.append(Row(day, None, None, figures.with_points(points.get(day, 0)) if counted else figures))
    return made


def listing(
    session: Session, asked: Asked, *, sort: str, descending: bool, offset: int = 0, limit: int | None = None
) -> tuple[list[Row], int]:
    """A page of the rows in the order of one of `SORTS`, and how many there are in all."""
    assert asked.by not in TIMES
    page = _Page(sort, descending, offset, limit)
    if limit is not None and (asked.by is By.PRODUCT or (asked.by is By.CUSTOMER and sort != "buyers")):
        only, in_all = _keys_of_page(session, asked, page)
        asked, products = _narrowed_to(asked, only)
        by_key = {row.key: row for row in _rows(session, asked, None, keys=only, products=products)}
        rows = [by_key[key] for key in only]
    else:
        rows = _rows(session, asked, page)
        in_all = page.in_all
    return _with_points(session, asked, rows), in_all


def every(session: Session, asked: Asked) -> Iterator[list[Row]]:
    """All rows, those with most sales first, read in portions: customers may be a million."""
    assert asked.by not in TIMES
    found = in_portions(session, _statement(session, asked, _Page("sales", True, 0, None)))
    while portion := [_row(asked, each) for each in islice(found, PORTION)]:
        theirs = replace(asked, among=tuple(row.key for row in portion if isinstance(row.key, int)))
        yield _with_points(session, theirs if asked.by is By.CUSTOMER else asked, portion)


def _with_points(session: Session, asked: Asked, rows: list[Row]) -> list[Row]:
    if asked.of_products or asked.by is By.SEGMENT:
        return rows
    points = dict(points_by(session, asked, points_key(asked)))
    return [replace(row, figures=row.figures.with_points(points.get(row.key, 0))) for row in rows]


def rows_of(session: Session, asked: Asked, keys: Sequence[Key], *, with_points: bool = False) -> dict[Key, Figures]:
    """The figures of certain rows, by key: what those of a page are compared with."""
    asked, products = _narrowed_to(asked, [key for key in keys if isinstance(key, int)])
    rows = _rows(session, asked, None, keys=keys, products=products)
    return {row.key: row.figures for row in (_with_points(session, asked, rows) if with_points else rows)}


def _narrowed_to(asked: Asked, keys: list[int]) -> tuple[Asked, list[int] | None]:
    """The question of certain customers; and which products, where it is about these."""
    asked = replace(asked, among=tuple(keys)) if asked.by is By.CUSTOMER else asked
    return asked, keys if asked.by is By.PRODUCT else None


def receipt_rows(session: Session, asked: Asked, *, offset: int, limit: int) -> list[receipts.ReceiptRow]:
    """The receipts that a figure is made of, the latest first."""
    return receipts.rows_where(session, chosen(asked), offset=offset, limit=limit)


def receipt_count(session: Session, asked: Asked) -> int:
    """How many they are."""
    return session.scalar(sa.select(sa.func.count()).select_from(Receipt).where(*chosen(asked))) or 0


class _Page:
    """Which rows are wanted; learns how many there are."""

    def __init__(self, sort: str, descending: bool, offset: int, limit: int | None) -> None:
        self.sort, self.descending, self.offset, self.limit = sort, descending, offset, limit
        self.in_all = 0


_ORDERED_BY = {
    "sales": ("sales_minor",),
    "items": ("quantity_milli",),
    "discount": ("list_minor", "sales_minor"),
    "name": (),
    "receipts": ("receipts",),
    "average": ("sales_minor", "returned_minor", "purchases"),
    "returned": ("returned_minor",),
}
"""Which sums tell an order of products."""


def _keys_of_page(session: Session, asked: Asked, page: _Page) -> tuple[list[int], int]:
    """Which products or customers are on a page, by what their order goes by alone, and how many there are in all."""
    table, _, name = _NAMED[asked.by]
    if page.sort == "buyers":
        if page.descending and (found := buying.most(session, asked, offset=page.offset, limit=page.limit)) is not None:
            return found
        summed = buying.every(session, asked).subquery("summed")
    elif asked.by is By.CUSTOMER:
        sums = [name for name in _ORDERED_BY[page.sort] if name != "receipts"]
        each = each_customer(session, asked, ("receipts", *sums)).subquery("each").c
        summed = sa.select(each.customer_id.label("key"), each.receipts, *(each[name] for name in sums))
        summed = summed.where(each.receipts != 0).subquery("summed")
    else:
        parts = buying.parts(session, asked)
        added = [sa.cast(sa.func.sum(parts.c[each]), sa.BigInteger).label(each) for each in _ORDERED_BY[page.sort]]
        any_receipt = sa.func.sum(parts.c.receipts) != 0
        key = parts.c.product_key.label("key")
        summed = sa.select(key, *added).group_by(key).having(any_receipt).subquery("summed")
    order = _order(page.sort, summed.c, name)
    way = order.desc().nulls_last() if page.descending else order.asc().nulls_last()
    statement = sa.select(summed.c.key, sa.func.count().over())
    if asked.by is By.PRODUCT or page.sort == "name":
        statement = statement.join(table, summed.c.key == table.id).order_by(way, name, summed.c.key)
    else:  # the names of all customers would have to be looked up, to put equals in their order
        statement = statement.order_by(way, summed.c.key)
    statement = statement.offset(page.offset).limit(page.limit)
    with in_their_order(session, asked) if asked.by is By.CUSTOMER else nullcontext():
        rows = session.execute(statement).all()
    return [row[0] for row in rows], rows[0][1] if rows else 0


def _rows(
    session: Session,
    asked: Asked,
    page: _Page | None,
    keys: Sequence[Key] | None = None,
    products: Sequence[int] | None = None,
) -> list[Row]:
    found = session.execute(_statement(session, asked, page, keys, products)).all()
    if page is not None:
        page.in_all = found[0][-1] if found else 0
    return [_row(asked, row) for row in found]


def _statement(
    session: Session,
    asked: Asked,
    page: _Page | None,
    keys: Sequence[Key] | None = None,
    products: Sequence[int] | None = None,
) -> sa.Select[*tuple[Any, ...]]:
    sums = _by_key(session, asked, products=products).subquery("sums")
    columns = sums.c
    table, code, name = _NAMED.get(asked.by, (None, None, None))
    statement = sa.select(*columns, *(each if each is not None else sa.null() for each in (code, name)),
                          sa.func.count().over())  # fmt: skip
    if table is not None:
        statement = statement.select_from(sums.outerjoin(table, table.id == columns.key))
    if keys is not None:
        none = columns.key == 0 if asked.by in OF_PRODUCTS else columns.key.is_(None)
        known = [key for key in keys if key is not None]
        statement = statement.where(columns.key.in_(known) | (none if None in keys else sa.false()))
    if page is not None:
        order = _order(page.sort, columns, name)
        way = order.desc().nulls_last() if page.descending else order.asc().nulls_last()
        statement = statement.order_by(way, name, columns.key).offset(page.offset).limit(page.limit)
    return statement


def _row(asked: Asked, row: Any) -> Row:
    none = 0 if asked.by in OF_PRODUCTS else None
    return Row(None if row.key == none else row.key, row[-3], row[-2], _figures(row))


def _order(sort: str, columns: Any, name: Any) -> Any:
    """What one of `SORTS` goes by."""
    match sort:
        case "name":
            return name
        case "discount":
            return columns.list_minor - columns.sales_minor
        case "average":
            basket = sa.cast(columns.sales_minor + columns.returned_minor, sa.Numeric)
            return basket / sa.func.nullif(columns.purchases, 0)
        case _:
            return columns[_COLUMNS[sort]]


_COLUMNS = {
    "sales": "sales_minor",
    "receipts": "receipts",
    "buyers": "buyers",
    "items": "quantity_milli",
    "returned": "returned_minor",
}


def _key(asked: Asked, rows: Any, span: Any = None) -> tuple[Any, Any]:
    """What the rows are grouped by, and what they are to be joined with for it; `span`: other days of memberships."""
    if asked.by in TIMES:
        return step(asked, rows.c.sold_on), rows
    if asked.by in OF_PRODUCTS:
        return rows.c.product_key, rows
    match asked.by:
        case By.STORE:
            return rows.c.store_id, rows
        case By.CUSTOMER:
            return rows.c.customer_id, rows
        case By.CASHIER:
            return rows.c.staff_id, rows
        case By.CLUB:
            span = spans(replace(asked, club_id=None)) if span is None else span
            return span.c.club_id, rows.outerjoin(span, holds_on(span, rows.c.customer_id, rows.c.sold_on))
        case _:
            kept = sa.join(SegmentCustomer, Segment, Segment.id == SegmentCustomer.segment_id)
            mine = (SegmentCustomer.customer_id == rows.c.customer_id) & (Segment.state == SegmentState.ACTIVE)
            return SegmentCustomer.segment_id, rows.join(kept, mine)


def _by_key(session: Session, asked: Asked, *, products: Sequence[int] | None = None, whole: bool = False) -> Any:
    """The sums by key, and beside them each key's buyers, each counted once; without a key where the `whole` is asked.

    Apart, since sums add up as they come, while buyers must be told from one another: that takes keys alone.
    """
    parts = None if products is not None else slices.parts(session, asked, whole=whole)
    if parts is not None:
        return _together(parts)
    by_club = asked.by is By.CLUB and not whole
    of_club = slices.of_club(session, asked, whole=whole) if products is None else None
    if of_club is None and by_club:
        of_club = clubs.by_club(session, asked)
    if of_club is not None:
        parts, changed = of_club
        if changed:
            theirs = replace(asked, among=changed)
            span = ClubSpan.__table__ if by_club else None
            less = _apart(theirs, slices.as_summed(theirs), whole=whole, span=span)
            parts += [_taken_out(each) for each in less] + _apart(theirs, source(session, theirs), whole=whole)
        return _together(parts)
    by_year = yearly(session, asked, whole=whole)
    if by_year is not None:
        years, others = by_year
        bought = sa.func.count().filter(years.c.customer_id != UNIDENTIFIED, years.c.purchases > 0)
        parts = [_summed(years, sa.null() if whole else _key(asked, years)[0], years, bought)]
        return _together(parts if others is None else [*parts, *_apart(asked, others, whole=whole)])
    if asked.by is By.PRODUCT and not whole:
        plain = months.sums(session, asked, products=products)
        counted = months.buyers(session, asked, products=products)
        if plain is not None and counted is not None:
            return _together([_summed(plain, plain.c.product_key, plain, sa.literal(0)), *counted])
    else:
        plain = store_sums(session, asked)
    rows = source(session, asked, products=products)
    return _together(_apart(asked, rows, plain, whole=whole))


def _summed(rows: Any, key: Any, joined: Any, buyers: Any) -> Any:
    added = [sa.func.sum(rows.c[name]).label(name) for name in (*SUMS, "known_minor")]
    made = sa.select(key.label("key"), *added, buyers.label("buyers")).select_from(joined)
    return made.group_by(sa.literal_column("1"))


def _together(parts: Sequence[Any]) -> Any:
    every = sa.union_all(*parts).subquery("every")
    found = [
        sa.cast(sa.func.sum(every.c[name]), sa.BigInteger).label(name) for name in (*SUMS, "known_minor", "buyers")
    ]
    # What was taken out of kept sums leaves a row of nothing.
    return sa.select(every.c.key, *found).group_by(every.c.key).having(sa.func.sum(every.c.receipts) != 0)


def _taken_out(part: Any) -> Any:
    key, *sums = part.subquery().c
    return sa.select(key, *((-each).label(each.key) for each in sums))


def _apart(asked: Asked, rows: Any, plain: Any | None = None, *, whole: bool = False, span: Any = None) -> list[Any]:
    # A customer's groups are nearly as many as the rows: these are read twice as quickly, unless by their members.
    if plain is None and span is None and mixed(asked) and (asked.by is not By.GROUP or asked.club_id is not None):
        return [_of_each_buyer(asked, rows, whole=whole)]
    rows_of_sums = rows if plain is None else plain
    key, joined = (sa.null(), rows_of_sums) if whole else _key(asked, rows_of_sums, span)
    sums = _summed(rows_of_sums, key, joined, sa.literal(0))
    bought, joined = (sa.null(), rows) if whole else _key(asked, rows, span)
    buyers = (
        sa.select(bought.label("key"), rows.c.customer_id)
        .select_from(joined)
        .where(rows.c.customer_id != UNIDENTIFIED, rows.c.purchases > 0)
        .distinct()
        .subquery("bought")
    )
    nothing = [sa.literal(0).label(name) for name in (*SUMS, "known_minor")]
    counted = sa.select(buyers.c.key, *nothing, sa.func.count()).group_by(buyers.c.key)
    return [sums, counted]


def _of_each_buyer(asked: Asked, rows: Any, *, whole: bool) -> Any:
    """The same of rows that take longer to find than to add up for each customer: they are found once."""
    key, joined = (sa.null(), rows) if whole else _key(asked, rows)
    sums = [sa.cast(sa.func.sum(rows.c[name]), sa.BigInteger).label(name) for name in (*SUMS, "known_minor")]
    of_one = sa.select(key.label("key"), rows.c.customer_id, *sums).select_from(joined)
    each = of_one.group_by(sa.literal_column("1"), rows.c.customer_id).subquery("each")
    bought = sa.func.count().filter(each.c.customer_id != UNIDENTIFIED, each.c.purchases > 0)
    return _summed(each, each.c.key, each, bought)


def _figures(row: Any) -> Figures:
    held: dict[str, Any] = row._asdict()
    return Figures(**{name: held[name] for name in (*SUMS, "known_minor", "buyers")})
