"""What a member's period rewards come to if nothing more is bought, and what the next step needs."""

import datetime as dt
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.models import Membership
from erp_club.clubs.periods import Span
from erp_club.programmes.engine import due
from erp_club.programmes.engine.ahead import NextStep, next_step
from erp_club.programmes.engine.conditions import Why
from erp_club.programmes.engine.parts import Counts, Every
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import PeriodReward
from erp_club.programmes.engine.settle import PeriodFacts, in_points, settle
from erp_club.programmes.rewards import counting, queries
from erp_club.programmes.rewards.account import RewardAccount, Whose, anyone

MOST = 3
"""So many rewards of a club are told of; each takes some questions to the database."""


@dataclass(frozen=True, slots=True)
class RewardAhead:
    """A reward of the period that holds the day: `base` so far, and the `value` it brings if nothing more comes.

    `last` is the period's last day; None where what is reached is given each night. `why` says why it is nothing.
    """

    rule: PeriodReward
    last: dt.date | None
    base: int
    value: int
    in_points: bool
    next: NextStep | None
    why: Why | None


def rewards_ahead(session: Session, club_id: int, membership_id: int, *, on: dt.date) -> list[RewardAhead]:
    """What lies ahead of the account of a membership in this club, in the order of its document."""
    rules = queries.rules(session, on=on, club_id=club_id)[:MOST]
    if not rules:
        return []
    mine = sa.select(Membership.points_holder_id).where(Membership.id == membership_id)
    holder_id = session.execute(mine).scalar_one()
    by_term = any(each.rule.period.every is Every.TERM for each in rules)
    found = queries.accounts(session, club_id, last=on, limit=1, whose=Whose(terms=by_term), holders=[holder_id])
    if not found:
        return []
    return [_ahead(session, club_id, each.programme, each.rule, found[0], on) for each in rules]


def _ahead(
    session: Session, club_id: int, programme: Programme, rule: PeriodReward, account: RewardAccount, on: dt.date
) -> RewardAhead:
    span = account.period_on(rule.period, on)
    along = due.goes_along(rule)
    if span.last is not None and span.last > on:
        # Whether the membership holds at the end is asked of that day.
        whose = anyone(rule)
        then = queries.accounts(session, club_id, last=span.last, limit=1, whose=whose, holders=[account.holder_id])
        account = then[0] if then else account
    spans = {0: Span(span.first, on) if along else span}
    counted = counting.Counting(session, club_id, programme, [account], on=on)
    facts = counting.facts(counted, rule, spans, span.last or on)[0]
    facts = _with_before(session, club_id, rule, account, spans, facts, span.last or on)
    made = settle(rule, facts)
    last = None if along else span.last
    return RewardAhead(
        rule, last, facts.base + facts.carried, made.value, in_points(rule), next_step(rule, facts), made.why
    )


def _with_before(
    session: Session,
    club_id: int,
    rule: PeriodReward,
    account: RewardAccount,
    spans: dict[int, Span],
    facts: PeriodFacts,
    last: dt.date,
) -> PeriodFacts:
    """With what earlier periods left."""
    if rule.base.counts is Counts.BALANCE:
        return facts
    earlier = queries.before(session, club_id, rule.code, [account], spans, last).get(0)
    if earlier is None:
        return facts
    if earlier.first_on == max(spans[0].first, queries.FIRST_DAY):
        return replace(facts, carried=earlier.carried_first)
    return replace(facts, carried=earlier.rest, rest_minor=earlier.rest_minor)
