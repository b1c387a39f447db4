"""What of a paid fee comes back, by the rule of the club on the day that it was paid."""

import datetime as dt

from sqlalchemy.orm import Session

from erp_club.clubs import commands as clubs
from erp_club.clubs.kinds import MembershipState
from erp_club.programmes.engine.renew import refund_minor
from erp_club.programmes.queries import programme_in_force
from erp_club.purchases.fees.kinds import FeeKind
from erp_club.purchases.fees.queries import PaidFee, kept_for_fee


def given_back(session: Session, fee: PaidFee, *, on: dt.date) -> int:
    """What of a paid fee comes back where its membership ends on a day, or has ended before it, by the club's rule."""
    programme = programme_in_force(session, clubs.hold(session, fee.membership_id).club_id, fee.paid_on)
    if programme is None:
        return fee.due_minor
    return refund_minor(programme.fees, fee.due_minor, fee.span, _ended(session, fee, on), paid_on=fee.paid_on)


def _ended(session: Session, fee: PaidFee, on: dt.date) -> dt.date:
    """The first day without what was paid for, `on` at the latest; what was joined to another ends with that one."""
    both = [clubs.hold(session, each) for each in dict.fromkeys((fee.membership_id, fee.held_by))]
    ended = [each.state_on for each in both if each.state is MembershipState.ENDED and each.state_on]
    return min([on, fee.left_on or on, *ended])


def kept_back(session: Session, fee: PaidFee, *, on: dt.date) -> int:
    """What of the part that was kept from rewards comes back on that day; no receipt has it, so it is paid out."""
    programme = programme_in_force(session, clubs.hold(session, fee.membership_id).club_id, fee.paid_on)
    if programme is None or programme.fees.instalments is None or fee.kind != FeeKind.JOINING:
        return 0
    kept = kept_for_fee(session, fee)
    return refund_minor(programme.fees, kept, fee.span, _ended(session, fee, on), paid_on=fee.paid_on)
