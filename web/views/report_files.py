"""Reports as tables for files: the figures of their pages, amounts with a point and shares in percent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from erp_club.kernel.text import T
from erp_club.points.units import Unit
from erp_club.reports.purchases import queries
from erp_club.reports.purchases.asked import TIMES, Against, Asked, By
from erp_club.reports.purchases.figures import Figures, change_bp
from web import lists
from web.deps import Act
from web.i18n import say
from web.views.club_results import ClubResultsPage
from web.views.customer_reports import CustomersPage
from web.views.favourite_reports import FavouritesPage
from web.views.offer_reports import OffersPage
from web.views.reports import club_names, name_of, units_of

Row = tuple[lists.Cell, ...]
OFFERS = (
    "kind", "code", "name", "receipts", "uses", "given", "points", "points_used", "customers", "average_basket",
    "average_without",
)  # fmt: skip
FAVOURITES = ("name", "customers", "share_percent", "sales")
LIKED = ("name", "purchases", "sales")
FREQUENCY = ("from_purchases", "to_purchases", "customers", "sales")
TENTHS = ("tenth", "customers", "sales", "share_percent", "cumulated_percent")
COHORTS = ("first_month", "customers", "months_later", "bought", "share_percent")
RESULTS = ("figure", "first_day", "count", "amount")
_FIGURES = (
    "sales", "receipts", "purchases", "returns", "returned", "customers", "items", "average_basket", "list_amount",
    "discount", "identified_sales", "points",
)  # fmt: skip


def purchases_header(asked: Asked, against: Against | None) -> tuple[str, ...]:
    """What the columns of a report of purchases are called; then those of the other period, and the change."""
    header = ("first_day" if asked.by in TIMES else "key", "code", "name", *_FIGURES)
    if against is None:
        return header
    other = (f"{against.value}_first_day",) if asked.by in TIMES else ()
    return (*header, *other, *(f"{against.value}_{name}" for name in _FIGURES), "sales_change_percent")


@dataclass(frozen=True, slots=True)
class _Then:
    """What a row is compared with; `first` is the first day of a step of the other period."""

    figures: Figures
    first: lists.Cell = None


def purchase_rows(act: Act, asked: Asked, against: Against | None) -> Iterator[Row]:
    """All rows of a report of purchases and last the total, beside what they are compared with."""
    other = None if against is None else asked.against(against)
    names = club_names(act) if asked.by is By.CLUB else {}
    of, unit = units_of(act, asked)
    for rows in [queries.steps(act.session, asked)] if asked.by in TIMES else queries.every(act.session, asked):
        then: Sequence[_Then | None] = [None] * len(rows) if other is None else _then(act, other, rows)
        for row, compared in zip(rows, then, strict=True):
            counted = of.get(row.key) if asked.by is By.CLUB else unit
            name = names.get(row.key) or name_of(asked, row)
            yield row.key, row.code, name, *_compared(asked, row.figures, counted, compared)
    total = None if other is None else _Then(queries.total(act.session, other))
    whole = queries.total(act.session, asked)
    yield None, None, say(T("Total")), *_compared(asked, whole, unit, total)


def _then(act: Act, other: Asked, rows: Sequence[queries.Row]) -> Sequence[_Then]:
    """The step of the same place in the other period, or the row of the same key."""
    if other.by in TIMES:
        steps = [_Then(row.figures, row.key) for row in queries.steps(act.session, other)]
        return [*steps, *[_Then(Figures())] * len(rows)][: len(rows)]
    found = queries.rows_of(act.session, other, [row.key for row in rows], with_points=True)
    return [_Then(found.get(row.key, Figures())) for row in rows]


def _compared(asked: Asked, figures: Figures, unit: Unit | None, then: _Then | None) -> Row:
    if then is None:
        return _figures(figures, unit)
    first = (then.first,) if asked.by in TIMES else ()
    change = _percent(change_bp(figures.sales_minor, then.figures.sales_minor))
    return (*_figures(figures, unit), *first, *_figures(then.figures, unit), change)


def _figures(figures: Figures, unit: Unit | None) -> Row:
    points = None if unit is None or figures.points is None else unit.cell(figures.points)
    return (
        _amount(figures.sales_minor), figures.receipts, figures.purchases, figures.returns,
        _amount(figures.returned_minor), figures.buyers, Decimal(figures.quantity_milli).scaleb(-3),
        _amount(figures.average_minor), _amount(figures.list_minor), _amount(figures.discount_minor),
        _amount(figures.known_minor), points,
    )  # fmt: skip


def offer_rows(view: OffersPage) -> Iterator[Row]:
    """What offers gave, or one by store; then the birthday plans. No points where clubs count differently."""
    kind = "offer" if view.offer is None else "store"
    for each in view.results:
        points = view.unit and (view.unit.cell(each.points), view.unit.cell(each.points_used))
        yield (
            kind, each.code, each.name, each.receipts, each.uses, _amount(each.discount_minor),
            *(points or (None, None)), each.buyers, _amount(each.average_minor), _amount(each.without_minor),
        )  # fmt: skip
    for plan in view.plans:
        yield (
            "birthday_plan", plan.code, plan.name, plan.receipts, plan.uses, _amount(plan.given_minor), None, None,
            plan.buyers, _amount(plan.average_minor), None,
        )  # fmt: skip


def favourite_rows(view: FavouritesPage) -> Iterator[Row]:
    """Whose favourite what is; of one customer what was liked best."""
    for each in view.liked:
        yield each.name, each.purchases, _amount(each.sales_minor)
    for row in view.rows:
        yield row.name, row.customers, _percent(row.share_bp), _amount(row.sales_minor)


def frequency_rows(view: CustomersPage) -> Iterator[Row]:
    """How many customers bought how often."""
    for each in view.frequency:
        yield each.least, each.most, each.customers, _amount(each.sales_minor)


def tenth_rows(view: CustomersPage) -> Iterator[Row]:
    """Which tenth of the buyers bought for how much."""
    for each in view.tenths:
        yield (
            each.number,
            each.customers,
            _amount(each.sales_minor),
            _percent(each.share_bp),
            _percent(each.cumulated_bp),
        )


def cohort_rows(view: CustomersPage) -> Iterator[Row]:
    """How many of those who first bought in a month bought in it and each month after."""
    for each in view.cohorts:
        for later, cell in enumerate(each.bought):
            yield each.month, each.customers, later, cell.customers, _percent(cell.share_bp)


def result_rows(view: ClubResultsPage) -> Iterator[Row]:
    """What a club came to: members, sales, points and coupons in all, then sales and new members by day or month."""
    members, coupons = view.members, view.coupons
    yield "members_at_start", None, members.at_start, None
    yield "members_joined", None, members.joined, None
    yield "members_renewed", None, members.renewed, None
    yield "members_ended", None, members.ended, None
    yield "members_ran_out", None, members.ran_out, None
    yield "members_at_end", None, members.at_end, None
    yield "sales", None, view.sales.receipts, _amount(view.sales.sales_minor)
    for each in view.points:
        yield f"points_{each.kind.value}", None, view.unit.cell(each.points), _amount(each.worth_minor)
    yield "coupons_issued", None, coupons.issued, _amount(coupons.worth_minor)
    yield "coupons_used", None, coupons.uses, _amount(coupons.given_minor)
    yield "coupons_expired", None, coupons.expired, _amount(coupons.expired_minor)
    for step in view.steps:
        yield "sales", step.first, None, _amount(step.sales_minor)
        yield "members_joined", step.first, step.joined, None


def _amount(minor: int | None) -> lists.Cell:
    return None if minor is None else Decimal(minor).scaleb(-2)


def _percent(basis_points: int | None) -> lists.Cell:
    return None if basis_points is None else Decimal(basis_points).scaleb(-2)
