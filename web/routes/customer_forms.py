"""What the forms of new customers show and need, by where they are filled in."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from erp_club.customers.classes.queries import class_fields
from erp_club.customers.classes.rules import MOST_FIELDS
from erp_club.customers.forms import commands
from erp_club.customers.forms.queries import form_of
from erp_club.customers.forms.rules import FIELDS, FormField, Place
from erp_club.permissions.catalog import Permission
from web.deps import Act, ActRoute, needs
from web.fields import Body, Line
from web.forms import FormState
from web.refusals import again
from web.views.customer_labels import labels

router = APIRouter(route_class=ActRoute, tags=["customer forms"])
Decide = Annotated[Act, needs(Permission.CUSTOMERS_FORM)]
Language = Literal["he", "fi", "sv", "en"]


class FormFieldBody(Body):
    """A field of the form. `position` orders the fields; without it they stand as they are sent."""

    name: Line
    shown: bool = False
    required: bool = False
    position: Annotated[int | None, Field(ge=0, le=1_000)] = None
    help: dict[Language, Line | None] = {}


class FormBody(Body):
    """All fields of a form; what isn't named isn't shown."""

    fields: Annotated[list[FormFieldBody], Field(max_length=2 * (len(FIELDS) + MOST_FIELDS))]


class FormFieldView(BaseModel):
    """A field of the form, and its texts of help by language."""

    name: str
    shown: bool
    required: bool
    help: dict[str, str]


class CustomerFormPage(BaseModel):
    """The form of a place: all fields in its order."""

    place: Place
    fields: list[FormFieldView]
    labels: dict[str, str] = Field(exclude=True)


def _view(act: Act, place: Place) -> CustomerFormPage:
    fields = [
        FormFieldView(name=each.name, shown=each.shown, required=each.required, help=dict(each.help))
        for each in form_of(act.session, place)
    ]
    return CustomerFormPage(place=place, fields=fields, labels=labels(class_fields(act.session).values()))


@router.get("/customer-forms", name="customer_forms", response_model=CustomerFormPage)
def customer_forms(act: Decide) -> Response:
    """The form of the place that one is at."""
    return act.answer(_view(act, act.place), "customer_forms/form.html")


def form_page(act: Act, form: FormState) -> Response:
    """The form with what was refused."""
    place = Place(act.request.path_params["place"])
    return act.answer(_view(act, place), "customer_forms/form.html", form=form)


@router.get("/customer-forms/{place}", name="customer_forms.form", response_model=CustomerFormPage)
def customer_form(act: Decide, place: Place) -> Response:
    """The form of a place."""
    return act.answer(_view(act, place), "customer_forms/form.html")


@router.put("/customer-forms/{place}", name="customer_forms.decide", response_model=CustomerFormPage)
@again(form_page)
def decide(act: Decide, place: Place, body: FormBody) -> Response:
    """Decide what a form shows and needs; it holds from the next opening on."""

    def place_of(numbered: tuple[int, FormFieldBody]) -> int:
        number, each = numbered
        return number if each.position is None else each.position

    form = [
        FormField(
            each.name, each.shown, each.required, {language: text for language, text in each.help.items() if text}
        )
        for _, each in sorted(enumerate(body.fields), key=place_of)
    ]
    commands.set_form(act.session, place, form, now=act.now, by=act.by)
    return act.done(_view(act, place), f"/customer-forms/{place}", status=200)
