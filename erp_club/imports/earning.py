"""Points for imported purchases: the club's rule of today, for those who were members on the day."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.models import Club, ClubState
from erp_club.imports import staging
from erp_club.imports.staging import number, run
from erp_club.kernel.errors import Conflict, NotFound
from erp_club.kernel.text import T

# As points/rules.py has it, so that a file earns what a till would have given: rounded down once a receipt.
_POINTS = "(div(sum(l.amount_minor), c.earn_per_minor) * c.earn_points)::bigint"


def published(session: Session, codes: tuple[str, ...]) -> list[int]:
    """The clubs' ids. Raises NotFound for a code nobody knows, Conflict for a club that isn't published."""
    found: list[int] = []
    for code in codes:
        club = session.scalar(sa.select(Club).where(Club.code == code))
        if club is None:
            raise NotFound(T("There is no club with the code %(code)s.", code=code), code="club-unknown")
        if club.state != ClubState.PUBLISHED:
            raise Conflict(
                T("The club %(code)s isn't published, so it gives no points.", code=code), code="club-not-published"
            )
        found.append(club.id)
    return found


def earn(session: Session, clubs: list[int]) -> int:
    """Give the points of `new_receipts` to the members of these clubs, in the order of the sales; gives their sum.

    The accounts stay locked to the end of the transaction: a till that sells to the same member waits.
    """
    staging.create(
        session,
        "earned",
        "customer_id bigint, account_id bigint, receipt_id bigint, store_id integer, sold_at timestamptz, "
        "sold_on date, points bigint",
    )
    run(
        session,
        f"""
        INSERT INTO earned
        SELECT r.customer_id, m.points_account_id, r.id, r.store_id, r.sold_at, r.sold_on, {_POINTS}
          FROM new_receipts r
          JOIN memberships m ON m.customer_id = r.customer_id AND m.club_id = ANY(:clubs)
          JOIN clubs c ON c.id = m.club_id
          JOIN receipt_lines l ON (l.customer_id, l.receipt_id) = (r.customer_id, r.id)
          JOIN products p ON p.id = l.product_id AND p.earns_points
         WHERE EXISTS (SELECT FROM membership_periods v WHERE v.validity @> r.sold_on
                       AND (v.customer_id, v.membership_id) = (m.customer_id, m.id))
         GROUP BY r.customer_id, m.points_account_id, r.id, r.store_id, r.sold_at, r.sold_on, c.id
        HAVING {_POINTS} > 0
        """,
        {"clubs": clubs},
    )
    run(session, "ANALYZE earned")
    run(
        session,
        """
        SELECT FROM points_accounts a
         WHERE (a.customer_id, a.id) IN (SELECT customer_id, account_id FROM earned)
         ORDER BY a.customer_id, a.id FOR UPDATE
        """,
    )
    run(
        session,
        """
        INSERT INTO points_movements
               (customer_id, account_id, seq, kind, points, balance_after, at, on_date, receipt_id, store_id)
        SELECT e.customer_id, e.account_id, a.last_seq + row_number() OVER in_time, 'earned', e.points,
               a.balance + sum(e.points) OVER in_time, e.sold_at, e.sold_on, e.receipt_id, e.store_id
          FROM earned e JOIN points_accounts a ON (a.customer_id, a.id) = (e.customer_id, e.account_id)
        WINDOW in_time AS (PARTITION BY e.customer_id, e.account_id ORDER BY e.sold_at, e.receipt_id
                           ROWS UNBOUNDED PRECEDING)
         ORDER BY 1, 2, 3
        """,
    )
    run(
        session,
        """
        UPDATE points_accounts a SET balance = a.balance + e.points, last_seq = a.last_seq + e.movements
          FROM (SELECT customer_id, account_id, sum(points) AS points, count(*) AS movements
                  FROM earned GROUP BY customer_id, account_id) AS e
         WHERE (a.customer_id, a.id) = (e.customer_id, e.account_id)
        """,
    )
    run(session, "ANALYZE points_movements")
    return number(session, "SELECT sum(points) FROM earned")
