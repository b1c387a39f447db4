"""The back office's first page: how the chain and its clubs do."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response

from erp_club.jobs import queries as runs
from erp_club.jobs.approvals import queries as run_approvals
from erp_club.jobs.verify import LEDGER_VERIFY
from erp_club.permissions.catalog import Permission
from erp_club.permissions.tries import queries as tries
from erp_club.points.units import Unit
from erp_club.reports import queries
from erp_club.reports.years import shown_year
from web.deps import Act, ActRoute, needs
from web.scopes import stores_of_reports
from web.views.home import Step, Waiting, steps, waiting
from web.views.sales import Month, of_year, whole_year
from web.views.sums import PointsSum, sums

router = APIRouter(route_class=ActRoute, tags=["home"])


class ClubLine(BaseModel):
    """A club's members of today and their points."""

    club_id: int
    code: str
    names: dict[str, str]
    tone: str
    state: str
    members: int
    points: int
    unit: Unit
    worth_minor: int
    currency: str


class StoreLine(BaseModel):
    """What one store sold."""

    store_id: int
    name: str
    receipts: int
    sales_minor: int


class HomePage(BaseModel):
    """The chain's figures; `year` is the calendar year shown, None before the first sale.

    Sales are those of the reader's own store where reports show no other (`scoped`); `identified_bp` is the share of
    the sales whose customer is known, as the reports say it.

    `own_locks` are when the reader's own sign-in was locked after wrong tries within a day; `locks` counts all such
    locks of a day, for who sees the staff. `runs_waiting` are the runs of jobs that the reader may approve.
    `wrong_rows` is how many the newest proof of the ledgers, `proof_run`, has found. `waiting` is what waits for the
    reader's decision, `steps` how far a chain is that has sold nothing yet.
    """

    own_locks: list[dt.datetime]
    locks: int
    runs_waiting: int
    wrong_rows: int
    proof_run: int | None
    waiting: list[Waiting]
    steps: list[Step]
    scoped: bool
    year: int | None
    years: list[int]
    customers: int
    members: int
    joined: int
    receipts: int
    sales_minor: int
    identified_bp: int | None
    points: int
    sums: list[PointsSum]
    points_worth_minor: int
    months: list[Month]
    clubs: list[ClubLine]
    stores: list[StoreLine]


@router.get("/", name="home", response_model=HomePage)
def home(
    act: Annotated[Act, needs(Permission.HOME_VIEW, otherwise="/till")],
    year: Annotated[int | None, Query(ge=1900, le=2999)] = None,
) -> Response:
    """The chain's figures for a year, by month, club and store."""
    own = stores_of_reports(act.session, act.by)
    sold = {row.month: row for row in queries.sales_by_month(act.session, store_ids=own)}
    shown = year or shown_year(sold)
    clubs = queries.club_figures(act.session, today=act.today)
    figures = of_year(act.session, shown, store_ids=own)
    proof = runs.last_done(act.session, LEDGER_VERIFY.name) if act.may(Permission.JOBS_VIEW) else None
    view = HomePage(
        own_locks=tries.own_lockouts(act.session, act.by.staff_id or 0, now=act.now),
        locks=tries.recent_lockouts(act.session, store_id=act.by.store_id, now=act.now)
        if act.may(Permission.STAFF_VIEW)
        else 0,
        runs_waiting=run_approvals.count_for(act.session, act.by.staff_id or 0)
        if act.may(Permission.POINTS_APPROVE) and act.may(Permission.JOBS_VIEW)
        else 0,
        wrong_rows=proof.counts.get("wrong", 0) if proof else 0,
        proof_run=proof.id if proof else None,
        waiting=waiting(act),
        steps=[] if shown else steps(act),
        scoped=own is not None,
        year=shown,
        years=sorted({month.year for month in sold} | ({shown} if shown else set()), reverse=True),
        customers=queries.customers_in_all(act.session),
        members=sum(club.members for club in clubs),
        joined=queries.joined_in(act.session, year=shown) if shown else 0,
        receipts=figures.receipts,
        sales_minor=figures.sales_minor,
        identified_bp=figures.identified_bp,
        points=sum(club.points for club in clubs),
        sums=sums((club.points, club.unit) for club in clubs if club.points),
        points_worth_minor=sum(club.worth_minor for club in clubs if club.currency == act.chain.currency),
        months=whole_year(shown, sold) if shown else [],
        clubs=[ClubLine.model_validate(club, from_attributes=True) for club in clubs],
        stores=[
            StoreLine.model_validate(store, from_attributes=True)
            for store in (queries.best_stores(act.session, year=shown, store_ids=own) if shown else [])
        ],
    )
    return act.answer(view, "home/home.html")
