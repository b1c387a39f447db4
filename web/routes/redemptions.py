"""What points are given for outside a sale: benefits with a price in points, and the club's charity."""

from decimal import Decimal
from typing import Annotated, Self

from fastapi import APIRouter
from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from erp_club.clubs.units.queries import unit_of_membership
from erp_club.permissions.catalog import Permission
from erp_club.programmes.redemptions import commands
from erp_club.programmes.redemptions.commands import Redeemed
from web.after_sale import find_segments_again
from web.deps import Act, ActRoute, needs
from web.fields import Body, InUnits, PointsNumber, RowId, Storable, parts_of
from web.forms import FormState
from web.moments import at_moment
from web.refusals import again
from web.views.redemptions import RedeemedView, RedemptionsPage, redeemed_view, redemptions_page

router = APIRouter(route_class=ActRoute, tags=["points"])
Redeeming = Annotated[Act, needs(Permission.POINTS_REDEEM)]


class Redemption(Body):
    """Which benefit is had, by its code, or how many points go to the club's charity."""

    benefit: Annotated[str, StringConstraints(min_length=1, max_length=50), Storable] | None = None
    points: Annotated[PointsNumber, Field(gt=0, le=10_000_000_000)] | None = None
    in_units: InUnits = False

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.benefit is None) == (self.points is None):
            raise PydanticCustomError("missing", "benefit or points")
        return self


def done(act: Act, membership_id: int, body: Redemption) -> Redeemed:
    """Have it, or give them."""
    at = at_moment(act)
    if body.benefit is not None:
        made = commands.redeem_benefit(act.session, membership_id, body.benefit, at)
    else:
        unit = unit_of_membership(act.session, membership_id)
        points = parts_of(body.points or Decimal(0), unit, in_units=body.in_units)
        made = commands.give_to_charity(act.session, membership_id, points, at)
    find_segments_again(act, made.customer_id)
    return made


def page(act: Act, form: FormState) -> Response:
    """What points can be given for, with what was refused."""
    view = redemptions_page(act, int(act.request.path_params["membership_id"]))
    return act.answer(view, "points/redemptions.html", form=form)


@router.get("/memberships/{membership_id}/redemptions", name="redemptions", response_model=RedemptionsPage)
def show(act: Redeeming, membership_id: RowId) -> Response:  # noqa: ARG001
    """What a membership's points can be given for, and the latest that they were given for."""
    return page(act, FormState())


@router.post(
    "/memberships/{membership_id}/redemptions", name="redemptions.have", status_code=201, response_model=RedeemedView
)
@again(page)
def have(act: Redeeming, membership_id: RowId, body: Redemption) -> Response:
    """Give points for a benefit (P-06) or to the charity (P-18). Beyond one's limit: 403 `approval-required`."""
    made = done(act, membership_id, body)
    return act.done(redeemed_view(made), _url(membership_id))


@router.post(
    "/memberships/{membership_id}/redemptions/{redemption_id}/withdrawals",
    name="redemptions.undo",
    status_code=201,
    response_model=RedeemedView,
)
@again(page)
def undo(act: Redeeming, membership_id: RowId, redemption_id: RowId) -> Response:
    """Take back what was had and nobody has used; the points come back with the days that they had."""
    made = commands.undo_redemption(act.session, membership_id, redemption_id, at_moment(act))
    find_segments_again(act, made.customer_id)
    return act.done(redeemed_view(made), _url(membership_id))


def _url(membership_id: int) -> str:
    return f"/memberships/{membership_id}/redemptions"
