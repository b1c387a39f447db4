"""What if: past receipts replayed under another programme of a club, beside the version in force."""

from typing import Annotated, Any

from fastapi import APIRouter
from starlette.responses import Response

from erp_club.jobs import queue, what_if
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from erp_club.permissions.catalog import Permission
from erp_club.reports import what_if_runs
from web.deps import Act, ActRoute, needs
from web.fields import Body, RowId, SmallRowId, Word
from web.forms import FormState
from web.refusals import again
from web.routes.programmes import page, said_programme
from web.views.clubs import club_line
from web.views.what_ifs import WhatIfView, member_view, what_if_view

router = APIRouter(route_class=ActRoute, tags=["programmes"])
Edit = Annotated[Act, needs(Permission.CLUBS_EDIT)]
Document = dict[str, Any]
"""A programme as in /schemas/programme.json, such a document typed in the field `document`, or the form's fields."""


class OneMember(Body):
    """Whose past year is looked at: the customer's number."""

    number: Word


@router.post("/clubs/{club_id}/what-ifs", name="programmes.what_if.add", status_code=201, response_model=WhatIfView)
@again(page)
def ask(act: Edit, club_id: SmallRowId, body: Document) -> Response:
    """Ask what this programme would have given in the past, beside the version in force. The club stays as it is."""
    tried = said_programme(body)
    if tried.code != club_line(act, club_id).code:
        raise Invalid([FieldError("code", T("This is the programme of another club."))])
    run_id = what_if_runs.ask(act.session, club_id, tried, currency=act.chain.currency, now=act.now, by=act.by)
    what_if.start(act.session, run_id, today=act.today, now=act.now, by=act.by)
    queue.nudge(act.session)
    return act.done(what_if_view(act, run_id), f"/what-ifs/{run_id}")


def what_if_page(act: Act, form: FormState) -> Response:
    """The replay, with the number of a member as it was typed."""
    view = what_if_view(act, int(act.request.path_params["what_if_id"]))
    return act.answer(view, "what_ifs/_what_if.html" if act.htmx else "what_ifs/what_if.html", form=form)


@router.get("/what-ifs/{what_if_id}", name="programmes.what_if", response_model=WhatIfView)
def show(act: Edit, what_if_id: RowId) -> Response:
    """A replay as it stands: how far it is, or what came out."""
    view = what_if_view(act, what_if_id)
    if view.open:
        # Whoever looks at a run that a process left behind lets another one take it up.
        what_if.start(act.session, what_if_id, today=act.today, now=act.now, by=act.by)
        queue.nudge(act.session)
    return act.answer(view, "what_ifs/_what_if.html" if act.htmx else "what_ifs/what_if.html")


@router.post("/what-ifs/{what_if_id}/members", name="programmes.what_if.member", response_model=WhatIfView)
@again(what_if_page)
def look_at_member(
    act: Annotated[Act, needs(Permission.CLUBS_EDIT, keyless="it only replays receipts and keeps nothing")],
    what_if_id: RowId,
    body: OneMember,
) -> Response:
    """One member's past year, receipt by receipt, under both programmes."""
    view = member_view(act, what_if_id, body.number)
    return act.answer(view, "what_ifs/_what_if.html" if act.htmx else "what_ifs/what_if.html")
