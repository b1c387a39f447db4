"""Joining and renewing where nothing is sold: as the club's programme says, unless there is something to be paid."""

import datetime as dt
from dataclasses import replace

from sqlalchemy.orm import Session

from erp_club.clubs import commands as clubs
from erp_club.clubs.periods import Span
from erp_club.programmes.engine.membership import Begins
from erp_club.programmes.engine.renew import first_term, joining_fee, lengths
from erp_club.programmes.households.commands import When, link_members
from erp_club.programmes.queries import programme_in_force
from erp_club.programmes.welcoming import commands as welcoming
from erp_club.programmes.welcoming.commands import Welcome
from erp_club.purchases.fees import errors
from erp_club.purchases.fees.commands import keep_level
from erp_club.purchases.fees.joining import (
    Day,
    check_alone,
    check_joining,
    check_length,
    everything_bought,
    nothing_bought,
)
from erp_club.purchases.fees.queries import born_of, fees_of, membership_in
from erp_club.purchases.fees.renewing import fee_of_renewal


def join(session: Session, customer_id: int, club_id: int, *, day: Day, months: int | None = None) -> clubs.Joined:
    """Let a customer join for the programme's term, or for `months` of choice (M-02).

    Raises Invalid on `months`, Conflict `may-not-join` where the programme doesn't let them, `purchase-too-small` for a
    club that is joined by a purchase, `household-has-member`, `fee-at-till` where joining costs something, and what
    `join_club` raises.
    """
    programme = programme_in_force(session, club_id, day.today)
    if programme is None:
        check_length(months, ())
        return clubs.join_club(session, customer_id, club_id=club_id, today=day.today, now=day.now, by=day.by)
    check_alone(session, customer_id, club_id, programme, day)
    check_joining(session, customer_id, programme, nothing_bought, day)
    fees = fees_of(session, programme, customer_id)
    check_length(months, lengths(programme, fees))
    if joining_fee(fees, months=months).now_minor:
        raise errors.fee_at_till()
    span = first_term(programme, day.today, born_of(session, programme, customer_id), months=months)
    waits = programme.joining.begins is Begins.CONFIRMED
    return clubs.join_club(
        session, customer_id, club_id=club_id, today=day.today, now=day.now, by=day.by, span=span, waits=waits
    )


def join_household(session: Session, customer_id: int, club_id: int, main_id: int, *, day: Day) -> clubs.Joined:
    """Let a customer join the membership of a household's main member: no fee, one account for them all (M-09).

    Whoever does it may link memberships: the points of both are used by both. Raises Invalid on `household_of` where
    the club has no households, or the main customer isn't its member, Conflict `may-not-join`, and what `join_club` and
    `link_members` raise.
    """
    programme = programme_in_force(session, club_id, day.today)
    if programme is None or programme.household is None:
        raise errors.no_households()
    main = membership_in(session, main_id, club_id)
    if main is None:
        raise errors.no_main_member()
    check_joining(session, customer_id, programme, everything_bought, day)
    span = first_term(programme, day.today, born_of(session, programme, customer_id))
    joined = clubs.join_club(session, customer_id, club_id=club_id, today=day.today, now=day.now, by=day.by, span=span)
    link_members(session, main, joined.membership_id, when=When(day.today, day.now, day.by))
    return replace(joined, points_account_id=clubs.hold(session, joined.membership_id).account.id)


def renew(
    session: Session,
    membership_id: int,
    *,
    card: str | None,
    day: Day,
    seen: dt.date | None = None,
    months: int | None = None,
) -> clubs.Prolonged:
    """Renew a membership, with the `card` that was shown, if any; `seen` is its last day as whoever renews saw it.

    `months` where another length than the usual one was chosen. Raises Conflict `not-renewed-here`, `too-early`,
    `fee-at-till` where renewing costs something, Invalid on `months`, and what `renew_membership` raises.
    """
    held = clubs.hold(session, membership_id)
    renewed = clubs.renew_membership(
        session, membership_id, today=day.today, now=day.now, by=day.by, card=card, seen=seen, months=months
    )
    cost = fee_of_renewal(session, held, day, months=months)
    if cost is not None and cost.fee.now_minor:
        raise errors.fee_at_till()
    if cost is not None:
        keep_level(session, held, cost.level, Span(renewed.starts_on, renewed.valid_until), fee_id=None, day=day)
    welcoming.renewed(session, membership_id, renewed.starts_on, Welcome(day.today, day.now, day.by))
    return renewed
