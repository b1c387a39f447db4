"""A club's programme: read as sentences, written in a form or as a document, kept as versions."""

import json
from typing import Annotated, Any

from fastapi import APIRouter
from starlette.responses import Response

from erp_club.clubs import errors as club_errors
from erp_club.clubs import queries as clubs
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from erp_club.permissions.catalog import Permission
from erp_club.programmes import commands, documents
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.fee_products.commands import with_product
from web.deps import Act, ActRoute, anyone, needs
from web.fields import SmallRowId
from web.forms import FormState
from web.offer_forms.reading import check_texts, read_text
from web.programme_forms.paths import bare
from web.programme_forms.typed import code_from
from web.programme_reading import read_programme
from web.refusals import again
from web.routes.offers import Schema
from web.scopes import refuse_narrowed, refuse_out_of_reach
from web.views.clubs import club_line
from web.views.programme_form import (
    ProgrammeForm,
    after,
    begun,
    copied,
    edit_form,
    new_form,
    typed_again,
    typed_document,
)
from web.views.programmes import ProgrammePage, programme_page

router = APIRouter(route_class=ActRoute, tags=["programmes"])
Edit = Annotated[Act, needs(Permission.CLUBS_EDIT)]
Document = dict[str, Any]
"""A programme as in /schemas/programme.json, or such a document typed in the field `document`."""


@router.get("/schemas/programme.json", name="programmes.schema", response_model=Schema)
def programme_schema(act: Annotated[Act, anyone("a published format holds no data")]) -> Response:
    """The JSON schema of a programme."""
    body = json.dumps(documents.schema(), ensure_ascii=False, indent=2).encode()
    headers = {"Content-Disposition": 'inline; filename="programme.json"'}
    return act.keep(Response(body, 200, headers, "application/json"))


def new_page(act: Act, form: FormState) -> Response:
    """The form of a new club's programme, with what was typed and refused."""
    view = new_form(act, form, typed_again(form) if form.values else None)
    return act.answer(view, "programmes/new.html", form=form)


@router.get("/programmes/new", name="programmes.new", response_model=ProgrammeForm)
def new(act: Edit, copy: SmallRowId | None = None) -> Response:
    """The guided form of a new club: blank, or with the rules of another one, which keeps its name and its products."""
    if copy is None:
        return new_page(act, FormState())
    refuse_out_of_reach(act.session, Permission.CLUBS_EDIT, {"club_id": str(copy)}, act.by)
    form = FormState()
    return act.answer(new_form(act, form, copied(act, copy)), "programmes/new.html", form=form)


@router.post("/programmes", name="programmes.add", status_code=201, response_model=ProgrammePage)
@again(new_page)
def add(act: Edit, body: Document) -> Response:
    """Set up a club by its programme, as a draft that nobody can join yet."""
    refuse_narrowed(act.by, Permission.CLUBS_EDIT)
    read = said_programme(body)
    free = clubs.free_code(act.session, read.code)
    if free != read.code:
        # A code that the form has made of the name gets a number; one that somebody typed is theirs to change.
        if not body.get("form") or read.code != code_from(read.names):
            raise club_errors.code_taken(free)
        read = read.model_copy(update={"code": free})
    loaded = _load(act, _sold(act, read, body))
    return act.done(programme_page(act, loaded.club_id, FormState()), f"/clubs/{loaded.club_id}/programme")


@router.post("/programmes/previews", name="programmes.preview", response_model=ProgrammeForm)
def preview(
    act: Annotated[Act, needs(Permission.CLUBS_EDIT, keyless="it only draws the form again and keeps nothing")],
    body: Document,
) -> Response:
    """The form after one of its buttons, and the sentences of what can be read so far."""
    club_id = str(body.get("club_id", ""))
    known = club_id.isascii() and club_id.isdecimal() and len(club_id) < 10
    refuse_out_of_reach(act.session, Permission.CLUBS_EDIT, {"club_id": club_id}, act.by)
    document, _ = typed_document(body)
    form = FormState()
    before, document = document, after(document, str(body.get("do", "")))
    view = edit_form(act, form, int(club_id), document) if known else new_form(act, form, document)
    view = begun(view, str(body.get("do", "")), before)
    whole = "programmes/edit.html" if known else "programmes/new.html"
    return act.answer(view, "programmes/_editor.html" if act.htmx else whole, form=form)


@router.get("/clubs/{club_id}/programme/edit", name="programmes.form", response_model=ProgrammeForm)
def edit(act: Edit, club_id: SmallRowId) -> Response:
    """The guided form of a club's programme as it stands."""
    form = FormState()
    return act.answer(edit_form(act, form, club_id), "programmes/edit.html", form=form)


def page(act: Act, form: FormState) -> Response:
    """The programme's page, or its form, with what was typed and refused."""
    if form.values.get("form"):
        view = edit_form(act, form, int(act.request.path_params["club_id"]), typed_again(form))
        return act.answer(view, "programmes/edit.html", form=form)
    view = programme_page(act, int(act.request.path_params["club_id"]), form)
    return act.answer(view, "programmes/programme.html", form=form)


View = Annotated[Act, needs(Permission.CLUBS_VIEW)]


@router.get("/clubs/{club_id}/programme", name="programmes.programme", response_model=ProgrammePage)
def programme(act: View, club_id: SmallRowId, version: SmallRowId | None = None) -> Response:
    """The club's programme in plain sentences, its versions, and the document; of a version, what it has changed."""
    form = FormState()
    return act.answer(programme_page(act, club_id, form, version), "programmes/programme.html", form=form)


@router.get("/clubs/{club_id}/programme.json", name="programmes.programme.file", response_model=Document)
def programme_file(act: View, club_id: SmallRowId) -> Response:
    """The latest version as a file that `erp-club programme load`, or the page of a new club, takes."""
    made = programme_page(act, club_id, FormState())
    headers = {"Content-Disposition": f'attachment; filename="{made.club.code}.json"'}
    return act.keep(Response(made.as_json.encode(), 200, headers, "application/json"))


@router.post(
    "/clubs/{club_id}/programme", name="programmes.programme.load", status_code=201, response_model=ProgrammePage
)
@again(page)
def load(act: Edit, club_id: SmallRowId, body: Document) -> Response:
    """Let another version hold from its day on: what was earned keeps its terms."""
    read = said_programme(body)
    if read.code != club_line(act, club_id).code:
        raise Invalid([FieldError("code", T("This is the programme of another club."))])
    _load(act, _sold(act, read, body))
    return act.done(programme_page(act, club_id, FormState()), f"/clubs/{club_id}/programme")


def _sold(act: Act, read: Programme, body: Document) -> Programme:
    """With a product for its fees where the form was sent without one, by somebody who may open it."""
    if not body.get("form") or not act.by.may(Permission.CATALOGUE_EDIT):
        return read
    return with_product(act.session, read, language=act.chain.language, now=act.now, by=act.by)


def said_programme(body: Document) -> Programme:
    """The programme that a body says: in the form's fields, as text, or itself."""
    if body.get("form"):
        return _typed(body)
    check_texts(body)
    return read_programme(read_text(body["document"]) if isinstance(body.get("document"), str) else body)


def _typed(body: Document) -> Programme:
    """What is typed in the form. Raises Invalid with all that is wrong there, each told once."""
    document, unread = typed_document(body)
    faults = list(unread.fields) if unread else []
    if not document.get("code"):
        # A code is made of a name in Latin or Hebrew letters, which not every name has.
        faults.append(FieldError("code" if document.get("names") else "names", T("This field is required.")))
        document = {**document, "code": "CLUB", "names": document.get("names") or {"en": "Club"}}
    told = {each.field for each in faults}
    try:
        read = read_programme(bare(document))
    except Invalid as wrong:
        raise Invalid([*faults, *(each for each in wrong.fields if each.field not in told)]) from wrong
    if faults:
        raise Invalid(faults)
    return read


def _load(act: Act, read: Programme) -> commands.Loaded:
    return commands.load_programme(
        act.session,
        read,
        currency=act.chain.currency,
        language=act.chain.language,
        today=act.today,
        now=act.now,
        by=act.by,
    )
