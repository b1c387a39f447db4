"""The people who work for the chain."""

import datetime as dt
from dataclasses import replace
from typing import Annotated, Literal, cast

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from erp_club.organisation import queries as organisation
from erp_club.permissions import commands, queries
from erp_club.permissions.catalog import Permission
from erp_club.permissions.grants import queries as grants
from erp_club.permissions.workplaces import queries as workplaces
from web import lists
from web import store_picking as picking
from web.deps import Act, ActRoute, needs
from web.fields import Body, Seen, SmallRowId, Storable, Unsaid, Word
from web.forms import FormState
from web.refusals import again
from web.taken_out import taken_out

router = APIRouter(route_class=ActRoute, tags=["staff"])
SECRET_BODY = "the kept hash of a request could be tried against every PIN"  # noqa: S105 - a reason
Language = Literal["he", "fi", "sv", "en"]
Username = Annotated[str, StringConstraints(pattern=r"^\S+$", min_length=1, max_length=40), Storable]
RoleCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
StoreId = Annotated[int, Field(ge=0, le=2**31 - 1)]
Secret = Annotated[str, StringConstraints(max_length=1000, strip_whitespace=False), Storable]


class StaffLine(BaseModel):
    """Somebody; `signed_in_at` is when the latest session began that still holds. `store` is None for all stores.

    `role_name` is the chain's own word for the role; None for one that comes with the product.
    """

    id: int
    username: str
    name: str
    role: str
    role_name: str | None
    store_id: int | None
    store: str | None
    language: str | None
    active: bool
    has_password: bool
    has_pin: bool
    has_factor: bool
    created_at: dt.datetime
    signed_in_at: dt.datetime | None
    version: str


class StoreChoice(BaseModel):
    """A store that a person can belong to."""

    id: int
    code: str
    name: str


class RoleChoice(BaseModel):
    """A role that can be given; `name` is None for one that comes with the product."""

    code: str
    name: str | None


class StaffList(BaseModel):
    """The staff that match, and what they can be filtered by."""

    text: str
    store: int | None
    role: str | None
    active: bool | None
    stores: list[StoreChoice]
    roles: list[RoleChoice]
    state: lists.ListState
    staff: list[StaffLine]


class StaffPage(BaseModel):
    """Somebody, with what their form can choose. `oneself` is whether they are who asks.

    `further` are the ids of the stores in which they work beside their own; `found` those that a search means.
    """

    staff: StaffLine
    stores: list[StoreChoice]
    roles: list[RoleChoice]
    oneself: bool
    further: list[int]
    found: list[int] = Field(exclude=True)


class StaffForm(BaseModel):
    """What the form of a new person can choose."""

    stores: list[StoreChoice]
    roles: list[RoleChoice]


class NewStaff(picking.AtStore):
    """Somebody new. The password is for the back office, the PIN for the tills."""

    username: Username
    name: Word
    role: RoleCode
    language: Language | None = None
    password: Secret | None = None
    pin: Secret | None = None


class StaffChange(picking.AtStore):
    """What to change of somebody; what isn't there stays as it is."""

    version: Seen | None = None
    name: Word = ""
    role: RoleCode = "cashier"
    language: Language | None = None


class NewPassword(Body):
    """A password of 8 characters or more."""

    password: Secret


class NewPin(Body):
    """A PIN of 4 to 8 digits."""

    pin: Secret


def asked(
    text: Annotated[str, Query(max_length=100), Storable] = "",
    store: Annotated[int | None, Query(ge=0, lt=2**31), Unsaid] = None,
    role: Annotated[str | None, Query(max_length=40), Storable, Unsaid] = None,
    active: Annotated[bool | None, Query(), Unsaid] = None,
) -> queries.StaffFilters:
    """The filters in the address."""
    return queries.StaffFilters(text, store, role, active)


Asked = Annotated[queries.StaffFilters, Depends(asked)]
StoreName = Annotated[
    str | None, Query(max_length=100, description="A store by code or name, instead of its id"), Storable, Unsaid
]


def _at_store(act: Act, filters: queries.StaffFilters, store_name: str | None) -> queries.StaffFilters:
    """With the store that somebody has typed. Raises Invalid."""
    if store_name is None:
        return filters
    return replace(filters, store_id=picking.meant(organisation.stores(act.session), store_name, "store_name").id)


@router.get("/staff", name="staff", response_model=StaffList)
def staff(act: Annotated[Act, needs(Permission.STAFF_VIEW)], filters: Asked, store_name: StoreName = None) -> Response:
    """The staff by name or user name, store, role and whether they work."""
    filters = _at_store(act, filters, store_name)
    state = lists.list_state(act.request, sorts=("name",)).counted(queries.count_staff(act.session, filters, by=act.by))
    rows = queries.staff_list(act.session, filters, now=act.now, by=act.by, limit=state.per_page, offset=state.offset)
    alone = act.by.only_store(Permission.STAFF_VIEW) is not None
    view = StaffList(
        text=filters.text,
        store=filters.store_id,
        role=filters.role,
        active=filters.active,
        stores=[] if alone else _stores(act),
        roles=_roles(act),
        state=state,
        staff=[StaffLine.model_validate(row, from_attributes=True) for row in rows],
    )
    return act.answer(view, "staff/_list.html" if act.htmx else "staff/list.html")


_HEADER = ("username", "name", "role", "store", "language", "active", "second_factor", "opened_at")


@router.get("/staff.{suffix}", name="staff.file", responses=lists.FILE_ANSWERS)
def staff_file(
    act: Annotated[Act, needs(Permission.STAFF_VIEW, fresh=True)],
    suffix: Literal["csv", "xlsx"],
    filters: Asked,
    store_name: StoreName = None,
) -> Response:
    """The same people as a file. It is kept who took it."""
    filters = _at_store(act, filters, store_name)
    codes = {store.id: store.code for store in organisation.stores(act.session)}
    rows = queries.staff_list(act.session, filters, now=act.now, by=act.by)
    cells = (
        (
            row.username, row.name, row.role_name or row.role, codes.get(row.store_id or 0), row.language, row.active,
            row.has_factor, row.created_at,
        )
        for row in rows
    )  # fmt: skip
    return taken_out(act, f"staff.{suffix}", _HEADER, cells)


def new_staff_page(act: Act, form: FormState) -> Response:
    """The form of somebody new, without the secrets that were typed."""
    _forget_secrets(form)
    return act.answer(StaffForm(stores=_stores(act), roles=_roles(act)), "staff/new.html", form=form)


@router.get("/staff/new", name="staff.new", response_model=StaffForm)
def new_staff(act: Annotated[Act, needs(Permission.STAFF_EDIT)]) -> Response:
    """The form of somebody new."""
    return new_staff_page(act, FormState())


@router.post("/staff", name="staff.add", status_code=201, response_model=StaffLine)
@again(new_staff_page)
def add_staff(
    act: Annotated[Act, needs(Permission.STAFF_EDIT, keyless=SECRET_BODY, fresh=True)], body: NewStaff
) -> Response:
    """Open a member of staff. A repeat is refused, as the user name is taken."""
    body = picking.with_store(body, organisation.stores(act.session))
    staff_id = commands.add_staff(
        act.session,
        username=body.username,
        name=body.name,
        role=body.role,
        password=body.password,
        pin=body.pin,
        store_id=body.store_id,
        language=body.language,
        now=act.now,
        by=act.by,
    )
    return act.done(_line(act, staff_id), f"/staff/{staff_id}")


def staff_page(act: Act, form: FormState) -> Response:
    """Somebody's page, without the secrets that were typed."""
    _forget_secrets(form)
    line = _line(act, int(act.request.path_params["staff_id"]))
    stores, asked = _stores(act), act.request.query_params
    if "find" in asked:
        form.values = {"find": asked["find"], "stores[]": asked.getlist("stores[]")}
    view = StaffPage(
        staff=line,
        stores=stores,
        found=[each.id for each in picking.found(stores, asked.get("find", ""))[: picking.FOUND]],
        roles=_roles(act),
        oneself=line.id == act.by.staff_id,
        further=workplaces.further_stores(act.session, line.id),
    )
    return act.answer(view, "staff/member.html", form=form)


@router.get("/staff/{staff_id}", name="staff.member", response_model=StaffPage)
def member(
    act: Annotated[Act, needs(Permission.STAFF_VIEW)],
    staff_id: SmallRowId,  # noqa: ARG001 - the page reads it
    find: Annotated[str | None, Query(max_length=200), Storable, Unsaid] = None,  # noqa: ARG001
) -> Response:
    """Somebody's page. `find` is a part of the code or name of a store where they work besides."""
    return staff_page(act, FormState())


@router.patch("/staff/{staff_id}", name="staff.member.edit", response_model=StaffLine)
@again(staff_page)
def edit_staff(
    act: Annotated[Act, needs(Permission.STAFF_EDIT, fresh=True)], staff_id: SmallRowId, body: StaffChange
) -> Response:
    """Change somebody's name, role, store or language. Another role signs them out everywhere."""
    body = picking.with_store(body, organisation.stores(act.session))
    changes = cast("commands.StaffChanges", body.model_dump(exclude_unset=True, exclude={"store_name", "version"}))
    commands.edit_staff(act.session, staff_id, changes, seen=body.version, now=act.now, by=act.by)
    return act.done(_line(act, staff_id), f"/staff/{staff_id}", status=200)


@router.post("/staff/{staff_id}/passwords", name="staff.member.password", status_code=201, response_model=StaffLine)
@again(staff_page)
def set_password(
    act: Annotated[Act, needs(Permission.STAFF_EDIT, keyless=SECRET_BODY, fresh=True)],
    staff_id: SmallRowId,
    body: NewPassword,
) -> Response:
    """Give somebody a new password; they are signed out everywhere."""
    commands.set_password(act.session, staff_id, password=body.password, now=act.now, by=act.by)
    return act.done(_line(act, staff_id), f"/staff/{staff_id}")


@router.post("/staff/{staff_id}/pins", name="staff.member.pin", status_code=201, response_model=StaffLine)
@again(staff_page)
def set_pin(
    act: Annotated[Act, needs(Permission.STAFF_EDIT, keyless=SECRET_BODY, fresh=True)],
    staff_id: SmallRowId,
    body: NewPin,
) -> Response:
    """Give somebody a new PIN; they are signed out at the tills."""
    commands.set_pin(act.session, staff_id, pin=body.pin, now=act.now, by=act.by)
    return act.done(_line(act, staff_id), f"/staff/{staff_id}")


@router.post(
    "/staff/{staff_id}/second-factor-resets", name="staff.member.factor", status_code=201, response_model=StaffLine
)
@again(staff_page)
def reset_factor(
    act: Annotated[Act, needs(Permission.STAFF_RESET_FACTOR, fresh=True)], staff_id: SmallRowId
) -> Response:
    """Take somebody's second factor away, whose phone is lost; they are signed out everywhere."""
    commands.reset_factor(act.session, staff_id, now=act.now, by=act.by)
    return act.done(_line(act, staff_id), f"/staff/{staff_id}")


@router.post(
    "/staff/{staff_id}/deactivations", name="staff.member.deactivate", status_code=201, response_model=StaffLine
)
@again(staff_page)
def deactivate(act: Annotated[Act, needs(Permission.STAFF_EDIT, fresh=True)], staff_id: SmallRowId) -> Response:
    """Switch somebody off; they are signed out everywhere at once."""
    commands.set_staff_active(act.session, staff_id, active=False, now=act.now, by=act.by)
    return act.done(_line(act, staff_id), f"/staff/{staff_id}")


@router.post("/staff/{staff_id}/activations", name="staff.member.activate", status_code=201, response_model=StaffLine)
@again(staff_page)
def activate(act: Annotated[Act, needs(Permission.STAFF_EDIT, fresh=True)], staff_id: SmallRowId) -> Response:
    """Let somebody work again."""
    commands.set_staff_active(act.session, staff_id, active=True, now=act.now, by=act.by)
    return act.done(_line(act, staff_id), f"/staff/{staff_id}")


def _line(act: Act, staff_id: int) -> StaffLine:
    return StaffLine.model_validate(
        queries.staff_member(act.session, staff_id, now=act.now, by=act.by), from_attributes=True
    )


def _stores(act: Act) -> list[StoreChoice]:
    return [StoreChoice(id=store.id, code=store.code, name=store.name) for store in organisation.stores(act.session)]


def _roles(act: Act) -> list[RoleChoice]:
    return [RoleChoice(code=role.code, name=role.name) for role in grants.roles(act.session)]


def _forget_secrets(form: FormState) -> None:
    form.values.pop("password", None)
    form.values.pop("pin", None)
