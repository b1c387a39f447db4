"""Points outstanding and what moved, from the ledger itself."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel.dates import add_months
from erp_club.points.kinds import MovementKind
from erp_club.reports.liability.figures import HISTORY_MONTHS, Age, Flow, Held

_OF_CLUB = """
    WITH RECURSIVE of_club AS (
        SELECT m.points_holder_id AS customer_id, m.points_account_id AS account_id, m.club_id
          FROM memberships m WHERE CAST(:club AS int) IS NULL OR m.club_id = :club
        UNION
        SELECT a.customer_id, a.id, o.club_id FROM of_club o JOIN points_accounts a ON a.heir_id = o.account_id
    )
"""
"""Every account with its club; one that was merged into another is still of the other's club."""
_HELD = sa.text(
    f"""
    {_OF_CLUB}, since AS MATERIALIZED (
        SELECT p.customer_id, p.account_id, p.lot_id, min(m.on_date) AS on_date
          FROM points_movement_lots p
          JOIN points_movements m USING (customer_id, account_id, seq)
         WHERE p.points > 0 AND p.lot_id <> 0
         GROUP BY 1, 2, 3
    )
    SELECT o.club_id,
           CASE WHEN s.on_date > :three THEN '0-3' WHEN s.on_date > :six THEN '3-6'
                WHEN s.on_date > :twelve THEN '6-12' WHEN s.on_date > :twenty_four THEN '12-24' ELSE '24+' END,
           date_trunc('month', l.last_day)::date,
           sum(l.remaining)::bigint
      FROM of_club o
      JOIN points_lots l ON (l.customer_id, l.account_id) = (o.customer_id, o.account_id) AND l.remaining > 0
      JOIN since s ON (s.customer_id, s.account_id, s.lot_id) = (l.customer_id, l.account_id, l.id)
     GROUP BY 1, 2, 3 ORDER BY 1, 3 NULLS LAST, 2
    """  # noqa: S608 - the part is written above
)
_FLOWS = sa.text(
    f"""
    {_OF_CLUB}
    SELECT o.club_id, m.kind,
           coalesce(sum(m.points) FILTER (WHERE m.on_date < :first), 0)::bigint,
           coalesce(sum(m.points) FILTER (WHERE m.on_date >= :first), 0)::bigint,
           count(*) FILTER (WHERE m.on_date >= :first),
           coalesce(sum(m.points) FILTER (WHERE m.on_date >= :since), 0)::bigint
      FROM of_club o
      JOIN points_movements m ON (m.customer_id, m.account_id) = (o.customer_id, o.account_id)
     WHERE m.on_date <= :last
     GROUP BY 1, 2 ORDER BY 1, 2
    """  # noqa: S608 - the part is written above
)
_BALANCES = sa.text(
    f"""
    {_OF_CLUB}
    SELECT o.club_id, sum(a.balance)::bigint, sum(a.debt)::bigint
      FROM of_club o JOIN points_accounts a ON (a.customer_id, a.id) = (o.customer_id, o.account_id)
     GROUP BY 1
    """  # noqa: S608 - the part is written above
)


def held(session: Session, *, today: dt.date, club_id: int | None = None) -> list[Held]:
    """What lots hold now, by club, age and month of expiry."""
    ages = {"three": 3, "six": 6, "twelve": 12, "twenty_four": 24}
    days = {name: add_months(today, -months) for name, months in ages.items()}
    rows = session.execute(_HELD, {"club": club_id} | days)
    return [Held(club, Age(age), ends, points) for club, age, ends, points in rows]


def flows(session: Session, *, first: dt.date, last: dt.date, club_id: int | None = None) -> list[Flow]:
    """What moved by club and reason, up to the last day."""
    since = add_months(last, -HISTORY_MONTHS)
    told: dict[str, Any] = {"club": club_id, "first": first, "last": last, "since": since}
    return [
        Flow(club, MovementKind(kind), before, moved, count, history)
        for club, kind, before, moved, count, history in session.execute(_FLOWS, told)
    ]


def balances(session: Session, *, club_id: int | None = None) -> dict[int, tuple[int, int]]:
    """The balance of all accounts of a club as it stands, and their debt, by the club."""
    return {club: (balance, debt) for club, balance, debt in session.execute(_BALANCES, {"club": club_id})}
