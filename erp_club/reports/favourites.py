"""What customers like best: in how many purchases each bought what, and whose favourite it therefore is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import array as pg_array
from sqlalchemy.orm import Session

from erp_club.customers.models import UNIDENTIFIED
from erp_club.receipts.rollups.models import CustomerGroupYear, FavouriteYear
from erp_club.reports.purchases import naming, slices
from erp_club.reports.purchases.asked import Asked, By
from erp_club.reports.purchases.figures import share_bp
from erp_club.reports.purchases.members import one_of
from erp_club.reports.purchases.sources import one_year, source, stale

KINDS = (By.GROUP, By.DEPARTMENT, By.BRAND, By.STORE)
"""Of what somebody has a favourite."""
KINDS_OF_ONE = (By.PRODUCT, *KINDS)
"""What is told of one customer. Among the products of all customers each has hundreds, mostly bought once."""
MOST = 30


@dataclass(frozen=True, slots=True)
class Favourite:
    """A group, a store or the like: whose favourite it is, what share of all who have one, and what they spent on it.

    A customer's favourite is what most of their purchases held; of several, what they spent most on.
    """

    key: int
    name: str
    customers: int
    share_bp: int | None
    sales_minor: int


@dataclass(frozen=True, slots=True)
class Liked:
    """What one customer bought: in how many purchases, and for how much net of returns."""

    key: int
    name: str
    purchases: int
    sales_minor: int


@dataclass(frozen=True, slots=True)
class Favourites:
    """The favourites of most customers first, and how many customers have one at all."""

    customers: int
    rows: tuple[Favourite, ...]


def liked(session: Session, asked: Asked, *, limit: int = MOST) -> list[Liked]:
    """What the customer of `asked` likes best, of one of `KINDS_OF_ONE`: most purchases first, then most money."""
    assert asked.by in KINDS_OF_ONE
    assert asked.customer_id is not None
    rows = source(session, asked)
    key = rows.c.store_id if asked.by is By.STORE else rows.c.product_key
    purchases = sa.cast(sa.func.sum(rows.c.purchases), sa.BigInteger)
    spent = sa.cast(sa.func.sum(rows.c.sales_minor), sa.BigInteger)
    found = session.execute(
        sa.select(key, purchases, spent)
        .where(key != 0)
        .group_by(key)
        .having(purchases > 0)
        .order_by(purchases.desc(), spent.desc(), key)
        .limit(limit)
    ).all()
    names = naming.names_of(session, asked.by.value, [row[0] for row in found])
    return [Liked(row[0], names[row[0]], row[1], row[2]) for row in found]


def favourites(session: Session, asked: Asked) -> Favourites:
    """What the known customers of the period like best, of one of `KINDS`."""
    assert asked.by in KINDS
    found = _kept(session, asked)
    if found is None:
        found = _found_out(session, asked)
    likes = sorted((-customers, key) for key, (customers, _) in found.items() if customers)
    customers = -sum(each[0] for each in likes)
    names = naming.names_of(session, asked.by.value, [key for _, key in likes[:MOST]])
    made = (
        Favourite(key, names[key], found[key][0], share_bp(found[key][0], customers), found[key][1])
        for _, key in likes[:MOST]
    )
    return Favourites(customers, tuple(made))


_Found = Mapping[int, tuple[int, int]]
"""By group or the like: whose favourite it is, and what they spent on it."""


def _kept(session: Session, asked: Asked) -> _Found | None:
    """Of the whole chain in a calendar year, as it is kept; None of anything else."""
    year = one_year(session, asked)
    if asked.by is not By.GROUP or year is None or not slices.of_chain(replace(asked, by=By.DAY)):
        return None
    waited = None if stale(session, By.GROUP) else slices.waited(session)
    if waited is None:
        return None
    kept = sa.select(FavouriteYear.group_id, FavouriteYear.customers, FavouriteYear.sales_minor)
    found = {row[0]: (row[1], row[2]) for row in session.execute(kept.where(FavouriteYear.year == year.first))}
    if waited:  # they are told as they are
        years = sa.select(
            CustomerGroupYear.customer_id,
            CustomerGroupYear.group_id.label("product_key"),
            CustomerGroupYear.purchases,
            CustomerGroupYear.spend_minor.label("sales_minor"),
        ).where(CustomerGroupYear.year == year.first, one_of(CustomerGroupYear.customer_id, waited))
        for by, rows in ((-1, years.subquery()), (1, source(session, replace(asked, among=waited)))):
            for key, (customers, spent) in _liked_best(session, rows, rows.c.product_key).items():
                before = found.get(key, (0, 0))
                found[key] = (before[0] + by * customers, before[1] + by * spent)
    return found


def _found_out(session: Session, asked: Asked) -> _Found:
    rows = source(session, asked)
    return _liked_best(session, rows, rows.c.store_id if asked.by is By.STORE else rows.c.product_key)


def _liked_best(session: Session, rows: Any, key: Any) -> _Found:
    purchases = sa.func.sum(rows.c.purchases)
    each = (
        sa.select(
            rows.c.customer_id,
            key.label("key"),
            purchases.label("purchases"),
            sa.cast(sa.func.sum(rows.c.sales_minor), sa.BigInteger).label("sales_minor"),
        )
        .where(rows.c.customer_id != UNIDENTIFIED, key != 0)
        .group_by(rows.c.customer_id, key)
        .having(purchases > 0)
        .subquery("each")
    )
    # The greatest of these arrays is the favourite: that takes no sorting of every customer's rows.
    ranked = ARRAY(sa.BigInteger)
    best = sa.func.max(sa.cast(pg_array([each.c.purchases, each.c.sales_minor, -each.c.key]), ranked), type_=ranked)
    first = sa.select(each.c.customer_id, best.label("best")).group_by(each.c.customer_id).subquery("first")
    spent: Any = sa.cast(sa.func.sum(first.c.best[2]), sa.BigInteger)
    found = session.execute(sa.select(-first.c.best[3], sa.func.count(), spent).group_by(sa.literal_column("1")))
    return {row[0]: (row[1], row[2]) for row in found}
