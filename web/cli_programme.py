"""The console's programmes: loaded from a file, shown in sentences or as JSON, checked, and tried on the past."""

import datetime as dt
import json
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from sqlalchemy.orm import Session

from erp_club.kernel.errors import FieldError, Invalid, NotFound
from erp_club.kernel.money import to_text
from erp_club.kernel.text import T, Text
from erp_club.organisation import queries as organisation
from erp_club.permissions.actors import SYSTEM
from erp_club.programmes import commands, documents, errors, queries
from erp_club.programmes.engine.checks import findings
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.sentences.programme import sections
from erp_club.reports.what_if import by_rate
from erp_club.reports.what_if import what_if as replay
from erp_club.reports.what_if_told import Side, WhatIf
from web import i18n
from web.cli_database import opened
from web.offer_forms.reading import read_text
from web.programme_reading import read_programme

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group()
def programme() -> None:
    """A club's whole programme as one document."""


@programme.command()
@click.argument("file", type=FILE)
@click.option("--publish", is_flag=True, help="Open the club for joining as well, where it is a draft.")
def load(file: Path, publish: bool) -> None:
    """Let the programme of FILE hold for its club; a club that isn't there yet is set up."""
    read = _read(file)
    with opened() as database, database.session() as session:
        chain = organisation.chain(session)
        now = dt.datetime.now(dt.UTC)
        loaded = commands.load_programme(
            session,
            read,
            currency=chain.currency,
            language=chain.language,
            today=now.astimezone(ZoneInfo(chain.time_zone)).date(),
            now=now,
            by=SYSTEM,
            publish=publish,
        )
        warned = queries.warnings(session, read)
        session.commit()
    values = {"club": read.code, "version": loaded.version_no, "day": loaded.effective_from}
    if loaded.is_new:
        _say(T("Version %(version)s of %(club)s holds from %(day)s on.", **values))
    else:
        _say(T("Version %(version)s of %(club)s says the same; nothing has changed.", **values))
    for each in warned:
        click.echo(f"{i18n.say(T('Warning'))}: {each.path}: {_plain(each.text)}")


@programme.command()
@click.argument("club")
@click.option("--json", "as_json", is_flag=True, help="As a document that can be loaded again.")
def show(club: str, as_json: bool) -> None:
    """Show the programme of the club with the code CLUB, or of an example by its name, in plain sentences."""
    read = documents.example(club) if club in documents.EXAMPLES else _held(club)
    if as_json:
        click.echo(json.dumps(documents.brief(read), ensure_ascii=False, indent=2))
        return
    for section in sections(read):
        click.echo(i18n.say(section.title))
        for text in section.sentences:
            click.echo(f"  {_plain(text)}")


@programme.command()
@click.argument("file", type=FILE)
def check(file: Path) -> None:
    """Check the programme of FILE: ends with 2 where it can't be, and names each place."""
    read = _read(file)
    found = findings(read)
    for each in found:
        mark = i18n.say(T("Fault")) if each.stops else i18n.say(T("Warning"))
        click.echo(f"{mark}: {each.path}: {_plain(each.text)}", err=each.stops)
    if any(each.stops for each in found):
        sys.exit(2)
    _say(T("%(club)s can be published.", club=read.code))


@programme.command("what-if")
@click.argument("file", type=FILE)
def what_if(file: Path) -> None:
    """Replay past receipts under the programme of FILE, beside the one in force: points, cost by month, and levels.

    Nothing is kept. Of a club that isn't there yet, every known customer counts as a member.
    """
    read = _read(file)
    with opened() as database, database.session() as session:
        chain = organisation.chain(session)
        if read.currency != chain.currency:
            raise errors.wrong_currency()
        today = dt.datetime.now(ZoneInfo(chain.time_zone)).date()
        held = _in_force(session, read.code, today)
        with click.progressbar(length=1, label=i18n.say(T("Receipts")), file=sys.stderr) as bar:

            def told(done: int, total: int) -> None:
                bar.length = max(total, 1)
                bar.update(done - bar.pos)

            made = replay(session, read, held, today=today, progress=told)
    _say(T("Replayed: %(receipts)s receipts of %(members)s members.", receipts=made.receipts, members=made.members))
    if held is None:
        _say(T("No programme is in force for %(club)s, so there is nothing to compare with.", club=read.code))
    _print(made, chain.currency)


def _in_force(session: Session, code: str, today: dt.date) -> Programme | None:
    """The club's programme of the day, or its rate where it was set up without a document; None for no such club."""
    try:
        return queries.programme_on(session, code, today).programme
    except NotFound:
        return by_rate(session, code)


def _print(made: WhatIf, currency: str) -> None:
    sides = [made.tried, *([made.held] if made.held is not None else [])]
    headings = [T("Points"), T("Cost in %(currency)s", currency=currency)]
    if made.held is not None:
        headings += [T("Points in force"), T("Cost in force")]
    click.echo(f"{i18n.say(T('Month')):<16}" + "".join(f"{i18n.say(each):>18}" for each in headings))
    rows = [(f"{month:%Y-%m}", [_of_month(side, month) for side in sides]) for month in made.months]
    whole = [
        tuple(sum(figures) for figures in zip(*each, strict=True)) for each in zip(*(r for _, r in rows), strict=True)
    ]
    for name, figures in (*rows, (i18n.say(T("In all")), whole or [(0, 0)] * len(sides))):
        click.echo(f"{name:<16}" + "".join(f"{points:>18}{to_text(cost):>18}" for points, cost in figures))
    if made.levels:
        columns = [T("Members"), T("Members in force")][: len(sides)]
        click.echo(f"{i18n.say(T('Level')):<16}" + "".join(f"{i18n.say(each):>18}" for each in columns))
    for level in made.levels:
        click.echo(f"{level:<16}" + "".join(f"{side.levels.get(level, 0):>18}" for side in sides))


def _of_month(side: Side, month: dt.date) -> tuple[int, ...]:
    """Points, and what they cost with what periods gave."""
    points = side.months.get(month, 0)
    return points, side.cost_minor(points) + side.reward_months.get(month, 0)


def _held(club: str) -> Programme:
    with opened() as database, database.session() as session:
        return queries.versions(session, club)[0].programme


def _read(file: Path) -> Programme:
    try:
        return read_programme(read_text(file.read_text(encoding="utf-8-sig")))
    except UnicodeDecodeError as error:
        raise Invalid([FieldError(str(file), T("This file isn't UTF-8."))]) from error


def _say(text: Text) -> None:
    click.echo(_plain(text))


def _plain(text: Text) -> str:
    return i18n.say(text).replace("\u2068", "").replace("\u2069", "")
