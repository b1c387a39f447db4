"""Who may do what: the matrix that head office edits, and the roles."""

import datetime as dt
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from erp_club.clubs import queries as clubs
from erp_club.kernel.errors import FieldError, Invalid, NotFound
from erp_club.kernel.text import T
from erp_club.organisation import queries as organisation
from erp_club.permissions.catalog import Permission, Unit
from erp_club.permissions.grants import commands, queries
from erp_club.permissions.grants.commands import CAPS, Wanted
from erp_club.permissions.rules import Grant, Limits
from web import store_picking as picking
from web.deps import Act, ActRoute, needs
from web.fields import AmountText, AskedDay, Body, SmallRowId, Unsaid, Word
from web.forms import FormState
from web.i18n import translate
from web.refusals import again
from web.views.grants import (
    ChangesPage,
    GrantsPage,
    May,
    change_lines,
    choices_of,
    grants_of_may,
    grants_page_view,
    may_of,
)

router = APIRouter(route_class=ActRoute, tags=["access"])
Seeing = Annotated[Act, needs(Permission.ROLES_VIEW)]
Ruling = Annotated[Act, needs(Permission.ROLES_EDIT, fresh=True)]
RoleCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
ActionName = Annotated[str, StringConstraints(max_length=60)]
Most = Annotated[int, Field(ge=0, le=10**12)]
MOST_ROLES = 40
_NAMES = {action.value: action for action in Permission} | {
    action.value.replace(".", ":"): action for action in Permission
}


class CellChange(Body):
    """How a role is to hold an action; without `may` it doesn't.

    Limits are in the action's unit: `per_sale` and `per_day` by a machine, `most` and `most_a_day` as it is typed. The
    greatest discount is in basis points, `most_percent` as it is typed.
    """

    may: May | None = None
    per_sale: Most | None = None
    per_day: Most | None = None
    most: Annotated[AmountText, Field(ge=0, le=10**12)] | None = None
    most_a_day: Annotated[AmountText, Field(ge=0, le=10**12)] | None = None
    percent_bp: Annotated[int | None, Field(ge=0, le=10_000)] = None
    most_percent: Annotated[AmountText, Field(ge=0, le=100_00)] | None = None

    def limits(self, unit: Unit | None) -> Limits:
        """The limits in the action's unit; what is typed has two decimals, which points haven't."""
        typed = [each if each is None or unit is Unit.MONEY else each // 100 for each in (self.most, self.most_a_day)]
        return Limits(
            self.per_sale if typed[0] is None else typed[0],
            self.per_day if typed[1] is None else typed[1],
            self.percent_bp if self.most_percent is None else self.most_percent,
        )


class GrantsChange(Body):
    """What each of `roles` (`caps` for the chain's caps) is to hold from now on; an action that is left out isn't held.

    `version` is the one that the matrix told. `clubs` are those of a role's grants for clubs. With `preview` nothing is
    written; `chosen` is the role that the page showed alone.
    """

    version: UUID
    roles: Annotated[list[RoleCode], Field(min_length=1, max_length=MOST_ROLES)]
    grants: dict[RoleCode, dict[ActionName, CellChange]] = {}
    clubs: dict[RoleCode, list[SmallRowId]] = {}
    preview: bool = False
    chosen: Annotated[str, StringConstraints(max_length=40)] = ""

    def wanted(self) -> Wanted:
        """The same by action. Raises Invalid for an action that isn't there or can't be held so."""
        made: dict[str, dict[Permission, tuple[Grant, ...]]] = {role: {} for role in self.roles}
        for role, cells in self.grants.items():
            if role not in made:
                raise Invalid([FieldError(f"grants.{role}", T("This role isn't among those that you change."))])
            for name, cell in cells.items():
                action = _NAMES.get(name)
                if action is None or (cell.may is not None and cell.may not in choices_of(action)):
                    raise Invalid([FieldError(f"grants.{role}.{name}", T("This can't be held so."))])
                limits = cell.limits(action.unit)
                if role == CAPS and limits != Limits():
                    made[role][action] = (Grant(limits=limits),)
                elif role != CAPS and cell.may is not None:
                    made[role][action] = grants_of_may(cell.may, limits, self.clubs.get(role, []))
        return made


class HolderLine(BaseModel):
    """Somebody who could do it, by which role, in how wide a scope and up to what, from when until when.

    `further` is whether that was at the tills of a store where they work beside their own.
    """

    staff_id: int
    name: str
    role: str
    role_name: str | None
    may: str
    club: dict[str, str] | None
    per_sale: int | None
    per_day: int | None
    percent_bp: int | None
    first: dt.datetime
    until: dt.datetime | None
    further: bool


class Choice(BaseModel):
    """Something that can be asked about."""

    id: str
    name: str


class HoldersPage(BaseModel):
    """Who could do `action` in the store on the day; nobody where nothing is asked yet. Kept since `since`."""

    action: Permission | None
    sentence: str
    unit: Unit | None
    store_id: int | None
    on: dt.date
    holders: list[HolderLine]
    since: dt.datetime | None
    actions: list[Choice] = Field(exclude=True)
    stores: list[picking.StoreChoice] = Field(exclude=True)


class NewRole(Body):
    """A role of the chain's own, with what another one holds."""

    name: Word
    copy_of: Annotated[RoleCode | None, Unsaid] = None


class RoleChange(Body):
    """What a role is called from now on, and whether its people sign in with a second factor; both may be left out."""

    name: Annotated[Word | None, Unsaid] = None
    second_factor: Annotated[bool | None, Unsaid] = None


class RoleView(BaseModel):
    """A role; `name` is None for one that comes with the product and has no name of the chain's."""

    code: str
    name: str | None
    active: bool
    people: int
    second_factor: bool


def grants_page(act: Act, form: FormState) -> Response:
    """The matrix, as it was typed where something is wrong with it."""
    chosen = str(act.request.query_params.get("role", "") or form.values.get("chosen", ""))
    return act.answer(grants_page_view(act, form, chosen), "grants/grants.html", form=form)


@router.get("/grants", name="grants", response_model=GrantsPage)
def grants(act: Seeing, role: Annotated[str, Query(max_length=40)] = "") -> Response:  # noqa: ARG001 - the page reads it
    """Who may do what: every action by every role, with scopes, limits, approvals and the chain's caps."""
    return grants_page(act, FormState())


@router.put("/grants", name="grants.change", response_model=ChangesPage)
@again(grants_page)
def change(act: Ruling, body: GrantsChange) -> Response:
    """Change who may do what; it acts at everybody's next request. With `preview` it is told what would change."""
    wanted = body.wanted()
    if body.preview:
        changes = commands.changes_of(act.session, wanted, version=body.version, by=act.by)
    else:
        changes = commands.change_grants(act.session, wanted, version=body.version, now=act.now, by=act.by)
    view = ChangesPage(
        version=str(queries.grants_now(act.session).version),
        changes=change_lines(act, changes),
        saved=not body.preview,
    )
    if body.preview:
        typed: FormState = getattr(act.request.state, "form", None) or FormState()
        fields = [(name, each) for name, value in typed.values.items() for each in _several(value) if name != "preview"]
        return act.answer(view.model_copy(update={"typed": fields}), "grants/preview.html")
    return act.done(view, "/grants", status=200)


@router.get("/grants/holders", name="grants.holders", response_model=HoldersPage)
def holders(
    act: Seeing,
    action: Annotated[Permission | None, Query(), Unsaid] = None,
    store_id: Annotated[int | None, Query(ge=0, lt=2**31), Unsaid] = None,
    store_name: picking.StoreName = None,
    on: Annotated[AskedDay, Query(description="The store's day; today where it is left out")] = None,
) -> Response:
    """Who could do something in a store on a day, by the grants and the roles of that day."""
    stores = organisation.stores(act.session)
    if store_name is not None:
        store_id = picking.meant(stores, store_name, "store_name").id
    zone = next((store.time_zone for store in stores if store.id == store_id), act.zone)
    day = on or act.today
    found = []
    if action is not None:
        found = queries.holders(act.session, action, store_id=store_id, between=_day(day, zone))
    names = {club.id: club.names for club in clubs.clubs(act.session)}
    view = HoldersPage(
        action=action,
        sentence=translate(action.sentence) if action else "",
        unit=action.unit if action else None,
        store_id=store_id,
        on=day,
        holders=[
            HolderLine(
                staff_id=each.staff_id, name=each.name, role=each.role, role_name=each.role_name,
                may=may_of((each.grant,)), club=names.get(each.grant.club_id or 0),
                per_sale=each.grant.limits.per_sale, per_day=each.grant.limits.per_day,
                percent_bp=each.grant.limits.percent_bp,
                first=each.first, until=each.until, further=each.further,
            )
            for each in found
        ],
        since=queries.kept_since(act.session),
        actions=[Choice(id=each.value, name=translate(each.sentence)) for each in Permission],
        stores=picking.choices(stores),
    )  # fmt: skip
    return act.answer(view, "grants/holders.html")


def _day(day: dt.date, zone: str) -> tuple[dt.datetime, dt.datetime]:
    first = dt.datetime.combine(day, dt.time(), ZoneInfo(zone))
    return first, dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), ZoneInfo(zone))


def _several(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


@router.post("/roles", name="roles.add", status_code=201, response_model=RoleView)
@again(grants_page)
def add_role(act: Ruling, body: NewRole) -> Response:
    """Make a role that holds what another one does, or nothing."""
    code = commands.add_role(act.session, name=body.name, copy_of=body.copy_of, now=act.now, by=act.by)
    return act.done(_role(act, code), f"/grants?role={code}")


@router.patch("/roles/{code}", name="roles.rename", response_model=RoleView)
@again(grants_page)
def rename_role(act: Ruling, code: RoleCode, body: RoleChange) -> Response:
    """Call a role otherwise, or say whether its people need a second factor; those without one then sign in anew."""
    if body.name is not None:
        commands.rename_role(act.session, code, name=body.name, now=act.now, by=act.by)
    if body.second_factor is not None:
        commands.ask_second_factor(act.session, code, asks=body.second_factor, now=act.now, by=act.by)
    return act.done(_role(act, code), f"/grants?role={code}", status=200)


@router.post("/roles/{code}/closures", name="roles.close", status_code=201, response_model=RoleView)
@again(grants_page)
def close_role(act: Ruling, code: RoleCode) -> Response:
    """Give a role to nobody any more; nobody may have it."""
    commands.close_role(act.session, code, now=act.now, by=act.by)
    return act.done(_role(act, code), "/grants")


def _role(act: Act, code: str) -> RoleView:
    row = next((each for each in queries.roles(act.session, active_only=False) if each.code == code), None)
    if row is None:
        raise NotFound(T("There is no such role."))
    return RoleView.model_validate(row, from_attributes=True)
