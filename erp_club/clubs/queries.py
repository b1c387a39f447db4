"""Clubs, who is in them, and what earns."""

import dataclasses
import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs import errors, periods
from erp_club.clubs.earning.queries import ACCOUNT, HELD
from erp_club.clubs.kinds import ClubState, EventKind, MembershipState, PeriodKind, TermKind
from erp_club.clubs.models import Club, Membership, MembershipEvent, MembershipPeriod
from erp_club.clubs.periods import RenewalFrom, Span
from erp_club.organisation.models import Store
from erp_club.permissions.models import Staff
from erp_club.points.models import PointsAccount
from erp_club.points.rules import worth_of
from erp_club.points.units import Unit
from erp_club.receipts.models import Receipt


@dataclass(frozen=True, slots=True)
class ClubRow:
    """A club and its settings; amounts in minor units of its currency."""

    id: int
    code: str
    names: dict[str, str]
    currency: str
    state: ClubState
    earn_points: int
    earn_per_minor: int
    worth_points: int
    worth_minor: int
    term_kind: TermKind
    term_months: int | None
    renewal_from: RenewalFrom
    grace_days: int
    pause_moves_end: bool
    warning_days: int
    undo_days: int
    tone: str
    unit: Unit
    to_month_end: bool
    version: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one club: memberships that hold on a day, and the points of all its accounts."""

    members: int = 0
    points: int = 0


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """A period, both days included (no `last` for life), and who opened it when and where.

    Without `first` all its days were taken by a pause, an ending or a correction.
    """

    first: dt.date | None
    last: dt.date | None
    kind: PeriodKind
    at: dt.datetime
    staff: str | None
    store: str | None


@dataclass(frozen=True, slots=True)
class EventRow:
    """What was done to a membership's days from `on_date` on, by whom, when, where and why.

    `valid_until` is the last day of all after it, None for life or where no day is held; a receipt is what moved it.
    """

    kind: EventKind
    on_date: dt.date
    reason: str
    points: int
    at: dt.datetime
    staff: str | None
    store: str | None
    receipt_id: int | None
    receipt_no: str | None
    valid_until: dt.date | None


@dataclass(frozen=True, slots=True)
class MembershipRow:
    """A customer's membership on a day. `is_valid`: a period holds and the club is published, so it gives benefits.

    `valid_until` is the last day without a gap from then on, or, where none holds, of what comes next, or else of what
    held last; None for life or where no day is held. `next_from` is the first day of what comes later,
    `last_day` the last one of all. `spans` are the stretches without a gap, `periods` what they are made of, both
    oldest first. Points as balance, and their worth in minor units.
    """

    membership_id: int
    club_id: int
    code: str
    names: dict[str, str]
    tone: str
    club_state: ClubState
    joined_on: dt.date
    state: MembershipState
    state_on: dt.date | None
    undo_days: int
    warning_days: int
    periods: tuple[PeriodRow, ...]
    spans: tuple[Span, ...]
    valid_until: dt.date | None
    next_from: dt.date | None
    last_day: dt.date | None
    is_valid: bool
    points_account_id: int
    balance: int
    worth_minor: int
    currency: str
    unit: Unit


def clubs(session: Session) -> list[ClubRow]:
    """All clubs: published ones first, then drafts, then closed ones; each by code."""
    order = sa.case({ClubState.PUBLISHED: 0, ClubState.DRAFT: 1}, value=Club.state, else_=2)
    return [_club(row) for row in session.execute(sa.select(*_CLUB).order_by(order, Club.code))]


def club_of_membership(session: Session, membership_id: int) -> int | None:
    """The club of a membership; None for one that isn't there."""
    return session.scalar(sa.select(Membership.club_id).where(Membership.id == membership_id))


def club_of_account(session: Session, account_id: int) -> int | None:
    """The club whose membership has this points account; None for an account without one."""
    found = sa.select(Membership.club_id).where(Membership.points_account_id == account_id)
    return session.scalar(found.order_by(Membership.id).limit(1))


def club(session: Session, club_id: int) -> ClubRow:
    """One club. Raises NotFound."""
    row = session.execute(sa.select(*_CLUB).where(Club.id == club_id)).one_or_none()
    if row is None:
        raise errors.no_club()
    return _club(row)


def club_id_by_code(session: Session, code: str) -> int:
    """The id behind a club's code, in any case. Raises NotFound."""
    club_id = session.scalar(sa.select(Club.id).where(Club.code == code.upper()))
    if club_id is None:
        raise errors.no_club()
    return club_id


_LONGEST_CODE = 31


def free_code(session: Session, code: str) -> str:
    """The code, with the first number behind it that makes it nobody else's."""
    taken = set(session.scalars(sa.select(Club.code).where(Club.code.startswith(code[: _LONGEST_CODE - 4]))))
    numbered = (f"{code[: _LONGEST_CODE - 4]}-{number}" for number in itertools.count(2))
    return next(each for each in (code, *itertools.islice(numbered, len(taken) + 1)) if each not in taken)


def clubs_to_join(session: Session, customer_id: int) -> list[ClubRow]:
    """The published clubs that the customer isn't in, or has left, by code."""
    return [_club(row) for row in session.execute(_TO_JOIN, {"customer": customer_id})]


def figures(session: Session, *, today: dt.date, club_id: int | None = None) -> dict[int, Figures]:
    """Members and points of every club that has any, or of one, by its id."""
    holds = sa.exists().where(
        MembershipPeriod.customer_id == Membership.customer_id,
        MembershipPeriod.membership_id == Membership.id,
        MembershipPeriod.validity.contains(today),
    )
    rows = session.execute(
        sa.select(
            Membership.club_id,
            sa.func.count().filter(holds),
            # sum() of bigint is numeric; a club's points fit a bigint.
            sa.cast(sa.func.sum(PointsAccount.balance).filter(HELD), sa.BigInteger),
        )
        .join(PointsAccount, ACCOUNT)
        .where(Membership.club_id == club_id if club_id is not None else sa.true())
        .group_by(Membership.club_id)
    )
    return {of: Figures(members, points) for of, members, points in rows}


def joined_by_month(session: Session, club_id: int) -> dict[dt.date, int]:
    """How many joined in each month, by its first day, oldest first; months without are left out."""
    month = sa.cast(sa.func.date_trunc("month", Membership.joined_on), sa.Date)
    rows = session.execute(
        sa.select(month, sa.func.count()).where(Membership.club_id == club_id).group_by(month).order_by(month)
    )
    return {first: count for first, count in rows}  # noqa: C416 - dict() doesn't know a Row for a pair


def customer_of(session: Session, membership_id: int) -> int:
    """The id of the customer whose membership this is. Raises NotFound."""
    customer_id = session.scalar(sa.select(Membership.customer_id).where(Membership.id == membership_id))
    if customer_id is None:
        raise errors.no_membership()
    return customer_id


def memberships(session: Session, customer_id: int, *, today: dt.date) -> list[MembershipRow]:
    """The customer's memberships on `today`: valid ones first, then by the day of joining."""
    rows = session.execute(_MEMBERSHIPS, {"customer": customer_id}).all()
    made = [_membership(list(each), today) for _, each in itertools.groupby(rows, key=lambda row: row.id)]
    return sorted(made, key=lambda row: (not row.is_valid, row.joined_on, row.membership_id))


def events(session: Session, customer_id: int) -> dict[int, list[EventRow]]:
    """What was done to the customer's memberships, by membership, the latest first."""
    rows = session.execute(
        sa.select(
            MembershipEvent.membership_id,
            MembershipEvent.kind,
            MembershipEvent.on_date,
            MembershipEvent.reason,
            MembershipEvent.points,
            MembershipEvent.at,
            Staff.name,
            Store.name,
            MembershipEvent.receipt_id,
            Receipt.receipt_no,
            MembershipEvent.after["periods"].label("periods"),
        )
        .outerjoin(
            Receipt,
            (Receipt.customer_id == MembershipEvent.receipt_customer_id) & (Receipt.id == MembershipEvent.receipt_id),
        )
        .outerjoin(Staff, Staff.id == MembershipEvent.staff_id)
        .outerjoin(Store, Store.id == MembershipEvent.store_id)
        .where(MembershipEvent.customer_id == customer_id)
        .order_by(MembershipEvent.membership_id, MembershipEvent.event_no.desc())
    )
    made: dict[int, list[EventRow]] = {}
    for row in rows:
        told = EventRow(EventKind(row[1]), *row[2:10], valid_until=_until(row.periods))
        made.setdefault(row[0], []).append(told)
    return made


def _until(days: dict[str, list[str | None]]) -> dt.date | None:
    """The last day of periods as an event keeps them; None for life or where none has any."""
    ends = [last for _, last in days.values()]
    known = [last for last in ends if last is not None]
    return dt.date.fromisoformat(max(known)) if known and len(known) == len(ends) else None


_CLUB = (
    Club.id,
    Club.code,
    Club.names,
    Club.currency,
    Club.state,
    Club.earn_points,
    Club.earn_per_minor,
    Club.worth_points,
    Club.worth_minor,
    Club.term_kind,
    Club.term_months,
    Club.renewal_from,
    Club.grace_days,
    Club.pause_moves_end,
    Club.warning_days,
    Club.undo_days,
    Club.tone,
    Club.unit,
    Club.to_month_end,
    Club.version,
)

_TO_JOIN = (
    sa.select(*_CLUB)
    .where(
        Club.state == ClubState.PUBLISHED,
        ~sa.exists().where(
            Membership.customer_id == sa.bindparam("customer", type_=sa.BigInteger),
            Membership.club_id == Club.id,
            Membership.state != MembershipState.ENDED,
        ),
    )
    .order_by(Club.code)
)
_MEMBERSHIPS = (
    sa.select(
        Membership.id,
        Membership.joined_on,
        Membership.state.label("membership_state"),
        Membership.state_on,
        Membership.points_account_id,
        Club.id.label("club_id"),
        Club.code,
        Club.names,
        Club.tone,
        Club.unit,
        Club.state,
        Club.currency,
        Club.worth_points,
        Club.worth_minor,
        Club.undo_days,
        Club.warning_days,
        PointsAccount.balance,
        sa.func.lower(MembershipPeriod.validity).label("first"),
        sa.func.upper(MembershipPeriod.validity).label("after"),
        MembershipPeriod.kind,
        MembershipPeriod.at,
        Staff.name.label("staff"),
        Store.name.label("store"),
    )
    .join(Club, Club.id == Membership.club_id)
    .join(PointsAccount, ACCOUNT)
    .join(
        MembershipPeriod,
        (MembershipPeriod.customer_id == Membership.customer_id) & (MembershipPeriod.membership_id == Membership.id),
    )
    .outerjoin(Staff, Staff.id == MembershipPeriod.staff_id)
    .outerjoin(Store, Store.id == MembershipPeriod.store_id)
    .where(Membership.customer_id == sa.bindparam("customer", type_=sa.BigInteger))
    .order_by(Membership.id, MembershipPeriod.period_no)
)


def _club(row: Any) -> ClubRow:
    made = ClubRow(*row)
    return dataclasses.replace(
        made,
        state=ClubState(row.state),
        term_kind=TermKind(row.term_kind),
        renewal_from=RenewalFrom(row.renewal_from),
    )


def _membership(rows: Sequence[Any], today: dt.date) -> MembershipRow:
    """One membership from a row for each of its periods."""
    row = rows[0]
    made = tuple(
        PeriodRow(
            first=each.first,
            last=each.after - dt.timedelta(days=1) if each.after else None,
            kind=PeriodKind(each.kind),
            at=each.at,
            staff=each.staff,
            store=each.store,
        )
        for each in rows
    )
    spans = [Span(period.first, period.last) for period in made if period.first]
    endless = any(span.last is None for span in spans)
    stands = periods.standing(spans, today)
    return MembershipRow(
        membership_id=row.id,
        club_id=row.club_id,
        code=row.code,
        names=row.names,
        tone=row.tone,
        club_state=ClubState(row.state),
        joined_on=row.joined_on,
        state=MembershipState(row.membership_state),
        state_on=row.state_on,
        undo_days=row.undo_days,
        warning_days=row.warning_days,
        periods=made,
        spans=tuple(periods.runs(spans)),
        valid_until=stands.until,
        next_from=stands.next_from,
        last_day=None if endless or not spans else periods.last_day(spans),
        is_valid=row.state == ClubState.PUBLISHED and any(span.holds(today) for span in spans),
        points_account_id=row.points_account_id,
        balance=row.balance,
        worth_minor=worth_of(row.balance, row.worth_points, row.worth_minor),
        currency=row.currency,
        unit=row.unit,
    )
