"""Memberships that were left since their fee was paid, by themselves or as part of another one, and joined anew."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.kinds import EventKind, PeriodKind
from erp_club.clubs.models import Membership, MembershipEvent, MembershipPeriod
from erp_club.purchases.fees.models import MembershipFee

_JOINED_ANEW = (
    sa.select(sa.func.min(MembershipPeriod.at))
    .where(
        MembershipPeriod.customer_id == MembershipFee.customer_id,
        MembershipPeriod.membership_id == MembershipFee.membership_id,
        MembershipPeriod.period_no > MembershipFee.period_no,
        MembershipPeriod.kind == PeriodKind.JOINING,
    )
    .correlate(MembershipFee)
    .scalar_subquery()
)
LEFT_ON = (
    sa.select(MembershipEvent.on_date)
    .where(
        MembershipEvent.customer_id == MembershipFee.customer_id,
        MembershipEvent.membership_id == MembershipFee.membership_id,
        MembershipEvent.kind == EventKind.TERMINATION,
        MembershipEvent.at <= _JOINED_ANEW,
    )
    .order_by(MembershipEvent.event_no.desc())
    .limit(1)
    .correlate(MembershipFee)
    .scalar_subquery()
)
_MERGES = sa.table("customer_merges", sa.column("merged_id"), sa.column("at"), sa.column("undone_at"))


def left_since_merge(fee: type[MembershipFee], other: type[Membership]) -> sa.ScalarSelect[dt.date]:
    """The first day without the membership that a fee's was joined to, where it was ended since, and joined anew."""
    anew = (
        sa.select(sa.func.min(MembershipPeriod.at))
        .where(
            MembershipPeriod.customer_id == other.customer_id,
            MembershipPeriod.membership_id == other.id,
            MembershipPeriod.kind == PeriodKind.JOINING,
            MembershipPeriod.at > _MERGES.c.at,
        )
        .correlate(other, _MERGES)
        .scalar_subquery()
    )
    return (
        sa.select(MembershipEvent.on_date)
        .join(_MERGES, (_MERGES.c.merged_id == fee.customer_id) & _MERGES.c.undone_at.is_(None))
        .where(
            MembershipEvent.customer_id == other.customer_id,
            MembershipEvent.membership_id == other.id,
            MembershipEvent.kind == EventKind.TERMINATION,
            MembershipEvent.at.between(_MERGES.c.at, anew),
        )
        .order_by(MembershipEvent.event_no.desc())
        .limit(1)
        .correlate(fee, other)
        .scalar_subquery()
    )


GOES_ON = sa.text("""
    SELECT EXISTS (
      SELECT FROM memberships h JOIN customers c ON c.merged_into = h.customer_id
        JOIN memberships m ON m.customer_id = c.id AND m.club_id = h.club_id
       WHERE h.id = :held_by AND h.state <> 'ended' AND m.state <> 'ended'
         -- What was ended as one, and joined anew since, goes on by itself.
         AND NOT EXISTS (
           SELECT FROM customer_merges g
             JOIN membership_events e ON e.customer_id = h.customer_id AND e.membership_id = h.id
             JOIN membership_periods j ON j.customer_id = h.customer_id AND j.membership_id = h.id
            WHERE g.merged_id = c.id AND g.undone_at IS NULL
              AND e.kind = 'termination' AND e.at >= g.at AND j.kind = 'joining' AND j.at >= e.at)
         AND (m.id = :own OR :own = :held_by AND EXISTS (
           SELECT FROM membership_periods p WHERE p.customer_id = m.customer_id AND p.membership_id = m.id
              AND p.validity && daterange(CAST(:first AS date), CAST(:last AS date), '[]'))))
""")
"""Whether a membership has days for which another one, joined with it by a merge, stands as well."""


def has_left(session: Session, fee_id: int) -> bool:
    """Whether the membership that a fee was for was ended, and joined anew since."""
    return session.scalar(sa.select(LEFT_ON).select_from(MembershipFee).where(MembershipFee.id == fee_id)) is not None
