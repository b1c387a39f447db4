"""Events of the sale's customer, as cashiers record them: a review, an order delivered, a friend brought."""

from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from erp_club.kernel.errors import Refused
from erp_club.permissions.catalog import Permission
from erp_club.programmes.events import commands as events
from erp_club.programmes.events import queries
from erp_club.programmes.events.told import Happened
from erp_club.purchases.baskets import commands
from web.after_sale import find_segments_again
from web.deps import Act, ActRoute, needs
from web.fields import Body, Word
from web.forms import FormState
from web.i18n import say
from web.moments import at_moment
from web.refusals import again
from web.routes.events import EventName, PurchaseId, Subject
from web.routes.till import shown, till_instead, till_page
from web.views.events import TellPage, tell_page_view, told_view, told_words
from web.views.till import TillPage, till_view

router = APIRouter(route_class=ActRoute, tags=["till"])
Telling = Annotated[Act, needs(Permission.EVENTS_TELL, at_till=True)]


class EventAtTill(Body):
    """What happened to the sale's customer: one of their clubs' events, and the purchase or thing that it is about.

    `referred` is the number or card of a friend who was brought.
    """

    event: EventName
    purchase_id: PurchaseId = None
    referred: Word | None = None
    subject: Subject = ""


def tell_page(act: Act, form: FormState) -> Response:
    """The dialog of an event; the till itself where no customer is in the sale."""
    if act.identity.terminal is None or not act.by.may(Permission.EVENTS_TELL):
        return till_page(act, form)
    try:
        view = tell_page_view(act, commands.current_customer(act.session, by=act.by))
    except Refused:
        return till_page(act, form)
    response = act.answer(view, "till/_event.html" if act.htmx else "till/event.html", form=form)
    response.headers["HX-Retarget"] = "#dialog"
    response.headers["HX-Reswap"] = "innerHTML"
    return response


@router.get("/baskets/current/events/new", name="baskets.events.new", response_model=TellPage)
@again(till_instead)
def show_events(act: Telling) -> Response:
    """The events that may be recorded for the sale's customer, and what each gives."""
    commands.current_customer(act.session, by=act.by)
    return tell_page(act, FormState())


@router.post("/baskets/current/events", name="baskets.events.tell", response_model=TillPage)
@again(tell_page)
def tell(act: Telling, body: EventAtTill) -> Response:
    """Record an event of the sale's customer: what their clubs give for it is given, once, and said."""
    session = act.session
    customer_id = commands.current_customer(session, by=act.by)
    purchase = queries.purchase(session, body.purchase_id) if body.purchase_id is not None else None
    friend = queries.person_called(session, body.referred, field="referred") if body.referred else None
    told = events.tell_event(session, Happened(body.event, customer_id, body.subject, purchase, friend), at_moment(act))
    find_segments_again(act, told.customer_id)
    said = told_words(act, told, told_view(act, told))
    return shown(act, till_view(act), toast={"text": say(said), "kind": "ok"})
