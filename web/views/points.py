"""What pages show of a points account."""

import datetime as dt
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from pydantic import BaseModel

from erp_club.clubs.queries import MembershipRow, memberships
from erp_club.points import queries
from erp_club.points.kinds import MovementKind
from erp_club.points.queries import EVERY, Flow, Which
from erp_club.points.units import POINTS, Unit
from erp_club.programmes.queries import VersionNumber, names_written, version_numbers
from erp_club.reports.years import shown_year
from web import formats
from web.deps import Act

SHOWN = 25


class AccountLine(BaseModel):
    """An account with the club whose points it holds; `worth_minor` is what the balance is worth."""

    account_id: int
    membership_id: int
    club_id: int
    names: dict[str, str]
    balance: int
    worth_minor: int
    currency: str
    unit: Unit


class MovementLine(BaseModel):
    """Points in (above zero) or out, with the balance after. `zone` is the time zone of the store.

    `version` is the one of the club's programme under which it stood: by which it came in, else that of its day. What
    accounts counted by it is `unit`.
    """

    seq: int
    kind: MovementKind
    points: int
    balance_after: int
    at: dt.datetime
    on_date: dt.date
    zone: str
    receipt_id: int | None
    receipt_no: str | None
    store: str | None
    terminal: str | None
    staff: str | None
    reason: str | None = None
    by_job: bool = False
    can_undo: bool = False
    version: int | None = None
    unit: Unit = POINTS


class MonthBalance(BaseModel):
    """The balance at the end of a month; `month` is its first day."""

    month: dt.date
    balance: int


class LotLine(BaseModel):
    """Points that end on one day, none for those that never do. Of `pending` ones it is said from when they are used.

    Without `available_on` these wait for an event.
    """

    points: int
    last_day: dt.date | None
    pending: bool = False
    available_on: dt.date | None = None


class StandingLine(BaseModel):
    """What can be used today, what waits, what is owed, and whether nobody uses any of it now."""

    available: int
    pending: int
    debt: int
    frozen: bool


class HistoryView(BaseModel):
    """An account's movements, newest first, and its balance by month in the year shown.

    `account` is None for a customer without any. `older` is the `before` of the next movements, None at the end.
    `customer` is the name, for who may see customers.
    """

    customer_id: int
    customer: str | None = None
    account: AccountLine | None = None
    accounts: list[AccountLine] = []
    standing: StandingLine | None = None
    lots: list[LotLine] = []
    flow: Flow = Flow.ALL
    kind: MovementKind | None = None
    first: dt.date | None = None
    last: dt.date | None = None
    before: int | None = None
    movements: list[MovementLine] = []
    older: int | None = None
    total: int = 0
    year: int | None = None
    years: list[int] = []
    months: list[MonthBalance] = []

    def narrowed(self, **changes: object) -> str:
        """The query that asks for the same movements, but for these changes."""
        said = {"flow": self.flow.value, "kind": self.kind, "first": self.first, "last": self.last} | changes
        return urlencode({name: str(each) for name, each in said.items() if each not in {None, "all"}})

    @property
    def kinds(self) -> list[MovementKind]:
        """What movements can be narrowed to."""
        return list(MovementKind)

    @property
    def is_narrowed(self) -> bool:
        """Whether movements may be left out."""
        return bool(self.narrowed()) or self.before is not None


def history_view(
    act: Act,
    customer_id: int,
    *,
    account_id: int | None = None,
    which: Which = EVERY,
    before: int | None = None,
    year: int | None = None,
) -> HistoryView:
    """The history of one of the customer's accounts: the one named, else that of their first membership."""
    accounts = [_account(row) for row in memberships(act.session, customer_id, today=act.today)]
    chosen = next((each for each in accounts if account_id in {None, each.account_id}), None)
    if chosen is None:
        return HistoryView(customer_id=customer_id)
    page = queries.movements(act.session, customer_id, chosen.account_id, which=which, before=before, limit=SHOWN)
    by_month = queries.balance_by_month(act.session, customer_id, chosen.account_id)
    versions = version_numbers(act.session, chosen.club_id)
    names = names_written(act.session, chosen.club_id) if any(row.reason for row in page.rows) else {}
    shown = year or shown_year(by_month)
    return HistoryView(
        customer_id=customer_id,
        account=chosen,
        accounts=accounts,
        standing=_standing(act, chosen.account_id),
        lots=lot_lines(queries.lots(act.session, customer_id, chosen.account_id), act.today),
        flow=which.flow,
        kind=which.kind,
        first=which.first,
        last=which.last,
        before=before,
        movements=[movement_line(row, act.zone, versions, names) for row in page.rows],
        older=page.older,
        total=queries.account(act.session, chosen.account_id).movements,
        year=shown,
        years=sorted({month.year for month in by_month} | ({shown} if shown else set()), reverse=True),
        months=balances(by_month, shown, act.today) if shown else [],
    )


def version_of(row: queries.MovementRow, versions: Sequence[VersionNumber]) -> VersionNumber | None:
    """Under which version of the programme a movement stood; `versions` are the latest first."""
    if row.rule_version is not None:
        return next((each for each in versions if each.rules_no == row.rule_version), None)
    return next((each for each in versions if each.effective_from <= row.on_date), None)


def unit_of(version: VersionNumber | None, versions: Sequence[VersionNumber]) -> Unit:
    """What an account counted by a version; before the first one, what it counts by that."""
    return (version or versions[-1]).unit if versions else POINTS


def reason_of(row: queries.MovementRow, names: Mapping[str, Mapping[str, str]]) -> str | None:
    """Why points moved: a rule or plan in the reader's language, and as it was written what somebody wrote."""
    return row.reason if row.kind is MovementKind.ADJUSTED else formats.localised_word(row.reason, names)


def movement_line(
    row: queries.MovementRow,
    zone: str,
    versions: Sequence[VersionNumber],
    names: Mapping[str, Mapping[str, str]],
) -> MovementLine:
    """A movement; `zone` stands in where it happened in no store."""
    version = version_of(row, versions)
    return MovementLine(
        seq=row.seq,
        kind=row.kind,
        points=row.points,
        balance_after=row.balance_after,
        at=row.at,
        on_date=row.on_date,
        zone=row.zone or zone,
        receipt_id=row.receipt_id,
        receipt_no=row.receipt_no,
        store=row.store,
        terminal=row.terminal,
        staff=row.staff,
        reason=reason_of(row, names),
        by_job=row.by_job,
        can_undo=row.kind is MovementKind.ADJUSTED and row.reverses_seq is None and not row.undone,
        version=version.version_no if version else None,
        unit=unit_of(version, versions),
    )


def balances(by_month: dict[dt.date, int], year: int, today: dt.date) -> list[MonthBalance]:
    """The year's months up to today's, each with the balance of the last month before it in which points moved."""
    made: list[MonthBalance] = []
    for number in range(1, 13):
        first = dt.date(year, number, 1)
        if first <= today:
            balance = next((by_month[month] for month in reversed(by_month) if month <= first), 0)
            made.append(MonthBalance(month=first, balance=balance))
    return made


def lot_lines(lots: list[queries.LotRow], today: dt.date) -> list[LotLine]:
    """The lots by their last day; those that can be used already are one line of it, whenever they were earned."""
    summed: dict[tuple[dt.date | None, bool, dt.date | None], int] = {}
    for lot in lots:
        pending = lot.available_on is None or lot.available_on > today
        key = (lot.last_day, pending, lot.available_on if pending else None)
        summed[key] = summed.get(key, 0) + lot.remaining
    return [
        LotLine(points=points, last_day=last, pending=pending, available_on=first)
        for (last, pending, first), points in summed.items()
    ]


def _standing(act: Act, account_id: int) -> StandingLine:
    now = queries.standings(act.session, [account_id], on=act.today)[account_id]
    return StandingLine(available=now.available, pending=now.pending, debt=now.debt, frozen=now.frozen)


def _account(row: MembershipRow) -> AccountLine:
    return AccountLine(
        account_id=row.points_account_id,
        membership_id=row.membership_id,
        club_id=row.club_id,
        names=row.names,
        balance=row.balance,
        worth_minor=row.worth_minor,
        currency=row.currency,
        unit=row.unit,
    )
