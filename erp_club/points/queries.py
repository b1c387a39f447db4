"""What stands in the points ledger."""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_club.kernel.reading import in_portions
from erp_club.organisation.models import Store, Terminal
from erp_club.permissions.models import Staff
from erp_club.points import errors
from erp_club.points.kinds import AccountState, MovementKind
from erp_club.points.ledger.commands import Account
from erp_club.points.models import PointsAccount, PointsLot, PointsMovement
from erp_club.receipts.models import Receipt


class Flow(StrEnum):
    """Which movements are asked for: points that came in (above zero), or that went out."""

    ALL = "all"
    EARNED = "earned"
    USED = "used"


@dataclass(frozen=True, slots=True)
class Which:
    """Which movements of an account are asked for; days (of their stores) are included at both ends."""

    flow: Flow = Flow.ALL
    kind: MovementKind | None = None
    first: dt.date | None = None
    last: dt.date | None = None


EVERY = Which()


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account and its balance; `movements` is how many it has."""

    customer_id: int
    account_id: int
    balance: int
    movements: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account can do on a day. `pending` becomes available later, `debt` is paid by what comes in first.

    `next_points` expire next, after `next_day` (their last, included); None where nothing that is available expires.
    """

    available: int
    pending: int
    debt: int
    frozen: bool
    next_points: int = 0
    next_day: dt.date | None = None


@dataclass(frozen=True, slots=True)
class LotRow:
    """A lot that holds anything: its first and its last day of use, included. `waits_for` an event, where it does."""

    id: int
    remaining: int
    earned: int
    available_on: dt.date | None
    last_day: dt.date | None
    waits_for: str | None
    earned_month: dt.date | None


@dataclass(frozen=True, slots=True)
class MovementRow:
    """One movement with the balance after it, and where it came from. `zone` is the store's time zone.

    `reason` is what was written beside it; `undone`: a later movement reverses it. `rule_version` is the version of the
    club's rules by which it came in, where it did by rules.
    """

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
    reason: str | None
    reverses_seq: int | None
    undone: bool
    rule_version: int | None
    by_job: bool


@dataclass(frozen=True, slots=True)
class MovementPage:
    """Movements, the newest first. `older` is what `before` says to get the next ones; None at the end."""

    rows: list[MovementRow]
    older: int | None


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


def points_of(session: Session, account_id: int, seq: int) -> int:
    """How many points a movement moved, in (above zero) or out; 0 where there is no such movement."""
    wanted = sa.select(PointsMovement.points).where(PointsMovement.account_id == account_id, PointsMovement.seq == seq)
    return session.scalar(wanted) or 0


def movements(
    session: Session,
    customer_id: int,
    account_id: int,
    *,
    which: Which = EVERY,
    before: int | None = None,
    limit: int = 25,
) -> MovementPage:
    """The newest `limit` movements, or those before the movement `before` (its `seq`, not included)."""
    asked = _movements(customer_id, account_id, which).limit(limit + 1)
    if before is not None:
        asked = asked.where(PointsMovement.seq < before)
    rows = [_movement(row) for row in session.execute(asked)]
    return MovementPage(rows[:limit], rows[limit - 1].seq if len(rows) > limit else None)


def all_movements(
    session: Session, customer_id: int, account_id: int, *, which: Which = EVERY
) -> Iterator[MovementRow]:
    """Every movement, the newest first, read piece by piece."""
    for row in in_portions(session, _movements(customer_id, account_id, which)):
        yield _movement(row)


def available_points(day: sa.ColumnElement[dt.date]) -> sa.ColumnElement[int]:
    """What may be used on this day of the `PointsAccount` that the query reads."""
    forever = sa.literal_column("DATE 'infinity'", sa.Date())
    held = (
        sa.select(sa.cast(sa.func.coalesce(sa.func.sum(PointsLot.remaining), 0), sa.BigInteger))
        .where(
            PointsLot.customer_id == PointsAccount.customer_id,
            PointsLot.account_id == PointsAccount.id,
            PointsLot.remaining > 0,
            PointsLot.available_on <= day,
            sa.func.coalesce(PointsLot.last_day, forever) >= day,
        )
        .correlate(PointsAccount)
        .scalar_subquery()
    )
    usable = (PointsAccount.state == AccountState.OPEN.value) & (
        sa.func.coalesce(PointsAccount.idle_last_day, forever) >= day
    )
    return sa.case((usable, held), else_=sa.literal(0))


def standings(session: Session, account_ids: Collection[int], *, on: dt.date) -> dict[int, Standing]:
    """What these accounts can do on a day, by their ids, with one query."""
    dead = (PointsAccount.state != AccountState.OPEN) | (sa.func.coalesce(PointsAccount.idle_last_day, on) < on)
    rows = session.execute(
        sa.select(
            PointsAccount.id,
            PointsAccount.debt,
            PointsAccount.state,
            PointsLot.remaining,
            PointsLot.available_on,
            sa.func.least(PointsLot.last_day, PointsAccount.idle_last_day).label("last_day"),
            dead.label("dead"),
        )
        .outerjoin(
            PointsLot,
            (PointsLot.customer_id == PointsAccount.customer_id)
            & (PointsLot.account_id == PointsAccount.id)
            & (PointsLot.remaining > 0)
            & (sa.func.coalesce(PointsLot.last_day, on) >= on),
        )
        .where(PointsAccount.id.in_(account_ids))
    )
    by_account: dict[int, list[Any]] = {}
    for row in rows:
        by_account.setdefault(row.id, []).append(row)
    return {account_id: _standing(found, on) for account_id, found in by_account.items()}


def _standing(rows: list[Any], on: dt.date) -> Standing:
    lots = [row for row in rows if row.remaining and not row.dead]
    usable = [row for row in lots if row.available_on is not None and row.available_on <= on]
    next_day = min((row.last_day for row in usable if row.last_day is not None), default=None)
    return Standing(
        available=sum(row.remaining for row in usable),
        pending=sum(row.remaining for row in lots) - sum(row.remaining for row in usable),
        debt=rows[0].debt,
        frozen=rows[0].state == AccountState.FROZEN,
        next_points=sum(row.remaining for row in usable if next_day is not None and row.last_day == next_day),
        next_day=next_day,
    )


def lots(session: Session, customer_id: int, account_id: int) -> list[LotRow]:
    """The lots that hold anything, as they are used up."""
    rows = session.execute(
        sa.select(
            PointsLot.id,
            PointsLot.remaining,
            PointsLot.earned,
            PointsLot.available_on,
            PointsLot.last_day,
            PointsLot.waits_for,
            PointsLot.earned_month,
        )
        .where(PointsLot.customer_id == customer_id, PointsLot.account_id == account_id, PointsLot.remaining > 0)
        .order_by(PointsLot.last_day.asc().nulls_last(), PointsLot.id)
    )
    return [LotRow(*row) for row in rows]


def movements_at(
    session: Session, account: Account, *, at: dt.datetime, kinds: Collection[MovementKind]
) -> list[tuple[int, int]]:
    """Number and points of the movements of one moment, as one command writes them, oldest first.

    Without what later movements have taken back of them: who ends, restores and ends again within a moment finds one.
    """
    later = aliased(PointsMovement)
    taken_back = (
        sa.select(sa.func.coalesce(sa.func.sum(later.points), 0))
        .where(
            later.customer_id == PointsMovement.customer_id,
            later.account_id == PointsMovement.account_id,
            later.reverses_seq == PointsMovement.seq,
        )
        .scalar_subquery()
    )
    left = sa.cast(PointsMovement.points + taken_back, sa.BigInteger)
    rows = session.execute(
        sa.select(PointsMovement.seq, left)
        .where(
            PointsMovement.customer_id == account.holder_id,
            PointsMovement.account_id == account.id,
            PointsMovement.at == at,
            PointsMovement.kind.in_(kinds),
            left != 0,
        )
        .order_by(PointsMovement.seq)
    )
    return [(seq, points) for seq, points in rows]


def balance_at(session: Session, account: Account, at: dt.datetime) -> int:
    """The balance after what moved at a moment or before."""
    found = session.scalar(
        sa.select(PointsMovement.balance_after)
        .where(
            PointsMovement.customer_id == account.holder_id,
            PointsMovement.account_id == account.id,
            PointsMovement.at <= at,
        )
        .order_by(PointsMovement.seq.desc())
        .limit(1)
    )
    return found or 0


def heirs_of(session: Session, accounts: Sequence[int]) -> dict[int, int]:
    """The accounts (ids) that hold by now what each of these held: itself, or the heir of one that was merged away."""
    rows = session.execute(_HEIRS, {"accounts": list(accounts)})
    return {account: heir for account, heir in rows}  # noqa: C416 - dict() knows no Row


def formers_of(session: Session, account: Account) -> list[Account]:
    """The account and all that it is the heir of."""
    rows = session.execute(_FORMERS, {"holder": account.holder_id, "account": account.id})
    return [Account(*row) for row in rows]


_HEIRS = sa.text("""
    WITH RECURSIVE led AS (
        SELECT a.id AS account, a.id, a.heir_id FROM points_accounts a WHERE a.id = ANY(:accounts)
        UNION
        SELECT led.account, a.id, a.heir_id FROM led JOIN points_accounts a ON a.id = led.heir_id
    )
    SELECT account, id FROM led WHERE heir_id IS NULL
""")
_FORMERS = sa.text("""
    WITH RECURSIVE held AS (
        SELECT CAST(:account AS bigint) AS id, CAST(:holder AS bigint) AS customer_id
        UNION
        SELECT a.id, a.customer_id FROM held JOIN points_accounts a ON a.heir_id = held.id
    )
    SELECT id, customer_id FROM held ORDER BY id
""")


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


def _movements(customer_id: int, account_id: int, which: Which) -> sa.Select[*tuple[Any, ...]]:
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
            PointsMovement.reason,
            PointsMovement.reverses_seq,
            _undone().label("undone"),
            PointsMovement.rule_version,
            PointsMovement.run_id.is_not(None).label("by_job"),
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
    if which.flow is not Flow.ALL:
        asked = asked.where(PointsMovement.points > 0 if which.flow is Flow.EARNED else PointsMovement.points < 0)
    if which.kind is not None:
        asked = asked.where(PointsMovement.kind == which.kind)
    if which.first is not None:
        asked = asked.where(PointsMovement.on_date >= which.first)
    if which.last is not None:
        asked = asked.where(PointsMovement.on_date <= which.last)
    return asked


def _undone() -> sa.ColumnElement[bool]:
    """Whether a change by hand was undone; asked of these only, which are few."""
    return (PointsMovement.kind == MovementKind.ADJUSTED) & _reversed()


def _reversed() -> sa.ColumnElement[bool]:
    """Whether a later movement reverses this one."""
    later = aliased(PointsMovement)
    return sa.exists().where(
        later.customer_id == PointsMovement.customer_id,
        later.account_id == PointsMovement.account_id,
        later.reverses_seq == PointsMovement.seq,
    )


def _movement(row: Any) -> MovementRow:
    return MovementRow(row.seq, MovementKind(row.kind), *row[2:])
