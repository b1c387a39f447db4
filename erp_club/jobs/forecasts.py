"""Works off a forecast that was asked for on an offer's page."""

import datetime as dt

from sqlalchemy.orm import Session

from erp_club.jobs import commands
from erp_club.jobs.declared import Cursor, Job, Run, Step
from erp_club.kernel.text import N_
from erp_club.permissions.actors import Actor
from erp_club.reports import runs
from erp_club.reports.forecast import forecast


def _batch(session: Session, run: Run, _cursor: Cursor) -> Step:
    forecast_id = int(run.parameters["forecast"])
    asked = runs.asked(session, forecast_id)
    outcome = forecast(session, asked.offers, asked.period, progress=run.tell)
    runs.keep(session, forecast_id, outcome)
    return Step(None, 0, {"receipts": outcome.receipts, "baskets": outcome.baskets})


FORECAST = Job(
    name="forecast",
    title=N_("Forecasts of offers"),
    about=N_("Prices past receipts again with an offer. Started on the page of the offer."),
    batch=_batch,
    counts={"receipts": N_("Receipts"), "baskets": N_("Baskets touched")},
    by_hand=False,
)


def start(session: Session, forecast_id: int, *, today: dt.date, now: dt.datetime, by: Actor) -> None:
    """Let a worker begin with the forecast."""
    commands.ask(session, FORECAST, as_of=today, parameters={"forecast": forecast_id}, now=now, by=by)
