"""How many plans owe something, and what it comes to: the preview of a run, and of what is to come."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.birthday.grants import queries
from erp_club.birthday.grants.queries import Days, Owed
from erp_club.birthday.models import BirthdayPlan
from erp_club.birthday.plans.commands import settings_of
from erp_club.birthday.plans.settings import Gift, PlanSettings
from erp_club.customers.models import Customer
from erp_club.promotions.coupons.models import CouponBatch


@dataclass(frozen=True, slots=True)
class Celebrant:
    """A customer of a preview: how many points they would get, the day that is celebrated, and its window's first."""

    customer_id: int
    number: str
    points: int
    name: str
    day: dt.date
    first_day: dt.date


@dataclass(frozen=True, slots=True)
class Count:
    """How many grants are owed, what they are worth where that is known, and some of them."""

    customers: int = 0
    amount_minor: int = 0
    points: int = 0
    some: tuple[Celebrant, ...] = ()


Meeting = Callable[[BirthdayPlan, Sequence[Owed]], Sequence[Owed]]
"""Those to whom a plan gives, of some who have their day: who meets what the rule of a programme asks for besides."""


def count_owed(session: Session, as_of: dt.date, *, some: int = 0, meeting: Meeting | None = None) -> Count:
    """What a run for this day would give, by all plans."""
    made = Count()
    for plan_id in queries.active_plans(session):
        plan = session.get_one(BirthdayPlan, plan_id, populate_existing=True)
        days = queries.days_of(plan, as_of)
        if days is None:
            continue
        settings, only = settings_of(plan), None
        if meeting is not None and plan.rule is not None:
            rows = queries.owed(session, plan_id, settings, days)
            met = meeting(plan, rows)
            only = None if len(met) == len(rows) else {row.customer_id for row in met}
        made = _counted(session, plan_id, settings, days, made, some, only=only)
    return made


def coming(session: Session, plan_id: int, settings: PlanSettings, days: Days, *, some: int = 0) -> Count:
    """How many windows of today's members begin in these days, and what they cost if everything is used."""
    return _counted(session, plan_id, settings, days, Count(), some)


def coming_of(session: Session, plans: Mapping[int, PlanSettings], days: Days) -> dict[int, Count]:
    """The same of several plans by their ids, asked at once; a plan that gives nothing now has nobody coming."""
    giving, dues = set(queries.active_plans(session)), dict[object, sa.FromClause | None]()
    parts: list[sa.Select[*tuple[Any, ...]]] = []
    for plan_id, of in plans.items():
        # Most plans celebrate the same days: what these are is told once.
        alike = (of.window, of.starts_on, of.from_age, of.to_age, of.occasion)
        if plan_id in giving and alike not in dues:
            dues[alike] = queries.days_due(of, days)
        due = dues.get(alike)
        if plan_id in giving and due is not None:
            found = queries.asked_owed(plan_id, of, days, due).subquery(f"of_{plan_id}")
            parts.append(sa.select(sa.literal(plan_id), found.c.age, sa.func.count()).group_by(found.c.age))
    ages: dict[int, list[tuple[int, int]]] = {}
    for plan_id, age, customers in session.execute(sa.union_all(*parts)) if parts else ():
        ages.setdefault(plan_id, []).append((age, customers))
    batches = [settings.batch_id for settings in plans.values() if settings.batch_id is not None]
    named = sa.select(CouponBatch.id, CouponBatch.worth_minor).where(CouponBatch.id.in_(batches))
    worths = {row[0]: row[1] for row in session.execute(named)}
    return {
        plan_id: _worth(settings, ages.get(plan_id, []), worths.get(settings.batch_id or 0))
        for plan_id, settings in plans.items()
    }


def _worth(settings: PlanSettings, ages: Sequence[tuple[int, int]], otherwise: int | None) -> Count:
    """What grants at these ages come to; a coupon of a plan that says no amount is worth what its batch says."""
    worth = sum((settings.value(age) or otherwise or 0) * customers for age, customers in ages)
    points = worth if settings.gift is Gift.POINTS else 0
    return Count(sum(customers for _, customers in ages), worth - points, points)


def _counted(
    session: Session,
    plan_id: int,
    settings: PlanSettings,
    days: Days,
    so_far: Count,
    some: int,
    *,
    only: Set[int] | None = None,
) -> Count:
    due = queries.days_due(settings, days)
    if due is None:
        return so_far
    asked = queries.asked_owed(plan_id, settings, days, due)
    if only is not None:
        asked = asked.where(asked.selected_columns.customer_id.in_(only))
    found = asked.subquery("found")
    ages = session.execute(sa.select(found.c.age, sa.func.count()).group_by(found.c.age))
    batch = None if settings.batch_id is None else session.get(CouponBatch, settings.batch_id)
    made = _worth(settings, [(row[0], row[1]) for row in ages], batch and batch.worth_minor)
    shown: list[Celebrant] = list(so_far.some)
    if len(shown) < some:
        rows = session.execute(
            sa.select(
                found.c.customer_id,
                Customer.number,
                found.c.age,
                sa.func.btrim(Customer.given_name + " " + Customer.family_name),
                found.c.day,
                found.c.first_day,
            )
            .join(Customer, Customer.id == found.c.customer_id)
            .order_by(found.c.first_day, found.c.customer_id)
            .limit(some - len(shown))
        )
        shown += [
            Celebrant(row[0], row[1], (settings.value(row[2]) or 0) if settings.gift is Gift.POINTS else 0, *row[3:])
            for row in rows
        ]
    return Count(
        so_far.customers + made.customers,
        so_far.amount_minor + made.amount_minor,
        so_far.points + made.points,
        tuple(shown),
    )
