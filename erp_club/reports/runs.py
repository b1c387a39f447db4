"""Forecasts that people ask for: what is to be replayed, and the outcome once a worker has done it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel import audit
from erp_club.kernel.errors import FieldError, Invalid, NotFound
from erp_club.kernel.text import T
from erp_club.organisation.models import Store
from erp_club.permissions.actors import Actor
from erp_club.promotions.documents import short
from erp_club.promotions.engine.offer import Offer
from erp_club.reports.forecast import Forecast, Period
from erp_club.reports.models import ForecastRun

MOST_DAYS = 800


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be replayed."""

    offers: tuple[Offer, ...]
    period: Period


@dataclass(frozen=True, slots=True)
class RunRow:
    """A forecast; `outcome` as `kept` wrote it, None before it is done."""

    id: int
    offer_id: int | None
    first: dt.date
    last: dt.date
    store: str | None
    outcome: dict[str, Any] | None
    asked_at: dt.datetime


def ask(
    session: Session, offers: Sequence[Offer], period: Period, *, offer_id: int | None, now: dt.datetime, by: Actor
) -> int:
    """Ask for a forecast of the offers over the period, and give its id. Raises Invalid for a period that can't be."""
    if period.last < period.first:
        raise Invalid([FieldError("last_day", T("The last day is before the first one."))])
    if (period.last - period.first).days >= MOST_DAYS:
        raise Invalid([FieldError("last_day", T("Choose at most %(days)s days.", days=MOST_DAYS))])
    run_id = session.scalar(
        sa.insert(ForecastRun)
        .values(
            offer_id=offer_id,
            documents=[short(offer) for offer in offers],
            first_day=period.first,
            last_day=period.last,
            store_id=period.store_id,
            asked_at=now,
            staff_id=by.staff_id,
        )
        .returning(ForecastRun.id)
    )
    assert run_id is not None
    after = {"first_day": period.first, "last_day": period.last, "offers": [offer.code for offer in offers]}
    audit.record(session, by=by, now=now, action="forecast.ask", entity="forecast", entity_id=run_id, after=after)
    return run_id


def asked(session: Session, run_id: int) -> Asked:
    """What the forecast is about."""
    row = session.execute(
        sa.select(ForecastRun.documents, ForecastRun.first_day, ForecastRun.last_day, ForecastRun.store_id).where(
            ForecastRun.id == run_id
        )
    ).one()
    offers = tuple(Offer.model_validate(document) for document in row.documents)
    return Asked(offers, Period(row.first_day, row.last_day, row.store_id))


def keep(session: Session, run_id: int, outcome: Forecast) -> None:
    """Keep what came out."""
    session.execute(sa.update(ForecastRun).where(ForecastRun.id == run_id).values(outcome=kept(outcome)))


def kept(outcome: Forecast) -> dict[str, Any]:
    """The outcome as JSON: days, stores and offers as lists of their name and figures."""
    parts = {
        name: [{"name": str(key), **asdict(part)} for key, part in getattr(outcome, name).items()]
        for name in ("days", "stores", "offers")
    }
    for each in parts["offers"]:
        each["uses"] = outcome.uses.get(each["name"], 0)
    return {
        "receipts": outcome.receipts,
        "baskets": outcome.baskets,
        "members": outcome.members,
        "before_minor": outcome.before_minor,
        "cost_minor": outcome.cost_minor,
        "points": outcome.points,
        "gifts": outcome.gifts,
        "gifts_minor": outcome.gifts_minor,
        "uplift_bp": outcome.uplift_bp,
        **parts,
    }


def run(session: Session, run_id: int) -> RunRow:
    """One run. Raises NotFound."""
    found = _rows(session, ForecastRun.id == run_id)
    if not found:
        raise NotFound(T("There is no such forecast."), code="forecast-unknown")
    return found[0]


def runs_of(session: Session, offer_id: int, *, limit: int = 5) -> list[RunRow]:
    """The newest runs of an offer."""
    return _rows(session, ForecastRun.offer_id == offer_id, limit=limit)


def _rows(session: Session, which: sa.ColumnElement[bool], *, limit: int = 1) -> list[RunRow]:
    rows = session.execute(
        sa.select(
            ForecastRun.id,
            ForecastRun.offer_id,
            ForecastRun.first_day,
            ForecastRun.last_day,
            Store.name,
            ForecastRun.outcome,
            ForecastRun.asked_at,
        )
        .outerjoin(Store, Store.id == ForecastRun.store_id)
        .where(which)
        .order_by(ForecastRun.id.desc())
        .limit(limit)
    )
    return [RunRow(*row) for row in rows]
