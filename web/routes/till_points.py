"""Points that pay for the open sale of a till: how many, said by the cashier."""

from typing import Annotated, Self

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from erp_club.clubs.queries import customer_of, memberships
from erp_club.customers.models import UNIDENTIFIED
from erp_club.kernel.text import T
from erp_club.permissions.catalog import Permission
from erp_club.points.units import POINTS, Unit
from erp_club.programmes.redemptions import commands
from erp_club.programmes.redemptions.queries import giving_clubs
from erp_club.purchases.baskets import choices, errors, queries
from erp_club.purchases.baskets.commands import current_customer
from web.coupon_entry import place_of
from web.deps import Act, ActRoute, needs
from web.fields import Body, InUnits, PointsNumber, RowId, Storable, parts_of
from web.forms import FormState
from web.i18n import say
from web.moments import at_moment
from web.refusals import again
from web.routes.redemptions import Redemption, done
from web.routes.till import shown, till_instead, till_page
from web.views.quotes import RedeemableInClub, redeemable_view
from web.views.redemptions import RedemptionsPage, redemptions_page
from web.views.till import TillPage, price_now, till_view

router = APIRouter(route_class=ActRoute, tags=["till"])
Redeeming = Annotated[Act, needs(Permission.POINTS_REDEEM, at_till=True)]


class PointsPage(BaseModel):
    """What points could pay in the open sale, and what they can be given for; `known`: its customer is."""

    known: bool
    redeemable: list[RedeemableInClub]
    redemptions: list[RedemptionsPage] = []


class PointsToRedeem(Body):
    """How many points are to pay, or `all` that can; `offer` is the one that takes them."""

    offer: Annotated[str, StringConstraints(min_length=1, max_length=50), Storable]
    points: Annotated[PointsNumber, Field(gt=0, le=10_000_000)] | None = None
    all: bool = False
    in_units: InUnits = False

    @model_validator(mode="after")
    def _how_many(self) -> Self:
        if self.points is None and not self.all:
            raise PydanticCustomError("missing", "points or all")
        return self


def points_view(act: Act) -> PointsPage:
    """What points could pay, and why they can't."""
    opened = queries.opened(act.session, act.terminal.id)
    known = opened is not None and opened.customer_id != UNIDENTIFIED
    if opened is None or not known:
        return PointsPage(known=False, redeemable=[])
    held = memberships(act.session, opened.customer_id, today=act.today)
    # Each page takes some statements: none for a club that has nothing to give.
    giving = giving_clubs(act.session, opened.customer_id, on=at_moment(act).on)
    pages = [redemptions_page(act, row.membership_id) for row in held if row.club_id in giving]
    return PointsPage(
        known=True,
        redeemable=redeemable_view(price_now(act, opened).basket),
        redemptions=[each for each in pages if each.may_use and (each.benefits or each.charity)],
    )


def points_page(act: Act, form: FormState) -> Response:
    """The dialog of redeeming, with what was typed and what was wrong."""
    return _points_page(act, form, None)


def _points_page(act: Act, form: FormState, view: PointsPage | None) -> Response:
    if act.identity.terminal is None or not act.by.may(Permission.POINTS_REDEEM):
        return till_page(act, form)
    view = view or points_view(act)
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
    view = points_view(act)
    if act.htmx:
        if not view.known:
            raise errors.no_customer()
        if not view.redemptions and not any(each.most_points or each.used for each in view.redeemable):
            raise errors.no_points(next((each.words for each in view.redeemable if each.words), None))
    return _points_page(act, FormState(), view)


@router.post("/baskets/current/points", name="baskets.points.redeem", response_model=TillPage)
@again(points_page)
def redeem(act: Redeeming, body: PointsToRedeem) -> Response:
    """Let so many points pay for a part of the sale; they are taken when it is paid."""
    points = None if body.points is None else parts_of(body.points, _unit(act, body), in_units=body.in_units)
    choices.use_points(act.session, body.offer, points, place_of(act, act.now))
    return shown(act, till_view(act))


def _unit(act: Act, body: PointsToRedeem) -> Unit:
    """What the account counts whose points the offer takes."""
    if not body.in_units:
        return POINTS
    return next((each.unit for each in points_view(act).redeemable if each.offer == body.offer), POINTS)


class TillRedemption(Redemption):
    """What the sale's customer has for points, by which of their memberships."""

    membership_id: Annotated[int, Field(ge=1, le=2**63 - 1)]


@router.post("/baskets/current/redemptions", name="baskets.redemptions", response_model=TillPage)
@again(points_page)
def have(act: Redeeming, body: TillRedemption) -> Response:
    """Give points of the sale's customer for a benefit or to the charity; the sale goes on."""
    _theirs(act, body.membership_id)
    made = done(act, body.membership_id, body)
    undo = {"url": f"/baskets/current/redemptions/{made.membership_id}/{made.settlement_id}/withdrawals"}
    return shown(act, till_view(act), toast={"text": say(T("The points are given.")), "kind": "ok", "undo": undo})


@router.post(
    "/baskets/current/redemptions/{membership_id}/{redemption_id}/withdrawals",
    name="baskets.redemptions.undo",
    response_model=TillPage,
)
@again(till_page)
def undo(act: Redeeming, membership_id: RowId, redemption_id: RowId) -> Response:
    """Take it back while nobody has used it: the points come back."""
    _theirs(act, membership_id)
    commands.undo_redemption(act.session, membership_id, redemption_id, at_moment(act))
    return shown(act, till_view(act), toast={"text": say(T("The points are back.")), "kind": "ok"})


def _theirs(act: Act, membership_id: int) -> None:
    """Raises Conflict where it is no membership of the sale's customer."""
    if customer_of(act.session, membership_id) != current_customer(act.session, by=act.by):
        raise errors.no_customer()
