"""Whom a customer is close to."""

from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from erp_club.customers.queries import record
from erp_club.customers.relatives import commands
from erp_club.customers.relatives.kinds import RelativeKind
from erp_club.permissions.catalog import Permission
from web.deps import Act, ActRoute, needs
from web.fields import Body, Line, RowId
from web.forms import FormState
from web.refusals import again
from web.views.relatives import RelativesView, relatives_view

router = APIRouter(route_class=ActRoute, tags=["relatives"])
View = Annotated[Act, needs(Permission.CUSTOMERS_VIEW)]
Edit = Annotated[Act, needs(Permission.CUSTOMERS_EDIT)]


class NewRelative(Body):
    """Somebody close: a customer by `number`, or anybody by `name`, with the birthday where it is known."""

    kind: RelativeKind
    number: Line | None = None
    name: Line | None = None
    birthday: Line | None = None


def _region(act: Act, form: FormState, *, status: int = 200) -> Response:
    view = relatives_view(act, int(act.request.path_params["customer_id"]))
    template = "relatives/_relatives.html" if act.htmx else "relatives/relatives.html"
    return act.answer(view, template, form=form, status=status)


@router.get("/customers/{customer_id}/relatives", name="relatives", response_model=RelativesView)
def relatives(act: View, customer_id: RowId) -> Response:
    """Whom the customer is close to, from both sides of a link."""
    record(act.session, customer_id)
    return _region(act, FormState())


@router.post("/customers/{customer_id}/relatives", name="relatives.add", status_code=201, response_model=RelativesView)
@again(_region)
def add_relative(act: Edit, customer_id: RowId, body: NewRelative) -> Response:
    """Keep somebody close to the customer."""
    commands.add_relative(
        act.session,
        customer_id,
        kind=body.kind,
        number=body.number or None,
        name=body.name,
        birthday=body.birthday,
        today=act.today,
        now=act.now,
        by=act.by,
    )
    return _done(act, customer_id, 201)


@router.delete(
    "/customers/{customer_id}/relatives/{relative_no}", name="relatives.remove", response_model=RelativesView
)
@again(_region)
def remove_relative(act: Edit, customer_id: RowId, relative_no: RowId) -> Response:
    """Forget somebody close to the customer."""
    commands.remove_relative(act.session, customer_id, relative_no, now=act.now, by=act.by)
    return _done(act, customer_id, 200)


def _done(act: Act, customer_id: int, status: int) -> Response:
    if act.htmx:
        return _region(act, FormState(), status=status)
    return act.done(relatives_view(act, customer_id), f"/customers/{customer_id}", status=status)
