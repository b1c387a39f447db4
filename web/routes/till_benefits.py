"""What stands beside the items of a sale at the till: offers chosen, coupons entered, questions answered."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from erp_club.permissions.catalog import Permission
from erp_club.purchases.baskets import choices
from web.coupon_entry import place_of
from web.deps import Act, ActRoute, needs
from web.fields import Body, Storable
from web.forms import FormState
from web.refusals import again
from web.routes.till import AtTill, shown, till_page
from web.views.benefits import TillOffer
from web.views.till import TillPage, till_view

router = APIRouter(route_class=ActRoute, tags=["till"])
OfferCode = Annotated[str, StringConstraints(min_length=1, max_length=50), Storable]
OfferInPath = Annotated[str, Path(min_length=1, max_length=50), Storable]
Activating = Annotated[Act, needs(Permission.OFFERS_ACTIVATE, at_till=True)]


class Activation(Body):
    """An offer that the cashier starts; `points`: how many of them are used, where it costs as many as one likes."""

    offer: OfferCode
    points: Annotated[int, Field(ge=1, le=10_000_000)] | None = None


class Chosen(Body):
    """The product that the customer chose of those that an offer gives."""

    offer: OfferCode
    product: Annotated[str, StringConstraints(min_length=1, max_length=100), Storable]


class Answer(Body):
    """What the cashier answered to what an offer asks."""

    question: OfferCode
    yes: bool = True


class EnteredCoupon(Body):
    """A coupon, or the code of an offer."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=100), Storable]


class OffersPage(BaseModel):
    """The offers that the cashier may start in the open sale."""

    offers: list[TillOffer]


class CouponPage(BaseModel):
    """The dialog of entering a coupon."""

    code: str = ""


@router.get("/baskets/current/offers", name="baskets.offers", response_model=OffersPage)
def show_offers(act: AtTill) -> Response:
    """The offers that the cashier may start, with what each would take off, or why it gives nothing."""
    view = OffersPage(offers=till_view(act).benefits.offers)
    return act.answer(view, "till/_offers.html" if act.htmx else "till/offers.html")


@router.post("/baskets/current/activations", name="baskets.activate", response_model=TillPage)
@again(till_page)
def activate(act: Activating, body: Activation) -> Response:
    """Start an offer in the sale."""
    choices.choose_offer(act.session, body.offer, points=body.points, now=act.now, by=act.by)
    return shown(act, till_view(act))


@router.delete("/baskets/current/activations/{offer}", name="baskets.deactivate", response_model=TillPage)
@again(till_page)
def deactivate(act: AtTill, offer: OfferInPath) -> Response:
    """Take an offer that was chosen out of the sale again."""
    choices.give_up_offer(act.session, offer, now=act.now, by=act.by)
    return shown(act, till_view(act))


@router.post("/baskets/current/choices", name="baskets.choose", response_model=TillPage)
@again(till_page)
def choose(act: AtTill, body: Chosen) -> Response:
    """Choose which product an offer gives."""
    choices.choose_offer(act.session, body.offer, product=body.product, now=act.now, by=act.by)
    return shown(act, till_view(act))


@router.post("/baskets/current/answers", name="baskets.answer", response_model=TillPage)
@again(till_page)
def answer(act: AtTill, body: Answer) -> Response:
    """Answer what an offer asks the cashier."""
    choices.answer(act.session, body.question, yes=body.yes, now=act.now, by=act.by)
    return shown(act, till_view(act))


def coupon_page(act: Act, form: FormState) -> Response:
    """The dialog of entering a coupon, with what was typed and what was wrong."""
    if act.identity.terminal is None or not act.by.may(Permission.SALES_POST):
        return till_page(act, form)
    response = act.answer(CouponPage(), "till/_coupon.html" if act.htmx else "till/coupon.html", form=form)
    response.headers["HX-Retarget"] = "#dialog"
    response.headers["HX-Reswap"] = "innerMorph"
    return response


@router.get("/baskets/current/coupons/new", name="baskets.coupons.new", response_model=CouponPage)
def show_coupon(act: AtTill) -> Response:
    """The dialog of entering a coupon."""
    return coupon_page(act, FormState())


@router.post("/baskets/current/coupons", name="baskets.coupons.enter", response_model=TillPage)
@again(coupon_page)
def enter_coupon(act: AtTill, body: EnteredCoupon) -> Response:
    """Enter a coupon, or the code of an offer."""
    choices.enter_coupon(act.session, body.code, place_of(act, act.now))
    return shown(act, till_view(act))


@router.delete("/baskets/current/coupons/{position}", name="baskets.coupons.remove", response_model=TillPage)
@again(till_page)
def remove_coupon(act: AtTill, position: Annotated[int, Path(ge=1, le=100)]) -> Response:
    """Take a coupon out of the sale again; positions count from 1. A code never stands in an address."""
    choices.remove_coupon(act.session, position, now=act.now, by=act.by)
    return shown(act, till_view(act))
