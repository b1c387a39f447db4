"""Programmes of points: setting one up, seeing what it would do, running it."""

import datetime as dt
import re
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field, StringConstraints
from starlette.responses import Response

from erp_club.clubs.units import queries as units
from erp_club.jobs import commands as jobs
from erp_club.jobs import queue
from erp_club.jobs.programmes import commands, job, queries
from erp_club.jobs.programmes.commands import ProgrammeSettings
from erp_club.jobs.programmes.job import POINTS_PROGRAMME
from erp_club.jobs.programmes.rules import Effect, Rounding
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from erp_club.permissions.catalog import Permission
from erp_club.points.units import POINTS, Unit
from web import lists
from web.deps import Act, ActRoute, needs
from web.fields import AmountText, Body, InUnits, PointsNumber, SmallRowId, Storable, Word, parts_of
from web.formats import localised
from web.forms import FormState
from web.refusals import again
from web.taken_out import taken_out
from web.views.jobs import RunView, run_page
from web.views.points_programmes import (
    ProgrammeForm,
    ProgrammePage,
    ProgrammesPage,
    programme_form,
    programme_page,
    programmes_page,
)

router = APIRouter(route_class=ActRoute, tags=["jobs"])
Do = Annotated[Act, needs(Permission.POINTS_PROGRAMMES)]
MOST_POINTS, MOST_NUMBERS = 10**9, 10_000
Numbers = Annotated[str, StringConstraints(max_length=200_000), Storable]


class NewProgramme(Body):
    """A programme to set up: with `percent` a share of the balance (`-10` takes a tenth), else `points`.

    `numbers` are customer numbers with spaces, commas or lines between them; left out, all chosen by the rest. Of a
    segment are those who are in it when the programme runs.
    """

    name: Word
    club_id: Annotated[int, Field(ge=0, lt=2**31)]
    effect: Effect
    points: Annotated[PointsNumber, Field(ge=-MOST_POINTS, le=MOST_POINTS)] | None = None
    in_units: InUnits = False
    percent: Annotated[AmountText, Field(ge=-100_00, le=1_000_00)] | None = None
    rounding: Rounding = Rounding.DOWN
    joined_from: dt.date | None = None
    joined_to: dt.date | None = None
    inactive_since: dt.date | None = None
    segment_id: Annotated[int, Field(ge=1, lt=2**31)] | None = None
    numbers: Numbers | None = None
    last_day: dt.date | None = None
    run_on: dt.date | None = None

    def settings(self, unit: Unit) -> ProgrammeSettings:
        """As the command takes them, of a club whose accounts count in `unit`. Raises Invalid."""
        numbers = tuple(dict.fromkeys(each for each in re.split(r"[\s,;]+", self.numbers or "") if each))
        if len(numbers) > MOST_NUMBERS:
            raise Invalid([FieldError("numbers", T("Enter at most %(most)s.", most=MOST_NUMBERS))])
        amounts = {Effect.ZERO: 0, Effect.PERCENT: self.percent or 0}
        return ProgrammeSettings(
            name=self.name,
            club_id=self.club_id,
            effect=self.effect,
            amount=amounts[self.effect]
            if self.effect in amounts
            else parts_of(self.points or Decimal(0), unit, in_units=self.in_units),
            rounding=self.rounding,
            joined_from=self.joined_from,
            joined_to=self.joined_to,
            inactive_since=self.inactive_since,
            segment_id=self.segment_id,
            numbers=numbers or None,
            last_day=self.last_day,
            run_on=self.run_on,
        )


class NewProgrammeRun(Body):
    """Whether the run only counts what it would do."""

    dry_run: bool = False


@router.get("/points-programmes", name="points_programmes", response_model=ProgrammesPage)
def programmes(act: Do) -> Response:
    """The programmes, the newest first."""
    return act.answer(programmes_page(act), "points_programmes/programmes.html")


@router.get("/points-programmes.{suffix}", name="points_programmes.file", responses=lists.FILE_ANSWERS)
def programmes_file(
    act: Annotated[Act, needs(Permission.POINTS_PROGRAMMES, fresh=True)], suffix: Literal["csv", "xlsx"]
) -> Response:
    """All programmes as a file; `amount` is in points, of a share in percent."""
    header = ("name", "effect", "amount", "club", "joined_from", "joined_to", "inactive_since", "segment", "customers",
              "last_day", "run_on", "state", "made_at", "made_by")  # fmt: skip
    rows = (
        (each.name, each.effect.value,
         Decimal(each.amount).scaleb(-2) if each.effect is Effect.PERCENT else each.unit.cell(each.amount),
         localised(each.club_names), each.joined_from, each.joined_to, each.inactive_since, each.segment,
         None if each.numbers is None else len(each.numbers), each.last_day, each.run_on, each.state.value,
         each.made_at, each.maker)
        for each in programmes_page(act, limit=None).programmes
    )  # fmt: skip
    return taken_out(act, f"points-programmes.{suffix}", header, rows)


def new_programme_page(act: Act, form: FormState) -> Response:
    """The form of a programme, as it was typed."""
    if "amount" in form.errors:
        field = "percent" if form.values.get("effect") == Effect.PERCENT else "points"
        form.errors.setdefault(field, []).extend(form.errors.pop("amount"))
    return act.answer(programme_form(act), "points_programmes/new.html", form=form)


@router.get("/points-programmes/new", name="points_programmes.new", response_model=ProgrammeForm)
def new_programme(act: Do) -> Response:
    """The form of a programme."""
    return new_programme_page(act, FormState())


@router.post("/points-programmes", name="points_programmes.add", status_code=201, response_model=ProgrammePage)
@again(new_programme_page)
def add_programme(act: Do, body: NewProgramme) -> Response:
    """Set a programme up; it does nothing before it is run."""
    programme_id = commands.set_up(
        act.session,
        body.settings(units.units(act.session).get(body.club_id, POINTS)),
        today=act.today,
        now=act.now,
        by=act.by,
    )
    return act.done(programme_page(act, programme_id), f"/points-programmes/{programme_id}")


def programme_again(act: Act, form: FormState) -> Response:
    """The programme's page, with what was refused."""
    view = programme_page(act, int(act.request.path_params["programme_id"]))
    return act.answer(view, "points_programmes/programme.html", form=form)


@router.get("/points-programmes/{programme_id}", name="points_programmes.programme", response_model=ProgrammePage)
def programme(act: Do, programme_id: SmallRowId) -> Response:  # noqa: ARG001
    """A programme: whom it touches and with how much, and its runs."""
    return programme_again(act, FormState())


@router.post(
    "/points-programmes/{programme_id}/withdrawals",
    name="points_programmes.withdraw",
    status_code=201,
    response_model=ProgrammePage,
)
@again(programme_again)
def withdraw_programme(act: Do, programme_id: SmallRowId) -> Response:
    """Run a programme no more. What it has done stays; a run is taken back on the run's page."""
    commands.withdraw(act.session, programme_id, now=act.now, by=act.by)
    return act.done(programme_page(act, programme_id), f"/points-programmes/{programme_id}")


@router.post(
    "/points-programmes/{programme_id}/runs", name="points_programmes.run", status_code=201, response_model=RunView
)
@again(programme_again)
def run_programme(act: Do, programme_id: SmallRowId, body: NewProgrammeRun) -> Response:
    """Run a programme today, once; a dry run only counts. Over the limit the run waits for somebody's approval."""
    if body.dry_run:
        queries.programme(act.session, programme_id)
    else:
        commands.runnable(act.session, programme_id)
    run_id = jobs.ask(
        act.session,
        POINTS_PROGRAMME,
        as_of=act.today,
        parameters={"programme": programme_id},
        dry_run=body.dry_run,
        key=job.key(programme_id, act.today),
        now=act.now,
        by=act.by,
    )
    queue.nudge(act.session)
    return act.done(run_page(act, run_id), f"/job-runs/{run_id}")
