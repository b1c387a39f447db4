"""Reports of purchases as pages, JSON and files show them."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, Field

from erp_club.clubs.queries import clubs
from erp_club.clubs.units.queries import unit_of_clubs, units
from erp_club.kernel.text import N_
from erp_club.points.units import Unit
from erp_club.reports.purchases import queries
from erp_club.reports.purchases.asked import OVERLAPPING, TIMES, Against, Asked, By
from erp_club.reports.purchases.cards import cards_sold
from erp_club.reports.purchases.figures import Figures, change_bp
from web import lists
from web.deps import Act
from web.formats import date_text, day, localised, month
from web.i18n import translate
from web.views.report_filters import Chip, Choices, chips, choices_of, filters_of

Measure = Literal["sales", "receipts", "buyers", "items", "average", "discount", "returned"]
PATH = "/reports/purchases"
BARS_OF_RANKING = 12
PER_PAGE = 31
"""Fewer than in other lists, whose rows are not so broad: the days of a month."""
VALUES: dict[str, Callable[[Any], int | None]] = {
    "sales": lambda figures: figures.sales_minor,
    "receipts": lambda figures: figures.receipts,
    "buyers": lambda figures: figures.buyers,
    "items": lambda figures: figures.quantity_milli // 1000,
    "average": lambda figures: figures.average_minor,
    "discount": lambda figures: figures.discount_minor,
    "returned": lambda figures: figures.returned_minor,
}
"""What can be drawn, by the name that sorts it too."""
LABELS = {
    "sales": N_("Sales"),
    "receipts": N_("Receipts"),
    "buyers": N_("Customers who bought"),
    "items": N_("Items"),
    "average": N_("Average basket"),
    "discount": N_("Discount"),
    "returned": N_("Returned"),
}
ROWS = {
    By.YEAR: N_("Years"),
    By.MONTH: N_("Months"),
    By.WEEK: N_("Weeks"),
    By.DAY: N_("Days"),
    By.STORE: N_("Stores"),
    By.DEPARTMENT: N_("Departments"),
    By.GROUP: N_("Product groups"),
    By.BRAND: N_("Brands"),
    By.PRODUCT: N_("Products"),
    By.CLUB: N_("Clubs"),
    By.SEGMENT: N_("Segments"),
    By.CUSTOMER: N_("Customers"),
    By.CASHIER: N_("Cashiers"),
}
NOTHING = {
    By.DEPARTMENT: N_("Without a department"),
    By.GROUP: N_("Without a group"),
    By.BRAND: N_("Without a brand"),
    By.CLUB: N_("In no club"),
    By.CASHIER: N_("No cashier known"),
}
"""What the row is called that has none."""
MONEY = frozenset({"sales", "average", "discount", "returned"})
_FINER = {By.YEAR: By.MONTH, By.MONTH: By.DAY, By.WEEK: By.DAY}
_INTO = {By.DEPARTMENT: By.GROUP, By.GROUP: By.PRODUCT}


class FiguresView(BaseModel):
    """The figures, as `Figures` defines them."""

    receipts: int
    purchases: int
    returns: int
    sales_minor: int
    returned_minor: int
    list_minor: int
    discount_minor: int
    quantity_milli: int
    average_minor: int | None
    known_minor: int
    identified_bp: int | None
    buyers: int
    points: int | None


class ReportRow(BaseModel):
    """A row. `key` is the first day of a step, or the id of what it is about; `then` what it is compared with.

    `change_bp` is that of the measure drawn. `url` leads to the figures behind it.
    """

    key: int | dt.date | None
    code: str | None
    name: str
    figures: FiguresView
    unit: Unit | None
    then: FiguresView | None
    change_bp: int | None
    url: str | None


class Bar(BaseModel):
    """A value as it is drawn, and what it is compared with."""

    name: str
    url: str | None
    value: int
    then: int | None


class Compared(BaseModel):
    """A period to compare with: its days, included, and what it came to."""

    which: Against
    first: dt.date
    last: dt.date
    total: FiguresView
    sales_change_bp: int | None


class ReportPage(BaseModel):
    """A report: what was asked, the total, what it is compared with, and the rows of this page.

    `turnover_minor` are the sales without prepaid and gift cards that were sold (`cards_sold_minor`): what is bought
    with a card counts when it is bought. Both are null where sales are narrowed to more than a store. Points are parts
    of `unit`; null where they are of clubs that count differently.
    """

    by: By
    first: dt.date
    last: dt.date
    measure: Measure
    against: Against | None
    filters: dict[str, int]
    currency: str
    unit: Unit | None
    total: FiguresView
    cards_sold_minor: int | None
    turnover_minor: int | None
    compared: list[Compared]
    bars: list[Bar] = Field(exclude=True)
    rows: list[ReportRow]
    state: lists.ListState
    chips: list[Chip] = Field(exclude=True)
    choices: Choices = Field(exclude=True)
    receipts_url: str
    rows_by: dict[str, str] = Field(exclude=True)
    labels: dict[str, str] = Field(exclude=True)
    is_money: bool = Field(exclude=True)
    is_time: bool = Field(exclude=True)
    overlap: bool = Field(exclude=True)
    scoped: bool = Field(exclude=True)


def figures_view(figures: Figures) -> FiguresView:
    """Figures with what follows from them."""
    return FiguresView.model_validate(figures, from_attributes=True)


def report_page(act: Act, asked: Asked, *, measure: Measure, against: Against | None) -> ReportPage:
    """The page."""
    state = lists.list_state(act.request, sorts=(measure, *queries.SORTS), direction="desc")
    if "per_page" not in act.request.query_params:
        state = state.model_copy(update={"per_page": PER_PAGE})
    rows, state = _page(act, asked, state)
    then = _then(act, asked, asked.against(against), rows) if against else []
    shown = _shown(act, asked, rows, then, state, measure)
    bars = _bars(shown, measure)
    if asked.by in TIMES:
        shown = shown[state.offset : state.offset + state.per_page]
    total, cards = queries.total(act.session, asked), cards_sold(act.session, asked)
    filters = filters_of(asked)
    return ReportPage(
        by=asked.by,
        first=asked.first,
        last=asked.last,
        measure=measure,
        against=against,
        filters=filters,
        currency=act.chain.currency,
        unit=unit_of_clubs(act.session, asked.club_id),
        total=figures_view(total),
        cards_sold_minor=cards,
        turnover_minor=None if cards is None else total.sales_minor - cards,
        compared=_compared(act, asked, total),
        bars=bars if asked.by in TIMES else bars[:BARS_OF_RANKING],
        rows=shown,
        state=state,
        chips=chips(act, asked, PATH, state.query),
        choices=choices_of(act, asked),
        receipts_url=_receipts_url(asked, filters),
        rows_by={by.value: translate(label) for by, label in ROWS.items()},
        labels={name: translate(label) for name, label in LABELS.items()},
        is_money=measure in MONEY,
        is_time=asked.by in TIMES,
        overlap=asked.by in OVERLAPPING,
        scoped=asked.within is not None,
    )


def _compared(act: Act, asked: Asked, total: Figures) -> list[Compared]:
    made: list[Compared] = []
    for which in Against:
        other = asked.against(which)
        then = queries.total(act.session, other)
        change = change_bp(total.sales_minor, then.sales_minor)
        made.append(
            Compared(which=which, first=other.first, last=other.last, total=figures_view(then), sales_change_bp=change)
        )
    return made


def _shown(
    act: Act,
    asked: Asked,
    rows: Sequence[queries.Row],
    then: Sequence[Figures],
    state: lists.ListState,
    measure: Measure,
) -> list[ReportRow]:
    names = club_names(act) if asked.by is By.CLUB else {}
    of, unit = units_of(act, asked)
    return [
        ReportRow(
            key=row.key,
            code=row.code,
            name=names.get(row.key) or name_of(asked, row),
            figures=figures_view(row.figures),
            unit=of.get(row.key) if asked.by is By.CLUB else unit,
            then=figures_view(then[number]) if then else None,
            change_bp=change_bp(VALUES[measure](row.figures), VALUES[measure](then[number])) if then else None,
            url=_url(asked, row, state),
        )
        for number, row in enumerate(rows)
    ]


def units_of(act: Act, asked: Asked) -> tuple[dict[queries.Key, Unit], Unit | None]:
    """What each club counts, and what all points do that are asked for."""
    of: dict[queries.Key, Unit] = {**units(act.session)}
    return of, unit_of_clubs(act.session, asked.club_id)


def club_names(act: Act) -> dict[queries.Key, str]:
    """What the clubs are called in the reader's language."""
    return {club.id: localised(club.names) for club in clubs(act.session)}


def _bars(rows: Sequence[ReportRow], measure: Measure) -> list[Bar]:
    read = VALUES[measure]
    return [
        Bar(name=row.name, url=row.url, value=read(row.figures) or 0, then=(read(row.then) or 0) if row.then else None)
        for row in rows
    ]


def _page(act: Act, asked: Asked, state: lists.ListState) -> tuple[list[queries.Row], lists.ListState]:
    if asked.by not in TIMES:
        asking = {"sort": state.sort, "descending": state.descending}
        rows, count = queries.listing(act.session, asked, **asking, offset=state.offset, limit=state.per_page)
        counted = state.counted(count)
        if counted.page != state.page:
            rows, _ = queries.listing(act.session, asked, **asking, offset=counted.offset, limit=counted.per_page)
        return rows, counted
    rows = queries.steps(act.session, asked)
    return rows, state.counted(len(rows))


def _then(act: Act, asked: Asked, other: Asked, rows: Sequence[queries.Row]) -> list[Figures]:
    """What the rows are compared with: the step of the same place in the other period, or the row of the same key."""
    if asked.by in TIMES:
        found = [row.figures for row in queries.steps(act.session, other)]
        return [found[number] if number < len(found) else Figures() for number in range(len(rows))]
    by_key = queries.rows_of(act.session, other, [row.key for row in rows])
    return [by_key.get(row.key, Figures()) for row in rows]


def name_of(asked: Asked, row: queries.Row) -> str:
    """What a row is called."""
    if isinstance(row.key, dt.date):
        return _stepname_of(asked, row.key)
    if row.key is None or (asked.by is By.CUSTOMER and row.key == 0):
        return translate(NOTHING.get(asked.by, N_("Not known")))
    return row.name or row.code or ""


def _stepname_of(asked: Asked, first: dt.date) -> str:
    match asked.by:
        case By.YEAR:
            return str(first.year)
        case By.MONTH:
            return month(first)
        case By.WEEK:
            return day(first)
        case _:
            same = asked.first.year == asked.last.year
            return day(first) if same else date_text(first)


def _url(asked: Asked, row: queries.Row, state: lists.ListState) -> str | None:
    """Where the figures behind a row are: a finer step, the same thing over time, or at last the receipts."""
    narrower = {"page": 1, "sort": None, "direction": None}
    if isinstance(row.key, dt.date):
        days = {"first": max(row.key, asked.first), "last": min(asked.step_end(row.key), asked.last)}
        if asked.by in _FINER:
            return state.url(**narrower, **days, by=_FINER[asked.by].value)
        return f"{PATH}/receipts?{urlencode({**filters_of(asked), **days})}"
    if row.key is None or (asked.by is By.CUSTOMER and row.key == 0):
        return None
    return state.url(**narrower, **{asked.by.value: row.key}, by=_INTO.get(asked.by, By.MONTH).value)


def _receipts_url(asked: Asked, filters: dict[str, int]) -> str:
    return f"{PATH}/receipts?{urlencode({'first': asked.first, 'last': asked.last, **filters})}"
