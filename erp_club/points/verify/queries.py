"""Derives balances, debts and lots again from the movements, and tells the first row of each table that differs.

Nor may a membership be on an account that gave all it had to another one, or a household on more than one account.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that doesn't follow from the movements: its table and key, which column, what it says, what it should."""

    table: str
    key: str
    column: str
    said: int | None
    derived: int | None


def faults(session: Session) -> list[Fault]:
    """The first wrong row of each kind, by customer, account and number; empty is what it should be."""
    return list(_faults(session))


def _faults(session: Session) -> Iterator[Fault]:
    for table, column, query in _CHECKS:
        row = session.execute(sa.text(query)).first()
        if row is not None:
            yield Fault(table, row[0], column, row[1], row[2])


_RUNNING = """
    SELECT customer_id, account_id, seq, balance_after,
           row_number() OVER w AS nth, (sum(points) OVER w)::bigint AS running
      FROM points_movements WINDOW w AS (PARTITION BY customer_id, account_id ORDER BY seq)"""
_SUMMED = """
    SELECT customer_id, account_id, sum(points)::bigint AS points, count(*) AS movements
      FROM points_movements GROUP BY customer_id, account_id"""
_LOTS = """
    SELECT customer_id, account_id, lot_id, sum(points)::bigint AS points
      FROM points_movement_lots GROUP BY customer_id, account_id, lot_id"""
_CHECKS = (
    (
        "points_movements",
        "seq",
        f"""
        SELECT concat_ws('/', customer_id, account_id, seq), seq, nth FROM ({_RUNNING}) AS m
         WHERE seq <> nth ORDER BY customer_id, account_id, seq LIMIT 1
        """,
    ),
    (
        "points_movements",
        "balance_after",
        f"""
        SELECT concat_ws('/', customer_id, account_id, seq), balance_after, running FROM ({_RUNNING}) AS m
         WHERE balance_after <> running ORDER BY customer_id, account_id, seq LIMIT 1
        """,
    ),
    (
        "points_movement_lots",
        "points",
        """
        SELECT concat_ws('/', m.customer_id, m.account_id, m.seq), coalesce(p.points, 0), m.points
          FROM points_movements m
          LEFT JOIN (SELECT customer_id, account_id, seq, sum(points)::bigint AS points FROM points_movement_lots
                      GROUP BY customer_id, account_id, seq) AS p USING (customer_id, account_id, seq)
         WHERE m.points <> coalesce(p.points, 0)
         ORDER BY m.customer_id, m.account_id, m.seq LIMIT 1
        """,
    ),
    (
        "points_lots",
        "remaining",
        f"""
        SELECT concat_ws('/', customer_id, account_id, lot_id), l.remaining, coalesce(p.points, 0)
          FROM (SELECT customer_id, account_id, id AS lot_id, remaining FROM points_lots) AS l
          FULL JOIN (SELECT * FROM ({_LOTS}) AS every WHERE lot_id <> 0) AS p USING (customer_id, account_id, lot_id)
         WHERE l.remaining IS DISTINCT FROM coalesce(p.points, 0)
         ORDER BY customer_id, account_id, lot_id LIMIT 1
        """,
    ),
    (
        "points_accounts",
        "balance",
        f"""
        SELECT concat_ws('/', a.customer_id, a.id), a.balance, coalesce(m.points, 0)
          FROM points_accounts a LEFT JOIN ({_SUMMED}) AS m ON (m.customer_id, m.account_id) = (a.customer_id, a.id)
         WHERE a.balance <> coalesce(m.points, 0) ORDER BY a.customer_id, a.id LIMIT 1
        """,
    ),
    (
        "points_accounts",
        "last_seq",
        f"""
        SELECT concat_ws('/', a.customer_id, a.id), a.last_seq, coalesce(m.movements, 0)
          FROM points_accounts a LEFT JOIN ({_SUMMED}) AS m ON (m.customer_id, m.account_id) = (a.customer_id, a.id)
         WHERE a.last_seq <> coalesce(m.movements, 0) ORDER BY a.customer_id, a.id LIMIT 1
        """,
    ),
    (
        "points_accounts",
        "debt",
        f"""
        SELECT concat_ws('/', a.customer_id, a.id), a.debt, -coalesce(p.points, 0)
          FROM points_accounts a
          LEFT JOIN (SELECT * FROM ({_LOTS}) AS every WHERE lot_id = 0) AS p
                 ON (p.customer_id, p.account_id) = (a.customer_id, a.id)
         WHERE a.debt <> -coalesce(p.points, 0) ORDER BY a.customer_id, a.id LIMIT 1
        """,
    ),
    (
        "memberships",
        "points_account_id",
        """
        SELECT concat_ws('/', m.customer_id, m.id), m.points_account_id, a.heir_id
          FROM memberships m
          JOIN points_accounts a ON (a.customer_id, a.id) = (m.points_holder_id, m.points_account_id)
         WHERE a.heir_id IS NOT NULL AND EXISTS (
               SELECT FROM customers c WHERE c.id = m.customer_id AND c.state = 'active')
         ORDER BY m.customer_id, m.id LIMIT 1
        """,
    ),
    (
        "household_places",
        "membership_id",
        """
        SELECT concat_ws('/', p.household_id, p.place_no), m.points_account_id, l.points_account_id
          FROM household_places p
          JOIN memberships m ON (m.customer_id, m.id) = (p.customer_id, p.membership_id)
          JOIN household_places q ON q.household_id = p.household_id AND q.is_main AND upper_inf(q.held)
          JOIN memberships l ON (l.customer_id, l.id) = (q.customer_id, q.membership_id)
         WHERE upper_inf(p.held) AND (m.points_holder_id <> l.customer_id
               OR (m.points_holder_id, m.points_account_id) <> (l.points_holder_id, l.points_account_id))
         ORDER BY p.household_id, p.place_no LIMIT 1
        """,
    ),
)
