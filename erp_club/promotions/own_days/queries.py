"""How often a customer has used offers since days of their own: an anniversary of joining, the start of a term; and on
how many days those of which a use is a whole day.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.periods import Span, terms
from erp_club.kernel.dates import anniversary_before
from erp_club.promotions.engine.offer import Limits


@dataclass(frozen=True, slots=True)
class Since:
    """The uses of an offer since the member's year, and since the term, began."""

    year: int
    term: int


def uses_since(session: Session, customer_id: int, codes: Collection[str], day: dt.date) -> dict[str, Since]:
    """The uses of these offers up to a day; of clubs in which the customer is no member nothing is told."""
    asked = {"customer": customer_id, "codes": list(codes), "day": day}
    found: dict[str, Since] = {}
    for code, joined_on, periods, uses, whole_day in session.execute(_USES, asked):
        held = [(Span(_day(first), _day(last) if last else None), begins) for first, last, begins in periods]
        term = next((each.first for each in reversed(terms(held)) if each.first <= day), joined_on)
        year = anniversary_before(joined_on, day)
        by_day = [(_day(on), min(times, 1) if whole_day else times) for on, times in uses or ()]
        found[code] = Since(*(sum(times for on, times in by_day if on >= first) for first in (year, term)))
    return found


def days_used(session: Session, customer_id: int, codes: Collection[str], day: dt.date) -> dict[str, dict[str, int]]:
    """On how many days up to this one the customer has used these offers, by the fields of `Used`."""
    days: dict[str, list[dt.date]] = {code: [] for code in codes}
    for code, on in session.execute(_DAYS, {"customer": customer_id, "codes": list(codes), "day": day}):
        days[code].append(on)
    return {code: _by_period(each, day) for code, each in days.items()}


def _by_period(days: Sequence[dt.date], day: dt.date) -> dict[str, int]:
    quarter, half = (day.replace(month=(day.month - 1) // months * months + 1, day=1) for months in (3, 6))
    begins = {
        "member": dt.date.min,
        "member_today": day,
        "member_week": day - dt.timedelta(days=day.weekday()),
        "member_month": day.replace(day=1),
        "member_quarter": quarter,
        "member_half_year": half,
        "member_year": day.replace(month=1, day=1),
    }
    return {name: sum(each >= first for each in days) for name, first in begins.items()}


def passed(
    session: Session, limits: Mapping[str, Limits], times: Mapping[str, int], customer_id: int, day: dt.date
) -> list[str]:
    """The codes of the offers that so many more uses would bring beyond what a year or term of the customer's has."""
    own = {code: its for code, its in limits.items() if its.by_membership}
    found: list[str] = []
    for code, since in (uses_since(session, customer_id, own, day) if own else {}).items():
        most = (own[code].per_member_own_year, since.year), (own[code].per_member_term, since.term)
        if any(limit is not None and so_far + times[code] > limit for limit, so_far in most):
            found.append(code)
    return found


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


_USES = sa.text("""
    SELECT o.code, m.joined_on, held.periods,
           (SELECT jsonb_agg(jsonb_build_array(u.day, u.uses)) FROM offer_member_uses u
             WHERE u.customer_id = m.customer_id AND u.offer_id = o.id AND u.day <= :day),
           coalesce(v.document #>> '{limits,whole_day}' = 'true', false)
      FROM offers o
      JOIN offer_versions v ON v.offer_id = o.id AND v.version_no = o.live_no
      JOIN clubs c ON c.code = v.document -> 'limits' ->> 'of_club'
      JOIN memberships m ON m.customer_id = :customer AND m.club_id = c.id
      CROSS JOIN LATERAL (
          SELECT jsonb_agg(jsonb_build_array(lower(p.validity), upper(p.validity) - 1, p.kind IN ('joining', 'renewal'))
                           ORDER BY lower(p.validity)) AS periods
            FROM membership_periods p
           WHERE p.customer_id = m.customer_id AND p.membership_id = m.id AND NOT isempty(p.validity)) held
     WHERE o.code = ANY(:codes)
""")
_DAYS = sa.text("""
    SELECT o.code, u.day FROM offer_member_uses u JOIN offers o ON o.id = u.offer_id
     WHERE u.customer_id = :customer AND o.code = ANY(:codes) AND u.day <= :day AND u.uses > 0
""")
