"""A club's programme: read as sentences, written as a document, kept as versions."""

import json
from typing import Annotated, Any

from fastapi import APIRouter
from starlette.responses import Response

from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from erp_club.permissions.catalog import Permission
from erp_club.programmes import commands, documents
from web.deps import Act, ActRoute, anyone, needs
from web.fields import SmallRowId
from web.forms import FormState
from web.offer_forms.reading import check_texts, read_text
from web.programme_reading import read_programme
from web.refusals import again
from web.routes.offers import Schema
from web.views.clubs import club_line
from web.views.programmes import ProgrammePage, programme_page

router = APIRouter(route_class=ActRoute, tags=["programmes"])
Document = dict[str, Any]
"""A programme as in /schemas/programme.json, or such a document typed in the field `document`."""


@router.get("/schemas/programme.json", name="programmes.schema", response_model=Schema)
def programme_schema(act: Annotated[Act, anyone("a published format holds no data")]) -> Response:
    """The JSON schema of a programme."""
    body = json.dumps(documents.schema(), ensure_ascii=False, indent=2).encode()
    headers = {"Content-Disposition": 'inline; filename="programme.json"'}
    return act.keep(Response(body, 200, headers, "application/json"))


def page(act: Act, form: FormState) -> Response:
    """The programme's page, with what was typed and refused."""
    view = programme_page(act, int(act.request.path_params["club_id"]), form)
    return act.answer(view, "programmes/programme.html", form=form)


@router.get("/clubs/{club_id}/programme", name="programmes.programme", response_model=ProgrammePage)
def programme(act: Annotated[Act, needs(Permission.CLUBS_VIEW)], club_id: SmallRowId) -> Response:  # noqa: ARG001
    """The club's programme in plain sentences, its versions, and the document."""
    return page(act, FormState())


@router.post(
    "/clubs/{club_id}/programme", name="programmes.programme.load", status_code=201, response_model=ProgrammePage
)
@again(page)
def load(act: Annotated[Act, needs(Permission.CLUBS_EDIT)], club_id: SmallRowId, body: Document) -> Response:
    """Let another version hold from its day on: what was earned keeps its terms."""
    check_texts(body)
    said = read_text(body["document"]) if isinstance(body.get("document"), str) else body
    read = read_programme(said)
    if read.code != club_line(act, club_id).code:
        raise Invalid([FieldError("code", T("This is the programme of another club."))])
    commands.load_programme(
        act.session,
        read,
        currency=act.chain.currency,
        language=act.chain.language,
        today=act.today,
        now=act.now,
        by=act.by,
    )
    return act.done(programme_page(act, club_id, FormState()), f"/clubs/{club_id}/programme")
