"""The queue between who asks for work and the workers: procrastinate, in a schema of its own.

It wakes a worker and keeps the minute; what is to be done, and that it is done once, stands in `job_runs`.
"""

import datetime as dt
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from erp_club.jobs import commands, runner, schedules
from erp_club.jobs.approvals import commands as approvals
from erp_club.jobs.catalogue import JOBS
from erp_club.kernel.db import Database
from erp_club.organisation.models import Chain
from erp_club.permissions.actors import SYSTEM

if TYPE_CHECKING:
    import procrastinate

SCHEMA = "procrastinate"
LOOK = "erp-club.look"
_DEAD_SECONDS = 60


@cache
def _asking() -> "procrastinate.App":
    """Never opened: it lends its words for what is deferred over the connection of a session."""
    import procrastinate  # here and below: the pages start without it

    return procrastinate.App(connector=procrastinate.SyncPsycopgConnector())


def nudge(session: Session) -> None:
    """Wake a worker once this transaction is committed."""
    connection = session.connection()
    path = connection.exec_driver_sql("SELECT current_setting('search_path')").scalar_one()
    connection.exec_driver_sql("SELECT set_config('search_path', %s, true)", (f"{SCHEMA},{path}",))
    _asking().configure_task(LOOK, connection=connection.connection.driver_connection).defer()
    connection.exec_driver_sql("SELECT set_config('search_path', %s, true)", (path,))


def plan(session: Session, *, now: dt.datetime) -> None:
    """Ask for the run of every schedule's newest moment, and of what else is due; each is there once.

    What awaits an approval that nobody gave in time lapses.
    """
    approvals.lapse_runs(session, now=now)
    chain = session.get(Chain, 1)
    if chain is None:
        return
    for job in JOBS.values():
        if job.schedule is not None:
            due = schedules.last_due(job.schedule, now, chain.time_zone)
            key = f"{job.name}:{due.astimezone(dt.UTC):%Y-%m-%dT%H:%M}"
            commands.ask(session, job, as_of=due.date(), key=key, now=now, by=SYSTEM)
        for occasion in job.due(session, now, chain.time_zone) if job.due else ():
            commands.ask(
                session,
                job,
                as_of=occasion.as_of,
                parameters=occasion.parameters,
                key=occasion.key,
                now=now,
                by=SYSTEM,
            )


def working_app(database: Database, *, stopping: runner.Stopping) -> "procrastinate.App":
    """The app of a worker: it looks for runs when it is nudged, and each minute plans those that are due."""
    import procrastinate
    from procrastinate import jobs as queued

    conninfo = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connector = procrastinate.PsycopgConnector(
        conninfo=conninfo,
        kwargs={"options": f"-c search_path={SCHEMA}", "application_name": "erp-club worker", "connect_timeout": 5},
        min_size=1,
        max_size=4,
        timeout=10,
    )
    app = procrastinate.App(connector=connector)

    @app.task(name=LOOK)
    def look() -> None:
        runner.work_waiting(database, stopping=stopping)

    @app.periodic(cron="* * * * *")
    @app.task(name="erp-club.minute", queueing_lock="minute")
    def minute(timestamp: int) -> None:  # noqa: ARG001 - the moment it was due; what is planned is by the clock
        with database.session() as session:
            plan(session, now=dt.datetime.now(dt.UTC))
            session.commit()
        runner.work_waiting(database, stopping=stopping)

    @app.periodic(cron="*/10 * * * *")
    @app.task(name="erp-club.tidy", queueing_lock="tidy")
    async def tidy(timestamp: int) -> None:  # noqa: ARG001
        # What a worker was at when it died; the runs themselves are found by whoever looks next.
        for stalled in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=_DEAD_SECONDS):
            await app.job_manager.finish_job(stalled, status=queued.Status.FAILED, delete_job=True)

    del look, minute, tidy  # the app knows them by their names
    return app
