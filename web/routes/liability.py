"""What the chain owes its members in points."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from erp_club.permissions import errors
from erp_club.permissions.catalog import Permission
from web import lists
from web.deps import Act, ActRoute, needs
from web.fields import AskedDay, Unsaid
from web.scopes import stores_of_reports
from web.taken_out import taken_out
from web.views.liability import HEADER, LiabilityPage, cells, liability_page

router = APIRouter(route_class=ActRoute, tags=["reports"])
Club = Annotated[int | None, Query(ge=0, lt=2**31), Unsaid]


def _of_the_chain(act: Act) -> None:
    """Points belong to no store. Raises Forbidden for whoever sees some stores only."""
    if stores_of_reports(act.session, act.by) is not None:
        raise errors.other_store()


@router.get("/reports/liability", name="reports.liability", response_model=LiabilityPage)
def liability(
    act: Annotated[Act, needs(Permission.REPORTS_VIEW)],
    first: Annotated[AskedDay, Query(description="The first day, included; else of this year")] = None,
    last: Annotated[AskedDay, Query(description="The last day, included; else today")] = None,
    club: Club = None,
) -> Response:
    """Points outstanding by club, age and month of expiry, what is likely used, and the period to the point."""
    _of_the_chain(act)
    until = last or act.today
    since = first or min(act.today.replace(month=1, day=1), until)
    if since > until:
        raise Invalid([FieldError("last", T("The last day is before the first."))])
    return act.answer(liability_page(act, first=since, last=until, club_id=club), "reports/liability.html")


@router.get("/reports/liability.{suffix}", name="reports.liability.file", responses=lists.FILE_ANSWERS)
def liability_file(
    act: Annotated[Act, needs(Permission.REPORTS_EXPORT, fresh=True)], suffix: Literal["csv", "xlsx"], club: Club = None
) -> Response:
    """Points outstanding by club, age and month of expiry as a file."""
    _of_the_chain(act)
    return taken_out(act, f"liability.{suffix}", HEADER, cells(act, club_id=club))
