"""Asking for runs, stopping and resuming them, and what a worker writes while it is at one.

A run is taken by an advisory lock of a connection of its own, which falls with the worker however that ends, and is
marked with its holder; a batch is kept only while the mark stands. So two workers never both keep a batch of one run.
"""

import datetime as dt
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from erp_club.jobs import errors
from erp_club.jobs.declared import Cursor, Job, Run, Said, Step
from erp_club.jobs.kinds import OPEN, STANDING, Level, RunState
from erp_club.jobs.models import JobLine, JobRun
from erp_club.jobs.queries import Before, OldRuns, RunRow, holds_up
from erp_club.kernel import audit
from erp_club.kernel.text import T
from erp_club.permissions.actors import SYSTEM, Actor
from erp_club.permissions.models import Staff

_STOPPED = Said(T("Stopped."))
_LOCK = 0x4A4F4253  # "JOBS": the class of the advisory locks, one a run


def ask(
    session: Session,
    job: Job,
    *,
    as_of: dt.date,
    parameters: Mapping[str, Any] | None = None,
    dry_run: bool = False,
    key: str | None = None,
    now: dt.datetime,
    by: Actor,
) -> int:
    """Ask for a run and give its id. One that is open for the same day and parameters is that run, and so is one with
    the same `key`, whatever became of it.

    What the schedule asks for, under keys of its own, is in the history of runs and leaves no trace besides.
    """
    told, scheduled = dict(parameters or {}), key is not None
    if key is None and job.once and not dry_run:
        key = f"{job.name}:{as_of}:{sorted(told.items())}"
    values = {
        "name": job.name,
        "as_of": as_of,
        "parameters": told,
        "dry_run": dry_run,
        "key": None if dry_run else key,
        "asked_at": now,
        "staff_id": by.staff_id,
        "actor": by.name,
    }
    asking = insert(JobRun).values(values).on_conflict_do_nothing().returning(JobRun.id)
    # The run that stood in the way may end before it is looked up: then this one is asked for again.
    while (made := session.scalar(asking)) is None:
        standing = _standing(session, job.name, as_of, told, dry_run, key)
        if standing is not None:
            return standing
    if not scheduled:
        after = {"job": job.name, "as_of": as_of, "parameters": told, "dry_run": dry_run}
        audit.record(session, by=by, now=now, action="job.ask", entity="job_run", entity_id=made, after=after)
    return made


def _standing(
    session: Session, name: str, as_of: dt.date, parameters: Mapping[str, Any], dry_run: bool, key: str | None
) -> int | None:
    alike = sa.and_(
        JobRun.name == name,
        JobRun.as_of == as_of,
        JobRun.parameters == sa.cast(parameters, JobRun.parameters.type),
        JobRun.dry_run == dry_run,
        JobRun.undo_of.is_(None),
        JobRun.state.in_(STANDING),
    )
    asked = sa.select(JobRun.id)
    if key is None:
        return session.scalar(asked.where(alike))
    # The key first: what may be there once ever counts more than what is open now.
    same = sa.func.coalesce(JobRun.key == key, sa.false())
    return session.scalar(asked.where(sa.or_(same, alike)).order_by(same.desc()).limit(1))


def stop_run(session: Session, run_id: int, *, now: dt.datetime, by: Actor) -> None:
    """Let an open run stop after its batch; one that nobody works on stops at once. Raises Conflict, NotFound."""
    row = locked(session, run_id)
    if row.state not in STANDING:
        raise errors.not_open()
    state = RunState.STOPPING if row.state == RunState.RUNNING else row.state
    if row.state in {RunState.QUEUED, RunState.AWAITS}:
        state = RunState.STOPPED
    write(session, run_id, state=state, finished_at=now if state is RunState.STOPPED else None)
    audit.record(session, by=by, now=now, action="job.stop", entity="job_run", entity_id=run_id)
    say(session, run_id, Said(T("%(name)s asked to stop it.", name=by.name)), now=now)
    if state is RunState.STOPPED:
        say(session, run_id, _STOPPED, now=now)


def resume_run(session: Session, run_id: int, *, now: dt.datetime, by: Actor) -> None:
    """Let a stopped or failed run go on where it stopped. Raises Conflict, NotFound."""
    row = locked(session, run_id)
    if row.state not in {RunState.STOPPED, RunState.FAILED}:
        raise errors.not_resumable()
    try:
        with session.begin_nested():
            write(session, run_id, state=RunState.QUEUED, finished_at=None, holder=None)
    except IntegrityError as clash:
        raise errors.open_already() from clash
    audit.record(session, by=by, now=now, action="job.resume", entity="job_run", entity_id=run_id)
    say(session, run_id, Said(T("%(name)s resumed it.", name=by.name)), now=now)


def undo_run(session: Session, run_id: int, job: Job, *, today: dt.date, now: dt.datetime, by: Actor) -> int:
    """Ask for the undoing of a finished run, and give the run that does it; there is one ever. Raises Conflict."""
    row = locked(session, run_id)
    if not may_be_undone(row, job):
        raise errors.no_undo()
    made = session.scalar(
        insert(JobRun)
        .values(
            name=row.name,
            as_of=today,
            parameters=row.parameters,
            key=f"undo:{run_id}",
            undo_of=run_id,
            asked_at=now,
            staff_id=by.staff_id,
            actor=by.name,
        )
        .on_conflict_do_nothing()
        .returning(JobRun.id)
    )
    if made is None:
        return session.execute(sa.select(JobRun.id).where(JobRun.undo_of == run_id)).scalar_one()
    if row.state != RunState.DONE:
        # Nothing may be added to what is being taken back.
        write(session, run_id, state=RunState.DONE)
    audit.record(session, by=by, now=now, action="job.undo", entity="job_run", entity_id=run_id, after={"run": made})
    return made


def may_be_undone(row: JobRun | RunRow, job: Job | None) -> bool:
    """Whether a run is one that can be taken back: what a stopped or failed one has done so far is, too."""
    ended = row.state in {RunState.DONE, RunState.STOPPED, RunState.FAILED}
    return job is not None and job.undo is not None and not row.dry_run and row.undo_of is None and ended


@contextmanager
def held(engine: sa.Engine, run_id: int) -> Generator[bool]:
    """Hold the run for this worker as long as the block lasts; False where another one holds it."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        taken: bool = connection.execute(sa.select(sa.func.pg_try_advisory_lock(_LOCK, run_id))).scalar_one()
        try:
            yield taken
        finally:
            if taken:
                try:
                    connection.execute(sa.select(sa.func.pg_advisory_unlock(_LOCK, run_id)))
                except OperationalError:
                    connection.invalidate()  # the lock fell with the connection


def start(session: Session, run_id: int, holder: str, *, before: Before, now: dt.datetime) -> JobRun | None:
    """Mark the run as this worker's, and give it; None where there is nothing to do now.

    A run of a schedule waits for those of the jobs `before` it that are there for the same day and not over. One that
    was asked to stop while its worker died stops here.
    """
    row = session.execute(
        sa.select(JobRun).where(JobRun.id == run_id, JobRun.state.in_(OPEN)).with_for_update()
    ).scalar_one_or_none()
    if row is None:
        return None
    if row.state == RunState.STOPPING:
        write(session, run_id, state=RunState.STOPPED, holder=None, finished_at=now)
        say(session, run_id, _STOPPED, now=now)
        return None
    if row.key is not None and session.scalar(sa.select(JobRun.id).where(holds_up(row.as_of, before)).limit(1)):
        return None
    if row.holder is not None:
        say(session, run_id, Said(T("A worker left it behind; another one goes on."), Level.WARN), now=now)
    write(
        session,
        run_id,
        state=RunState.RUNNING,
        holder=holder,
        beat_at=now,
        started_at=row.started_at or now,
    )
    return row


def say_begun(session: Session, run_id: int, *, now: dt.datetime) -> None:
    """Let the log tell that the work has begun: nobody had to approve it, or somebody has."""
    say(session, run_id, Said(T("Begun.")), now=now)


def plan_afresh(session: Session) -> None:
    """Let PostgreSQL plan each statement of this transaction for its values.

    A batch brings thousands of accounts as arrays; a plan kept for any values expects a handful, and takes ten times
    as long.
    """
    session.execute(sa.text("SET LOCAL plan_cache_mode = force_custom_plan"))


def keep_step(session: Session, run_id: int, holder: str, step: Step, *, now: dt.datetime) -> RunState | None:
    """Keep a batch's end in its own transaction, and give the state after it; None where the run is another's now."""
    counts = JobRun.counts
    for name, number in step.counts.items():
        so_far = sa.func.coalesce(JobRun.counts[name].as_integer(), 0)
        counts = counts.concat(sa.func.jsonb_build_object(sa.cast(name, sa.Text), so_far + number))
    last = step.after is None
    ends = sa.or_(JobRun.state == RunState.STOPPING, sa.true() if last else sa.false())
    state = session.execute(
        sa.update(JobRun)
        .where(JobRun.id == run_id, JobRun.holder == holder, JobRun.state.in_((RunState.RUNNING, RunState.STOPPING)))
        .values(
            cursor=step.after,
            done=JobRun.done + step.done,
            counts=counts,
            beat_at=now,
            state=sa.case(
                (sa.true() if last else sa.false(), RunState.DONE.value),
                (JobRun.state == RunState.STOPPING, RunState.STOPPED.value),
                else_=JobRun.state,
            ),
            holder=sa.case((ends, sa.null()), else_=JobRun.holder),
            finished_at=sa.case((ends, now), else_=sa.null()),
        )
        .returning(JobRun.state)
    ).scalar_one_or_none()
    if state is None:
        return None
    for said in step.said:
        say(session, run_id, said, now=now)
    if last:
        say(session, run_id, Said(T("Done.")), now=now)
    elif state == RunState.STOPPED:
        say(session, run_id, _STOPPED, now=now)
    return RunState(state)


def beat(session: Session, run_id: int, holder: str, *, done: int, total: int, now: dt.datetime) -> RunState | None:
    """A sign of life from inside a long batch, and the state; None where the run is another's now."""
    return session.execute(
        sa.update(JobRun)
        .where(JobRun.id == run_id, JobRun.holder == holder)
        .values(done=done, total=total, beat_at=now)
        .returning(JobRun.state)
    ).scalar_one_or_none()


def expect(session: Session, run_id: int, total: int) -> None:
    """How much there is to do."""
    write(session, run_id, total=total)


def put_back(session: Session, run_id: int, holder: str, *, now: dt.datetime, failure: str | None = None) -> None:
    """Give up a run: it waits for another worker, or was stopped; with a `failure` it has failed."""
    row = session.execute(
        sa.select(JobRun.state).where(JobRun.id == run_id, JobRun.holder == holder).with_for_update()
    ).one_or_none()
    if row is None:
        return
    state = RunState.STOPPED if row.state == RunState.STOPPING else RunState.QUEUED
    if failure is not None:
        state = RunState.FAILED
        say(session, run_id, Said(T("Failed: %(reason)s", reason=failure), Level.ERROR), now=now)
    elif state is RunState.STOPPED:
        say(session, run_id, _STOPPED, now=now)
    finished = None if state is RunState.QUEUED else now
    write(session, run_id, state=state, holder=None, finished_at=finished)


def actor_of(session: Session, row: JobRun) -> Actor:
    """Who asked for the run, as the commands of its batches note it; the system for a schedule's."""
    if row.staff_id is None:
        return SYSTEM
    role = session.execute(sa.select(Staff.role).where(Staff.id == row.staff_id)).scalar_one()
    return Actor(name=row.actor, held=SYSTEM.held, staff_id=row.staff_id, role=role)


def run_of(row: JobRun, *, by: Actor, now: dt.datetime) -> Run:
    """The row as its job sees it."""
    return Run(row.id, row.name, row.as_of, row.parameters, by, now, row.dry_run, row.undo_of)


def cursor_of(row: JobRun) -> Cursor:
    """Where the next batch begins."""
    return row.cursor


def locked(session: Session, run_id: int) -> JobRun:
    """The run, held until the transaction ends. Raises NotFound."""
    row = session.execute(sa.select(JobRun).where(JobRun.id == run_id).with_for_update()).scalar_one_or_none()
    if row is None:
        raise errors.no_run()
    return row


def write(session: Session, run_id: int, **values: Any) -> None:
    """Write these columns of the run."""
    session.execute(
        sa.update(JobRun).where(JobRun.id == run_id).values(values).execution_options(synchronize_session=False)
    )


def say(session: Session, run_id: int, said: Said, *, now: dt.datetime) -> None:
    """Add a line to the run's log."""
    session.execute(
        sa.insert(JobLine).values(
            run_id=run_id, at=now, level=said.level, text=said.text.msgid, values=dict(said.text.values)
        )
    )


def forget_runs(session: Session, runs: OldRuns, *, limit: int) -> int:
    """Delete the oldest of these runs with their log, at most `limit` of them; how many it were."""
    found = session.scalars(runs.order_by("id").limit(limit)).all()
    session.execute(sa.delete(JobRun).where(JobRun.id.in_(found)).execution_options(synchronize_session=False))
    return len(found)
