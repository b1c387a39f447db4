"""What changes of periods that are settled: purchases that came in late, and what came back since."""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping

from erp_club.clubs.periods import Span
from erp_club.programmes.engine import due
from erp_club.programmes.engine.measure import measured
from erp_club.programmes.engine.parts import Counts
from erp_club.programmes.engine.rewards import Late, PeriodReward
from erp_club.programmes.engine.settle import PeriodFacts, counts_on, settle
from erp_club.programmes.rewards import counting
from erp_club.programmes.rewards.older.queries import came_back
from erp_club.programmes.rewards.queries import Before, Settled

Change = tuple[int, int]
"""Base for the period that is settled now, and value that an earlier one should have had."""


def corrections(
    counted: counting.Counting, rule: PeriodReward, known: Mapping[int, Before], spans: counting.Spans, last: dt.date
) -> dict[int, Change]:
    """What the account's period settled last, and those before it, come to that they weren't settled for, by place."""
    if rule.base.counts is Counts.BALANCE or {rule.late, rule.returns} == {Late.IGNORE}:
        return {}
    # What is given as a period goes is settled for each night: the last before it is the one that ended.
    along = due.goes_along(rule)
    earlier = {place: row.ended if along else row for place, row in known.items() if place in spans}
    before = {place: row for place, row in earlier.items() if row is not None and row.last_on < spans[place].first}
    past = {place: Span(row.first_on, row.last_on) for place, row in before.items()}
    made: dict[int, Change] = {}
    for place, facts in counting.facts(counted, rule, past, last).items():
        row = before[place]
        more = facts.base - row.base
        made[place] = _change(rule, dataclasses.replace(facts, carried=row.carried), more)
    if rule.returns is not Late.IGNORE:
        for place, change in _of_older(counted, rule, before, last):
            was = made.get(place, (0, 0))
            made[place] = was[0] + change[0], was[1] + change[1]
    return {place: change for place, change in made.items() if change != (0, 0)}


def _change(rule: PeriodReward, now: PeriodFacts, more: int) -> Change:
    """What becomes of a period's base that is so much more (below zero: less) than it was settled for."""
    how = rule.late if more > 0 else rule.returns
    if more == 0 or how is Late.IGNORE:
        return 0, 0
    if how is Late.NEXT or counts_on(rule, now):
        # What was counted on from there counts so much more, or less: no value was due but for full ones.
        return more, 0
    is_now, was = settle(rule, now), settle(rule, dataclasses.replace(now, base=now.base - more))
    return 0, is_now.value + is_now.rest_minor - was.value - was.rest_minor


def _of_older(
    counted: counting.Counting, rule: PeriodReward, known: Mapping[int, Before | Settled], last: dt.date
) -> Iterator[tuple[int, Change]]:
    """Of periods before the one settled last; only the accounts where anything of these came back since are read."""
    found = came_back(counted.session, known, counted.accounts)
    places = sorted(found)
    if not places:
        return
    accounts = [counted.accounts[place] for place in places]
    some = counting.Counting(counted.session, counted.club_id, counted.programme, accounts, on=counted.on)
    for index, place in enumerate(places):
        by_period: dict[Span, set[str]] = {}
        for sold_on, receipt in found[place]:
            span = accounts[index].period_on(rule.period, sold_on)
            by_period.setdefault(span, set()).add(str(receipt))
        for span, receipts in by_period.items():
            came = (each for each in some.lives[index] if each.purchase.id in receipts)
            more = sum(measured(rule.base, each, excluded=counted.programme.left_out) for each in came)
            yield place, _change(rule, counting.facts(some, rule, {index: span}, last)[index], more)
