"""What accounts come to in the days of a period: by the database where it can count, else by the engine.

Both say the same; a test holds them to it.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial

from sqlalchemy.orm import Session

from erp_club.clubs.levels.queries import LevelChanged, level_changes
from erp_club.clubs.periods import Span
from erp_club.points.sets.commands import Key
from erp_club.programmes.engine import due
from erp_club.programmes.engine.calendar import DAY
from erp_club.programmes.engine.events import counter_of
from erp_club.programmes.engine.facts import MemberFacts
from erp_club.programmes.engine.gifts import Until, each_holds, is_held
from erp_club.programmes.engine.measure import Lived, extra_part, paid_for, total
from erp_club.programmes.engine.occasions import usable
from erp_club.programmes.engine.parts import Counts, Measure
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import ByAverage, PeriodReward
from erp_club.programmes.engine.settle import PeriodFacts
from erp_club.programmes.past.lives import lived
from erp_club.programmes.past.purchase import Past
from erp_club.programmes.past.queries import customers_segments, receipts_of
from erp_club.programmes.rewards import queries
from erp_club.programmes.rewards.account import RewardAccount
from erp_club.programmes.rewards.held.queries import unused
from erp_club.programmes.rewards.queries import FIRST_DAY
from erp_club.programmes.standings.queries import counted_events, points_of

Spans = Mapping[int, Span]


class Counting:
    """Counts for a batch of accounts, by their place; receipts are read once, and only where the engine counts."""

    def __init__(
        self, session: Session, club_id: int, programme: Programme, accounts: Sequence[RewardAccount], *, on: dt.date
    ) -> None:
        self.session, self.club_id, self.programme, self.accounts = session, club_id, programme, accounts
        self.on = on

    def sums(self, measure: Measure, spans: Spans) -> dict[int, int]:
        """What each comes to of a measure in its days."""
        if queries.is_plain(measure, self.programme):
            excluded = self.programme.left_out
            return queries.sums(self.session, self.club_id, measure, excluded, spans, self.accounts)
        excluded = self.programme.left_out
        return {
            place: total(
                measure,
                self.lives[place],
                span.first,
                span.last or dt.date.max,
                excluded=excluded,
                by_store_day=self.programme.visit == "day",
            )
            + self._told(measure, place, span)
            for place, span in spans.items()
        }

    def _told(self, measure: Measure, place: int, span: Span) -> int:
        """What events of the days brought to the counter that is counted."""
        if measure.counts is not Counts.COUNTER or not any(each.events for each in self.programme.counters):
            return 0
        return sum(
            points
            for customer in self.accounts[place].customers
            for on, rule, points in self.events.get((customer, self.club_id), ())
            if span.holds(on) and counter_of(self.programme, rule) == measure.counter
        )

    @cached_property
    def room(self) -> dict[int, int]:
        """How many more rewards each account can hold unused, by its place."""
        held = unused(self.session, self.club_id, [each.account_id for each in self.accounts], on=self.on)
        most = self.programme.most_rewards or 0
        return {place: max(0, most - held.get(each.account_id, 0)) for place, each in enumerate(self.accounts)}

    @cached_property
    def events(self) -> dict[Key, list[tuple[dt.date, str, int]]]:
        """What events were counted on counters, by customer and club."""
        return counted_events(self.session, {customer for each in self.accounts for customer in each.customers})

    @cached_property
    def lives(self) -> dict[int, list[Lived]]:
        """The receipts of each account as rules count them, in the order of time."""
        customers = {customer for each in self.accounts for customer in each.customers}
        receipts = receipts_of(self.session, self.club_id, customers)
        segments = customers_segments(self.session, customers)
        points = points_of(self.session, [each.key for each in self.accounts], list(customers))
        levels = level_changes(self.session, self.club_id, customers)
        made: dict[int, list[Lived]] = defaultdict(list)
        for place, each in enumerate(self.accounts):
            for customer in each.customers:
                mine = receipts.get(customer, ())
                who = MemberFacts(
                    joined_on=each.joined_on,
                    level=each.level,
                    birthday=mine[0].birthday if mine else None,
                    segments=segments.get(customer, frozenset()),
                    children=mine[0].children if mine else (),
                )
                at = partial(_on_level, who, levels.get(customer, ()))
                made[place] += lived(self.programme, mine, at, points[each.key].by_receipt)
            made[place].sort(key=lambda one: one.purchase.at)
        return made


def _on_level(who: MemberFacts, changes: Sequence[LevelChanged], past: Past) -> MemberFacts:
    """The member on the level of a receipt: the last one begun by its day, but for what it, or one after it, made."""
    level = who.level
    for each in reversed(changes):
        level = each.level
        if each.on < past.purchase.on or (each.on == past.purchase.on and (each.receipt_id or 0) < past.id):
            break
        level = each.before
    return replace(who, level=level)


def facts(counted: Counting, rule: PeriodReward, spans: Spans, last: dt.date) -> dict[int, PeriodFacts]:
    """What the rule is told of each account's period, without what earlier ones left."""
    if not spans:
        return {}
    cards = _cards(counted, rule, spans)
    on_cards = {place: sum(count for count, _ in each) for place, each in cards.items()}
    base = on_cards or counted.sums(rule.base, spans)
    paid = counted.sums(rule.paid_on.measure, spans) if rule.paid_on else {}
    past = [_past(counted, rule, need.measure, need.periods, spans) for need in rule.needs]
    differs = rule.rest_at_year_end is not None
    bounded = counted.programme.most_rewards is not None and is_held(rule.gives)
    room = counted.room if bounded else {}
    made: dict[int, PeriodFacts] = {}
    for place, span in spans.items():
        account = counted.accounts[place]
        until = span.last or last
        parts = {
            extra.code: extra_part(
                extra, rule.base, counted.lives[place], span.first, until, excluded=counted.programme.left_out
            )
            for extra in rule.extras
        }
        made[place] = PeriodFacts(
            base=base.get(place, 0),
            parts=parts,
            paid_on=paid.get(place, 0),
            past=tuple(tuple(each.get(place, 0) for each in values) for values in past),
            paid_for=cards.get(place, ()),
            level=account.level,
            member_at_end=account.member_at_end,
            year_ends=differs and due.year_ends(until, joined_on=account.joined_on),
            room=room[place] // each_holds(rule.gives) if bounded else None,
        )
    return made


def _cards(counted: Counting, rule: PeriodReward, spans: Spans) -> dict[int, tuple[tuple[int, int], ...]]:
    """What each has bought and paid, where the rule gives the average of that."""
    if not isinstance(rule.function, ByAverage):
        return {}
    of, by_day = counted.programme.left_out, counted.programme.visit == "day"
    return {
        place: paid_for(
            rule.base, counted.lives[place], span.first, span.last or dt.date.max, excluded=of, by_store_day=by_day
        )
        for place, span in spans.items()
    }


def _past(counted: Counting, rule: PeriodReward, measure: Measure, periods: int, spans: Spans) -> list[dict[int, int]]:
    """The totals of so many periods up to the settled one, the oldest first."""
    made: list[dict[int, int]] = []
    current = dict(spans)
    for _ in range(periods):
        made.insert(0, counted.sums(measure, current))
        current = {
            place: counted.accounts[place].period_on(rule.period, span.first - DAY)
            for place, span in current.items()
            if span.first > FIRST_DAY
        }
    return made


def usable_days(rule: PeriodReward, on: dt.date, joined: Iterable[dt.date]) -> dict[dt.date, Span]:
    """From when to when what is given on a day can be used, by the day of joining; no last day where it doesn't age."""
    if rule.issue.valid_until is Until.TERM_END:
        return {each: usable(rule.issue, on, joined_on=each) for each in set(joined)}
    return dict.fromkeys(joined, usable(rule.issue, on))


def batch_size(programme: Programme, rule: PeriodReward) -> int:
    """Accounts in one transaction: fewer where their receipts have to be read."""
    asked = [rule.base, *(need.measure for need in rule.needs), *([rule.paid_on.measure] if rule.paid_on else [])]
    plain = all(queries.is_plain(each, programme) for each in asked) and not rule.extras
    plain = plain and not isinstance(rule.function, ByAverage)
    return 10_000 if plain and rule.base.counts is not Counts.COUNTER else 500
