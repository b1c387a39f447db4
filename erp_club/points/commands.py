"""Moving points outside a sale.

Each command holds its account (`ledger.commands`): whatever else moves its points waits until the transaction ends.
Who gives or takes says why with a `Cause`. Points are whole numbers and, where a command says nothing else, above 0.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel.dates import add_months
from erp_club.kernel.lots import (
    DEBT,
    Part,
    Taken,
    give,
    given_back,
    in_order,
    pay_debt,
    take,
    take_in_order,
)
from erp_club.points import errors
from erp_club.points.kinds import AccountState, MovementKind
from erp_club.points.ledger.commands import (
    Account,
    Cause,
    HeldAccount,
    HeldLot,
    Moved,
    change_lots,
    fill_lot,
    hold_account,
    lots_by_id,
    lots_of_movement,
    movement_parts,
    reversed_parts,
    write_movement,
)
from erp_club.points.models import PointsAccount, PointsMovement
from erp_club.points.rules import DROPPED, Bucket, Fate, FatePolicy, ReturnedExpired, ReturnPolicy
from erp_club.points.units import POINTS, Unit


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What a return took back: the movement, None where it found nothing and made no debt; `missing` wasn't found."""

    moved: Moved | None
    missing: int


def earn_points(session: Session, account: Account, points: int, *, to: Bucket, cause: Cause) -> Moved:
    """Add points: a debt is paid first, the rest opens the lot `to` or adds to it. Raises NotFound."""
    held = hold_account(session, account)
    return _earn(session, held, points, to=to, cause=cause)


def redeem_points(session: Session, account: Account, points: int, *, cause: Cause, unit: Unit = POINTS) -> Moved:
    """Use points: of what may be used on the day, the earliest last day first, then the oldest.

    Raises NotFound, Conflict `points-too-few` (facts: `available`), `points-frozen`.
    """
    held = hold_account(session, account)
    if held.state is AccountState.FROZEN:
        raise errors.frozen(held.frozen_until)
    usable = held.available(cause.on)
    if usable < points:
        raise errors.too_few(usable, points, unit=unit)
    moved = _write(session, held, take(held.lots, points, on=cause.on).parts, cause)
    if cause.kind is MovementKind.REDEEMED:
        _count_redeemed(session, held.account, points, cause.on)
    return moved


def take_back_points(
    session: Session,
    account: Account,
    points: int,
    *,
    of: int | None,
    to_debt: bool = True,
    cause: Cause,
    at: Account | None = None,
) -> TakenBack:
    """Take back what a movement (its `seq`) gave: from its own lots first, then from others, then as a debt.

    Others are those in use first, then pending ones; what has expired is nobody's any more. Without `to_debt` what the
    lots don't have is missing, and whoever calls deducts it or writes it off. Of an account that was merged away its
    heir's lots are taken, those of the same days first; `at` names another account in which they live now.
    Raises NotFound.
    """
    held = hold_account(session, at or account)
    own = lots_of_movement(session, held, account, of)
    order = [*in_order(lot for lot in held.lots if lot.id in own), *_others(held, own, cause.on)]
    taken = take_in_order(order, points)
    owed = (Part(DEBT, -taken.missing),) if to_debt and taken.missing else ()
    its = of if held.account == account else None
    moved = _write(session, held, (*taken.parts, *owed), cause, reverses_seq=its) if taken.parts or owed else None
    return TakenBack(moved, 0 if to_debt else taken.missing)


def give_back_points(
    session: Session,
    account: Account,
    points: int,
    *,
    of: int,
    policy: ReturnPolicy,
    cause: Cause,
    before: int | None = None,
    at: Account | None = None,
) -> Moved:
    """Give back what a movement (its `seq`) took, to the lots that it took from, the one taken last first.

    A debt made meanwhile is paid first. What belongs to a lot whose last day is over goes where `policy.expired` says.
    In several goes it comes to the same as at once: `before` is what went before, where the account's own movements
    don't tell all of it. What an account gave that was merged away goes to its heir, with the same days; `at` names
    another account in which its points live now.
    Raises NotFound, ValueError for more than is still to be given.
    """
    held = hold_account(session, at or account)
    gone = sum(reversed_parts(session, account, of).values()) if before is None else before
    taken = movement_parts(session, account, of)
    lots = lots_by_id(session, account, [part.lot_id for part in taken])
    in_turn = [Part(lot.id, next(p.amount for p in taken if p.lot_id == lot.id)) for lot in in_order(lots.values())]
    back = pay_debt(held.debt, reversed(given_back(in_turn, points, before=gone)))
    parts = [_to_its_lot(session, held.account, account, lots, part, policy, cause.on) for part in back]
    its = of if held.account == account else None
    if its is not None:
        _count_unused(session, account, points, of=its)
    return write_movement(session, held.account, parts, cause, reverses_seq=its)


def adjust_points(
    session: Session, account: Account, points: int, *, to: Bucket, cause: Cause, unit: Unit = POINTS
) -> Moved:
    """Change a balance by hand (P-11): above zero into the lot `to`, below zero from what the account has.

    Pending points can be taken too. Raises NotFound, Conflict `points-too-few`.
    """
    held = hold_account(session, account)
    if points > 0:
        return _earn(session, held, points, to=to, cause=cause)
    taken = take_in_order(_others(held, set(), cause.on), -points)
    if taken.missing:
        raise errors.too_few(-points - taken.missing, -points, unit=unit)
    return _write(session, held, taken.parts, cause)


def transfer_points(
    session: Session,
    source: Account,
    target: Account,
    *,
    points: int | None = None,
    pending: bool = False,
    cause: Cause,
) -> tuple[Moved, Moved] | None:
    """Move points from one account to another with the days they may be used on; without `points` all, a debt too.

    With `pending` those that are to be waited for go too, once there are no others. A paired movement in each account;
    None where there is nothing to move. Raises NotFound, Conflict `points-too-few`.
    """
    held = {each: hold_account(session, each) for each in sorted((source, target))}
    giver, taker = held[source], held[target]
    if giver.account == taker.account:
        return None
    if points is None:
        taken = Taken(take_in_order(in_order(giver.lots), sum(lot.remaining for lot in giver.lots)).parts, 0)
    elif pending:
        taken = take_in_order(_others(giver, set(), cause.on), points)
        if taken.missing:
            raise errors.too_few(points - taken.missing, points)
    elif giver.available(cause.on) < points:
        raise errors.too_few(giver.available(cause.on), points)
    else:
        taken = take(giver.lots, points, on=cause.on)
    owed = giver.debt if points is None else 0
    if not taken.parts and not owed:
        return None
    out = _write(session, giver, (*taken.parts, Part(DEBT, owed)), cause)
    arriving = _arriving(session, giver, taker, taken.parts, owed, cause)
    return out, write_movement(session, taker.account, arriving, cause)


def transfer_debt(session: Session, source: Account, target: Account, points: int, *, cause: Cause) -> None:
    """Let another account owe so many points (> 0) of what this one owes, or pay them at once. Raises NotFound.

    Raises ValueError for more than is owed.
    """
    held = {each: hold_account(session, each) for each in sorted((source, target))}
    if held[source].debt < points:
        raise ValueError("more than is owed")
    write_movement(session, source, [Part(DEBT, points)], cause)
    taken = take_in_order(_others(held[target], set(), cause.on), points)
    change_lots(session, target, taken.parts)
    write_movement(session, target, [*taken.parts, Part(DEBT, -taken.missing)], cause)


def set_heir(session: Session, account: Account, heir: Account | None) -> None:
    """From now on the heir stands for the account, which is empty, or (None) the account for itself again."""
    session.execute(
        sa.update(PointsAccount)
        .where(PointsAccount.customer_id == account.holder_id, PointsAccount.id == account.id)
        .values(
            heir_holder_id=None if heir is None else heir.holder_id,
            heir_id=None if heir is None else heir.id,
        )
    )


def repay(session: Session, account: Account, points: int, *, cause: Cause) -> Moved:
    """Pay so many points (> 0) of what an account owes with something else than points. Raises NotFound.

    Raises ValueError for more than is owed.
    """
    held = hold_account(session, account)
    if held.debt < points:
        raise ValueError("more than is owed")
    return write_movement(session, held.account, [Part(DEBT, points)], cause)


def release_points(session: Session, account: Account, points: int, *, of: int, cause: Cause) -> Moved:
    """Make pending points of a movement (its `seq`) available from today, as their event has come (P-04).

    Fewer where some were taken back meanwhile. Raises NotFound.
    """
    held = hold_account(session, account)
    own = lots_of_movement(session, held, account, of)
    waiting = in_order(lot for lot in held.lots if lot.id in own and lot.available_on is None)
    parts: list[Part] = []
    buckets = {lot.id: lot.bucket for lot in waiting}
    for part in take_in_order(waiting, points).parts:
        bucket = replace(buckets[part.lot_id], available_on=cause.on.replace(day=1), waits_for=None)
        parts += [part, Part(fill_lot(session, held.account, bucket, -part.amount), -part.amount)]
    if not parts:
        raise errors.no_movement()
    change_lots(session, held.account, [part for part in parts if part.amount < 0])
    its = of if held.account == account else None
    return write_movement(session, held.account, parts, cause, reverses_seq=its)


def freeze_account(session: Session, account: Account, *, until: dt.date | None) -> None:
    """Nobody uses the account's points, to be lost after `until` (included) unless it is revived. Raises NotFound."""
    _set_state(session, account, AccountState.FROZEN, until)


def revive_account(session: Session, account: Account) -> None:
    """A frozen or closed account is open again. Raises NotFound."""
    _set_state(session, account, AccountState.OPEN, None)


def renew_account(session: Session, account: Account, *, cause: Cause) -> None:
    """A membership goes on: its account is open again. Points frozen until a day that is over are lost before that.

    Raises NotFound.
    """
    held = hold_account(session, account)
    if held.state is AccountState.OPEN:
        return
    if held.frozen_until is not None and held.frozen_until < cause.on:
        end_account(session, held.account, policy=DROPPED, cause=cause)
    revive_account(session, held.account)


def end_account(session: Session, account: Account, *, policy: FatePolicy, cause: Cause) -> tuple[Moved, ...]:
    """Do with an account's points what the club says where a membership lapses or is ended (M-08, M-14).

    What is converted was converted before (`clubs.conversions`), and what is left is dropped. A debt stays.
    Raises NotFound.
    """
    held = hold_account(session, account)
    if policy.fate is Fate.FREEZE:
        freeze_account(session, held.account, until=add_months(cause.on, policy.freeze_months))
    if policy.keeps:
        return ()
    made: list[Moved] = []
    if held.lots:
        rest = sum(lot.remaining for lot in held.lots)
        made.append(_write(session, held, take_in_order(in_order(held.lots), rest).parts, cause))
    _set_state(session, held.account, AccountState.CLOSED, None)
    return tuple(made)


def _earn(session: Session, held: HeldAccount, points: int, *, to: Bucket, cause: Cause) -> Moved:
    repaid, left = give(held.debt, points)
    parts = [Part(DEBT, repaid)]
    if left:
        parts.append(Part(fill_lot(session, held.account, to, left), left))
    return write_movement(session, held.account, parts, replace(cause, rule_version=to.rule_version))


def _write(
    session: Session, held: HeldAccount, parts: Sequence[Part], cause: Cause, *, reverses_seq: int | None = None
) -> Moved:
    change_lots(session, held.account, parts)
    return write_movement(session, held.account, parts, cause, reverses_seq=reverses_seq)


def _others(held: HeldAccount, own: set[int], on: dt.date) -> list[HeldLot]:
    """The lots that something else than a redemption takes from: those in use in order, then pending ones."""
    alive = [lot for lot in held.lots if lot.id not in own and not lot.expired(on)]
    return [*in_order(lot for lot in alive if lot.usable(on)), *in_order(lot for lot in alive if lot.pending(on))]


def _to_its_lot(
    session: Session,
    account: Account,
    of: Account,
    lots: dict[int, HeldLot],
    part: Part,
    policy: ReturnPolicy,
    on: dt.date,
) -> Part:
    """Put back what belongs to a lot of `of`, or into one of a later last day, and tell where it went."""
    if part.lot_id == DEBT:
        return part
    lot = lots[part.lot_id]
    if policy.expired is ReturnedExpired.EXTENDED and lot.expired(on):
        last = on + dt.timedelta(days=policy.extended_days)
        bucket = Bucket(on.replace(day=1), last, lot.bucket.rule_version, None)
        return Part(fill_lot(session, account, bucket, part.amount), part.amount)
    if account != of:
        return Part(fill_lot(session, account, lot.bucket, part.amount), part.amount)
    change_lots(session, account, [part])
    return part


def _arriving(
    session: Session, giver: HeldAccount, taker: HeldAccount, parts: Sequence[Part], owed: int, cause: Cause
) -> list[Part]:
    """What another account's points and debt do here: points pay the debt, and a debt takes from the lots."""
    buckets = {lot.id: lot.bucket for lot in giver.lots}
    arrived: list[Part] = []
    for part in pay_debt(taker.debt, [Part(part.lot_id, -part.amount) for part in parts]):
        to = DEBT if part.lot_id == DEBT else fill_lot(session, taker.account, buckets[part.lot_id], part.amount)
        arrived.append(Part(to, part.amount))
    if owed:
        taken = take_in_order(_others(taker, set(), cause.on), owed)
        change_lots(session, taker.account, taken.parts)
        arrived += [*taken.parts, Part(DEBT, -taken.missing)]
    return arrived


def _count_redeemed(session: Session, account: Account, points: int, on: dt.date) -> None:
    """Keep how many were used on the store's date; a sale of an earlier day that comes late counts for today's."""
    same = PointsAccount.redeemed_on >= on
    session.execute(
        sa.update(PointsAccount)
        .where(PointsAccount.customer_id == account.holder_id, PointsAccount.id == account.id)
        .values(
            redeemed_that_day=sa.case((same, PointsAccount.redeemed_that_day), else_=0) + points,
            redeemed_on=sa.func.greatest(PointsAccount.redeemed_on, on),
        )
    )


def _count_unused(session: Session, account: Account, points: int, *, of: int) -> None:
    """What comes back of the day's uses can be used again that day, as after a sale that is cancelled."""
    its = (PointsMovement.customer_id == account.holder_id) & (PointsMovement.account_id == account.id)
    used = its & (PointsMovement.kind == MovementKind.REDEEMED)
    counted_on = sa.select(sa.func.max(PointsMovement.on_date)).where(used, PointsMovement.seq <= of)
    session.execute(
        sa.update(PointsAccount)
        .where(PointsAccount.customer_id == account.holder_id, PointsAccount.id == account.id)
        .where(sa.exists().where(used, PointsMovement.seq == of))
        .where(PointsAccount.redeemed_on == counted_on.scalar_subquery())
        .values(redeemed_that_day=PointsAccount.redeemed_that_day - points)
        .execution_options(synchronize_session=False)
    )


def _set_state(session: Session, account: Account, state: AccountState, until: dt.date | None) -> None:
    done = session.execute(
        sa.update(PointsAccount)
        .where(PointsAccount.customer_id == account.holder_id, PointsAccount.id == account.id)
        .values(state=state, frozen_until=until)
        .returning(PointsAccount.id)
    ).one_or_none()
    if done is None:
        raise errors.no_account()
