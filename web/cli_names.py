"""Commands of the console about the search for names."""

import sys

import click

from erp_club.customers.names import commands, queries
from erp_club.kernel.text import TN, T
from web import i18n
from web.cli_database import opened


@click.group("names")
def names() -> None:
    """The search for names."""


@names.command()
def rekey() -> None:
    """Give new keys to names whose keys are of an older version of ERP Club.

    Works in steps that are each kept, beside shops that are open; stopped in the middle, it goes on where it was.
    """
    done = 0
    with opened() as database:
        with database.session() as session:
            stale = queries.stale(session)
        with click.progressbar(length=stale, label=i18n.say(T("Names")), file=sys.stderr) as bar:
            for step in (commands.rekey_words, commands.rekey_customers):
                # Words first: taking names apart then finds them with today's keys.
                kept = -1
                while kept:
                    with database.session() as session:
                        kept = step(session)
                        session.commit()
                    bar.update(kept)
                    done += kept
        with database.session() as session:
            commands.count_bearers(session)
            session.commit()
    click.echo(i18n.say(TN("%(num)s entry has new keys.", "%(num)s entries have new keys.", done)))
