"""What is kept of products by calendar month: their sums and who bought them, of the chain and of each club.

What isn't in them yet is told anew of its customers: those whose receipts wait and, of a club, who have changed.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product
from erp_club.customers.models import UNIDENTIFIED
from erp_club.receipts.rollups import queries as rollups
from erp_club.receipts.rollups.models import CustomerProductDay, ProductBuyers, ProductMonth
from erp_club.reports.purchases.asked import Asked, By, pieces, whole_months
from erp_club.reports.purchases.lines import lines
from erp_club.reports.purchases.members import one_of
from erp_club.reports.purchases.narrowing import of_products
from erp_club.reports.purchases.slices import added, as_summed, waited
from erp_club.reports.purchases.sources import SUMS, as_far_as_sold, days, kept, source

_EVERYBODY = 0
"""Whose sums are the chain's."""


def sums(session: Session, asked: Asked, *, products: Sequence[int] | None = None) -> Any | None:
    """Rows of products with their sums, of whole months from what is kept and of the days around as they are.

    Of days that a month has too many they are taken out. None where the question has nearly no whole month, or is
    narrower than the chain or a club: then only the lines answer.
    """
    until = _as_far_as_sold(session, asked)
    near = None if until is None else pieces(until.first, until.last, By.MONTH)
    changed = waited(session, members=True) if asked.club_id is not None else ()
    if near is None or changed is None:
        return None
    first, last = near.whole
    months = sa.select(ProductMonth.product_id.label("product_key"), *kept(ProductMonth), ProductMonth.known_minor)
    months = _narrowed(months, asked, ProductMonth, products).where(ProductMonth.month.between(first, last))
    parts = [months]
    for by, held in ((1, near.lacked), (-1, near.too_many)):
        for begins, ends in held:
            around = days(replace(asked, first=begins, last=ends), By.PRODUCT, products)
            others = ~one_of(CustomerProductDay.customer_id, changed)
            parts.append(_by_product((around.where(others) if changed else around).subquery(), by=by))
    if changed:
        theirs = replace(asked, among=changed)
        parts.append(_by_product(as_summed(replace(theirs, first=first, last=last), products), by=-1))
        parts.append(_by_product(source(session, theirs, products=products)))
    elif asked.club_id is None and rollups.waits(session):
        parts.append(_by_product(lines(asked, waiting=True, products=products).subquery()))
    return sa.union_all(*parts).subquery("months")


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
