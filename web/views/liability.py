"""What clubs owe in points, as the page and JSON show it."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from pydantic import BaseModel

from erp_club.clubs.queries import ClubRow, clubs
from erp_club.points.rules import worth_of
from erp_club.points.units import Unit
from erp_club.reports.liability import figures, queries
from erp_club.reports.liability.figures import Age, Flow, Held, Way
from web import lists
from web.deps import Act
from web.formats import localised

HEADER = ("club", "age_months", "ends_in", "points", "worth")


class Amount(BaseModel):
    """Points, and what they are worth by the club's rate of today."""

    points: int
    worth_minor: int


class AgeLine(Amount):
    """Points of an age."""

    age: Age


class MonthLine(Amount):
    """Points that end in a month (its first day), or never."""

    ends: dt.date | None


class WayLine(Amount):
    """What became of points in the period."""

    way: Way


class ClubLiability(BaseModel):
    """One club: what is outstanding and what its members owe, what is likely used, and the period reconciled.

    `ledger` is the balance of all accounts as it stands; `difference` what it is off the `closing` balance where the
    period ends today or later, which is 0.
    """

    club_id: int
    code: str
    name: str
    currency: str
    unit: Unit
    outstanding: Amount
    debt: Amount
    share_bp: int | None
    expected: Amount | None
    breakage: Amount | None
    used: int
    lost: int
    ages: list[AgeLine]
    months: list[MonthLine]
    opening: Amount
    moved: list[WayLine]
    closing: Amount
    ledger: int
    difference: int | None


class LiabilityPage(BaseModel):
    """Points outstanding by club."""

    first: dt.date
    last: dt.date
    club: int | None
    choices: list[tuple[int, str]]
    clubs: list[ClubLiability]
    history_months: int = figures.HISTORY_MONTHS


def liability_page(act: Act, *, first: dt.date, last: dt.date, club_id: int | None) -> LiabilityPage:
    """The report of a period, of one club or of all that ever moved points."""
    rows = clubs(act.session)
    moved: dict[int, list[Flow]] = defaultdict(list)
    for flow in queries.flows(act.session, first=first, last=last, club_id=club_id):
        moved[flow.club_id].append(flow)
    lots: dict[int, list[Held]] = defaultdict(list)
    for lot in queries.held(act.session, today=act.today, club_id=club_id):
        lots[lot.club_id].append(lot)
    balances = queries.balances(act.session, club_id=club_id)
    return LiabilityPage(
        first=first,
        last=last,
        club=club_id,
        choices=[(row.id, localised(row.names)) for row in rows],
        clubs=[
            _club(row, lots[row.id], moved[row.id], balances[row.id], compares=last >= act.today)
            for row in rows
            if row.id in balances and (moved[row.id] or lots[row.id])
        ],
    )


def _club(
    row: ClubRow, lots: list[Held], flows: list[Flow], balance: tuple[int, int], *, compares: bool
) -> ClubLiability:
    def amount(points: int) -> Amount:
        return Amount(points=points, worth_minor=_worth(row, points))

    ledger, debt = balance
    outstanding = sum(lot.points for lot in lots)
    likely = figures.expected(outstanding, flows)
    period = figures.reconciled(flows)
    ages = {age: sum(lot.points for lot in lots if lot.age is age) for age in Age}
    months: dict[dt.date | None, int] = defaultdict(int)
    for lot in lots:
        months[lot.ends] += lot.points
    return ClubLiability(
        club_id=row.id,
        code=row.code,
        name=localised(row.names),
        currency=row.currency,
        unit=row.unit,
        outstanding=amount(outstanding),
        debt=amount(debt),
        share_bp=likely.share_bp,
        expected=None if likely.points is None else amount(likely.points),
        breakage=None if likely.points is None else amount(outstanding - likely.points),
        used=likely.used,
        lost=likely.lost,
        ages=[AgeLine(age=age, points=points, worth_minor=_worth(row, points)) for age, points in ages.items()],
        months=[
            MonthLine(ends=ends, points=points, worth_minor=_worth(row, points)) for ends, points in months.items()
        ],
        opening=amount(period.opening),
        moved=[
            WayLine(way=way, points=points, worth_minor=_worth(row, points)) for way, points in period.moved.items()
        ],
        closing=amount(period.closing),
        ledger=ledger,
        difference=ledger - period.closing if compares else None,
    )


def _worth(row: ClubRow, points: int) -> int:
    worth = worth_of(abs(points), row.worth_points, row.worth_minor)
    return worth if points >= 0 else -worth


def cells(act: Act, *, club_id: int | None) -> Iterator[tuple[lists.Cell, ...]]:
    """Outstanding points by club, age and month of expiry, as a file has them."""
    rows = {row.id: row for row in clubs(act.session)}
    for lot in queries.held(act.session, today=act.today, club_id=club_id):
        row = rows[lot.club_id]
        ends = lot.ends.strftime("%Y-%m") if lot.ends else None
        yield row.code, lot.age.value, ends, row.unit.cell(lot.points), Decimal(_worth(row, lot.points)).scaleb(-2)
