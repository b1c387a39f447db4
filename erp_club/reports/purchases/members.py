"""On which days somebody was a member, as reports ask it of many rows."""

from typing import Any

import sqlalchemy as sa

from erp_club.clubs.models import Membership, MembershipPeriod
from erp_club.reports.purchases.asked import Asked


def spans(asked: Asked) -> Any:
    """Whose memberships of which club hold from a `first` day to before another: `customer_id`, `club_id`, `after`.

    As days, read once: a range is taken apart anew for each row that is held against it.
    """
    validity = MembershipPeriod.validity
    after = sa.func.coalesce(sa.func.upper(validity), sa.literal_column("'infinity'::date", sa.Date()))
    found = sa.select(
        Membership.customer_id, Membership.club_id, sa.func.lower(validity).label("first"), after.label("after")
    ).select_from(memberships())
    if asked.club_id is not None:
        found = found.where(Membership.club_id == asked.club_id)
    if asked.customer_id is not None:
        found = found.where(Membership.customer_id == asked.customer_id)
    return found.offset(sa.literal_column("0")).subquery("spans")


def holds_on(span: Any, customer_id: Any, day: Any) -> sa.ColumnElement[bool]:
    """Whether one of the `spans` is the customer's and holds on the day."""
    return (span.c.customer_id == customer_id) & (span.c.first <= day) & (span.c.after > day)


def covers(day: Any) -> sa.ColumnElement[bool]:
    """The period holds on the day."""
    return MembershipPeriod.validity.op("@>", return_type=sa.Boolean)(day)


def memberships() -> sa.FromClause:
    """Memberships with their periods."""
    same = (MembershipPeriod.customer_id == Membership.customer_id) & (MembershipPeriod.membership_id == Membership.id)
    return sa.join(Membership, MembershipPeriod, same)
