"""Backup and restore of everything, with PostgreSQL's own tools."""

import datetime as dt
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import sqlalchemy as sa

from erp_club.jobs.verify import wrong_rows
from erp_club.kernel import embedded_cluster, restored, schema
from erp_club.kernel.db import Database
from erp_club.kernel.errors import Conflict, Unavailable
from erp_club.kernel.kept_keys import KeyringKey
from erp_club.kernel.settings import Settings
from erp_club.kernel.text import T
from erp_club.people.erasure import noted
from erp_club.people.erasure.commands import erase_again
from erp_club.permissions.actors import SYSTEM
from web import i18n
from web.cli_database import opened


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """Write the whole database to FILE, as it stands at one moment, while tills sell.

    The keys of sealed ID numbers aren't in it: keep a copy of the keyring apart, and one of erasures.csv, which names
    by their ids who is to be erased again after a restore.
    """
    half = file.with_name(f"{file.name}.part")
    with opened(proven=False) as database:
        try:
            _run(
                "pg_dump",
                database,
                "--format=custom",
                "--no-owner",
                f"--exclude-table={restored.TABLE}",
                f"--file={half}",
            )
            half.replace(file)
        finally:
            half.unlink(missing_ok=True)
    click.echo(i18n.say(T("%(file)s holds everything up to now.", file=file)))


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--erasures", type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The erasures.csv of the installation that was; by default the one in ERP_CLUB_HOME.",
)  # fmt: skip
def restore(file: Path, erasures: Path | None) -> None:
    """Bring a backup into an empty database, and prove its ledgers; nothing is served before that.

    Whoever was erased since the backup is erased again.
    """
    with opened(current=False) as database:
        if _tables(database):
            raise Conflict(
                T("This database isn't empty. Restore into a new ERP_CLUB_HOME or an empty database."),
                code="database-not-empty",
            )
        # What can't be proven without its keys isn't brought in: to learn that at the end would leave it here unproven.
        database.keyring.complete(_fingerprints(file))
        restored.mark(database, restored.Standing.BEGUN)
        try:
            _run("pg_restore", database, "--exit-on-error", "--single-transaction", "--no-owner", str(file))
        except Unavailable:
            restored.unmark(database)  # nothing came in
            raise
        schema.migrate(database)
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
        _erase_again(database, erasures or Settings.from_env().home / noted.NAME)
        with database.session() as session:
            wrong = wrong_rows(session)
        if wrong:
            restored.mark(database, restored.Standing.WRONG)
        else:
            restored.unmark(database)
    for each in wrong:
        click.echo(i18n.say(each), err=True)
    if wrong:
        click.echo(i18n.say(restored.unproven()), err=True)
        sys.exit(1)
    click.echo(i18n.say(T("Restored. Every balance is what its movements come to.")))


def _erase_again(database: Database, file: Path) -> None:
    ids = noted.noted(file)
    now = dt.datetime.now(dt.UTC)
    with database.session() as session:
        done, left = erase_again(session, ids, today=now.date(), now=now, by=SYSTEM)
        session.commit()
    if done:
        click.echo(i18n.say(T("%(count)s customers who were erased since the backup are erased again.", count=done)))
    for each in left:
        text = T("Customer %(id)s was erased, and is part of another one in this backup. Look at that one.", id=each)
        click.echo(i18n.say(text), err=True)


def _fingerprints(file: Path) -> dict[int, bytes]:
    """Of the keys that what is in a backup was written with, by their numbers."""
    told = _told("pg_restore", ["--data-only", f"--table={KeyringKey.__tablename__}", "--file=-", str(file)])
    return {int(number): bytes.fromhex(said) for number, said in _FINGERPRINT.findall(told)}


# As COPY writes its first two columns.
_FINGERPRINT = re.compile(r"^(\d+)\t\\\\x([0-9a-f]+)\t", re.MULTILINE)


def _tables(database: Database) -> bool:
    with database.engine.connect() as connection:
        return bool(set(sa.inspect(connection).get_table_names()) - {restored.TABLE})


def _run(name: str, database: Database, *words: str) -> None:
    """Run a tool on the database; its password goes by the environment. Raises Unavailable with what it says."""
    url = database.url.set(drivername="postgresql")
    target = f"--dbname={url.set(password=None).render_as_string(hide_password=False)}"
    _told(name, [target, *words], {"PGPASSWORD": str(url.password)} if url.password else None)


def _told(name: str, words: Sequence[str], env: dict[str, str] | None = None) -> str:
    """What a tool says. Raises Unavailable where it fails."""
    if Settings.from_env().database_url is None:
        program: Path | str = embedded_cluster.program(name)
    else:
        found = shutil.which(name)
        if found is None:
            raise Unavailable(
                T("%(name)s isn't on this machine. Install PostgreSQL's client tools, then try again.", name=name),
                code="client-tools-missing",
            )
        program = found
    told = subprocess.run(  # noqa: S603 - our own words, and the file that was named
        [str(program), *words], env=os.environ | (env or {}), capture_output=True, text=True, check=False
    )
    if told.returncode:
        first = (told.stderr.strip() or name).partition("\n")[0]
        raise Unavailable(T("The database's tool stopped: %(reason)s", reason=first), code="client-tool-failed")
    return told.stdout
