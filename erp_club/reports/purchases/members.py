"""On which days somebody was a member, as reports ask it of many rows."""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from erp_club.clubs.models import Membership, MembershipPeriod
from erp_club.points.models import PointsAccount, PointsMove
from erp_club.receipts.rollups.models import ClubSpan, MemberToRoll
from erp_club.reports.purchases.asked import Asked


def one_of(column: Any, ids: Sequence[int]) -> sa.ColumnElement[bool]:
    """The column is one of the ids, which are one value however many they are."""
    return column == sa.any_(sa.literal(list(ids), sa.ARRAY(sa.BigInteger)))


Condition = Callable[[Any], sa.ColumnElement[bool]]
"""Of the columns of `spans`."""


def spans(asked: Asked, held: Condition | None = None) -> Any:
    """Whose memberships of which club hold on any of the days asked about: `customer_id`, `club_id`, `first`, `after`.

    From the `first` day to before the other one. As days, since a range is taken apart anew for each row that is held
    against it: as they are kept, but of whoever has changed since. `held`: of which memberships only.
    """
    validity, changed = MembershipPeriod.validity, sa.select(MemberToRoll.customer_id)
    after = sa.func.coalesce(sa.func.upper(validity), sa.literal_column("'infinity'::date", sa.Date()))
    as_they_are = sa.select(
        Membership.customer_id, Membership.club_id, sa.func.lower(validity).label("first"), after.label("after")
    ).select_from(memberships())
    as_they_are = as_they_are.where(Membership.customer_id.in_(changed), ~sa.func.isempty(validity))
    as_kept = sa.select(ClubSpan.customer_id, ClubSpan.club_id, ClubSpan.first, ClubSpan.after)
    as_kept = as_kept.where(ClubSpan.customer_id.not_in(changed))
    every = sa.union_all(_theirs(asked, as_kept, ClubSpan), _theirs(asked, as_they_are, Membership)).subquery("spans")
    # Of other days each would be held against every row of its customer for nothing.
    where = [every.c.first <= asked.last, every.c.after > asked.first]
    return sa.select(every).where(*where, *([] if held is None else [held(every.c)])).subquery("held")


def _theirs(asked: Asked, found: Any, table: Any) -> Any:
    if asked.club_id is not None:
        found = found.where(table.club_id == asked.club_id)
    if asked.customer_id is not None:
        found = found.where(table.customer_id == asked.customer_id)
    return found if asked.among is None else found.where(one_of(table.customer_id, asked.among))


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


def always_or_not(asked: Asked, apart: Any = None) -> tuple[Any, Condition]:
    """A SELECT of the club's members of all these days, and which memberships others have, who are members at times.

    Those of `apart`, a SELECT of customers, count as others.
    """
    span = spans(asked).c
    # One period mostly holds all days, which is found out quicker than of several.
    of_pieces = (
        sa.select(span.customer_id)
        .where(~covers_all(span, asked))
        .group_by(span.customer_id)
        .having(pieces_cover(span, asked))
    )
    always = sa.union_all(sa.select(span.customer_id).where(covers_all(span, asked)), of_pieces)

    def at_times(held: Any) -> sa.ColumnElement[bool]:
        others = ~covers_all(held, asked) & held.customer_id.not_in(of_pieces)
        return others if apart is None else others | held.customer_id.in_(apart)

    if apart is None:
        return always, at_times
    every = always.subquery("always")
    return sa.select(every).where(every.c.customer_id.not_in(apart)), at_times


def covers_all(span: Any, asked: Asked) -> sa.ColumnElement[bool]:
    """The span holds on all days that are asked about."""
    return (span.first <= asked.first) & (span.after > asked.last)


def pieces_cover(span: Any, asked: Asked) -> sa.ColumnElement[bool]:
    """Several spans do together."""
    period = sa.func.daterange(sa.literal(asked.first, sa.Date), sa.literal(asked.last, sa.Date), "[]")
    each = sa.func.daterange(span.first, span.after)
    return sa.func.range_agg(each).op("@>", return_type=sa.Boolean)(period)
