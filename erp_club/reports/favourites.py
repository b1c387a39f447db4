"""What customers like best: in how many purchases each bought what, and whose favourite it therefore is."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import array as pg_array
from sqlalchemy.orm import Session

from erp_club.customers.models import UNIDENTIFIED
from erp_club.reports.purchases import naming
from erp_club.reports.purchases.asked import Asked, By
from erp_club.reports.purchases.figures import share_bp
from erp_club.reports.purchases.sources import source

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
    rows = source(session, asked)
    key = rows.c.store_id if asked.by is By.STORE else rows.c.product_key
    each = (
        sa.select(
            rows.c.customer_id,
            key.label("key"),
            sa.func.sum(rows.c.purchases).label("purchases"),
            sa.cast(sa.func.sum(rows.c.sales_minor), sa.BigInteger).label("sales_minor"),
        )
        .where(rows.c.customer_id != UNIDENTIFIED, rows.c.purchases > 0, key != 0)
        .group_by(rows.c.customer_id, key)
        .subquery("each")
    )
    # The greatest of these arrays is the favourite: that takes no sorting of every customer's rows.
    ranked = ARRAY(sa.BigInteger)
    best = sa.func.max(sa.cast(pg_array([each.c.purchases, each.c.sales_minor, -each.c.key]), ranked), type_=ranked)
    first = sa.select(each.c.customer_id, best.label("best")).group_by(each.c.customer_id).subquery("first")
    liked, spent = -first.c.best[3], first.c.best[2]
    count = sa.func.count()
    in_all: Any = sa.cast(sa.func.sum(count).over(), sa.BigInteger)
    found = session.execute(
        sa.select(liked, count, sa.cast(sa.func.sum(spent), sa.BigInteger), in_all)
        .group_by(sa.literal_column("1"))
        .order_by(count.desc(), sa.literal_column("1"))
        .limit(MOST)
    ).all()
    customers = found[0][3] if found else 0
    names = naming.names_of(session, asked.by.value, [row[0] for row in found])
    made = (Favourite(row[0], names[row[0]], row[1], share_bp(row[1], customers), row[2]) for row in found)
    return Favourites(customers, tuple(made))
