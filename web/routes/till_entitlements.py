"""What a membership gives directly, used at the till as lines of the sale that cost nothing."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, StringConstraints
from starlette.responses import Response

from erp_club.permissions.catalog import Permission
from erp_club.purchases.baskets import memberships
from erp_club.purchases.baskets.entering import Entered
from erp_club.purchases.places import where_of
from web.deps import Act, ActRoute, needs
from web.fields import Body, Storable
from web.refusals import again
from web.routes.till import shown, till_page
from web.views.till import TillPage, till_view

router = APIRouter(route_class=ActRoute, tags=["till"])
Using = Annotated[Act, needs(Permission.OFFERS_ACTIVATE, at_till=True)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=100), Storable]


class EntitlementToUse(Body):
    """Which entitlement of which membership, and the product that was chosen; the first of it where none was."""

    membership_id: Annotated[int, Field(ge=1, le=2**63 - 1)]
    entitlement: Code
    product: Code | None = None


@router.post("/baskets/current/entitlements", name="baskets.entitlements", response_model=TillPage)
@again(till_page)
def use(act: Using, body: EntitlementToUse) -> Response:
    """Use an entitlement of the sale's customer once: its product becomes a line that costs nothing (M-13)."""
    line_no = memberships.use_of_buyer(
        act.session,
        body.membership_id,
        body.entitlement,
        product=body.product,
        where=where_of(act.terminal),
        today=act.today,
        now=act.now,
        by=act.by,
    )
    return shown(act, till_view(act, Entered(line_no)))
