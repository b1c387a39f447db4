"""The terms of memberships, for rewards that are reckoned by them."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.periods import Span, terms

# A pause has cut the term short that goes on when it is over.
_PERIODS = sa.text("""
    SELECT m.customer_id, lower(t.validity), CAST(upper(t.validity) - interval '1 day' AS date),
           t.kind IN ('joining', 'renewal'), m.state = 'paused'
      FROM memberships m
      JOIN membership_periods t ON t.customer_id = m.customer_id AND t.membership_id = m.id
     WHERE m.club_id = :club AND m.customer_id = ANY(:holders) AND NOT isempty(t.validity)
     ORDER BY m.customer_id, lower(t.validity)
""")


def terms_of(session: Session, club_id: int, holders: Sequence[int]) -> dict[int, tuple[Span, ...]]:
    """The terms of these members of a club, oldest first; the last one of a membership that is paused has no end."""
    held: dict[int, list[tuple[Span, bool]]] = defaultdict(list)
    paused: set[int] = set()
    first: dt.date
    last: dt.date | None
    for member, first, last, begins, waits in session.execute(_PERIODS, {"club": club_id, "holders": list(holders)}):
        held[member].append((Span(first, last), begins))
        if waits:
            paused.add(member)
    made: dict[int, tuple[Span, ...]] = {}
    for member, periods in held.items():
        *before, latest = terms(periods)
        made[member] = (*before, Span(latest.first, None) if member in paused else latest)
    return made
