"""What pages show of clubs and memberships."""

import datetime as dt
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel

from erp_club.clubs import queries
from erp_club.clubs.kinds import ClubState, EventKind, MembershipState, PeriodKind, TermKind
from erp_club.clubs.periods import RenewalFrom, Span
from erp_club.permissions.catalog import Permission
from erp_club.points.rules import worth_of
from erp_club.points.units import Unit
from erp_club.programmes.engine.places import Doing
from erp_club.programmes.queries import clubs_not_doing
from erp_club.purchases.places import where_of
from erp_club.reports.years import shown_year
from web.deps import Act
from web.formats import localised
from web.views.ahead import RewardAheadView, ahead_of
from web.views.entitlements import EntitlementView, UseView, entitlements_view, uses_view
from web.views.levels import LevelChoice, LevelLine, LevelsOfMembership, LevelView, levels_view

Standing = Literal["coming", "valid", "ends_soon", "expired", "paused", "ended", "closed", "waiting"]


class ClubLine(BaseModel):
    """A club. It earns `earn_points` for each full `earn_per_minor`; `worth_points` are worth `worth_minor`.

    `members` are those of today, `points` all that are outstanding, `points_worth_minor` what they are worth.
    """

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
    version: int
    members: int
    points: int
    points_worth_minor: int


class ClubsPage(BaseModel):
    """All clubs: published ones first, then drafts, then closed ones."""

    clubs: list[ClubLine]


class JoinedMonth(BaseModel):
    """How many joined in a month; `month` is its first day."""

    month: dt.date
    joined: int


class ClubPage(BaseModel):
    """A club, and who joined in the year shown (None before the first)."""

    club: ClubLine
    year: int | None
    years: list[int]
    months: list[JoinedMonth]


class ClubForm(BaseModel):
    """What a club's form begins with: no club for a new one. `needed` are the languages a name must have."""

    club: ClubLine | None
    currency: str
    needed: list[str]


class ClubChoice(BaseModel):
    """A club that the customer can join."""

    id: int
    code: str
    names: dict[str, str]


class PeriodLine(BaseModel):
    """A period of a membership, both days included; for life it has no `ends_on`.

    Without `starts_on` all its days were taken by a pause, an ending or a correction.
    """

    kind: PeriodKind
    starts_on: dt.date | None
    ends_on: dt.date | None
    at: dt.datetime
    staff: str | None
    store: str | None


class EventLine(BaseModel):
    """What was done to the days of a membership from `on_date` on; `points` is what moved with it.

    `valid_until` is the last day after it, and the receipt that of the purchase or return that moved it there.
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


class MembershipLine(BaseModel):
    """A membership. `can_…` say what the club, its state and its dates allow, not who may do it.

    `valid_until` ends the stretch that holds, or, where none does, the one that comes next, or else the last one;
    `next_from` begins the one that comes next, and `last_day` ends them all. Ends are null for life.
    """

    membership_id: int
    customer_id: int
    club_id: int
    code: str
    names: dict[str, str]
    state: Standing
    joined_on: dt.date
    valid_until: dt.date | None
    next_from: dt.date | None
    last_day: dt.date | None
    points_account_id: int
    balance: int
    unit: Unit
    worth_minor: int
    currency: str
    state_on: dt.date | None
    can_renew: bool
    can_extend: bool
    can_pause: bool
    can_resume: bool
    can_end: bool
    can_restore: bool
    can_correct: bool
    level: LevelView | None
    rewards: list[RewardAheadView]
    periods: list[PeriodLine]
    events: list[EventLine]
    levels: list[LevelLine]
    level_choices: list[LevelChoice]


class Stretch(BaseModel):
    """A stretch of membership without a gap, as the timeline draws it. `state` is that of its last one only."""

    name: str
    starts_on: dt.date
    ends_on: dt.date | None
    tone: str
    state: Standing


class MembershipsView(BaseModel):
    """A customer's memberships on the day `on`, and the clubs still to be joined.

    On a page of their own they are headed by the customer's name and number.
    """

    customer_id: int
    customer: str = ""
    number: str = ""
    today: dt.date
    on: dt.date
    memberships: list[MembershipLine]
    stretches: list[Stretch]
    clubs_to_join: list[ClubChoice]
    entitlements: list[EntitlementView] = []
    uses: list[UseView] = []


def club_line(act: Act, club_id: int) -> ClubLine:
    """One club with its figures of today. Raises NotFound."""
    found = queries.club(act.session, club_id)
    return _line(found, queries.figures(act.session, today=act.today, club_id=club_id))


def clubs_view(act: Act) -> ClubsPage:
    """All clubs with their figures of today."""
    figures = queries.figures(act.session, today=act.today)
    seen = act.by.only_clubs(Permission.CLUBS_VIEW)
    rows = [club for club in queries.clubs(act.session) if seen is None or club.id in seen]
    return ClubsPage(clubs=[_line(club, figures) for club in rows])


def _line(club: queries.ClubRow, figures: Mapping[int, queries.Figures]) -> ClubLine:
    counted = figures.get(club.id, queries.Figures())
    return ClubLine(
        id=club.id,
        code=club.code,
        names=club.names,
        currency=club.currency,
        state=club.state,
        earn_points=club.earn_points,
        earn_per_minor=club.earn_per_minor,
        worth_points=club.worth_points,
        worth_minor=club.worth_minor,
        term_kind=club.term_kind,
        term_months=club.term_months,
        renewal_from=club.renewal_from,
        grace_days=club.grace_days,
        pause_moves_end=club.pause_moves_end,
        warning_days=club.warning_days,
        undo_days=club.undo_days,
        tone=club.tone,
        unit=club.unit,
        version=club.version,
        members=counted.members,
        points=counted.points,
        points_worth_minor=worth_of(counted.points, club.worth_points, club.worth_minor),
    )


def club_view(act: Act, club_id: int, *, year: int | None = None) -> ClubPage:
    """A club with who joined in `year`, else in the latest year that says something. Raises NotFound."""
    club = club_line(act, club_id)
    joined = queries.joined_by_month(act.session, club_id)
    shown = year or shown_year(joined)
    firsts = [dt.date(shown, number, 1) for number in range(1, 13)] if shown else []
    return ClubPage(
        club=club,
        year=shown,
        years=sorted({month.year for month in joined} | ({shown} if shown else set()), reverse=True),
        months=[JoinedMonth(month=first, joined=joined.get(first, 0)) for first in firsts],
    )


def memberships_view(act: Act, customer_id: int, *, on: dt.date | None = None) -> MembershipsView:
    """All that the region of memberships shows of one customer, as of a day, else of today."""
    day = on or act.today
    held = queries.memberships(act.session, customer_id, today=day)
    events = queries.events(act.session, customer_id)
    levels = levels_view(act, customer_id, held, on=day, history=True)
    entitled = entitlements_view(act, customer_id, on=day)
    closed = clubs_not_doing(act.session, Doing.JOINING, where_of(act.identity.terminal), on=act.today)
    return MembershipsView(
        entitlements=entitled,
        uses=uses_view(act, customer_id, entitled),
        customer_id=customer_id,
        today=act.today,
        on=day,
        memberships=[
            _membership(
                row,
                events.get(row.membership_id, []),
                customer_id,
                act,
                day,
                levels.get(row.membership_id),
                renews=row.club_id not in closed,
            )
            for row in held
        ],
        stretches=[_stretch(row, span, day) for row in held for span in row.spans],
        clubs_to_join=[
            ClubChoice(id=club.id, code=club.code, names=club.names)
            for club in queries.clubs_to_join(act.session, customer_id)
            if club.id not in closed
        ],
    )


def membership_line(act: Act, membership_id: int) -> MembershipLine:
    """One membership. Raises NotFound."""
    customer_id = queries.customer_of(act.session, membership_id)
    held = queries.memberships(act.session, customer_id, today=act.today)
    row = next(row for row in held if row.membership_id == membership_id)
    events = queries.events(act.session, customer_id).get(row.membership_id, [])
    levels = levels_view(act, customer_id, [row], on=act.today, history=True).get(membership_id)
    closed = clubs_not_doing(act.session, Doing.JOINING, where_of(act.identity.terminal), on=act.today)
    return _membership(row, events, customer_id, act, act.today, levels, renews=row.club_id not in closed)


def _membership(
    row: queries.MembershipRow,
    events: list[queries.EventRow],
    customer_id: int,
    act: Act,
    today: dt.date,
    levels: LevelsOfMembership | None,
    *,
    renews: bool,
) -> MembershipLine:
    is_open = row.state is MembershipState.OPEN
    prolongs = is_open and row.last_day is not None and row.club_state is ClubState.PUBLISHED
    endings = (each for each in events if each.kind is EventKind.TERMINATION and each.on_date == row.state_on)
    ending = next(endings, None)
    return MembershipLine(
        membership_id=row.membership_id,
        customer_id=customer_id,
        club_id=row.club_id,
        code=row.code,
        names=row.names,
        state=standing(row, today),
        joined_on=row.joined_on,
        valid_until=row.valid_until,
        next_from=row.next_from,
        last_day=row.last_day,
        points_account_id=row.points_account_id,
        balance=row.balance,
        unit=row.unit,
        worth_minor=row.worth_minor,
        currency=row.currency,
        state_on=row.state_on,
        can_renew=prolongs and renews,
        can_extend=prolongs,
        can_pause=is_open and row.spans != () and (row.last_day is None or row.last_day >= act.today),
        can_resume=row.state is MembershipState.PAUSED,
        can_end=row.state is MembershipState.PAUSED or (is_open and _holds_on(row, act.today)),
        can_restore=row.state is MembershipState.ENDED
        and ending is not None
        and act.now - ending.at <= dt.timedelta(days=row.undo_days),
        can_correct=is_open,
        level=levels and levels.level,
        rewards=ahead_of(act, row, on=today),
        levels=levels.history if levels else [],
        level_choices=levels.choices if levels else [],
        periods=[_period(each) for each in reversed(row.periods)],
        events=[_event(each) for each in events],
    )


def _event(of: queries.EventRow) -> EventLine:
    return EventLine(
        kind=of.kind,
        on_date=of.on_date,
        reason=of.reason,
        points=of.points,
        at=of.at,
        staff=of.staff,
        store=of.store,
        receipt_id=of.receipt_id,
        receipt_no=of.receipt_no,
        valid_until=of.valid_until,
    )


def _period(of: queries.PeriodRow) -> PeriodLine:
    return PeriodLine(kind=of.kind, starts_on=of.first, ends_on=of.last, at=of.at, staff=of.staff, store=of.store)


def _holds_on(row: queries.MembershipRow, today: dt.date) -> bool:
    return any(span.holds(today) for span in row.spans)


_STANDS_STILL: Mapping[MembershipState, Standing] = {
    MembershipState.PAUSED: "paused",
    MembershipState.ENDED: "ended",
    MembershipState.WAITING: "waiting",
}


def standing(row: queries.MembershipRow, today: dt.date) -> Standing:
    """Where a membership stands on a day: `coming` where it holds only later, `ends_soon` in the last days of which its
    club warns (M-05)."""
    if row.club_state is not ClubState.PUBLISHED:
        return "closed"
    if row.state is not MembershipState.OPEN and row.state_on is not None and row.state_on <= today:
        return _STANDS_STILL[row.state]
    if not row.is_valid:
        return "coming" if row.spans and min(row.spans, key=lambda span: span.first).first > today else "expired"
    warned = row.valid_until is not None and row.valid_until < today + dt.timedelta(days=row.warning_days)
    return "ends_soon" if warned else "valid"


def _stretch(row: queries.MembershipRow, span: Span, today: dt.date) -> Stretch:
    holds = span.holds(today)
    return Stretch(
        name=localised(row.names),
        starts_on=span.first,
        ends_on=span.last,
        tone=row.tone if holds and row.is_valid else "grey",
        state=standing(row, today) if holds else "coming" if span.first > today else "expired",
    )
