"""Registering a purchase that was made without the card, by its receipt."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from erp_club.permissions.catalog import Permission
from erp_club.purchases.baskets import queries as baskets
from erp_club.purchases.quotes.told import Buyer
from erp_club.purchases.registering.commands import register_purchase
from web.after_sale import find_segments_again
from web.basket_bodies import SoldTo
from web.deps import Act, ActRoute, needs
from web.fields import Body, RowId
from web.forms import FormState
from web.refusals import again
from web.routes.returns import place_of_receipt, shown_at
from web.views.registrations import RegistrationPage, RegistrationView, registration_page_view, registration_view

router = APIRouter(route_class=ActRoute, tags=["purchases"])
Registering = Annotated[Act, needs(Permission.SALES_REGISTER)]


class NewRegistration(Body):
    """Whose purchase it was."""

    customer: SoldTo


def registration_page(act: Act, form: FormState) -> Response:
    """The form, as it was filled in."""
    purchase_id = int(act.request.path_params["purchase_id"])
    opened = baskets.opened(act.session, act.terminal.id) if act.identity.terminal else None
    view = registration_page_view(act, purchase_id, customer_id=opened.customer_id if opened else 0)
    return _dialog(act, view, "register", form)


def _dialog(act: Act, view: BaseModel, name: str, form: FormState) -> Response:
    if not act.htmx:
        return act.answer(view, f"returns/{'till_' if act.identity.terminal else ''}{name}.html", form=form)
    response = act.answer(view, f"returns/_{name}.html", form=form)
    response.headers["HX-Retarget"] = "#dialog"
    response.headers["HX-Reswap"] = "innerMorph"
    return response


@router.get(
    "/purchases/{purchase_id}/registrations/new",
    name="purchases.registrations.new",
    response_model=RegistrationPage,
)
def new_registration(act: Registering, purchase_id: RowId) -> Response:  # noqa: ARG001
    """The purchase, and for whom it could be registered."""
    return registration_page(act, FormState())


@router.post(
    "/purchases/{purchase_id}/registrations",
    name="purchases.registrations",
    status_code=201,
    response_model=RegistrationView,
)
@again(registration_page)
def register(act: Registering, purchase_id: RowId, body: NewRegistration) -> Response:
    """Give a member the points of a purchase in which nobody was identified, once, as long as the club lets them."""
    who = Buyer(body.customer.id, body.customer.number, body.customer.card)
    made = register_purchase(act.session, purchase_id, who, place_of_receipt(act, purchase_id, None))
    find_segments_again(act, made.member_id)
    view = registration_view(act, made)
    if act.htmx and act.identity.terminal is not None:
        return _dialog(act, view, "registered", FormState())
    return act.done(view, shown_at(act, purchase_id))
