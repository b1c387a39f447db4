"""Which memberships go on by themselves, or by a purchase, where their club's programme says so."""

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

LATE_DAYS = 7
"""So many days late a membership is still renewed by itself, and a purchase looked at, where nothing ran on its day."""
_DUE = """
      FROM memberships m
      JOIN clubs c ON c.id = m.club_id AND c.state = 'published'
      JOIN LATERAL (
          SELECT v.document #>> '{renewal,by}' AS by,
                 CAST(v.document #>> '{renewal,purchase_minor}' AS bigint) AS least,
                 CAST(v.document #>> '{renewal,earliest_days}' AS int) AS earliest
            FROM programme_versions v
           WHERE v.club_id = c.id AND v.effective_from <= :on
           ORDER BY v.effective_from DESC, v.version_no DESC LIMIT 1
      ) p ON p.by IN ('itself', 'purchase')
      JOIN LATERAL (
          SELECT lower(t.validity) AS first, upper(t.validity) - 1 AS last FROM membership_periods t
           WHERE t.customer_id = m.customer_id AND t.membership_id = m.id AND NOT isempty(t.validity)
           ORDER BY lower(t.validity) DESC LIMIT 1
      ) t ON t.last >= CAST(:on AS date) - 1 - greatest(c.grace_days, :late)
      JOIN LATERAL (
          SELECT CASE WHEN p.by = 'purchase' THEN (
              SELECT max(r.sold_on) FROM customers u
                JOIN receipts r ON r.customer_id = u.id
               WHERE (u.id = m.customer_id OR u.merged_into = m.customer_id)
                 AND r.sold_on BETWEEN greatest(t.first, coalesce(t.last - p.earliest, t.first),
                                                CAST(:on AS date) - 1 - :late)
                                   AND least(CAST(:on AS date), t.last + c.grace_days)
                 AND r.total_minor
                     + (SELECT coalesce(sum(b.total_minor), 0) FROM receipt_returns i
                          JOIN receipts b ON b.customer_id = i.customer_id AND b.id = i.receipt_id
                         WHERE i.customer_id = r.customer_id AND i.original_receipt_id = r.id)
                     - (SELECT coalesce(sum(f.due_minor - f.refunded_minor), 0) FROM membership_fees f
                         WHERE f.receipt_id = r.id AND f.line_no IS NOT NULL) >= p.least)
                 WHEN t.last < CAST(:on AS date)
                 THEN least(CAST(:on AS date), t.last + greatest(c.grace_days, 1))
                 END AS day
      ) d ON d.day IS NOT NULL
     WHERE m.state = 'open'
"""
_NEXT = sa.text(f"SELECT m.id, m.customer_id, d.day {_DUE} AND m.id > :after ORDER BY m.id LIMIT :most")
_COUNT = sa.text(f"SELECT count(*) {_DUE}")


def due(session: Session, *, on: dt.date, after: int, limit: int) -> Sequence[tuple[int, int, dt.date]]:
    """The next memberships that are to be renewed on a day, with whose they are and as of when: whatever that costs.

    A purchase renews, on its own day, the term in which it was made, once; within the grace days the one before. What
    goes on by itself does so without a gap, however late the run.
    """
    rows = session.execute(_NEXT, {"on": on, "late": LATE_DAYS, "after": after, "most": limit})
    return [(row[0], row[1], row[2]) for row in rows]


def count_due(session: Session, *, on: dt.date) -> int:
    """How many there are."""
    return session.execute(_COUNT, {"on": on, "late": LATE_DAYS}).scalar_one()
