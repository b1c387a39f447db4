"""In which stores somebody works beside their own."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from erp_club.permissions.catalog import Permission
from erp_club.permissions.workplaces import commands, queries
from web.deps import Act, ActRoute, needs
from web.fields import Body, Line, SmallRowId
from web.refusals import again
from web.routes.staff import StoreId, staff_page

router = APIRouter(route_class=ActRoute, tags=["staff"])


class FurtherStores(Body):
    """The stores, all of them; the person's own need not be named. `find` is what the form searches for."""

    stores: Annotated[list[StoreId], Field(max_length=1000)] = []
    find: Line | None = None


class StaffStores(BaseModel):
    """Somebody's further stores, by id."""

    id: int
    stores: list[int]


@router.post("/staff/{staff_id}/stores", name="staff.member.stores", status_code=201, response_model=StaffStores)
@again(staff_page)
def set_stores(
    act: Annotated[Act, needs(Permission.STAFF_EDIT, fresh=True)], staff_id: SmallRowId, body: FurtherStores
) -> Response:
    """Say at the tills of which stores somebody may sign on beside those of their own."""
    commands.set_further_stores(act.session, staff_id, body.stores, now=act.now, by=act.by)
    view = StaffStores(id=staff_id, stores=queries.further_stores(act.session, staff_id))
    return act.done(view, f"/staff/{staff_id}")
