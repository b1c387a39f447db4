"""Points whose last day is over leave the ledger: many accounts at once, set by set."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.permissions.actors import Actor
from erp_club.points.kinds import MovementKind
from erp_club.points.models import PointsAccount, PointsLot
from erp_club.points.sets.commands import Key, SetCause, among, hold_accounts, write_movements


@dataclass(frozen=True, slots=True)
class Expired:
    """What a batch did, and the last account that it looked at; None where there is none left."""

    accounts: int
    points: int
    last: Key | None


def end_idle(session: Session, accounts: Sequence[Key], *, on: dt.date, now: dt.datetime, by: Actor) -> None:
    """Before a day's purchase, or another account, starts the clock of these again, let end what was idle for too long.

    Where the night is late, or waits for a second person, what is lost would else come back by it.
    """
    asked = sa.tuple_(PointsAccount.customer_id, PointsAccount.id).in_(among(accounts))
    keys = [
        (customer, account)
        for customer, account in session.execute(
            sa.select(PointsAccount.customer_id, PointsAccount.id).where(asked, PointsAccount.idle_last_day < on)
        )
    ]
    if keys:
        _end(session, keys, SetCause(MovementKind.EXPIRED, on, now, by))


@dataclass(frozen=True, slots=True)
class Expiring:
    """An account with points whose last day is over."""

    customer_id: int
    account_id: int
    points: int


def expire_points(
    session: Session,
    *,
    on: dt.date,
    after: Key | None,
    limit: int,
    run_id: int | None,
    now: dt.datetime,
    by: Actor,
) -> Expired:
    """Let the points end whose last day is before `on`, of the next `limit` accounts that have any.

    One movement an account, on that date, over all its lots that ended; a debt beside them stays. Lots that wait for
    their first day end too where their last one is over, and all of an account that was idle for too long.
    """
    keys = _accounts(session, on, after, limit)
    if not keys:
        return Expired(0, 0, None)
    accounts, points = _end(session, keys, SetCause(MovementKind.EXPIRED, on, now, by, run_id))
    return Expired(accounts, -points, keys[-1])


def _end(session: Session, keys: Sequence[Key], cause: SetCause) -> tuple[int, int]:
    """Hold these accounts and end what is over: how many had any, and their points, 0 or less."""
    hold_accounts(session, keys)
    taken = (
        sa.select(
            PointsLot.customer_id,
            PointsLot.account_id,
            PointsLot.id.label("lot_id"),
            (-PointsLot.remaining).label("points"),
            sa.cast(sa.null(), sa.BigInteger).label("reverses_seq"),
        )
        .join(PointsAccount, _ITS_ACCOUNT)
        .where(_ended(cause.on), sa.tuple_(PointsLot.customer_id, PointsLot.account_id).in_(among(keys)))
    )
    return write_movements(session, taken, cause)


_ITS_ACCOUNT = (PointsAccount.customer_id == PointsLot.customer_id) & (PointsAccount.id == PointsLot.account_id)


def _ended(on: dt.date) -> sa.ColumnElement[bool]:
    """Whether a lot holds points that may be used no more from this day on."""
    return PointsLot.open & sa.or_(PointsLot.last_day < on, PointsAccount.idle_last_day < on)


def _accounts(session: Session, on: dt.date, after: Key | None, limit: int) -> list[Key]:
    asked = (
        sa.select(PointsLot.customer_id, PointsLot.account_id)
        .join(PointsAccount, _ITS_ACCOUNT)
        .where(_ended(on))
        .group_by(PointsLot.customer_id, PointsLot.account_id)
        .order_by(PointsLot.customer_id, PointsLot.account_id)
        .limit(limit)
    )
    if after is not None:
        asked = asked.where(sa.tuple_(PointsLot.customer_id, PointsLot.account_id) > sa.tuple_(*after))
    return [(customer, account) for customer, account in session.execute(asked)]


def expiring(session: Session, *, on: dt.date) -> tuple[int, int]:
    """How many accounts hold points whose last day is before `on`, and how many points."""
    row = session.execute(
        sa.select(
            sa.func.count(sa.distinct(PointsLot.account_id)),
            sa.cast(sa.func.coalesce(sa.func.sum(PointsLot.remaining), 0), sa.BigInteger),
        )
        .join(PointsAccount, _ITS_ACCOUNT)
        .where(_ended(on))
    ).one()
    return row[0], row[1]


def some_expiring(session: Session, *, on: dt.date, limit: int) -> Sequence[Expiring]:
    """A few of these accounts, each with how many points would end."""
    rows = session.execute(
        sa.select(PointsLot.customer_id, PointsLot.account_id, sa.cast(sa.func.sum(PointsLot.remaining), sa.BigInteger))
        .join(PointsAccount, _ITS_ACCOUNT)
        .where(_ended(on))
        .group_by(PointsLot.customer_id, PointsLot.account_id)
        .order_by(PointsLot.customer_id, PointsLot.account_id)
        .limit(limit)
    )
    return [Expiring(*row) for row in rows]
