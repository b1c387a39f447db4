"""Whose terms slide, and the purchases by which they stand."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.earning.account import Earning
from erp_club.clubs.models import Membership
from erp_club.clubs.periods import LATEST
from erp_club.programmes.documents import programme_of
from erp_club.programmes.engine.membership import SlidingTerm
from erp_club.programmes.engine.renew import slid_until
from erp_club.programmes.queries import VersionRow, versions_of


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


@dataclass(frozen=True, slots=True)
class Standing:
    """A purchase, and what it comes to still: less what came back of it, and without fees of memberships."""

    at: dt.datetime
    on: dt.date
    goods_minor: int


def standing_purchases(
    session: Session, customer_id: int, *, first: dt.date, last: dt.date, late: bool
) -> list[Standing]:
    """The purchases from `first` to `last` of which something stands still, the oldest first.

    With `late` those too that were registered for the customer afterwards.
    """
    asked = {"customer": customer_id, "first": first, "last": last, "late": late}
    return [Standing(*row) for row in session.execute(_STANDING, asked)]


def purchases_slid(
    session: Session, customer_id: int, club_id: int, *, since: dt.datetime
) -> list[tuple[dt.datetime, dt.date, dt.date]]:
    """When and on which day the customer has bought since what moves a term of the club, and until when it does."""
    versions = versions_of(session, club_id)
    if not any(isinstance(each.programme.term, SlidingTerm) for each in versions):
        return []
    late = any(each.programme.earning.late is not None for each in versions)
    bought = standing_purchases(session, customer_id, first=since.date(), last=dt.date.max, late=late)
    terms = ((each, term_on(versions, each.on)) for each in bought if each.at > since)
    return [
        (each.at, each.on, min(slid_until(term, each.on), LATEST))
        for each, term in terms
        if term is not None and each.goods_minor >= (term.least_minor or 0)
    ]


def term_on(versions: Iterable[VersionRow], on: dt.date) -> SlidingTerm | None:
    """How the term slides by the version of a day; None where it doesn't, or where there is none yet."""
    holding = [each for each in versions if each.effective_from <= on]
    latest = max(holding, key=lambda each: (each.effective_from, each.version_no), default=None)
    return latest.programme.term if latest is not None and isinstance(latest.programme.term, SlidingTerm) else None


def returned_since(session: Session, customer_id: int, since: dt.datetime) -> tuple[int, int] | None:
    """The latest receipt, by its customer and id, by which something came back of the customer's purchases since."""
    row = session.execute(_RETURNED, {"customer": customer_id, "since": since}).one_or_none()
    return None if row is None else (row.customer_id, row.id)


_RETURNED = sa.text("""
    SELECT r.customer_id, r.id FROM receipts r
     WHERE r.customer_id IN (SELECT id FROM customers WHERE id = :customer OR merged_into = :customer)
       AND r.sold_at > :since AND r.total_minor < 0
     ORDER BY r.sold_at DESC, r.id DESC LIMIT 1
""")
_STANDING = sa.text("""
    WITH family AS (SELECT id FROM customers WHERE id = :customer OR merged_into = :customer),
         theirs AS (
          SELECT r.customer_id, r.id, r.sold_at, r.sold_on, r.total_minor FROM receipts r
           WHERE r.customer_id IN (SELECT id FROM family) AND r.sold_on BETWEEN :first AND :last
          UNION ALL
          SELECT r.customer_id, r.id, r.sold_at, r.sold_on, r.total_minor FROM late_registrations l
            JOIN receipts r ON r.customer_id = l.customer_id AND r.id = l.receipt_id
           WHERE :late AND l.member_id IN (SELECT id FROM family) AND r.sold_on BETWEEN :first AND :last)
    SELECT r.sold_at, r.sold_on, r.total_minor + returned.back - paid.fees
      FROM theirs r
      CROSS JOIN LATERAL (
          SELECT coalesce(sum(b.total_minor), 0) AS back FROM receipt_returns t
            JOIN receipts b ON b.customer_id = t.customer_id AND b.id = t.receipt_id
           WHERE t.customer_id = r.customer_id AND t.original_receipt_id = r.id) returned
      CROSS JOIN LATERAL (
          SELECT coalesce(sum(f.due_minor - f.refunded_minor), 0) AS fees FROM membership_fees f
           WHERE f.receipt_id = r.id AND f.line_no IS NOT NULL) paid
     WHERE r.total_minor > 0 AND r.total_minor + returned.back - paid.fees > 0
     ORDER BY r.sold_at, r.id
""")
