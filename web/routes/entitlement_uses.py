"""Using what a membership gives directly where nothing is sold, undoing it, and the list of all uses."""

from collections.abc import Iterator
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, StringConstraints
from starlette.responses import Response

from erp_club.clubs.queries import customer_of
from erp_club.kernel.text import T
from erp_club.organisation.queries import stores
from erp_club.permissions.catalog import Permission
from erp_club.purchases.entitlements import commands
from erp_club.purchases.entitlements.kinds import UseState
from erp_club.purchases.entitlements.office import queries
from erp_club.purchases.fees.commands import Day
from erp_club.purchases.places import where_of
from web import lists
from web import store_picking as picking
from web.deps import Act, ActRoute, needs
from web.fields import AskedDay, Body, RowId, Storable, Unsaid
from web.refusals import again
from web.routes.memberships import changed, memberships_page
from web.taken_out import taken_out
from web.views.entitlement_uses import AskedUses, EntitlementUsesPage, filters_of, uses_page

router = APIRouter(route_class=ActRoute, tags=["memberships"])
Using = Annotated[Act, needs(Permission.ENTITLEMENTS_USE)]
Viewing = Annotated[Act, needs(Permission.ENTITLEMENTS_VIEW)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=100), Storable]
FILE_HEADER = (
    "club", "entitlement", "customer_number", "customer", "used_at", "use_no", "period_from", "period_until", "state",
    "item", "by", "store",
)  # fmt: skip


class NewUse(Body):
    """Which service of the membership was used."""

    entitlement: Code


class UseDone(BaseModel):
    """A use of a service by its id; `came_back` where it was undone."""

    use_id: int
    membership_id: int
    came_back: bool


class UsesAsked(BaseModel):
    """Which uses are asked for."""

    club: Annotated[str, Query(max_length=50, description="A club's code"), Storable] = ""
    entitlement: Annotated[str, Query(max_length=100), Storable] = ""
    state: Annotated[Literal["", "used", "back"], Query(description="Empty for all")] = ""
    store: Annotated[int | None, Query(ge=0, lt=2**31), Unsaid] = None
    store_name: picking.StoreName = None
    customer: Annotated[str, Query(max_length=50, description="A customer's number"), Storable] = ""
    first: Annotated[AskedDay, Query(description="The first day, included")] = None
    last: Annotated[AskedDay, Query(description="The last day, included")] = None


Asked = Annotated[UsesAsked, Query()]


@router.post(
    "/memberships/{membership_id}/entitlement-uses", name="entitlements.use", status_code=201, response_model=UseDone
)
@again(memberships_page)
def use(act: Using, membership_id: RowId, body: NewUse) -> Response:
    """Use a service once that a membership gives (M-13)."""
    use_id = commands.use_service(act.session, membership_id, body.entitlement, day=_day(act))
    made = UseDone(use_id=use_id, membership_id=membership_id, came_back=False)
    return changed(act, customer_of(act.session, membership_id), made, T("It is used."))


@router.post(
    "/entitlement-uses/{use_id}/withdrawals", name="entitlements.undo", status_code=201, response_model=UseDone
)
def undo(act: Using, use_id: RowId) -> Response:
    """Undo a use of a service: it can be used again."""
    use = commands.undo_use(act.session, use_id, day=_day(act))
    made = UseDone(use_id=use_id, membership_id=use.membership_id, came_back=True)
    return act.done(made, "/entitlement-uses" if act.by.may(Permission.ENTITLEMENTS_VIEW) else "/")


def _asked(act: Act, asked: UsesAsked) -> AskedUses:
    """With the store that somebody has typed. Raises Invalid."""
    view = AskedUses.model_validate(asked.model_dump(exclude={"store_name"}))
    if asked.store_name is not None:
        view.store = picking.meant(stores(act.session), asked.store_name, "store_name").id
    return view


@router.get("/entitlement-uses", name="entitlements.uses", response_model=EntitlementUsesPage)
def uses(act: Viewing, asked: Asked) -> Response:
    """What memberships give directly to how many members, and every use of it."""
    view = uses_page(act, _asked(act, asked))
    return act.answer(view, "entitlements/_list.html" if act.htmx else "entitlements/list.html")


@router.get("/entitlement-uses.{suffix}", name="entitlements.file", responses=lists.FILE_ANSWERS)
def uses_file(
    act: Annotated[Act, needs(Permission.ENTITLEMENTS_VIEW, fresh=True)], suffix: Literal["csv", "xlsx"], asked: Asked
) -> Response:
    """The same uses as a file."""
    filters = filters_of(act, _asked(act, asked))
    return taken_out(act, f"entitlement-uses.{suffix}", FILE_HEADER, _cells(act, filters))


def _cells(act: Act, filters: queries.Filters) -> Iterator[tuple[lists.Cell, ...]]:
    for row in queries.every_use(act.session, filters):
        club = row.club_names.get(act.chain.language) or next(iter(row.club_names.values()), "")
        yield (
            club, row.code, row.number, f"{row.given_name} {row.family_name}".strip(), row.at, row.use_no, row.first,
            row.last, "back" if row.state is UseState.BACK else "used", row.product, row.staff, row.store,
        )  # fmt: skip


def _day(act: Act) -> Day:
    return Day(act.today, act.now, act.by, where_of(act.identity.terminal))
