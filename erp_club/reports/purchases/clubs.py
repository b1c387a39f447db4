"""Purchases of a calendar year by club: whoever was in the same ones all year is told by the year."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.models import Membership, MembershipPeriod
from erp_club.receipts.rollups import queries as rollups
from erp_club.receipts.rollups.models import CustomerDay, CustomerYear
from erp_club.reports.purchases.asked import Asked
from erp_club.reports.purchases.members import memberships
from erp_club.reports.purchases.sources import days, kept, known, lines, one_year, waiting_customers


def by_year(session: Session, asked: Asked) -> tuple[Any, Any] | None:
    """Rows of customers who were in the same clubs all year, with `club_id`, each once in a club; and all other rows.

    Who is in no club has a row of None. No answer where it isn't about all receipts of one calendar year.
    """
    narrowed = (asked.store_ids, asked.club_id, asked.segment_id, asked.customer_id, asked.staff_id)
    of_year = one_year(session, asked)
    if asked.of_products or any(each is not None for each in narrowed) or of_year is None:
        return None
    asked = of_year
    period = sa.func.daterange(sa.literal(asked.first, sa.Date), sa.literal(asked.last, sa.Date), "[]")
    held = sa.func.range_agg(MembershipPeriod.validity)
    member = (
        sa.select(Membership.customer_id, Membership.club_id, held.op("@>")(period).label("always"))
        .select_from(memberships())
        .where(MembershipPeriod.validity.op("&&")(period))
        .group_by(Membership.customer_id, Membership.club_id)
        .cte("member")
    )
    changing = sa.select(member.c.customer_id).where(~member.c.always)
    other = days(asked, None)
    if rollups.waits(session):
        changing = sa.union_all(changing, waiting_customers())
    others = other.where(CustomerDay.customer_id.in_(changing))
    if rollups.waits(session):
        others = sa.union_all(others, lines(asked, waiting=True))
    year = CustomerYear
    rows = sa.select(year.customer_id, *kept(year), known(year.customer_id, year.spend_minor), member.c.club_id)
    rows = rows.outerjoin_from(year, member, member.c.customer_id == year.customer_id)
    # Looked up in a hash, as in `sources`.
    steady = year.customer_id.in_(changing).is_(sa.false())
    return rows.where(year.year == asked.first, steady).subquery("steady"), others.cte()
