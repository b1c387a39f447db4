"""Gives whoever joins or renews what the programme gives for it: once, in the forms that periods and levels give."""

import datetime as dt
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.earning.queries import ACCOUNT
from erp_club.clubs.kinds import MembershipState
from erp_club.clubs.levels.models import MembershipLevel
from erp_club.clubs.levels.queries import LEVEL
from erp_club.clubs.models import Membership
from erp_club.permissions.actors import Actor
from erp_club.points.models import PointsAccount
from erp_club.points.sets.commands import hold_accounts
from erp_club.programmes.engine import events as rules
from erp_club.programmes.engine.events import EventFacts, Having
from erp_club.programmes.engine.gifts import Usable
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import Occasion, OccasionKind
from erp_club.programmes.events.commands import await_purchase, tell_of_itself
from erp_club.programmes.events.told import At
from erp_club.programmes.milestones.commands import Reached, Receiver, give_reached, reached_for
from erp_club.programmes.needs.queries import meeting
from erp_club.programmes.queries import version_in_force
from erp_club.programmes.rewards.kinds import RewardState
from erp_club.programmes.rewards.models import PeriodSettlement


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
    joined = session.scalars(
        sa.select(Membership.id).where(
            Membership.customer_id == customer_id,
            Membership.joined_on == how.on,
            Membership.state == MembershipState.OPEN,
        )
    ).all()
    for membership_id in joined:
        _give(session, membership_id, OccasionKind.JOINING, how)
    if joined:
        at = At(dt.datetime.combine(how.on, dt.time(12)), how.now, how.by)
        tell_of_itself(session, customer_id, rules.JOINING, rules.JOINING, at)
        await_purchase(session, customer_id, at)


def renewed(session: Session, membership_id: int, starts_on: dt.date, how: Welcome) -> None:
    """Give what the club gives for renewing for the term that begins on a day. A second time gives nothing.

    Raises Conflict `batch-missing` as `welcome`.
    """
    customer_id = _give(session, membership_id, OccasionKind.RENEWAL, how, f".{starts_on.isoformat()}")
    at = At(dt.datetime.combine(how.on, dt.time(12)), how.now, how.by)
    tell_of_itself(session, customer_id, rules.RENEWAL, f"term-{starts_on.isoformat()}", at)


def _give(session: Session, membership_id: int, kind: OccasionKind, how: Welcome, suffix: str = "") -> int:
    """Give what the membership's club gives for the occasion, and say whose membership it is."""
    held = session.execute(
        sa.select(
            Membership.customer_id, Membership.club_id, Membership.joined_on, Membership.points_holder_id,
            Membership.points_account_id,
        ).where(Membership.id == membership_id)
    ).one()  # fmt: skip
    version = version_in_force(session, held.club_id, how.on)
    if version is not None:
        programme = version.programme
        having = _having(session, membership_id, programme, held.joined_on)
        kinds: list[Occasion] = []
        for rule in (each for each in programme.occasions if each.occasion is kind):
            before = _before(session, held.points_account_id, held.club_id, rule, how.on)
            met = meeting(session, held.club_id, programme, rule.needs, [held.customer_id], on=how.on)
            if met and rules.gift_missed(rule, before, having, on=how.on) is None:
                kinds.append(rule)
        things = [_later(each) for rule in kinds for each in reached_for(programme, rule, how.on, suffix)]
        if things:
            account = (held.points_holder_id, held.points_account_id)
            hold_accounts(session, [account])
            to = Receiver(held.club_id, version.rules_no, programme, account, held.joined_on)
            give_reached(session, to, things, how)
    return held.customer_id


def _having(session: Session, membership_id: int, programme: Programme, joined_on: dt.date) -> Having:
    """How the member stands: a level that wasn't looked at yet is the lowest."""
    row = session.execute(
        sa.select(MembershipLevel.level, PointsAccount.balance)
        .select_from(Membership)
        .join(PointsAccount, ACCOUNT)
        .outerjoin(MembershipLevel, LEVEL)
        .where(Membership.id == membership_id)
    ).one()
    codes = [each.code for each in programme.levels.levels] if programme.levels is not None else []
    level = row.level if row.level in codes else next(iter(codes), None)
    return Having(joined_on, row.balance, level)


def _before(session: Session, account_id: int, club_id: int, rule: Occasion, on: dt.date) -> EventFacts:
    """How often the rule has given this year, where it says how often it may."""
    if rule.most_per_year is None:
        return EventFacts()
    of = PeriodSettlement
    count = session.execute(
        sa.select(sa.func.count(sa.distinct(of.last_on))).where(
            of.account_id == account_id,
            of.club_id == club_id,
            of.rule.startswith(f"{rule.code}.", autoescape=True),
            of.state != RewardState.UNDONE,
            sa.func.extract("year", of.last_on) == on.year,
        )
    ).scalar_one()
    return EventFacts(this_year=count)


def _later(thing: Reached) -> Reached:
    """What is for the next purchase isn't for the sale in which somebody joins: it can be used from the next day on."""
    if thing.issue.usable is not Usable.NEXT_PURCHASE:
        return thing
    tomorrow = {"usable": Usable.DAY, "usable_after_days": 1}
    return replace(thing, issue=thing.issue.model_copy(update=tomorrow))
