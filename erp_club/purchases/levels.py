"""What a sale or a return does to the levels of its customer."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from erp_club.clubs.earning.queries import Earning
from erp_club.programmes.documents import level_in
from erp_club.programmes.standings.commands import LookCause, Turned, look


def look_at_levels(session: Session, accounts: Iterable[Earning], cause: LookCause) -> tuple[Turned, ...]:
    """Look at the levels in those of these clubs that have any, once the receipt is written; those that changed."""
    asked = [
        (each.holder_id, each.points_account_id) for each in accounts if level_in(each.rules_document, None) is not None
    ]
    return look(session, asked, cause) if asked else ()
