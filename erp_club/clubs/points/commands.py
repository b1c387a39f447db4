"""What becomes of a membership's points when it ends, and when that is undone (M-08, M-14)."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.commands import Held
from erp_club.clubs.earning.queries import rules_on
from erp_club.clubs.models import Membership, MembershipState
from erp_club.permissions.actors import Actor
from erp_club.points.commands import end_account, give_back_points, revive_account
from erp_club.points.ledger.commands import Cause, hold_account
from erp_club.points.models import MovementKind
from erp_club.points.queries import formers_of, movements_at
from erp_club.points.rules import KEPT, Fate, FatePolicy, ReturnPolicy


def policy_of(session: Session, held: Held, on: dt.date) -> FatePolicy:
    """What the club says becomes of the points; those of an account that another member shares are kept."""
    shared = session.scalar(
        sa.select(
            sa.exists().where(
                Membership.points_account_id == held.account.id,
                Membership.id != held.membership_id,
                Membership.state != MembershipState.ENDED,
            )
        )
    )
    return KEPT if shared else rules_on(session, held.club_id, on=on).ended


def points_lost(session: Session, held: Held, *, on: dt.date) -> int:
    """How many points ending the membership would take, locked until the transaction ends."""
    lots = hold_account(session, held.account).lots
    if policy_of(session, held, on).fate in {Fate.KEEP, Fate.FREEZE}:
        return 0
    return sum(lot.remaining for lot in lots)


def end_points(session: Session, held: Held, *, on: dt.date, today: dt.date, now: dt.datetime, by: Actor) -> None:
    """Do with the points what the club says where a membership is ended; a debt stays."""
    cause = Cause(MovementKind.ENDED, today, now, by, customer_id=held.customer_id)
    end_account(session, held.account, policy=policy_of(session, held, on), cause=cause)


def restore_points(
    session: Session, held: Held, *, ended_at: dt.datetime, today: dt.date, now: dt.datetime, by: Actor
) -> None:
    """Give back what the ending at this moment took, to the lots that it took it from, and open the account again."""
    revive_account(session, held.account)
    cause = Cause(MovementKind.RESTORED, today, now, by, customer_id=held.customer_id)
    # It may have been ended before a merge or its undoing: then another account tells what that took.
    for account in formers_of(session, held.account):
        for seq, points in movements_at(session, account, at=ended_at, kinds=(MovementKind.ENDED,)):
            give_back_points(session, account, -points, of=seq, policy=ReturnPolicy(), cause=cause)
