"""Giving what plans owe: many customers at once, in portions that a job calls with the cursor it keeps.

A grant is written first, and only who got one gets the gift: two runs at once, or a late one, find the row there.
"""

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from erp_club.birthday.grants import queries
from erp_club.birthday.grants.queries import Days, Owed, Place
from erp_club.birthday.models import BirthdayGrant, BirthdayPlan
from erp_club.birthday.plans.commands import settings_of
from erp_club.birthday.plans.settings import Gift, PlanSettings
from erp_club.birthday.windows import until
from erp_club.clubs.earning.queries import rules_in_force
from erp_club.clubs.levels.queries import levels_of
from erp_club.clubs.models import Club
from erp_club.clubs.rules import points_rules
from erp_club.permissions.actors import Actor
from erp_club.points.gifts.commands import WantedPoints, give_points
from erp_club.points.kinds import MovementKind
from erp_club.points.rules import Terms, bucket
from erp_club.points.sets.commands import SetCause
from erp_club.promotions.coupons.sets.commands import WantedCoupon, issue_coupons, room
from erp_club.stored_value.sets.commands import WantedCard, give_cards, is_given_out


@dataclass(frozen=True, slots=True)
class Granted:
    """What a portion did: grants, their value where it is known, and who waits since there is nothing to give.

    `last` is where the next portion goes on; None where the plan is done.
    """

    grants: int
    amount_minor: int
    points: int
    waiting: int
    last: Place | None


NOBODY = Granted(0, 0, 0, 0, None)


Meets = Callable[[Session, int, str, Collection[int], dt.date], Set[int]]
"""Who of some customers meets on a day what the rule of a club's programme, by its code, asks for besides."""


def everybody(_session: Session, _club_id: int, _rule: str, customers: Collection[int], _on: dt.date) -> Set[int]:
    """Where no rule asks for more."""
    return frozenset(customers)


@dataclass(frozen=True, slots=True)
class Giving:
    """For which day it is given, when, by whom, in which run of a job, and who meets what a rule asks for besides."""

    on: dt.date
    now: dt.datetime
    by: Actor
    run_id: int | None = None
    meets: Meets = everybody


def grant_next(
    session: Session, plan_id: int, giving: Giving, *, after: Place | None, limit: int, waited: bool = False
) -> Granted:
    """Give what a plan owes to the next `limit` customers and persons. With the last of them the day is done.

    `waited`: an earlier portion of this run left somebody waiting; then the next run looks at these days again.
    """
    plan = session.get_one(BirthdayPlan, plan_id, populate_existing=True)
    days = queries.days_of(plan, giving.on)
    if days is None:
        return NOBODY
    settings = settings_of(plan)
    rows = queries.owed(session, plan_id, settings, days, after=after, limit=limit)
    done = _grant(session, plan_id, settings, days, those_meeting(session, plan, rows, giving), giving)
    if len(rows) == limit:
        return Granted(*done, (rows[-1].customer_id, rows[-1].person))
    made = Granted(*done, None)
    if not waited and not made.waiting:
        session.execute(
            sa.update(BirthdayPlan)
            .where(BirthdayPlan.id == plan_id)
            .values(done_until=sa.func.greatest(BirthdayPlan.done_until, giving.on))
            .execution_options(synchronize_session=False)
        )
    return made


def grant_to(session: Session, customer_id: int, giving: Giving) -> int:
    """Give one customer what the plans owe today, for who joins inside a window; how many grants that were."""
    made = 0
    for plan_id in queries.active_plans(session):
        plan = session.get_one(BirthdayPlan, plan_id)
        if giving.on < plan.starts_on:
            continue
        settings, days = settings_of(plan), Days(giving.on, giving.on)
        rows = queries.owed(session, plan_id, settings, days, only=customer_id)
        made += _grant(session, plan_id, settings, days, those_meeting(session, plan, rows, giving), giving)[0]
    return made


def those_meeting(session: Session, plan: BirthdayPlan, rows: Sequence[Owed], giving: Giving) -> Sequence[Owed]:
    """Those of them who meet what the programme's rule asks for on the day; the others are looked at again."""
    if plan.club_id is None or plan.rule is None or not rows:
        return rows
    meets = giving.meets(session, plan.club_id, plan.rule, {row.customer_id for row in rows}, giving.on)
    return [row for row in rows if row.customer_id in meets]


def _grant(
    session: Session, plan_id: int, settings: PlanSettings, days: Days, rows: Sequence[Owed], giving: Giving
) -> tuple[int, int, int, int]:
    """Grants, their value in minor units and points, and how many wait."""
    fitting = rows[: _room(session, settings)]
    given = _write(session, plan_id, settings, days, fitting, giving)
    if given:
        _hand_out(session, plan_id, settings, days, given, giving)
    worth = sum(settings.value(each.age) or 0 for each in given)
    money, points = (0, worth) if settings.gift is Gift.POINTS else (worth, 0)
    return len(given), money, points, len(rows) - len(fitting)


def _room(session: Session, settings: PlanSettings) -> int | None:
    """How many can be given now; None is without limit."""
    if settings.batch_id is not None:
        return room(session, settings.batch_id)
    if settings.card_product_id is not None:
        return None if is_given_out(session, settings.card_product_id) else 0
    return None


def _write(
    session: Session, plan_id: int, settings: PlanSettings, days: Days, rows: Sequence[Owed], giving: Giving
) -> list[Owed]:
    """Write the grants, and tell those that weren't there before."""
    if not rows:
        return []
    money = settings.gift is not Gift.POINTS
    columns: dict[str, tuple[Any, list[Any]]] = {
        "customer_id": (sa.BigInteger(), [row.customer_id for row in rows]),
        "person": (sa.BigInteger(), [row.person for row in rows]),
        "year": (sa.Integer(), [row.year for row in rows]),
        "day": (sa.Date(), [row.day for row in rows]),
        "age": (sa.Integer(), [row.age for row in rows]),
        "first_day": (sa.Date(), [row.first_day for row in rows]),
        "last_day": (sa.Date(), [_last_day(row, days) for row in rows]),
        "amount_minor" if money else "points": (sa.BigInteger(), [settings.value(row.age) for row in rows]),
    }
    listed = sa.func.unnest(
        *(sa.bindparam(name, values, type_=ARRAY(kind), unique=True) for name, (kind, values) in columns.items())
    ).table_valued(*(sa.column(name, kind) for name, (kind, _) in columns.items()), name="wanted")
    listed = listed.render_derived(name="wanted")
    values: Mapping[str, Any] = {name: listed.c[name] for name in columns} | {
        "plan_id": sa.literal(plan_id, sa.Integer()),
        "on_date": sa.literal(giving.on, sa.Date()),
        "at": sa.literal(giving.now, sa.DateTime(timezone=True)),
        "run_id": sa.literal(giving.run_id, sa.BigInteger()),
    }
    written = session.execute(
        insert(BirthdayGrant)
        .from_select(list(values), sa.select(*values.values()))
        .on_conflict_do_nothing()
        .returning(BirthdayGrant.customer_id, BirthdayGrant.person)
    )
    mine = {(row[0], row[1]) for row in written}
    return [row for row in rows if (row.customer_id, row.person) in mine]


def _last_day(row: Owed, days: Days) -> dt.date:
    return until(row.last_day, first_missed=max(row.first_day, days.first), granted_on=days.last)


def _hand_out(
    session: Session, plan_id: int, settings: PlanSettings, days: Days, rows: Sequence[Owed], giving: Giving
) -> None:
    """Make what was granted, and let each grant name it."""
    if settings.batch_id is not None:
        coupons = [
            WantedCoupon(row.customer_id, row.first_day, _last_day(row, days), settings.value(row.age)) for row in rows
        ]
        made = issue_coupons(session, settings.batch_id, coupons, now=giving.now, by=giving.by)
        _name(session, plan_id, rows, made, column=BirthdayGrant.coupon_id)
    elif settings.card_product_id is not None:
        cards = [WantedCard(row.customer_id, settings.value(row.age) or 0, _last_day(row, days)) for row in rows]
        made = give_cards(
            session,
            settings.card_product_id,
            cards,
            reason=settings.code,
            on=giving.on,
            now=giving.now,
            by=giving.by,
            run_id=giving.run_id,
        )
        _name(session, plan_id, rows, made, column=BirthdayGrant.card_id)
    elif settings.club_id is not None:
        _points(session, settings, rows, giving)


def _key(row: Owed) -> tuple[int, int, int]:
    return row.customer_id, row.person, row.year


def _points(session: Session, settings: PlanSettings, rows: Sequence[Owed], giving: Giving) -> None:
    rules = rules_in_force(sa.literal(giving.on, sa.Date()))
    said = session.execute(
        sa.select(rules.c.version_no, rules.c.document, Club.worth_points, Club.worth_minor)
        .select_from(Club)
        .join(rules, sa.true(), isouter=True)
        .where(Club.id == settings.club_id)
    ).one()
    terms = Terms() if said.version_no is None else points_rules(*said).terms
    last = None if settings.points_days is None else giving.on + dt.timedelta(days=settings.points_days)
    accounts = [row.account[1] for row in rows if row.account is not None]
    levels = levels_of(session, settings.club_id, accounts) if terms.by_level and settings.club_id else {}
    wanted: list[WantedPoints] = []
    for row in rows:
        if row.account is not None:
            to = bucket(terms.on_level(levels.get(row.account[1])), giving.on, joined_on=row.joined_on)
            until = row.last_day if settings.points_in_days else last
            to = to if until is None else replace(to, last_day=until, earned_month=None)
            wanted.append(WantedPoints(row.account, settings.value(row.age) or 0, to))
    give_points(
        session,
        wanted,
        SetCause(MovementKind.EVENT, giving.on, giving.now, giving.by, giving.run_id, reason=settings.code),
    )


def _name(session: Session, plan_id: int, rows: Sequence[Owed], made: Sequence[int], *, column: Any) -> None:
    """Let each grant name its coupon or card, in the order of the rows."""
    kinds = {"customer": sa.BigInteger(), "person": sa.BigInteger(), "year": sa.Integer(), "gift": sa.BigInteger()}
    lists = [[*each] for each in zip(*((*_key(row), gift) for row, gift in zip(rows, made, strict=True)), strict=True)]
    listed = sa.func.unnest(
        *(
            sa.bindparam(name, values, type_=ARRAY(kind), unique=True)
            for (name, kind), values in zip(kinds.items(), lists, strict=True)
        )
    ).table_valued(*(sa.column(name, kind) for name, kind in kinds.items()), name="made")
    listed = listed.render_derived(name="made")
    session.execute(
        sa.update(BirthdayGrant)
        .where(
            BirthdayGrant.plan_id == plan_id,
            BirthdayGrant.customer_id == listed.c.customer,
            BirthdayGrant.person == listed.c.person,
            BirthdayGrant.year == listed.c.year,
        )
        .values({column: listed.c.gift, BirthdayGrant.owner_id: listed.c.customer})
        .execution_options(synchronize_session=False)
    )
