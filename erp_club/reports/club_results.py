"""What a club's programme has come to in a period: members, their sales, points and coupons, as they stand now."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_club.clubs.kinds import MembershipState, PeriodKind
from erp_club.clubs.models import Membership, MembershipPeriod
from erp_club.customers.queries import BECAME, living_of
from erp_club.points.kinds import MovementKind
from erp_club.points.models import PointsMovement
from erp_club.promotions.coupons.models import Coupon, CouponBatch, CouponUse, CouponUseBack
from erp_club.promotions.coupons.queries import IS_SPENT, LAST_DAY
from erp_club.receipts.models import Receipt
from erp_club.reports.purchases import queries
from erp_club.reports.purchases.asked import Asked
from erp_club.reports.purchases.figures import Figures, share_bp
from erp_club.reports.purchases.members import accounts, spans


@dataclass(frozen=True, slots=True)
class Members:
    """`joined` and `renewed` in the period; `ended` were ended in it, and `ran_out` reached their last day in it.

    `at_start` held on the day before the period, `at_end` hold on its last, or today where that is still to come.
    """

    joined: int
    renewed: int
    ended: int
    ran_out: int
    at_start: int
    at_end: int


@dataclass(frozen=True, slots=True)
class Moved:
    """The points that moved for one reason, and how often."""

    kind: MovementKind
    movements: int
    points: int


@dataclass(frozen=True, slots=True)
class Coupons:
    """Coupons of the club's members: how many were issued in the period, uses in it and what they gave off.

    `worth_minor` is what those issued are worth where they say so. `expired` ended in the period with something left,
    `expired_minor` of it where they say. Uses that a return gave back don't count.
    """

    issued: int
    worth_minor: int
    uses: int
    given_minor: int
    expired: int
    expired_minor: int


@dataclass(frozen=True, slots=True)
class Results:
    """What the club came to. `sales` are of members on days on which they were, `share_bp` of all sales."""

    members: Members
    sales: Figures
    share_bp: int | None
    points: tuple[Moved, ...]
    coupons: Coupons
    sales_by_step: tuple[queries.Row, ...]
    joined_by_step: tuple[int, ...]


def results(session: Session, asked: Asked, *, zone: str, today: dt.date) -> Results:
    """The results of the club of `asked`, whose rows are steps of time; `zone` tells when a day begins.

    What ends today or later hasn't ended yet, though the period goes on until then.
    """
    assert asked.club_id is not None
    over = min(asked.last, today - dt.timedelta(days=1))
    sales = queries.total(session, asked)
    every = queries.total(session, replace(asked, club_id=None), with_points=False)
    joined = dict(_joined_on(session, asked))
    steps = asked.steps()
    by_step = dict.fromkeys(steps, 0)
    for day, count in joined.items():
        by_step[asked.step_of(day)] += count
    return Results(
        _members(session, asked, sum(joined.values()), over=over, last=min(asked.last, today)),
        sales,
        share_bp(sales.sales_minor, every.sales_minor),
        _points(session, asked),
        _coupons(session, asked, zone, over),
        tuple(queries.steps(session, asked, with_points=False)),
        tuple(by_step[step] for step in steps),
    )


def _joined_on(session: Session, asked: Asked) -> Sequence[Any]:
    return session.execute(
        sa.select(Membership.joined_on, sa.func.count())
        .where(Membership.club_id == asked.club_id, Membership.joined_on.between(asked.first, asked.last))
        .group_by(Membership.joined_on)
    ).all()


def _members(session: Session, asked: Asked, joined: int, *, over: dt.date, last: dt.date) -> Members:
    period, mine = MembershipPeriod, Membership.club_id == asked.club_id
    same = (period.customer_id == Membership.customer_id) & (period.membership_id == Membership.id)
    began = sa.func.lower(period.validity).between(asked.first, asked.last) & (period.kind == PeriodKind.RENEWAL)
    renewed = session.scalar(sa.select(sa.func.count()).select_from(Membership).join(period, same).where(mine, began))
    before = asked.first - dt.timedelta(days=1)
    span = spans(replace(asked, first=before)).c

    def held(day: dt.date) -> sa.ColumnElement[int]:
        return sa.func.count().filter((span.first <= day) & (span.after > day))

    at_start, at_end = session.execute(sa.select(held(before), held(max(last, before)))).one()
    ended = session.scalar(
        sa.select(sa.func.count()).where(
            mine, Membership.state == MembershipState.ENDED, Membership.state_on.between(asked.first, asked.last)
        )
    )
    day_after = over + dt.timedelta(days=1)
    later = aliased(MembershipPeriod)
    goes_on = sa.select(later.period_no).where(
        later.customer_id == Membership.customer_id,
        later.membership_id == Membership.id,
        ~sa.func.isempty(later.validity),
        sa.func.upper_inf(later.validity) | (sa.func.upper(later.validity) > day_after),
    )
    ran_out = session.scalar(
        sa.select(sa.func.count(sa.distinct(Membership.id)))
        .join(period, same)
        .where(mine, Membership.state == MembershipState.OPEN, ~goes_on.exists())
        .where(sa.func.upper(period.validity) > asked.first, sa.func.upper(period.validity) <= day_after)
    )
    return Members(joined, renewed or 0, ended or 0, ran_out or 0, at_start, at_end)


def _points(session: Session, asked: Asked) -> tuple[Moved, ...]:
    """By reason, the one that moved most first."""
    mine = accounts()
    of_account = (PointsMovement.customer_id == mine.c.holder_id) & (PointsMovement.account_id == mine.c.account_id)
    points = sa.cast(sa.func.sum(PointsMovement.points), sa.BigInteger)
    rows = session.execute(
        sa.select(PointsMovement.kind, sa.func.count(), points)
        .join(mine, of_account)
        .where(
            mine.c.club_id == asked.club_id,
            PointsMovement.on_date.between(asked.first, asked.last),
            PointsMovement.kind != MovementKind.RELEASED,
        )
        .group_by(PointsMovement.kind)
        .order_by(sa.func.abs(points).desc(), PointsMovement.kind)
    )
    return tuple(Moved(MovementKind(kind), count, moved) for kind, count, moved in rows)


def _coupons(session: Session, asked: Asked, zone: str, over: dt.date) -> Coupons:
    begins = dt.datetime.combine(asked.first, dt.time(), ZoneInfo(zone))
    ends = dt.datetime.combine(asked.last + dt.timedelta(days=1), dt.time(), ZoneInfo(zone))
    mine = Coupon.customer_id.in_(sa.select(Membership.customer_id).where(Membership.club_id == asked.club_id))
    issued = (Coupon.issued_at >= begins) & (Coupon.issued_at < ends)
    expired = LAST_DAY.between(asked.first, over) & ~IS_SPENT
    left = Coupon.worth_minor - Coupon.given_minor
    row = session.execute(
        sa.select(
            sa.func.count().filter(issued),
            sa.cast(sa.func.coalesce(sa.func.sum(Coupon.worth_minor).filter(issued), 0), sa.BigInteger),
            sa.func.count().filter(expired),
            sa.cast(sa.func.coalesce(sa.func.sum(left).filter(expired), 0), sa.BigInteger),
        )
        .join(CouponBatch, CouponBatch.id == Coupon.batch_id)
        .where(mine)
    ).one()
    back = sa.exists().where(
        CouponUseBack.customer_id == CouponUse.customer_id,
        CouponUseBack.coupon_id == CouponUse.coupon_id,
        CouponUseBack.use_no == CouponUse.use_no,
    )
    of_receipt = (Receipt.customer_id == CouponUse.receipt_customer_id) & (Receipt.id == CouponUse.receipt_id)
    uses, given = session.execute(
        sa.select(sa.func.count(), sa.cast(sa.func.coalesce(sa.func.sum(CouponUse.given_minor), 0), sa.BigInteger))
        .join(Receipt, of_receipt)
        .outerjoin(BECAME, BECAME.c.id == Receipt.customer_id)
        .where(
            living_of(Receipt.customer_id).in_(
                sa.select(Membership.customer_id).where(Membership.club_id == asked.club_id)
            ),
            Receipt.sold_on.between(asked.first, asked.last),
            ~back,
        )
    ).one()
    return Coupons(row[0], row[1], uses, given, row[2], row[3])
