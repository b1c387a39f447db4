"""Points changed by hand, and that undone."""

import json
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, Field, StringConstraints
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from erp_club.clubs.adjustments import commands
from erp_club.clubs.units.queries import unit_of_account
from erp_club.kernel.text import T, Text
from erp_club.permissions.catalog import Permission
from erp_club.points import queries
from erp_club.points.units import Unit
from web.declared import BIG_POINTS, Fresh
from web.deps import Act, ActRoute, needs
from web.fields import Body, InUnits, PointsNumber, RowId, Storable, parts_of
from web.forms import FormState
from web.i18n import say
from web.refusals import again
from web.views.points import history_view

router = APIRouter(route_class=ActRoute, tags=["points"])
Adjust = Annotated[Act, needs(Permission.POINTS_ADJUST)]
Changing = Annotated[Act, needs(Permission.POINTS_ADJUST, fresh=Fresh.BIG)]
Description = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=200), Storable]
MOST = 1_000_000_000


def _something(points: Decimal) -> Decimal:
    if not points:
        raise PydanticCustomError("missing", "points that aren't 0")
    return points


class PointsChange(Body):
    """How many points to add, or below zero to take, and why."""

    points: Annotated[PointsNumber, Field(ge=-MOST, le=MOST), AfterValidator(_something)]
    description: Description
    in_units: InUnits = False


class PointsUndoing(Body):
    """Why the change is undone."""

    description: Description


class AdjustForm(BaseModel):
    """The account, its balance, and the change that is undone, if one is."""

    account_id: int
    customer_id: int
    balance: int
    unit: Unit
    undoes: int | None = None


class AdjustedView(BaseModel):
    """The movement that was written, and the balance after it."""

    account_id: int
    seq: int
    points: int
    balance: int
    unit: Unit


def adjust_page(act: Act, form: FormState) -> Response:
    """The form of a change, or of undoing the one that the address names."""
    row = queries.account(act.session, int(act.request.path_params["account_id"]))
    seq = act.request.path_params.get("seq")
    view = AdjustForm(
        account_id=row.account_id,
        customer_id=row.customer_id,
        balance=row.balance,
        unit=unit_of_account(act.session, row.account_id),
        undoes=int(seq) if seq is not None else None,
    )
    return act.answer(view, "points/_adjust.html" if act.htmx else "points/adjust.html", form=form)


@router.get("/points-accounts/{account_id}/adjustments/new", name="points.adjust.form", response_model=AdjustForm)
def adjust_form(act: Adjust, account_id: RowId) -> Response:  # noqa: ARG001
    """The form of a change by hand."""
    return adjust_page(act, FormState())


@router.post(
    "/points-accounts/{account_id}/adjustments", name="points.adjust", status_code=201, response_model=AdjustedView
)
@again(adjust_page)
def adjust(act: Changing, account_id: RowId, body: PointsChange) -> Response:
    """Change a balance by hand. Beyond the person's limit: 403 `approval-required`; a big one: `proof-needed`."""
    unit = unit_of_account(act.session, account_id)
    points = parts_of(body.points, unit, in_units=body.in_units)
    if abs(points) > BIG_POINTS * unit.scale:
        act.ask_who()
    made = commands.adjust_by_hand(
        act.session,
        account_id,
        points,
        description=body.description,
        today=act.today,
        now=act.now,
        by=act.by,
    )
    return _changed(act, account_id, made, T("The points are changed."))


@router.get(
    "/points-accounts/{account_id}/adjustments/{seq}/reversals/new",
    name="points.adjust.undo.form",
    response_model=AdjustForm,
)
def undo_form(act: Adjust, account_id: RowId, seq: RowId) -> Response:  # noqa: ARG001
    """The form that undoes a change by hand."""
    return adjust_page(act, FormState())


@router.post(
    "/points-accounts/{account_id}/adjustments/{seq}/reversals",
    name="points.adjust.undo",
    status_code=201,
    response_model=AdjustedView,
)
@again(adjust_page)
def undo(act: Changing, account_id: RowId, seq: RowId, body: PointsUndoing) -> Response:
    """Undo a change by hand with a movement that reverses it."""
    unit = unit_of_account(act.session, account_id)
    if abs(queries.points_of(act.session, account_id, seq)) > BIG_POINTS * unit.scale:
        act.ask_who()
    made = commands.undo_adjustment(
        act.session, account_id, seq, description=body.description, today=act.today, now=act.now, by=act.by
    )
    return _changed(act, account_id, made, T("The change is undone."))


def _changed(act: Act, account_id: int, made: commands.Adjusted, said: Text) -> Response:
    if not act.htmx:
        view = AdjustedView(
            account_id=account_id,
            seq=made.seq,
            points=made.points,
            balance=made.balance,
            unit=unit_of_account(act.session, account_id),
        )
        return act.done(view, f"/points-accounts/{account_id}/movements")
    triggers = json.dumps({"dialogclose": True, "toast": {"text": say(said), "kind": "ok"}})
    view = history_view(act, made.customer_id, account_id=account_id)
    headers: dict[str, Any] = {"HX-Trigger": triggers}
    return act.answer(view, "points/_history.html", status=201, **headers)
