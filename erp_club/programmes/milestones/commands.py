"""Gives what a milestone, a level or an occasion brings: once, told and listed as what periods bring.

What its rule lets wait for a day is promised when it is reached, and given on that day by the terms of then.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.clubs.periods import Span
from erp_club.kernel.text import named_in
from erp_club.points.commands import take_back_points
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger import commands as points
from erp_club.points.ledger.commands import Account
from erp_club.points.sets.commands import Key
from erp_club.programmes.engine.calendar import span_of
from erp_club.programmes.engine.due import gift_due
from erp_club.programmes.engine.gifts import (
    GIVEN_AT_ONCE,
    CodeGiven,
    CouponGiven,
    DiscountGiven,
    Given,
    Giving,
    Issue,
    PayoutGiven,
    PointsGiven,
    StoredValueGiven,
    Use,
    each_holds,
    is_held,
)
from erp_club.programmes.engine.levels import Level, Levels
from erp_club.programmes.engine.milestones import Passed
from erp_club.programmes.engine.occasions import usable
from erp_club.programmes.engine.offered import is_offered
from erp_club.programmes.engine.parts import Every, Period
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import ByEvery, Occasion, PeriodReward
from erp_club.programmes.engine.staying import level_of
from erp_club.programmes.rewards.codes.queries import current
from erp_club.programmes.rewards.giving.commands import Cause, Gift, give
from erp_club.programmes.rewards.held.queries import room_of
from erp_club.programmes.rewards.kinds import RewardState
from erp_club.programmes.rewards.models import PeriodSettlement
from erp_club.programmes.upkeep.rules import code_of, given_for, level_code, needs_coupon, staying_code
from erp_club.promotions.engine.scope import Texts


@dataclass(frozen=True, slots=True)
class Reached:
    """Something that was reached on a day, in a period to its last day: its name in lists, and what it gives.

    `again`: after a return had fallen below it, since which day it gives once. Points went back then and come again;
    what else it gave was kept, and isn't given twice.
    """

    rule: str
    on: dt.date
    gives: Given
    issue: Giving
    ends: dt.date | None = None
    again: dt.date | None = None


class Promise(BaseModel):
    """What is given later, as the rule said it when it was reached."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gives: Given
    issue: Giving


@dataclass(frozen=True, slots=True)
class Receiver:
    """Whose account is given it, in which club and version of its rules."""

    club_id: int
    rules_no: int
    programme: Programme
    account: Key
    joined_on: dt.date


def reached(
    to: Receiver,
    levels: Levels,
    passed: Sequence[Passed],
    level: str | None,
    on: dt.date,
    *,
    term: Span | None,
    again: bool = False,
) -> Iterator[Reached]:
    """What these milestones, and the level that was gone up to (`again`), give."""
    programme = to.programme
    by_code = {each.code: each for each in levels.milestones}
    for each in passed:
        milestone = by_code[each.code]
        window = span_of(levels.window, each.on, joined_on=to.joined_on, term=term)
        since = window.first if each.again else None
        for number, gives in enumerate(milestone.gives):
            thing = by_coupon(programme, each.code, number, gives)
            name = f"{each.code}.{each.times}.{number}"
            yield Reached(name, each.on, thing, milestone.issue, window.last, since)
    since = span_of(levels.window, on, joined_on=to.joined_on, term=term).first if again else None
    found = level_of(levels, level)
    for number, gives in enumerate(found.gives if found else ()):
        code = found.code if found else level or ""
        thing = by_coupon(programme, level_code(code), number, gives)
        yield Reached(f"level-{code}.{number}", on, thing, GIVEN_AT_ONCE, again=since)


def stayed(to: Receiver, level: Level, on: dt.date) -> Iterator[Reached]:
    """What is given on a day to whoever stays on this level."""
    for number, gives in enumerate(level.staying.gives if level.staying else ()):
        thing = by_coupon(to.programme, staying_code(level.code), number, gives)
        yield Reached(f"stays-{level.code}.{number}", on, thing, GIVEN_AT_ONCE)


def by_coupon(programme: Programme, code: str, part: int, gives: Given) -> Given:
    """A thing, or a share of a purchase, is had with a coupon."""
    return CouponGiven(batch=code_of(programme, code, part)) if needs_coupon(gives) else gives


def reached_for(programme: Programme, rule: Occasion, on: dt.date, suffix: str = "") -> Iterator[Reached]:
    """What an occasion that comes once gives; what is taken off a purchase as the coupon for it."""
    ends = span_of(_MONTH, on).last
    for part, gives in given_for(rule):
        thing: Given = gives
        if is_offered(gives):
            thing = CouponGiven(batch=code_of(programme, rule.code, part))
        yield Reached(f"{rule.code}.{part}{suffix}", on, thing, rule.issue, ends)


_MONTH = Period(every=Every.MONTH)
"""The period of an occasion."""


def give_reached(session: Session, to: Receiver, things: Sequence[Reached], cause: Cause) -> None:
    """Give each of them once, or promise it for its day; the account is held.

    What is more than a member can hold unused isn't given.
    """
    room = room_of(session, to.programme, to.club_id, to.account[1], on=cause.on)
    for thing in things:
        if thing.again is not None and not _is_back(session, to, thing, thing.again):
            continue
        each = replace(thing, gives=current(session, thing.gives))
        due = gift_due(each.issue, each.on, each.ends)
        if due > cause.on:
            _write(session, to, each, cause, due=due)
            continue
        if room is not None and is_held(each.gives):
            if room < each_holds(each.gives):
                continue
            room -= each_holds(each.gives)
        made = _write(session, to, each, cause, due=None)
        if made is not None:
            hand_out(session, to, each.rule, Promise(gives=each.gives, issue=each.issue), made, cause)


def _is_back(session: Session, to: Receiver, thing: Reached, since: dt.date) -> bool:
    """Whether it gives points, and those that it gave since a day have gone back."""
    return isinstance(thing.gives, PointsGiven) and not any(
        row.rule == thing.rule for row in _points_given(session, to, since)
    )


def take_back_reached(
    session: Session, to: Receiver, levels: Levels, level: str, times: Mapping[str, int], since: dt.date, cause: Cause
) -> None:
    """Take back the points that levels above this one, and milestones more often than so many `times`, have given since
    a day: a return has undone what they were given for. The account is held.
    """
    order = [each.code for each in levels.levels]
    above = {f"level-{code}" for code in order[order.index(level) + 1 :]} if level in order else set[str]()
    for row in _points_given(session, to, since):
        name = row.rule.rpartition(".")[0]
        code, _, number = name.rpartition(".")
        if name not in above and not (code in times and number.isdecimal() and int(number) > times[code]):
            continue
        its = (PeriodSettlement.customer_id == to.account[0]) & (PeriodSettlement.id == row.id)
        session.execute(sa.update(PeriodSettlement).where(its).values(state=RewardState.UNDONE))
        if row.state == RewardState.GIVEN and row.value:
            called = named_in(_called(to.programme, code or name) or to.programme.names, "en")
            why = points.Cause(MovementKind.RETURNED, cause.on, cause.now, cause.by, reason=called or name)
            take_back_points(session, Account(to.account[1], to.account[0]), row.value, of=None, cause=why)


def _points_given(session: Session, to: Receiver, since: dt.date) -> Sequence[Any]:
    its = PeriodSettlement
    return session.execute(
        sa.select(its.id, its.rule, its.value, its.state)
        .where(its.customer_id == to.account[0], its.account_id == to.account[1], its.club_id == to.club_id)
        .where(its.form == PointsGiven.model_fields["kind"].default, its.state != RewardState.UNDONE)
        .where(its.first_on >= since)
        .order_by(its.id)
    ).all()


def hand_out(session: Session, to: Receiver, rule: str, promise: Promise, settlement_id: int, cause: Cause) -> None:
    """Give what a settlement says that is given."""
    days = usable(promise.issue, cause.on, joined_on=to.joined_on)
    value = worth_of(promise.gives)
    gift = Gift(*to.account, settlement_id, value, 1, 0, to.joined_on, days.first, days.last)
    give(session, to.programme, as_reward(to.programme, rule, promise, value), [gift], cause)


def _write(session: Session, to: Receiver, of: Reached, cause: Cause, *, due: dt.date | None) -> int | None:
    """The row of what is given, or on `due` will be; None where there is one already."""
    days = usable(of.issue, due or cause.on, joined_on=to.joined_on)
    row = {
        "customer_id": to.account[0],
        "account_id": to.account[1],
        "club_id": to.club_id,
        "rule": of.rule,
        "first_on": of.on,
        "last_on": of.on,
        "version_no": to.rules_no,
        "run_id": cause.run_id,
        "form": of.gives.kind,
        "base": 0,
        "value": worth_of(of.gives),
        "pieces": 1,
        "usable_from": days.first,
        "last_day": days.last,
        "automatic": of.issue.automatic,
        "at": cause.now,
    }
    if due is not None:
        promise = Promise(gives=of.gives, issue=of.issue).model_dump(mode="json")
        row |= {"state": RewardState.WAITING, "due_on": due, "promised": promise, "run_id": None}
    return session.scalar(
        insert(PeriodSettlement).values(**row).on_conflict_do_nothing().returning(PeriodSettlement.id)
    )


def worth_of(gives: Given) -> int:
    """In points or minor units; 1 for a thing."""
    match gives:
        case PointsGiven():
            return gives.points or 0
        case CodeGiven() | StoredValueGiven() | PayoutGiven() | DiscountGiven():
            return gives.amount_minor or 0
        case _:
            return 1


def as_reward(programme: Programme, rule: str, promise: Promise, value: int) -> PeriodReward:
    """What is given, as a rule that gives it at once, called as the one that gave it.

    However often that gives, its codes for an amount are of one batch.
    """
    first = rule.partition(".")[0]
    used = {name: getattr(promise.issue, name) for name in Use.model_fields}
    return PeriodReward(
        code=re.sub("[^a-z0-9_-]", "-", first.lower())[:50],
        names=_called(programme, first) or programme.names,
        function=ByEvery(every=1, value=max(1, value)),
        gives=promise.gives,
        issue=Issue(**used),
    )


def _called(programme: Programme, rule: str) -> Texts:
    named = {each.code: each.names for each in (*programme.occasions, *programme.benefits)}
    if programme.levels is not None:
        named |= {f"{why}-{each.code}": each.names for each in programme.levels.levels for why in ("level", "stays")}
    return named.get(rule, {})
