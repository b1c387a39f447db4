"""How many customers bought each product, and which products most of them did."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product
from erp_club.customers.models import UNIDENTIFIED
from erp_club.reports.purchases import months
from erp_club.reports.purchases.asked import Asked
from erp_club.reports.purchases.sources import source

LIKELY = 4
"""So many times as many products as are wanted have their buyers counted, to find those with most."""


def parts(session: Session, asked: Asked) -> Any:
    """Rows of products with their sums, which add up."""
    of_months = months.sums(session, asked)
    return source(session, asked) if of_months is None else of_months


def every(session: Session, asked: Asked) -> Any:
    """A SELECT of each product that was sold (`key`) with how many known customers bought it (`buyers`)."""
    kept = months.buyers(session, asked)
    return _counted(source(session, asked)) if kept is None else _added(parts(session, asked), kept)


def most(
    session: Session, asked: Asked, *, offset: int, limit: int | None, least: int = 0, known: int | None = None
) -> tuple[list[int], int] | None:
    """The products with most buyers, and how many products there are, if that isn't `known`.

    Nothing has more buyers than `months.at_most`, which adds up: so only the buyers of what comes first by that are
    counted, then of whatever may have as many as the `least` of these has. None where that isn't enough, or too many,
    and where nothing adds up to it: to find purchases takes as long as to count buyers.
    """
    kept = None if limit is None or months.buyers(session, asked) is not None else months.at_most(session, asked)
    if kept is None or limit is None:
        return None
    wanted = offset + limit
    bound = _added(parts(session, asked), kept).subquery("bound").c
    likely = session.execute(
        sa.select(bound.key, bound.buyers, sa.func.count().over())
        .where(bound.buyers >= least)
        .order_by(bound.buyers.desc())
        .limit(None if least else LIKELY * wanted)
    ).all()
    if not likely or (known and 4 * len(likely) > known):  # all are counted as quickly
        return None if likely else ([], 0)
    buyers = _counted(source(session, asked, products=[row[0] for row in likely])).subquery("counted")
    rows = session.execute(
        sa.select(Product.id, buyers.c.buyers)
        .join(buyers, buyers.c.key == Product.id)
        .order_by(buyers.c.buyers.desc(), Product.name, Product.id)
        .limit(wanted)
    ).all()
    in_all = likely[0][2] if known is None else known
    if known is None and len(likely) < in_all and (len(rows) < wanted or likely[-1][1] >= rows[-1][1]):
        enough = len(rows) == wanted and rows[-1][1] > 0
        return most(session, asked, offset=offset, limit=limit, least=rows[-1][1], known=in_all) if enough else None
    return [row[0] for row in rows[offset:]], in_all


def _added(rows: Any, kept: Sequence[Any]) -> Any:
    """How many bought each product that was sold, from what adds up to it."""
    sold = sa.select(rows.c.product_key.label("key"), rows.c.receipts, sa.literal(0).label("buyers"))
    counted = (each.subquery().c for each in kept)
    either = sa.union_all(sold, *(sa.select(each.key, each.receipts, each.buyers) for each in counted)).subquery()
    buyers = sa.cast(sa.func.sum(either.c.buyers), sa.BigInteger).label("buyers")
    return sa.select(either.c.key, buyers).group_by(either.c.key).having(sa.func.sum(either.c.receipts) != 0)


def _counted(rows: Any) -> Any:
    """How many known customers bought each product; sums that are kept of all of them tell nothing here."""
    bought = sa.func.bool_or((rows.c.purchases > 0) & (rows.c.customer_id != UNIDENTIFIED)).label("bought")
    each = sa.select(rows.c.product_key, bought).group_by(rows.c.product_key, rows.c.customer_id).subquery("each")
    counted = sa.func.count().filter(each.c.bought).label("buyers")
    return sa.select(each.c.product_key.label("key"), counted).group_by(each.c.product_key)
