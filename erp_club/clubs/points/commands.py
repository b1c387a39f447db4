"""What becomes of a membership's points when it ends, and when that is undone (M-08, M-14)."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.commands import Held
from erp_club.clubs.conversions.commands import Converting, convert
from erp_club.clubs.conversions.queries import of_ending, targets
from erp_club.clubs.conversions.undoing.commands import take_back
from erp_club.clubs.earning.queries import rules_on
from erp_club.clubs.kinds import MembershipState
from erp_club.clubs.models import Membership
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import Customer
from erp_club.permissions.actors import Actor
from erp_club.points.commands import end_account, give_back_points, revive_account
from erp_club.points.conversions.kinds import ConversionCause
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Cause, hold_account
from erp_club.points.queries import formers_of, movements_at
from erp_club.points.rules import DROPPED, KEPT, Conversion, FatePolicy, ReturnPolicy


def policy_of(session: Session, held: Held, on: dt.date) -> FatePolicy:
    """What the club says becomes of the points; those of an account that another member shares are kept.

    A membership that was joined to this one by a merge names the account, too, and shares nothing.
    """
    shared = session.scalar(
        sa.select(
            sa.exists().where(
                Membership.points_account_id == held.account.id,
                Membership.id != held.membership_id,
                Membership.state != MembershipState.ENDED,
                Customer.id == Membership.customer_id,
                Customer.state != CustomerState.MERGED,
            )
        )
    )
    return KEPT if shared else rules_on(session, held.club_id, on=on).ended


def points_lost(session: Session, held: Held, *, on: dt.date) -> int:
    """How many points ending the membership would take, locked until the transaction ends."""
    lots = hold_account(session, held.account).lots
    if policy_of(session, held, on).keeps:
        return 0
    return sum(lot.remaining for lot in lots)


@dataclass(frozen=True, slots=True)
class Becoming:
    """What points would become, in points of the club `to_club` or in minor units."""

    conversion: Conversion
    became: int


def points_become(session: Session, held: Held, *, on: dt.date) -> Becoming | None:
    """What ending the membership would make of its points; None where they aren't converted."""
    conversion = policy_of(session, held, on).converts
    if conversion is None:
        return None
    key = (held.account.holder_id, held.account.id)
    if conversion.to_club is not None and not targets(session, [key], conversion.to_club, on=on):
        return Becoming(conversion, 0)
    return Becoming(conversion, conversion.worth(hold_account(session, held.account).available(on)))


def end_points(session: Session, held: Held, *, on: dt.date, today: dt.date, now: dt.datetime, by: Actor) -> None:
    """Do with the points what the club says where a membership is ended; a debt stays."""
    cause = Cause(MovementKind.ENDED, today, now, by, customer_id=held.customer_id)
    policy = policy_of(session, held, on)
    if policy.converts is not None:
        account = hold_account(session, held.account).account
        how = Converting(
            held.club_id, rules_on(session, held.club_id, on=on).terms.version, policy.converts, ConversionCause.END,
            today, now, by,
        )  # fmt: skip
        convert(session, [(account.holder_id, account.id)], how)
        policy = DROPPED
    end_account(session, held.account, policy=policy, cause=cause)


def restore_points(
    session: Session, held: Held, *, ended_at: dt.datetime, today: dt.date, now: dt.datetime, by: Actor
) -> int:
    """Give back what the ending at this moment took, to the lots that it took it from, and open the account again.

    What points became is taken for them, unless it was used already: then they stay converted. How many points came.
    """
    revive_account(session, held.account)
    cause = Cause(MovementKind.RESTORED, today, now, by, customer_id=held.customer_id)
    formers = formers_of(session, held.account)
    back = take_back(session, of_ending(session, [each.id for each in formers], ended_at), cause).points
    # It may have been ended before a merge or its undoing: then another account tells what that took.
    for account in formers:
        for seq, points in movements_at(session, account, at=ended_at, kinds=(MovementKind.ENDED,)):
            give_back_points(session, account, -points, of=seq, policy=ReturnPolicy(), cause=cause)
            back -= points
    return back
