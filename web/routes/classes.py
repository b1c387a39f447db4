"""Head office's own fields of a customer: their names, types and choices."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from erp_club.customers.classes import commands, queries
from erp_club.customers.classes.rules import LONGEST, MOST_CHOICES, Choice, ClassField, ClassKind
from erp_club.permissions.catalog import Permission
from web.deps import Act, ActRoute, needs
from web.fields import Body, Line, Storable
from web.forms import FormState
from web.refusals import again
from web.views.customer_labels import called

router = APIRouter(route_class=ActRoute, tags=["classification fields"])
Define = Annotated[Act, needs(Permission.CUSTOMERS_CLASSES)]
Language = Literal["he", "fi", "sv", "en"]
Label = Annotated[str, StringConstraints(max_length=LONGEST), Storable]
FREE_ROWS = 4
"""Empty rows for further choices at the end of a form."""


class ChoiceBody(Body):
    """A value to choose. One without code and labels is left out."""

    code: Line = ""
    labels: dict[Language, Label | None] = {}


class FieldBody(Body):
    """What a field is called, and what can be chosen in it, in their order."""

    labels: dict[Language, Label | None] = {}
    choices: Annotated[list[ChoiceBody], Field(max_length=2 * MOST_CHOICES)] = []


class NewFieldBody(FieldBody):
    """A field: its name in files, segments and JSON, and its type, which both stay."""

    name: Line
    kind: ClassKind


class ChoiceView(BaseModel):
    """A value to choose."""

    code: str
    labels: dict[str, str]


class FieldView(BaseModel):
    """A field, and how many customers have something in it."""

    name: str
    kind: ClassKind
    labels: dict[str, str]
    choices: list[ChoiceView]
    customers: int
    label: str = Field(exclude=True)


class FieldsPage(BaseModel):
    """All fields that are defined; `undefined` are names that files have brought, whose values are texts."""

    fields: list[FieldView]
    undefined: dict[str, int]


class FieldForm(BaseModel):
    """What the form of a field begins with; no `field` for a new one."""

    field: FieldView | None
    free_rows: int = Field(default=FREE_ROWS, exclude=True)


def _view(known: ClassField, customers: int) -> FieldView:
    return FieldView(
        name=known.name,
        kind=known.kind,
        labels=dict(known.labels),
        choices=[ChoiceView(code=each.code, labels=dict(each.labels)) for each in known.choices],
        customers=customers,
        label=called(known.labels, known.name),
    )


def _page(act: Act) -> FieldsPage:
    held = queries.bearers(act.session)
    known = queries.class_fields(act.session)
    return FieldsPage(
        fields=[_view(each, held.get(each.name, 0)) for each in known.values()],
        undefined={name: number for name, number in held.items() if name not in known},
    )


def _field(name: str, kind: ClassKind, body: FieldBody) -> ClassField:
    choices = [Choice(each.code, _said(each.labels)) for each in body.choices if each.code or _said(each.labels)]
    return ClassField(name, kind, _said(body.labels), tuple(choices))


def _said(labels: dict[Language, str | None]) -> dict[str, str]:
    return {language: text for language, text in labels.items() if text}


def fields_page(act: Act, form: FormState) -> Response:
    """The list with what was refused."""
    return act.answer(_page(act), "classes/fields.html", form=form)


@router.get("/classification-fields", name="classes", response_model=FieldsPage)
def fields(act: Define) -> Response:
    """Head office's own fields."""
    return fields_page(act, FormState())


def new_page(act: Act, form: FormState) -> Response:
    """The form of a new field."""
    return act.answer(FieldForm(field=None), "classes/form.html", form=form)


@router.get("/classification-fields/new", name="classes.new", response_model=FieldForm)
def new(act: Define) -> Response:
    """The form of a new field."""
    return new_page(act, FormState())


@router.post("/classification-fields", name="classes.add", status_code=201, response_model=FieldsPage)
@again(new_page)
def add(act: Define, body: NewFieldBody) -> Response:
    """Define a field. It comes last in the forms, where it is shown once the form says so."""
    commands.set_class_field(act.session, _field(body.name, body.kind, body), now=act.now, by=act.by)
    return act.done(_page(act), "/classification-fields")


def edit_page(act: Act, form: FormState) -> Response:
    """The form of a field."""
    known = queries.class_field(act.session, act.request.path_params["name"])
    view = FieldForm(field=_view(known, queries.bearers(act.session).get(known.name, 0)))
    return act.answer(view, "classes/form.html", form=form)


@router.get("/classification-fields/{name}/edit", name="classes.field.form", response_model=FieldForm)
def edit(act: Define, name: str) -> Response:  # noqa: ARG001 - edit_page takes it from the path
    """The form of a field."""
    return edit_page(act, FormState())


@router.put("/classification-fields/{name}", name="classes.field", response_model=FieldsPage)
@again(edit_page)
def change(act: Define, name: str, body: FieldBody) -> Response:
    """Change what a field is called and what can be chosen in it; a choice that somebody has stays."""
    known = queries.class_field(act.session, name)
    commands.set_class_field(act.session, _field(known.name, known.kind, body), now=act.now, by=act.by)
    return act.done(_page(act), "/classification-fields", status=200)


@router.delete("/classification-fields/{name}", name="classes.field.remove", response_model=FieldsPage)
@again(fields_page)
def remove(act: Define, name: str) -> Response:
    """Take a field away that no customer has anything in."""
    commands.remove_class_field(act.session, name, now=act.now, by=act.by)
    return act.done(_page(act), "/classification-fields", status=200)
