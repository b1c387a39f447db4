"""Adds receipts to the rollups, and proves these against the lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

_SUMMED = """
    SELECT customer_id, receipt_id, sold_on, store_id, bool_or(bought)::int AS purchases,
           bool_or(NOT bought)::int AS returns, sum(amount_minor)::bigint AS spend_minor,
           sum(quantity_milli)::bigint AS quantity_milli, sum(list_minor)::bigint AS list_minor,
           coalesce(-sum(amount_minor) FILTER (WHERE NOT bought), 0)::bigint AS returned_minor
      FROM lines GROUP BY customer_id, receipt_id, sold_on, store_id
"""
_LINES = """
    SELECT r.customer_id, r.id AS receipt_id, r.sold_on, r.store_id, p.group_id, l.amount_minor, l.list_minor,
           l.quantity_milli, l.quantity_milli >= 0 AS bought
"""
_ROLL = f"""
WITH waiting AS (
    SELECT customer_id, receipt_id FROM receipts_to_roll LIMIT :most FOR UPDATE SKIP LOCKED
), taken AS (
    DELETE FROM receipts_to_roll q USING waiting w
     WHERE (q.customer_id, q.receipt_id) = (w.customer_id, w.receipt_id) RETURNING q.customer_id, q.receipt_id
), lines AS MATERIALIZED (
    {_LINES} FROM taken t
      JOIN receipts r ON (r.customer_id, r.id) = (t.customer_id, t.receipt_id)
      JOIN receipt_lines l ON (l.customer_id, l.receipt_id) = (t.customer_id, t.receipt_id)
      JOIN products p ON p.id = l.product_id
), summed AS MATERIALIZED ({_SUMMED}), days AS (
    INSERT INTO customer_days AS d (customer_id, sold_on, store_id, receipts, purchases, returns, spend_minor,
                                    quantity_milli, list_minor, returned_minor)
    SELECT customer_id, sold_on, store_id, count(*), sum(purchases), sum(returns), sum(spend_minor),
           sum(quantity_milli), sum(list_minor), sum(returned_minor)
      FROM summed GROUP BY customer_id, sold_on, store_id ORDER BY customer_id, sold_on, store_id
    ON CONFLICT (customer_id, sold_on, store_id) DO UPDATE
       SET receipts = d.receipts + EXCLUDED.receipts, purchases = d.purchases + EXCLUDED.purchases,
           returns = d.returns + EXCLUDED.returns, spend_minor = d.spend_minor + EXCLUDED.spend_minor,
           quantity_milli = d.quantity_milli + EXCLUDED.quantity_milli,
           list_minor = d.list_minor + EXCLUDED.list_minor,
           returned_minor = d.returned_minor + EXCLUDED.returned_minor
), groups AS (
    INSERT INTO customer_group_days AS g (group_id, sold_on, customer_id, purchases, returns, spend_minor,
                                          quantity_milli)
    SELECT group_id, sold_on, customer_id, count(DISTINCT receipt_id) FILTER (WHERE bought),
           count(DISTINCT receipt_id) FILTER (WHERE NOT bought), sum(amount_minor), sum(quantity_milli)
      FROM lines WHERE group_id IS NOT NULL AND customer_id <> 0
     GROUP BY group_id, sold_on, customer_id ORDER BY group_id, sold_on, customer_id
    ON CONFLICT (group_id, sold_on, customer_id) DO UPDATE
       SET purchases = g.purchases + EXCLUDED.purchases, returns = g.returns + EXCLUDED.returns,
           spend_minor = g.spend_minor + EXCLUDED.spend_minor,
           quantity_milli = g.quantity_milli + EXCLUDED.quantity_milli
), summaries AS (
    INSERT INTO customer_summaries AS s
    SELECT customer_id, sum(purchases), sum(returns), sum(spend_minor), sum(quantity_milli),
           min(sold_on) FILTER (WHERE purchases > 0), max(sold_on) FILTER (WHERE purchases > 0)
      FROM summed WHERE customer_id <> 0 GROUP BY customer_id ORDER BY customer_id
    ON CONFLICT (customer_id) DO UPDATE
       SET purchases = s.purchases + EXCLUDED.purchases, returns = s.returns + EXCLUDED.returns,
           spend_minor = s.spend_minor + EXCLUDED.spend_minor,
           quantity_milli = s.quantity_milli + EXCLUDED.quantity_milli,
           first_on = least(s.first_on, EXCLUDED.first_on), last_on = greatest(s.last_on, EXCLUDED.last_on)
)
SELECT count(*) FROM taken
"""
_MADE_ANEW = f"""
WITH lines AS ({_LINES} FROM receipts r
      JOIN receipt_lines l ON (l.customer_id, l.receipt_id) = (r.customer_id, r.id)
      JOIN products p ON p.id = l.product_id
     WHERE r.customer_id <> 0 AND p.group_id = ANY(:groups) AND NOT EXISTS (
           SELECT FROM receipts_to_roll q WHERE (q.customer_id, q.receipt_id) = (r.customer_id, r.id)))
INSERT INTO customer_group_days (group_id, sold_on, customer_id, purchases, returns, spend_minor, quantity_milli)
SELECT group_id, sold_on, customer_id, count(DISTINCT receipt_id) FILTER (WHERE bought),
       count(DISTINCT receipt_id) FILTER (WHERE NOT bought), sum(amount_minor), sum(quantity_milli)
  FROM lines GROUP BY group_id, sold_on, customer_id
"""
_ALL_LINES = f"""{_LINES} FROM receipts r
      JOIN receipt_lines l ON (l.customer_id, l.receipt_id) = (r.customer_id, r.id)
      JOIN products p ON p.id = l.product_id
     WHERE NOT EXISTS (
           SELECT FROM receipts_to_roll q WHERE (q.customer_id, q.receipt_id) = (r.customer_id, r.id))"""
_SUMS = {
    "customer_days": """
        SELECT customer_id, sold_on, store_id, count(*) AS receipts, sum(purchases) AS purchases,
               sum(returns) AS returns, sum(spend_minor) AS spend_minor, sum(quantity_milli) AS quantity_milli,
               sum(list_minor) AS list_minor, sum(returned_minor) AS returned_minor
          FROM summed GROUP BY customer_id, sold_on, store_id""",
    "customer_group_days": """
        SELECT group_id, sold_on, customer_id, count(DISTINCT receipt_id) FILTER (WHERE bought) AS purchases,
               count(DISTINCT receipt_id) FILTER (WHERE NOT bought) AS returns, sum(amount_minor) AS spend_minor,
               sum(quantity_milli) AS quantity_milli
          FROM lines
         WHERE customer_id <> 0 AND group_id IS NOT NULL AND group_id NOT IN (SELECT group_id FROM groups_to_roll)
         GROUP BY group_id, sold_on, customer_id""",
    "customer_summaries": """
        SELECT customer_id, sum(purchases) AS purchases, sum(returns) AS returns, sum(spend_minor) AS spend_minor,
               sum(quantity_milli) AS quantity_milli, min(sold_on) FILTER (WHERE purchases > 0) AS first_on,
               max(sold_on) FILTER (WHERE purchases > 0) AS last_on
          FROM summed WHERE customer_id <> 0 GROUP BY customer_id""",
}
MOST_AT_ONCE = 200_000


def roll(session: Session, *, most: int = MOST_AT_ONCE) -> int:
    """Add at most so many waiting receipts to the rollups, and make changed groups anew; gives how many were added.

    Two at once wait for each other; what is written meanwhile waits for the next time.
    """
    session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended('rollups', 0))"))
    rolled = session.execute(sa.text(_ROLL), {"most": most}).scalar_one()
    groups = list(session.scalars(sa.text("DELETE FROM groups_to_roll RETURNING group_id")))
    if groups:
        session.execute(sa.text("DELETE FROM customer_group_days WHERE group_id = ANY(:groups)"), {"groups": groups})
        session.execute(sa.text(_MADE_ANEW), {"groups": groups})
    return rolled


def roll_all(session: Session) -> int:
    """Add every waiting receipt."""
    total = 0
    while rolled := roll(session):
        total += rolled
    if total:
        for table in ("customer_days", "customer_group_days", "customer_summaries", "receipts_to_roll"):
            session.execute(sa.text(f"ANALYZE {table}"))
    return total


@dataclass(frozen=True, slots=True)
class Wrong:
    """A row of a rollup that isn't what the lines sum to: what is kept, and what should be; None where none is."""

    table: str
    kept: Mapping[str, Any] | None
    proved: Mapping[str, Any] | None


def verify(session: Session) -> Wrong | None:
    """Sum all lines again and compare; gives the first row that differs. Reads everything."""
    for table, sums in _SUMS.items():
        keys = {"customer_days": "customer_id, sold_on, store_id", "customer_group_days": "group_id, sold_on, "
                "customer_id", "customer_summaries": "customer_id"}[table]  # fmt: skip
        held = f"SELECT * FROM {table}"
        if table == "customer_group_days":
            held += " WHERE group_id NOT IN (SELECT group_id FROM groups_to_roll)"
        row = session.execute(
            sa.text(f"""
            WITH lines AS MATERIALIZED ({_ALL_LINES}), summed AS ({_SUMMED}), proved AS ({sums}), kept AS ({held})
            SELECT to_jsonb(kept) AS kept, to_jsonb(proved) AS proved FROM kept FULL JOIN proved USING ({keys})
             WHERE to_jsonb(kept) IS DISTINCT FROM to_jsonb(proved) LIMIT 1
            """)
        ).one_or_none()
        if row is not None:
            return Wrong(table, row.kept, row.proved)
    return None
