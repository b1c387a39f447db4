"""Reports as files: the same figures as on their pages, for the same filters."""

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from web.deps import ActRoute
from web.fields import SmallRowId
from web.lists import FILE_ANSWERS
from web.routes.reports import Export, FromAddress, Id, asked_of_club, asked_of_favourites, question, question_of_offers
from web.taken_out import taken_out
from web.views import report_files as tables
from web.views.club_results import club_results_page
from web.views.customer_reports import customers_page
from web.views.favourite_reports import favourites_page
from web.views.offer_reports import offers_page

router = APIRouter(route_class=ActRoute, tags=["reports"])
Suffix = Literal["csv", "xlsx"]


@router.get("/reports/customers.{suffix}", name="reports.customers.file", responses=FILE_ANSWERS)
def customers_file(
    act: Export,
    said: FromAddress,
    suffix: Suffix,
    table: Annotated[Literal["frequency", "tenths", "cohorts"], Query(description="Which table")] = "frequency",
) -> Response:
    """How often customers buy, who buys how much, or who of each month's beginners stays."""
    view = customers_page(act, question(act, said))
    header, rows = {
        "frequency": (tables.FREQUENCY, tables.frequency_rows),
        "tenths": (tables.TENTHS, tables.tenth_rows),
        "cohorts": (tables.COHORTS, tables.cohort_rows),
    }[table]
    return taken_out(act, f"customers-{table}.{suffix}", header, rows(view))


@router.get("/reports/favourites.{suffix}", name="reports.favourites.file", responses=FILE_ANSWERS)
def favourites_file(act: Export, said: FromAddress, suffix: Suffix) -> Response:
    """Whose favourite what is, or what one customer liked best."""
    asked = asked_of_favourites(question(act, said))
    header = tables.FAVOURITES if asked.customer_id is None else tables.LIKED
    rows = tables.favourite_rows(favourites_page(act, asked))
    return taken_out(act, f"favourites-by-{asked.by.value}.{suffix}", header, rows)


@router.get("/reports/offers.{suffix}", name="reports.offers.file", responses=FILE_ANSWERS)
def offers_file(act: Export, said: FromAddress, suffix: Suffix, offer: Id = None) -> Response:
    """What offers and birthday plans gave, or one offer by store."""
    view = offers_page(act, question_of_offers(act, said), offer)
    return taken_out(act, f"offer-results.{suffix}", tables.OFFERS, tables.offer_rows(view))


@router.get("/clubs/{club_id}/results.{suffix}", name="reports.club.file", responses=FILE_ANSWERS)
def club_results_file(act: Export, club_id: SmallRowId, said: FromAddress, suffix: Suffix) -> Response:
    """What a club's programme came to in a period."""
    asked = asked_of_club(question(act, said))
    view = club_results_page(act, replace(asked, club_id=club_id))
    return taken_out(act, f"results-of-{view.code}.{suffix}", tables.RESULTS, tables.result_rows(view))
