"""What a programme would have given: past receipts replayed under it, beside the one in force (M-03, P-18).

Every known customer's receipts go by in the order of time, counted where the club held the customer that day; of a club
that isn't there yet everybody counts, as if joined at the first purchase. Prices, discounts and payments stand as they
were; products, segments and birthdays are today's. A return is counted as if what came back had never been bought.
Points are counted when they are earned, and cost what they are worth when they pay.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.models import Club
from erp_club.kernel.money import Rounding, round_div
from erp_club.programmes.documents import parts
from erp_club.programmes.engine.calendar import span_of
from erp_club.programmes.engine.climb import Climber, measures
from erp_club.programmes.engine.earn import Earned, earn, earn_by
from erp_club.programmes.engine.earning import Counter, Earning, PerMoney
from erp_club.programmes.engine.facts import MemberFacts, Moved, Purchase
from erp_club.programmes.engine.measure import Lived, movements
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.taken_back import mirrored, without
from erp_club.programmes.past.queries import PORTION, Past, customers_segments, past_receipts

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Side:
    """What one programme gives: points by the first day of the month, and members by the level of the last day.

    `worth_points` of them pay `worth_minor`; 0 where points don't pay.
    """

    worth_points: int
    worth_minor: int
    months: dict[dt.date, int] = field(default_factory=lambda: defaultdict(int))
    levels: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def points(self) -> int:
        """All points."""
        return sum(self.months.values())

    def cost_minor(self, points: int) -> int:
        """What so many points cost when they pay."""
        return round_div(points * self.worth_minor, self.worth_points, Rounding.HALF_UP) if self.worth_points else 0


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The outcome: `receipts` of `members` were replayed. `held` is the programme in force, None where none is."""

    receipts: int
    members: int
    tried: Side
    held: Side | None

    @property
    def months(self) -> list[dt.date]:
        """Every month in which either side gave something, in order."""
        return sorted({*self.tried.months, *(self.held.months if self.held else ())})

    @property
    def levels(self) -> list[str]:
        """The levels of both sides, each once."""
        return list(dict.fromkeys([*(self.held.levels if self.held else ()), *self.tried.levels]))


def by_rate(session: Session, code: str) -> Programme | None:
    """The club's own rate as a programme, for a club that was set up without a document; None for no such club."""
    club = session.scalar(sa.select(Club).where(Club.code == code))
    if club is None:
        return None
    rule = {"kind": "money", "code": "rate", "points": club.earn_points, "per_minor": club.earn_per_minor}
    said = {
        "code": club.code,
        "names": club.names,
        "currency": club.currency,
        "earning": {"rules": [rule] if club.earn_points else []},
        "redemption": {"worth_points": club.worth_points, "worth_minor": club.worth_minor},
    }
    return Programme.model_validate(said)


def _month(day: dt.date) -> dt.date:
    return day.replace(day=1)


def what_if(
    session: Session, tried: Programme, held: Programme | None, *, today: dt.date, progress: Progress
) -> WhatIf:
    """Replay all past receipts under `tried`, and under `held` where that is given.

    `progress` is told how many receipts of how many are done.
    """
    club_id = session.scalar(sa.select(Club.id).where(Club.code == tried.code))
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
    return WhatIf(receipts, members, sides[0].side, sides[1].side if held is not None else None)


class Replay:
    """One programme over the life of one member after another; `step` is the day that stands for a day's months."""

    def __init__(self, programme: Programme, today: dt.date, *, step: Callable[[dt.date], dt.date] = _month) -> None:
        self.programme, self.today, self.step = programme, today, step
        paying = programme.redemption
        self.side = Side(paying.worth_points, paying.worth_minor) if paying else Side(0, 0)
        self.by_level = any(getattr(part, "levels", ()) for _, part in parts(programme.earning))
        self.counters = tuple((each.code, _earning_of(each)) for each in programme.counters)
        if programme.levels is not None:
            self.side.levels.update(dict.fromkeys((each.code for each in programme.levels.levels), 0))

    def live(self, receipts: Sequence[Past], segments: frozenset[str]) -> None:
        """Take a member's receipts in the order of time."""
        life = _Life(self.programme, receipts[0].joined_on or receipts[0].purchase.on, receipts[0].birthday, segments)
        for each in receipts:
            level = life.level(each.purchase.on) if self.by_level else None
            points = self._take(life, each, level)
            if points:
                self.side.months[self.step(each.purchase.on)] += points
        level = life.level(self.today)
        if level is not None:
            self.side.levels[level] += 1

    def _take(self, life: "_Life", past: Past, level: str | None) -> int:
        """The points of one receipt, below zero for a return."""
        original = life.sold.get(past.original_id or 0)
        if original is not None:
            bought, member = original
            kept = without(bought, past.purchase.lines, past.original_lines)
            before, after = self._earned(bought, member), self._earned(kept, member)
            life.sold[past.original_id or 0] = (kept, member)
            given = tuple(new - old for old, new in zip(before, after, strict=True))
            life.remember(past.purchase, given, self.counters, member, bought.on)
            return given[0]
        member = life.facts(past.purchase, level)
        if past.purchase.total_minor < 0:
            given = tuple(-each for each in self._earned(mirrored(past.purchase), member))
        else:
            made = earn(self.programme, past.purchase, member)
            life.note(past.purchase, made)
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
        self.climber = None if programme.levels is None else Climber(programme.levels, joined_on=joined_on)
        self.day = dt.date.min
        self.visited: set[tuple[str, str]] = set()
        self.points_today: dict[str, int] = {}
        self.growing = {
            rule.code: rule.growing for rule in programme.earning.rules if isinstance(rule, PerMoney) and rule.growing
        }
        self.counted: dict[str, list[tuple[dt.date, int]]] = defaultdict(list)

    def facts(self, purchase: Purchase, level: str | None) -> MemberFacts:
        """The member at the moment of a purchase."""
        if purchase.on != self.day:
            self.day, self.visited, self.points_today = purchase.on, set(), {}
        so_far: dict[str, int] = {}
        for code, growing in self.growing.items():
            first = span_of(growing.period, purchase.on, joined_on=self.joined_on).first
            so_far[code] = sum(counted for on, counted in self.counted[code] if on >= first)
        return replace(
            self.known,
            level=level,
            purchases=len(self.sold),
            so_far=so_far,
            points_today=dict(self.points_today),
            visited=frozenset(self.visited),
        )

    def note(self, purchase: Purchase, made: Earned) -> None:
        """Keep what the next purchases of the day and the period ask about."""
        for rule in made.rules:
            if rule.points:
                self.visited.add((rule.rule, purchase.store))
            self.points_today[rule.rule] = self.points_today.get(rule.rule, 0) + rule.points
            if rule.rule in self.growing:
                self.counted[rule.rule].append((purchase.on, rule.counted))
        self.points_today[""] = self.points_today.get("", 0) + made.points

    def remember(
        self,
        purchase: Purchase,
        given: Sequence[int],
        counters: Sequence[tuple[str, Earning]],
        member: MemberFacts,
        returns_on: dt.date | None,
    ) -> None:
        """Keep a receipt for the levels, where there are any."""
        if self.programme.levels is not None:
            on_counters = tuple((code, points) for (code, _), points in zip(counters, given[1:], strict=True))
            new = Lived(purchase, given[0], on_counters, returns_on, member)
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
