"""The levels of memberships, as they are kept, and how they came to be."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH
from sqlalchemy.orm import Session

from erp_club.clubs.levels.kinds import LevelCause
from erp_club.clubs.levels.models import LevelChange, MembershipLevel
from erp_club.clubs.models import Club, ClubRules, Membership
from erp_club.organisation.models import Store
from erp_club.permissions.models import Staff
from erp_club.receipts.models import Receipt

LEVEL = (MembershipLevel.customer_id == Membership.customer_id) & (MembershipLevel.membership_id == Membership.id)
"""Which kept level is a membership's."""


def every_level() -> sa.Subquery:
    """Each level (`level`, as its club's rules say it) of all versions of these, by the `club`'s code."""
    path = sa.cast("$.programme.levels.levels[*]", JSONPATH)
    levels = sa.func.jsonb_path_query(sa.cast(ClubRules.document, JSONB), path, type_=JSONB)
    of_clubs = sa.join(ClubRules, Club, Club.id == ClubRules.club_id)
    found = sa.select(Club.code.label("club"), ClubRules.version_no, levels.label("level"))
    return found.select_from(of_clubs).subquery("every_level")


def level_names(session: Session) -> dict[str, dict[str, str]]:
    """What the levels of all clubs are called, by code, as the latest rules have it."""
    every = every_level().c
    rows = session.execute(
        sa.select(every.level["code"].astext, every.level["names"]).order_by(every.version_no, every.club)
    )
    return {code: names or {} for code, names in rows}


@dataclass(frozen=True, slots=True)
class ClubNames:
    """What a club and its levels are called, by language; the levels by code, as the latest rules have them."""

    code: str
    names: dict[str, str]
    levels: dict[str, dict[str, str]]


def names_of_clubs(session: Session, memberships: Collection[int]) -> dict[int, ClubNames]:
    """The names of the clubs of these memberships and of their levels."""
    clubs = session.execute(
        sa.select(Membership.id, Club.code, Club.names)
        .join(Club, Club.id == Membership.club_id)
        .where(Membership.id.in_(memberships))
    ).all()
    found = {row[0]: ClubNames(row[1], row[2], {}) for row in clubs}
    every = every_level().c
    levels = session.execute(
        sa.select(every.club, every.level["code"].astext, every.level["names"])
        .where(every.club.in_({each.code for each in found.values()}))
        .order_by(every.version_no)
    )
    for club, code, names in levels:
        for each in found.values():
            if each.code == club:
                each.levels[code] = names or {}
    return found


def levels_of(session: Session, club_id: int, accounts: Collection[int]) -> dict[int, str]:
    """The level that is kept of each of these points accounts: of a shared one its holder's."""
    rows = session.execute(
        sa.select(Membership.points_account_id, MembershipLevel.level)
        .join(MembershipLevel, LEVEL)
        .where(
            Membership.club_id == club_id,
            Membership.points_account_id.in_(accounts),
            Membership.customer_id == Membership.points_holder_id,
        )
    )
    return {row[0]: row[1] for row in rows}


@dataclass(frozen=True, slots=True)
class LevelRow:
    """Where a membership stands; the fields are those of `MembershipLevel`."""

    level: str
    since: dt.date
    kept_until: dt.date | None
    by_hand: bool
    paid: bool
    counted: int
    next_level: str | None
    missing: int | None
    next_until: dt.date | None


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """From `first` to `last` (None: still) a membership was on a level; why, by whom and where."""

    level: str
    first: dt.date
    last: dt.date | None
    cause: LevelCause
    reason: str
    receipt_id: int | None
    receipt_no: str | None
    at: dt.datetime
    staff: str | None
    store: str | None


@dataclass(frozen=True, slots=True)
class LevelChanged:
    """From a day on a membership was on `level`, until then on `before`; the receipt that brought it, if one did."""

    on: dt.date
    level: str
    before: str | None
    receipt_id: int | None


def level_changes(session: Session, club_id: int, customers: Collection[int]) -> dict[int, list[LevelChanged]]:
    """Through which levels of a club these customers went, the earliest first."""
    change = LevelChange
    rows = session.execute(
        sa.select(change.customer_id, change.on_date, change.level, change.level_before, change.receipt_id)
        .join(Membership, (Membership.customer_id == change.customer_id) & (Membership.id == change.membership_id))
        .where(change.customer_id.in_(customers), Membership.club_id == club_id)
        .order_by(change.customer_id, change.membership_id, change.change_no)
    )
    made: dict[int, list[LevelChanged]] = {}
    for customer_id, on, level, before, receipt_id in rows:
        made.setdefault(customer_id, []).append(LevelChanged(on, level, before, receipt_id))
    return made


def levels(session: Session, customer_id: int) -> dict[int, LevelRow]:
    """Where the customer's memberships stand, by membership; none of those that weren't looked at yet."""
    columns = (
        MembershipLevel.membership_id, MembershipLevel.level, MembershipLevel.since, MembershipLevel.kept_until,
        MembershipLevel.by_hand, MembershipLevel.paid, MembershipLevel.counted, MembershipLevel.next_level,
        MembershipLevel.missing, MembershipLevel.next_until,
    )  # fmt: skip
    rows = session.execute(sa.select(*columns).where(MembershipLevel.customer_id == customer_id))
    return {row[0]: LevelRow(*row[1:]) for row in rows}


def changes(session: Session, customer_id: int) -> dict[int, list[ChangeRow]]:
    """How the levels of the customer's memberships came to be, by membership, the latest first."""
    following = sa.func.lead(LevelChange.on_date).over(
        partition_by=LevelChange.membership_id, order_by=LevelChange.change_no
    )
    rows = session.execute(
        sa.select(
            LevelChange.membership_id, LevelChange.level, LevelChange.on_date, following.label("after"),
            LevelChange.cause, LevelChange.reason, LevelChange.receipt_id, Receipt.receipt_no, LevelChange.at,
            Staff.name, Store.name,
        )
        .outerjoin(
            Receipt, (Receipt.customer_id == LevelChange.receipt_customer_id) & (Receipt.id == LevelChange.receipt_id)
        )
        .outerjoin(Staff, Staff.id == LevelChange.staff_id)
        .outerjoin(Store, Store.id == LevelChange.store_id)
        .where(LevelChange.customer_id == customer_id)
        .order_by(LevelChange.membership_id, LevelChange.change_no.desc())
    )  # fmt: skip
    made: dict[int, list[ChangeRow]] = {}
    for row in rows:
        first, after = row.on_date, row.after
        last = None if after is None else max(first, after - dt.timedelta(days=1))
        made.setdefault(row.membership_id, []).append(
            ChangeRow(row.level, first, last, LevelCause(row.cause), *row[5:])
        )
    return made
