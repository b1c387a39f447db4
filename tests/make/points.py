"""Many members with points, made by the database itself."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

ENDS, STAYS = 100, 40
"""Points of each member that may be used until `last_day`, and for ever."""

_STATEMENTS = (
    """
    INSERT INTO customers (number, given_name, family_name, opened_at, changed_at)
    SELECT 'M' || n, 'Noa', 'Levi', now(), now() FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) n
    """,
    """
    CREATE TEMPORARY TABLE many ON COMMIT DROP AS
    SELECT id AS customer_id FROM customers WHERE number LIKE 'M%'
      AND substr(number, 2)::bigint BETWEEN :first AND :last
    """,
    """
    INSERT INTO points_accounts (customer_id, balance, last_seq)
    SELECT customer_id, CAST(:ends AS bigint) + CAST(:stays AS bigint), 2 FROM many ORDER BY customer_id
    """,
    """
    INSERT INTO points_lots
      (customer_id, account_id, available_on, last_day, rule_version, earned_month, earned, remaining)
    SELECT customer_id, a.id, CAST(:earned_on AS date), last_day, 1, earned_month, points, points
    FROM many JOIN points_accounts a USING (customer_id) CROSS JOIN (
      VALUES (1, CAST(:last_day AS date), CAST(NULL AS date), CAST(:ends AS bigint)),
        (2, NULL, CAST(:earned_on AS date), CAST(:stays AS bigint))
    ) v (seq, last_day, earned_month, points)
    ORDER BY customer_id, seq
    """,
    """
    INSERT INTO points_movements
      (customer_id, account_id, seq, kind, points, balance_after, at, on_date, by_customer_id, rule_version)
    SELECT customer_id, l.account_id, CASE WHEN last_day IS NULL THEN 2 ELSE 1 END, 'earned', l.earned,
      CAST(:ends AS bigint) + CASE WHEN last_day IS NULL THEN CAST(:stays AS bigint) ELSE 0 END, now(),
      CAST(:earned_on AS date), customer_id, 1
    FROM many JOIN points_lots l USING (customer_id)
    """,
    """
    INSERT INTO points_movement_lots (customer_id, account_id, seq, lot_id, points)
    SELECT customer_id, l.account_id, CASE WHEN last_day IS NULL THEN 2 ELSE 1 END, l.id, l.earned
    FROM many JOIN points_lots l USING (customer_id)
    """,
    "DROP TABLE many",
)


def many_accounts(session: Session, number: int, *, last_day: dt.date, first: int = 1) -> None:
    """Customers `M1`, `M2` …, each with an account of two lots and the two movements that filled them."""
    values = {
        "first": first,
        "last": first + number - 1,
        "ends": ENDS,
        "stays": STAYS,
        "last_day": last_day,
        "earned_on": (last_day - dt.timedelta(days=300)).replace(day=1),
    }
    for statement in _STATEMENTS:
        text = sa.text(statement)
        session.execute(text, {name: values[name] for name in text.compile().params})
