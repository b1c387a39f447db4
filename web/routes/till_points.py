"""Points that pay for the open sale of a till: how many, said by the cashier."""

from typing import Annotated, Self

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from erp_club.customers.models import UNIDENTIFIED
from erp_club.permissions.catalog import Permission
from erp_club.purchases.baskets import choices, errors, queries
from web.coupon_entry import place_of
from web.deps import Act, ActRoute, needs
from web.fields import Body, Storable
from web.forms import FormState
from web.refusals import again
from web.routes.till import shown, till_instead, till_page
from web.views.quotes import RedeemableInClub, redeemable_view
from web.views.till import TillPage, price_now, till_view

router = APIRouter(route_class=ActRoute, tags=["till"])
Redeeming = Annotated[Act, needs(Permission.POINTS_REDEEM, at_till=True)]


class PointsPage(BaseModel):
    """What points could pay in the open sale; `known`: its customer is."""

    known: bool
    redeemable: list[RedeemableInClub]


class PointsToRedeem(Body):
    """How many points are to pay, or `all` that can; `offer` is the one that takes them."""

    offer: Annotated[str, StringConstraints(min_length=1, max_length=50), Storable]
    points: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    all: bool = False

    @model_validator(mode="after")
    def _how_many(self) -> Self:
        if self.points is None and not self.all:
            raise PydanticCustomError("missing", "points or all")
        return self


def points_view(act: Act) -> PointsPage:
    """What points could pay, and why they can't."""
    opened = queries.opened(act.session, act.terminal.id)
    known = opened is not None and opened.customer_id != UNIDENTIFIED
    told = redeemable_view(price_now(act, opened).basket) if opened and known else []
    return PointsPage(known=known, redeemable=told)


def points_page(act: Act, form: FormState) -> Response:
    """The dialog of redeeming, with what was typed and what was wrong."""
    if act.identity.terminal is None or not act.by.may(Permission.POINTS_REDEEM):
        return till_page(act, form)
    view = points_view(act)
    response = act.answer(view, "till/_points.html" if act.htmx else "till/points.html", form=form)
    response.headers["HX-Retarget"] = "#dialog"
    response.headers["HX-Reswap"] = "innerMorph"
    return response


@router.get("/baskets/current/points", name="baskets.points", response_model=PointsPage)
@again(till_instead)
def show_points(act: Redeeming) -> Response:
    """What points could pay in the open sale: the most, its worth, the step, and what is missing.

    A cashier who asks for the dialog while there is nothing to do in it is told why, without one to close.
    """
    if act.htmx:
        view = points_view(act)
        if not view.known:
            raise errors.no_customer()
        if not any(each.most_points or each.used for each in view.redeemable):
            raise errors.no_points(next((each.words for each in view.redeemable if each.words), None))
    return points_page(act, FormState())


@router.post("/baskets/current/points", name="baskets.points.redeem", response_model=TillPage)
@again(points_page)
def redeem(act: Redeeming, body: PointsToRedeem) -> Response:
    """Let so many points pay for a part of the sale; they are taken when it is paid."""
    choices.use_points(act.session, body.offer, body.points, place_of(act, act.now))
    return shown(act, till_view(act))
