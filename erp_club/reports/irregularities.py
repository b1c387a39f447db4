"""What a manager should look at: days and deeds that honest work seldom brings, each with its reason.

None of them proves anything. Each kind is found by one statement, over days of the stores, both ends included.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.points.units import POINTS, Unit, unit_of


class Kind(StrEnum):
    """What was noticed."""

    OPENED = "opened"
    """Somebody opened many customers in a day who bought nothing on it."""
    SAME_CUSTOMER = "same_customer"
    """Somebody entered one customer in many sales of a day: a card of one's own, shown for strangers."""
    ADJUSTED = "adjusted"
    """Points were given by hand, and used soon after; told once for each use, with what was given before it."""
    REFUNDED = "refunded"
    """A gift card was sold, and the sale given back soon after."""
    CODES = "codes"
    """Wrong passwords, PINs or numbers came in a burst."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From how many on it is told: customers opened in a day, sales of one customer in a day; and hours between."""

    opened: int
    same_customer: int
    hours: int


@dataclass(frozen=True, slots=True)
class Range:
    """The days that are looked at, both included, and the one store; None for all. `zone` is the chain's."""

    first: dt.date
    last: dt.date
    zone: str
    store_id: int | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """Points (above 0) that somebody gave by hand, at that moment."""

    staff_id: int | None
    staff: str
    points: int
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Noticed:
    """One of them: on the store's day `on`. `count` is of customers, sales, points, hours or locks, by the `kind`.

    `detail` is the kind of lock; `thing_id` the card; `given` what was given by hand before these points were used, the
    oldest first. What isn't known, or isn't of the kind, is None.
    """

    kind: Kind
    on: dt.date
    count: int
    staff_id: int | None
    staff: str | None
    store: str | None
    customer_id: int | None = None
    customer: str | None = None
    thing_id: int | None = None
    detail: str | None = None
    given: tuple[Given, ...] = ()
    unit: Unit = POINTS


MOST = 100
"""Of each kind: whoever sees so many narrows the days."""


def irregularities(session: Session, asked: Range, thresholds: Thresholds) -> list[Noticed]:
    """Everything that was noticed in these days, the newest first; of each kind the `MOST` newest."""
    given = {
        "first": asked.first,
        "last": asked.last,
        "zone": asked.zone,
        "store": asked.store_id,
        "opened": thresholds.opened,
        "same_customer": thresholds.same_customer,
        "hours": thresholds.hours,
        "most": MOST,
    }
    found = [
        _noticed(kind, row)
        for kind, statement in _STATEMENTS.items()
        for row in session.execute(statement, given).all()
    ]
    return sorted(found, key=lambda each: (each.on, each.kind, each.count), reverse=True)


def _noticed(kind: Kind, row: Any) -> Noticed:
    if kind is not Kind.ADJUSTED:
        return Noticed(kind, *row)
    given = tuple(
        Given(each["staff_id"], each["staff"], each["points"], dt.datetime.fromisoformat(each["at"]))
        for each in row.given
    )
    return Noticed(kind, *row[:-2], given=given, unit=unit_of(row.unit))


_ENTRIES = """
    SELECT e.*, (e.at AT TIME ZONE COALESCE(s.time_zone, :zone))::date AS day, s.name AS store
      FROM audit_entries e LEFT JOIN stores s ON s.id = e.store_id
     WHERE e.action = :action AND e.at >= CAST(:first AS date) - 1 AND e.at < CAST(:last AS date) + 2
       AND (CAST(:store AS int) IS NULL OR e.store_id = :store)"""
_STATEMENTS = {
    Kind.OPENED: sa.text(
        f"""
        SELECT e.day, count(*), e.staff_id, max(e.actor), max(e.store)
          FROM ({_ENTRIES}) AS e
         WHERE e.staff_id IS NOT NULL AND e.day BETWEEN :first AND :last
           AND NOT EXISTS (SELECT FROM receipts r WHERE r.customer_id = e.customer_id AND r.sold_on = e.day)
         GROUP BY e.day, e.staff_id, e.store_id HAVING count(*) >= :opened
         ORDER BY e.day DESC, count(*) DESC LIMIT :most
        """  # noqa: S608 - the part is written above
    ).bindparams(action="customer.open"),
    Kind.SAME_CUSTOMER: sa.text(
        """
        SELECT r.sold_on, count(*), r.staff_id, f.name, s.name, r.customer_id, c.number
          FROM receipts r JOIN staff f ON f.id = r.staff_id JOIN stores s ON s.id = r.store_id
          JOIN customers c ON c.id = r.customer_id
         WHERE r.sold_on BETWEEN :first AND :last AND r.customer_id <> 0 AND r.total_minor > 0
           AND (CAST(:store AS int) IS NULL OR r.store_id = :store)
         GROUP BY r.sold_on, r.staff_id, f.name, s.name, r.store_id, r.customer_id, c.number
        HAVING count(*) >= :same_customer
         ORDER BY r.sold_on DESC, count(*) DESC LIMIT :most
        """
    ),
    # Either store's manager is to know: where the points were given, and where they were used.
    Kind.ADJUSTED: sa.text(
        """
        SELECT m.on_date, -m.points, m.staff_id, f.name, s.name, m.by_customer_id, c.number,
               CAST(NULL AS bigint), CAST(NULL AS text), g.given, u.unit
          FROM (
            SELECT a.customer_id, a.id AS account_id, m.seq,
                   jsonb_agg(jsonb_build_object('staff_id', e.staff_id, 'staff', e.actor, 'at', e.at,
                                                'points', (v.after ->> 'points')::bigint) ORDER BY e.id) AS given,
                   bool_or(e.store_id = :store) AS here
              FROM audit_entries e
              JOIN audit_values v ON v.entry_id = e.id AND (v.after ->> 'points')::bigint > 0
              JOIN points_accounts a ON a.id = e.entity_id::bigint
              JOIN points_movements m ON (m.customer_id, m.account_id) = (a.customer_id, a.id) AND m.kind = 'redeemed'
               AND m.at BETWEEN e.at AND e.at + make_interval(hours => :hours)
             WHERE e.action = 'points.adjust' AND e.at < CAST(:last AS date) + 2
               AND e.at >= CAST(:first AS date) - 1 - make_interval(hours => :hours)
             GROUP BY a.customer_id, a.id, m.seq
          ) AS g
          JOIN points_movements m USING (customer_id, account_id, seq)
          JOIN customers c ON c.id = m.by_customer_id
          LEFT JOIN stores s ON s.id = m.store_id LEFT JOIN staff f ON f.id = m.staff_id
          LEFT JOIN LATERAL (SELECT b.unit FROM memberships h JOIN clubs b ON b.id = h.club_id
                              WHERE h.points_account_id = m.account_id LIMIT 1) AS u ON true
         WHERE m.on_date BETWEEN :first AND :last
           AND (CAST(:store AS int) IS NULL OR g.here OR m.store_id = :store)
         ORDER BY m.at DESC, m.seq DESC LIMIT :most
        """
    ),
    Kind.REFUNDED: sa.text(
        """
        SELECT r.sold_on, floor(extract(epoch FROM r.sold_at - m.at) / 3600)::bigint, r.staff_id, f.name, s.name,
               NULLIF(r.customer_id, 0), NULLIF(c.number, '0'), m.card_id
          FROM receipts r
          JOIN receipt_returns b ON (b.customer_id, b.receipt_id) = (r.customer_id, r.id)
          JOIN stored_value_movements m
            ON (m.receipt_customer_id, m.receipt_id) = (b.customer_id, b.original_receipt_id)
          JOIN customers c ON c.id = r.customer_id
          JOIN stores s ON s.id = r.store_id LEFT JOIN staff f ON f.id = r.staff_id
         WHERE r.sold_on BETWEEN :first AND :last AND m.kind IN ('sold', 'loaded')
           AND r.sold_at <= m.at + make_interval(hours => :hours)
           AND (CAST(:store AS int) IS NULL OR r.store_id = :store)
         ORDER BY r.sold_at DESC, m.card_id LIMIT :most
        """
    ),
    Kind.CODES: sa.text(
        """
        SELECT l.day, count(*), l.staff_id, max(l.staff), max(l.store), CAST(NULL AS bigint), CAST(NULL AS text),
               CAST(NULL AS bigint), l.kind
          FROM (
            SELECT l.kind, l.staff_id, f.name AS staff, t.store_id, s.name AS store,
                   (l.at AT TIME ZONE COALESCE(s.time_zone, :zone))::date AS day
              FROM lockouts l LEFT JOIN staff f ON f.id = l.staff_id
              LEFT JOIN terminals t ON t.id = l.terminal_id
              LEFT JOIN stores s ON s.id = COALESCE(t.store_id, f.store_id)
             WHERE l.at >= CAST(:first AS date) - 1 AND l.at < CAST(:last AS date) + 2
               AND (CAST(:store AS int) IS NULL OR s.id = :store)
          ) AS l
         WHERE l.day BETWEEN :first AND :last
         GROUP BY l.day, l.kind, l.staff_id, l.store_id
         ORDER BY l.day DESC, count(*) DESC LIMIT :most
        """
    ),
}
