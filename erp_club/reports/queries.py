"""Figures of the whole chain, read from the receipts, memberships and points as they stand."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.earning.queries import ACCOUNT, HELD
from erp_club.clubs.kinds import ClubState
from erp_club.clubs.models import Club, Membership, MembershipPeriod
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.organisation.models import Store
from erp_club.points.models import PointsAccount
from erp_club.points.units import Unit
from erp_club.receipts.models import Receipt
from erp_club.receipts.rollups import queries as rollups
from erp_club.receipts.rollups.models import ReceiptToRoll, StoreDay


@dataclass(frozen=True, slots=True)
class MonthOfSales:
    """One month: `month` is its first day; amounts are what was paid, with VAT."""

    month: dt.date
    receipts: int
    sales_minor: int


@dataclass(frozen=True, slots=True)
class ClubFigures:
    """A club: members whose membership holds today, and all points that are outstanding, of ended memberships too."""

    club_id: int
    code: str
    names: dict[str, str]
    tone: str
    state: ClubState
    members: int
    points: int
    unit: Unit
    worth_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class StoreSales:
    """What one store sold in a year."""

    store_id: int
    name: str
    receipts: int
    sales_minor: int


def sales_by_month(session: Session, *, store_ids: Sequence[int] | None = None) -> list[MonthOfSales]:
    """Every month that has receipts, of some stores or of all, oldest first."""
    days = _days(session, store_ids).subquery()
    month = sa.cast(sa.func.date_trunc("month", sa.cast(days.c.sold_on, sa.DateTime)), sa.Date)
    sums = [sa.cast(sa.func.sum(days.c[name]), sa.BigInteger) for name in ("receipts", "sales_minor")]
    rows = session.execute(sa.select(month, *sums).group_by(month).order_by(month))
    return [MonthOfSales(*row) for row in rows]


def _days(session: Session, store_ids: Sequence[int] | None) -> Any:
    """Receipts and sales by store and day: what is kept, and what waits for it."""
    kept = sa.select(StoreDay.store_id, StoreDay.sold_on, StoreDay.receipts, StoreDay.spend_minor.label("sales_minor"))
    held = (ReceiptToRoll.customer_id == Receipt.customer_id) & (ReceiptToRoll.receipt_id == Receipt.id)
    columns = (Receipt.store_id, Receipt.sold_on, sa.literal(1).label("receipts"), Receipt.total_minor)
    waiting = sa.select(*columns).join(ReceiptToRoll, held)
    if store_ids is not None:
        kept, waiting = kept.where(StoreDay.store_id.in_(store_ids)), waiting.where(Receipt.store_id.in_(store_ids))
    return sa.union_all(kept, waiting) if rollups.waiting(session) else kept


def last_sales(session: Session, *, terminal_ids: Sequence[int]) -> dict[int, dt.datetime]:
    """When each of these tills sold last; those that never did are left out."""
    rows = session.execute(
        sa.select(Receipt.terminal_id, sa.func.max(Receipt.sold_at))
        .where(Receipt.terminal_id.in_(terminal_ids))
        .group_by(Receipt.terminal_id)
    )
    return {terminal_id: at for terminal_id, at in rows if terminal_id is not None}


def best_stores(
    session: Session, *, year: int, store_ids: Sequence[int] | None = None, limit: int = 10
) -> list[StoreSales]:
    """The stores that sold the most in a calendar year, of all or of some."""
    days = _days(session, store_ids).subquery()
    total = sa.cast(sa.func.sum(days.c.sales_minor), sa.BigInteger)
    sold = (
        sa.select(
            days.c.store_id,
            sa.cast(sa.func.sum(days.c.receipts), sa.BigInteger).label("receipts"),
            total.label("sales"),
        )
        .where(days.c.sold_on.between(dt.date(year, 1, 1), dt.date(year, 12, 31)))
        .group_by(days.c.store_id)
        .order_by(total.desc(), days.c.store_id)
        .limit(limit)
        .subquery()
    )
    rows = session.execute(
        sa.select(Store.id, Store.name, sold.c.receipts, sold.c.sales)
        .join(sold, sold.c.store_id == Store.id)
        .order_by(sold.c.sales.desc(), Store.id)
    )
    return [StoreSales(*row) for row in rows]


def club_figures(session: Session, *, today: dt.date) -> list[ClubFigures]:
    """Every club with its members of today and its points outstanding, drafts last, then by code."""
    holds = sa.exists().where(
        MembershipPeriod.customer_id == Membership.customer_id,
        MembershipPeriod.membership_id == Membership.id,
        MembershipPeriod.validity.op("@>", return_type=sa.Boolean)(sa.literal(today, sa.Date)),
    )
    balance = sa.func.sum(PointsAccount.balance).filter(HELD)
    counted = (
        sa.select(
            Membership.club_id,
            sa.func.count().filter(holds).label("members"),
            sa.cast(sa.func.coalesce(balance, 0), sa.BigInteger).label("points"),
        )
        .join(PointsAccount, ACCOUNT)
        .group_by(Membership.club_id)
        .subquery()
    )
    members, points = sa.func.coalesce(counted.c.members, 0), sa.func.coalesce(counted.c.points, 0)
    rows: list[Any] = list(
        session.execute(
            sa.select(
                Club.id,
                Club.code,
                Club.names,
                Club.tone,
                Club.state,
                members,
                points,
                Club.unit,
                sa.cast(sa.func.div(points * Club.worth_minor, Club.worth_points), sa.BigInteger),
                Club.currency,
            )
            .outerjoin(counted, counted.c.club_id == Club.id)
            .order_by(Club.state == ClubState.DRAFT, Club.code)
        )
    )
    return [ClubFigures(*row) for row in rows]


def customers_in_all(session: Session) -> int:
    """How many living customers the chain knows."""
    return (
        session.scalar(
            sa.select(sa.func.count()).where(Customer.state == CustomerState.ACTIVE, Customer.id != UNIDENTIFIED)
        )
        or 0
    )


def joined_in(session: Session, *, year: int) -> int:
    """How many memberships were opened in a calendar year."""
    return (
        session.scalar(
            sa.select(sa.func.count())
            .select_from(Membership)
            .where(Membership.joined_on.between(dt.date(year, 1, 1), dt.date(year, 12, 31)))
        )
        or 0
    )
