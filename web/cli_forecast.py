"""The console's forecast: what the offers of a file would have cost."""

import datetime as dt
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.money import to_text
from erp_club.kernel.text import T, Text
from erp_club.organisation import queries as organisation
from erp_club.organisation.queries import store_id
from erp_club.promotions.engine.offer import Offer
from erp_club.reports.forecast import Period, usual_month
from erp_club.reports.forecast import forecast as replay
from web import i18n
from web.cli_database import opened
from web.offer_forms.reading import read_offer, read_text

DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command("forecast")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--from", "first", type=DAY, default=None, help="First day of the receipts, e.g. 2026-10-01.")
@click.option("--to", "last", type=DAY, default=None, help="Last day, included. Else the last full month with sales.")
@click.option("--store", default=None, metavar="CODE", help="Only this store's receipts.")
def forecast(file: Path, first: dt.datetime | None, last: dt.datetime | None, store: str | None) -> None:
    """Price past receipts with and without the offers of FILE, beside those in force, and tell what they would cost.

    FILE holds one offer as JSON, or a list of them. Nothing is kept.
    """
    tried = read_offers(file)
    with opened() as database, database.session() as session:
        facts = organisation.chain(session)
        today = dt.datetime.now(ZoneInfo(facts.time_zone)).date()
        month = usual_month(session, today)
        period = Period(
            first.date() if first else month[0],
            last.date() if last else today if first else month[1],
            None if store is None else _store(store_id(session, store), store),
        )
        if period.last < period.first:
            raise Invalid([FieldError("--to", T("The last day is before the first one."))])
        with click.progressbar(length=1, label=i18n.say(T("Receipts")), file=sys.stderr) as bar:

            def told(done: int, total: int) -> None:
                bar.length = max(total, 1)
                bar.update(done - bar.pos)

            outcome = replay(session, tried, period, progress=told)
    _say(T("Receipts from %(first)s to %(last)s: %(receipts)s.", first=period.first, last=period.last,
           receipts=outcome.receipts))  # fmt: skip
    _say(T("Touched: %(baskets)s baskets, %(members)s members.", baskets=outcome.baskets, members=outcome.members))
    _say(T("Cost: %(cost)s %(currency)s of %(before)s.", cost=to_text(outcome.cost_minor), currency=facts.currency,
           before=to_text(outcome.before_minor)))  # fmt: skip
    _say(T("Sales in the touched baskets must rise by %(rate)s%% to bring in as much as before.",
           rate=to_text(outcome.uplift_bp)))  # fmt: skip
    if outcome.gifts:
        _say(T("Gifts: %(gifts)s, worth %(worth)s %(currency)s at today's prices.", gifts=outcome.gifts,
               worth=to_text(outcome.gifts_minor), currency=facts.currency))  # fmt: skip
    listed = ((T("By offer"), outcome.offers), (T("By day"), outcome.days), (T("By store"), outcome.stores))
    for heading, parts in listed:
        _say(heading)
        for name, part in parts.items():
            click.echo(f"  {name!s:<20} {part.baskets:>8} {to_text(part.cost_minor):>14}")


def read_offers(file: Path) -> list[Offer]:
    """The offers of a file: a JSON list of them, or one. Raises Invalid with every fault, each with its place."""
    try:
        said = read_text(file.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Invalid([FieldError(str(file), T("This file isn't UTF-8."))]) from error
    documents = said if isinstance(said, list) else [said]
    offers: list[Offer] = []
    faults: list[FieldError] = []
    for index, document in enumerate(documents):
        try:
            offers.append(read_offer(document))
        except Invalid as error:
            where = f"[{index}]." if isinstance(said, list) else ""
            faults += [FieldError(f"{where}{each.field}", each.text) for each in error.fields]
    if faults or not offers:
        raise Invalid(faults or [FieldError(str(file), T("Enter at least one."))])
    return offers


def _store(found: int | None, code: str) -> int:
    if found is None:
        raise Invalid([FieldError("--store", T("No store has the code %(key)s.", key=code))])
    return found


def _say(text: Text) -> None:
    click.echo(i18n.say(text))
