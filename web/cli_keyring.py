"""Commands of the console about the keys of ID numbers."""

import sys

import click

from erp_club.customers.id_numbers import commands
from erp_club.kernel import keyring as keyrings
from erp_club.kernel.text import TN, T
from erp_club.permissions.factors import commands as factors
from web import i18n
from web.cli_database import opened


@click.group("keyring")
def keyring() -> None:
    """The keys that protect ID numbers."""


@keyring.command()
def new() -> None:
    """Print a new keyring, as the setting ERP_CLUB_KEYRING takes it."""
    click.echo(keyrings.new_keys())


@keyring.command()
def rotate() -> None:
    """Seal all ID numbers under a new key.

    Works in steps that are each kept, beside shops that are open; stopped in the middle, `reseal` goes on. Server
    processes that run read the new key when they meet it. The old keys stay, for backups that were made with them.
    """
    with opened() as database:
        number = database.keyring.add_key()
    click.echo(i18n.say(T("Key %(number)s seals from now on. Keep a copy of the keyring.", number=number)))
    _reseal()


@keyring.command()
def reseal() -> None:
    """Seal under the current key what is under an older one, after one was added to ERP_CLUB_KEYRING."""
    _reseal()


def _reseal() -> None:
    done = 0
    with opened() as database:
        with database.session() as session:
            factors.reseal(session)
            session.commit()
        with database.session() as session:
            stale = commands.stale(session)
        with click.progressbar(length=stale, label=i18n.say(T("ID numbers")), file=sys.stderr) as bar:
            kept = -1
            while kept:
                with database.session() as session:
                    kept = commands.reseal(session)
                    session.commit()
                bar.update(kept)
                done += kept
    click.echo(i18n.say(TN("%(num)s ID number is sealed anew.", "%(num)s ID numbers are sealed anew.", done)))
