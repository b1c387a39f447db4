"""Sums and buyers of the whole chain, or of single stores, cashiers, departments, groups and brands, as they are kept.

However many customers there are: nothing of single ones is read but whose receipts the rollups don't hold yet.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.models import UNIDENTIFIED
from erp_club.receipts.rollups import queries as rollups
from erp_club.receipts.rollups.models import ClubSpan, CustomerDay, MemberToRoll, SliceBuyers, SliceDay, StoreDay
from erp_club.reports.purchases.asked import OF_PRODUCTS, TIMES, Asked, By
from erp_club.reports.purchases.lines import lines
from erp_club.reports.purchases.members import one_of
from erp_club.reports.purchases.sources import KINDS, SUMS, days, kept, stale, waiting_customers

ALL = "all"
OF_CLUBS = (ALL, By.STORE, By.GROUP)
"""What is kept of each club."""
NEVER = dt.date.min
"""The day before a first purchase."""
MOST_WAITED = 10_000
"""Of so many customers whose receipts wait, each is named."""


def parts(session: Session, asked: Asked, *, whole: bool) -> list[Any] | None:
    """SELECTs of the sums by key and of the buyers by key, which add up; None where no slice answers.

    Without a key of the `whole`.
    """
    found = _slice(asked, whole=whole)
    if found is None or (found[0] in OF_PRODUCTS and stale(session, By(found[0]))):
        return None
    name, ids = found
    if asked.club_id is not None:
        return None
    made = [_sums(asked, name, ids, whole), _buyers(asked, name, ids, whole)]
    return [*made, *_waiting(asked, name, ids, whole)] if rollups.waits(session) else made


def of_club(session: Session, asked: Asked, *, whole: bool) -> tuple[list[Any], tuple[int, ...]] | None:
    """SELECTs as `parts` has them of a club, and the customers whose part in them is to be told anew; None as there.

    These are they whose receipts wait, and whose memberships have changed.
    """
    found = _slice(asked, whole=whole) if asked.club_id is not None else None
    if found is None or found[0] not in OF_CLUBS or (found[0] in OF_PRODUCTS and stale(session, By(found[0]))):
        return None
    changed = waited(session, members=True)
    if changed is None:
        return None
    name, ids = f"{asked.club_id}/{found[0]}", found[1]
    return [_sums(asked, name, ids, whole), _buyers(asked, name, ids, whole)], changed


def as_summed(asked: Asked, products: Sequence[int] | None = None) -> Any:
    """The rows of some customers that the sums of the club, or of the chain, hold."""
    kind = asked.by if asked.by in OF_PRODUCTS else By.GROUP if asked.of_products else None
    table, span = KINDS[kind][0] if kind else CustomerDay, ClubSpan
    held_days = days(replace(asked, club_id=None), kind, products)
    if asked.club_id is None:
        return held_days.subquery("as_summed")
    held = sa.select(sa.literal(1)).where(
        span.customer_id == table.customer_id,
        span.club_id == asked.club_id,
        span.first <= table.sold_on,
        span.after > table.sold_on,
    )
    return held_days.where(held.correlate(table).exists()).subquery("as_summed")


def of_chain(asked: Asked) -> bool:
    """Whether all purchases of these days are asked about."""
    return asked.club_id is None and not asked.of_products and _slice(asked, whole=True) == (ALL, (0,))


def waited(session: Session, *, members: bool = False) -> tuple[int, ...] | None:
    """The known customers whose receipts wait, and the `members` who have changed; None for too many."""
    asked = waiting_customers()
    if members:
        asked = sa.union_all(asked, sa.select(MemberToRoll.customer_id))
    each = asked.subquery("each")
    found = session.scalars(sa.select(each.c[0]).distinct().limit(MOST_WAITED + 1)).all()
    return tuple(found) if len(found) <= MOST_WAITED else None


def bought(first: dt.date, last: dt.date, *, but_for: Sequence[int]) -> Any:
    """How many `buyers` bought on a day (`sold_on`) who last had on the day `before`, but for some customers."""
    day = CustomerDay.sold_on
    kept = sa.select(SliceBuyers.sold_on, SliceBuyers.before, SliceBuyers.buyers).where(SliceBuyers.slice == ALL)
    theirs = sa.select(CustomerDay.customer_id, day).where(
        one_of(CustomerDay.customer_id, but_for), CustomerDay.purchases > 0
    )
    each = theirs.distinct().subquery("theirs")
    last_day = sa.func.lag(each.c.sold_on).over(partition_by=each.c.customer_id, order_by=each.c.sold_on)
    less = sa.select(each.c.sold_on, sa.func.coalesce(last_day, NEVER), sa.literal(-1))
    every = sa.union_all(kept.where(SliceBuyers.sold_on.between(first, last)), less).subquery("every")
    return sa.select(every).where(every.c.sold_on.between(first, last)).subquery("bought")


def step(asked: Asked, day: Any) -> Any:
    """As `Asked.step_of`."""
    match asked.by:
        case By.YEAR | By.MONTH:
            return sa.cast(sa.func.date_trunc(asked.by.value, sa.cast(day, sa.DateTime)), sa.Date)
        case By.WEEK:
            into = (sa.cast(sa.extract("isodow", day), sa.Integer) + 6 - asked.week_starts) % 7
            return sa.cast(day, sa.Date) - into
        case _:
            return day


def _slice(asked: Asked, *, whole: bool) -> tuple[str, tuple[int, ...] | None] | None:
    """The way to part the chain that is asked, and which of it; None for all. No way where it is narrowed to more."""
    others = (asked.customer_id, asked.among, asked.segment_id, asked.product_id)
    if any(each is not None for each in others):
        return None
    one = {
        By.CASHIER: asked.staff_id,
        By.DEPARTMENT: asked.department_id,
        By.GROUP: asked.group_id,
        By.BRAND: asked.brand_id,
    }
    named: dict[By, tuple[int, ...]] = {by: (value,) for by, value in one.items() if value is not None}
    if asked.store_ids is not None:
        named[By.STORE] = asked.store_ids
    if whole or asked.by in TIMES:
        if not named:
            return ALL, (0,)
        # Who bought in one of several stores isn't kept.
        [(by, ids), *more] = named.items()
        return None if more or len(ids) != 1 else (by.value, ids)
    if asked.by not in (By.STORE, *one) or named.keys() - {asked.by}:
        return None
    return asked.by.value, named.get(asked.by)


def _key(asked: Asked, day: Any, of_id: Any, whole: bool) -> Any:
    if whole:
        return sa.null()
    if asked.by in TIMES:
        return step(asked, day)
    return sa.func.nullif(of_id, 0) if asked.by is By.CASHIER else of_id


def _sums(asked: Asked, name: str, ids: tuple[int, ...] | None, whole: bool) -> Any:
    of_stores = name in (ALL, By.STORE)  # of a club they stand among the other slices
    table, of_id = (StoreDay, StoreDay.store_id) if of_stores else (SliceDay, SliceDay.of_id)
    where: list[sa.ColumnElement[bool]] = [table.sold_on.between(asked.first, asked.last)]
    if not of_stores:
        where.append(SliceDay.slice == name)
    if not (of_stores and name == ALL) and ids is not None:
        where.append(of_id.in_(ids))
    rows = sa.select(*kept(table), table.known_minor, _key(asked, table.sold_on, of_id, whole).label("key"))
    each = rows.where(*where).subquery("each")
    return added(each.c.key, each, each, sa.literal(0))


def _buyers(asked: Asked, name: str, ids: tuple[int, ...] | None, whole: bool) -> Any:
    """Whoever bought in a step has one day there whose day before is earlier than the step."""
    kept = SliceBuyers
    begins: Any = sa.literal(asked.first, sa.Date)
    if asked.by in TIMES and not whole:
        begins = sa.func.greatest(begins, step(asked, kept.sold_on))
    where = [kept.slice == name, kept.sold_on.between(asked.first, asked.last), kept.before < begins]
    if ids is not None:
        where.append(kept.of_id.in_(ids))
    key = _key(asked, kept.sold_on, kept.of_id, whole).label("key")
    each = sa.select(key, kept.buyers).where(*where).subquery("counted")
    return added(each.c.key, None, each, sa.func.sum(each.c.buyers))


def added(key: Any, sums: Any | None, joined: Any, buyers: Any) -> Any:
    """A SELECT of sums, or of nothing but buyers, by key."""
    names = (*SUMS, "known_minor")
    added = [(sa.literal(0) if sums is None else sa.func.sum(sums.c[name])).label(name) for name in names]
    made = sa.select(key.label("key"), *added, buyers.label("buyers")).select_from(joined)
    return made.group_by(sa.literal_column("1"))


def _waiting(asked: Asked, name: str, ids: tuple[int, ...] | None, whole: bool) -> list[Any]:
    """The same of receipts that wait, with those buyers who aren't among the kept ones."""
    rows = lines(asked, waiting=True).cte("waiting")
    table, column = KINDS[By(name)] if name in OF_PRODUCTS else (CustomerDay, None)
    which: Any = None
    if name == By.STORE:
        column, which = CustomerDay.store_id, rows.c.store_id
    elif name == By.CASHIER:
        column = CustomerDay.staff_id
        which = sa.func.coalesce(rows.c.staff_id, 0) if asked.by is By.CASHIER and not whole else None
    elif name != ALL and asked.by is By(name):
        which = rows.c.product_key
    of_id = rows.c.store_id if which is None else which
    key = _key(asked, rows.c.sold_on, of_id, whole)
    bought = [
        table.customer_id == rows.c.customer_id,
        table.purchases > 0,
        table.sold_on.between(asked.first, asked.last),
    ]
    if column is not None:
        bought.append(column == which if which is not None else column.in_(ids or ()))
    if asked.by in TIMES and not whole:
        bought.append(step(asked, table.sold_on) == step(asked, rows.c.sold_on))
    new = (
        sa.select(key.label("key"), rows.c.customer_id)
        .where(rows.c.customer_id != UNIDENTIFIED, rows.c.purchases > 0)
        .where(~sa.select(sa.literal(1)).select_from(table).where(*bought).correlate(rows).exists())
        .distinct()
        .subquery("new")
    )
    return [added(key, rows, rows, sa.literal(0)), added(new.c.key, None, new, sa.func.count())]
