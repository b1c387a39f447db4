"""What erasing a customer would take, and what stands in its way."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel.text import T, Text

FAMILY = "(SELECT id FROM customers WHERE id = :id OR merged_into = :id)"


@dataclass(frozen=True, slots=True)
class Taken:
    """What goes with a customer: points that can't be used any more, coupons, cards and memberships; and what stays.

    `value_minor` is the money on prepaid and gift cards: whoever holds such a card goes on using it. `obstacles` say
    why it may not be done yet; empty where it may.
    """

    points: int
    coupons: int
    cards: int
    memberships: int
    value_minor: int
    receipts: int
    obstacles: tuple[Text, ...]


def taken(session: Session, customer_id: int) -> Taken:
    """What erasing the customer would take, with those who became this customer."""
    given = {"id": customer_id}
    counts = session.execute(_COUNTS, given).one()
    return Taken(*counts, obstacles=tuple(_obstacles(session, customer_id)))


def _obstacles(session: Session, customer_id: int) -> list[Text]:
    given = {"id": customer_id}
    found = [
        T(
            "A sale to this customer is open at till %(number)s in %(store)s. Finish it, or remove the customer from "
            "it, first.",
            **row,
        )
        for row in session.execute(_OPEN_SALES, given).mappings()
    ]
    unseen = session.scalar(_UNSEEN, given) or 0
    if unseen:
        found.append(T("Sales of this customer that were made offline didn't fit. Look at them first."))
    sharing = session.scalar(_SHARING, given) or 0
    if sharing:
        found.append(T("Others share this customer's points account. End that first."))
    return found


_COUNTS = sa.text(f"""
    SELECT (SELECT coalesce(sum(remaining), 0)::bigint FROM points_lots WHERE customer_id IN {FAMILY}),
           (SELECT count(*) FROM coupons WHERE customer_id IN {FAMILY} AND state = 'active'),
           (SELECT count(*) FROM cards WHERE customer_id IN {FAMILY}),
           (SELECT count(*) FROM memberships WHERE customer_id IN {FAMILY} AND state <> 'ended'),
           (SELECT coalesce(sum(balance_minor), 0)::bigint FROM stored_value_cards
             WHERE customer_id IN {FAMILY} AND state <> 'closed'),
           (SELECT count(*) FROM receipts WHERE customer_id IN {FAMILY})
""")  # noqa: S608 - the parts are ours
_OPEN_SALES = sa.text(f"""
    SELECT t.number, s.name AS store FROM baskets b JOIN terminals t ON t.id = b.terminal_id
      JOIN stores s ON s.id = t.store_id
     WHERE b.customer_id IN {FAMILY} AND b.state IN ('open', 'held') ORDER BY s.name, t.number
""")  # noqa: S608
_UNSEEN = sa.text(f"SELECT count(*) FROM upload_conflicts WHERE customer_id IN {FAMILY} AND seen_at IS NULL")  # noqa: S608
_SHARING = sa.text(f"""
    SELECT count(*) FROM memberships WHERE points_holder_id IN {FAMILY} AND customer_id NOT IN {FAMILY}
""")  # noqa: S608
