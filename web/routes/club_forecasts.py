"""The forecast of a club's settings while they are edited: what they would have given in a past period."""

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from erp_club.clubs.setup.settings import MOST_MINOR, MOST_POINTS
from erp_club.clubs.units.queries import units
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from erp_club.permissions.catalog import Permission
from erp_club.points.units import POINTS, Unit
from erp_club.reports.settings_forecast import MOST_DAYS
from web.deps import Act, ActRoute, needs
from web.fields import AmountText, AskedDay, InUnits, PointsNumber, SmallRowId, Unsaid, parts_of
from web.views.club_forecasts import ClubForecastPage, Edited, club_forecast_page

router = APIRouter(route_class=ActRoute, tags=["clubs"])
Points = Annotated[PointsNumber | None, Query(ge=0, le=MOST_POINTS), Unsaid]
Percent = Annotated[int | None, Query(ge=0, le=100), Unsaid]
Amount = Annotated[AmountText | None, Query(ge=0, le=MOST_MINOR), Unsaid]


class Said:
    """The settings as they stand in the form; what isn't there is the club's own."""

    def __init__(
        self,
        first: Annotated[
            AskedDay, Query(description="The first day, included; else the last calendar month, of those with sales")
        ] = None,
        last: Annotated[AskedDay, Query(description="The last day, included")] = None,
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
        in_units: InUnits = False,
    ) -> None:
        self.first, self.last = first, last
        self.per_minor, self.reviewed_percent, self.in_units = per, reviewed, in_units
        self.points, self.join_points, self.review_points = points, join_points, review_points
        self.tiers = ((at1, code1), (at2, code2), (at3, code3))

    def edited(self, unit: Unit) -> Edited:
        """The settings of a club that counts in this unit. Raises Invalid."""

        def parts(number: Decimal | None, field: str) -> int | None:
            return None if number is None else parts_of(number, unit, in_units=self.in_units, field=field)

        told = any(at is not None or code is not None for at, code in self.tiers)
        tiers = tuple((parts(at, f"at{no}") or 0, code or 0) for no, (at, code) in enumerate(self.tiers, start=1))
        return Edited(
            points=parts(self.points, "points"),
            per_minor=self.per_minor,
            join_points=parts(self.join_points, "join_points"),
            review_points=parts(self.review_points, "review_points"),
            reviewed_percent=self.reviewed_percent,
            tiers=tiers if told or self.points is not None else None,
        )


@router.get("/clubs/{club_id}/forecast", name="clubs.club.forecast", response_model=ClubForecastPage)
def forecast(
    act: Annotated[Act, needs(Permission.CLUBS_EDIT)], club_id: SmallRowId, said: Annotated[Said, Depends()]
) -> Response:
    """Points that purchases, joining and reviews of a past period would have earned under these settings, and codes."""
    if said.per_minor == 0:
        raise Invalid([FieldError("per", T("Enter an amount above zero."))])
    if said.first and said.last and said.last < said.first:
        raise Invalid([FieldError("last", T("The last day is before the first one."))])
    if said.first and said.last and (said.last - said.first).days >= MOST_DAYS:
        raise Invalid([FieldError("last", T("Choose at most %(days)s days.", days=MOST_DAYS))])
    edited = said.edited(units(act.session).get(club_id, POINTS))
    view = club_forecast_page(act, club_id, edited, first=said.first, last=said.last)
    return act.answer(view, "clubs/_outlook.html" if act.htmx else "clubs/forecast.html")
