"""The console's segments: who is in one."""

import csv
import datetime as dt
import json
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from erp_club.organisation import queries as organisation
from erp_club.purchases.segment_registry import REGISTRY
from erp_club.receipts.rollups import commands as rollups
from erp_club.segments import queries, saved
from erp_club.segments.reading import Definition, read_definition
from erp_club.segments.unknown import refuse_unknown
from web import i18n
from web.cli_database import opened
from web.offer_forms.reading import read_text


@click.group()
def segment() -> None:
    """Questions about customers."""


@segment.command("count")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--as-of", "as_of", type=click.DateTime(formats=["%Y-%m-%d"]), default=None,
              help="The day the question is asked on; today where left out.")  # fmt: skip
@click.option("--numbers", type=click.Path(path_type=Path, dir_okay=False), default=None, metavar="OUT.csv",
              help="Write the customers' numbers there.")  # fmt: skip
def count(file: Path, as_of: dt.datetime | None, numbers: Path | None) -> None:
    """Count the customers in the segment that FILE describes."""
    asked = read_file(file)
    with opened() as database, database.session() as session:
        facts = organisation.chain(session)
        today = dt.datetime.now(ZoneInfo(facts.time_zone)).date()
        refuse_unknown(session, asked.where)
        compiled = saved.facts(session, as_of.date() if as_of else today, REGISTRY)
        if numbers is None:
            found = queries.count(session, asked.where, compiled)
        else:
            found = 0
            with numbers.open("w", encoding="utf-8", newline="") as stream:
                writer = csv.writer(stream, lineterminator="\n")
                writer.writerow(("customer_number",))
                for found, number in enumerate(queries.numbers(session, asked.where, compiled), 1):  # noqa: B007
                    writer.writerow((number,))
    click.echo(found)


@segment.command("verify")
def verify() -> None:
    """Sum all lines of receipts again and compare with the sums that segments read; exit 1 where one differs."""
    with opened() as database, database.session() as session:
        wrong = rollups.verify(session)
    if wrong is None:
        click.echo(i18n.say(T("Every sum is what the lines come to.")))
        return
    text = T("%(table)s has %(kept)s where the lines come to %(proved)s.", table=wrong.table,
             kept=json.dumps(wrong.kept), proved=json.dumps(wrong.proved))  # fmt: skip
    click.echo(i18n.say(text), err=True)
    sys.exit(1)


@segment.command("rebuild")
def rebuild() -> None:
    """Make every sum that segments and reports read anew from the lines of receipts. Tills go on meanwhile."""
    with opened() as database, database.session() as session:
        rollups.make_anew(session)
        session.commit()
    click.echo(i18n.say(T("Every sum was made anew from the lines.")))


def read_file(file: Path) -> Definition:
    """The definition in a file. Raises Invalid with every fault, each with its place."""
    try:
        said = read_text(file.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Invalid([FieldError(str(file), T("This file isn't UTF-8."))]) from error
    return read_definition(said, REGISTRY)
