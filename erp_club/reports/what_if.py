"""What a programme would have given: past receipts replayed under it, beside the one in force (M-03, P-18).

Every known customer's receipts go by in the order of time, counted where the club held the customer that day; of a club
without members yet everybody counts, as if joined at the first purchase. Prices, discounts and payments stand as they
were; products, segments and birthdays are today's. A return is counted as if what came back had never been bought.
Points are counted when they are earned, and cost what they are worth when they pay; what periods give counts on the
last day of the period, what levels and milestones give on the day on which they are seen to be reached, gifts
for joining, renewing and special days on the first day on which they can be had. Those who share
an account count together, in the order of time.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby, takewhile

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.kinds import ClubState
from erp_club.clubs.models import Club, Membership
from erp_club.clubs.periods import add_months
from erp_club.programmes.documents import parts
from erp_club.programmes.engine.climber import Climber
from erp_club.programmes.engine.earn import earn, earn_by
from erp_club.programmes.engine.earning import Counter, Earning
from erp_club.programmes.engine.facts import MemberFacts, Moved, Purchase
from erp_club.programmes.engine.measure import Lived, movements
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.renew import terms_ahead
from erp_club.programmes.engine.spending import Clawback
from erp_club.programmes.engine.taken_back import mirrored, without
from erp_club.programmes.engine.turning import measures
from erp_club.programmes.past.purchase import Past
from erp_club.programmes.past.queries import (
    PORTION,
    Shared,
    customers_segments,
    past_receipts,
    receipts_of,
    shared_accounts,
)
from erp_club.programmes.past.seen import Seen
from erp_club.reports.what_if_gifts import gives_on_the_way, on_the_way
from erp_club.reports.what_if_occasions import Person, on_occasions
from erp_club.reports.what_if_rewards import Member, Rewarded, rewarded
from erp_club.reports.what_if_told import Side, Step, WhatIf, Year

Progress = Callable[[int, int], None]


def by_rate(session: Session, code: str) -> Programme | None:
    """The club's own rate as a programme, for a club that was set up without a document; None for no such club."""
    club = session.scalar(sa.select(Club).where(Club.code == code))
    if club is None:
        return None
    pays = {"worth_points": club.worth_points, "worth_minor": club.worth_minor}
    rule = {"kind": "money", "code": "rate", "points": club.earn_points, "per_minor": club.earn_per_minor}
    said = {
        "code": club.code,
        "names": club.names,
        "currency": club.currency,
        "earning": {"rules": [rule] if club.earn_points else []},
        "redemption": pays if club.worth_minor else None,
        "term": {"kind": "months", "months": club.term_months} if club.term_months else {"kind": "lifetime"},
        "renewal": {
            "begins": club.renewal_from, "grace_days": club.grace_days, "warning_days": club.warning_days,
        },
        "undo": {"days": club.undo_days},
    }  # fmt: skip
    return Programme.model_validate(said)


def _month(day: dt.date) -> dt.date:
    return day.replace(day=1)


def what_if(
    session: Session, tried: Programme, held: Programme | None, *, today: dt.date, progress: Progress
) -> WhatIf:
    """Replay all past receipts under `tried`, and under `held` where that is given.

    `progress` is told how many receipts of how many are done.
    """
    club_id = members_of(session, tried.code)
    segments = customers_segments(session)
    sides = [Replay(each, today) for each in (tried, held) if each is not None and (each is tried or each != tried)]
    receipts, members = 0, 0
    shared = {} if club_id is None else shared_accounts(session, club_id)
    together: dict[Shared, list[Past]] = defaultdict(list)
    total, rows = past_receipts(session, club_id)
    for customer_id, mine in groupby(rows, key=lambda each: each.customer_id):
        counted = list(mine)
        members += 1
        account = shared.get(customer_id)
        if account is not None:
            together[account] += counted
        else:
            for side in sides:
                side.live(counted, segments)
        if (receipts + len(counted)) // PORTION > receipts // PORTION:
            progress(receipts + len(counted), total)
        receipts += len(counted)
    for account, theirs in together.items():
        theirs.sort(key=in_time)
        for side in sides:
            side.live(theirs, segments, joined_on=account.joined_on)
    progress(total, total)
    return WhatIf(receipts, members, sides[0].side, None if held is None else sides[-1].side, club_id is None)


def in_time(past: Past) -> tuple[dt.datetime, int]:
    """The order in which receipts were made."""
    return past.purchase.at, past.id


def a_year(session: Session, tried: Programme, held: Programme | None, customer_id: int, *, today: dt.date) -> Year:
    """One member's receipts of the year up to today; those before it count for levels and periods that reach back.

    Those of others who share the account count too, and what periods give is the account's.
    """
    club_id = members_of(session, tried.code)
    first = add_months(today, -12) + dt.timedelta(days=1)
    shared = {} if club_id is None else shared_accounts(session, club_id, [customer_id])
    found = receipts_of(session, club_id, {customer_id, *shared})
    theirs = sorted((each for receipts in found.values() for each in receipts), key=in_time)
    segments = customers_segments(session, list(found))
    joined_on = shared[customer_id].joined_on if customer_id in shared else None
    seen: list[list[tuple[Past, int, str | None]]] = []
    rewards: list[tuple[Rewarded, ...]] = []
    for programme in (tried, *([held] if held is not None else [])):
        told: list[tuple[Past, int, str | None]] = []
        replay = Replay(programme, today)
        given = replay.live(theirs, segments, joined_on=joined_on, seen=told) if theirs else ()
        rewards.append(tuple(each for each in given if each.on >= first))
        seen.append([each for each in told if each[0].customer_id == customer_id])
    steps = [
        Step(
            sides[0][0].id,
            sides[0][0].purchase.on,
            sides[0][0].purchase.total_minor,
            tuple(points for _, points, _ in sides),
            tuple(level for _, _, level in sides),
        )
        for sides in zip(*seen, strict=True)
        if sides[0][0].purchase.on >= first
    ]
    return Year(first, today, tuple(steps), tuple(rewards))


def members_of(session: Session, code: str) -> int | None:
    """The club whose members' receipts count; None where it isn't there or has no members yet, and everybody's do."""
    joined = sa.exists().where(Membership.club_id == Club.id)
    return session.scalar(sa.select(Club.id).where(Club.code == code, Club.state != ClubState.DRAFT, joined))


class Replay:
    """One programme over the life of one member after another; `step` is the day that stands for a day's months."""

    def __init__(self, programme: Programme, today: dt.date, *, step: Callable[[dt.date], dt.date] = _month) -> None:
        self.programme, self.today, self.step = programme, today, step
        paying = programme.redemption
        self.side = Side(paying.worth_points, paying.worth_minor) if paying else Side(0, 0)
        self.on_the_way = gives_on_the_way(programme)
        self.by_level = any(getattr(part, "levels", ()) for _, part in parts(programme.earning))
        self.rewarded_by_level = any(each.levels for each in (*programme.rewards, *programme.occasions))
        self.counters = tuple((each.code, _earning_of(each)) for each in programme.counters)
        if programme.levels is not None:
            self.side.levels.update(dict.fromkeys((each.code for each in programme.levels.levels), 0))

    def live(
        self,
        receipts: Sequence[Past],
        segments: Mapping[int, frozenset[str]],
        *,
        joined_on: dt.date | None = None,
        seen: list[tuple[Past, int, str | None]] | None = None,
    ) -> tuple[Rewarded, ...]:
        """Take the receipts of a member, or of all who share an account, in the order of time.

        What periods brought is given. `joined_on` is the account's day, else the first receipt says it; `segments` are
        those of each customer.

        Each receipt is added to `seen` with its points and the level after it.
        """
        since = joined_on or receipts[0].joined_on or receipts[0].purchase.on
        life = _Life(self.programme, since, segments, self.today)
        for each in receipts:
            life.people.setdefault(each.customer_id, Person(each.purchase.on, each.birthday, each.children))
            if self.on_the_way:
                life.look(each.purchase.on, each.customer_id)
            level = life.level(each.purchase.on, each.customer_id) if self.by_level else None
            points = self._take(life, each, level)
            if self.on_the_way:
                life.note(each.purchase.on, each.customer_id)
            if points:
                self.side.months[self.step(each.purchase.on)] += points
            if seen is not None:
                seen.append((each, points, life.level(each.purchase.on, each.customer_id)))
            elif self.rewarded_by_level:
                life.stood.append((each.purchase.on, life.level(each.purchase.on, each.customer_id)))
        if seen is not None:
            life.stood = [(each.purchase.on, level) for each, _, level in seen]
        for person in {each.customer_id for each in receipts}:
            if self.on_the_way:
                life.look(self.today, person)
            level = life.level(self.today, person)
            if level is not None:
                self.side.levels[level] += 1
        return self._reward(life)

    def _reward(self, life: "_Life") -> tuple[Rewarded, ...]:
        if not self.programme.rewards and not self.on_the_way and not self.programme.occasions:
            return ()
        lowest = self.programme.levels.levels[0].code if self.programme.levels else None

        def level_on(day: dt.date) -> str | None:
            return next((level for on, level in reversed(life.stood) if on <= day), lowest)

        who, people = Member(life.joined_on, level_on), [*life.people.values()]
        given = tuple(rewarded(self.programme, life.lives, who, today=self.today))
        given += tuple(on_occasions(self.programme, life.lives, who, people, life.terms, today=self.today))
        if self.on_the_way and self.programme.levels is not None:
            for whose, climber in life.climbers.items():
                stood = life.steps[whose]
                given += tuple(on_the_way(self.programme.levels, climber.moved, stood, life.joined_on, self.today))
        for each in given:
            self.side.rewards[each.rule] += each.value
            if each.things is None:
                kept = self.side.months if each.in_points else self.side.reward_months
                kept[self.step(each.on)] += each.value
        return given

    def _take(self, life: "_Life", past: Past, level: str | None) -> int:
        """The points of one receipt, below zero for a return."""
        original = life.sold.get(past.original_id or 0)
        if original is not None:
            bought, member, left = original
            kept = without(bought, past.purchase.lines, past.original_lines)
            was, now = earn(self.programme, bought, member), earn(self.programme, kept, member)
            life.seen.take_back(bought.on, was, now)
            # A return only ever takes: what is left may earn more than before, by a rule for smaller purchases.
            stays = left if self.programme.returns.clawback is Clawback.KEPT else min(left, now.points)
            before = (left, *self._counted(bought, member))
            after = (stays, *self._counted(kept, member))
            life.sold[past.original_id or 0] = (kept, member, stays)
            given = tuple(new - old for old, new in zip(before, after, strict=True))
            life.remember(past, given, self.counters, member, (bought, kept))
            return given[0]
        member = life.facts(past, level)
        if past.purchase.total_minor < 0:
            given = tuple(-each for each in self._earned(mirrored(past.purchase), member))
        else:
            made = earn(self.programme, past.purchase, member)
            life.seen.note(past.purchase, made, customer_id=past.customer_id)
            life.purchases[past.customer_id] += 1
            life.sold[past.id] = (past.purchase, member, made.points)
            given = (made.points, *self._counted(past.purchase, member))
        life.remember(past, given, self.counters, member, None)
        return given[0]

    def _earned(self, purchase: Purchase, member: MemberFacts) -> tuple[int, ...]:
        return (earn(self.programme, purchase, member).points, *self._counted(purchase, member))

    def _counted(self, purchase: Purchase, member: MemberFacts) -> Iterator[int]:
        for _, earning in self.counters:
            yield earn_by(earning, purchase, member, excluded=self.programme.left_out).points


class _Life:
    """What is known of a member, or of those who share an account, while the receipts go by."""

    def __init__(
        self, programme: Programme, joined_on: dt.date, segments: Mapping[int, frozenset[str]], today: dt.date
    ) -> None:
        self.programme, self.joined_on, self.segments = programme, joined_on, segments
        self.purchases: dict[int, int] = defaultdict(int)
        self.sold: dict[int, tuple[Purchase, MemberFacts, int]] = {}
        self.past: dict[tuple[int, dt.date, str], list[Lived]] = defaultdict(list)
        self.lives: list[Lived] = []
        self.stood: list[tuple[dt.date, str | None]] = []
        self.steps: dict[int, list[tuple[dt.date, str]]] = defaultdict(list)
        """The level of days, in order, of whoever climbs."""
        self.alone = programme.household is not None and not programme.household.shared_level
        self.climbers: dict[int, Climber] = {}
        self.seen = Seen(programme, joined_on)
        self.terms = tuple(takewhile(lambda each: each.first <= today, terms_ahead(programme, joined_on)))
        """As if each had been renewed in time."""
        self.people: dict[int, Person] = {}
        self.is_kept = bool(programme.rewards) or any(each.needs or each.least_points for each in programme.occasions)

    def facts(self, past: Past, level: str | None) -> MemberFacts:
        """The member at the moment of a purchase."""
        who = past.customer_id
        segments = self.segments.get(who, frozenset())
        known = MemberFacts(
            self.joined_on, level, past.birthday, segments, purchases=self.purchases[who], children=past.children
        )
        return self.seen.facts(known, past.purchase.on, customer_id=who)

    def remember(
        self,
        past: Past,
        given: Sequence[int],
        counters: Sequence[tuple[str, Earning]],
        member: MemberFacts,
        shrinks: tuple[Purchase, Purchase] | None,
    ) -> None:
        """Keep a receipt for levels and rewards, where there are any."""
        if self.programme.levels is None and not self.is_kept:
            return
        on_counters = tuple((code, points) for (code, _), points in zip(counters, given[1:], strict=True))
        returns_on = None if shrinks is None else shrinks[0].on
        new = Lived(past.purchase, given[0], on_counters, returns_on, member, shrinks)
        self.lives.append(new)
        climber = self._climber(past.customer_id)
        if climber is not None:
            # A day in a store may be one visit, so the receipts of the day before it have their say.
            before = self.past[past.customer_id if self.alone else 0, new.counted_on, past.purchase.store]
            moved = self._moved([*before, new])[len(self._moved(before)) :]
            before.append(new)
            climber.add(moved)

    def note(self, on: dt.date, customer_id: int) -> None:
        """Keep the level of a day."""
        level = self.level(on, customer_id)
        if level is not None:
            self.steps[customer_id if self.alone else 0].append((on, level))

    def look(self, on: dt.date, customer_id: int) -> None:
        """Keep the levels of the first days of months up to a day, since the day that was looked at last."""
        steps = self.steps[customer_id if self.alone else 0]
        month = add_months((steps[-1][0] if steps else self.joined_on).replace(day=1), 1)
        while month <= on:
            self.note(month, customer_id)
            month = add_months(month, 1)

    def _climber(self, customer_id: int) -> Climber | None:
        """Who climbs the levels: each person, or all who share the account together."""
        if self.programme.levels is None:
            return None
        whose = customer_id if self.alone else 0
        if whose not in self.climbers:
            self.climbers[whose] = Climber(self.programme.levels, joined_on=self.joined_on, terms=self.terms)
        return self.climbers[whose]

    def _moved(self, past: Sequence[Lived]) -> tuple[Moved, ...]:
        levels = self.programme.levels
        by_day = self.programme.visit == "day"
        return (
            ()
            if levels is None
            else movements(measures(levels), past, excluded=self.programme.left_out, by_store_day=by_day)
        )

    def level(self, day: dt.date, customer_id: int) -> str | None:
        """A person's level of a day, None in a programme without levels."""
        climber = self._climber(customer_id)
        return None if climber is None else climber.level(day)


def _earning_of(counter: Counter) -> Earning:
    return Earning(rules=counter.rules, rounding=counter.rounding)
