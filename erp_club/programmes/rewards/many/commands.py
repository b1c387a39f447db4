"""Settles a period for many accounts by one statement, and hands out what it brought."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.points.sets.commands import hold_accounts
from erp_club.programmes.engine.calendar import span_of
from erp_club.programmes.engine.occasions import usable
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import PeriodReward
from erp_club.programmes.rewards.giving.commands import Cause, Gift, give
from erp_club.programmes.rewards.many.arithmetic import is_reckoned
from erp_club.programmes.rewards.many.statement import may_write, statement
from erp_club.programmes.rewards.queries import FIRST_DAY, is_plain, lines_of


@dataclass(frozen=True, slots=True)
class Reckoning:
    """What is settled: a rule of a club's programme in a version, for the period that ends on a day."""

    club_id: int
    version_no: int
    programme: Programme
    rule: PeriodReward
    last: dt.date


@dataclass(frozen=True, slots=True)
class Many:
    """What the statement did, the last holder that it looked at, and who has something from before: none of these."""

    looked_at: int
    given: int
    value: int
    last: int | None
    ahead: Sequence[int]


def reckons(programme: Programme, rule: PeriodReward) -> bool:
    """Whether one statement can settle the rule for whoever has nothing from before."""
    plain = may_write(rule.base) and is_plain(rule.base, programme)
    return plain and is_reckoned(programme, rule)


def settle_many(session: Session, of: Reckoning, cause: Cause, *, after: int, limit: int) -> Many:
    """Settle the next accounts, in the order of their holders, but for those who have something from before."""
    rule = of.rule
    first = span_of(rule.period, of.last).first
    days = usable(rule.issue, cause.on)
    has_before = session.execute(_BEFORE, {"club": of.club_id, "rule": rule.code, "last": of.last}).scalar_one()
    asked = sa.text(statement(of.programme, rule, has_before=has_before))
    bound: dict[str, Any] = {
        "club": of.club_id,
        "rule": rule.code,
        "first": max(first, FIRST_DAY),
        "last": of.last,
        "version": of.version_no,
        "run": cause.run_id,
        "form": rule.gives.kind,
        "usable": days.first,
        "ends": days.last,
        "automatic": rule.issue.automatic,
        "now": cause.now,
        "levels": list(rule.levels),
        "after": after,
        "most": limit,
    } | lines_of(rule.base, of.programme.left_out)
    named = asked.compile().params
    row = session.execute(asked, {name: bound[name] for name in named}).one()
    looked_at, last, given, value, ahead, *arrays = row
    if arrays[0]:
        gifts = [
            Gift(holder, account, settlement, worth, pieces, 0, None, days.first, days.last)
            for holder, account, settlement, worth, pieces in zip(*arrays, strict=True)
        ]
        if rule.gives.kind == "points":
            rows = session.execute(_JOINED, {"club": of.club_id, "holders": arrays[0]})
            joined = {row[0]: row[1] for row in rows}
            gifts = [replace(each, joined_on=joined[each.customer_id]) for each in gifts]
            hold_accounts(session, [(each.customer_id, each.account_id) for each in gifts])
        give(session, of.programme, rule, gifts, cause)
    return Many(looked_at, given, value, last, ahead)


_BEFORE = sa.text("""
    SELECT EXISTS (SELECT FROM period_settlements
                    WHERE club_id = :club AND rule = :rule AND last_on < :last AND state = 'given')
""")
_JOINED = sa.text("""
    SELECT customer_id, joined_on FROM memberships
     WHERE club_id = :club AND customer_id = ANY(:holders) AND customer_id = points_holder_id
""")
