"""What pages show of forecasts: how far one is, and what came out."""

import datetime as dt
from typing import Any

from pydantic import BaseModel

from erp_club.clubs.units.queries import unit_of_clubs
from erp_club.jobs import queries as jobs
from erp_club.jobs.forecasts import FORECAST
from erp_club.jobs.kinds import OPEN, RunState
from erp_club.organisation import queries as organisation
from erp_club.points.units import Unit
from erp_club.promotions import queries as offers
from erp_club.reports import runs
from web.deps import Act
from web.views.offer_form import names_of

MOST_BARS = 100


class Figures(BaseModel):
    """Of one day, store or offer."""

    name: str
    baskets: int
    cost_minor: int
    uses: int = 0


class DayFigures(BaseModel):
    """Of one day."""

    day: dt.date
    baskets: int
    cost_minor: int


class Outcome(BaseModel):
    """What the offers would have done: see `reports.forecast.Forecast`."""

    receipts: int
    baskets: int
    members: int
    before_minor: int
    cost_minor: int
    points: int
    gifts: int = 0
    gifts_minor: int = 0
    uplift_bp: int
    days: list[DayFigures]
    stores: list[Figures]
    offers: list[Figures]


class ForecastView(BaseModel):
    """A forecast as it stands; `done` of `total` receipts are priced."""

    id: int
    offer_id: int | None
    names: dict[str, str]
    first_day: dt.date
    last_day: dt.date
    store: str | None
    state: RunState
    done: int
    total: int
    currency: str
    unit: Unit | None
    asked_at: dt.datetime
    outcome: Outcome | None

    @property
    def open(self) -> bool:
        """Whether there is still something to wait for."""
        return self.state in OPEN


def forecast_view(act: Act, run_id: int) -> ForecastView:
    """One forecast. Raises NotFound."""
    return _view(act, runs.run(act.session, run_id))


def forecasts_of(act: Act, offer_id: int) -> list[ForecastView]:
    """The newest forecasts of an offer."""
    return [_view(act, row) for row in runs.runs_of(act.session, offer_id)]


def _view(act: Act, row: runs.RunRow) -> ForecastView:
    names = {} if row.offer_id is None else names_of(offers.offer(act.session, row.offer_id).latest.offer)
    outcome: dict[str, Any] | None = row.outcome
    if outcome is not None:
        outcome = outcome | {"days": _days(row.first, row.last, outcome["days"])}
    if outcome is not None and outcome["stores"]:
        called = {store.code: store.name for store in organisation.stores(act.session)}
        stores = [each | {"name": called.get(each["name"], each["name"])} for each in outcome["stores"]]
        outcome = outcome | {"stores": stores}
    work = jobs.run_with(act.session, FORECAST.name, {"forecast": row.id})
    return ForecastView(
        id=row.id,
        offer_id=row.offer_id,
        names=names,
        first_day=row.first,
        last_day=row.last,
        store=row.store,
        state=work.state,
        done=work.done,
        total=work.total,
        currency=act.chain.currency,
        unit=unit_of_clubs(act.session),
        asked_at=row.asked_at,
        outcome=None if outcome is None else Outcome.model_validate(outcome),
    )


def _days(first: dt.date, last: dt.date, told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every day of a period that a chart can hold, else those on which something happened."""
    by_day = {each["name"]: each for each in told}
    days = [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]
    if not told or len(days) > MOST_BARS:
        days = [dt.date.fromisoformat(name) for name in by_day]
    return [{"day": day, "baskets": 0, "cost_minor": 0} | by_day.get(day.isoformat(), {}) for day in days]
