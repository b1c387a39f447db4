"""The console script `erp-club`."""

import atexit
import datetime as dt
import gc
import importlib
import os
import sys

import click
import psycopg
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from erp_club.kernel import schema
from erp_club.kernel.errors import NotFound, Refused
from erp_club.kernel.money import CASH_STEP_MINOR
from erp_club.kernel.text import T, Text
from erp_club.organisation import commands as organisation
from erp_club.organisation import queries as stores
from erp_club.permissions import commands as permissions
from erp_club.permissions import passwords
from erp_club.permissions.actors import SYSTEM
from web import i18n
from web.cli_database import opened

# A process that ends gives everything back at once: looking through it for cycles first would take seconds.
atexit.register(gc.freeze)

_ELSEWHERE = {
    "backup": (
        "web.cli_backup:backup",
        "Write the whole database to FILE, as it stands at one moment, while tills sell.",
    ),
    "restore": (
        "web.cli_backup:restore",
        "Bring a backup into an empty database, and prove its ledgers; nothing is served before that.",
    ),
    "import": ("web.cli_data:import_", "Take what another system knows from a CSV (also packed as .gz) or XLSX file."),
    "export": ("web.cli_data:export", "Write all of a kind into a file that import takes: .csv, .csv.gz or .xlsx."),
    "demo": (
        "web.cli_data:demo",
        "Load the demo chain: a year of real purchases, three clubs with members, staff and tills.",
    ),
    "forecast": (
        "web.cli_forecast:forecast",
        (
            "Price past receipts with and without the offers of FILE, beside those in force, and tell what they would "
            "cost."
        ),
    ),
    "job": ("web.cli_jobs:job", "What the installation does by itself."),
    "worker": (
        "web.cli_jobs:worker",
        "Do what is scheduled and what is asked for, until told to stop (Ctrl-C, SIGTERM).",
    ),
    "keyring": ("web.cli_keyring:keyring", "The keys that protect ID numbers."),
    "ledger": ("web.cli_ledger:ledger", "The ledgers of points and of prepaid cards."),
    "names": ("web.cli_names:names", "The search for names."),
    "price-case": (
        "web.cli_pricing:price_case",
        "Price the cases of a JSON file, each a small shop with its programmes and a basket.",
    ),
    "programme": ("web.cli_programme:programme", "A club's whole programme as one document."),
    "segment": ("web.cli_segments:segment", "Questions about customers."),
    "serve": ("web.cli_serve:serve", "Serve the pages and the API."),
}
"""Commands brought in when they are asked for, and what the list says of them: a server that was killed must be back in
seconds."""


class Told(click.Group):
    """Says a refusal in one sentence and ends with 2, in the language of the terminal."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_ELSEWHERE})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        module, _, name = _ELSEWHERE[cmd_name][0].partition(":")
        found: click.Command = getattr(importlib.import_module(module), name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        told = {name: about for name, (_, about) in _ELSEWHERE.items()}
        told |= {name: command.get_short_help_str(limit=formatter.width) for name, command in self.commands.items()}
        with formatter.section("Commands"):
            formatter.write_dl(sorted(told.items()))

    def invoke(self, ctx: click.Context) -> object:
        i18n.LANGUAGE.set(i18n.choose(None, os.environ.get("LANG", "").split(".")[0].replace("_", "-")))
        try:
            return super().invoke(ctx)
        except Refused as refused:
            click.echo(i18n.say(refused.text), err=True)
            for each in refused.fields:
                if each.text != refused.text:
                    click.echo(f"  {each.field}: {i18n.say(each.text)}", err=True)
            ctx.exit(2)
        except (OperationalError, psycopg.OperationalError) as stopped:
            click.echo(i18n.say(_stopped(stopped)), err=True)
            ctx.exit(2)


def _stopped(error: OperationalError | psycopg.OperationalError) -> Text:
    """What PostgreSQL stopped a command with, in words. What the command hadn't committed is undone."""
    cause = error.orig if isinstance(error, OperationalError) else error
    if isinstance(cause, psycopg.errors.DiskFull):
        return T("The disk that holds the database is full. Make room there, then try again.")
    reason = str(cause).strip().partition("\n")[0].rstrip(".")
    return T("The database stopped answering: %(reason)s. Try again.", reason=reason)


@click.group(cls=Told)
def main() -> None:
    """Customer clubs for retail chains."""


@main.command()
def migrate() -> None:
    """Bring the database's schema to this version."""
    with opened(current=False) as database:
        schema.migrate(database)
    click.echo("The schema is current.")


@main.command()
@click.option("--name", required=True)
@click.option("--currency", type=click.Choice(sorted(CASH_STEP_MINOR)), required=True)
@click.option("--country", required=True, help="Two letters, e.g. IL, FI, SE: whose IDs and phones are the usual ones.")
@click.option("--language", type=click.Choice(list(i18n.LANGUAGES)), required=True)
@click.option("--time-zone", required=True, help="E.g. Europe/Helsinki; new stores take it.")
def chain(name: str, currency: str, country: str, language: str, time_zone: str) -> None:
    """Say which chain this installation serves."""
    with opened() as database, database.session() as session:
        organisation.set_chain(
            session,
            name=name,
            currency=currency,
            country=country.upper(),
            language=language,
            time_zone=time_zone,
            now=dt.datetime.now(dt.UTC),
            by=SYSTEM,
        )
        session.commit()
    click.echo(f"This installation serves {name}.")


def _store_id(session: Session, code: str) -> int:
    found = stores.store_id(session, code)
    if found is None:
        raise NotFound(T("There is no store with the code %(code)s.", code=code), field="store")
    return found


@main.group()
def staff() -> None:
    """People who work for the chain."""


@staff.command("add")
@click.argument("username")
@click.option("--name", required=True)
@click.option("--role", required=True, help="hq, manager, cashier or the code of a role of your own.")
@click.option("--store", "store_code", default=None, help="Code of the store where the person works.")
@click.option("--password", default=None, help="Asked for where it isn't given.")
@click.option("--pin", default=None, help="Four to eight digits, for tills.")
def add_staff(
    username: str, name: str, role: str, store_code: str | None, password: str | None, pin: str | None
) -> None:
    """Open a member of staff."""
    secret = password or click.prompt("Password", hide_input=True, confirmation_prompt=True)
    with opened() as database, database.session() as session:
        store_id = None if store_code is None else _store_id(session, store_code)
        permissions.add_staff(
            session,
            username=username,
            name=name,
            role=role,
            password=secret,
            pin=pin,
            store_id=store_id,
            now=dt.datetime.now(dt.UTC),
            by=SYSTEM,
        )
        session.commit()
    click.echo(f"{username} can sign in.")


@main.group()
def terminal() -> None:
    """Tills."""


@terminal.command("add")
@click.argument("store_code")
@click.option("--name", default="", help="What the till is called; its number where left out.")
def add_terminal(store_code: str, name: str) -> None:
    """Open a till in a store and show its key, this once."""
    key = passwords.new_token("till")
    with opened() as database, database.session() as session:
        store_id = _store_id(session, store_code)
        organisation.add_terminal(
            session,
            store_id=store_id,
            name=name,
            key_hash=passwords.token_hash(key),
            now=dt.datetime.now(dt.UTC),
            by=SYSTEM,
        )
        session.commit()
    click.echo(key)


if __name__ == "__main__":
    sys.exit(main())
