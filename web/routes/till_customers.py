"""The customer of a sale at the till: identified, opened and joined to clubs on the spot."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from erp_club.birthday.grants.commands import grant_to
from erp_club.cards.commands import hand_out_card
from erp_club.clubs.queries import clubs
from erp_club.customers.duplicates.commands import open_new_customer
from erp_club.customers.fields import CustomerFields
from erp_club.customers.scans import scanned
from erp_club.permissions import errors
from erp_club.permissions.catalog import Permission
from erp_club.programmes.engine.places import Doing
from erp_club.programmes.events.queries import person_called
from erp_club.programmes.needs.queries import giving
from erp_club.programmes.queries import clubs_not_doing, joining_lengths, joining_prices
from erp_club.programmes.welcoming.commands import Welcome, welcome
from erp_club.purchases.baskets import commands, memberships
from erp_club.purchases.fees.joining import Day
from erp_club.purchases.fees.unsold import join_household
from erp_club.purchases.places import where_of
from web.deps import Act, ActRoute, needs
from web.fields import Body, ChosenMonths, Line, Word
from web.forms import FormState
from web.home_store import at_home
from web.refusals import again
from web.routes.customers import Confirmed, CustomerBody
from web.routes.till import AtTill, shown, till_page
from web.views.customer_labels import ClassFieldView
from web.views.customers import Choice, FormFieldLine, Person, form_view, scanned_form
from web.views.duplicates import Candidates, refused_candidates
from web.views.panel import PricedClub, lengths_view
from web.views.till import TillPage, till_view

router = APIRouter(route_class=ActRoute, tags=["till"])
ClubId = Annotated[int, Field(ge=1, le=2**31 - 1)]
Opening = Annotated[Act, needs(Permission.CUSTOMERS_OPEN, at_till=True)]
Offering = Annotated[
    Act, needs(Permission.CUSTOMERS_OPEN, at_till=True, keyless="it draws the dialog and keeps nothing")
]


class Buyer(Body):
    """Who buys."""

    customer_id: Annotated[int, Field(ge=1, le=2**63 - 1)]


class Joining(Body):
    """The club that the sale's customer joins, and whose household, by number or card, where it is to share one.

    `months` where another length than the usual one was chosen.
    """

    club_id: ClubId
    household_of: Word | None = None
    months: ChosenMonths | None = None


class OfferedCustomer(Body):
    """What nobody was found by, for the dialog to begin with; `id_zone` are the lines of a document."""

    phone: Line = ""
    given_name: Line = ""
    family_name: Line = ""
    id_zone: Line = ""


class NewCustomer(CustomerBody):
    """Somebody new, the card they were handed, and the clubs they join, each by its id: `{"1": true}`.

    `months` by the club's id where another length than the usual one was chosen.
    `id_zone` are the lines of the passport that a scan has filled in the form from.
    """

    id_zone: Line | None = None
    card: Line | None = None
    clubs: Annotated[dict[ClubId, bool], Field(max_length=100)] = {}
    months: Annotated[dict[ClubId, ChosenMonths | None], Field(max_length=100)] = {}
    confirmed_not: Confirmed = []


class NewCustomerPage(BaseModel):
    """The dialog of opening a customer: what is known already, the fields of the form, and the clubs to join.

    `fresh` where nobody has seen it yet, so that the first club that costs nothing is ticked.
    """

    person: Person
    fields: list[FormFieldLine]
    stores: list[Choice]
    country: str
    countries: list[tuple[str, str]] = Field(exclude=True)
    calling_code: str = Field(exclude=True)
    id_kinds: tuple[str, ...]
    wordings: dict[str, str]
    classes: dict[str, ClassFieldView]
    labels: dict[str, str] = Field(exclude=True)
    clubs: list[PricedClub]
    candidates: Candidates
    fresh: bool = Field(exclude=True)


@router.put("/baskets/current/customer", name="baskets.customer", response_model=TillPage)
@again(till_page)
def set_customer(act: AtTill, body: Buyer) -> Response:
    """Identify the customer of the sale."""
    commands.set_customer(act.session, body.customer_id, now=act.now, by=act.by)
    return shown(act, till_view(act))


@router.delete("/baskets/current/customer", name="baskets.customer.remove", response_model=TillPage)
@again(till_page)
def remove_customer(act: AtTill) -> Response:
    """Make it a sale to an unknown customer again."""
    commands.remove_customer(act.session, now=act.now, by=act.by)
    return shown(act, till_view(act))


@router.post("/baskets/current/memberships", name="baskets.join", response_model=TillPage)
@again(till_page)
def join(act: Annotated[Act, needs(Permission.MEMBERSHIPS_JOIN, at_till=True)], body: Joining) -> Response:
    """Let the sale's customer join a club; the sale earns by it already."""
    customer_id = commands.current_customer(act.session, by=act.by)
    if body.household_of is None:
        memberships.join_of_buyer(
            act.session, body.club_id, act.terminal, months=body.months, today=act.today, now=act.now, by=act.by
        )
    else:
        main_id = person_called(act.session, body.household_of, field="household_of")
        day = Day(act.today, act.now, act.by, where_of(act.terminal))
        join_household(act.session, customer_id, body.club_id, main_id, day=day)
    grant_to(act.session, customer_id, giving(act.today, act.now, act.by))
    welcome(act.session, customer_id, Welcome(act.today, act.now, act.by))
    return shown(act, till_view(act))


def _new_customer_page(
    act: Act,
    form: FormState,
    *,
    phone: str = "",
    given_name: str = "",
    family_name: str = "",
    fresh: bool = False,
) -> Response:
    closed = clubs_not_doing(act.session, Doing.JOINING, where_of(act.terminal), on=act.today)
    prices, lengths = joining_prices(act.session, on=act.today), joining_lengths(act.session, on=act.today)
    open_clubs = [
        PricedClub(
            club_id=club.id,
            names=club.names,
            joining_minor=prices.get(club.id, 0),
            lengths=lengths_view(lengths, club.id),
        )
        for club in clubs(act.session)
        if club.state == "published" and club.id not in closed
    ]
    person = Person(mobile=phone or None, given_name=given_name, family_name=family_name)
    known = refused_candidates(act, form, at_till=True)
    view = NewCustomerPage(
        **dict(form_view(act, person)), clubs=open_clubs, candidates=known, fresh=fresh or not form.values
    )
    return act.answer(view, "till/_new_customer.html" if act.htmx else "till/new_customer.html", form=form)


def new_customer_again(act: Act, form: FormState) -> Response:
    """The dialog with what was typed and what was wrong."""
    if act.identity.terminal is None or not act.by.may(Permission.CUSTOMERS_OPEN):
        return till_page(act, form)
    return _new_customer_page(act, form)


@router.get("/baskets/current/customers/new", name="baskets.customers.new", response_model=NewCustomerPage)
def show_new_customer(act: Opening) -> Response:
    """The dialog of opening a customer in the sale."""
    return _new_customer_page(act, FormState())


@router.post("/baskets/current/customers/offers", name="baskets.customers.offer", response_model=NewCustomerPage)
@again(new_customer_again)
def offer_new_customer(act: Offering, body: OfferedCustomer) -> Response:
    """The same with what nobody was found by; a POST, as no phone, name or ID stands in an address."""
    if body.id_zone:
        return _scanned(act, CustomerFields(id_number=body.id_zone), fresh=True)
    return _new_customer_page(act, FormState(), **body.model_dump(exclude={"id_zone"}))


@router.post("/baskets/current/customers/scans", name="baskets.customers.scan", response_model=NewCustomerPage)
@again(new_customer_again)
def scan_new(act: Offering, body: NewCustomer) -> Response:
    """Fill in the dialog from the lines of a passport in `id_number`; what was typed stays."""
    return _scanned(
        act, CustomerFields(**body.model_dump(exclude={"card", "clubs", "months", "confirmed_not", "classes"}))
    )


def _scanned(act: Act, typed: CustomerFields, *, fresh: bool = False) -> Response:
    """The dialog as the lines of a document in `id_number` fill it in."""
    return _new_customer_page(act, scanned_form(act, scanned(typed, today=act.today)), fresh=fresh)


@router.post("/baskets/current/customers", name="baskets.customers.open", response_model=TillPage)
@again(new_customer_again)
def open_new(act: Opening, body: NewCustomer) -> Response:
    """Open a customer, join the clubs and identify them in the sale, all or nothing."""
    joins = [club_id for club_id, wanted in body.clubs.items() if wanted]
    if joins and not act.by.may(Permission.MEMBERSHIPS_JOIN):
        raise errors.not_permitted(Permission.MEMBERSHIPS_JOIN)
    body = at_home(act, body)
    filled = CustomerFields(**body.model_dump(exclude={"card", "clubs", "months", "confirmed_not", "classes"}))
    customer_id = open_new_customer(
        act.session,
        filled,
        country=act.chain.country,
        place=act.place,
        language=act.read_in,
        classes=body.classes,
        card=body.card,
        confirmed_not=body.confirmed_not,
        now=act.now,
        by=act.by,
    )
    if body.card:
        hand_out_card(act.session, customer_id, body.card, now=act.now)
    commands.set_customer(act.session, customer_id, now=act.now, by=act.by)
    for club_id in joins:
        length = body.months.get(club_id)
        memberships.join_of_buyer(
            act.session, club_id, act.terminal, months=length, today=act.today, now=act.now, by=act.by
        )
        grant_to(act.session, customer_id, giving(act.today, act.now, act.by))
        welcome(act.session, customer_id, Welcome(act.today, act.now, act.by))
    return shown(act, till_view(act))
