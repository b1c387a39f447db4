"""What is kept of products by calendar month and day: their sums and who bought them, of the chain and of each club.

What isn't in them yet is told anew of its customers: those whose receipts wait and, of a club, who have changed.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product
from erp_club.customers.models import UNIDENTIFIED
from erp_club.receipts.rollups import queries as rollups
from erp_club.receipts.rollups.models import ProductBuyers, ProductDay, ProductMonth
from erp_club.reports.purchases.asked import Asked, By, Days, pieces, whole_months
from erp_club.reports.purchases.lines import lines
from erp_club.reports.purchases.narrowing import of_products
from erp_club.reports.purchases.slices import added, as_summed, waited
from erp_club.reports.purchases.sources import SUMS, as_far_as_sold, kept, source

_EVERYBODY = 0
"""Whose sums are the chain's."""
_DAY = dt.timedelta(days=1)


def sums(session: Session, asked: Asked, *, products: Sequence[int] | None = None) -> Any | None:
    """Rows of products with their sums, of the months that come closest and of the days that make the difference.

    None where the question is narrower than the chain or a club: then only the lines answer.
    """
    until = _as_far_as_sold(session, asked)
    changed = waited(session, members=True) if asked.club_id is not None else ()
    if until is None or changed is None:
        return None
    near = pieces(until.first, until.last, By.MONTH)
    if near is None:
        parts = [_kept(asked, ProductDay, ProductDay.sold_on, (asked.first, asked.last), products)]
    else:
        parts = [_kept(asked, ProductMonth, ProductMonth.month, near.whole, products)]
        for by, held in ((1, near.lacked), (-1, near.too_many)):
            around = (_kept(asked, ProductDay, ProductDay.sold_on, each, products) for each in held)
            parts += [_by_product(each.subquery(), by=by) for each in around]
    if changed:
        theirs = replace(asked, among=changed)
        parts.append(_by_product(as_summed(theirs, products), by=-1))
        parts.append(_by_product(source(session, theirs, products=products)))
    elif asked.club_id is None and rollups.waits(session):
        parts.append(_by_product(lines(asked, waiting=True, products=products).subquery()))
    return sa.union_all(*parts).subquery("months")


def _kept(asked: Asked, table: Any, day: Any, period: Days, products: Sequence[int] | None) -> Any:
    """The sums of months or days that are kept."""
    rows = sa.select(table.product_id.label("product_key"), *kept(table), table.known_minor)
    return _narrowed(rows, asked, table, products).where(day.between(*period))


def at_most(session: Session, asked: Asked) -> list[Any] | None:
    """SELECTs that add up to no fewer than a product's buyers: those of the whole months, and each purchase beside.

    None without whole months, or where these don't answer.
    """
    until = _as_far_as_sold(session, asked)
    whole = None if until is None else whole_months(until.first, until.last)
    if until is None or whole is None:
        return None
    parts = buyers(session, replace(until, first=whole[0], last=whole[1]))
    for first, last in ((until.first, whole[0] - _DAY), (whole[1] + _DAY, until.last)):
        rows = sums(session, replace(until, first=first, last=last)) if first <= last else None
        if parts is not None and rows is not None:
            parts.append(added(rows.c.product_key, None, rows, sa.func.sum(rows.c.purchases)))
    return parts


def buyers(session: Session, asked: Asked, *, products: Sequence[int] | None = None) -> list[Any] | None:
    """SELECTs of the buyers by product, which add up; None where other days are asked than whole months."""
    until = _as_far_as_sold(session, asked)
    if until is None or whole_months(until.first, until.last) != (until.first, until.last):
        return None
    changed = waited(session, members=asked.club_id is not None)
    if changed is None:
        return None
    first, last = until.first, until.last
    counted = sa.select(ProductBuyers.product_id.label("key"), ProductBuyers.buyers).where(
        ProductBuyers.month.between(first, last), ProductBuyers.before < first
    )
    each = _narrowed(counted, asked, ProductBuyers, products).subquery("counted")
    parts = [added(each.c.key, None, each, sa.func.sum(each.c.buyers))]
    if changed:
        theirs = replace(asked, among=changed)
        parts.append(_bought(as_summed(theirs, products), by=-1))
        parts.append(_bought(source(session, theirs, products=products)))
    return parts


def _as_far_as_sold(session: Session, asked: Asked) -> Asked | None:
    """The question of whole months where nothing else is sold in these, if months answer it."""
    narrowed = (asked.store_ids, asked.customer_id, asked.among, asked.segment_id, asked.staff_id, asked.product_id)
    if asked.by is not By.PRODUCT or any(each is not None for each in narrowed):
        return None
    return as_far_as_sold(session, asked, By.MONTH)


def _narrowed(statement: Any, asked: Asked, table: Any, products: Sequence[int] | None) -> Any:
    if of_them := of_products(asked, table.product_id):
        statement = statement.join(Product, Product.id == table.product_id).where(*of_them)
    if products is not None:
        statement = statement.where(table.product_id.in_(products))
    return statement.where(table.club_id == (_EVERYBODY if asked.club_id is None else asked.club_id))


def _by_product(rows: Any, *, by: int = 1) -> Any:
    return sa.select(rows.c.product_key, *((by * rows.c[name]).label(name) for name in (*SUMS, "known_minor")))


def _bought(rows: Any, *, by: int = 1) -> Any:
    """So many times how many of these customers bought each product."""
    bought = sa.select(rows.c.product_key, rows.c.customer_id).where(
        rows.c.purchases > 0, rows.c.customer_id != UNIDENTIFIED
    )
    each = bought.distinct().subquery("bought")
    return added(each.c.product_key, None, each, by * sa.func.count())
