"""Commands of the console about the search for names."""

import click

from erp_club.jobs.names import NAMES_REKEY
from erp_club.kernel.text import TN
from web import i18n
from web.cli_database import opened
from web.cli_jobs import run_here


@click.group("names")
def names() -> None:
    """The search for names."""


@names.command()
def rekey() -> None:
    """Give new keys to names whose keys are of an older version of ERP Club.

    Works in steps that are each kept, beside shops that are open; stopped in the middle, it goes on where it was.
    """
    with opened() as database:
        row = run_here(database, NAMES_REKEY)
    click.echo(
        i18n.say(TN("%(num)s entry has new keys.", "%(num)s entries have new keys.", row.counts.get("names", 0)))
    )
