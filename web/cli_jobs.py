"""Commands of the console about jobs: what there is, one run in the foreground, and the worker."""

import datetime as dt
import os
import signal
import sys
import threading
from typing import Any
from zoneinfo import ZoneInfo

import click

from erp_club.jobs import commands, errors, queries, runner, schedules
from erp_club.jobs.catalogue import JOBS
from erp_club.jobs.declared import Job
from erp_club.jobs.kinds import RunState
from erp_club.kernel.db import Database
from erp_club.kernel.errors import Invalid
from erp_club.kernel.settings import Settings
from erp_club.kernel.text import T, Text
from erp_club.organisation import queries as organisation
from erp_club.organisation.models import Chain
from erp_club.permissions.actors import SYSTEM
from web import i18n
from web.cli_database import opened

_LOOK_SECONDS = 0.3


@click.group("job")
def job() -> None:
    """What the installation does by itself."""


@job.command("list")
def list_() -> None:
    """Every job with its schedule and its newest run."""
    with opened() as database, database.session() as session:
        zone = organisation.chain(session).time_zone
        newest = queries.newest(session)
        now = dt.datetime.now(dt.UTC)
        for each in JOBS.values():
            due = f"{schedules.next_due(each.schedule, now, zone):%Y-%m-%d %H:%M}" if each.schedule else "-"
            row = newest.get(each.name)
            last = f"{row.state.value} {row.as_of}" if row else "-"
            click.echo(f"{each.name:<20} {due:<17} {last:<20} {i18n.translate(each.title)}")


@job.command("run")
@click.argument("name")
@click.option("--as-of", type=click.DateTime(formats=["%Y-%m-%d"]), default=None, help="The day; today where left out.")
@click.option("--dry-run", is_flag=True, help="Count what it would do, and do nothing.")
def run(name: str, as_of: dt.datetime | None, dry_run: bool) -> None:
    """Run a job here and now. A run of that day that was cut off goes on where it was.

    Only a dry run can be for a day that is still to come. What is over the limit waits until somebody approves it in
    the back office; run here again, it goes on.
    """
    found = JOBS.get(name)
    if found is None:
        raise errors.no_job(name)
    if not found.by_hand:
        raise errors.not_by_hand(name)
    with opened() as database:
        row = run_here(database, found, as_of=as_of.date() if as_of else None, dry_run=dry_run)
    for count, label in found.counts.items():
        click.echo(f"{i18n.translate(label)}: {row.counts.get(count, 0)}")
    if row.dry_run:
        _say(T("This was a dry run: nothing was changed."))
    if row.state is RunState.AWAITS:
        _say(
            T(
                "Run %(number)s is over the limit and awaits approval: somebody who may approve it does so at %(url)s.",
                number=row.id,
                url=f"/job-runs/{row.id}",
            )
        )
        sys.exit(1)
    if row.state is not RunState.DONE:
        _say(T("The run hasn't ended: %(state)s.", state=row.state.value))
        sys.exit(1)


def run_here(database: Database, found: Job, *, as_of: dt.date | None = None, dry_run: bool = False) -> queries.RunRow:
    """Run a job in this process with a progress bar, and give the run as it stands then."""
    with database.session() as session:
        chain = session.get(Chain, 1)
        today = dt.datetime.now(ZoneInfo(chain.time_zone) if chain else dt.UTC).date()
        now = dt.datetime.now(dt.UTC)
        if as_of is not None and as_of > today and not dry_run:
            raise Invalid([errors.too_early()])
        run_id = commands.ask(session, found, as_of=as_of or today, dry_run=dry_run, now=now, by=SYSTEM)
        session.commit()
    _follow(database, found, run_id)
    with database.session() as session:
        return queries.run(session, run_id)


def _follow(database: Database, found: Job, run_id: int) -> None:
    """Work on the run, or watch whoever does, until it has ended."""
    with click.progressbar(length=1, label=i18n.translate(found.title), file=sys.stderr) as bar:

        def told(done: int, total: int) -> None:
            bar.length = max(total, done, 1)
            bar.update(min(done, bar.length) - bar.pos)

        try:
            while not runner.work(database, run_id, told=told):
                with database.session() as session:
                    row = queries.run(session, run_id)
                if not row.open:
                    break
                told(row.done, row.total)
                threading.Event().wait(_LOOK_SECONDS)
        except KeyboardInterrupt:
            with database.session() as session:
                if queries.run(session, run_id).open:
                    commands.stop_run(session, run_id, now=dt.datetime.now(dt.UTC), by=SYSTEM)
                session.commit()


@click.command("worker")
@click.option("--beside", is_flag=True, hidden=True, help="Stop when the standard input ends, with the server.")
def worker(beside: bool) -> None:
    """Do what is scheduled and what is asked for, until told to stop (Ctrl-C, SIGTERM)."""
    from erp_club.jobs import worker as working
    from web import exports, logs

    settings = Settings.from_env()
    logs.start(settings.log_level)
    exports.install(settings)
    stopping = threading.Event()

    def stop(*_: Any) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if beside:
        os.setsid()  # the server's Ctrl-C is the server's; we end with it
        threading.Thread(target=_until_alone, args=(stopping,), daemon=True).start()
    with opened() as database:
        working.work_until(stopping, database)


def _until_alone(stopping: threading.Event) -> None:
    while os.read(0, 1024):
        pass
    stopping.set()


def _say(text: Text) -> None:
    click.echo(i18n.say(text))
