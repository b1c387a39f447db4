"""What customers like best: in how many purchases each bought what, and whose favourite it therefore is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import array as pg_array
from sqlalchemy.orm import Session

from erp_club.customers.models import UNIDENTIFIED
from erp_club.receipts.rollups.models import FavouritePeriod
from erp_club.reports.purchases import naming, queries, slices
from erp_club.reports.purchases.asked import Asked, By
from erp_club.reports.purchases.figures import share_bp
from erp_club.reports.purchases.lines import GROUPED
from erp_club.reports.purchases.sources import one_step, source, stale

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
    """The favourites of most customers first, and how many customers have one at all.

    `receipts`: so many are too many to find out anything of while somebody waits.
    """

    customers: int
    rows: tuple[Favourite, ...]
    receipts: int = 0


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


def favourites(session: Session, asked: Asked, *, most: int | None = None) -> Favourites:
    """What the known customers of the period like best, of one of `KINDS`.

    Nothing is found out of more than `most` receipts: then `receipts` says how many they are.
    """
    assert asked.by in KINDS
    found = _kept(session, asked)
    if found is None:
        receipts = 0 if most is None else queries.total(session, asked, with_points=False).receipts
        if most is not None and receipts > most:
            return Favourites(0, (), receipts)
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
    """Of the whole chain, a club or a store in a calendar month or year, as it is kept; None of anything else."""
    of = _of_what(asked)
    if of is None or (asked.by in GROUPED and stale(session, asked.by)):
        return None
    steps = ((by, one_step(session, asked, by)) for by in (By.YEAR, By.MONTH))
    kept = next(((by, period) for by, period in steps if period is not None), None)
    waited = None if kept is None else slices.waited(session, members=asked.club_id is not None)
    if kept is None or waited is None:
        return None
    by, period = kept
    table = FavouritePeriod
    which = (table.step == by.value, table.first == period.first, table.kind == asked.by.value)
    whose = (table.club_id == of[0], table.store_id == of[1])
    rows = session.execute(sa.select(table.of_id, table.customers, table.sales_minor).where(*which, *whose))
    found = {row[0]: (row[1], row[2]) for row in rows}
    if waited:  # they are told as they are
        theirs = replace(period, among=waited)
        for times, each in ((-1, slices.as_summed(theirs)), (1, source(session, theirs))):
            for key, (customers, spent) in _liked_best(session, each, _key(theirs, each)).items():
                before = found.get(key, (0, 0))
                found[key] = (before[0] + times * customers, before[1] + times * spent)
    return found


def kept_of(asked: Asked) -> bool:
    """Whether it is kept of these customers, in whole calendar months and years."""
    return _of_what(asked) is not None


def _of_what(asked: Asked) -> tuple[int, int] | None:
    """The club or the store that it is kept of, 0 for any; None where the question is about something else."""
    stores = asked.store_ids or ()
    if not slices.of_chain(replace(asked, by=By.DAY, club_id=None, store_id=None, within=None)):
        return None
    if len(stores) > 1 or (asked.store_ids is not None and not stores) or (stores and asked.club_id is not None):
        return None
    return asked.club_id or 0, stores[0] if stores else 0


def _found_out(session: Session, asked: Asked) -> _Found:
    rows = source(session, asked)
    return _liked_best(session, rows, _key(asked, rows))


def _key(asked: Asked, rows: Any) -> Any:
    return rows.c.store_id if asked.by is By.STORE else rows.c.product_key


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
