"""Commands of the console about the ledgers."""

import sys

import click

from erp_club.jobs.verify import wrong_rows
from erp_club.kernel.text import T
from web import i18n
from web.cli_database import opened


@click.group("ledger")
def ledger() -> None:
    """The ledgers of points and of prepaid cards."""


@ledger.command()
def verify() -> None:
    """Derive every balance, debt, lot, card and sum again; exit 1 with the first wrong row of each kind."""
    with opened() as database, database.session() as session:
        wrong = wrong_rows(session)
    for each in wrong:
        click.echo(i18n.say(each))
    if wrong:
        sys.exit(1)
    click.echo(i18n.say(T("Every balance, lot and sum follows from movements and receipts.")))
