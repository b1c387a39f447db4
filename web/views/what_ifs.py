"""What pages show of a replay of a programme: how far it is, what came out, and one member's year."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from erp_club.jobs import queries as jobs
from erp_club.jobs.kinds import OPEN, RunState
from erp_club.jobs.what_if import WHAT_IF
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from erp_club.permissions.catalog import Permission
from erp_club.programmes.engine.gifts import Given, PointsGiven
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import PeriodReward
from erp_club.programmes.engine.settle import things
from erp_club.programmes.events.queries import Named, person
from erp_club.reports import what_if_runs
from erp_club.reports.what_if import a_year
from erp_club.reports.what_if_gifts import gives_on_the_way
from erp_club.reports.what_if_occasions import gives_on_occasions
from erp_club.reports.what_if_told import Year
from web.deps import Act
from web.views.clubs import ClubLine, club_line


class SideFigures(BaseModel):
    """Of one month: points, what periods gave, and what both cost."""

    points: int
    rewards_minor: int
    cost_minor: int


class MonthFigures(BaseModel):
    """A month under both programmes."""

    month: dt.date
    tried: SideFigures
    held: SideFigures


class LevelFigures(BaseModel):
    """How many members stand on a level by now."""

    level: str
    names: dict[str, str]
    tried: int
    held: int


class RewardFigures(BaseModel):
    """What a rule for periods gave, in minor units, in points where `in_points`, or so many things where `is_count`."""

    rule: str
    names: dict[str, str]
    in_points: bool
    is_count: bool
    tried: int
    held: int


class WhatIfOutcome(BaseModel):
    """What came out. `everybody`: the club has no members yet, so all known customers counted."""

    receipts: int
    members: int
    everybody: bool
    compared: bool
    months: list[MonthFigures]
    levels: list[LevelFigures]
    rewards: list[RewardFigures]

    def total(self, side: str, figure: str) -> int:
        """A figure of a side over all months."""
        return sum(getattr(getattr(each, side), figure) for each in self.months)


class YearStep(BaseModel):
    """A receipt under both programmes."""

    purchase_id: int
    on: dt.date
    total_minor: int
    points: int
    points_held: int | None
    level: str | None
    level_held: str | None


class YearReward(BaseModel):
    """What a period gave: `held` by the version in force, else by the one that is tried; `is_count`: so many things."""

    held: bool
    rule: str
    on: dt.date
    value: int
    in_points: bool
    is_count: bool


class MemberYear(BaseModel):
    """One member's past year."""

    number: str
    first: dt.date
    last: dt.date
    steps: list[YearStep]
    rewards: list[YearReward]


class WhatIfView(BaseModel):
    """A replay as it stands; `done` of `total` receipts are replayed."""

    id: int
    club: ClubLine
    state: RunState
    done: int
    total: int
    seconds: float | None = Field(description="How long it took")
    asked_at: dt.datetime
    outcome: WhatIfOutcome | None
    member: MemberYear | None = None

    @property
    def open(self) -> bool:
        """Whether there is still something to wait for."""
        return self.state in OPEN


def what_if_view(act: Act, run_id: int) -> WhatIfView:
    """One replay. Raises NotFound."""
    row = what_if_runs.run(act.session, run_id)
    work = jobs.run_with(act.session, WHAT_IF.name, {"what_if": row.id})
    held = what_if_runs.beside(act.session, row, today=act.today)
    took = None if work.finished_at is None or work.started_at is None else work.finished_at - work.started_at
    return WhatIfView(
        id=row.id,
        club=club_line(act, row.club_id),
        state=work.state,
        done=work.done,
        total=work.total,
        seconds=None if took is None else took.total_seconds(),
        asked_at=row.asked_at,
        outcome=None if row.outcome is None else _outcome(row.outcome, row.programme, held),
    )


def member_view(act: Act, run_id: int, number: str) -> WhatIfView:
    """The replay with one member's year. Raises NotFound, Invalid `number`, Conflict `what-if-running`."""
    view = what_if_view(act, run_id)
    if view.outcome is None:
        raise what_if_runs.not_done()
    if not act.by.may(Permission.CUSTOMERS_VIEW):
        raise Invalid([FieldError("number", T("You may not see customers."))])
    customer_id = person(act.session, Named(number=number), field="number", whole=True)
    row = what_if_runs.run(act.session, run_id)
    held = what_if_runs.beside(act.session, row, today=act.today)
    year = a_year(act.session, row.programme, held, customer_id, today=act.today)
    return view.model_copy(update={"member": _year(number, year, compared=held is not None)})


def _year(number: str, year: Year, *, compared: bool) -> MemberYear:
    return MemberYear(
        number=number,
        first=year.first,
        last=year.last,
        steps=[
            YearStep(
                purchase_id=each.receipt_id,
                on=each.on,
                total_minor=each.total_minor,
                points=each.points[0],
                points_held=each.points[1] if compared else None,
                level=each.levels[0],
                level_held=each.levels[1] if compared else None,
            )
            for each in year.steps
        ],
        rewards=[
            YearReward(
                held=bool(side),
                rule=each.rule,
                on=each.on,
                value=each.value if each.things is None else each.things,
                in_points=each.in_points,
                is_count=each.things is not None,
            )
            for side, given in enumerate(year.rewards)
            for each in given
        ],
    )


def _figures(told: dict[str, Any], rule: PeriodReward | None) -> dict[str, Any]:
    counts = {side: None if rule is None else things(rule, told[side]) for side in ("tried", "held")}
    is_count = None not in counts.values()
    return (
        told
        | (counts if is_count else {})
        | {
            "names": {} if rule is None else rule.names,
            "in_points": rule is not None and isinstance(rule.gives, PointsGiven),
            "is_count": is_count,
        }
    )


def _of_gift(told: dict[str, Any], names: Mapping[str, str], gives: Given) -> dict[str, Any]:
    """What a level, a milestone or staying gave: points, money, or so many things."""
    in_points = isinstance(gives, PointsGiven)
    is_count = not in_points and getattr(gives, "amount_minor", None) is None
    return told | {"names": names, "in_points": in_points, "is_count": is_count}


def _outcome(told: dict[str, Any], tried: Programme, held: Programme | None) -> WhatIfOutcome:
    sides = [each for each in (tried, held) if each is not None]
    levels = {level.code: level.names for each in sides if each.levels for level in each.levels.levels}
    rewards = {rule.code: rule for each in sides for rule in each.rewards}
    on_the_way = {rule: given for each in sides for rule, given in gives_on_the_way(each).items()}
    on_the_way |= {rule: given for each in sides for rule, given in gives_on_occasions(each).items()}
    return WhatIfOutcome.model_validate(
        told
        | {
            "levels": [each | {"names": levels.get(each["level"], {})} for each in told["levels"]],
            "rewards": [
                _of_gift(each, *on_the_way[each["rule"]])
                if each["rule"] in on_the_way
                else _figures(each, rewards.get(each["rule"]))
                for each in told["rewards"]
            ],
        }
    )
