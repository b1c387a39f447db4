"""What was locked after wrong tries, and letting it try again."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from erp_club.kernel.errors import NotFound
from erp_club.kernel.text import T
from erp_club.permissions.catalog import Permission
from erp_club.permissions.tries import commands, queries
from erp_club.permissions.tries.kinds import Kind
from web import lists
from web.deps import Act, ActRoute, needs
from web.fields import RowId

router = APIRouter(route_class=ActRoute, tags=["staff"])


class LockoutLine(BaseModel):
    """A lock. `staff` is None for a name that nobody has, and where no name was locked but a place.

    `until` is None where nothing was locked: many tills tried numbers, and this only says so.
    """

    id: int
    kind: Kind
    staff_id: int | None
    staff: str | None
    store: str | None
    till_number: int | None
    till: str | None
    address: str | None
    at: dt.datetime
    until: dt.datetime | None
    opened_at: dt.datetime | None
    opened_by: str | None
    holds: bool


class LockoutList(BaseModel):
    """The locks of the last 90 days, the latest first."""

    state: lists.ListState
    lockouts: list[LockoutLine]


def lockouts_page(act: Act) -> LockoutList:
    """The locks that the reader may see: a manager those of the own store."""
    store_id = _only_store(act, Permission.STAFF_VIEW)
    state = lists.list_state(act.request, sorts=("at",), direction="desc")
    state = state.counted(queries.count_lockouts(act.session, store_id=store_id))
    rows = queries.lockouts(act.session, store_id=store_id, limit=state.per_page, offset=state.offset)
    return LockoutList(state=state, lockouts=[_line(row, act.now) for row in rows])


@router.get("/lockouts", name="lockouts", response_model=LockoutList)
def lockouts(act: Annotated[Act, needs(Permission.STAFF_VIEW)]) -> Response:
    """Names and places that were locked after wrong tries."""
    return act.answer(lockouts_page(act), "lockouts/_lockouts.html" if act.htmx else "lockouts/lockouts.html")


@router.post("/lockouts/{lockout_id}/openings", name="lockouts.open", status_code=201, response_model=LockoutList)
def open_lockout(act: Annotated[Act, needs(Permission.STAFF_UNLOCK)], lockout_id: RowId) -> Response:
    """Let a locked name or place try again before its time; a manager those of the own store."""
    store_id = _only_store(act, Permission.STAFF_UNLOCK)
    if store_id is not None and not queries.is_of_store(act.session, lockout_id, store_id=store_id):
        raise NotFound(T("There is no such lock."))
    commands.open_again(act.session, lockout_id, now=act.now, by=act.by)
    return act.done(lockouts_page(act), "/lockouts")


def _only_store(act: Act, permission: Permission) -> int | None:
    only = act.by.only_store(permission)
    return act.by.store_id if only is None else only


def _line(row: queries.LockoutRow, now: dt.datetime) -> LockoutLine:
    holds = row.opened_at is None and row.until is not None and row.until > now
    return LockoutLine.model_validate({**_fields(row), "holds": holds})


def _fields(row: queries.LockoutRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__}
