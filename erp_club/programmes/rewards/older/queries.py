"""What has come back since an account was settled last, of purchases of periods before that one."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.programmes.rewards.account import RewardAccount
from erp_club.programmes.rewards.queries import Before, Settled

_CAME_BACK = sa.text("""
    SELECT w.place, o.sold_on, r.id
      FROM unnest(CAST(:places AS int[]), CAST(:customers AS bigint[]), CAST(:ats AS timestamptz[]),
                  CAST(:firsts AS date[])) AS w(place, customer_id, at, first_on)
      JOIN LATERAL (SELECT w.customer_id AS id UNION SELECT c.id FROM customers c WHERE c.merged_into = w.customer_id
           ) family ON true
      JOIN LATERAL (
          SELECT b.customer_id, b.receipt_id, b.original_receipt_id FROM receipt_returns b
           WHERE b.customer_id = family.id
          UNION ALL
          SELECT b.customer_id, b.receipt_id, b.original_receipt_id FROM late_registrations g
            JOIN receipt_returns b ON b.customer_id = g.customer_id AND b.original_receipt_id = g.receipt_id
           WHERE g.member_id = family.id
           ) t ON true
      JOIN receipts r ON r.customer_id = t.customer_id AND r.id = t.receipt_id
      JOIN receipts o ON o.customer_id = t.customer_id AND o.id = t.original_receipt_id
     WHERE r.sold_at > w.at AND o.sold_on < w.first_on
""")


def came_back(
    session: Session, known: Mapping[int, Before | Settled], accounts: Sequence[RewardAccount]
) -> dict[int, list[tuple[dt.date, int]]]:
    """By the account's place, the days of such purchases with the receipts by which they came back."""
    listed = [
        (place, customer, row.at, row.first_on)
        for place, row in known.items()
        for customer in accounts[place].customers
    ]
    if not listed:
        return {}
    names = ("places", "customers", "ats", "firsts")
    bound = {name: list(values) for name, values in zip(names, zip(*listed, strict=True), strict=True)}
    made: dict[int, list[tuple[dt.date, int]]] = defaultdict(list)
    for place, sold_on, receipt in session.execute(_CAME_BACK, bound):
        made[place].append((sold_on, receipt))
    return made
