"""Derives again how much of each sold line has come back: whoever lowers that lets goods be returned twice."""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class WrongReturned:
    """A row that isn't what was returned: its key, the column, what it says, and what it should."""

    key: str
    column: str
    said: int | None
    derived: int | None


def wrong_returned(session: Session) -> list[WrongReturned]:
    """The first wrong row of `receipt_lines_returned` by each of its figures; empty is what it should be."""
    return list(_wrong(session))


def _wrong(session: Session) -> Iterator[WrongReturned]:
    for column, query in _CHECKS.items():
        row = session.execute(sa.text(query)).first()
        if row is not None:
            yield WrongReturned(row[0], column, row[1], row[2])


_CHECKS = {
    "returned_milli": """
        SELECT concat_ws('/', customer_id, receipt_id, line_no), r.returned_milli, b.returned_milli
          FROM receipt_lines_returned r
          FULL JOIN (SELECT customer_id, original_receipt_id AS receipt_id, original_line_no AS line_no,
                            sum(quantity_milli)::bigint AS returned_milli
                       FROM receipt_return_lines GROUP BY 1, 2, 3) AS b USING (customer_id, receipt_id, line_no)
         WHERE r.returned_milli IS DISTINCT FROM b.returned_milli
         ORDER BY customer_id, receipt_id, line_no LIMIT 1
        """,
    "sold_milli": """
        SELECT concat_ws('/', customer_id, receipt_id, line_no), r.sold_milli, l.quantity_milli
          FROM receipt_lines_returned r LEFT JOIN receipt_lines l USING (customer_id, receipt_id, line_no)
         WHERE r.sold_milli IS DISTINCT FROM l.quantity_milli
         ORDER BY customer_id, receipt_id, line_no LIMIT 1
        """,
}
