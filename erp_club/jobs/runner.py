"""Works runs off, batch by batch, each in a transaction of its own that also keeps the cursor."""

import dataclasses
import datetime as dt
import sys
import time
import uuid
from collections.abc import Callable

from psycopg import errors as postgres
from sqlalchemy.exc import DBAPIError, OperationalError

from erp_club.jobs import commands, queries
from erp_club.jobs.approvals import commands as approvals
from erp_club.jobs.catalogue import BEFORE, JOBS
from erp_club.jobs.declared import Cursor, Job, Run, Step, Stopped, unheard
from erp_club.jobs.kinds import RunState
from erp_club.jobs.models import JobRun
from erp_club.kernel.db import Database
from erp_club.kernel.settings import Settings

Stopping = Callable[[], bool]
Told = Callable[[int, int], None]
_TRIES = 5
_AGAIN = (postgres.DeadlockDetected, postgres.SerializationFailure, postgres.LockNotAvailable)
_WORKING = (RunState.RUNNING, RunState.STOPPING)


def never() -> bool:
    """Nobody asks to stop."""
    return False


def work_waiting(database: Database, *, stopping: Stopping = never) -> int:
    """Work off every run that waits or was left behind, the oldest first; how many were begun.

    Any number of workers may do so at once: each takes what no other holds.
    """
    begun = 0
    tried: set[int] = set()
    while not stopping():
        with database.session() as session:
            waiting = [run_id for run_id in queries.open_runs(session) if run_id not in tried]
        if not waiting:
            break
        tried.add(waiting[0])
        if work(database, waiting[0], stopping=stopping):
            begun += 1
            tried = {waiting[0]}  # what waited for this one may begin now
    return begun


def work(database: Database, run_id: int, *, stopping: Stopping = never, told: Told = unheard) -> bool:
    """Work on a run until it ends or is to stop. False where it isn't to be worked on now, or another does.

    A failure is kept with the run and goes on to the caller.
    """
    with commands.held(database.engine, run_id) as mine:
        return mine and _Hold(database, run_id, stopping, told).work()


class _Hold:
    """One worker at one run."""

    def __init__(self, database: Database, run_id: int, stopping: Stopping, told: Told) -> None:
        self._database = database
        self._run_id = run_id
        self._holder = uuid.uuid4().hex
        self._stopping = stopping
        self._told = told

    def work(self) -> bool:
        taken = self._start()
        if taken is None:
            return False
        job, run, row = taken
        cursor, done, total = commands.cursor_of(row), row.done, row.total
        try:
            begins = cursor is not None or self._may_begin(job, run, afresh=row.started_at is None)
            state = RunState.RUNNING if begins else None
            while state in _WORKING and not self._stopping():
                self._told(done, total)
                state, step = self._batch(job, run, cursor)
                cursor, done = step.after, done + step.done
            self._told(done, total)
        except Stopped:
            pass
        finally:
            self._let_go(sys.exception())
        return True

    def _start(self) -> tuple[Job, Run, JobRun] | None:
        with self._database.session() as session:
            name = queries.name_of(session, self._run_id)
            job = JOBS.get(name)
            if job is None:
                return None
            row = commands.start(
                session, self._run_id, self._holder, before=BEFORE.get(name, queries.Before()), now=_now()
            )
            if row is None:
                session.commit()
                return None
            by = commands.actor_of(session, row)
            run = dataclasses.replace(commands.run_of(row, by=by, now=_now()), tell=self._tell)
            session.expunge(row)
            if row.cursor is None and not row.total and run.undo_of is None:
                row.total = job.total(session, run)
                commands.expect(session, run.id, row.total)
            session.commit()
        return job, run, row

    def _may_begin(self, job: Job, run: Run, *, afresh: bool) -> bool:
        """Whether nobody has to approve it first; else it is given up here and waits for people."""
        with self._database.session() as session:
            commands.plan_afresh(session)
            begins = approvals.let_begin(session, job, run, self._holder, Settings.from_env())
            if begins and afresh:
                commands.say_begun(session, run.id, now=_now())
            session.commit()
        return begins

    def _batch(self, job: Job, run: Run, cursor: Cursor) -> tuple[RunState | None, Step]:
        """One batch; again where PostgreSQL chose it to give way to another transaction."""
        for tries in range(1, _TRIES + 1):
            try:
                return self._once(job, dataclasses.replace(run, now=_now()), cursor)
            except OperationalError as error:
                if not isinstance(error.orig, _AGAIN) or tries == _TRIES:
                    raise
                time.sleep(0.1 * tries)
        raise AssertionError("unreachable")

    def _once(self, job: Job, run: Run, cursor: Cursor) -> tuple[RunState | None, Step]:
        batch = job.undo if run.undo_of is not None else job.batch
        assert batch is not None
        with self._database.session() as session:
            commands.plan_afresh(session)
            if run.dry_run:
                # The same work, taken back: what it counts is what a real run would have done.
                with session.begin_nested() as tried:
                    step = batch(session, run, cursor)
                    tried.rollback()
            else:
                step = batch(session, run, cursor)
            state = commands.keep_step(session, run.id, self._holder, step, now=run.now)
            if state is None:
                session.rollback()
                raise Stopped
            session.commit()
        return state, step

    def _tell(self, done: int, total: int) -> None:
        # Over a connection of its own, since the batch keeps its transaction open.
        with self._database.session() as session:
            state = commands.beat(session, self._run_id, self._holder, done=done, total=total, now=_now())
            session.commit()
        self._told(done, total)
        if state != RunState.RUNNING or self._stopping():
            raise Stopped

    def _let_go(self, error: BaseException | None) -> None:
        """Give the run up where it hasn't ended: it has failed with `error`, or waits for the next worker."""
        with self._database.session() as session:
            commands.put_back(session, self._run_id, self._holder, now=_now(), failure=_failure(error))
            session.commit()


def _failure(error: BaseException | None) -> str | None:
    """What to say of a run that a fault ended; a database that went away and a person's Ctrl-C aren't the run's."""
    gone = isinstance(error, OperationalError) and error.connection_invalidated
    if gone or not isinstance(error, Exception):
        return None
    cause = error.orig if isinstance(error, DBAPIError) else error
    first = str(cause).strip().partition("\n")[0]
    return f"{type(cause).__name__}: {first}"[:300]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
