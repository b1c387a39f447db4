"""What a membership gives directly, used at the till: goods as lines that cost nothing, services as they are."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, StringConstraints
from starlette.responses import Response

from erp_club.kernel.text import T
from erp_club.permissions.catalog import Permission
from erp_club.purchases.baskets import memberships
from erp_club.purchases.baskets.entering import Entered
from erp_club.purchases.entitlements.commands import undo_use
from erp_club.purchases.fees.commands import Day
from erp_club.purchases.places import where_of
from web.deps import Act, ActRoute, needs
from web.fields import Body, RowId, Storable
from web.i18n import say
from web.refusals import again
from web.routes.till import shown, till_page
from web.views.till import TillPage, till_view

router = APIRouter(route_class=ActRoute, tags=["till"])
Using = Annotated[Act, needs(Permission.ENTITLEMENTS_USE, at_till=True)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=100), Storable]


class EntitlementToUse(Body):
    """Which entitlement of which membership, and the product that was chosen; the first of it where none was."""

    membership_id: Annotated[int, Field(ge=1, le=2**63 - 1)]
    entitlement: Code
    product: Code | None = None


@router.post("/baskets/current/entitlements", name="baskets.entitlements", response_model=TillPage)
@again(till_page)
def use(act: Using, body: EntitlementToUse) -> Response:
    """Use an entitlement of the sale's customer once (M-13).

    Its product becomes a line that costs nothing; a service is used at once, and can be undone.
    """
    used = memberships.use_of_buyer(
        act.session,
        body.membership_id,
        body.entitlement,
        product=body.product,
        where=where_of(act.terminal),
        today=act.today,
        now=act.now,
        by=act.by,
    )
    if used.line_no is not None:
        return shown(act, till_view(act, Entered(used.line_no)))
    undo = {"url": f"/baskets/current/entitlement-uses/{used.use_id}/withdrawals"}
    return shown(act, till_view(act), toast={"text": say(T("It is used.")), "kind": "ok", "undo": undo})


@router.post(
    "/baskets/current/entitlement-uses/{use_id}/withdrawals", name="baskets.entitlements.undo", response_model=TillPage
)
@again(till_page)
def undo(act: Using, use_id: RowId) -> Response:
    """Undo a use of a service at the till: it can be used again."""
    undo_use(act.session, use_id, day=Day(act.today, act.now, act.by, where_of(act.terminal)))
    return shown(act, till_view(act), toast={"text": say(T("It can be used again.")), "kind": "ok"})
