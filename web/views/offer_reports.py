"""What offers did, as the page and JSON show it."""

import datetime as dt
from urllib.parse import urlencode

from pydantic import BaseModel, Field

from erp_club.clubs.units.queries import unit_of_clubs
from erp_club.kernel.money import Rounding, round_div
from erp_club.points.units import Unit
from erp_club.reports import offer_results, plan_results
from erp_club.reports.purchases.asked import Asked
from erp_club.reports.purchases.figures import change_bp
from web.deps import Act
from web.formats import localised
from web.views.report_filters import Chip, Choices, chips, choices_of, filters_of

PATH = "/reports/offers"


class ResultView(BaseModel):
    """An offer, or a store; see `offer_results.Result`. `more_bp`: by how much its baskets are bigger."""

    key: int
    code: str
    name: str
    url: str
    receipts: int
    uses: int
    discount_minor: int
    points: int
    points_used: int
    buyers: int
    average_minor: int
    without_minor: int | None
    more_bp: int | None


class PlanView(BaseModel):
    """What a birthday plan did; see `plan_results.PlanResult`."""

    plan_id: int
    code: str
    name: str
    given: int | None
    uses: int
    buyers: int
    receipts: int
    given_minor: int
    average_minor: int | None


class OffersPage(BaseModel):
    """What was given in a period, by offer, or of one offer by store; with all offers the birthday plans too."""

    first: dt.date
    last: dt.date
    offer: int | None
    name: str | None
    filters: dict[str, int]
    currency: str
    unit: Unit | None
    results: list[ResultView]
    plans: list[PlanView]
    back_url: str = Field(exclude=True)
    chips: list[Chip] = Field(exclude=True)
    choices: Choices = Field(exclude=True)
    scoped: bool = Field(exclude=True)


def offers_page(act: Act, asked: Asked, offer_id: int | None) -> OffersPage:
    """The page."""
    name = None if offer_id is None else localised(offer_results.offer_names(act.session, offer_id))
    if offer_id is None:
        found = offer_results.by_offer(act.session, asked)
    else:
        found = offer_results.by_store(act.session, asked, offer_id)
    days: dict[str, object] = {"first": asked.first, "last": asked.last}
    query = [(key, value) for key, value in act.request.query_params.multi_items() if value]
    return OffersPage(
        first=asked.first,
        last=asked.last,
        offer=offer_id,
        name=name,
        filters=filters_of(asked),
        currency=act.chain.currency,
        unit=unit_of_clubs(act.session),
        results=[_result(each, asked, offer_id) for each in found],
        plans=[_plan(each) for each in plan_results.by_plan(act.session, asked)] if offer_id is None else [],
        back_url=f"{PATH}?{urlencode(days | filters_of(asked))}",
        chips=chips(act, asked, PATH, query),
        choices=choices_of(act, asked),
        scoped=asked.within is not None,
    )


def _plan(each: plan_results.PlanResult) -> PlanView:
    average = round_div(each.baskets_minor, each.receipts, Rounding.HALF_UP) if each.receipts else None
    return PlanView(
        plan_id=each.plan_id, code=each.code, name=localised(each.names), given=each.given, uses=each.uses,
        buyers=each.buyers, receipts=each.receipts, given_minor=each.given_minor, average_minor=average,
    )  # fmt: skip


def _result(each: offer_results.Result, asked: Asked, offer_id: int | None) -> ResultView:
    days: dict[str, object] = {"first": asked.first, "last": asked.last}
    if offer_id is None:
        url = f"{PATH}?{urlencode(days | filters_of(asked) | {'offer': each.key})}"
    else:
        url = f"/reports/purchases?{urlencode(days | filters_of(asked) | {'store': each.key})}"
    return ResultView(
        key=each.key,
        code=each.code,
        name=localised(each.names),
        url=url,
        receipts=each.receipts,
        uses=each.uses,
        discount_minor=each.discount_minor,
        points=each.points,
        points_used=each.points_used,
        buyers=each.buyers,
        average_minor=each.average_minor,
        without_minor=each.without_minor,
        more_bp=change_bp(each.average_minor, each.without_minor),
    )
