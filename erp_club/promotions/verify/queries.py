"""Derives the counters of offers and coupons again from the uses and receipts beside them: limits and budgets hang on
them, so whoever lowers one lets an offer or a coupon be used once more.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class WrongCounter:
    """A counter that isn't what was used: its table and key, the column, what it says, and what it should."""

    table: str
    key: str
    column: str
    said: int | str | None
    derived: int | str | None


def wrong_counters(session: Session) -> list[WrongCounter]:
    """The first wrong row of each counter; empty is what it should be."""
    return list(_wrong(session))


def _wrong(session: Session) -> Iterator[WrongCounter]:
    for table, column, query in _CHECKS:
        row = session.execute(sa.text(query)).first()
        if row is not None:
            yield WrongCounter(table, row[0], column, row[1], row[2])


_OF_COUPONS = """
    SELECT customer_id, coupon_id AS id, count(*) AS used, sum(given_minor)::bigint AS given_minor
      FROM coupon_uses GROUP BY customer_id, coupon_id"""
_OF_DAYS = """
    SELECT offer_id, sum(uses)::bigint AS uses, sum(given_minor)::bigint AS given_minor
      FROM offer_day_uses GROUP BY offer_id"""
# A return's rows say what it took back, no times: an offer counts as used no less for it. A cancellation's take its
# sale's uses back, on the same day in the same store.
_OF_RECEIPTS = """
    SELECT o.offer_id, r.sold_on AS day, r.store_id, sum(o.times)::bigint AS uses,
           sum(sign(o.times))::bigint AS baskets, sum(o.amount_minor)::bigint AS given_minor
      FROM receipt_offers o JOIN receipts r ON (r.customer_id, r.id) = (o.customer_id, o.receipt_id)
     WHERE o.times <> 0 GROUP BY o.offer_id, r.sold_on, r.store_id"""


def _coupons(column: str) -> tuple[str, str, str]:
    query = f"""
        SELECT concat_ws('/', customer_id, id), c.{column}, coalesce(u.{column}, 0)
          FROM coupons c FULL JOIN ({_OF_COUPONS}) AS u USING (customer_id, id)
         WHERE c.{column} IS DISTINCT FROM coalesce(u.{column}, 0) ORDER BY customer_id, id LIMIT 1
        """  # noqa: S608 - the parts are ours
    return "coupons", column, query


# A return gives a use back by one use more, with what that one gave.
_ISSUED = """
    SELECT k.customer_id, k.coupon_id AS id, k.uses + count(b.use_no) AS uses,
           k.worth_minor + coalesce(sum(u.given_minor), 0)::bigint AS worth_minor, k.first_day, k.last_day, k.code
      FROM coupon_codes k
      LEFT JOIN coupon_uses_back b ON (b.customer_id, b.coupon_id) = (k.customer_id, k.coupon_id)
      LEFT JOIN coupon_uses u ON (u.customer_id, u.coupon_id, u.use_no) = (b.customer_id, b.coupon_id, b.use_no)
     GROUP BY k.code"""


def _issued_as(column: str) -> tuple[str, str, str]:
    query = f"""
        SELECT concat_ws('/', customer_id, id), c.{column}::text, k.{column}::text
          FROM coupons c FULL JOIN ({_ISSUED}) AS k USING (customer_id, id)
         WHERE c.{column} IS DISTINCT FROM k.{column} ORDER BY customer_id, id LIMIT 1
        """  # noqa: S608
    return "coupons", column, query


def _in_all(column: str) -> tuple[str, str, str]:
    query = f"""
        SELECT offer_id::text, o.{column}, coalesce(d.{column}, 0)
          FROM offer_uses o FULL JOIN ({_OF_DAYS}) AS d USING (offer_id)
         WHERE o.{column} IS DISTINCT FROM coalesce(d.{column}, 0) ORDER BY offer_id LIMIT 1
        """  # noqa: S608
    return "offer_uses", column, query


def _days(column: str) -> tuple[str, str, str]:
    query = f"""
        SELECT concat_ws('/', offer_id, day, store_id), d.{column}, coalesce(r.{column}, 0)
          FROM offer_day_uses d FULL JOIN ({_OF_RECEIPTS}) AS r USING (offer_id, day, store_id)
         WHERE d.{column} IS DISTINCT FROM coalesce(r.{column}, 0) ORDER BY offer_id, day, store_id LIMIT 1
        """  # noqa: S608
    return "offer_day_uses", column, query


_OF_MEMBERS = """
    SELECT o.customer_id, o.offer_id, r.sold_on AS day, sum(o.times)::bigint AS uses
      FROM receipt_offers o JOIN receipts r ON (r.customer_id, r.id) = (o.customer_id, o.receipt_id)
     WHERE o.customer_id <> 0 AND o.times <> 0 GROUP BY o.customer_id, o.offer_id, r.sold_on"""
_MEMBERS = f"""
    SELECT concat_ws('/', customer_id, offer_id, day), u.uses, coalesce(r.uses, 0)
      FROM offer_member_uses u FULL JOIN ({_OF_MEMBERS}) AS r USING (customer_id, offer_id, day)
     WHERE u.uses IS DISTINCT FROM coalesce(r.uses, 0)
       AND NOT EXISTS (SELECT FROM customer_merges m WHERE customer_id IN (m.survivor_id, m.merged_id))
     ORDER BY customer_id, offer_id, day LIMIT 1
    """  # noqa: S608 - the parts are ours
"""But for those who became one customer: their uses are the survivor's too."""
_BACK = """
    SELECT concat_ws('/', customer_id, coupon_id, use_no), b.receipt_id,
           (SELECT max(r.receipt_id) FROM receipt_returns r
             WHERE (r.customer_id, r.original_receipt_id) = (u.receipt_customer_id, u.receipt_id))
      FROM coupon_uses_back b JOIN coupon_uses u USING (customer_id, coupon_id, use_no)
     WHERE NOT EXISTS (
       SELECT FROM receipt_returns r
        WHERE (r.customer_id, r.receipt_id) = (b.receipt_customer_id, b.receipt_id)
          AND (r.customer_id, r.original_receipt_id) = (u.receipt_customer_id, u.receipt_id))
     ORDER BY customer_id, coupon_id, use_no LIMIT 1"""
"""A use comes back with a return of what it was used for."""
_CHECKS = (
    *(check(column) for check in (_in_all, _days) for column in ("uses", "given_minor")),
    _days("baskets"),
    ("offer_member_uses", "uses", _MEMBERS),
    ("coupon_uses_back", "receipt_id", _BACK),
    *(_coupons(column) for column in ("used", "given_minor")),
    *(_issued_as(column) for column in ("uses", "worth_minor", "first_day", "last_day", "code")),
)
