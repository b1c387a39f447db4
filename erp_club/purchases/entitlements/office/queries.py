"""What clubs give directly to how many members, and every use of it."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import ScalarSelect

from erp_club.catalogue.models import Product
from erp_club.clubs.kinds import ClubState
from erp_club.clubs.levels.models import MembershipLevel
from erp_club.clubs.models import Club, Membership, MembershipPeriod
from erp_club.customers.models import Customer
from erp_club.organisation.models import Store
from erp_club.permissions.models import Staff
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.models import ProgrammeVersion
from erp_club.programmes.rewards.kinds import RewardState
from erp_club.programmes.rewards.models import PeriodSettlement, RewardEntitlement
from erp_club.purchases.entitlements.kinds import UseState
from erp_club.purchases.entitlements.models import EntitlementUse


@dataclass(frozen=True, slots=True)
class Filters:
    """Which uses are asked for; days are the chain's, both included. `zone` is the chain's time zone."""

    zone: str
    club_id: int | None = None
    code: str | None = None
    state: UseState | None = None
    store_id: int | None = None
    number: str | None = None
    first: dt.date | None = None
    last: dt.date | None = None


@dataclass(frozen=True, slots=True)
class UseLine:
    """One use: the `use_no`-th of its period, which is from `first` to `last`. A service has no product."""

    id: int
    club_id: int
    club_names: dict[str, str]
    customer_id: int
    number: str
    given_name: str
    family_name: str
    code: str
    use_no: int
    first: dt.date
    last: dt.date | None
    state: UseState
    product: str | None
    receipt_id: int | None
    at: dt.datetime
    staff: str | None
    store: str | None


@dataclass(frozen=True, slots=True)
class GivenLine:
    """An entitlement of a club, to how many members it is given today, and how often it was used as was asked for.

    `granted` uses were given by rules besides and can be used today; `only_given`: there are no others.
    """

    club_id: int
    club_names: dict[str, str]
    code: str
    names: dict[str, str]
    count: int | None
    only_given: bool
    members: int
    granted: int
    used: int
    came_back: int


def uses(session: Session, asked: Filters, *, offset: int, limit: int) -> list[UseLine]:
    """The uses that were asked for, the latest first; what a sale only holds isn't used yet."""
    rows = session.execute(_asked(asked).order_by(EntitlementUse.id.desc()).offset(offset).limit(limit))
    return [_line(row) for row in rows]


def every_use(session: Session, asked: Filters) -> Iterator[UseLine]:
    """The same for a file, all of them."""
    rows = session.execute(_asked(asked).order_by(EntitlementUse.id.desc()).execution_options(yield_per=1000))
    return (_line(row) for row in rows)


def count_uses(session: Session, asked: Filters, *, most: int) -> int:
    """How many there are, counted up to one more than `most`."""
    some = _asked(asked).with_only_columns(EntitlementUse.id).limit(most + 1).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(some)) or 0


def given(session: Session, asked: Filters, *, today: dt.date) -> list[GivenLine]:
    """What published clubs give today, by club and in the order of the programme."""
    members = _members(session, today)
    used, grants = _used(session, asked), _grants(session, today)
    made: list[GivenLine] = []
    for row in session.execute(_PROGRAMMES, {"today": today}):
        programme = Programme.model_validate(row.document)
        lowest = programme.levels.levels[0].code if programme.levels else ""
        for each in programme.entitlements:
            key = (row.id, each.code)
            holders, granted = grants.get(key, (0, 0))
            mine = sum(count for level, count in members.get(row.id, []) if _is_for(each.levels, level or lowest))
            names = {str(language): text for language, text in each.names.items()} or {"en": each.code}
            used_of = used.get(key, (0, 0))
            made.append(
                GivenLine(
                    club_id=row.id,
                    club_names=row.names,
                    code=each.code,
                    names=names,
                    count=each.count,
                    only_given=each.only_given,
                    members=holders if each.only_given else mine,
                    granted=granted,
                    used=used_of[0],
                    came_back=used_of[1],
                )
            )
    return made


def _is_for(levels: Sequence[str], level: str) -> bool:
    return not levels or level in levels


def _asked(asked: Filters) -> sa.Select[*tuple[Any, ...]]:
    use = EntitlementUse
    columns = (
        use.id, Club.id, Club.names, Customer.id, Customer.number, Customer.given_name, Customer.family_name, use.code,
        use.use_no, use.first, use.last, use.state, Product.name, use.receipt_id, use.at, Staff.name, Store.name,
    )  # fmt: skip
    return (
        sa.select(*columns)
        .select_from(use)
        .join(Membership, (Membership.customer_id == use.customer_id) & (Membership.id == use.membership_id))
        .join(Club, Club.id == Membership.club_id)
        .join(Customer, Customer.id == use.customer_id)
        .outerjoin(Product, Product.id == use.product_id)
        .outerjoin(Staff, Staff.id == use.staff_id)
        .outerjoin(Store, Store.id == use.store_id)
        .where(*_where(asked))
    )


def _where(asked: Filters) -> Iterator[sa.ColumnElement[bool]]:
    use = EntitlementUse
    yield use.receipt_id.is_not(None) | use.product_id.is_(None)
    day = sa.cast(sa.func.timezone(asked.zone, use.at), sa.Date)
    if asked.club_id is not None:
        yield Membership.club_id == asked.club_id
    if asked.code is not None:
        yield use.code == asked.code
    if asked.state is not None:
        yield use.state == asked.state
    if asked.store_id is not None:
        yield use.store_id == asked.store_id
    if asked.number is not None:
        yield use.customer_id == _living(asked.number)
    if asked.first is not None:
        yield day >= asked.first
    if asked.last is not None:
        yield day <= asked.last


def _living(number: str | None) -> ScalarSelect[int]:
    found = sa.select(sa.func.coalesce(Customer.merged_into, Customer.id)).where(Customer.number == number)
    return found.scalar_subquery()


def _line(row: Any) -> UseLine:
    rest = dict(zip(("product", "receipt_id", "at", "staff", "store"), row[12:], strict=True))
    return UseLine(*row[:11], state=UseState(row[11]), **rest)


def _members(session: Session, today: dt.date) -> dict[int, list[tuple[str | None, int]]]:
    """How many memberships hold today, by club and level; None where nobody has looked at levels."""
    level, period = MembershipLevel, MembershipPeriod
    rows = session.execute(
        sa.select(Membership.club_id, level.level, sa.func.count())
        .join(period, (period.customer_id == Membership.customer_id) & (period.membership_id == Membership.id))
        .outerjoin(level, (level.customer_id == Membership.customer_id) & (level.membership_id == Membership.id))
        .where(period.validity.contains(today))
        .group_by(Membership.club_id, level.level)
    )
    made: dict[int, list[tuple[str | None, int]]] = {}
    for club_id, held, count in rows:
        made.setdefault(club_id, []).append((held, count))
    return made


def _grants(session: Session, today: dt.date) -> dict[tuple[int, str], tuple[int, int]]:
    """To how many accounts rules gave uses that hold today, and how many uses, by club and code."""
    settled, grant = PeriodSettlement, RewardEntitlement
    same = (grant.customer_id == settled.customer_id) & (grant.settlement_id == settled.id)
    holds = settled.last_day.is_(None) | (settled.last_day >= today)
    rows = session.execute(
        sa.select(
            settled.club_id, grant.entitlement, sa.func.count(settled.account_id.distinct()), sa.func.sum(grant.count)
        )
        .join(grant, same)
        .where(settled.state == RewardState.GIVEN, settled.usable_from <= today, holds)
        .group_by(settled.club_id, grant.entitlement)
    )
    return {(club_id, code): (accounts, uses) for club_id, code, accounts, uses in rows}


def _used(session: Session, asked: Filters) -> dict[tuple[int, str], tuple[int, int]]:
    """How often each entitlement was used and came back, by club and code."""
    some = _asked(asked).with_only_columns(Club.id.label("club_id"), EntitlementUse.code, EntitlementUse.state)
    rows = some.subquery()
    back = rows.c.state == UseState.BACK
    counted = sa.select(rows.c.club_id, rows.c.code, sa.func.count().filter(~back), sa.func.count().filter(back))
    found = session.execute(counted.group_by(rows.c.club_id, rows.c.code))
    return {(club_id, code): (used, came_back) for club_id, code, used, came_back in found}


_PROGRAMMES = (
    sa.select(Club.id, Club.names, ProgrammeVersion.document)
    .ext(distinct_on(Club.code, Club.id))
    .join(ProgrammeVersion, ProgrammeVersion.club_id == Club.id)
    .where(
        Club.state == ClubState.PUBLISHED,
        ProgrammeVersion.effective_from <= sa.bindparam("today", type_=sa.Date),
    )
    .order_by(Club.code, Club.id, ProgrammeVersion.effective_from.desc(), ProgrammeVersion.version_no.desc())
)
