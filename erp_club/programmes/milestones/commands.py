"""Gives what a milestone or a level brings when it is reached: once, told and listed as what periods bring."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.points.sets.commands import Key
from erp_club.programmes.engine.gifts import (
    AT_ONCE,
    CodeGiven,
    CouponGiven,
    DiscountGiven,
    Given,
    Issue,
    PayoutGiven,
    PointsGiven,
    StoredValueGiven,
    each_holds,
    is_held,
)
from erp_club.programmes.engine.levels import Levels
from erp_club.programmes.engine.milestones import Passed
from erp_club.programmes.engine.occasions import usable
from erp_club.programmes.engine.offered import is_offered
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import ByEvery, Occasion, PeriodReward
from erp_club.programmes.rewards.giving.commands import Cause, Gift, give
from erp_club.programmes.rewards.held.queries import room_of
from erp_club.programmes.rewards.models import PeriodSettlement
from erp_club.programmes.upkeep.rules import code_of, given_for, level_code, needs_coupon


@dataclass(frozen=True, slots=True)
class Reached:
    """Something that was reached on a day: its name in lists, and what it gives."""

    rule: str
    on: dt.date
    gives: Given
    issue: Issue


@dataclass(frozen=True, slots=True)
class Receiver:
    """Whose account is given it, in which club and version of its rules."""

    club_id: int
    rules_no: int
    programme: Programme
    account: Key
    joined_on: dt.date


def reached(
    programme: Programme, levels: Levels, passed: Sequence[Passed], level: str | None, on: dt.date
) -> Iterator[Reached]:
    """What these milestones, and the level that was gone up to, give."""
    by_code = {each.code: each for each in levels.milestones}
    for each in passed:
        milestone = by_code[each.code]
        for number, gives in enumerate(milestone.gives):
            thing = _by_coupon(programme, each.code, number, gives)
            yield Reached(f"{each.code}.{each.times}.{number}", each.on, thing, milestone.issue)
    found = next((each for each in levels.levels if each.code == level), None)
    for number, gives in enumerate(found.gives if found else ()):
        code = found.code if found else level or ""
        thing = _by_coupon(programme, level_code(code), number, gives)
        yield Reached(f"level-{code}.{number}", on, thing, AT_ONCE)


def _by_coupon(programme: Programme, code: str, part: int, gives: Given) -> Given:
    """A thing, or a share of a purchase, is had with a coupon."""
    return CouponGiven(batch=code_of(programme, code, part)) if needs_coupon(gives) else gives


def reached_for(programme: Programme, rule: Occasion, on: dt.date, suffix: str = "") -> Iterator[Reached]:
    """What an occasion that comes once gives; what is taken off a purchase as the coupon for it."""
    for part, gives in given_for(rule):
        thing: Given = gives
        if is_offered(gives):
            thing = CouponGiven(batch=code_of(programme, rule.code, part))
        yield Reached(f"{rule.code}.{part}{suffix}", on, thing, rule.issue)


def give_reached(session: Session, to: Receiver, things: Sequence[Reached], cause: Cause) -> None:
    """Give each of them once; the account is held. What is more than a member can hold unused isn't given."""
    room = room_of(session, to.programme, to.club_id, to.account[1], on=cause.on)
    for each in things:
        if room is not None and is_held(each.gives):
            if room < each_holds(each.gives):
                continue
            room -= each_holds(each.gives)
        value = _value(each.gives)
        days = usable(each.issue, cause.on, joined_on=to.joined_on)
        made = session.scalar(
            insert(PeriodSettlement)
            .values(
                customer_id=to.account[0],
                account_id=to.account[1],
                club_id=to.club_id,
                rule=each.rule,
                first_on=each.on,
                last_on=each.on,
                version_no=to.rules_no,
                run_id=cause.run_id,
                form=each.gives.kind,
                base=0,
                value=value,
                pieces=1,
                usable_from=days.first,
                last_day=days.last,
                at=cause.now,
            )
            .on_conflict_do_nothing()
            .returning(PeriodSettlement.id)
        )
        if made is not None:
            gift = Gift(*to.account, made, value, 1, 0, to.joined_on, days.first, days.last)
            give(session, to.programme, _as_reward(each, value), [gift], cause)


def _value(gives: Given) -> int:
    """In points or minor units; 1 for a thing."""
    match gives:
        case PointsGiven():
            return gives.points or 0
        case CodeGiven() | StoredValueGiven() | PayoutGiven() | DiscountGiven():
            return gives.amount_minor or 0
        case _:
            return 1


def _as_reward(of: Reached, value: int) -> PeriodReward:
    code = of.rule.lower().replace(".", "-")
    return PeriodReward(
        code=code, names={"en": code}, function=ByEvery(every=1, value=max(1, value)), gives=of.gives, issue=of.issue
    )
