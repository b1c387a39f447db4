"""The forecast of a club's settings, as the page and JSON show it."""

import datetime as dt
from dataclasses import dataclass

from pydantic import BaseModel, Field

from erp_club.clubs.kinds import ClubState
from erp_club.clubs.queries import club
from erp_club.points.rules import worth_of
from erp_club.programmes import queries as programmes
from erp_club.programmes.engine.earning import PerMoney
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import ByThreshold
from erp_club.reports.forecast import usual_month
from erp_club.reports.settings_forecast import MOST_DAYS, Tried, outlook
from erp_club.reports.what_if import by_rate
from web.deps import Act
from web.formats import day
from web.views.clubs import ClubLine, club_line

TIERS = 3
REVIEWED_PERCENT = 5
"""So many of a hundred purchases are reviewed, unless somebody says otherwise."""


@dataclass(frozen=True, slots=True)
class Edited:
    """The settings of the form; None is what the club has."""

    points: int | None
    per_minor: int | None
    join_points: int | None
    review_points: int | None
    reviewed_percent: int | None
    tiers: tuple[tuple[int, int], ...] | None


class TierView(BaseModel):
    """From so many points in the period on, a code of so much."""

    at: int
    worth_minor: int


class DrawnView(BaseModel):
    """One chart: points by day, and in all."""

    points: int
    by_day: list[int]


class ClubForecastPage(BaseModel):
    """What the settings would have given; see `settings_forecast.Outlook`. `worth_minor`: what the points are worth."""

    club: ClubLine
    first: dt.date
    last: dt.date
    points_per: int
    per_minor: int
    join_points: int
    review_points: int
    reviewed_percent: int
    tiers: list[TierView]
    days: list[str] = Field(exclude=True)
    purchases: DrawnView
    joining: DrawnView
    reviews: DrawnView
    points: int
    worth_minor: int
    codes: int
    codes_minor: int
    receipts: int
    counted: int
    members: int
    joined: int
    everybody: bool


def club_forecast_page(
    act: Act, club_id: int, edited: Edited, *, first: dt.date | None, last: dt.date | None
) -> ClubForecastPage:
    """The page. Raises NotFound for an unknown club."""
    row = club(act.session, club_id)
    versions = programmes.versions_of(act.session, club_id)
    programme = versions[0].programme if versions else by_rate(act.session, row.code)
    assert programme is not None
    tried = _tried(programme, edited)
    usual_first, usual_last = usual_month(act.session, act.today)
    if first is None and last is not None:
        first = last.replace(day=1)
    first = first or usual_first
    last = last or max(usual_last, first)
    last = min(last, first + dt.timedelta(days=MOST_DAYS - 1))
    whose = None if row.state == ClubState.DRAFT else row.id
    found = outlook(act.session, whose, programme, tried, first=first, last=last)
    return ClubForecastPage(
        club=club_line(act, club_id),
        first=first,
        last=last,
        points_per=tried.points,
        per_minor=tried.per_minor,
        join_points=tried.join_points,
        review_points=tried.review_points,
        reviewed_percent=tried.reviewed_percent,
        tiers=[TierView(at=at, worth_minor=worth) for at, worth in (*tried.tiers, *((0, 0),) * TIERS)][:TIERS],
        days=[day(each) for each in found.days],
        purchases=_drawn(found.purchases),
        joining=_drawn(found.joining),
        reviews=_drawn(found.reviews),
        points=found.points,
        worth_minor=worth_of(found.points, row.worth_points, row.worth_minor),
        codes=found.codes,
        codes_minor=found.codes_minor,
        receipts=found.receipts,
        counted=found.counted,
        members=found.members,
        joined=found.joined,
        everybody=found.everybody,
    )


def _drawn(values: tuple[int, ...]) -> DrawnView:
    return DrawnView(points=sum(values), by_day=list(values))


def _tried(programme: Programme, edited: Edited) -> Tried:
    """The edited settings, and the programme's own where they say nothing."""
    rate = next((rule for rule in programme.earning.rules if isinstance(rule, PerMoney)), None)
    events = {each.event: each.points for each in programme.earning.events}

    def chosen(said: int | None, own: int) -> int:
        return own if said is None else said

    return Tried(
        points=chosen(edited.points, rate.points if rate else 0),
        per_minor=chosen(edited.per_minor, rate.per_minor if rate else 100),
        join_points=chosen(edited.join_points, events.get("joining", 0)),
        review_points=chosen(edited.review_points, events.get("review", 0)),
        reviewed_percent=chosen(edited.reviewed_percent, REVIEWED_PERCENT),
        tiers=_tiers(programme) if edited.tiers is None else tuple(each for each in edited.tiers if each[0]),
    )


def _tiers(programme: Programme) -> tuple[tuple[int, int], ...]:
    for reward in programme.rewards:
        if isinstance(reward.function, ByThreshold):
            return tuple((step.at, step.value) for step in reward.function.steps)[-TIERS:]
    return ()
