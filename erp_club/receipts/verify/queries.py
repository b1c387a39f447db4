"""Derives again what receipts say of themselves, and how much of each sold line has come back.

Whoever lowers the latter lets goods be returned twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class WrongReceipt:
    """A row that isn't what follows from others: its table and key, the column, what it says, and what it should."""

    table: str
    key: str
    column: str
    said: int | str | None
    derived: int | str | None


def wrong_receipts(session: Session) -> list[WrongReceipt]:
    """The first wrong row by each figure; empty is what it should be."""
    return list(_wrong(session))


def _wrong(session: Session) -> Iterator[WrongReceipt]:
    for table, column, query in _CHECKS:
        row = session.execute(sa.text(query)).first()
        if row is not None:
            yield WrongReceipt(table, row[0], column, row[1], row[2])


def _total(column: str, of_lines: str) -> tuple[str, str, str]:
    query = f"""
        SELECT concat_ws('/', r.customer_id, r.id), r.{column}, coalesce(l.sum, 0)
          FROM receipts r
          LEFT JOIN (SELECT customer_id, receipt_id, sum({of_lines})::bigint AS sum FROM receipt_lines
                      GROUP BY customer_id, receipt_id) AS l ON (l.customer_id, l.receipt_id) = (r.customer_id, r.id)
         WHERE r.{column} <> coalesce(l.sum, 0) ORDER BY r.customer_id, r.id LIMIT 1
        """  # noqa: S608 - the parts are ours
    return "receipts", column, query


# Files tell neither how a receipt was paid nor what offers took off its lines; what a till sold offline may differ.
_MADE_HERE = """
    SELECT r.customer_id, r.id AS receipt_id, b.kind, b.original_receipt_id,
           r.total_minor + r.rounding_minor + coalesce((
             SELECT sum(p.deducted_minor) FROM receipt_return_points p
              WHERE (p.customer_id, p.receipt_id) = (b.customer_id, b.receipt_id)), 0)::bigint AS due
      FROM receipts r
      LEFT JOIN receipt_returns b ON (b.customer_id, b.receipt_id) = (r.customer_id, r.id)
      LEFT JOIN receipts o ON (o.customer_id, o.id) = (b.customer_id, b.original_receipt_id)
     WHERE r.source <> 'import' AND o.source IS DISTINCT FROM 'import' AND NOT EXISTS (
           SELECT FROM upload_conflicts u WHERE u.customer_id = r.customer_id AND u.receipt_id IN (r.id, o.id))"""
_CHECKS = (
    _total("list_minor", "list_minor"),
    _total("total_minor", "amount_minor"),
    (
        "receipts",
        "receipt_no",
        """
        SELECT concat_ws('/', customer_id, receipt_id), r.receipt_no, n.receipt_no
          FROM (SELECT customer_id, id AS receipt_id, store_id, receipt_no FROM receipts) AS r
          FULL JOIN receipt_numbers n USING (customer_id, receipt_id)
         WHERE (r.store_id, r.receipt_no) IS DISTINCT FROM (n.store_id, n.receipt_no)
         ORDER BY customer_id, receipt_id LIMIT 1
        """,
    ),
    (
        # A return gives back less where points are deducted, or where somebody gave back to its card by hand before.
        "receipt_payments",
        "amount_minor",
        f"""
        SELECT concat_ws('/', customer_id, receipt_id), coalesce(p.paid, 0), m.due FROM ({_MADE_HERE}) AS m
          LEFT JOIN (SELECT customer_id, receipt_id, sum(amount_minor)::bigint AS paid FROM receipt_payments
                      GROUP BY customer_id, receipt_id) AS p USING (customer_id, receipt_id)
         WHERE coalesce(p.paid, 0) <> m.due AND NOT (coalesce(p.paid, 0) BETWEEN m.due AND 0 AND EXISTS (
               SELECT FROM receipt_payments o WHERE o.means = 'stored_value'
                  AND (o.customer_id, o.receipt_id) = (m.customer_id, m.original_receipt_id)))
         ORDER BY customer_id, receipt_id LIMIT 1
        """,  # noqa: S608
    ),
    (
        "receipt_discounts",
        "amount_minor",
        f"""
        SELECT concat_ws('/', customer_id, receipt_id, line_no), coalesce(d.off, 0), l.list_minor - l.amount_minor
          FROM ({_MADE_HERE}) AS m JOIN receipt_lines l USING (customer_id, receipt_id)
          LEFT JOIN (SELECT customer_id, receipt_id, line_no, sum(amount_minor)::bigint AS off FROM receipt_discounts
                      GROUP BY customer_id, receipt_id, line_no) AS d USING (customer_id, receipt_id, line_no)
         WHERE coalesce(d.off, 0) <> l.list_minor - l.amount_minor AND m.kind IS DISTINCT FROM 'without_receipt'
         ORDER BY customer_id, receipt_id, line_no LIMIT 1
        """,  # noqa: S608
    ),
    (
        "receipt_offers",
        "amount_minor",
        """
        SELECT concat_ws('/', customer_id, receipt_id, offer_id), o.amount_minor, coalesce(d.off, 0)
          FROM receipt_offers o
          FULL JOIN (SELECT customer_id, receipt_id, offer_id, sum(amount_minor)::bigint AS off FROM receipt_discounts
                      GROUP BY customer_id, receipt_id, offer_id) AS d USING (customer_id, receipt_id, offer_id)
         WHERE o.amount_minor IS DISTINCT FROM coalesce(d.off, 0)
         ORDER BY customer_id, receipt_id, offer_id LIMIT 1
        """,
    ),
    (
        "receipt_return_lines",
        "quantity_milli",
        """
        SELECT concat_ws('/', customer_id, receipt_id, line_no), b.quantity_milli, -l.quantity_milli
          FROM receipt_return_lines b JOIN receipt_lines l USING (customer_id, receipt_id, line_no)
         WHERE b.quantity_milli <> -l.quantity_milli ORDER BY customer_id, receipt_id, line_no LIMIT 1
        """,
    ),
    (
        # What was taken back of an account is told of beside the movement that did it.
        "receipt_return_points",
        "receipt_id",
        """
        SELECT concat_ws('/', r.customer_id, r.receipt_id), NULL, r.receipt_id
          FROM receipt_returns r
          JOIN points_movements m ON (m.by_customer_id, m.receipt_id) = (r.customer_id, r.receipt_id)
         WHERE m.kind IN ('returned', 'refunded') AND NOT EXISTS (
               SELECT FROM receipt_return_points p WHERE (p.customer_id, p.receipt_id) = (r.customer_id, r.receipt_id))
         ORDER BY r.customer_id, r.receipt_id LIMIT 1
        """,
    ),
    (
        "receipt_lines_returned",
        "returned_milli",
        """
        SELECT concat_ws('/', customer_id, receipt_id, line_no), r.returned_milli, b.returned_milli
          FROM receipt_lines_returned r
          FULL JOIN (SELECT customer_id, original_receipt_id AS receipt_id, original_line_no AS line_no,
                            sum(quantity_milli)::bigint AS returned_milli
                       FROM receipt_return_lines GROUP BY 1, 2, 3) AS b USING (customer_id, receipt_id, line_no)
         WHERE r.returned_milli IS DISTINCT FROM b.returned_milli
         ORDER BY customer_id, receipt_id, line_no LIMIT 1
        """,
    ),
    (
        "receipt_lines_returned",
        "sold_milli",
        """
        SELECT concat_ws('/', customer_id, receipt_id, line_no), r.sold_milli, l.quantity_milli
          FROM receipt_lines_returned r LEFT JOIN receipt_lines l USING (customer_id, receipt_id, line_no)
         WHERE r.sold_milli IS DISTINCT FROM l.quantity_milli
         ORDER BY customer_id, receipt_id, line_no LIMIT 1
        """,
    ),
)
