"""What a manager should look at, each with its reason."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response

from erp_club.permissions.catalog import Permission
from erp_club.points.units import Unit
from erp_club.reports.irregularities import MOST, Kind, Range, Thresholds, irregularities
from web.deps import Act, ActRoute, needs
from web.fields import AskedDay

router = APIRouter(route_class=ActRoute, tags=["audit"])
DAYS = 30
"""How many are looked at where nothing is said, today included."""


class GivenPoints(BaseModel):
    """Points (above 0) that somebody gave by hand."""

    staff_id: int | None
    staff: str
    points: int
    at: dt.datetime


class Irregularity(BaseModel):
    """One of them, on the store's day. `count` is of customers, sales, points, hours or locks, by the `kind`.

    `detail` is the kind of lock; `thing_id` the card that was sold and given back; `given` what was given by hand
    before the points were used, the oldest first.
    """

    kind: Kind
    on: dt.date
    count: int
    staff_id: int | None
    staff: str | None
    store: str | None
    customer_id: int | None
    customer: str | None
    thing_id: int | None
    detail: str | None
    given: list[GivenPoints]
    unit: Unit


class IrregularitiesPage(BaseModel):
    """What was noticed in these days, the newest first; `opened`, `same_customer` and `hours` are the thresholds."""

    first: dt.date
    last: dt.date
    opened: int
    same_customer: int
    hours: int
    most: int = MOST
    found: list[Irregularity]


@router.get("/irregularities", name="audit.irregularities", response_model=IrregularitiesPage)
def list_irregularities(
    act: Annotated[Act, needs(Permission.AUDIT_VIEW)],
    first: Annotated[AskedDay, Query(description="The first day, included")] = None,
    last: Annotated[AskedDay, Query(description="The last day, included")] = None,
) -> Response:
    """Days of many customers without a sale, own cards, points given and used, gift cards given back, wrong codes.

    Who sees one store only sees that one's; points that were given in one store and used in another are told in both.
    None of it proves anything.
    """
    last = min(last or act.today, act.today)
    first = min(first or last - dt.timedelta(days=DAYS - 1), last)
    settings = act.settings
    thresholds = Thresholds(settings.watch_opened, settings.watch_same_customer, settings.watch_hours)
    asked = Range(first, last, act.zone, act.by.only_store(Permission.AUDIT_VIEW))
    found = irregularities(act.session, asked, thresholds)
    view = IrregularitiesPage(
        first=first,
        last=last,
        opened=thresholds.opened,
        same_customer=thresholds.same_customer,
        hours=thresholds.hours,
        found=[Irregularity.model_validate(each, from_attributes=True) for each in found],
    )
    return act.answer(view, "irregularities/list.html")
