"""Whose terms slide, and the purchases by which they stand."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.earning.account import Earning
from erp_club.clubs.models import Membership
from erp_club.programmes.documents import programme_of
from erp_club.programmes.engine.membership import SlidingTerm


@dataclass(frozen=True, slots=True)
class Slides:
    """How the term of a membership slides, and whether its club takes purchases that are registered afterwards."""

    membership_id: int
    term: SlidingTerm
    late: bool


def sliding(session: Session, customer_id: int, clubs: Iterable[Earning]) -> list[Slides]:
    """The customer's memberships in those of these clubs whose terms slide, in their order; no query for none."""
    terms: dict[int, tuple[SlidingTerm, bool]] = {}
    for each in clubs:
        # Looked for as text first, since most clubs have none and every sale asks.
        programme = programme_of(each.rules_document) if '"sliding"' in each.rules_document else None
        if programme is not None and isinstance(programme.term, SlidingTerm):
            terms[each.club_id] = programme.term, programme.earning.late is not None
    if not terms:
        return []
    mine = Membership.customer_id == customer_id, Membership.club_id.in_(terms)
    rows = session.execute(sa.select(Membership.id, Membership.club_id).where(*mine).order_by(Membership.id))
    return [Slides(row.id, *terms[row.club_id]) for row in rows]


def latest_purchase(
    session: Session, customer_id: int, *, first: dt.date, last: dt.date, least_minor: int, late: bool
) -> dt.date | None:
    """The latest day from `first` to `last` of a purchase that comes to `least_minor` still: less what came back of it,
    and without fees of memberships.

    With `late` those count too that were registered for the customer afterwards.
    """
    asked = {"customer": customer_id, "first": first, "last": last, "least": least_minor, "late": late}
    return session.scalar(_LATEST, asked)


_LATEST = sa.text("""
    WITH family AS (SELECT id FROM customers WHERE id = :customer OR merged_into = :customer),
         theirs AS (
          SELECT r.customer_id, r.id, r.sold_on, r.total_minor FROM receipts r
           WHERE r.customer_id IN (SELECT id FROM family) AND r.sold_on BETWEEN :first AND :last
          UNION ALL
          SELECT r.customer_id, r.id, r.sold_on, r.total_minor FROM late_registrations l
            JOIN receipts r ON r.customer_id = l.customer_id AND r.id = l.receipt_id
           WHERE :late AND l.member_id IN (SELECT id FROM family) AND r.sold_on BETWEEN :first AND :last)
    SELECT max(r.sold_on)
      FROM theirs r
      CROSS JOIN LATERAL (
          SELECT coalesce(sum(b.total_minor), 0) AS back FROM receipt_returns t
            JOIN receipts b ON b.customer_id = t.customer_id AND b.id = t.receipt_id
           WHERE t.customer_id = r.customer_id AND t.original_receipt_id = r.id) returned
      CROSS JOIN LATERAL (
          SELECT coalesce(sum(f.due_minor - f.refunded_minor), 0) AS fees FROM membership_fees f
           WHERE f.receipt_id = r.id AND f.line_no IS NOT NULL) paid
     WHERE r.total_minor > 0
       AND r.total_minor + returned.back - paid.fees >= :least
""").columns(sa.column("max", sa.Date))
