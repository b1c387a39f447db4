"""What a programme would have given: past receipts replayed under it, beside the one in force (M-03, P-18).

Every known customer's receipts go by in the order of time, counted where the club held the customer that day; of a club
that isn't there yet everybody counts, as if joined at the first purchase. Prices, discounts and payments stand as they
were; products, segments and birthdays are today's. A return is counted as if what came back had never been bought.
Points are counted when they are earned, and cost what they are worth when they pay; what periods give counts on the
last day of the period, for each member alone.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.models import Club, ClubState
from erp_club.clubs.periods import add_months
from erp_club.kernel.money import Rounding, round_div
from erp_club.programmes.documents import parts
from erp_club.programmes.engine.climb import Climber, measures
from erp_club.programmes.engine.earn import earn, earn_by
from erp_club.programmes.engine.earning import Counter, Earning
from erp_club.programmes.engine.facts import MemberFacts, Moved, Purchase
from erp_club.programmes.engine.measure import Lived, movements
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.taken_back import mirrored, without
from erp_club.programmes.past.queries import PORTION, Past, customers_segments, past_receipts, receipts_of
from erp_club.programmes.past.seen import Seen
from erp_club.reports.what_if_rewards import Member, Rewarded, rewarded

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Side:
    """What one programme gives: points by the first day of the month, and members by the level of the last day.

    `worth_points` of them pay `worth_minor`; 0 where points don't pay. Rewards of periods: `reward_months` is money,
    `rewards` the value of each rule, in points where the rule gives points, which are among those of the months.
    """

    worth_points: int
    worth_minor: int
    months: dict[dt.date, int] = field(default_factory=lambda: defaultdict(int))
    levels: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    reward_months: dict[dt.date, int] = field(default_factory=lambda: defaultdict(int))
    rewards: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def points(self) -> int:
        """All points."""
        return sum(self.months.values())

    def cost_minor(self, points: int) -> int:
        """What so many points cost when they pay."""
        return round_div(points * self.worth_minor, self.worth_points, Rounding.HALF_UP) if self.worth_points else 0


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The outcome: `receipts` of `members` were replayed. `held` is the programme in force, None where none is.

    `everybody`: the club has no members yet, so all known customers counted as such.
    """

    receipts: int
    members: int
    tried: Side
    held: Side | None
    everybody: bool = False

    @property
    def months(self) -> list[dt.date]:
        """Every month in which either side gave something, in order."""
        sides = [self.tried, *([self.held] if self.held else [])]
        return sorted({month for side in sides for month in (*side.months, *side.reward_months)})

    @property
    def levels(self) -> list[str]:
        """The levels of both sides, each once."""
        return list(dict.fromkeys([*(self.held.levels if self.held else ()), *self.tried.levels]))


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
    sides = [Replay(tried, today), *([Replay(held, today)] if held is not None else [])]
    receipts, members = 0, 0
    total, rows = past_receipts(session, club_id)
    for customer_id, mine in groupby(rows, key=lambda each: each.customer_id):
        counted = list(mine)
        members += 1
        for side in sides:
            side.live(counted, segments.get(customer_id, frozenset()))
        if (receipts + len(counted)) // PORTION > receipts // PORTION:
            progress(receipts + len(counted), total)
        receipts += len(counted)
    progress(total, total)
    return WhatIf(receipts, members, sides[0].side, sides[1].side if held is not None else None, club_id is None)


@dataclass(frozen=True, slots=True)
class Step:
    """A receipt of one member under both programmes: points and the level after it, of the tried one first."""

    receipt_id: int
    on: dt.date
    total_minor: int
    points: tuple[int, ...]
    levels: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Year:
    """A member's past year under one or two programmes, the tried one first, with what periods gave."""

    first: dt.date
    last: dt.date
    steps: tuple[Step, ...]
    rewards: tuple[tuple[Rewarded, ...], ...]


def a_year(session: Session, tried: Programme, held: Programme | None, customer_id: int, *, today: dt.date) -> Year:
    """One member's receipts of the year up to today; those before it count for levels and periods that reach back."""
    club_id = members_of(session, tried.code)
    first = add_months(today, -12) + dt.timedelta(days=1)
    mine = receipts_of(session, club_id, [customer_id])[customer_id]
    segments = customers_segments(session, [customer_id]).get(customer_id, frozenset())
    seen: list[list[tuple[Past, int, str | None]]] = []
    rewards: list[tuple[Rewarded, ...]] = []
    for programme in (tried, *([held] if held is not None else [])):
        told: list[tuple[Past, int, str | None]] = []
        replay = Replay(programme, today)
        given = replay.live(mine, segments, seen=told) if mine else ()
        rewards.append(tuple(each for each in given if each.on >= first))
        seen.append(told)
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
    """The club whose members' receipts count; None where it isn't there or is a draft, and everybody's do."""
    return session.scalar(sa.select(Club.id).where(Club.code == code, Club.state != ClubState.DRAFT))


class Replay:
    """One programme over the life of one member after another; `step` is the day that stands for a day's months."""

    def __init__(self, programme: Programme, today: dt.date, *, step: Callable[[dt.date], dt.date] = _month) -> None:
        self.programme, self.today, self.step = programme, today, step
        paying = programme.redemption
        self.side = Side(paying.worth_points, paying.worth_minor) if paying else Side(0, 0)
        self.by_level = any(getattr(part, "levels", ()) for _, part in parts(programme.earning))
        self.rewarded_by_level = any(each.levels for each in programme.rewards)
        self.counters = tuple((each.code, _earning_of(each)) for each in programme.counters)
        if programme.levels is not None:
            self.side.levels.update(dict.fromkeys((each.code for each in programme.levels.levels), 0))

    def live(
        self,
        receipts: Sequence[Past],
        segments: frozenset[str],
        *,
        seen: list[tuple[Past, int, str | None]] | None = None,
    ) -> tuple[Rewarded, ...]:
        """Take a member's receipts in the order of time, and give what periods brought.

        Each receipt is added to `seen` with its points and the level after it.
        """
        life = _Life(self.programme, receipts[0].joined_on or receipts[0].purchase.on, receipts[0].birthday, segments)
        for each in receipts:
            level = life.level(each.purchase.on) if self.by_level else None
            points = self._take(life, each, level)
            if points:
                self.side.months[self.step(each.purchase.on)] += points
            if seen is not None:
                seen.append((each, points, life.level(each.purchase.on)))
            elif self.rewarded_by_level:
                life.stood.append((each.purchase.on, life.level(each.purchase.on)))
        if seen is not None:
            life.stood = [(each.purchase.on, level) for each, _, level in seen]
        level = life.level(self.today)
        if level is not None:
            self.side.levels[level] += 1
        return self._reward(life)

    def _reward(self, life: "_Life") -> tuple[Rewarded, ...]:
        if not self.programme.rewards:
            return ()
        lowest = self.programme.levels.levels[0].code if self.programme.levels else None

        def level_on(day: dt.date) -> str | None:
            return next((level for on, level in reversed(life.stood) if on <= day), lowest)

        given = tuple(rewarded(self.programme, life.lives, Member(life.joined_on, level_on), today=self.today))
        for each in given:
            self.side.rewards[each.rule] += each.value
            kept = self.side.months if each.in_points else self.side.reward_months
            kept[self.step(each.on)] += each.value
        return given

    def _take(self, life: "_Life", past: Past, level: str | None) -> int:
        """The points of one receipt, below zero for a return."""
        original = life.sold.get(past.original_id or 0)
        if original is not None:
            bought, member = original
            kept = without(bought, past.purchase.lines, past.original_lines)
            was, now = earn(self.programme, bought, member), earn(self.programme, kept, member)
            life.seen.take_back(bought.on, was, now)
            before = (was.points, *self._counted(bought, member))
            after = (now.points, *self._counted(kept, member))
            life.sold[past.original_id or 0] = (kept, member)
            given = tuple(new - old for old, new in zip(before, after, strict=True))
            life.remember(past.purchase, given, self.counters, member, (bought, kept))
            return given[0]
        member = life.facts(past.purchase, level)
        if past.purchase.total_minor < 0:
            given = tuple(-each for each in self._earned(mirrored(past.purchase), member))
        else:
            made = earn(self.programme, past.purchase, member)
            life.seen.note(past.purchase, made)
            life.sold[past.id] = (past.purchase, member)
            given = (made.points, *self._counted(past.purchase, member))
        life.remember(past.purchase, given, self.counters, member, None)
        return given[0]

    def _earned(self, purchase: Purchase, member: MemberFacts) -> tuple[int, ...]:
        return (earn(self.programme, purchase, member).points, *self._counted(purchase, member))

    def _counted(self, purchase: Purchase, member: MemberFacts) -> Iterator[int]:
        for _, earning in self.counters:
            yield earn_by(earning, purchase, member, excluded=self.programme.excluded).points


class _Life:
    """What is known of a member while the receipts go by."""

    def __init__(
        self, programme: Programme, joined_on: dt.date, birthday: dt.date | None, segments: frozenset[str]
    ) -> None:
        self.programme, self.joined_on = programme, joined_on
        self.known = MemberFacts(joined_on=joined_on, birthday=birthday, segments=segments)
        self.sold: dict[int, tuple[Purchase, MemberFacts]] = {}
        self.past: dict[tuple[dt.date, str], list[Lived]] = defaultdict(list)
        self.lives: list[Lived] = []
        self.stood: list[tuple[dt.date, str | None]] = []
        self.climber = None if programme.levels is None else Climber(programme.levels, joined_on=joined_on)
        self.seen = Seen(programme, joined_on)

    def facts(self, purchase: Purchase, level: str | None) -> MemberFacts:
        """The member at the moment of a purchase."""
        known = replace(self.known, level=level, purchases=len(self.sold))
        return self.seen.facts(known, purchase.on)

    def remember(
        self,
        purchase: Purchase,
        given: Sequence[int],
        counters: Sequence[tuple[str, Earning]],
        member: MemberFacts,
        shrinks: tuple[Purchase, Purchase] | None,
    ) -> None:
        """Keep a receipt for levels and rewards, where there are any."""
        if self.programme.levels is None and not self.programme.rewards:
            return
        on_counters = tuple((code, points) for (code, _), points in zip(counters, given[1:], strict=True))
        returns_on = None if shrinks is None else shrinks[0].on
        new = Lived(purchase, given[0], on_counters, returns_on, member, shrinks)
        self.lives.append(new)
        if self.programme.levels is not None:
            # A day in a store may be one visit, so the receipts of the day before it have their say.
            before = self.past[new.counted_on, purchase.store]
            moved = self._moved([*before, new])[len(self._moved(before)) :]
            before.append(new)
            if self.climber is not None:
                self.climber.add(moved)

    def _moved(self, past: Sequence[Lived]) -> tuple[Moved, ...]:
        levels = self.programme.levels
        by_day = self.programme.visit == "day"
        return (
            ()
            if levels is None
            else movements(measures(levels), past, excluded=self.programme.excluded, by_store_day=by_day)
        )

    def level(self, day: dt.date) -> str | None:
        """The level of a day, None in a programme without levels."""
        return None if self.climber is None else self.climber.level(day)


def _earning_of(counter: Counter) -> Earning:
    return Earning(rules=counter.rules, rounding=counter.rounding)
