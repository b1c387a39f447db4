"""Confirming a membership that waits for it: it begins on the day on which the member's answer is told."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.birthday.grants.commands import grant_to
from erp_club.clubs import commands as clubs
from erp_club.clubs.beginning.commands import begin_membership
from erp_club.clubs.errors import no_membership
from erp_club.clubs.kinds import MembershipState
from erp_club.clubs.periods import Span
from erp_club.permissions.catalog import Permission
from erp_club.permissions.rules import Asked, Rule
from erp_club.programmes.engine.membership import Begins
from erp_club.programmes.engine.renew import chosen_months, first_term
from erp_club.programmes.needs.queries import giving
from erp_club.programmes.queries import programme_in_force
from erp_club.programmes.welcoming.commands import Welcome, welcome
from erp_club.purchases.fees import errors
from erp_club.purchases.fees.joining import Day
from erp_club.purchases.fees.kinds import FeeKind, FeeState
from erp_club.purchases.fees.models import MembershipFee
from erp_club.purchases.fees.queries import born_of


def confirm_membership(session: Session, membership_id: int, *, day: Day) -> Span:
    """Let a membership that waits for its confirmation hold from today on (M-02): the member has answered the message.

    Raises NotFound, Conflict `not-waiting` where it begins otherwise or has begun, `membership-waiting` while its fee
    isn't paid yet.
    """
    held = clubs.hold(session, membership_id)
    if day.by.decide(Permission.MEMBERSHIPS_JOIN, Asked(club_id=held.club_id)).rule is Rule.OTHER_CLUB:
        raise no_membership()
    programme = programme_in_force(session, held.club_id, day.today)
    begins = None if programme is None else programme.joining.begins
    if programme is None or held.state is not MembershipState.WAITING or begins is not Begins.CONFIRMED:
        raise errors.not_to_confirm()
    mine = (
        MembershipFee.customer_id == held.customer_id,
        MembershipFee.membership_id == membership_id,
        MembershipFee.kind == FeeKind.JOINING,
        MembershipFee.period_no == held.last_no,
    )
    if session.scalar(sa.select(MembershipFee.id).where(*mine, MembershipFee.state == FeeState.DUE)) is not None:
        raise errors.pay_first()
    of = session.execute(
        sa.select(MembershipFee.first, MembershipFee.last).where(*mine, MembershipFee.state == FeeState.PAID)
    ).one_or_none()
    months = None if of is None else chosen_months(programme, Span(*of))
    span = first_term(programme, day.today, born_of(session, programme, held.customer_id), months=months)
    begin_membership(session, (held.customer_id, membership_id, held.last_no), span, now=day.now, by=day.by)
    session.execute(
        sa.update(MembershipFee)
        .where(*mine, MembershipFee.state == FeeState.PAID)
        .values(first=span.first, last=span.last)
        .execution_options(synchronize_session=False)
    )
    grant_to(session, held.customer_id, giving(day.today, day.now, day.by))
    welcome(session, held.customer_id, Welcome(day.today, day.now, day.by))
    return span
