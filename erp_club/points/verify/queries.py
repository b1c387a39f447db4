"""Derives balances, debts and lots again from the movements, and tells the first row of each table that differs.

A lot's days are what it was opened with, which is kept apart and never changed; an account's state and days are what
the product has said last, which is kept apart too.

Nor may a membership be on an account that gave all it had to another one, or a household on more than one account.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that doesn't follow from the movements: its table and key, which column, what it says, what it should.

    Days are told in ISO 8601.
    """

    table: str
    key: str
    column: str
    said: int | str | None
    derived: int | str | None


def faults(session: Session) -> list[Fault]:
    """The first wrong row of each kind, by customer, account and number; empty is what it should be."""
    return list(_faults(session))


def _faults(session: Session) -> Iterator[Fault]:
    for table, column, query in _CHECKS:
        row = session.execute(sa.text(query)).first()
        if row is not None:
            yield Fault(table, row[0], column or row[3], row[1], row[2])


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
# What goes back to a lot that the reversed movement took from was put in before; what goes beyond that has found the
# same days by being extended. The undoing of a run makes lots what they would be, and puts nothing in.
_PUT_IN = """
    SELECT customer_id, account_id, lot_id,
           sum(CASE WHEN took IS NULL THEN points ELSE greatest(points + took, 0) END)::bigint AS earned
      FROM (SELECT p.customer_id, p.account_id, p.lot_id, t.seq, t.points AS took, sum(p.points) AS points
              FROM points_movement_lots p
              JOIN points_movements m USING (customer_id, account_id, seq)
              LEFT JOIN points_movement_lots t ON (t.customer_id, t.account_id, t.seq, t.lot_id)
                        = (p.customer_id, p.account_id, m.reverses_seq, p.lot_id) AND t.points < 0
             WHERE p.lot_id <> 0 AND p.points > 0 AND (m.kind <> 'undone' OR m.reverses_seq IS NULL)
             GROUP BY p.customer_id, p.account_id, p.lot_id, t.seq, t.points) AS put
     GROUP BY customer_id, account_id, lot_id"""
# A sale of an earlier day that comes late counts for the latest one. What came back of a use isn't used.
_REDEEMED = """
    SELECT customer_id, account_id, latest AS redeemed_on, sum(used)::bigint AS redeemed_that_day
      FROM (SELECT customer_id, account_id, -m.points - coalesce(back.points, 0) AS used,
                   max(on_date) OVER so_far AS latest_then,
                   max(on_date) OVER (PARTITION BY customer_id, account_id) AS latest
              FROM points_movements m
              LEFT JOIN (SELECT customer_id, account_id, reverses_seq AS seq, sum(points)::bigint AS points
                           FROM points_movements WHERE kind = 'refunded' AND reverses_seq IS NOT NULL
                          GROUP BY 1, 2, 3) AS back USING (customer_id, account_id, seq)
             WHERE kind = 'redeemed'
            WINDOW so_far AS (PARTITION BY customer_id, account_id ORDER BY seq)) AS used
     WHERE latest_then = latest GROUP BY customer_id, account_id, latest"""
# What was used on a day goes along to an account into which another came: of those the movements alone don't tell it.
_BY_ITSELF = """
    a.heir_id IS NULL
    AND NOT EXISTS (SELECT FROM points_accounts o WHERE (o.heir_holder_id, o.heir_id) = (a.customer_id, a.id))
    AND NOT EXISTS (SELECT FROM points_moves v WHERE (a.customer_id, a.id)
                        IN ((v.customer_id, v.account_id), (v.to_customer_id, v.to_account_id)))
    AND NOT EXISTS (SELECT FROM customer_merges g
                     WHERE g.undone_at IS NOT NULL AND a.customer_id IN (g.survivor_id, g.merged_id))"""
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
        "points_lots",
        "earned",
        f"""
        SELECT concat_ws('/', customer_id, account_id, lot_id), l.earned, p.earned
          FROM (SELECT customer_id, account_id, id AS lot_id, earned FROM points_lots) AS l
          LEFT JOIN ({_PUT_IN}) AS p USING (customer_id, account_id, lot_id)
         WHERE l.earned IS DISTINCT FROM p.earned
         ORDER BY customer_id, account_id, lot_id LIMIT 1
        """,
    ),
    (
        "points_lots",
        None,
        """
        SELECT concat_ws('/', customer_id, account_id, lot_id), term.said, term.opened_as, term.name
          FROM (SELECT customer_id, account_id, id AS lot_id, available_on, last_day, rule_version, earned_month,
                       waits_for FROM points_lots) AS l
          FULL JOIN points_lot_terms t USING (customer_id, account_id, lot_id)
         CROSS JOIN LATERAL (VALUES
               ('available_on', l.available_on::text, t.available_on::text),
               ('last_day', l.last_day::text, t.last_day::text),
               ('earned_month', l.earned_month::text, t.earned_month::text),
               ('rule_version', l.rule_version::text, t.rule_version::text),
               ('waits_for', l.waits_for, t.waits_for)) AS term (name, said, opened_as)
         WHERE (l.available_on, l.last_day, l.earned_month, l.rule_version, l.waits_for)
               IS DISTINCT FROM (t.available_on, t.last_day, t.earned_month, t.rule_version, t.waits_for)
           AND term.said IS DISTINCT FROM term.opened_as
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
        "id",
        f"""
        SELECT concat_ws('/', m.customer_id, m.account_id), a.id, m.account_id
          FROM ({_SUMMED}) AS m LEFT JOIN points_accounts a ON (a.customer_id, a.id) = (m.customer_id, m.account_id)
         WHERE a.id IS NULL ORDER BY m.customer_id, m.account_id LIMIT 1
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
        "points_accounts",
        None,
        """
        SELECT concat_ws('/', customer_id, account_id), told.said, told.kept, told.name
          FROM (SELECT customer_id, id AS account_id, state, frozen_until, idle_last_day FROM points_accounts) AS a
          FULL JOIN (SELECT DISTINCT ON (customer_id, account_id) * FROM points_account_standing
                      ORDER BY customer_id, account_id, n DESC) AS s USING (customer_id, account_id)
         CROSS JOIN LATERAL (VALUES
               ('state', a.state, coalesce(s.state, 'open')),
               ('frozen_until', a.frozen_until::text, s.frozen_until::text),
               ('idle_last_day', a.idle_last_day::text, s.idle_last_day::text)) AS told (name, said, kept)
         WHERE (a.state, a.frozen_until, a.idle_last_day)
               IS DISTINCT FROM (coalesce(s.state, 'open'), s.frozen_until, s.idle_last_day)
           AND told.said IS DISTINCT FROM told.kept
         ORDER BY customer_id, account_id LIMIT 1
        """,
    ),
    (
        # It is left behind by a credit that paid a debt, as one of its movements tells.
        "points_accounts",
        "repaid",
        """
        SELECT concat_ws('/', a.customer_id, a.id), a.repaid, 0 FROM points_accounts a
         WHERE a.repaid <> 0 AND NOT EXISTS (
               SELECT FROM points_movement_lots p WHERE (p.customer_id, p.account_id) = (a.customer_id, a.id)
                  AND p.lot_id = 0 AND p.points = a.repaid)
         ORDER BY a.customer_id, a.id LIMIT 1
        """,
    ),
    *(
        (
            "points_accounts",
            column,
            f"""
            SELECT concat_ws('/', a.customer_id, a.id), a.said{as_told}, a.derived{as_told}
              FROM (SELECT a.customer_id, a.id, a.heir_id, a.{column} AS said, {derived} AS derived
                      FROM points_accounts a
                      LEFT JOIN ({_REDEEMED}) AS r ON (r.customer_id, r.account_id) = (a.customer_id, a.id)
                     WHERE a.{column} IS DISTINCT FROM {derived} OFFSET 0) AS a
             WHERE {_BY_ITSELF} ORDER BY a.customer_id, a.id LIMIT 1
            """,
        )
        for column, derived, as_told in (
            ("redeemed_on", "r.redeemed_on", "::text"),
            ("redeemed_that_day", "coalesce(r.redeemed_that_day, 0)", ""),
        )
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
