"""Everything held about a person, and taking it out for good."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from erp_club.customers.commands import record_look
from erp_club.customers.queries import record
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from erp_club.people.access.queries import access_file
from erp_club.people.erasure.commands import erase_customer
from erp_club.permissions.catalog import Permission
from web.deps import Act, ActRoute, needs, wants_html
from web.fields import Body, Line, RowId
from web.forms import FormState
from web.refusals import again
from web.views.people import AccessFile, ErasurePage, erasure_page

router = APIRouter(route_class=ActRoute, tags=["people"])
Erase = Annotated[Act, needs(Permission.PEOPLE_ERASE)]
Access = Annotated[Act, needs(Permission.PEOPLE_ACCESS, fresh=True)]


class NewErasure(Body):
    """The customer's number, typed once more, and the points that were shown."""

    number: Line
    points: Annotated[int, Field(ge=0, le=2**63 - 1)]


class Erased(BaseModel):
    """Whose row is empty now."""

    customer_id: int


def form_page(act: Act, form: FormState) -> Response:
    """What goes and what stays, with the form that does it."""
    view = erasure_page(act, int(act.request.path_params["customer_id"]))
    return act.answer(view, "people/erase.html", form=form)


@router.get("/customers/{customer_id}/access-file", name="people.access_file", response_model=AccessFile)
def access(act: Access, customer_id: RowId, file: bool = False) -> Response:
    """Everything that is held about the person, to read and to print, or as a `file` to hand over."""
    rows = access_file(act.session, customer_id, others=act.may(Permission.CUSTOMERS_VIEW))
    view = AccessFile(customer_id=customer_id, rows=rows)
    record_look(act.session, customer_id, now=act.now, by=act.by)
    if wants_html(act.request) and not file:
        return act.answer(view, "people/access.html")
    headers = {"Content-Disposition": f'attachment; filename="customer-{customer_id}.json"'}
    return act.keep(Response(view.model_dump_json(indent=1).encode(), 200, headers, "application/json"))


@router.get("/customers/{customer_id}/erasures/new", name="people.erase.form", response_model=ErasurePage)
def erase_form(act: Erase, customer_id: RowId) -> Response:  # noqa: ARG001
    """What erasing the customer takes, what stays for the books, and what stands in the way."""
    return form_page(act, FormState())


@router.post("/customers/{customer_id}/erasures", name="people.erase", status_code=201, response_model=Erased)
@again(form_page)
def erase(act: Erase, customer_id: RowId, body: NewErasure) -> Response:
    """Take the person out of everything, for good; amounts stay for the books."""
    if body.number.strip() != record(act.session, customer_id).number:
        raise Invalid([FieldError("number", T("This isn't the customer's number. Type it as it stands above."))])
    erase_customer(act.session, customer_id, points=body.points, today=act.today, now=act.now, by=act.by)
    return act.done(Erased(customer_id=customer_id), "/customers")
