"""What came out of replaying past receipts under a programme. Pure."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field

from erp_club.kernel.money import Rounding, round_div
from erp_club.reports.what_if_rewards import Rewarded


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
