"""What pages show of jobs: when each runs, what it would do, how far a run is and what it has said."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from erp_club.clubs.units import queries as units
from erp_club.customers.queries import names_of
from erp_club.jobs import commands, errors, queries, schedules
from erp_club.jobs.approvals import queries as approvals
from erp_club.jobs.approvals.queries import ApprovalRow
from erp_club.jobs.catalogue import BEFORE, JOBS, NIGHT
from erp_club.jobs.declared import Job, Preview, Run
from erp_club.jobs.kinds import Level, RunState
from erp_club.jobs.programmes import queries as programme_queries
from erp_club.jobs.programmes.job import POINTS_PROGRAMME
from erp_club.kernel.text import T
from erp_club.permissions.catalog import Permission
from erp_club.points.units import Unit
from web.deps import Act
from web.formats import number_text
from web.i18n import LANGUAGE, say, translate

_DAILY = re.compile(r"(\d{1,2}) (\d{1,2}) \* \* \*")
_HOURLY = re.compile(r"(\d+) \* \* \* \*")
_OFTEN = re.compile(r"\*/(\d+) \* \* \* \*")
_PAGES = {
    "points-programme": "/points-programmes/{programme}",
    "period-rewards": "/clubs/{club}/rewards/{rule}/{last}",
    "coupons-issue": "/coupon-batches/{batch}",
    "forecast": "/forecasts/{forecast}",
}
"""The page of what a run is about, by its job and its parameters."""
SHOWN = 25


class Count(BaseModel):
    """How many of something a run has dealt with; `points`: of `unit`, null where clubs count differently."""

    name: str
    label: str
    number: int
    points: bool = False
    unit: Unit | None = None


class LogLine(BaseModel):
    """A line of a run's log in the reader's language."""

    at: dt.datetime
    level: Level
    text: str


class Subject(BaseModel):
    """What a run is about where its job alone doesn't say it: a programme, a period, a batch of coupons."""

    name: str
    url: str


class ApprovalView(BaseModel):
    """What a run over the limit would come to, and what was decided about it: `approved` is None while it waits.

    `yours` is whether the reader may decide.
    """

    run_id: int
    title: str
    subject: Subject | None
    as_of: dt.date
    actor: str
    undoing: bool
    counts: list[Count]
    asked_at: dt.datetime
    ends_at: dt.datetime
    decider: str | None
    approved: bool | None
    yours: bool


class RunView(BaseModel):
    """A run as it stands. `done` of `total` is dealt with; no total where it isn't known beforehand."""

    id: int
    job: str
    title: str
    subject: Subject | None = None
    as_of: dt.date
    state: RunState
    dry_run: bool
    undo_of: int | None
    undone_by: int | None
    done: int
    total: int
    counts: list[Count]
    asked_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    actor: str
    waits_for: str | None = None
    can_undo: bool = False
    approval: ApprovalView | None = None
    lines: list[LogLine] = []

    @property
    def open(self) -> bool:
        """Whether it is still to be worked on."""
        return self.state in {RunState.QUEUED, RunState.RUNNING, RunState.STOPPING}


class JobView(BaseModel):
    """A job; `schedule` in words."""

    name: str
    title: str
    about: str
    schedule: str | None
    next_due: dt.datetime | None
    by_hand: bool
    last: RunView | None


class JobsPage(BaseModel):
    """All jobs, the runs that wait for an approval, and whether anybody does them.

    `night` are the titles of those that wait for each other, in their order.
    """

    jobs: list[JobView]
    night: list[str]
    waiting: list[ApprovalView]
    worker: bool


class SampleView(BaseModel):
    """One of those whom a run would touch; no name for those who may not see customers."""

    customer_id: int
    number: str
    name: str
    points: int
    unit: Unit | None


class PreviewView(BaseModel):
    """Whom a run would touch."""

    counts: list[Count]
    sample: list[SampleView]


class JobPage(BaseModel):
    """One job with its runs. The preview is for `as_of`; None where the job can't tell beforehand."""

    job: JobView
    as_of: dt.date
    today: dt.date
    preview: PreviewView | None
    runs: list[RunView]
    older: int | None


def job_named(name: str) -> Job:
    """The job of that name. Raises NotFound."""
    found = JOBS.get(name)
    if found is None:
        raise errors.no_job(name)
    return found


def jobs_page(act: Act) -> JobsPage:
    """All jobs."""
    newest = queries.newest(act.session)
    views = [_job(act, job, newest.get(job.name)) for job in JOBS.values()]
    rows = approvals.waiting(act.session)
    subjects = _subjects(act, [(row.name, row.parameters) for row in rows])
    waiting = [_approval(act, row, subject) for row, subject in zip(rows, subjects, strict=True)]
    night = [translate(JOBS[name].title) for name in NIGHT]
    return JobsPage(jobs=views, night=night, waiting=waiting, worker=queries.worker_lives(act.session, now=act.now))


def job_page(act: Act, name: str, *, as_of: dt.date | None, older_than: int | None) -> JobPage:
    """One job."""
    job = job_named(name)
    rows = queries.runs_of(act.session, name, limit=SHOWN + 1, older_than=older_than)
    day = as_of or act.today
    preview = job.preview(act.session, Run(0, name, day, {}, act.by, act.now)) if job.preview else None
    newest = rows[0] if rows and older_than is None else None
    return JobPage(
        job=_job(act, job, newest),
        as_of=day,
        today=act.today,
        preview=None if preview is None else preview_view(act, job, preview, unit=units_of_runs(act, [(name, {})])[0]),
        runs=run_views(act, rows[:SHOWN]),
        older=rows[SHOWN - 1].id if len(rows) > SHOWN else None,
    )


def preview_view(act: Act, job: Job, preview: Preview, *, unit: Unit | None) -> PreviewView:
    """A preview with its labels; `unit` is what all its points count, where that is one."""
    ids = [each.customer_id for each in preview.sample] if act.may(Permission.CUSTOMERS_VIEW) else []
    names = names_of(act.session, ids)
    return PreviewView(
        counts=_counts(job, preview.counts, unit),
        sample=[
            SampleView(
                customer_id=each.customer_id,
                number=each.number,
                name=names.get(each.customer_id, ""),
                points=each.points,
                unit=each.unit or unit,
            )
            for each in preview.sample
        ],
    )


def run_page(act: Act, run_id: int) -> RunView:
    """One run with its log, and what it waits for. Raises NotFound."""
    row = queries.run(act.session, run_id)
    view = run_views(act, [row])[0]
    waits = queries.waits_for(act.session, row, BEFORE.get(row.name, queries.Before()))
    view.waits_for = None if waits is None else translate(JOBS[waits.name].title) if waits.name in JOBS else waits.name
    view.can_undo = commands.may_be_undone(row, JOBS.get(row.name)) and row.undone_by is None
    view.subject = _subjects(act, [(row.name, row.parameters)])[0]
    found = approvals.of_run(act.session, run_id)
    view.approval = None if found is None else _approval(act, found, view.subject)
    view.lines = [
        LogLine(at=line.at, level=line.level, text=_told(line)) for line in queries.lines(act.session, run_id)
    ]
    return view


def run_views(act: Act, rows: Sequence[queries.RunRow]) -> list[RunView]:
    """Runs without their logs."""
    its = units_of_runs(act, [(row.name, row.parameters) for row in rows])
    return [_run(row, unit) for row, unit in zip(rows, its, strict=True)]


def units_of_runs(act: Act, runs: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Unit | None]:
    """What the points of each of these runs count: those of its club, or of all clubs where they count the same."""
    if not any(name in JOBS and JOBS[name].points for name, _ in runs):
        return [None] * len(runs)
    of_clubs = units.units(act.session)
    asked = [told["programme"] for _, told in runs if "programme" in told]
    of = programme_queries.clubs(act.session, asked) if asked else {}
    named = [of.get(told["programme"]) if "programme" in told else told.get("club") for _, told in runs]
    every = units.unit_of_clubs(act.session)
    return [every if each is None else of_clubs.get(each, every) for each in named]


def _run(row: queries.RunRow, unit: Unit | None) -> RunView:
    job = JOBS.get(row.name)
    return RunView(
        id=row.id,
        job=row.name,
        title=translate(job.title) if job else row.name,
        as_of=row.as_of,
        state=row.state,
        dry_run=row.dry_run,
        undo_of=row.undo_of,
        undone_by=row.undone_by,
        done=row.done,
        total=row.total,
        counts=_counts(job, row.counts, unit),
        asked_at=row.asked_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        actor=row.actor,
    )


def _subjects(act: Act, runs: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Subject | None]:
    """What each of these runs is about, by its job's name and its parameters."""
    programmes = [told["programme"] for name, told in runs if name == POINTS_PROGRAMME.name]
    names = programme_queries.names(act.session, programmes) if programmes else {}
    made: list[Subject | None] = []
    for name, told in runs:
        page = _PAGES.get(name)
        if page is None:
            made.append(None)
            continue
        called = names.get(told.get("programme", 0)) or told.get("rule") or say(T("Show"))
        made.append(Subject(name=called, url=page.format_map(told)))
    return made


def _approval(act: Act, row: ApprovalRow, subject: Subject | None) -> ApprovalView:
    job = JOBS.get(row.name)
    unit = units_of_runs(act, [(row.name, row.parameters)])[0]
    return ApprovalView(
        run_id=row.run_id,
        title=translate(job.title) if job else row.name,
        subject=subject,
        as_of=row.as_of,
        actor=row.actor,
        undoing=row.undo_of is not None,
        counts=_counts(job, row.counts, unit),
        asked_at=row.asked_at,
        ends_at=row.ends_at,
        decider=row.decider,
        approved=row.approved,
        yours=act.may(Permission.POINTS_APPROVE) and act.by.staff_id not in row.behind,
    )


def _told(line: queries.LineRow) -> str:
    values = {
        name: number_text(each, LANGUAGE.get()) if isinstance(each, int) else each for name, each in line.values.items()
    }
    if values.get("reason"):
        values["reason"] = translate(values["reason"])  # a sentence of ours, or the words of a fault
    return say(T(line.text, **values))


def _job(act: Act, job: Job, last: queries.RunRow | None) -> JobView:
    due = schedules.next_due(job.schedule, act.now, act.chain.time_zone) if job.schedule else None
    return JobView(
        name=job.name,
        title=translate(job.title),
        about=translate(job.about),
        schedule=_in_words(job.schedule) if job.schedule else None,
        next_due=due,
        by_hand=job.by_hand,
        last=run_views(act, [last])[0] if last else None,
    )


def _in_words(line: str) -> str:
    """The three cron lines that our jobs have; a test asks that each is said."""
    if daily := _DAILY.fullmatch(line):
        return say(T("Each day at %(time)s", time=dt.time(int(daily[2]), int(daily[1]))))
    if hourly := _HOURLY.fullmatch(line):
        return say(T("Each hour, at minute %(minute)s", minute=int(hourly[1])))
    often = _OFTEN.fullmatch(line)
    return say(T("Every %(minutes)s minutes", minutes=int(often[1]))) if often else line


def _counts(job: Job | None, numbers: Any, unit: Unit | None) -> list[Count]:
    labels, points = (job.counts, job.points) if job else ({}, ())
    return [
        Count(
            name=name,
            label=translate(label),
            number=numbers[name],
            points=name in points,
            unit=unit if name in points else None,
        )
        for name, label in labels.items()
        if name in numbers
    ]
