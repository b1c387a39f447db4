"""What a sale or a return does to the levels of its customer, and what a sale gives that was reached by it."""

import datetime as dt
from collections.abc import Iterable

from sqlalchemy.orm import Session

from erp_club.clubs.earning.account import Earning
from erp_club.programmes.documents import level_in, programme_of
from erp_club.programmes.engine.due import in_the_sale
from erp_club.programmes.rewards.commands import SettleCause, Settling, settle_reached
from erp_club.programmes.rewards.queries import rules
from erp_club.programmes.standings.commands import LookCause, Turned, look


def look_at_levels(session: Session, accounts: Iterable[Earning], cause: LookCause) -> tuple[Turned, ...]:
    """Look at the levels in those of these clubs that have any, once the receipt is written; those that changed."""
    asked = [
        (each.holder_id, each.points_account_id) for each in accounts if level_in(each.rules_document, None) is not None
    ]
    return look(session, asked, cause) if asked else ()


def give_reached(session: Session, accounts: Iterable[Earning], cause: LookCause, *, today: dt.date) -> None:
    """Give what these accounts have reached of rewards that their clubs give at once.

    After a sale of an earlier day, that a till sends late, the night gives it in the order of days.
    """
    if cause.on != today:
        return
    for each in accounts:
        programme = programme_of(each.rules_document)
        if programme is None or not programme.rewards:
            continue
        for of in rules(session, on=today, club_id=each.club_id):
            if in_the_sale(of.rule):
                settling = Settling(of.club_id, of.version_no, of.programme, of.rule, today)
                settle_reached(session, settling, SettleCause(today, cause.now, cause.by), each.holder_id)
