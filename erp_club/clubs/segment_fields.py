"""What segments may ask about memberships and their points."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from erp_club.clubs.earning.queries import ACCOUNT, rules_in_force
from erp_club.clubs.levels.models import MembershipLevel
from erp_club.clubs.levels.queries import LEVEL, every_level
from erp_club.clubs.models import Club, Membership, MembershipPeriod
from erp_club.kernel.fields import SAME, Ask, Field, Kind, Op, Shape
from erp_club.kernel.text import T
from erp_club.points.models import PointsAccount

_SAME = SAME | {Op.IS_NULL}


def _of_club(rows: Any, ask: Ask) -> Any:
    """Of the club that was asked for, else of any."""
    return rows if ask.club is None else rows.where(Membership.club_id == _club_id(ask.club, ask))


def _club_id(code: str, ask: Ask) -> Any:
    known = (ask.clubs or {}).get(code)
    return known or sa.select(Club.id).where(Club.code == code).scalar_subquery()


def _memberships(value: Any) -> Any:
    return sa.select(Membership.customer_id, value.label("value"))


def _held(value: Any, ask: Ask) -> Any:
    """Of the memberships that hold on the day."""
    on = (MembershipPeriod.customer_id == Membership.customer_id) & (MembershipPeriod.membership_id == Membership.id)
    return _of_club(
        _memberships(value).join(MembershipPeriod, on).where(
            MembershipPeriod.validity.op("@>", return_type=sa.Boolean())(sa.literal(ask.as_of, sa.Date))
        ),
        ask,
    )  # fmt: skip


def _club(ask: Ask) -> Any:
    if ask.club is not None:
        return _held(sa.literal(ask.club), ask)
    return _held(Club.code, ask).join(Club, Club.id == Membership.club_id)


def _joined_on(ask: Ask) -> Any:
    return _of_club(_memberships(Membership.joined_on), ask)


def _joined_days_ago(ask: Ask) -> Any:
    return _of_club(_memberships(sa.literal(ask.as_of, sa.Date) - Membership.joined_on), ask)


def _last_day() -> Any:
    """The last day of a membership's last period; none for life, or where every day of it was taken away."""
    upper = sa.func.upper(MembershipPeriod.validity)
    endless = sa.func.upper_inf(MembershipPeriod.validity)
    last = sa.func.max(sa.func.coalesce(upper, sa.literal_column("'infinity'::date")))
    return sa.case((sa.func.bool_or(endless), sa.null()), else_=sa.cast(last - 1, sa.Date))


def _ends(value: Callable[[Any], Any], ask: Ask) -> Any:
    on = (MembershipPeriod.customer_id == Membership.customer_id) & (MembershipPeriod.membership_id == Membership.id)
    ends = _of_club(
        _memberships(_last_day())
        .join(MembershipPeriod, on)
        .where(sa.not_(sa.func.isempty(MembershipPeriod.validity)))
        .group_by(Membership.customer_id, Membership.id),
        ask,
    ).subquery()
    return sa.select(ends.c.customer_id, value(ends.c.value).label("value"))


def _ends_on(ask: Ask) -> Any:
    return _ends(lambda day: day, ask)


def _ends_in_days(ask: Ask) -> Any:
    return _ends(lambda day: day - sa.literal(ask.as_of, sa.Date), ask)


def _points(ask: Ask) -> Any:
    return _of_club(_memberships(PointsAccount.balance).join(PointsAccount, ACCOUNT), ask)


def _level(ask: Ask) -> Any:
    # Who joined since the last night has no row yet: the lowest level, as the rules of the day name it.
    rules = rules_in_force(sa.literal(ask.as_of, sa.Date))
    lowest = sa.cast(rules.c.document, JSONB)["programme"]["levels"]["levels"][0]["code"].astext
    kept = sa.case((lowest.is_not(None), sa.func.coalesce(MembershipLevel.level, lowest)))
    of_club = _held(kept, ask).join(Club, Club.id == Membership.club_id)
    return of_club.outerjoin(rules, sa.true()).outerjoin(MembershipLevel, LEVEL)


def _levels(ask: Ask) -> Any:
    """Of every version of a club's rules: whoever was given one may hold it after it was taken out."""
    every = every_level().c
    codes = sa.select(every.level["code"].astext)
    return codes if ask.club is None else codes.where(every.club == ask.club)


FIELDS = (
    Field(
        "club",
        T("Member of the club"),
        Kind.TEXT,
        Shape.ROWS,
        _club,
        _SAME,
        picker="club",
        once=True,
        known=lambda _ask: sa.select(Club.code),
    ),
    Field("level", T("Level"), Kind.TEXT, Shape.ROWS, _level, _SAME, picker="level", by_club=True, known=_levels),
    Field("joined_on", T("Joined on"), Kind.DATE, Shape.ROWS, _joined_on, by_club=True, once=True),
    Field(
        "joined_days_ago", T("Days since joining"), Kind.NUMBER, Shape.ROWS, _joined_days_ago, by_club=True, once=True
    ),
    Field("ends_on", T("Membership ends on"), Kind.DATE, Shape.ROWS, _ends_on, by_club=True, once=True),
    Field(
        "ends_in_days",
        T("Days until the membership ends"),
        Kind.NUMBER,
        Shape.ROWS,
        _ends_in_days,
        by_club=True,
        once=True,
    ),
    Field("points", T("Points"), Kind.NUMBER, Shape.ROWS, _points, by_club=True, by_sale=True, once=True),
)
