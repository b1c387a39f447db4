"""Renews memberships that go on by themselves, or by a purchase: where nothing is to be paid for it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from erp_club.kernel.errors import Refused
from erp_club.permissions.actors import Actor
from erp_club.purchases.fees.joining import Day
from erp_club.purchases.fees.unsold import renew
from erp_club.purchases.renewals import queries


@dataclass(frozen=True, slots=True)
class Done:
    """What a batch did: how many it renewed, and whose it left, with the reason; the last membership."""

    renewed: int
    left: Sequence[tuple[int, Refused]]
    looked_at: int
    last: int | None


def renew_due(session: Session, *, on: dt.date, after: int, limit: int, now: dt.datetime, by: Actor) -> Done:
    """Renew the next memberships. One for which a fee is due waits for it, as any that can't be renewed today."""
    found = queries.due(session, on=on, after=after, limit=limit)
    left: list[tuple[int, Refused]] = []
    for membership_id, customer_id, as_of in found:
        try:
            with session.begin_nested():
                renew(session, membership_id, card=None, day=Day(as_of, now, by, None))
        except Refused as refused:
            left.append((customer_id, refused))
    return Done(len(found) - len(left), left, len(found), found[-1][0] if found else None)
