"""The lowest verbs of the points ledger: hold an account, and write one movement with what it does to the lots.

Whoever holds an account has it locked until the transaction ends, so its lots, read after the lock, are what they are.
Commands that hold several do so in the order of their ids.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.kernel.lots import DEBT, Lot, Part, available
from erp_club.permissions.actors import Actor
from erp_club.points import errors
from erp_club.points.kinds import AccountState, MovementKind
from erp_club.points.models import PointsAccount, PointsLot, PointsMovement
from erp_club.points.models import PointsMovementLot as MovementLot
from erp_club.points.rules import Bucket


@dataclass(frozen=True, slots=True, order=True)
class Account:
    """Which account: its own id, and the customer who holds it."""

    id: int
    holder_id: int


@dataclass(frozen=True, slots=True)
class Cause:
    """Why points move, on which date of the store, when, and by whom.

    `customer_id` is who of those that share the account moves them, its holder where it is left out; a receipt is
    theirs, or nobody's (0). `run_id` is the run of a job, `approval_id` the approval by a second person.
    """

    kind: MovementKind
    on: dt.date
    now: dt.datetime
    by: Actor
    customer_id: int | None = None
    receipt_id: int | None = None
    reason: str | None = None
    rule_version: int | None = None
    run_id: int | None = None
    approval_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLot(Lot):
    """A lot with its bucket."""

    bucket: Bucket


@dataclass(frozen=True, slots=True)
class HeldAccount:
    """A locked account with the lots that hold anything. `debt` ≥ 0; the balance is what the lots hold less it."""

    account: Account
    balance: int
    debt: int
    state: AccountState
    frozen_until: dt.date | None
    idle_last_day: dt.date | None
    lots: tuple[HeldLot, ...]

    def available(self, on: dt.date) -> int:
        """What may be used on this day: nothing where the account is frozen or closed, or was idle for too long."""
        if self.state is not AccountState.OPEN or (self.idle_last_day is not None and self.idle_last_day < on):
            return 0
        return available(self.lots, on)


@dataclass(frozen=True, slots=True)
class Moved:
    """A movement: its number, points (below zero where they went out), balance after, and what it did to which lots."""

    seq: int
    points: int
    balance: int
    parts: tuple[Part, ...]


def hold_account(session: Session, account: Account) -> HeldAccount:
    """Lock the account, or the heir of one that was merged away, and read its lots. Raises NotFound.

    Whoever holds an account goes on with the one that is told: what was given by the one is settled with the other.
    """
    row = session.execute(
        sa.select(
            PointsAccount.balance,
            PointsAccount.debt,
            PointsAccount.state,
            PointsAccount.frozen_until,
            PointsAccount.idle_last_day,
            PointsAccount.heir_id,
            PointsAccount.heir_holder_id,
        )
        .where(PointsAccount.customer_id == account.holder_id, PointsAccount.id == account.id)
        .with_for_update(key_share=True)
    ).one_or_none()
    if row is None:
        raise errors.no_account()
    if row.heir_id is not None:
        return hold_account(session, Account(row.heir_id, row.heir_holder_id))
    # A statement of its own, after the lock: in one with it, they would be as they were before the lock was had.
    lots = session.execute(
        sa.select(PointsLot.id, PointsLot.remaining, *_BUCKET)
        .where(PointsLot.customer_id == account.holder_id, PointsLot.account_id == account.id, PointsLot.remaining > 0)
        .order_by(PointsLot.id)
    )
    return HeldAccount(
        account,
        row.balance,
        row.debt,
        AccountState(row.state),
        row.frozen_until,
        row.idle_last_day,
        tuple(_lot(row) for row in lots),
    )


_BUCKET = (
    PointsLot.available_on,
    PointsLot.last_day,
    PointsLot.rule_version,
    PointsLot.earned_month,
    PointsLot.waits_for,
)


def fill_lot(session: Session, account: Account, to: Bucket, points: int) -> int:
    """Open the account's lot of this bucket with points (> 0), or add them to it, and give its id."""
    added = insert(PointsLot).values(
        customer_id=account.holder_id,
        account_id=account.id,
        available_on=to.available_on,
        last_day=to.last_day,
        rule_version=to.rule_version,
        earned_month=to.earned_month,
        waits_for=to.waits_for,
        earned=points,
        remaining=points,
    )
    return session.execute(
        added.on_conflict_do_update(
            constraint="uq_points_lots_bucket",
            set_={
                "earned": PointsLot.earned + added.excluded.earned,
                "remaining": PointsLot.remaining + added.excluded.remaining,
            },
        ).returning(PointsLot.id)
    ).scalar_one()


def change_lots(session: Session, account: Account, parts: Sequence[Part]) -> None:
    """Take from (below zero) or give back to lots that are there; the debt's part is passed over."""
    for part in sorted(parts, key=lambda each: each.lot_id):
        if part.lot_id != DEBT:
            session.execute(
                sa.update(PointsLot)
                .where(
                    PointsLot.customer_id == account.holder_id,
                    PointsLot.account_id == account.id,
                    PointsLot.id == part.lot_id,
                )
                .values(remaining=PointsLot.remaining + part.amount)
            )


def write_movement(
    session: Session, account: Account, parts: Sequence[Part], cause: Cause, *, reverses_seq: int | None = None
) -> Moved:
    """Write a movement that does this to the lots and the debt of a held account. The lots are changed already.

    Parts of one lot are summed; below zero for `DEBT` makes a debt, above it pays one.
    """
    summed: dict[int, int] = {}
    for part in parts:
        summed[part.lot_id] = summed.get(part.lot_id, 0) + part.amount
    moved = tuple(Part(lot_id, amount) for lot_id, amount in sorted(summed.items()) if amount)
    points = sum(part.amount for part in moved)
    row = session.execute(
        sa.update(PointsAccount)
        .where(PointsAccount.customer_id == account.holder_id, PointsAccount.id == account.id)
        .values(
            balance=PointsAccount.balance + points,
            debt=PointsAccount.debt - summed.get(DEBT, 0),
            repaid=max(summed.get(DEBT, 0), 0),
            last_seq=PointsAccount.last_seq + 1,
        )
        .returning(PointsAccount.balance, PointsAccount.last_seq)
    ).one()
    key = {"customer_id": account.holder_id, "account_id": account.id, "seq": row.last_seq}
    session.execute(
        sa.insert(PointsMovement).values(
            **key,
            kind=cause.kind,
            points=points,
            balance_after=row.balance,
            at=cause.now,
            on_date=cause.on,
            by_customer_id=account.holder_id if cause.customer_id is None else cause.customer_id,
            receipt_id=cause.receipt_id,
            reverses_seq=reverses_seq,
            rule_version=cause.rule_version,
            reason=cause.reason,
            run_id=cause.run_id,
            approval_id=cause.approval_id,
            store_id=cause.by.store_id,
            terminal_id=cause.by.terminal_id,
            staff_id=cause.by.staff_id,
        )
    )
    session.execute(sa.insert(MovementLot), [key | {"lot_id": part.lot_id, "points": part.amount} for part in moved])
    return Moved(row.last_seq, points, row.balance, moved)


def movement_parts(session: Session, account: Account, seq: int) -> tuple[Part, ...]:
    """What a movement did to the lots and the debt, in the order of the lots. Raises NotFound."""
    rows = session.execute(
        sa.select(MovementLot.lot_id, MovementLot.points)
        .where(*_of(account), MovementLot.seq == seq)
        .order_by(MovementLot.lot_id)
    ).all()
    if not rows:
        raise errors.no_movement()
    return tuple(Part(lot_id, points) for lot_id, points in rows)


def reversed_parts(session: Session, account: Account, seq: int) -> dict[int, int]:
    """What later movements that reverse this one have done to each lot (0: the debt), summed."""
    rows = session.execute(
        sa.select(MovementLot.lot_id, sa.cast(sa.func.sum(MovementLot.points), sa.BigInteger))
        .join(
            PointsMovement,
            (PointsMovement.customer_id == MovementLot.customer_id)
            & (PointsMovement.account_id == MovementLot.account_id)
            & (PointsMovement.seq == MovementLot.seq),
        )
        .where(*_of(account), PointsMovement.reverses_seq == seq)
        .group_by(MovementLot.lot_id)
    )
    return {lot_id: points for lot_id, points in rows}  # noqa: C416 - dict() knows no Row


def lots_of_movement(session: Session, held: HeldAccount, of: Account, seq: int | None) -> set[int]:
    """Those lots of a held account that hold what a movement gave: its own, or, in an heir, those alike in their days.

    Raises NotFound for a movement that isn't there.
    """
    own: set[int] = {part.lot_id for part in movement_parts(session, of, seq)} if seq is not None else set()
    if held.account == of or not own:
        return own
    buckets = {lot.bucket for lot in lots_by_id(session, of, sorted(own - {DEBT})).values()}
    return {lot.id for lot in held.lots if lot.bucket in buckets}


def lots_by_id(session: Session, account: Account, ids: Sequence[int]) -> dict[int, HeldLot]:
    """These lots of the account, empty ones too."""
    rows = session.execute(
        sa.select(PointsLot.id, PointsLot.remaining, *_BUCKET).where(
            PointsLot.customer_id == account.holder_id, PointsLot.account_id == account.id, PointsLot.id.in_(ids)
        )
    )
    return {lot.id: _lot(lot) for lot in rows}


def _lot(row: Any) -> HeldLot:
    return HeldLot(row.id, row.remaining, row.available_on, row.last_day, bucket=Bucket(*row[2:]))


def _of(account: Account) -> tuple[sa.ColumnElement[bool], ...]:
    return MovementLot.customer_id == account.holder_id, MovementLot.account_id == account.id
