"""What stands in the points ledger."""

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.organisation.models import Store, Terminal
from erp_club.permissions.models import Staff
from erp_club.points import errors
from erp_club.points.ledger.commands import Account
from erp_club.points.models import MovementKind, PointsAccount, PointsMovement
from erp_club.receipts.models import Receipt


class Flow(StrEnum):
    """Which movements are asked for: points that came in (above zero), or that went out."""

    ALL = "all"
    EARNED = "earned"
    USED = "used"


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account and its balance; `movements` is how many it has."""

    customer_id: int
    account_id: int
    balance: int
    movements: int


@dataclass(frozen=True, slots=True)
class MovementRow:
    """One movement with the balance after it, and where it came from. `zone` is the store's time zone."""

    seq: int
    kind: MovementKind
    points: int
    balance_after: int
    at: dt.datetime
    on_date: dt.date
    receipt_id: int | None
    receipt_no: str | None
    store: str | None
    zone: str | None
    terminal: str | None
    staff: str | None


@dataclass(frozen=True, slots=True)
class MovementPage:
    """Movements, the newest first. `older` is what `before` says to get the next ones; None at the end."""

    rows: list[MovementRow]
    older: int | None


@dataclass(frozen=True, slots=True)
class WrongAccount:
    """An account whose movements don't lead to what stands beside them."""

    customer_id: int
    account_id: int
    balance: int
    summed: int
    last_seq: int
    counted: int


def account(session: Session, account_id: int) -> AccountRow:
    """The account. Raises NotFound."""
    row = session.execute(
        sa.select(PointsAccount.customer_id, PointsAccount.id, PointsAccount.balance, PointsAccount.last_seq).where(
            PointsAccount.id == account_id
        )
    ).one_or_none()
    if row is None:
        raise errors.no_account()
    return AccountRow(*row)


def movements(
    session: Session,
    customer_id: int,
    account_id: int,
    *,
    flow: Flow = Flow.ALL,
    before: int | None = None,
    limit: int = 25,
) -> MovementPage:
    """The newest `limit` movements, or those before the movement `before` (its `seq`, not included)."""
    asked = _movements(customer_id, account_id, flow).limit(limit + 1)
    if before is not None:
        asked = asked.where(PointsMovement.seq < before)
    rows = [_movement(row) for row in session.execute(asked)]
    return MovementPage(rows[:limit], rows[limit - 1].seq if len(rows) > limit else None)


def all_movements(
    session: Session, customer_id: int, account_id: int, *, flow: Flow = Flow.ALL
) -> Iterator[MovementRow]:
    """Every movement, the newest first, read piece by piece."""
    asked = _movements(customer_id, account_id, flow).execution_options(yield_per=1000)
    yield from (_movement(row) for row in session.execute(asked))


def movements_at(
    session: Session, account: Account, *, at: dt.datetime, kinds: Collection[MovementKind]
) -> list[tuple[int, int]]:
    """Number and points of the movements of one moment, as one command writes them, oldest first."""
    rows = session.execute(
        sa.select(PointsMovement.seq, PointsMovement.points)
        .where(
            PointsMovement.customer_id == account.holder_id,
            PointsMovement.account_id == account.id,
            PointsMovement.at == at,
            PointsMovement.kind.in_(kinds),
        )
        .order_by(PointsMovement.seq)
    )
    return [(seq, points) for seq, points in rows]


def balance_by_month(session: Session, customer_id: int, account_id: int) -> dict[dt.date, int]:
    """The balance at the end of each month in which points moved, by its first day, oldest first.

    In a month that isn't there the balance is that of the month before.
    """
    month = sa.cast(sa.func.date_trunc("month", PointsMovement.on_date), sa.Date)
    rows = session.execute(
        sa.select(month, sa.cast(sa.func.sum(PointsMovement.points), sa.BigInteger))
        .where(PointsMovement.customer_id == customer_id, PointsMovement.account_id == account_id)
        .group_by(month)
        .order_by(month)
    )
    moved: dict[dt.date, int] = {first: points for first, points in rows}  # noqa: C416 - dict() knows no Row
    return dict(zip(moved, accumulate(moved.values()), strict=True))


def wrong_accounts(session: Session, *, limit: int = 100) -> list[WrongAccount]:
    """Accounts whose balance isn't the sum of their movements, or whose movements aren't numbered without gaps.

    Also where a movement's `balance_after` isn't the sum so far. Empty is what it should be.
    """
    running = sa.select(
        PointsMovement.customer_id,
        PointsMovement.account_id,
        PointsMovement.points,
        (
            PointsMovement.balance_after
            == sa.func.sum(PointsMovement.points).over(
                partition_by=(PointsMovement.customer_id, PointsMovement.account_id), order_by=PointsMovement.seq
            )
        ).label("fits"),
    ).subquery()
    sums = (
        sa.select(
            running.c.customer_id,
            running.c.account_id,
            sa.func.sum(running.c.points).label("summed"),
            sa.func.count().label("counted"),
            sa.func.bool_and(running.c.fits).label("fits"),
        )
        .group_by(running.c.customer_id, running.c.account_id)
        .subquery()
    )
    summed = sa.cast(sa.func.coalesce(sums.c.summed, 0), sa.BigInteger)
    counted = sa.func.coalesce(sums.c.counted, 0)
    rows = session.execute(
        sa.select(
            PointsAccount.customer_id,
            PointsAccount.id,
            PointsAccount.balance,
            summed,
            PointsAccount.last_seq,
            counted,
        )
        .outerjoin(sums, (sums.c.customer_id == PointsAccount.customer_id) & (sums.c.account_id == PointsAccount.id))
        .where(
            (PointsAccount.balance != summed)
            | (PointsAccount.last_seq != counted)
            | ~sa.func.coalesce(sums.c.fits, sa.true())
        )
        .order_by(PointsAccount.customer_id, PointsAccount.id)
        .limit(limit)
    )
    return [WrongAccount(*row) for row in rows]


def _movements(customer_id: int, account_id: int, flow: Flow) -> sa.Select[*tuple[Any, ...]]:
    asked = (
        sa.select(
            PointsMovement.seq,
            PointsMovement.kind,
            PointsMovement.points,
            PointsMovement.balance_after,
            PointsMovement.at,
            PointsMovement.on_date,
            PointsMovement.receipt_id,
            Receipt.receipt_no,
            Store.name.label("store"),
            Store.time_zone.label("zone"),
            Terminal.name.label("terminal"),
            Staff.name.label("staff"),
        )
        .outerjoin(
            Receipt, (Receipt.customer_id == PointsMovement.by_customer_id) & (Receipt.id == PointsMovement.receipt_id)
        )
        .outerjoin(Store, Store.id == PointsMovement.store_id)
        .outerjoin(Terminal, Terminal.id == PointsMovement.terminal_id)
        .outerjoin(Staff, Staff.id == PointsMovement.staff_id)
        .where(PointsMovement.customer_id == customer_id, PointsMovement.account_id == account_id)
        .order_by(PointsMovement.seq.desc())
    )
    match flow:
        case Flow.EARNED:
            return asked.where(PointsMovement.points > 0)
        case Flow.USED:
            return asked.where(PointsMovement.points < 0)
        case Flow.ALL:
            return asked


def _movement(row: Any) -> MovementRow:
    return MovementRow(row.seq, MovementKind(row.kind), *row[2:])
