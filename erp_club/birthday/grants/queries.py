"""Whom a plan still owes something: everybody whose window holds one of the days looked at, found as one set.

`windows` says which dates of birth are celebrated on which day, so that the database only joins dates.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, array, distinct_on
from sqlalchemy.orm import Session, aliased

from erp_club.birthday.kinds import PlanState
from erp_club.birthday.models import MYSELF, BirthdayGrant, BirthdayPlan
from erp_club.birthday.plans.settings import OccasionKind, PlanSettings
from erp_club.birthday.windows import APART, births, celebrations
from erp_club.clubs.earning.queries import ACCOUNT
from erp_club.clubs.kinds import ClubState, MembershipState
from erp_club.clubs.levels.models import MembershipLevel
from erp_club.clubs.models import Club, Membership, MembershipPeriod
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.customers.relatives.kinds import RelativeKind
from erp_club.customers.relatives.models import Relative
from erp_club.kernel.audit import AuditEntry
from erp_club.points.kinds import AccountState
from erp_club.points.models import PointsAccount
from erp_club.points.queries import available_points

Place = tuple[int, int]
"""Where a batch goes on: behind this customer and person. Persons that are only names are numbered below zero."""


@dataclass(frozen=True, slots=True)
class Days:
    """The days that are looked at, both included: `last` is the day of the run.

    `members_on`: for what is to come, the day on which it is asked who is a member; then only windows that begin in
    these days count.
    """

    first: dt.date
    last: dt.date
    members_on: dt.date | None = None

    @property
    def on(self) -> dt.date:
        """The day on which members and balances are looked at."""
        return self.members_on or self.last


@dataclass(frozen=True, slots=True)
class Owed:
    """Somebody to whom a plan gives for one celebration: `account` (holder and id) where the plan is a club's."""

    customer_id: int
    person: int
    day: dt.date
    first_day: dt.date
    last_day: dt.date
    year: int
    age: int
    joined_on: dt.date | None = None
    account: tuple[int, int] | None = None


def active_plans(session: Session, *, after: int = 0) -> list[int]:
    """The plans that give now, by id: of published clubs, or for a customer alone."""
    return list(
        session.scalars(
            sa.select(BirthdayPlan.id)
            .join(Club, Club.id == BirthdayPlan.club_id, isouter=True)
            .where(
                BirthdayPlan.id > after,
                BirthdayPlan.state == PlanState.ACTIVE,
                BirthdayPlan.club_id.is_(None) | (Club.state == ClubState.PUBLISHED),
            )
            .order_by(BirthdayPlan.id)
        )
    )


def days_of(plan: BirthdayPlan, as_of: dt.date) -> Days | None:
    """The days that a run for `as_of` looks at: all since the last run, never one before the plan began."""
    if as_of < plan.starts_on:
        return None
    after = plan.starts_on if plan.done_until is None else plan.done_until + dt.timedelta(days=1)
    return Days(min(max(after, plan.starts_on), as_of), as_of)


def owed(
    session: Session,
    plan_id: int,
    settings: PlanSettings,
    days: Days,
    *,
    after: Place | None = None,
    only: int | None = None,
    limit: int | None = None,
) -> list[Owed]:
    """The next of those to whom a plan gives, in the order of customer and person; `only` is one customer."""
    due = days_due(settings, days)
    if due is None:
        return []
    asked = asked_owed(plan_id, settings, days, due)
    people = asked.selected_columns
    if only is not None:
        asked = asked.where(people.customer_id == only)
    if after is not None:
        asked = asked.where(sa.tuple_(people.customer_id, people.person) > sa.tuple_(*after))
    rows = asked.order_by(people.customer_id, people.person, people.day.desc())
    if limit is not None:
        rows = rows.limit(limit)
    return [_told(row) for row in session.execute(rows)]


def _told(row: Any) -> Owed:
    account = None if row.account_id is None else (row.holder_id, row.account_id)
    return Owed(
        row.customer_id, row.person, row.day, row.first_day, row.last_day, row.year, row.age, row.joined_on, account
    )


def days_due(settings: PlanSettings, days: Days) -> sa.FromClause | None:
    """A row for each date of birth that is celebrated in one of the windows: its celebration and the years."""
    columns: dict[str, tuple[Any, list[Any]]] = {
        "born": (sa.Date(), []), "day": (sa.Date(), []), "first_day": (sa.Date(), []), "last_day": (sa.Date(), []),
        "year": (sa.Integer(), []), "age": (sa.Integer(), []),
    }  # fmt: skip
    for each in celebrations(settings.window, days.first, days.last):
        if each.last < settings.starts_on or (days.members_on and not days.first <= each.first <= days.last):
            continue
        for birth in births(each.day, by_hebrew=settings.hebrew):
            if not settings.fits(birth.age):
                continue
            row = (birth.born, each.day, each.first, each.last, each.year, birth.age)
            for (_, values), value in zip(columns.values(), row, strict=True):
                values.append(value)
    if not columns["born"][1]:
        return None
    listed = sa.func.unnest(
        *(sa.bindparam(name, values, type_=ARRAY(kind), unique=True) for name, (kind, values) in columns.items())
    ).table_valued(*(sa.column(name, kind) for name, (kind, _) in columns.items()), name="due")
    return listed.render_derived(name="due")


def asked_owed(plan_id: int, settings: PlanSettings, days: Days, due: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """Whoever is owed something of a plan in these days: the columns of an `Owed`."""
    people = _people(settings).subquery("people")
    given = aliased(BirthdayGrant)
    apart = sa.literal_column(str(APART), sa.Integer())
    had = (given.person == people.c.person) & (
        (given.year == due.c.year) | (sa.func.abs(given.day.op("-", return_type=sa.Integer())(due.c.day)) < apart)
    )
    if "names" in people.c:  # it was given when the relative was but a name, before a link, or a merge, told who it is
        had |= (given.person == sa.any_(people.c.names)) & (given.day == due.c.day)
        linked = aliased(Customer)  # and the other way round: it was given while a link told who the name is
        known = sa.exists().where(linked.id == given.person, people.c.person == sa.any_(_names_of(linked)))
        had |= (people.c.person < MYSELF) & (given.person > MYSELF) & (given.day == due.c.day) & known
    asked = (
        sa.select(
            people.c.customer_id,
            people.c.person,
            due.c.day,
            due.c.first_day,
            due.c.last_day,
            due.c.year,
            due.c.age,
        )
        .ext(distinct_on(people.c.customer_id, people.c.person))
        .join_from(people, due, due.c.born == people.c.born)
        .where(
            ~sa.exists().where(
                given.customer_id == people.c.customer_id,
                _gave_instead(given, plan_id, settings),
                had,
            )
        )
    )
    if settings.customer_id is not None:
        asked = asked.where(people.c.customer_id == settings.customer_id)
    if settings.club_id is None:
        none = sa.cast(sa.null(), sa.BigInteger)
        asked = asked.add_columns(
            sa.cast(sa.null(), sa.Date).label("joined_on"), none.label("holder_id"), none.label("account_id")
        )
    else:
        asked = _members(asked, settings, days, people, due)
    if settings.known_days_before:
        before = due.c.first_day - sa.literal_column(str(settings.known_days_before), sa.Integer())
        asked = asked.where(people.c.known_on <= before)
    return asked if settings.most_per_year is None else _within_year(asked, plan_id, settings.most_per_year)


def _within_year(asked: sa.Select[*tuple[Any, ...]], plan_id: int, most: int) -> sa.Select[*tuple[Any, ...]]:
    """As many of a customer's in a year as the plan allows beside those that are given."""
    people = asked.selected_columns
    each = asked.order_by(people.customer_id, people.person, people.day.desc()).subquery("each")
    given = aliased(BirthdayGrant)
    had = (
        sa.select(sa.func.count())
        .where(given.customer_id == each.c.customer_id, given.plan_id == plan_id, given.year == each.c.year)
        .scalar_subquery()
    )
    place = sa.func.row_number().over(partition_by=[each.c.customer_id, each.c.year], order_by=each.c.person)
    placed = sa.select(*each.c, (had + place).label("place")).subquery("placed")
    return sa.select(*(placed.c[column.key] for column in each.c)).where(placed.c.place <= most)


def _gave_instead(given: Any, plan_id: int, settings: PlanSettings) -> sa.ColumnElement[bool]:
    """A grant of the plan, or of one for other levels alone: whoever changes levels has one gift for a celebration."""
    mine = given.plan_id == plan_id
    if settings.club_id is None or not settings.levels:
        return mine
    other = sa.select(BirthdayPlan.id).where(
        BirthdayPlan.club_id == settings.club_id,
        BirthdayPlan.occasion == settings.occasion,
        BirthdayPlan.levels != sa.cast([], ARRAY(sa.Text)),
        ~BirthdayPlan.levels.overlap(sa.cast(list(settings.levels), ARRAY(sa.Text))),
    )
    return mine | given.plan_id.in_(other)


def _members(
    asked: sa.Select[*tuple[Any, ...]],
    settings: PlanSettings,
    days: Days,
    people: sa.Subquery,
    due: sa.FromClause,
) -> sa.Select[*tuple[Any, ...]]:
    """Only members of the club on the day of the run, whom its conditions fit."""
    holds = sa.exists().where(
        MembershipPeriod.customer_id == Membership.customer_id,
        MembershipPeriod.membership_id == Membership.id,
        MembershipPeriod.validity.contains(sa.literal(days.on, sa.Date())),
    )
    asked = (
        asked.add_columns(
            Membership.joined_on, Membership.points_holder_id.label("holder_id"),
            Membership.points_account_id.label("account_id"),
        )
        .join(Membership, (Membership.customer_id == people.c.customer_id) & (Membership.club_id == settings.club_id))
        .where(Membership.state == MembershipState.OPEN, holds, Membership.joined_on <= due.c.last_day)
    )  # fmt: skip
    if settings.points is not None or settings.least_points:
        asked = asked.join(PointsAccount, ACCOUNT).where(PointsAccount.state == AccountState.OPEN)
    if settings.least_points:
        day = sa.literal(days.on, sa.Date())
        asked = asked.where(available_points(day) >= settings.least_points)
    if settings.least_months:
        since = Membership.joined_on + sa.func.make_interval(0, settings.least_months)
        asked = asked.where(sa.cast(since, sa.Date) <= due.c.first_day)
    if settings.levels:
        level = sa.func.coalesce(MembershipLevel.level, "")
        kept = (MembershipLevel.customer_id == Membership.customer_id) & (
            MembershipLevel.membership_id == Membership.id
        )
        asked = asked.join(MembershipLevel, kept, isouter=True).where(level.in_(settings.levels))
    if settings.known_at_joining:
        asked = asked.where(people.c.known_on <= Membership.joined_on)
    return asked


def _people(settings: PlanSettings) -> sa.Select[*tuple[Any, ...]] | sa.CompoundSelect[*tuple[Any, ...]]:
    """Whose dates count: `customer_id`, `person`, `born`, and the day on which we learnt of it."""
    if settings.occasion is OccasionKind.RELATIVE_BIRTHDAY:
        return _relatives(settings)
    if settings.occasion is OccasionKind.MEMBERSHIP:
        return _joined(settings)
    name = "birthday" if settings.occasion is OccasionKind.BIRTHDAY else "anniversary"
    born = Customer.birthday if settings.occasion is OccasionKind.BIRTHDAY else Customer.anniversary
    return sa.select(
        Customer.id.label("customer_id"),
        sa.literal_column(str(MYSELF), sa.BigInteger()).label("person"),
        born.label("born"),
        _known_on(Customer, name, asked=_asks_known(settings)).label("known_on"),
    ).where(Customer.state == CustomerState.ACTIVE, Customer.id != UNIDENTIFIED, born.is_not(None))


def _joined(settings: PlanSettings) -> sa.Select[*tuple[Any, ...]]:
    """The day of joining: known from the first day on."""
    return (
        sa.select(
            Customer.id.label("customer_id"),
            sa.literal_column(str(MYSELF), sa.BigInteger()).label("person"),
            Membership.joined_on.label("born"),
            Membership.joined_on.label("known_on"),
        )
        .join_from(Membership, Customer, Customer.id == Membership.customer_id)
        .where(Membership.club_id == settings.club_id, Customer.state == CustomerState.ACTIVE)
    )


def _asks_known(settings: PlanSettings) -> bool:
    return settings.known_at_joining or settings.known_days_before > 0


def _known_on(customer: Any, name: str, *, asked: bool) -> sa.ColumnElement[dt.date]:
    """The day on which the customer's date was last told, by the change log; that of opening where it says nothing."""
    if not asked:
        return sa.cast(sa.null(), sa.Date)
    told = (
        sa.select(sa.func.max(AuditEntry.at))
        .where(
            AuditEntry.entity == "customer",
            AuditEntry.entity_id == sa.cast(customer.id, sa.Text),
            AuditEntry.action.in_(["customer.open", "customer.edit"]),
            AuditEntry.after.has_key(name),
        )
        .correlate(customer)
        .scalar_subquery()
    )
    return sa.cast(sa.func.coalesce(told, customer.opened_at), sa.Date)


def person_of(relative_id: Any, name: Any) -> sa.ColumnElement[int]:
    """The person that a relative is: the customer, or a number made of the name, the same if it is entered again."""
    return sa.func.coalesce(relative_id, _called(name), type_=sa.BigInteger())


def _called(name: Any) -> sa.ColumnElement[int]:
    """The person that a name is."""
    hashed = sa.func.substr(sa.func.md5(sa.func.lower(name)), 1, 15)
    number = sa.cast(sa.cast(sa.literal("x").op("||")(hashed), sa.Text).op("::")(sa.literal_column("bit(60)")),
                     sa.BigInteger)  # fmt: skip
    return -1 - number


def _names_of(customer: Any) -> sa.ColumnElement[Any]:
    """The persons that a customer is to whoever has only named them: as a merge finds that both are one."""
    given, second = customer.given_name, customer.given_name_2
    whole = (sa.func.btrim(sa.func.concat(given, " ", customer.family_name)),
             sa.func.btrim(sa.func.concat(second, " ", customer.family_name_2)))  # fmt: skip
    return array([_called(name) for name in (given, second, *whole)])


def _relatives(settings: PlanSettings) -> sa.CompoundSelect[*tuple[Any, ...]]:
    """Whom living customers have named, and the living customers who have named them (seen from the other side)."""
    owner, other = aliased(Customer), aliased(Customer)
    asked = _asks_known(settings)
    living = (owner.state == CustomerState.ACTIVE) & (owner.id != UNIDENTIFIED)
    added = (
        sa.select(sa.func.max(AuditEntry.at))
        .where(
            AuditEntry.entity == "customer",
            AuditEntry.entity_id == sa.cast(Relative.customer_id, sa.Text),
            AuditEntry.action == "relative.add",
            (AuditEntry.after["name"].astext == Relative.name)
            | (AuditEntry.after["relative_id"].astext == sa.cast(Relative.relative_id, sa.Text)),
        )
        .scalar_subquery()
    )
    named_on = sa.cast(sa.func.coalesce(added, owner.opened_at), sa.Date) if asked else sa.cast(sa.null(), sa.Date)
    own = (
        sa.select(
            Relative.customer_id.label("customer_id"),
            person_of(Relative.relative_id, Relative.name).label("person"),
            sa.func.coalesce(Relative.birthday, other.birthday, type_=sa.Date()).label("born"),
            named_on.label("known_on"),
            _names_of(other).label("names"),
        )
        .join(owner, owner.id == Relative.customer_id)
        .join(other, (other.id == Relative.relative_id) & (other.state == CustomerState.ACTIVE), isouter=True)
        .where(living, Relative.kind.in_(_kinds(settings)))
    )
    back = aliased(Relative)
    named_too = sa.exists().where(back.customer_id == Relative.relative_id, back.relative_id == Relative.customer_id)
    theirs = (
        sa.select(
            sa.func.coalesce(Relative.relative_id, 0),
            Relative.customer_id,
            other.birthday,
            named_on,
            _names_of(other),
        )
        .join(owner, owner.id == Relative.relative_id)
        .join(other, (other.id == Relative.customer_id) & (other.state == CustomerState.ACTIVE))
        .where(living, ~named_too, Relative.kind.in_([_FROM_THERE.get(kind, kind) for kind in _kinds(settings)]))
    )
    return sa.union_all(own, theirs)


_FROM_THERE = {RelativeKind.CHILD: RelativeKind.PARENT, RelativeKind.PARENT: RelativeKind.CHILD}


def _kinds(settings: PlanSettings) -> Sequence[RelativeKind]:
    return [RelativeKind(kind) for kind in settings.relatives] or list(RelativeKind)
