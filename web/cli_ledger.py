"""Commands of the console about the ledgers."""

import datetime as dt
import sys

import click

from erp_club.jobs.verify import wrong_rows
from erp_club.kernel import audit, restored
from erp_club.kernel.text import T
from erp_club.permissions.actors import SYSTEM
from web import i18n
from web.cli_database import opened


@click.group("ledger")
def ledger() -> None:
    """The ledgers of points and of prepaid cards."""


@ledger.command()
@click.option(
    "--accept", is_flag=True,
    help="Let a restored place be served although rows are wrong; the change log keeps which.",
)  # fmt: skip
def verify(accept: bool) -> None:
    """Derive every balance, debt, lot, card and sum again; exit 1 with the first wrong row of each kind.

    What no sum tells (receipts and how they were paid, states of accounts, cards and coupons, fees, used benefits, what
    rewards, birthdays and events gave, what somebody did against the limits of a day, wrong PINs) is compared with what
    was kept of it when it was written, and with the night's seals: whoever changes both since is found.

    Not proven: rows that are added just as the product would add them; what was changed before the night sealed it,
    where what it follows from or what was kept beside it was changed alike, or it is told once only (a movement's day
    and kind, a line's VAT); settings (clubs, offers, batches, plans, prices); which account a membership names; reasons
    that people typed; when a coupon was issued or used.
    """
    with opened(proven=False) as database:
        was = restored.standing(database)
        with database.session() as session:
            wrong = wrong_rows(session)
            said = [str(each) for each in wrong]
            if was is restored.Standing.WRONG and wrong and accept:
                now = dt.datetime.now(dt.UTC)
                audit.record(
                    session,
                    by=SYSTEM,
                    now=now,
                    action="ledger.accept",
                    entity="ledger",
                    entity_id="",
                    after={"wrong": said},
                )
                session.commit()
        if was is restored.Standing.WRONG and (accept or not wrong):
            restored.unmark(database)
    for each in wrong:
        click.echo(i18n.say(each))
    if wrong:
        sys.exit(1)
    click.echo(i18n.say(T("Every balance, lot and sum follows from movements and receipts.")))
