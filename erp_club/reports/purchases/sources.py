"""Where the figures of purchases are read: the sums that are kept where they answer, else the lines.

Either way it is a SELECT of rows with the same columns: whose (`customer_id`, `sold_on`, `store_id`), `product_key`
(0 for none) where rows are made of lines, the sums, and `known_minor`. What the rollups don't hold yet is read from
the lines beside them. A receipt stands under whoever its customer became.
"""

import datetime as dt
import operator
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product
from erp_club.customers.models import UNIDENTIFIED
from erp_club.customers.queries import BECAME, living_of
from erp_club.receipts.models import Receipt, ReceiptLine
from erp_club.receipts.rollups import queries as rollups
from erp_club.receipts.rollups.firsts import COUNTED, bit
from erp_club.receipts.rollups.models import (
    CustomerBrandDay,
    CustomerDay,
    CustomerDepartmentDay,
    CustomerGroupDay,
    CustomerGroupYear,
    CustomerProductDay,
    CustomerYear,
    ReceiptGoods,
    ReceiptToRoll,
    StoreDay,
)
from erp_club.reports.purchases.asked import TIMES, Asked, By, pieces, whole_years
from erp_club.reports.purchases.lines import GROUPED, OF_LINE, PRODUCT_KEYS, known, lines
from erp_club.reports.purchases.members import always_or_not
from erp_club.reports.purchases.narrowing import narrowed, of_products, of_whom

SUMS = ("receipts", "purchases", "returns", "sales_minor", "returned_minor", "list_minor", "quantity_milli")
KINDS: dict[By, tuple[Any, Any]] = {
    By.DEPARTMENT: (CustomerDepartmentDay, CustomerDepartmentDay.department_id),
    By.GROUP: (CustomerGroupDay, CustomerGroupDay.group_id),
    By.BRAND: (CustomerBrandDay, CustomerBrandDay.brand_id),
    By.PRODUCT: (CustomerProductDay, CustomerProductDay.product_id),
}
_DAY = dt.timedelta(days=1)


def source(session: Session, asked: Asked, *, products: Sequence[int] | None = None, added_up: bool = False) -> Any:
    """The rows that the question is about; of these products only where they are named.

    Lines come as a common table expression, so that whoever reads them twice sums them once. `added_up`: whoever reads
    them looks at nothing but each customer's sums, so that some rows may take out what others have too much.
    """
    added_up = added_up or asked.by is By.SEGMENT
    rows = _asked_rows(session, asked, products, added_up=added_up)
    # Whoever is in many segments is summed up once.
    return _of_each(rows, (*SUMS, "known_minor")).subquery("customers") if asked.by is By.SEGMENT else rows


def _asked_rows(session: Session, asked: Asked, products: Sequence[int] | None, *, added_up: bool) -> Any:
    kind, of_several = _kind_asked(asked), mixed(asked)
    if (of_several and kind is By.PRODUCT) or (asked.of_products and stale(session, None if of_several else kind)):
        return lines(asked, products=products).cte()
    if of_several:
        return _with_waiting(session, _goods(asked), asked, once=False)
    held = _nearly_years(session, asked) if added_up else None
    if held is None:
        held = _years(session, asked)
    if held is None:
        held = days(asked, kind, products)
    return _with_waiting(session, held, asked, products=products)


def mixed(asked: Asked) -> bool:
    """Whether it is about several ways of grouping products at once, or about these and a cashier."""
    by_cashier = asked.by is By.CASHIER or asked.staff_id is not None
    return asked.of_products and (by_cashier or _kind_asked(asked) is None)


def store_sums(session: Session, asked: Asked) -> Any | None:
    """Rows without customers, from the sums of stores by day; None where these don't answer."""
    whose = (asked.customer_id, asked.club_id, asked.segment_id, asked.staff_id)
    if asked.of_products or asked.by not in (*TIMES, By.STORE) or any(each is not None for each in whose):
        return None
    where: list[sa.ColumnElement[bool]] = [StoreDay.sold_on.between(asked.first, asked.last)]
    if asked.store_ids is not None:
        where.append(StoreDay.store_id.in_(asked.store_ids))
    held = sa.select(StoreDay.sold_on, StoreDay.store_id, *kept(StoreDay), StoreDay.known_minor).where(*where)
    return _with_waiting(session, held, asked, of_customers=False)


def _with_waiting(
    session: Session,
    held: Any,
    asked: Asked,
    *,
    of_customers: bool = True,
    products: Sequence[int] | None = None,
    once: bool = True,
) -> Any:
    """`once`: whether somebody was a member on a day is found out once for whoever reads the rows twice.

    Of many rows it is quicker to find it out twice, by several processes, than to keep the rows.
    """
    rows = held
    if rollups.waiting(session):
        waiting = lines(asked, waiting=True, products=products)
        if not of_customers:
            each = waiting.subquery("waiting")
            waiting = sa.select(*(each.c[name] for name in ("sold_on", "store_id", *SUMS, "known_minor")))
        rows = sa.union_all(held, waiting)
    return rows.cte() if once and asked.club_id is not None and asked.of_products else rows.subquery("rows")


def yearly(session: Session, asked: Asked, *, whole: bool = False) -> tuple[Any, Any | None] | None:
    """Rows of a calendar year in which a customer stands once, or once beside a product group; and all other rows.

    The others are of other customers: those whose receipts wait, and of a club those who were members at times.
    `whole`: whatever the rows are by, they are told together.
    """
    year = one_year(session, asked)
    of_year = whole or asked.by in (By.YEAR, By.CUSTOMER, By.GROUP)
    kept = _kept_by_year(asked) if of_year else None
    if year is None or kept is None or (kept is CustomerGroupYear and stale(session, By.GROUP)):
        return None
    asked = year
    apart = waiting_customers() if rollups.waits(session) else None
    years, *others = _whole_years(asked, kept, asked.first, asked.last, apart)
    if apart is not None:
        others.append(lines(asked, waiting=True))
    return years.subquery("yearly"), sa.union_all(*others).cte() if others else None


def one_year(session: Session, asked: Asked) -> Asked | None:
    """The question of a whole calendar year; None where it is about other days."""
    return one_step(session, asked, By.YEAR)


def one_step(session: Session, asked: Asked, by: By) -> Asked | None:
    """The question of one whole calendar year or month; None where it is about other days."""
    asked = as_far_as_sold(session, asked, by)
    steps = replace(asked, by=by)
    whole = steps.step_of(asked.first) == asked.first and steps.step_end(asked.first) == asked.last
    return asked if whole else None


def as_far_as_sold(session: Session, asked: Asked, by: By) -> Asked:
    """The same question of whole years or months where nothing is sold in these before or after its days."""
    steps = replace(asked, by=by)
    if asked.first <= rollups.first_day(session):
        asked = replace(asked, first=steps.step_of(asked.first))
    if asked.last >= rollups.latest_day(session):
        asked = replace(asked, last=steps.step_end(steps.step_of(asked.last)))
    return asked


def each_customer(session: Session, asked: Asked, names: Sequence[str]) -> Any:
    """A SELECT of one row for each customer, with these sums; whoever has a row of a year has no other to add."""
    asked = replace(asked, by=By.CUSTOMER)
    by_year = yearly(session, asked) if asked.among is None else None
    years, rows = (None, source(session, asked, added_up=True)) if by_year is None else by_year
    if years is not None:
        mine = sa.select(years.c.customer_id, *(years.c[name] for name in names))
        known, unknown = (mine.where(whose(years.c.customer_id, UNIDENTIFIED)) for whose in (operator.ne, operator.eq))
        if rows is None:
            return mine
        others = sa.select(rows.c.customer_id, *(rows.c[name] for name in names))
        rows = sa.union_all(unknown, others).subquery("others")
        return sa.union_all(known, _of_each(rows, names))
    return _of_each(rows, names)


def _of_each(rows: Any, names: Sequence[str]) -> Any:
    sums = (sa.cast(sa.func.sum(rows.c[name]), sa.BigInteger).label(name) for name in names)
    return sa.select(rows.c.customer_id, *sums).group_by(rows.c.customer_id)


def waiting_customers() -> Any:
    """A SELECT of the known customers whose receipts wait."""
    owner = living_of(ReceiptToRoll.customer_id)
    every = sa.select(owner).outerjoin(BECAME, BECAME.c.id == ReceiptToRoll.customer_id)
    return every.where(owner != UNIDENTIFIED)


def _kept_by_year(asked: Asked) -> type[CustomerGroupYear | CustomerYear] | None:
    if asked.store_ids is not None or asked.staff_id is not None:
        return None
    if asked.of_products:
        return CustomerGroupYear if asked.by is By.GROUP and _kind_asked(asked) is By.GROUP else None
    return CustomerYear


def _kind_asked(asked: Asked) -> By | None:
    """The one way of grouping products that the question is about; None for several, and for none.

    A row of one product is of one group, department and brand too, so that products answer whatever narrows them.
    """
    if asked.product_id is not None or asked.by is By.PRODUCT:
        return By.PRODUCT
    asks = {By.DEPARTMENT: asked.department_id, By.GROUP: asked.group_id, By.BRAND: asked.brand_id}
    named = {kind for kind, value in asks.items() if value is not None} | ({asked.by} & set(GROUPED))
    return named.pop() if len(named) == 1 else None


def stale(session: Session, kind: By | None) -> bool:
    """Whether the products of the kind have changed, so that only the lines tell."""
    stale = rollups.stale_kinds(session)
    return bool(stale) if kind is None else kind.value in stale


def receipts(asked: Asked) -> list[sa.ColumnElement[bool]]:
    """The conditions on a receipt that the question is about."""
    where = narrowed(asked, Receipt)
    if asked.staff_id is not None:
        where.append(Receipt.staff_id == asked.staff_id)
    if of_products(asked):
        line = sa.select(sa.literal(1)).select_from(sa.join(ReceiptLine, Product, Product.id == ReceiptLine.product_id))
        where.append(line.where(OF_LINE, *of_products(asked)).correlate(Receipt).exists())
    return where


def kept(table: Any) -> list[Any]:
    """A rollup's sums by the names that they have here."""
    return [(table.spend_minor if name == "sales_minor" else getattr(table, name)).label(name) for name in SUMS]


def _years(session: Session, asked: Asked) -> Any | None:
    """Rows from the sums of whole years and of the days around; None where no year is whole, or days are asked.

    Of a club's members those come by the year who were members all the time, the others by the day.
    """
    until = as_far_as_sold(session, asked, By.YEAR)
    period = whole_years(until.first, until.last)
    kept = _kept_by_year(asked) if asked.by in (By.GROUP, By.CUSTOMER, By.SEGMENT) else None
    if period is None or kept is None:
        return None
    first, last = period
    parts = _whole_years(asked, kept, first, last)
    for begins, ends in ((asked.first, first - _DAY), (last + _DAY, asked.last)):
        if begins <= ends:
            parts.append(days(replace(asked, first=begins, last=ends), _kind_asked(asked)))
    return sa.union_all(*parts)


def _nearly_years(session: Session, asked: Asked) -> Any | None:
    """Rows from the sums of the years that come closest to these days, and those of the days that make the difference.

    None where days themselves are fewer, and of a club, whose members may have been it on other days.
    """
    asked = as_far_as_sold(session, asked, By.YEAR)
    near = pieces(asked.first, asked.last, By.YEAR)
    if near is None or asked.club_id is not None or _kept_by_year(asked) is not CustomerYear:
        return None
    if asked.by not in (By.CUSTOMER, By.SEGMENT):
        return None
    parts = _whole_years(asked, CustomerYear, *near.whole)
    for held, by in ((near.lacked, 1), (near.too_many, -1)):
        rows = (days(replace(asked, first=first, last=last), None) for first, last in held)
        parts += rows if by > 0 else (_taken_out(each.subquery().c) for each in rows)
    return sa.union_all(*parts)


def _taken_out(columns: Any) -> Any:
    sums = (*SUMS, "known_minor")
    return sa.select(*((-each).label(each.key) if each.key in sums else each for each in columns))


def _whole_years(
    asked: Asked,
    table: type[CustomerGroupYear | CustomerYear],
    first: dt.date,
    last: dt.date,
    apart: Any = None,
) -> list[Any]:
    """Rows of the years; and by the day those of the customers `apart`, a SELECT, and of a club's members at times."""
    # Of one year the customers come in the order of the index.
    years = table.year.between(first, last) if first.year < last.year else table.year == first
    where = [years, *of_whom(asked, table)]
    whose: list[Any] = [
        table.customer_id,
        table.year.label("sold_on"),
        sa.cast(sa.null(), sa.Integer).label("store_id"),
    ]
    if table is CustomerGroupYear:
        where += _of_kind(asked, By.GROUP, CustomerGroupYear.group_id)
        whose.append(CustomerGroupYear.group_id.label("product_key"))
    kind, within = _kind_asked(asked), replace(asked, first=first, last=last)
    parts: list[Any] = []
    if asked.club_id is not None:
        always, at_times = always_or_not(within, apart)
        # Looked up in a hash: as a join it is taken for a few members, each with a search of every group.
        where.append(table.customer_id.in_(always).is_(sa.true()))
        parts.append(days(within, kind, held=at_times))
    elif apart is not None:
        where.append(table.customer_id.not_in(apart))
        of_day = KINDS[kind][0] if kind else CustomerDay
        parts.append(days(within, kind).where(of_day.customer_id.in_(apart)))
    return [sa.select(*whose, *kept(table), known(table.customer_id, table.spend_minor)).where(*where), *parts]


def days(asked: Asked, kind: By | None, products: Sequence[int] | None = None, held: Any = None) -> Any:
    """Rows by day; of a club's members on days on which memberships were `held`, a condition."""
    # What customers bought in all is of no kind, and no column tells one.
    table, column = KINDS[kind] if kind else (CustomerDay, sa.null())
    whose: list[Any] = [table.customer_id, table.sold_on, table.store_id]
    where = narrowed(asked, table, held)
    if kind is By.PRODUCT:
        return _product_days(asked, whose, where, products)
    if kind:
        where += _of_kind(asked, kind, column)
        if asked.by is kind:
            whose.append(sa.label("product_key", column))
    elif asked.by is By.CASHIER:
        whose.append(sa.func.nullif(CustomerDay.staff_id, 0).label("staff_id"))
    if asked.staff_id is not None:
        where.append(CustomerDay.staff_id == asked.staff_id)
    return sa.select(*whose, *kept(table), known(table.customer_id, table.spend_minor)).where(*where)


def _of_kind(asked: Asked, kind: By, column: Any) -> list[sa.ColumnElement[bool]]:
    value = {By.DEPARTMENT: asked.department_id, By.GROUP: asked.group_id}.get(kind, asked.brand_id)
    return [] if value is None else [column == value]


def _product_days(asked: Asked, whose: list[Any], where: list[Any], products: Sequence[int] | None) -> Any:
    table = CustomerProductDay
    if asked.by in PRODUCT_KEYS:
        column = table.product_id if asked.by is By.PRODUCT else PRODUCT_KEYS[asked.by]
        whose = [*whose, column.label("product_key")]
    if products is not None:
        where = [*where, table.product_id.in_(products)]
    statement = sa.select(*whose, *kept(table), known(table.customer_id, table.spend_minor)).where(*where)
    of_them = of_products(asked, table.product_id)
    if asked.by in GROUPED:
        return statement.join(Product, Product.id == table.product_id).where(*of_them)
    if all(each is None for each in (asked.department_id, asked.group_id, asked.brand_id)):
        return statement.where(*of_them)
    # Looked up in a hash: joined, each row searches the products for its own.
    return statement.where(
        table.product_id.in_(sa.select(Product.id).where(*of_products(asked, Product.id))).is_(sa.true())
    )


def _goods(asked: Asked) -> Any:
    """From what receipts hold of departments, groups and brands at once; each is counted in its first row of these."""
    table = ReceiptGoods
    named = (
        (By.DEPARTMENT, table.department_id, asked.department_id),
        (By.GROUP, table.group_id, asked.group_id),
        (By.BRAND, table.brand_id, asked.brand_id),
    )
    kinds = [kind.value for kind, _, value in named if value is not None or asked.by is kind]
    where = [*narrowed(asked, table), *(column == value for _, column, value in named if value is not None)]
    if asked.staff_id is not None:
        where.append(table.staff_id == asked.staff_id)
    whose: list[Any] = [table.customer_id, table.sold_on, table.store_id]
    whose += [column.label("product_key") for kind, column, _ in named if asked.by is kind]
    if asked.by is By.CASHIER:
        whose.append(sa.func.nullif(table.staff_id, 0).label("staff_id"))
    sums = [
        sa.cast(table.firsts.op("&")(bit(kinds, name)) != 0, sa.Integer).label(name)
        if name in COUNTED
        else (table.spend_minor if name == "sales_minor" else getattr(table, name)).label(name)
        for name in SUMS
    ]
    return sa.select(*whose, *sums, known(table.customer_id, table.spend_minor)).where(*where)
