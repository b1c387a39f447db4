"""Reports of purchases: as a page, as files, and the receipts behind their figures."""

import datetime as dt
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from erp_club.organisation.queries import stores
from erp_club.permissions import errors
from erp_club.permissions.catalog import Permission
from erp_club.reports import queries as chain
from erp_club.reports.favourites import KINDS, KINDS_OF_ONE
from erp_club.reports.purchases import naming
from erp_club.reports.purchases.asked import MONDAY, SUNDAY, Against, Asked, By
from erp_club.reports.years import shown_year
from web import lists
from web import store_picking as picking
from web.asked import wants_html
from web.deps import Act, ActRoute, needs
from web.fields import AskedDay, SmallRowId, Storable, Unsaid
from web.scopes import stores_of_reports
from web.segment_forms.picking import sku_called
from web.taken_out import taken_out
from web.views.behind_reports import BehindPage, behind_page
from web.views.club_results import ClubResultsPage, club_results_page
from web.views.customer_reports import CustomersPage, customers_page
from web.views.favourite_reports import MOST_RECEIPTS, FavouritesPage, favourites_page
from web.views.offer_reports import OffersPage, offers_page
from web.views.report_files import purchase_rows, purchases_header
from web.views.reports import Measure, ReportPage, report_page

router = APIRouter(route_class=ActRoute, tags=["reports"])
View = Annotated[Act, needs(Permission.REPORTS_VIEW)]
Export = Annotated[Act, needs(Permission.REPORTS_EXPORT, fresh=True)]
DAYS_SHOWN = 62
"""Results of a longer period are told by month."""
OtherPeriod = Annotated[Against | None, Query(description="What the rows are compared with"), Unsaid]
Id = Annotated[int | None, Query(ge=0, lt=2**31), Unsaid]


class Said:
    """What the address says of a report."""

    def __init__(
        self,
        by: Annotated[By, Query(description="What the rows are")] = By.MONTH,
        first: Annotated[
            AskedDay, Query(description="The first day, included; else of the last year with sales")
        ] = None,
        last: Annotated[AskedDay, Query(description="The last day, included")] = None,
        store: Id = None,
        store_name: picking.StoreName = None,
        club: Id = None,
        segment: Id = None,
        customer: Annotated[int | None, Query(ge=0, lt=2**63), Unsaid] = None,
        cashier: Id = None,
        department: Id = None,
        group: Id = None,
        brand: Id = None,
        product: Annotated[int | None, Query(ge=0, lt=2**63), Unsaid] = None,
        sku: Annotated[str | None, Query(max_length=100, description="A product by its code"), Storable, Unsaid] = None,
    ) -> None:
        self.by, self.first, self.last, self.sku, self.store_name = by, first, last, sku, store_name
        self.filters = {
            "store_id": store, "club_id": club, "segment_id": segment, "customer_id": customer, "staff_id": cashier,
            "department_id": department, "group_id": group, "brand_id": brand, "product_id": product,
        }  # fmt: skip


FromAddress = Annotated[Said, Depends()]


def question(act: Act, said: Said, *, newest: bool = False) -> Asked:
    """What is asked, within the reader's scope. Raises Invalid, and Forbidden for another store than the reader's.

    `newest`: where no days are chosen it is the year of the latest sale, though that be the first of its year.
    """
    filters = dict(said.filters)
    own = stores_of_reports(act.session, act.by)
    if said.store_name is not None:
        seen = [store for store in stores(act.session) if own is None or store.id in own]
        filters["store_id"] = picking.meant(seen, said.store_name, "store_name").id
    if own is not None:
        if filters["store_id"] not in {None, *own}:
            raise errors.other_store()
        if len(own) == 1:
            filters["store_id"] = own[0]
    if said.sku:
        filters["product_id"] = naming.product_id(act.session, said.sku.strip())
        if filters["product_id"] is None and wants_html(act.request):
            filters["product_id"] = naming.product_id(act.session, sku_called(act, said.sku) or "")
        if filters["product_id"] is None:
            raise Invalid(
                [FieldError("sku", T("No product has “%(typed)s” as its code or in its name.", typed=said.sku.strip()))]
            )
    first, last = said.first, said.last
    if first is None or last is None:
        usual_first, usual_last = _usual(act, own, newest=newest)
        first, last = first or min(usual_first, last or usual_first), last or max(usual_last, first or usual_last)
    starts = SUNDAY if act.chain.country == "IL" else MONDAY
    asked = Asked(by=said.by, first=first, last=last, **filters, within=own, among=None, week_starts=starts)
    asked.check()
    return asked


def _usual(act: Act, store_ids: tuple[int, ...] | None, *, newest: bool) -> tuple[dt.date, dt.date]:
    """The latest year with sales."""
    sold = chain.sales_by_month(act.session, store_ids=store_ids)
    year = shown_year(row.month for row in (sold[-1:] if newest else sold)) or act.today.year
    return dt.date(year, 1, 1), dt.date(year, 12, 31)


@router.get("/reports/purchases", name="reports.purchases", response_model=ReportPage)
def purchases(
    act: View,
    said: FromAddress,
    measure: Annotated[Measure, Query(description="What is drawn")] = "sales",
    against: OtherPeriod = None,
) -> Response:
    """Sales by period, store, product or customer: a chart, a table, the total, and two periods to compare with."""
    asked = question(act, said)
    view = report_page(act, asked, measure=measure, against=against)
    return act.answer(view, "reports/_purchases.html" if act.htmx else "reports/purchases.html")


@router.get("/reports/purchases.{suffix}", name="reports.purchases.file", responses=lists.FILE_ANSWERS)
def purchases_file(
    act: Export, said: FromAddress, suffix: Literal["csv", "xlsx"], against: OtherPeriod = None
) -> Response:
    """All rows of the report and the total as a file, beside the period that they are compared with."""
    asked = question(act, said)
    rows = purchase_rows(act, asked, against)
    return taken_out(act, f"purchases-by-{asked.by.value}.{suffix}", purchases_header(asked, against), rows)


@router.get("/reports/purchases/receipts", name="reports.purchases.receipts", response_model=BehindPage)
def behind(act: View, said: FromAddress) -> Response:
    """The receipts that a figure of the report is made of, the latest first."""
    view = behind_page(act, question(act, said))
    return act.answer(view, "reports/_receipts.html" if act.htmx else "reports/receipts.html")


@router.get("/reports/customers", name="reports.customers", response_model=CustomersPage)
def customers(act: View, said: FromAddress) -> Response:
    """How often and how much customers buy, who is new, who stayed away, and who of each month's beginners stays."""
    view = customers_page(act, question(act, said))
    return act.answer(view, "reports/customers.html")


@router.get("/reports/favourites", name="reports.favourites", response_model=FavouritesPage)
def favourites(act: View, said: FromAddress) -> Response:
    """Which groups, departments, brands or stores are the favourites of how many customers."""
    view = favourites_page(act, asked_of_favourites(question(act, said)), most=MOST_RECEIPTS)
    return act.answer(view, "reports/favourites.html")


def asked_of_favourites(asked: Asked) -> Asked:
    """By groups where the rows are none that can be favourites."""
    kinds = KINDS if asked.customer_id is None else KINDS_OF_ONE
    return asked if asked.by in kinds else replace(asked, by=By.GROUP)


@router.get("/reports/offers", name="reports.offers", response_model=OffersPage)
def offers(act: View, said: FromAddress, offer: Id = None) -> Response:
    """What offers gave and the baskets with and without them: every offer, or one by store."""
    view = offers_page(act, question_of_offers(act, said), offer)
    return act.answer(view, "reports/offers.html")


def question_of_offers(act: Act, said: Said) -> Asked:
    """Of whole receipts: the baskets with an offer are beside the baskets without, whatever was in them."""
    asked = question(act, said, newest=True)
    return replace(asked, department_id=None, group_id=None, brand_id=None, product_id=None)


@router.get("/clubs/{club_id}/results", name="reports.club", response_model=ClubResultsPage)
def club_results(act: View, club_id: SmallRowId, said: FromAddress) -> Response:
    """What a club's programme came to in a period: members, their sales, points and coupons, counted anew each time."""
    view = club_results_page(act, replace(asked_of_club(question(act, said)), club_id=club_id))
    return act.answer(view, "reports/club.html")


def asked_of_club(asked: Asked) -> Asked:
    """By day where the period is short, else by month."""
    return replace(asked, by=By.DAY if (asked.last - asked.first).days < DAYS_SHOWN else By.MONTH)
