"""Forecasts of offers: asked for on the offer's page, shown as they come along."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from erp_club.jobs import forecasts, queue
from erp_club.organisation import queries as organisation
from erp_club.permissions.catalog import Permission
from erp_club.promotions import queries
from erp_club.reports import runs
from erp_club.reports.forecast import Period, usual_month
from web import store_picking as picking
from web.deps import Act, ActRoute, needs
from web.fields import RowId, SmallRowId
from web.forms import FormState
from web.refusals import again
from web.views.forecasts import ForecastView, forecast_view

router = APIRouter(route_class=ActRoute, tags=["offers"])
View = Annotated[Act, needs(Permission.OFFERS_VIEW)]
Edit = Annotated[Act, needs(Permission.OFFERS_EDIT)]


class NewForecast(picking.AtStore):
    """Which receipts to replay: days, both included, of one store or of all; else the last full month with sales."""

    first_day: dt.date | None = None
    last_day: dt.date | None = None


class ForecastForm(BaseModel):
    """What the form of a forecast begins with."""

    offer_id: int
    code: str
    first_day: dt.date
    last_day: dt.date
    stores: list[picking.StoreChoice]


def forecast_form_page(act: Act, form: FormState) -> Response:
    """The form of a forecast, as it was typed."""
    held = queries.offer(act.session, int(act.request.path_params["offer_id"]))
    first, last = usual_month(act.session, act.today)
    view = ForecastForm(
        offer_id=held.id,
        code=held.code,
        first_day=first,
        last_day=last,
        stores=picking.choices(organisation.stores(act.session)),
    )
    return act.answer(view, "offers/_forecast_form.html" if act.htmx else "offers/forecast_form.html", form=form)


@router.get("/offers/{offer_id}/forecasts/new", name="offers.forecast.form", response_model=ForecastForm)
def forecast_form(act: Edit, offer_id: SmallRowId) -> Response:  # noqa: ARG001
    """The form of a forecast."""
    return forecast_form_page(act, FormState())


@router.post("/offers/{offer_id}/forecasts", name="offers.forecast.add", status_code=201, response_model=ForecastView)
@again(forecast_form_page)
def add_forecast(act: Edit, offer_id: SmallRowId, body: NewForecast) -> Response:
    """Ask for a forecast of the offer's newest version beside all others in force."""
    held = queries.offer(act.session, offer_id)
    body = picking.with_store(body, organisation.stores(act.session))
    first, last = usual_month(act.session, act.today)
    period = Period(body.first_day or first, body.last_day or (last if body.first_day is None else act.today), None)
    if body.store_id is not None:
        period = Period(period.first, period.last, organisation.store(act.session, body.store_id).id)
    run_id = runs.ask(act.session, [held.latest.offer], period, offer_id=offer_id, now=act.now, by=act.by)
    forecasts.start(act.session, run_id, today=act.today, now=act.now, by=act.by)
    queue.nudge(act.session)
    return act.done(forecast_view(act, run_id), f"/forecasts/{run_id}")


@router.get("/forecasts/{run_id}", name="offers.forecast", response_model=ForecastView)
def forecast(act: View, run_id: RowId) -> Response:
    """A forecast as it stands: how far it is, or what came out."""
    view = forecast_view(act, run_id)
    if view.open:
        # Whoever looks at a run that a process left behind lets another one take it up.
        forecasts.start(act.session, run_id, today=act.today, now=act.now, by=act.by)
    queue.nudge(act.session)
    return act.answer(view, "offers/_forecast.html" if act.htmx else "offers/forecast.html")
