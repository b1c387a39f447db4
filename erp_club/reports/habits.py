"""How customers buy: how often, how much in all, who is new, who came back and who stayed away, and cohorts."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.models import UNIDENTIFIED
from erp_club.customers.queries import BECAME, living_of
from erp_club.receipts.models import Receipt, ReceiptLine
from erp_club.receipts.rollups import queries as rollups
from erp_club.receipts.rollups.models import CohortMonth, CustomerSummary, ReceiptToRoll
from erp_club.reports.purchases import slices
from erp_club.reports.purchases.adding import in_their_order
from erp_club.reports.purchases.asked import Against, Asked, By
from erp_club.reports.purchases.figures import share_bp
from erp_club.reports.purchases.members import one_of
from erp_club.reports.purchases.slices import NEVER
from erp_club.reports.purchases.sources import days, each_customer, source

OFTEN: tuple[tuple[int, int | None], ...] = ((1, 1), (2, 2), (3, 5), (6, 10), (11, 20), (21, 50), (51, None))
"""From how many purchases to how many, both included; the last without end."""
TENTHS = 10
MONTHS_AFTER = 12


@dataclass(frozen=True, slots=True)
class Movement:
    """Known customers with a purchase in the period, and those who stayed away.

    `new` bought for the first time ever in the chain; `returning` had bought before; `lost` bought in the period
    before, which is as long, and not in this one.
    """

    buyers: int
    new: int
    returning: int
    lost: int
    bought_before: int

    @property
    def kept_bp(self) -> int | None:
        """How many of those who bought in the period before bought again, in hundredths of a percent."""
        return share_bp(self.bought_before - self.lost, self.bought_before)


@dataclass(frozen=True, slots=True)
class Often:
    """Customers with so many purchases in the period (`most` None: or more), and what these came to net of returns."""

    least: int
    most: int | None
    customers: int
    sales_minor: int


@dataclass(frozen=True, slots=True)
class Tenth:
    """A tenth of the buyers, the first spent most: what they spent, and what share they and those above made."""

    number: int
    customers: int
    sales_minor: int
    share_bp: int | None
    cumulated_bp: int | None


@dataclass(frozen=True, slots=True)
class Cohort:
    """Those whose first purchase ever was in a month (its first day): how many, and how many bought n months later.

    The first of `bought` is the month itself; months that the period doesn't reach to its end are left out.
    """

    month: dt.date
    customers: int
    bought: tuple[int, ...]


def movement(session: Session, asked: Asked) -> Movement:
    """Who is new, who came back, who stayed away."""
    waited = slices.waited(session) if slices.of_chain(asked) else None
    if waited is None:
        return _moved(session, asked)
    # All as they are kept, but for those whose receipts wait, who are told as they are.
    then = asked.against(Against.BEFORE)
    kept = slices.bought(then.first, asked.last, but_for=waited).c
    now, earlier = kept.sold_on >= asked.first, kept.sold_on <= then.last
    counted = (
        now & (kept.before < asked.first),
        now & (kept.before == NEVER),
        earlier & (kept.before < then.first),
        now & kept.before.between(then.first, then.last),
    )
    sums = (sa.func.coalesce(sa.func.sum(kept.buyers).filter(each), 0) for each in counted)
    found: Any = session.execute(sa.select(*(sa.cast(each, sa.BigInteger) for each in sums))).one()
    buyers, new, before, again = found
    others = _moved(session, replace(asked, among=waited)) if waited else Movement(0, 0, 0, 0, 0)
    return Movement(
        buyers + others.buyers,
        new + others.new,
        buyers - new + others.returning,
        before - again + others.lost,
        before + others.bought_before,
    )


def _moved(session: Session, asked: Asked) -> Movement:
    now = _buyers(session, asked).subquery("now")
    then = _buyers(session, asked.against(Against.BEFORE)).subquery("then")
    first = _firsts(session, asked.among)
    counted = sa.select(
        sa.func.count(),
        sa.func.count().filter(first.c.first_on >= asked.first),
    ).select_from(now.join(first, first.c.customer_id == now.c.customer_id))
    buyers, new = session.execute(counted).one()
    # Both sides whole: looked up one by one, those of the other period would be found out for each.
    again = sa.intersect(sa.select(now.c.customer_id), sa.select(then.c.customer_id)).subquery("again")
    earlier, both = (sa.select(sa.func.count()).select_from(each).scalar_subquery() for each in (then, again))
    before, came_back = session.execute(sa.select(earlier, both)).one()
    return Movement(buyers, new, buyers - new, before - came_back, before)


def frequency(session: Session, asked: Asked) -> list[Often]:
    """How many customers bought how often."""
    each = _buyers(session, asked).subquery("each")
    steps = [(each.c.purchases >= least, number) for number, (least, _) in reversed(list(enumerate(OFTEN)))]
    step = sa.case(*steps)
    sales = sa.cast(sa.func.sum(each.c.sales_minor), sa.BigInteger)
    statement = sa.select(step, sa.func.count(), sales).group_by(sa.literal_column("1"))
    with in_their_order(session, asked):
        found = {row[0]: row for row in session.execute(statement)}
    return [
        Often(least, most, *(found[number][1:] if number in found else (0, 0)))
        for number, (least, most) in enumerate(OFTEN)
    ]


def tenths(session: Session, asked: Asked) -> list[Tenth]:
    """How the sales of known buyers are spread among them, those who spent most first."""
    each = _buyers(session, asked).subquery("each")
    place = sa.func.ntile(TENTHS).over(order_by=(each.c.sales_minor.desc(), each.c.customer_id)).label("place")
    placed = sa.select(each.c.sales_minor, place).subquery("placed")
    sales = sa.cast(sa.func.sum(placed.c.sales_minor), sa.BigInteger)
    statement = sa.select(placed.c.place, sa.func.count(), sales).group_by(placed.c.place).order_by(placed.c.place)
    with in_their_order(session, asked):
        rows = session.execute(statement).all()
    whole, above = sum(row[2] for row in rows), 0
    made: list[Tenth] = []
    for number, customers, sales in rows:
        above += sales
        made.append(Tenth(number, customers, sales, share_bp(sales, whole), share_bp(above, whole)))
    return made


def cohorts(session: Session, asked: Asked) -> list[Cohort]:
    """For each month of the period those who began in it, and how many of them bought in each month after."""
    months = replace(asked, by=By.MONTH, first=asked.first.replace(day=1)).steps()
    whole = [month for month in months if replace(asked, by=By.MONTH).step_end(month) <= asked.last]
    if not whole:
        return []
    last = replace(asked, by=By.MONTH).step_end(whole[-1])
    asked = replace(asked, by=By.DAY, first=whole[0], last=last)
    waited = slices.waited(session) if slices.of_chain(asked) else None
    if waited is None:
        return _cohorts(whole, _by_cohort(session, asked, source(session, asked), _firsts(session)))
    kept = sa.select(CohortMonth.began, CohortMonth.month, CohortMonth.buyers)
    within = kept.where(CohortMonth.began.between(whole[0], last), CohortMonth.month.between(whole[0], last))
    counts = Counter({(row.began, row.month): row.buyers for row in session.execute(within)})
    if waited:  # they are told as they are
        theirs = replace(asked, among=waited)
        counts.subtract(_by_cohort(session, theirs, days(theirs, None).subquery(), _summed_firsts(waited).subquery()))
        counts.update(_by_cohort(session, theirs, source(session, theirs), _firsts(session, waited)))
    return _cohorts(whole, counts)


def _by_cohort(session: Session, asked: Asked, rows: Any, first: Any) -> Counter[tuple[dt.date, dt.date]]:
    """How many bought in each month, by the month in which they began."""
    bought = _months(rows)
    began = sa.cast(sa.func.date_trunc("month", sa.cast(first.c.first_on, sa.DateTime)), sa.Date).label("began")
    found = session.execute(
        sa.select(began, bought.c.month, sa.func.count())
        .select_from(first.join(bought, bought.c.customer_id == first.c.customer_id))
        .where(first.c.first_on.between(asked.first, asked.last))
        .group_by(sa.literal_column("1"), bought.c.month)
    )
    return Counter({(row[0], row[1]): row[2] for row in found})


def _cohorts(months: Sequence[dt.date], counts: Mapping[tuple[dt.date, dt.date], int]) -> list[Cohort]:
    made: list[Cohort] = []
    for number, month in enumerate(months):
        after = months[number : number + MONTHS_AFTER]
        bought = tuple(counts.get((month, later), 0) for later in after)
        if bought[0]:
            made.append(Cohort(month, bought[0], bought))
    return made


def _buyers(session: Session, asked: Asked) -> Any:
    """Known customers with a purchase, how many they made and what they came to."""
    each = each_customer(session, asked, ("purchases", "sales_minor")).subquery("each").c
    found = sa.select(each.customer_id, each.purchases, each.sales_minor)
    return found.where(each.customer_id != UNIDENTIFIED, each.purchases > 0)


def _months(rows: Any) -> Any:
    """Each known customer and month with a purchase, once."""
    month = sa.cast(sa.func.date_trunc("month", sa.cast(rows.c.sold_on, sa.DateTime)), sa.Date).label("month")
    return (
        sa.select(rows.c.customer_id, month)
        .where(rows.c.customer_id != UNIDENTIFIED, rows.c.purchases > 0)
        .distinct()
        .subquery("bought")
    )


def _firsts(session: Session, among: Sequence[int] | None = None) -> Any:
    """The day of each customer's first purchase ever, in whatever store; `among` some of them."""
    kept = _summed_firsts(among)
    if not rollups.waits(session):
        return kept.subquery("firsts")
    of_receipt = (Receipt.customer_id == ReceiptToRoll.customer_id) & (Receipt.id == ReceiptToRoll.receipt_id)
    of_line = (ReceiptLine.customer_id == Receipt.customer_id) & (ReceiptLine.receipt_id == Receipt.id)
    waiting = (
        sa.select(living_of(Receipt.customer_id).label("customer_id"), Receipt.sold_on.label("first_on"))
        .select_from(
            sa.join(ReceiptToRoll, Receipt, of_receipt)
            .join(ReceiptLine, of_line)
            .outerjoin(BECAME, BECAME.c.id == Receipt.customer_id)
        )
        .where(ReceiptLine.quantity_milli >= 0)
    )
    every = sa.union_all(kept, waiting).subquery("every")
    return (
        sa.select(every.c.customer_id, sa.func.min(every.c.first_on).label("first_on"))
        .group_by(every.c.customer_id)
        .subquery("firsts")
    )


def _summed_firsts(among: Sequence[int] | None) -> Any:
    kept = sa.select(CustomerSummary.customer_id, CustomerSummary.first_on).where(CustomerSummary.first_on.is_not(None))
    return kept if among is None else kept.where(one_of(CustomerSummary.customer_id, among))
