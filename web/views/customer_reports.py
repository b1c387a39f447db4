"""How customers buy, as the page and JSON show it."""

import datetime as dt

from pydantic import BaseModel, Field

from erp_club.reports import habits
from erp_club.reports.purchases.asked import Against, Asked
from erp_club.reports.purchases.figures import share_bp
from web.deps import Act
from web.views.report_filters import Chip, Choices, chips, choices_of, filters_of

PATH = "/reports/customers"
SHADES = 5
"""A share of a cohort is shaded in so many steps."""


class MovementView(BaseModel):
    """Who is new, who came back and who stayed away; see `habits.Movement`."""

    buyers: int
    new: int
    returning: int
    lost: int
    bought_before: int
    kept_bp: int | None


class OftenView(BaseModel):
    """Customers with so many purchases, `most` included and null for no end."""

    least: int
    most: int | None
    name: str
    customers: int
    sales_minor: int


class TenthView(BaseModel):
    """A tenth of the buyers, the first spent most."""

    number: int
    customers: int
    sales_minor: int
    share_bp: int | None
    cumulated_bp: int | None


class Cell(BaseModel):
    """How many of a cohort bought in a month, and how dark that is drawn."""

    customers: int
    share_bp: int
    shade: int = Field(exclude=True)


class CohortView(BaseModel):
    """Those who first bought in a month, and what share of them bought in that month and each after."""

    month: dt.date
    customers: int
    bought: list[Cell]


class CustomersPage(BaseModel):
    """How customers buy in a period."""

    first: dt.date
    last: dt.date
    before_first: dt.date
    before_last: dt.date
    filters: dict[str, int]
    currency: str
    movement: MovementView
    frequency: list[OftenView]
    tenths: list[TenthView]
    cohorts: list[CohortView]
    chips: list[Chip] = Field(exclude=True)
    choices: Choices = Field(exclude=True)
    scoped: bool = Field(exclude=True)


def customers_page(act: Act, asked: Asked) -> CustomersPage:
    """The page."""
    before = asked.against(Against.BEFORE)
    query = [(name, value) for name, value in act.request.query_params.multi_items() if value]
    return CustomersPage(
        first=asked.first,
        last=asked.last,
        before_first=before.first,
        before_last=before.last,
        filters=filters_of(asked),
        currency=act.chain.currency,
        movement=MovementView.model_validate(habits.movement(act.session, asked), from_attributes=True),
        frequency=[
            OftenView(least=row.least, most=row.most, name=_often(row), customers=row.customers,
                      sales_minor=row.sales_minor)
            for row in habits.frequency(act.session, asked)
        ],
        tenths=[TenthView.model_validate(row, from_attributes=True) for row in habits.tenths(act.session, asked)],
        cohorts=[_cohort(row) for row in habits.cohorts(act.session, asked)],
        chips=chips(act, asked, PATH, query),
        choices=choices_of(act, asked),
        scoped=asked.within is not None,
    )  # fmt: skip


def _often(row: habits.Often) -> str:
    return f"{row.least}" if row.least == row.most else f"{row.least}–{row.most}" if row.most else f"{row.least}+"


def _cohort(row: habits.Cohort) -> CohortView:
    cells: list[Cell] = []
    for customers in row.bought:
        share = share_bp(customers, row.customers) or 0
        cells.append(Cell(customers=customers, share_bp=share, shade=-(-share * SHADES // 10_000)))
    return CohortView(month=row.month, customers=row.customers, bought=cells)
