"""Reports as tables for files: the figures of their pages, amounts with a point and shares in percent."""

from collections.abc import Iterator
from decimal import Decimal

from web import lists
from web.views.club_results import ClubResultsPage
from web.views.customer_reports import CustomersPage
from web.views.favourite_reports import FavouritesPage
from web.views.offer_reports import OffersPage

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
