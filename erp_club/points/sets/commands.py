"""The ledger's lowest verbs for jobs: hold many accounts, and write a movement for each of them in one statement."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from erp_club.kernel.lots import DEBT
from erp_club.permissions.actors import Actor
from erp_club.points.kinds import AccountState, MovementKind
from erp_club.points.models import PointsAccount, PointsLot, PointsMovement
from erp_club.points.models import PointsMovementLot as MovementLot

Key = tuple[int, int]
"""An account: the customer who holds it, and its own id."""


@dataclass(frozen=True, slots=True)
class SetCause:
    """Why the points of many accounts move, on which date, when, by whom, and in which run of a job."""

    kind: MovementKind
    on: dt.date
    now: dt.datetime
    by: Actor
    run_id: int | None = None
    reason: str | None = None
    approval_id: int | None = None


def hold_accounts(session: Session, keys: Sequence[Key]) -> None:
    """Lock these accounts until the transaction ends, in the order of their ids as every command does.

    What they hold is read by the next statement: in one with the locking it would be as it was before.
    """
    held = sa.select(PointsAccount.id).where(sa.tuple_(PointsAccount.customer_id, PointsAccount.id).in_(among(keys)))
    locked = held.order_by(PointsAccount.id).with_for_update(key_share=True).cte("locked")
    session.execute(sa.select(sa.func.count()).select_from(locked))


def freeze_accounts(session: Session, keys: Sequence[Key], *, until: dt.date) -> None:
    """Nobody uses the points of these held accounts until they revive; after `until` they are lost."""
    session.execute(_among_accounts(keys).values(state=AccountState.FROZEN, frozen_until=until))


def freeze_closed(session: Session, keys: Sequence[Key]) -> None:
    """Those of these held accounts that are closed are frozen without a last day."""
    closed = _among_accounts(keys).where(PointsAccount.state == AccountState.CLOSED)
    session.execute(closed.values(state=AccountState.FROZEN, frozen_until=None))


def drop_points(session: Session, keys: Sequence[Key], cause: SetCause) -> int:
    """Take all that the lots of these held accounts have, and close the accounts; the points, 0 or less.

    A debt stays.
    """
    if not keys:
        return 0
    taken = sa.select(
        PointsLot.customer_id,
        PointsLot.account_id,
        PointsLot.id.label("lot_id"),
        (-PointsLot.remaining).label("points"),
        sa.cast(sa.null(), sa.BigInteger).label("reverses_seq"),
    ).where(PointsLot.open, sa.tuple_(PointsLot.customer_id, PointsLot.account_id).in_(among(keys)))
    _, points = write_movements(session, taken, cause)
    session.execute(_among_accounts(keys).values(state=AccountState.CLOSED, frozen_until=None))
    return points


def _among_accounts(keys: Sequence[Key]) -> sa.Update:
    return (
        sa.update(PointsAccount)
        .where(sa.tuple_(PointsAccount.customer_id, PointsAccount.id).in_(among(keys)))
        .execution_options(synchronize_session=False)
    )


def among(keys: Sequence[Key]) -> sa.Select[*tuple[Any, ...]]:
    """The keys as rows of the columns `customer_id` and `account_id`."""
    listed = (
        sa.func.unnest(
            sa.bindparam("customers", [customer for customer, _ in keys], type_=ARRAY(sa.BigInteger), unique=True),
            sa.bindparam("accounts", [account for _, account in keys], type_=ARRAY(sa.BigInteger), unique=True),
        )
        .table_valued(sa.column("customer_id", sa.BigInteger), sa.column("account_id", sa.BigInteger), name="keys")
        .render_derived()
    )
    return sa.select(listed.c.customer_id, listed.c.account_id)


def given_parts(rows: Sequence[tuple[int, int, int, int, int | None]]) -> sa.Select[*tuple[Any, ...]]:
    """Parts that were worked out beforehand, as `write_movements` takes them: their columns in its order."""
    names = ("customer_id", "account_id", "lot_id", "points", "reverses_seq")
    listed = (
        sa.func.unnest(
            *(
                sa.bindparam(name, [row[place] for row in rows], type_=ARRAY(sa.BigInteger), unique=True)
                for place, name in enumerate(names)
            )
        )
        .table_valued(*(sa.column(name, sa.BigInteger) for name in names), name="given")
        .render_derived()
    )
    return sa.select(*(listed.c[name] for name in names))


def write_movements(
    session: Session, parts: sa.Select[*tuple[Any, ...]], cause: SetCause, *, filled: bool = False
) -> tuple[int, int]:
    """Write one movement for each account among the parts of held accounts; how many there were, and their points.

    A part is a row of `customer_id`, `account_id`, `lot_id`, `points` (not 0) and `reverses_seq`. Its lot is changed
    by it too, except where it was `filled` with it already; lot 0 is the debt, which points above zero pay.
    """
    told = parts.cte("parts")
    sums = (
        sa.select(
            told.c.customer_id,
            told.c.account_id,
            sa.cast(sa.func.sum(told.c.points), sa.BigInteger).label("points"),
            sa.cast(sa.func.coalesce(sa.func.sum(told.c.points).filter(told.c.lot_id == DEBT), 0), sa.BigInteger).label(
                "repaid"
            ),
            sa.func.max(told.c.reverses_seq).label("reverses_seq"),
        )
        .group_by(told.c.customer_id, told.c.account_id)
        .cte("sums")
    )
    moved = (
        sa.update(PointsAccount)
        .where(PointsAccount.customer_id == sums.c.customer_id, PointsAccount.id == sums.c.account_id)
        .values(
            balance=PointsAccount.balance + sums.c.points,
            debt=PointsAccount.debt - sums.c.repaid,
            repaid=sa.func.greatest(sums.c.repaid, 0),
            last_seq=PointsAccount.last_seq + 1,
        )
        .returning(
            PointsAccount.customer_id,
            PointsAccount.id.label("account_id"),
            PointsAccount.last_seq.label("seq"),
            PointsAccount.balance,
            sums.c.points,
            sums.c.reverses_seq,
        )
        .cte("moved")
    )
    made = [_movements(moved, cause), _parts(told, moved)]
    if not filled:
        made.append(_lots(told))
    total = sa.cast(sa.func.coalesce(sa.func.sum(moved.c.points), 0), sa.BigInteger)
    row = session.execute(sa.select(sa.func.count(), total).select_from(moved).add_cte(*made)).one()
    return row[0], row[1]


def _movements(moved: sa.CTE, cause: SetCause) -> sa.CTE:
    values = {
        "customer_id": moved.c.customer_id,
        "account_id": moved.c.account_id,
        "seq": moved.c.seq,
        "kind": sa.literal(cause.kind.value),
        "points": moved.c.points,
        "balance_after": moved.c.balance,
        "at": sa.literal(cause.now, sa.DateTime(timezone=True)),
        "on_date": sa.literal(cause.on, sa.Date()),
        "by_customer_id": moved.c.customer_id,
        "reverses_seq": moved.c.reverses_seq,
        "run_id": sa.literal(cause.run_id, sa.BigInteger()),
        "approval_id": sa.literal(cause.approval_id, sa.BigInteger()),
        "reason": sa.literal(cause.reason, sa.Text()),
        "store_id": sa.literal(cause.by.store_id, sa.Integer()),
        "terminal_id": sa.literal(cause.by.terminal_id, sa.Integer()),
        "staff_id": sa.literal(cause.by.staff_id, sa.Integer()),
    }
    return sa.insert(PointsMovement).from_select(list(values), sa.select(*values.values())).cte("movements")


def _parts(told: sa.CTE, moved: sa.CTE) -> sa.CTE:
    names = ["customer_id", "account_id", "seq", "lot_id", "points"]
    rows = sa.select(told.c.customer_id, told.c.account_id, moved.c.seq, told.c.lot_id, told.c.points).join(
        moved, (moved.c.customer_id == told.c.customer_id) & (moved.c.account_id == told.c.account_id)
    )
    return sa.insert(MovementLot).from_select(names, rows).cte("movement_lots")


def _lots(told: sa.CTE) -> sa.CTE:
    return (
        sa.update(PointsLot)
        .where(
            PointsLot.customer_id == told.c.customer_id,
            PointsLot.account_id == told.c.account_id,
            PointsLot.id == told.c.lot_id,
        )
        .values(remaining=PointsLot.remaining + told.c.points)
        .cte("lots")
    )
