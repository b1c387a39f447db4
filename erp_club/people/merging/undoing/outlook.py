"""What both would have if a merge were undone: it is done, looked at, and taken back, so that it is what comes."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session

from erp_club.clubs.queries import MembershipRow, memberships
from erp_club.kernel.errors import Refused
from erp_club.kernel.text import Text
from erp_club.people.merging.undoing.commands import undo_merge
from erp_club.permissions.actors import Actor


@dataclass(frozen=True, slots=True)
class Outlook:
    """The memberships of the one who stays and of the one who comes back; or the `obstacle` that is in the way."""

    ours: list[MembershipRow]
    theirs: list[MembershipRow]
    obstacle: Text | None = None


def outlook(
    session: Session, merge_id: int, survivor_id: int, *, today: dt.date, now: dt.datetime, by: Actor
) -> Outlook:
    """What undoing the merge now would come to. Raises NotFound."""
    try:
        with session.begin_nested() as tried:
            merged_id = undo_merge(session, merge_id, today=today, now=now, by=by)
            ours, theirs = (memberships(session, each, today=today) for each in (survivor_id, merged_id))
            tried.rollback()
    except Refused as refused:
        return Outlook([], [], refused.text)
    return Outlook(ours, theirs)
