"""What a member can have for points, and what was had."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs import errors
from erp_club.clubs.earning.queries import HELD, named_to_redeem
from erp_club.clubs.models import Membership, MembershipPeriod
from erp_club.points.queries import standings
from erp_club.programmes.engine.conditions import Why
from erp_club.programmes.engine.facts import MemberFacts
from erp_club.programmes.engine.gifts import LevelGiven, RenewalGiven, each_holds, is_held
from erp_club.programmes.engine.membership import Redeems
from erp_club.programmes.engine.offered import in_the_sale
from erp_club.programmes.engine.redeem import Purse, benefit_missed, charity_missed
from erp_club.programmes.engine.renew import may_renew
from erp_club.programmes.engine.spending import Benefit, Charity
from erp_club.programmes.events.queries import InClub, clubs_of, member_facts
from erp_club.programmes.events.told import At
from erp_club.programmes.rewards.held.queries import room_of
from erp_club.programmes.rewards.kinds import RewardState
from erp_club.programmes.rewards.models import PeriodSettlement, RewardCoupon
from erp_club.promotions.coupons.models import Coupon

CHARITY = "charity"
"""Under which rule, and in which form, points are kept that went to the club's charity."""
RENEWAL = "renewal"
"""In which form those are kept that renewed a membership."""
LEVEL = "level"
"""The same of those that bought a level."""


@dataclass(frozen=True, slots=True)
class Redeemer:
    """A membership that holds on the day, and whether its customer may use the points of the account."""

    membership_id: int
    customer_id: int
    club: InClub
    member: MemberFacts
    may_use: bool


@dataclass(frozen=True, slots=True)
class ForPoints:
    """Something that can be had for points, or why it can't be now."""

    benefit: Benefit
    why: Why | None


@dataclass(frozen=True, slots=True)
class Giveable:
    """The club's charity, and why the least that it takes can't be given now."""

    charity: Charity
    why: Why | None


@dataclass(frozen=True, slots=True)
class HadRow:
    """What was had for points, once; `codes` are those of its coupons."""

    settlement_id: int
    rule: str
    form: str
    value: int
    points: int
    at: dt.datetime
    last_day: dt.date | None
    state: RewardState
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Had:
    """All of it: the points that can be used, what can be had, and what was."""

    points: int
    benefits: Sequence[ForPoints]
    charity: Giveable | None
    rows: Sequence[HadRow]


def redeemer(session: Session, membership_id: int, *, on: dt.date) -> Redeemer | None:
    """The membership as one that gives points away; None where it doesn't hold, or its club has no programme.

    Raises NotFound `membership-unknown`.
    """
    named = sa.case((~HELD, sa.func.coalesce(named_to_redeem(), sa.false())))
    asked = sa.select(Membership.customer_id, Membership.club_id, named).where(Membership.id == membership_id)
    row = session.execute(asked).one_or_none()
    if row is None:
        raise errors.no_membership()
    customer_id, club_id, is_named = row
    for club in clubs_of(session, customer_id, on=on):
        if club.earning.club_id == club_id:
            rule = club.programme.household
            mine = is_named is None or rule is None or rule.redeems is Redeems.ALL
            may_use = mine or (rule is not None and rule.redeems is Redeems.NAMED and is_named)
            return Redeemer(membership_id, customer_id, club, member_facts(session, customer_id, club), bool(may_use))
    return None


def giving_clubs(session: Session, customer_id: int, *, on: dt.date) -> set[int]:
    """The clubs whose members on that day the customer is among, and that give something for points beside a sale."""
    return {
        club.earning.club_id
        for club in clubs_of(session, customer_id, on=on)
        if club.programme.charity is not None or not all(map(in_the_sale, club.programme.benefits))
    }


def missed_by(session: Session, who: Redeemer, benefit: Benefit, at: At, *, points: int) -> Why | None:
    """Why a benefit can't be had now with so many points; None where it can."""
    account, programme = who.club.account, who.club.programme
    times = _times(session, account.id, who.club.earning.club_id, benefit.code, at.on)
    why = benefit_missed(programme, benefit, at.place, who.member, Purse(points), times=times)
    if why is None and isinstance(benefit.gives, RenewalGiven):
        last = last_day(session, who)
        return None if last is None or may_renew(programme, last, at.on) else Why.TOO_EARLY
    if why is None and isinstance(benefit.gives, LevelGiven):
        order = [each.code for each in programme.levels.levels] if programme.levels is not None else []
        now = order.index(who.member.level) if who.member.level in order else 0
        return Why.LEVEL_REACHED if benefit.gives.level not in order[now + 1 :] else None
    if why is None and is_held(benefit.gives):
        room = room_of(session, programme, who.club.earning.club_id, account.id, on=at.on)
        why = Why.TOO_MANY_UNUSED if room is not None and room < each_holds(benefit.gives) else None
    return why


def last_day(session: Session, who: Redeemer) -> dt.date | None:
    """The last day that is paid for; None for life."""
    of = MembershipPeriod
    held = of.customer_id == who.customer_id, of.membership_id == who.membership_id, ~sa.func.isempty(of.validity)
    ends = session.scalars(sa.select(sa.func.upper(of.validity)).where(*held)).all()
    return None if None in ends else max(ends) - dt.timedelta(days=1)


def had(session: Session, who: Redeemer, at: At, *, most: int) -> Had:
    """What the member can have for points, and the latest that was had."""
    account, programme = who.club.account, who.club.programme
    points = standings(session, [account.id], on=at.on)[account.id].available
    benefits = [
        ForPoints(each, missed_by(session, who, each, at, points=points))
        for each in programme.benefits
        if not in_the_sale(each)
    ]
    charity = programme.charity
    given = None
    if charity is not None:
        least = -(-charity.least_points // charity.step) * charity.step
        given = Giveable(charity, charity_missed(programme, charity, least, at.place, Purse(points)))
    return Had(points, benefits, given, _rows(session, who, most))


def _rows(session: Session, who: Redeemer, most: int) -> list[HadRow]:
    of, account = PeriodSettlement, who.club.account
    codes = (
        sa.select(sa.func.array_agg(Coupon.code))
        .join(RewardCoupon, (RewardCoupon.owner_id == Coupon.customer_id) & (RewardCoupon.coupon_id == Coupon.id))
        .where(RewardCoupon.customer_id == of.customer_id, RewardCoupon.settlement_id == of.id)
        .scalar_subquery()
    )
    rows = session.execute(
        sa.select(of.id, of.rule, of.form, of.value, of.taken, of.at, of.last_day, of.state, codes)
        .where(
            of.customer_id == account.holder_id,
            of.account_id == account.id,
            of.club_id == who.club.earning.club_id,
            of.taken_seq.is_not(None),
        )
        .order_by(of.id.desc())
        .limit(most)
    )
    return [HadRow(*row[:7], RewardState(row[7]), tuple(row[8] or ())) for row in rows]


def _times(session: Session, account_id: int, club_id: int, code: str, on: dt.date) -> int:
    of = PeriodSettlement
    return session.execute(
        sa.select(sa.func.count()).where(
            of.account_id == account_id,
            of.club_id == club_id,
            of.rule == code,
            of.taken_seq.is_not(None),
            of.state == RewardState.GIVEN,
            of.last_on.between(dt.date(on.year, 1, 1), dt.date(on.year, 12, 31)),
        )
    ).scalar_one()
