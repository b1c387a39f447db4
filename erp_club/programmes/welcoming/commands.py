"""Gives whoever joins what the programme gives for it: once, in the forms that periods and levels give."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.models import Membership, MembershipState
from erp_club.permissions.actors import Actor
from erp_club.points.sets.commands import hold_accounts
from erp_club.programmes.engine.gifts import CouponGiven, Given
from erp_club.programmes.engine.offered import is_offered
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import Occasion, OccasionKind
from erp_club.programmes.milestones.commands import Reached, Receiver, give_reached
from erp_club.programmes.models import ProgrammeVersion
from erp_club.programmes.upkeep.rules import code_of, given_for


@dataclass(frozen=True, slots=True)
class Welcome:
    """On which day somebody is welcomed, when, and by whom; no run of a job does it."""

    on: dt.date
    now: dt.datetime
    by: Actor
    run_id: int | None = None


def welcome(session: Session, customer_id: int, how: Welcome) -> None:
    """Give a customer what the clubs give that they have joined on this day. A second time gives nothing.

    Raises Conflict `batch-missing` where a batch of coupons that a programme names isn't there.
    """
    joined = session.execute(
        sa.select(Membership.club_id, Membership.points_holder_id, Membership.points_account_id).where(
            Membership.customer_id == customer_id,
            Membership.joined_on == how.on,
            Membership.state == MembershipState.OPEN,
        )
    )
    for club_id, holder_id, account_id in joined.all():
        held = _in_force(session, club_id, how.on)
        if held is None:
            continue
        rules_no, programme = held
        things = [each for rule in programme.occasions for each in _things(programme, rule, how.on)]
        if things:
            hold_accounts(session, [(holder_id, account_id)])
            to = Receiver(club_id, rules_no, programme, (holder_id, account_id), how.on)
            give_reached(session, to, things, how)


def _things(programme: Programme, rule: Occasion, on: dt.date) -> Iterator[Reached]:
    if rule.occasion is not OccasionKind.JOINING:
        return
    for part, gives in given_for(rule):
        thing: Given = gives
        if is_offered(gives):
            thing = CouponGiven(batch=code_of(programme, rule.code, part))
        yield Reached(f"{rule.code}.{part}", on, thing, rule.issue)


def _in_force(session: Session, club_id: int, day: dt.date) -> tuple[int, Programme] | None:
    row = session.execute(
        sa.select(ProgrammeVersion.rules_no, ProgrammeVersion.document)
        .where(ProgrammeVersion.club_id == club_id, ProgrammeVersion.effective_from <= day)
        .order_by(ProgrammeVersion.effective_from.desc(), ProgrammeVersion.version_no.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else (row.rules_no, Programme.model_validate(row.document))
