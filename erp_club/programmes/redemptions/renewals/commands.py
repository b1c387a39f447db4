"""Renews a membership for points, or puts it on a level, in place of a fee, and takes that back while it can be."""

import datetime as dt

from sqlalchemy.orm import Session

from erp_club.clubs import commands as clubs
from erp_club.clubs.breaks.commands import correct_membership
from erp_club.clubs.kinds import MembershipState
from erp_club.clubs.periods import Span, add_months
from erp_club.programmes.engine.gifts import LevelGiven
from erp_club.programmes.events.told import At
from erp_club.programmes.overrides.commands import drop_bought_level, hold_paid_level
from erp_club.programmes.welcoming.commands import Welcome, renewed


def hold_for_points(session: Session, membership_id: int) -> None:
    """Lock the membership ahead of the account, in the order of whoever renews or ends it."""
    clubs.hold_whole(session, membership_id)


def renew_for_points(session: Session, membership_id: int, at: At) -> Span:
    """Add the club's term, with what the club gives for renewing; the days that it adds."""
    made = clubs.renew_membership(session, membership_id, today=at.on, now=at.now, by=at.by)
    renewed(session, membership_id, made.starts_on, Welcome(at.on, at.now, at.by))
    return Span(made.starts_on, made.valid_until)


def level_for_points(session: Session, membership_id: int, gives: LevelGiven, last: dt.date | None, at: At) -> Span:
    """Let the membership stand on a level for its months, else to the `last` day that is paid for; the days of it."""
    span = Span(at.on, last if gives.months is None else add_months(at.on, gives.months) - dt.timedelta(days=1))
    held = clubs.hold_whole(session, membership_id)
    hold_paid_level(session, held, gives.level, span, fee_id=None, today=at.on, now=at.now, by=at.by)
    return span


def take_level_back(session: Session, membership_id: int, days: Span, at: At) -> bool:
    """Take such a level back; False from the day after it was bought on."""
    held = clubs.hold_whole(session, membership_id)
    return days.first == at.on and drop_bought_level(session, held, days, today=at.on, now=at.now, by=at.by)


def take_renewal_back(session: Session, membership_id: int, days: Span, at: At, *, reason: str) -> bool:
    """Take these days back; False where they have begun, or aren't those of the membership any more."""
    held = clubs.hold_whole(session, membership_id)
    if held.state is not MembershipState.OPEN or days not in held.spans or days.first <= at.on:
        return False
    rest = [span for span in held.spans if span != days]
    correct_membership(session, membership_id, spans=rest, reason=reason, now=at.now, by=at.by)
    return True
