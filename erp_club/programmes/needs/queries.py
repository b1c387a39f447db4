"""Who meets what a gift asks for besides its occasion: so much bought, earned or visited in a period of their own."""

import datetime as dt
from collections.abc import Collection, Sequence, Set

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.birthday.grants.commands import Giving
from erp_club.clubs.periods import Span
from erp_club.permissions.actors import Actor
from erp_club.programmes.engine.calendar import DAY, span_of
from erp_club.programmes.engine.parts import Every, Need, Period
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.queries import programme_in_force
from erp_club.programmes.rewards.account import RewardAccount
from erp_club.programmes.rewards.counting import Counting

_EVER = Period(every=Every.EVER)
_MEMBERS = sa.text("""
    SELECT m.customer_id, m.points_holder_id, m.points_account_id,
           (SELECT array_agg(s.customer_id ORDER BY s.customer_id) FROM memberships s
             WHERE s.points_account_id = m.points_account_id AND s.club_id = m.club_id) AS customers,
           m.joined_on, l.level, a.balance, term.first, term.after
      FROM memberships m
      JOIN points_accounts a ON a.customer_id = m.points_holder_id AND a.id = m.points_account_id
      LEFT JOIN membership_levels l ON l.customer_id = m.customer_id AND l.membership_id = m.id
      LEFT JOIN LATERAL (
          SELECT lower(t.validity) AS first, upper(t.validity) AS after FROM membership_periods t
           WHERE t.customer_id = m.customer_id AND t.membership_id = m.id
             AND NOT isempty(t.validity) AND lower(t.validity) <= :on
           ORDER BY lower(t.validity) DESC LIMIT 1
      ) term ON true
     WHERE m.club_id = :club AND m.customer_id = ANY(:customers) AND m.state <> 'ended'
     ORDER BY m.customer_id
""")


def meeting(
    session: Session,
    club_id: int,
    programme: Programme,
    needs: Sequence[Need],
    customers: Collection[int],
    *,
    on: dt.date,
) -> Set[int]:
    """Those of these members of a club who meet every need on a day; who shares an account counts with the others.

    A need without a period is about the whole membership, and one about the term is about the one that holds the day,
    else the last before it.
    """
    if not needs:
        return frozenset(customers)
    rows = session.execute(_MEMBERS, {"club": club_id, "customers": list(customers), "on": on}).all()
    accounts = [
        RewardAccount(row[1], row[2], tuple(row[3]), row[4], member_at_end=True, level=row[5], balance=row[6])
        for row in rows
    ]
    counting = Counting(session, club_id, programme, accounts, on=on)
    left = set(range(len(rows)))
    for need in needs:
        spans = {place: _span(need, accounts[place].joined_on, rows[place][7:9], on) for place in sorted(left)}
        counted = counting.sums(need.measure, spans) if spans else {}
        left = {place for place in left if counted.get(place, 0) >= need.at_least}
    return frozenset(rows[place][0] for place in left)


def _span(need: Need, joined_on: dt.date, term: Sequence[dt.date | None], on: dt.date) -> Span:
    first, after = term
    held = None if first is None else Span(first, None if after is None else after - DAY)
    return span_of(need.period or _EVER, on, joined_on=joined_on, term=held)


def giving(on: dt.date, now: dt.datetime, by: Actor, *, run_id: int | None = None) -> Giving:
    """Giving what plans around a date owe, to those who meet what the rules of programmes ask for besides."""
    return Giving(on, now, by, run_id, meets=_meets)


def _meets(session: Session, club_id: int, rule: str, customers: Collection[int], on: dt.date) -> Set[int]:
    programme = programme_in_force(session, club_id, on)
    found = next((each for each in programme.occasions if each.code == rule), None) if programme else None
    if programme is None or found is None:
        return frozenset(customers)
    return meeting(session, club_id, programme, found.needs, customers, on=on)
