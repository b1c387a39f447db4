"""Changing a member's points by hand, within the limit of who does it, and undoing that (P-11)."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.earning.queries import HELD, rules_on
from erp_club.clubs.levels.queries import levels_of
from erp_club.clubs.models import Membership
from erp_club.clubs.units.queries import unit_of_account
from erp_club.kernel import audit
from erp_club.kernel.errors import Conflict
from erp_club.kernel.text import T
from erp_club.permissions.actors import Actor
from erp_club.permissions.approvals.commands import Deed, permit
from erp_club.permissions.catalog import Permission
from erp_club.permissions.rules import Asked
from erp_club.points import errors
from erp_club.points.commands import adjust_points, give_back_points, take_back_points
from erp_club.points.conversions.queries import new_unit
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Account, Cause, Moved, hold_account
from erp_club.points.models import PointsMovement
from erp_club.points.rules import ReturnPolicy, bucket


@dataclass(frozen=True, slots=True)
class Adjusted:
    """What a change by hand wrote: the account's holder, the movement's number, its points, the balance after."""

    customer_id: int
    seq: int
    points: int
    balance: int


def adjust_by_hand(
    session: Session, account_id: int, points: int, *, description: str, today: dt.date, now: dt.datetime, by: Actor
) -> Adjusted:
    """Add points (above zero) under the rules that the club has today, or take some that are there.

    Raises NotFound, Forbidden `approval-required` beyond the person's limit, Conflict `points-too-few`.
    """
    member = _member(session, account_id)
    _permit(session, member, points, today=today, now=now, by=by)
    level = levels_of(session, member.club_id, [account_id]).get(account_id)
    terms = rules_on(session, member.club_id, on=today).terms.on_level(level)
    to = bucket(terms, today, joined_on=member.joined_on)
    cause = Cause(MovementKind.ADJUSTED, today, now, by, reason=description)
    moved = adjust_points(
        session, member.account, points, to=to, cause=cause, unit=unit_of_account(session, account_id)
    )
    return _kept(session, member.account, moved, "points.adjust", description, now=now, by=by)


def undo_adjustment(
    session: Session, account_id: int, seq: int, *, description: str, today: dt.date, now: dt.datetime, by: Actor
) -> Adjusted:
    """Reverse a change by hand with a movement of its own; points given by it and used since are owed.

    Raises NotFound, Forbidden `approval-required`, Conflict `points-not-adjusted` for a movement that is no change by
    hand, `points-undone` for one that is undone already.
    """
    member = _member(session, account_id)
    # Held before it is read, so that two who undo it at once don't both find it whole.
    hold_account(session, member.account)
    points = _movement(session, member.account, seq)
    if new_unit(session, member.account, seq, member.account) is not None:
        raise Conflict(
            T("The points have been converted since. Change them by hand instead."), code="points-converted"
        )  # fmt: skip
    _permit(session, member, points, today=today, now=now, by=by)
    cause = Cause(MovementKind.ADJUSTED, today, now, by, reason=description)
    if points < 0:
        moved = give_back_points(session, member.account, -points, of=seq, policy=ReturnPolicy(), cause=cause)
    else:
        moved = take_back_points(session, member.account, points, of=seq, cause=cause).moved
    if moved is None:
        raise errors.no_movement()
    return _kept(session, member.account, moved, "points.undo_adjustment", description, now=now, by=by)


@dataclass(frozen=True, slots=True)
class _Member:
    account: Account
    club_id: int
    joined_on: dt.date


def _member(session: Session, account_id: int) -> _Member:
    row = session.execute(
        sa.select(Membership.points_holder_id, Membership.club_id, Membership.joined_on)
        .where(Membership.points_account_id == account_id, HELD)
        .order_by(Membership.id)
        .limit(1)
    ).one_or_none()
    if row is None:
        raise errors.no_account()
    return _Member(Account(account_id, row.points_holder_id), row.club_id, row.joined_on)


def _permit(session: Session, member: _Member, points: int, *, today: dt.date, now: dt.datetime, by: Actor) -> None:
    """Raises Forbidden beyond the person's limits, NotFound in a club that isn't theirs."""
    if not by.may(Permission.POINTS_ADJUST, Asked(club_id=member.club_id)):
        raise errors.no_account()
    deed = Deed(
        Permission.POINTS_ADJUST,
        f"points-account:{member.account.id}:{'give' if points > 0 else 'take'}",
        abs(points),
        customer_id=member.account.holder_id,
        club_id=member.club_id,
    )
    permit(session, deed, on=today, now=now, by=by)


def _movement(session: Session, account: Account, seq: int) -> int:
    """The points of a change by hand that can be undone."""
    mine = (PointsMovement.customer_id == account.holder_id, PointsMovement.account_id == account.id)
    row = session.execute(
        sa.select(PointsMovement.kind, PointsMovement.points, PointsMovement.reverses_seq).where(
            *mine, PointsMovement.seq == seq
        )
    ).one_or_none()
    if row is None:
        raise errors.no_movement()
    if row.kind != MovementKind.ADJUSTED or row.reverses_seq is not None:
        raise Conflict(T("Only a change by hand can be undone here."), code="points-not-adjusted")
    if session.scalar(sa.select(sa.exists().where(*mine, PointsMovement.reverses_seq == seq))):
        raise Conflict(T("This change is undone already."), code="points-undone")
    return row.points


def _kept(
    session: Session, account: Account, moved: Moved, action: str, description: str, *, now: dt.datetime, by: Actor
) -> Adjusted:
    audit.record(
        session,
        by=by,
        now=now,
        action=action,
        entity="points_account",
        entity_id=account.id,
        customer_id=account.holder_id,
        before={"balance": moved.balance - moved.points},
        after={"balance": moved.balance, "points": moved.points, "movement": moved.seq, "description": description},
    )
    return Adjusted(account.holder_id, moved.seq, moved.points, moved.balance)
