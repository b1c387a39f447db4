"""The forecast of a club's settings while they are edited: what they would have given in a past period."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from erp_club.clubs.setup.settings import MOST_MINOR, MOST_POINTS
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from erp_club.permissions.catalog import Permission
from erp_club.reports.settings_forecast import MOST_DAYS
from web.deps import Act, ActRoute, needs
from web.fields import AmountText, SmallRowId, Unsaid
from web.views.club_forecasts import ClubForecastPage, Edited, club_forecast_page

router = APIRouter(route_class=ActRoute, tags=["clubs"])
Day = Annotated[dt.date | None, Unsaid]
Points = Annotated[int | None, Query(ge=0, le=MOST_POINTS), Unsaid]
Percent = Annotated[int | None, Query(ge=0, le=100), Unsaid]
Amount = Annotated[AmountText | None, Query(ge=0, le=MOST_MINOR), Unsaid]


class Said:
    """The settings as they stand in the form; what isn't there is the club's own."""

    def __init__(
        self,
        first: Annotated[
            Day, Query(description="The first day, included; else the last calendar month, of those with sales")
        ] = None,
        last: Annotated[Day, Query(description="The last day, included")] = None,
        points: Annotated[Points, Query(description="Points for each full amount `per`")] = None,
        per: Amount = None,
        join_points: Annotated[Points, Query(description="Points for joining")] = None,
        review_points: Annotated[Points, Query(description="Points for a review")] = None,
        reviewed: Annotated[Percent, Query(description="Percent of purchases reviewed")] = None,
        at1: Points = None,
        code1: Amount = None,
        at2: Points = None,
        code2: Amount = None,
        at3: Points = None,
        code3: Amount = None,
    ) -> None:
        self.first, self.last = first, last
        pairs = ((at1, code1), (at2, code2), (at3, code3))
        told = any(at is not None or code is not None for at, code in pairs)
        self.edited = Edited(
            points=points,
            per_minor=per,
            join_points=join_points,
            review_points=review_points,
            reviewed_percent=reviewed,
            tiers=tuple((at or 0, code or 0) for at, code in pairs) if told or points is not None else None,
        )


@router.get("/clubs/{club_id}/forecast", name="clubs.club.forecast", response_model=ClubForecastPage)
def forecast(
    act: Annotated[Act, needs(Permission.CLUBS_EDIT)], club_id: SmallRowId, said: Annotated[Said, Depends()]
) -> Response:
    """Points that purchases, joining and reviews of a past period would have earned under these settings, and codes."""
    if said.edited.per_minor == 0:
        raise Invalid([FieldError("per", T("Enter an amount above zero."))])
    if said.first and said.last and said.last < said.first:
        raise Invalid([FieldError("last", T("The last day is before the first one."))])
    if said.first and said.last and (said.last - said.first).days >= MOST_DAYS:
        raise Invalid([FieldError("last", T("Choose at most %(days)s days.", days=MOST_DAYS))])
    view = club_forecast_page(act, club_id, said.edited, first=said.first, last=said.last)
    return act.answer(view, "clubs/_outlook.html" if act.htmx else "clubs/forecast.html")
