"""Jobs: when each runs, starting one by hand, and its runs with their progress and log."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from erp_club.jobs import commands, errors, queries, queue
from erp_club.jobs.approvals import commands as approvals
from erp_club.kernel.errors import Invalid
from erp_club.permissions.catalog import Permission
from web.deps import Act, ActRoute, needs
from web.fields import AskedDay, Body, RowId, Unsaid
from web.forms import FormState
from web.refusals import again
from web.views.jobs import JobPage, JobsPage, RunView, job_named, job_page, jobs_page, run_page

router = APIRouter(route_class=ActRoute, tags=["jobs"])
View = Annotated[Act, needs(Permission.JOBS_VIEW)]
Do = Annotated[Act, needs(Permission.JOBS_RUN)]
Approve = Annotated[Act, needs(Permission.POINTS_APPROVE)]
JobName = Annotated[str, Path(max_length=100)]


class NewRun(Body):
    """A run to begin: for which day (today where left out), and whether it only counts what it would do."""

    as_of: dt.date | None = None
    dry_run: bool = False


class RunDecision(Body):
    """Whether a run over the limit may begin."""

    approve: bool


@router.get("/jobs", name="jobs", response_model=JobsPage)
def jobs(act: View) -> Response:
    """Every job with its schedule and its newest run."""
    return act.answer(jobs_page(act), "jobs/_jobs.html" if act.htmx else "jobs/jobs.html")


def job_form(act: Act, form: FormState) -> Response:
    """The job's page, with what was refused."""
    view = job_page(act, str(act.request.path_params["job_name"]), as_of=None, older_than=None)
    return act.answer(view, "jobs/job.html", form=form)


@router.get("/jobs/{job_name}", name="jobs.job", response_model=JobPage)
def job(
    act: View,
    job_name: JobName,
    as_of: Annotated[AskedDay, Query(description="The day of the preview")] = None,
    older_than: Annotated[int | None, Query(ge=0, lt=2**63, description="Runs before this one"), Unsaid] = None,
) -> Response:
    """A job: what it does, what it would do on a day, and its runs, the newest first."""
    return act.answer(job_page(act, job_name, as_of=as_of, older_than=older_than), "jobs/job.html")


@router.post("/jobs/{job_name}/runs", name="jobs.run.add", status_code=201, response_model=RunView)
@again(job_form)
def add_run(act: Do, job_name: JobName, body: NewRun) -> Response:
    """Start a job. One that is at work for that day already is that run."""
    found = job_named(job_name)
    if not found.by_hand:
        raise errors.not_by_hand(job_name)
    as_of = body.as_of or act.today
    if as_of > act.today and not body.dry_run:
        raise Invalid([errors.too_early()])
    run_id = commands.ask(act.session, found, as_of=as_of, dry_run=body.dry_run, now=act.now, by=act.by)
    queue.nudge(act.session)
    return act.done(run_page(act, run_id), f"/job-runs/{run_id}")


def run_form(act: Act, form: FormState) -> Response:
    """The run's page, with what was refused."""
    return act.answer(run_page(act, int(act.request.path_params["run_id"])), "jobs/run.html", form=form)


@router.get("/job-runs/{run_id}", name="jobs.run", response_model=RunView)
def run(act: View, run_id: RowId) -> Response:
    """A run: how far it is, what it has counted, and its log."""
    return act.answer(run_page(act, run_id), "jobs/_run.html" if act.htmx else "jobs/run.html")


@router.post("/job-runs/{run_id}/stops", name="jobs.run.stop", status_code=201, response_model=RunView)
@again(run_form)
def stop_run(act: Do, run_id: RowId) -> Response:
    """Stop a run after the batch that it is at; what is done stays done."""
    commands.stop_run(act.session, run_id, now=act.now, by=act.by)
    return act.done(run_page(act, run_id), f"/job-runs/{run_id}")


@router.post("/job-runs/{run_id}/resumptions", name="jobs.run.resume", status_code=201, response_model=RunView)
@again(run_form)
def resume_run(act: Do, run_id: RowId) -> Response:
    """Let a stopped or failed run go on where it was."""
    commands.resume_run(act.session, run_id, now=act.now, by=act.by)
    queue.nudge(act.session)
    return act.done(run_page(act, run_id), f"/job-runs/{run_id}")


@router.post("/job-runs/{run_id}/decisions", name="jobs.run.decide", status_code=201, response_model=RunView)
@again(run_form)
def decide_run(act: Approve, run_id: RowId, body: RunDecision) -> Response:
    """Let a run over the limit begin that somebody else, or the schedule, has asked for, or refuse it for good."""
    approvals.decide_run(act.session, run_id, approve=body.approve, now=act.now, by=act.by)
    queue.nudge(act.session)
    return act.done(run_page(act, run_id), f"/job-runs/{run_id}")


@router.post("/job-runs/{run_id}/undos", name="jobs.run.undo", status_code=201, response_model=RunView)
@again(run_form)
def undo_run(act: Do, run_id: RowId) -> Response:
    """Take a finished run back, by another run that compensates what it did."""
    name = queries.name_of(act.session, run_id)
    undo_id = commands.undo_run(act.session, run_id, job_named(name), today=act.today, now=act.now, by=act.by)
    queue.nudge(act.session)
    return act.done(run_page(act, undo_id), f"/job-runs/{undo_id}")
