"""Looking through all customers for pairs who may be one person."""

import datetime as dt
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.duplicates.models import SuspectedPair
from erp_club.customers.duplicates.queries import ALIKE

MOST_SHARING = 20
"""Customers who share one phone or address before it says nothing: a firm's, a school's, a slip of an import."""
MOST_BORN = 60
"""Customers who were born on one day and share a sound of their names."""
STEP = 2_000
"""Pairs whose names are compared at a time."""
Tell = Callable[[int, int], None]


def find_pairs(session: Session, *, now: dt.datetime, tell: Tell = lambda _compared, _every: None) -> int:
    """Look for pairs anew and keep them instead of the old ones; gives how many.

    The pairs to be compared are made by the database, over what two customers share: phone, e-mail, address, or a
    birthday and a sound of the name. Nobody about whom somebody has decided is asked about again. `tell` hears how
    many of how many have been compared, and may stop it by raising. Safe to run at any time and twice.
    """
    session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended('suspected pairs', 7))"))
    session.execute(sa.text("DROP TABLE IF EXISTS sharing_pairs"))
    session.execute(sa.text(_SHARING), {"sharing": MOST_SHARING, "born": MOST_BORN})
    session.execute(sa.text("CREATE INDEX ON sharing_pairs (place)"))
    every = session.scalar(sa.text("SELECT count(*) FROM sharing_pairs")) or 0
    compared = 0
    found: list[dict[str, Any]] = []
    for step in _steps(session):
        tell(compared, every)
        compared += len(step)
        found += _alike(session, step, now)
    session.execute(sa.text("DROP TABLE sharing_pairs"))
    # Last, since somebody who decides about a pair meanwhile would wait for all of it.
    session.execute(sa.delete(SuspectedPair))
    if found:
        session.execute(sa.insert(SuspectedPair), found)
    return len(found)


def _steps(session: Session) -> Iterator[Sequence[sa.Row[Any]]]:
    for first in itertools.count(0, STEP):
        rows = session.execute(sa.text(_STEP), {"first": first, "last": first + STEP}).all()
        if not rows:
            return
        yield rows


def _alike(session: Session, step: Sequence[sa.Row[Any]], now: dt.datetime) -> Iterator[dict[str, Any]]:
    """The pairs of a step whose names are alike."""
    # Names are compared with numpy, which is brought in for the first that are.
    from erp_club.customers.duplicates.likeness import Word, likeness

    words = {word for row in step for word in row.words}
    known = {
        row[0]: Word(*row)
        for row in session.execute(
            sa.text("SELECT id, word, surface, sounds FROM name_words WHERE id = ANY(:words)"), {"words": list(words)}
        )
    }
    for low_id, pairs in itertools.groupby(step, key=lambda row: row.low_id):
        others = {row.high_id: row for row in pairs}
        names = next(iter(others.values())).names
        own = {word: known[word] for row in others.values() for word in row.words if word in known}
        scores = likeness(names, {other: row.words for other, row in others.items()}, own.values())
        for other, score in scores.items():
            if score >= ALIKE:
                yield {
                    "low_id": low_id,
                    "high_id": other,
                    "score_milli": int(score * 1000),
                    "same": sorted(others[other].same),
                    "found_at": now,
                }


_SHARING = """
CREATE TEMPORARY TABLE sharing_pairs ON COMMIT DROP AS
WITH living AS (SELECT * FROM customers WHERE state = 'active' AND id <> 0),
held (field, value, id) AS (
  SELECT 'phone', mobile, id FROM living WHERE mobile IS NOT NULL
  UNION SELECT 'phone', phone, id FROM living WHERE phone IS NOT NULL
  UNION ALL SELECT 'email', email, id FROM living WHERE email IS NOT NULL
  UNION ALL SELECT 'address', lower(street) || ' ' || coalesce(postcode, lower(city)), id
              FROM living WHERE street IS NOT NULL AND coalesce(postcode, city) IS NOT NULL
),
born (birthday, key, id) AS (
  SELECT DISTINCT c.birthday, key, c.id
    FROM living c JOIN customer_name_words w ON w.customer_id = c.id
    JOIN name_words n ON n.id = ANY(w.words) CROSS JOIN LATERAL unnest(n.keys) AS key
   WHERE c.birthday IS NOT NULL
),
shared (field, ids) AS (
  SELECT field, array_agg(id ORDER BY id) FROM held GROUP BY field, value HAVING count(*) BETWEEN 2 AND :sharing
  UNION ALL
  SELECT 'birthday', array_agg(id ORDER BY id) FROM born GROUP BY birthday, key HAVING count(*) BETWEEN 2 AND :born
),
pairs (low_id, high_id, same) AS (
  SELECT low.id, high.id, array_agg(DISTINCT field)
    FROM shared CROSS JOIN LATERAL unnest(ids) WITH ORDINALITY AS low (id, place)
    CROSS JOIN LATERAL unnest(ids) WITH ORDINALITY AS high (id, place)
   WHERE low.place < high.place
   GROUP BY low.id, high.id
)
SELECT row_number() OVER (ORDER BY low_id, high_id) - 1 AS place, low_id, high_id, same
  FROM pairs p
 WHERE NOT EXISTS (SELECT FROM duplicate_confirmations d WHERE d.low_id = p.low_id AND d.high_id = p.high_id)
"""
_STEP = """
SELECT p.low_id, p.high_id, p.same, w.words,
       ARRAY[c.given_name, c.family_name, c.given_name_2, c.family_name_2] AS names
  FROM sharing_pairs p JOIN customers c ON c.id = p.low_id JOIN customer_name_words w ON w.customer_id = p.high_id
 WHERE p.place >= :first AND p.place < :last ORDER BY p.low_id, p.high_id
"""
