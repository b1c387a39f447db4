"""Events that shops and people tell of a member: a review approved, an order delivered, a friend brought."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, StringConstraints
from starlette.responses import Response

from erp_club.customers.models import UNIDENTIFIED
from erp_club.permissions.catalog import Permission
from erp_club.programmes.events import commands, errors, queries
from erp_club.programmes.events.queries import Named
from erp_club.programmes.events.told import Happened, Of
from erp_club.purchases.registering.queries import registered_for
from web.after_sale import find_segments_again
from web.basket_bodies import SoldTo
from web.deps import Act, ActRoute, needs
from web.fields import Body, RowId, Unsaid
from web.forms import FormState
from web.moments import at_moment
from web.refusals import again
from web.views.events import EventsPage, ToldView, events_page_view, told_view

router = APIRouter(route_class=ActRoute, tags=["points"])
Telling = Annotated[Act, needs(Permission.EVENTS_TELL)]
EventName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,49}$"), Field(description="As the club's rules name it")
]
Subject = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{0,100}$")]
PurchaseId = Annotated[int | None, Field(ge=1, le=2**63 - 1), Unsaid]
_DIGITS = 18


class NewEvent(Body):
    """What happened to whom: to a customer, or to whoever made a purchase. A referral names who was brought.

    `subject` is the shop's own name of what it is about, where that is no purchase; what a rule gives once for each
    thing it gives once for this.
    """

    event: EventName
    customer: SoldTo | None = None
    purchase_id: PurchaseId = None
    referred: SoldTo | None = None
    subject: Subject = ""


def events_page(act: Act, form: FormState) -> Response:
    """The customer's events, with the form as it was filled in."""
    said = act.request.path_params.get("customer_id") or form.values.get("customer.id")
    known = str(said) if said is not None else ""
    if not (known.isascii() and known.isdigit() and len(known) <= _DIGITS):
        raise errors.nobody()
    view = events_page_view(act, int(known))
    return act.answer(view, "events/_events.html" if act.htmx else "events/events.html", form=form)


@router.get("/customers/{customer_id}/events", name="events.of_customer", response_model=EventsPage)
def events(act: Telling, customer_id: RowId) -> Response:  # noqa: ARG001
    """The latest events of a customer and what they gave, and which can be told."""
    return events_page(act, FormState())


@router.post("/events", name="events.tell", status_code=201, response_model=ToldView)
@again(events_page)
def tell(act: Telling, body: NewEvent) -> Response:
    """Tell of an event: what the customer's clubs give for it is given, once, and points that waited can be used."""
    session = act.session
    purchase = queries.purchase(session, body.purchase_id) if body.purchase_id is not None else None
    if body.customer is not None:
        customer_id = queries.person(session, _named(body.customer), field="customer")
    elif purchase is None:
        raise errors.nobody()
    else:
        customer_id = _buyer(act, purchase)
    friend = None if body.referred is None else queries.person(session, _named(body.referred), field="referred")
    what = Happened(body.event, customer_id, body.subject, purchase, friend)
    told = commands.tell_event(session, what, at_moment(act))
    find_segments_again(act, told.customer_id)
    return act.done(told_view(act, told), f"/customers/{told.customer_id}/events")


def _named(who: SoldTo) -> Named:
    return Named(who.id, who.number, who.card)


def _buyer(act: Act, purchase: Of) -> int:
    """Whose purchase it is, also where it was registered afterwards."""
    if purchase.customer_id != UNIDENTIFIED:
        return purchase.customer_id
    member = registered_for(act.session, purchase.id)
    if member is None:
        raise errors.of_nobody()
    return member.id
