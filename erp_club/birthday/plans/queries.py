"""Plans as head office sees them: the list, one with what it gave, and what a till tells of a customer's."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.birthday import errors
from erp_club.birthday.kinds import PlanState
from erp_club.birthday.models import BirthdayGrant, BirthdayPlan
from erp_club.birthday.plans.commands import settings_of
from erp_club.birthday.plans.settings import PlanSettings
from erp_club.clubs.models import Club
from erp_club.customers.models import Customer
from erp_club.kernel.reading import in_portions
from erp_club.points.units import Unit
from erp_club.promotions.coupons.kinds import BatchState, CouponState
from erp_club.promotions.coupons.models import Coupon, CouponBatch, CouponCode
from erp_club.promotions.coupons.queries import IS_SPENT
from erp_club.stored_value.models import CardProduct, ValueCard

_USED = sa.case(
    (Coupon.id.is_not(None), Coupon.used > 0),
    (ValueCard.id.is_not(None), ValueCard.balance_minor < BirthdayGrant.amount_minor),
    else_=sa.true(),
)
_GAVE = sa.func.coalesce(
    Coupon.given_minor, BirthdayGrant.amount_minor - ValueCard.balance_minor, type_=sa.BigInteger()
)  # fmt: skip
_COUPON = (Coupon.customer_id == BirthdayGrant.owner_id) & (Coupon.id == BirthdayGrant.coupon_id)
_CARD = (ValueCard.customer_id == BirthdayGrant.owner_id) & (ValueCard.id == BirthdayGrant.card_id)


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan as it is set, the names of what it speaks of, how many it gave to, how many used it, what that gave."""

    id: int
    settings: PlanSettings
    state: PlanState
    version: int
    of_programme: bool
    done_until: dt.date | None
    club: Mapping[str, str] | None
    club_code: str | None
    customer_number: str | None
    gift: Mapping[str, str] | None
    unit: Unit
    grants: int
    used: int
    given_minor: int


@dataclass(frozen=True, slots=True)
class GrantRow:
    """What a plan gave somebody: days are included, `used` at least in part, `gave_minor` so far."""

    customer_id: int
    number: str
    name: str
    day: dt.date
    age: int
    first_day: dt.date
    last_day: dt.date
    amount_minor: int | None
    points: int | None
    coupon_id: int | None
    card_id: int | None
    on_date: dt.date
    used: bool
    gave_minor: int | None


@dataclass(frozen=True, slots=True)
class HeldGift:
    """What a customer holds of a plan and may still use; `code` is a coupon's, `automatic` whether tills enter it."""

    names: Mapping[str, str]
    day: dt.date
    first_day: dt.date
    last_day: dt.date
    code: str | None
    amount_minor: int | None
    automatic: bool


def plans(session: Session, *, club_id: int | None = None, offset: int = 0, limit: int | None = None) -> list[PlanRow]:
    """The plans, active ones first, by code; of one club where it is named."""
    order = sa.case({PlanState.ACTIVE: 0, PlanState.PAUSED: 1}, value=BirthdayPlan.state, else_=2)
    asked = _plans().order_by(order, BirthdayPlan.code).offset(offset).limit(limit)
    if club_id is not None:
        asked = asked.where(BirthdayPlan.club_id == club_id)
    return [_plan(row) for row in session.execute(asked)]


def count_plans(session: Session, *, club_id: int | None = None, most: int) -> int:
    """How many plans there are, counted no further than `most`."""
    found = sa.select(BirthdayPlan.id).limit(most)
    if club_id is not None:
        found = found.where(BirthdayPlan.club_id == club_id)
    return session.scalar(sa.select(sa.func.count()).select_from(found.subquery())) or 0


def plan(session: Session, plan_id: int) -> PlanRow:
    """One plan. Raises NotFound."""
    row = session.execute(_plans().where(BirthdayPlan.id == plan_id)).one_or_none()
    if row is None:
        raise errors.no_plan()
    return _plan(row)


def count_grants(session: Session, plan_id: int, *, most: int) -> int:
    """How many grants a plan has made, counted no further than `most`."""
    found = sa.select(BirthdayGrant.year).where(BirthdayGrant.plan_id == plan_id).limit(most).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(found)) or 0


def grants(session: Session, plan_id: int, *, descending: bool, offset: int, limit: int) -> list[GrantRow]:
    """What a plan gave, a page of it, by the day of giving."""
    rows = session.execute(_grants(plan_id, descending=descending).offset(offset).limit(limit))
    return [GrantRow(*row) for row in rows]


def every_grant(session: Session, plan_id: int, *, descending: bool) -> Iterator[GrantRow]:
    """All that a plan gave, read in portions."""
    for row in in_portions(session, _grants(plan_id, descending=descending)):
        yield GrantRow(*row)


def held_gifts(session: Session, customer_id: int, *, today: dt.date) -> list[HeldGift]:
    """What the customer got around a date and hasn't used up, from those to come to those that end today."""
    rows = session.execute(
        sa.select(
            BirthdayPlan.names,
            BirthdayGrant.day,
            BirthdayGrant.first_day,
            BirthdayGrant.last_day,
            CouponCode.code,
            sa.func.coalesce(ValueCard.balance_minor, BirthdayGrant.amount_minor),
            BirthdayPlan.automatic,
        )
        .join(BirthdayPlan, BirthdayPlan.id == BirthdayGrant.plan_id)
        .outerjoin(Coupon, _COUPON)
        .outerjoin(CouponCode, (CouponCode.customer_id == Coupon.customer_id) & (CouponCode.coupon_id == Coupon.id))
        .outerjoin(ValueCard, _CARD)
        .where(
            BirthdayGrant.owner_id == customer_id,
            BirthdayGrant.last_day >= today,
            sa.or_(Coupon.used < Coupon.uses, ValueCard.balance_minor > 0),
        )
        .order_by(BirthdayGrant.last_day, BirthdayGrant.plan_id, BirthdayGrant.person)
    )
    return [HeldGift(*row) for row in rows]


def automatic_codes(session: Session, customer_id: int, *, today: dt.date) -> list[str]:
    """The codes that a till enters by itself for the customer."""
    return list(session.scalars(automatic(customer_id, sa.literal(today, sa.Date()))))


def automatic(customer_id: Any, today: Any) -> sa.Select[str]:
    """The codes that are entered for a customer by themselves: of coupons that can be used today, soonest to end first.

    Every till asks this. A plan that is paused or closed since still lets those be used that it gave.
    """
    return (
        sa.select(CouponCode.code)
        .join(Coupon, (CouponCode.customer_id == Coupon.customer_id) & (CouponCode.coupon_id == Coupon.id))
        .join(CouponBatch, CouponBatch.id == Coupon.batch_id)
        .join(BirthdayGrant, _COUPON)
        .join(BirthdayPlan, BirthdayPlan.id == BirthdayGrant.plan_id)
        .where(
            BirthdayGrant.owner_id == customer_id,
            BirthdayPlan.automatic,
            today.between(BirthdayGrant.first_day, BirthdayGrant.last_day),
            Coupon.state == CouponState.ACTIVE,
            CouponBatch.state != BatchState.BLOCKED,
            ~IS_SPENT,
        )
        .order_by(BirthdayGrant.last_day, CouponCode.code)
    )


def _plans() -> sa.Select[*tuple[Any, ...]]:
    sums = (
        sa.select(
            BirthdayGrant.plan_id,
            sa.func.count().label("grants"),
            sa.func.count().filter(_USED).label("used"),
            sa.cast(sa.func.coalesce(sa.func.sum(_GAVE), 0), sa.BigInteger).label("gave"),
        )
        .outerjoin(Coupon, _COUPON)
        .outerjoin(ValueCard, _CARD)
        .group_by(BirthdayGrant.plan_id)
        .subquery("sums")
    )
    return (
        sa.select(
            BirthdayPlan,
            Club.names,
            Club.code,
            Customer.number,
            sa.func.coalesce(CouponBatch.names, CardProduct.names),
            Club.unit,
            sa.func.coalesce(sums.c.grants, 0),
            sa.func.coalesce(sums.c.used, 0),
            sa.func.coalesce(sums.c.gave, 0),
        )
        .outerjoin(Club, Club.id == BirthdayPlan.club_id)
        .outerjoin(Customer, Customer.id == BirthdayPlan.customer_id)
        .outerjoin(CouponBatch, CouponBatch.id == BirthdayPlan.batch_id)
        .outerjoin(CardProduct, CardProduct.id == BirthdayPlan.card_product_id)
        .outerjoin(sums, sums.c.plan_id == BirthdayPlan.id)
        .execution_options(populate_existing=True)
    )


def _plan(row: Any) -> PlanRow:
    kept: BirthdayPlan = row[0]
    return PlanRow(
        kept.id,
        settings_of(kept),
        PlanState(kept.state),
        kept.version,
        kept.rule is not None,
        kept.done_until,
        *row[1:],
    )


def _grants(plan_id: int, *, descending: bool) -> sa.Select[*tuple[Any, ...]]:
    order = (BirthdayGrant.on_date, BirthdayGrant.customer_id, BirthdayGrant.person)
    return (
        sa.select(
            BirthdayGrant.customer_id,
            Customer.number,
            sa.func.btrim(Customer.given_name + " " + Customer.family_name),
            BirthdayGrant.day,
            BirthdayGrant.age,
            BirthdayGrant.first_day,
            BirthdayGrant.last_day,
            BirthdayGrant.amount_minor,
            BirthdayGrant.points,
            BirthdayGrant.coupon_id,
            BirthdayGrant.card_id,
            BirthdayGrant.on_date,
            _USED,
            _GAVE,
        )
        .join(Customer, Customer.id == BirthdayGrant.customer_id)
        .outerjoin(Coupon, _COUPON)
        .outerjoin(ValueCard, _CARD)
        .where(BirthdayGrant.plan_id == plan_id)
        .order_by(*(each.desc() if descending else each.asc() for each in order))
    )
