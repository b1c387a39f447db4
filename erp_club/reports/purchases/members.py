"""On which days somebody was a member, as reports ask it of many rows."""

from typing import Any

import sqlalchemy as sa

from erp_club.clubs.models import Membership, MembershipPeriod
from erp_club.points.models import PointsAccount, PointsMove
from erp_club.reports.purchases.asked import Asked


def spans(asked: Asked, held: sa.ColumnElement[bool] | None = None) -> Any:
    """Whose memberships of which club hold from a `first` day to before another: `customer_id`, `club_id`, `after`.

    As days, read once: a range is taken apart anew for each row that is held against it. `held`: of which memberships
    only.
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
    if asked.among is not None:
        found = found.where(Membership.customer_id.in_(asked.among))
    if held is not None:
        found = found.where(held)
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


def accounts() -> Any:
    """Each points account with its club: `holder_id`, `account_id`, `club_id`; whoever shares one shares its club.

    With those whose points live in such an account since, as after customers became one: their movements stay there.
    """
    move, account = PointsMove, PointsAccount
    gave_all = sa.select(account.customer_id, account.id, account.heir_holder_id, account.heir_id)
    steps = sa.union_all(
        sa.select(move.customer_id, move.account_id, move.to_customer_id, move.to_account_id),
        gave_all.where(account.heir_id.is_not(None)),
    ).cte("steps")
    moved = sa.select(steps).cte("moved", recursive=True)
    on = (steps.c.customer_id == moved.c.to_customer_id) & (steps.c.account_id == moved.c.to_account_id)
    further = sa.select(moved.c.customer_id, moved.c.account_id, steps.c.to_customer_id, steps.c.to_account_id)
    moved = moved.union(further.join(steps, on))
    held = sa.select(
        Membership.points_holder_id.label("holder_id"),
        Membership.points_account_id.label("account_id"),
        Membership.club_id,
    )
    lives = (Membership.points_holder_id == moved.c.to_customer_id) & (
        Membership.points_account_id == moved.c.to_account_id
    )
    before = sa.select(moved.c.customer_id, moved.c.account_id, Membership.club_id).join(Membership, lives)
    return sa.union(held, before).subquery("accounts")


def always_or_not(asked: Asked, apart: Any = None) -> tuple[Any, sa.ColumnElement[bool]]:
    """A SELECT of the club's members of all these days, and which memberships others have, who are members at times.

    Those of `apart`, a SELECT of customers, count as others.
    """
    period = sa.func.daterange(sa.literal(asked.first, sa.Date), sa.literal(asked.last, sa.Date), "[]")
    whole = MembershipPeriod.validity.op("@>", return_type=sa.Boolean)(period)
    mine = sa.select(Membership.customer_id).select_from(memberships()).where(Membership.club_id == asked.club_id)
    if asked.among is not None:
        mine = mine.where(Membership.customer_id.in_(asked.among))
    # One period mostly holds all days, which is found out quicker than of several.
    covered = sa.func.range_agg(MembershipPeriod.validity).op("@>", return_type=sa.Boolean)(period)
    of_pieces = mine.where(~whole).group_by(Membership.customer_id).having(covered)
    at_times = ~whole & Membership.customer_id.not_in(of_pieces)
    always = sa.union_all(mine.where(whole), of_pieces)
    if apart is None:
        return always, at_times
    every = always.subquery("always")
    return sa.select(every).where(every.c.customer_id.not_in(apart)), at_times | Membership.customer_id.in_(apart)
