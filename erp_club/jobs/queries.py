"""What is known of runs: those that wait, a job's newest ones, one with its log."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_club.jobs import errors
from erp_club.jobs.kinds import OPEN, Level, RunState
from erp_club.jobs.models import JobLine, JobRun

_OVER = (RunState.DONE, RunState.REFUSED, RunState.LAPSED)
_ALIVE = dt.timedelta(minutes=1)
COUPONS_ISSUE = "coupons-issue"


@dataclass(frozen=True, slots=True)
class Before:
    """The jobs that come before one in the night, and whether it waits too while one of them awaits an approval."""

    names: Sequence[str] = ()
    waits_for_people: bool = True


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as it stands; `done` of `total` is dealt with (no total where it isn't known beforehand)."""

    id: int
    name: str
    as_of: dt.date
    parameters: dict[str, Any]
    scheduled: bool
    dry_run: bool
    undo_of: int | None
    undone_by: int | None
    state: RunState
    done: int
    total: int
    counts: dict[str, int]
    asked_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    staff_id: int | None
    actor: str

    @property
    def open(self) -> bool:
        """Whether it is still to be worked on."""
        return self.state in OPEN


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line of a run's log."""

    id: int
    at: dt.datetime
    level: Level
    text: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Issuing:
    """The newest run that issues coupons of a batch: how many of how many there are, and whether it goes on."""

    run_id: int
    state: RunState
    done: int
    count: int

    @property
    def open(self) -> bool:
        """Whether more will come."""
        return self.state in OPEN


def open_runs(session: Session) -> Sequence[int]:
    """The ids of the runs that wait, are at work, or were left behind, the oldest first."""
    return session.scalars(sa.select(JobRun.id).where(JobRun.state.in_(OPEN)).order_by(JobRun.id)).all()


def name_of(session: Session, run_id: int) -> str:
    """Which job the run is of. Raises NotFound."""
    name = session.scalar(sa.select(JobRun.name).where(JobRun.id == run_id))
    if name is None:
        raise errors.no_run()
    return name


def run(session: Session, run_id: int) -> RunRow:
    """One run. Raises NotFound."""
    row = session.execute(_runs().where(JobRun.id == run_id)).one_or_none()
    if row is None:
        raise errors.no_run()
    return _row(row)


def run_with(session: Session, name: str, parameters: dict[str, Any]) -> RunRow:
    """The newest run of a job with just these parameters. Raises NotFound."""
    found = runs_with(session, name, parameters, limit=1)
    if not found:
        raise errors.no_run()
    return found[0]


def runs_with(session: Session, name: str, parameters: dict[str, Any], *, limit: int) -> list[RunRow]:
    """A job's newest runs with just these parameters, and those that take them back."""
    told = sa.cast(parameters, JobRun.parameters.type)
    asked = _runs().where(JobRun.name == name, JobRun.parameters == told).order_by(JobRun.id.desc()).limit(limit)
    return [_row(row) for row in session.execute(asked)]


def runs_of(session: Session, name: str, *, limit: int, older_than: int | None = None) -> list[RunRow]:
    """A job's runs, the newest first; `older_than` is the id of the last one seen before."""
    asked = _runs().where(JobRun.name == name).order_by(JobRun.id.desc()).limit(limit)
    if older_than is not None:
        asked = asked.where(JobRun.id < older_than)
    return [_row(row) for row in session.execute(asked)]


def last_done(session: Session, name: str) -> RunRow | None:
    """The newest run of a job that came to its end."""
    asked = _runs().where(JobRun.name == name, JobRun.state == RunState.DONE, JobRun.dry_run.is_(False))
    row = session.execute(asked.order_by(JobRun.id.desc()).limit(1)).one_or_none()
    return None if row is None else _row(row)


def newest(session: Session) -> dict[str, RunRow]:
    """Each job's newest run."""
    last = sa.select(sa.func.max(JobRun.id)).group_by(JobRun.name)
    asked = _runs().where(JobRun.id.in_(last))
    return {row.name: _row(row) for row in session.execute(asked)}


def lines(session: Session, run_id: int, *, limit: int = 200) -> list[LineRow]:
    """The newest `limit` lines of a run's log, oldest first."""
    asked = (
        sa.select(JobLine.id, JobLine.at, JobLine.level, JobLine.text, JobLine.values)
        .where(JobLine.run_id == run_id)
        .order_by(JobLine.id.desc())
        .limit(limit)
    )
    rows = session.execute(asked).all()
    return [LineRow(row.id, row.at, Level(row.level), row.text, row[4]) for row in reversed(rows)]


def holds_up(as_of: dt.date, before: Before) -> sa.ColumnElement[bool]:
    """Whether a run is one that a scheduled run of the same day has to wait for."""
    over = _OVER if before.waits_for_people else (*_OVER, RunState.AWAITS)
    return sa.and_(
        JobRun.name.in_(before.names), JobRun.as_of == as_of, JobRun.key.is_not(None), JobRun.state.not_in(over)
    )


def waits_for(session: Session, row: RunRow, before: Before) -> RunRow | None:
    """The run of the same day that a scheduled one waits for, if any."""
    if not (row.scheduled and row.state is RunState.QUEUED):
        return None
    asked = _runs().where(holds_up(row.as_of, before), JobRun.id != row.id)
    found = session.execute(asked.order_by(JobRun.id).limit(1)).one_or_none()
    return None if found is None else _row(found)


OldRuns = sa.Select[tuple[int]]
_BY_SCHEDULE = "____-__-__T__:__"
"""The end of a key that a schedule gives; those of programmes and of undoings stay, as they are there once ever."""


def issuing(session: Session, batch_id: int) -> Issuing | None:
    """The newest run that issues coupons of this batch; None where there has been none."""
    row = session.execute(
        sa.select(JobRun.id, JobRun.state, JobRun.done, JobRun.parameters["count"].as_integer().label("wanted"))
        .where(JobRun.name == COUPONS_ISSUE, JobRun.parameters["batch"].as_integer() == batch_id)
        .order_by(JobRun.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else Issuing(row.id, RunState(row.state), row.done, row.wanted)


def old_runs(*, keep: int, before: dt.datetime) -> OldRuns:
    """The ids of runs of schedules that went well and ended before this moment, but for the newest of each job."""
    place = sa.func.row_number().over(partition_by=JobRun.name, order_by=JobRun.id.desc()).label("place")
    ranked = sa.select(JobRun.id, JobRun.key, JobRun.name, JobRun.state, JobRun.finished_at, place).subquery()
    undone = sa.select(JobRun.undo_of).where(JobRun.undo_of.is_not(None))
    return sa.select(ranked.c.id).where(
        ranked.c.place > keep,
        ranked.c.state == RunState.DONE,
        ranked.c.finished_at < before,
        ranked.c.key.like(ranked.c.name.concat(":" + _BY_SCHEDULE)),
        ranked.c.id.not_in(undone),
    )


def how_many(session: Session, runs: OldRuns) -> int:
    """The number of these runs."""
    return session.execute(sa.select(sa.func.count()).select_from(runs.subquery())).scalar_one()


def worker_lives(session: Session, *, now: dt.datetime) -> bool:
    """Whether any worker has given a sign of life within the last minute."""
    workers = sa.table("procrastinate_workers", sa.column("last_heartbeat"), schema="procrastinate")
    return bool(session.scalar(sa.select(sa.exists().where(workers.c.last_heartbeat > now - _ALIVE))))


def _runs() -> sa.Select[*tuple[Any, ...]]:
    undo = aliased(JobRun)
    undone_by = sa.select(undo.id).where(undo.undo_of == JobRun.id).correlate(JobRun).scalar_subquery()
    return sa.select(
        JobRun.id,
        JobRun.name,
        JobRun.as_of,
        JobRun.parameters,
        JobRun.key.is_not(None).label("scheduled"),
        JobRun.dry_run,
        JobRun.undo_of,
        undone_by.label("undone_by"),
        JobRun.state,
        JobRun.done,
        JobRun.total,
        JobRun.counts,
        JobRun.asked_at,
        JobRun.started_at,
        JobRun.finished_at,
        JobRun.staff_id,
        JobRun.actor,
    )


def _row(row: Any) -> RunRow:
    values: dict[str, Any] = dict(zip(_FIELDS, row, strict=True))
    values["state"] = RunState(row.state)
    return RunRow(**values)


_FIELDS = tuple(field.name for field in fields(RunRow))
