"""Levels of memberships that people give, and take back."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from erp_club.kernel.text import T, Text
from erp_club.permissions.catalog import Permission
from erp_club.programmes.overrides import commands
from web.deps import Act, ActRoute, needs
from web.fields import Body, Line, RowId, Unsaid, Word
from web.forms import FormState
from web.refusals import again
from web.routes.memberships import changed
from web.views.clubs import MembershipLine, membership_line
from web.views.levels import LevelView

router = APIRouter(route_class=ActRoute, tags=["memberships"])
Give = Annotated[Act, needs(Permission.MEMBERSHIPS_LEVEL)]


class NewLevel(Body):
    """A level from today to `until`, included, or until it is taken back."""

    level: Word
    until: Annotated[dt.date | None, Unsaid] = None
    reason: Line = ""


class GivenLevel(BaseModel):
    """Where the membership stands now."""

    membership_id: int
    customer_id: int
    level: LevelView | None


def level_page(act: Act, form: FormState) -> Response:
    """The form that gives a level."""
    view = membership_line(act, int(act.request.path_params["membership_id"]))
    return act.answer(view, "clubs/_level.html" if act.htmx else "clubs/level.html", form=form)


@router.get("/memberships/{membership_id}/levels/new", name="memberships.level.form", response_model=MembershipLine)
def level_form(act: Give, membership_id: RowId) -> Response:  # noqa: ARG001
    """The form that gives a level."""
    return level_page(act, FormState())


@router.post(
    "/memberships/{membership_id}/levels", name="memberships.level", status_code=201, response_model=GivenLevel
)
@again(level_page)
def give_level(act: Give, membership_id: RowId, body: NewLevel) -> Response:
    """Put a membership on a level from today, whatever was bought."""
    commands.give_level(
        act.session,
        membership_id,
        level=body.level,
        until=body.until,
        reason=body.reason,
        today=act.today,
        now=act.now,
        by=act.by,
    )
    return _changed(act, membership_id, T("The level is given."))


@router.delete("/memberships/{membership_id}/levels", name="memberships.level.back", response_model=GivenLevel)
@again(level_page)
def take_level_back(act: Give, membership_id: RowId) -> Response:
    """Let the membership stand where purchases have brought it."""
    commands.take_level_back(act.session, membership_id, today=act.today, now=act.now, by=act.by)
    return _changed(act, membership_id, T("The level is taken back."))


def _changed(act: Act, membership_id: int, said: Text) -> Response:
    line = membership_line(act, membership_id)
    view = GivenLevel(membership_id=membership_id, customer_id=line.customer_id, level=line.level)
    return changed(act, line.customer_id, view, said)
