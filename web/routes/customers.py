"""Customers: the list and its files, the search, and the record of one."""

import datetime as dt
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Query
from pydantic import BaseModel, BeforeValidator, Field, StringConstraints
from starlette.responses import Response

from erp_club.customers import commands, queries
from erp_club.customers.classes.rules import MOST_CHOICES, MOST_FIELDS
from erp_club.customers.duplicates.commands import open_new_customer
from erp_club.customers.fields import CustomerChanges, CustomerFields
from erp_club.customers.queries import LONGEST_TYPED
from erp_club.customers.scans import scanned
from erp_club.permissions import errors
from erp_club.permissions.catalog import Permission
from erp_club.reports import customers as reports
from erp_club.reports.customers import Consent, CustomerFilters, MembershipState
from web import lists
from web import store_picking as picking
from web.deps import Act, ActRoute, needs, wants_html
from web.elsewhere import elsewhere
from web.fields import AskedDay, Body, Line, RowId, Storable, Unsaid
from web.forms import FormState
from web.home_store import AtHome, at_home
from web.refusals import again
from web.views import customers as views
from web.views.customers import CustomerForm, CustomerLine, CustomerPage, Person, SearchPage
from web.views.duplicates import Candidates, refused_candidates
from web.views.panel import Panel, panel_view

router = APIRouter(route_class=ActRoute, tags=["customers"])
MOST_FOUND = 50
Part = Literal["contact", "person", "consents"]
Tab = Literal["overview", "points", "purchases", "coupons", "changes"]
Code = Annotated[Annotated[str, StringConstraints(max_length=100), Storable] | None, Query(), Unsaid]


class Filters(BaseModel):
    """What the list is narrowed to, as the address says it. Days are included at both ends."""

    club: Code = None
    membership: Annotated[MembershipState | None, Query(), Unsaid] = None
    store: Code = None
    language: Annotated[str | None, Query(pattern="^[a-z]{2}$"), Unsaid] = None
    consent: Annotated[Consent | None, Query(), Unsaid] = None
    birthday_month: Annotated[int | None, Query(ge=1, le=12), Unsaid] = None
    opened_from: AskedDay = None
    opened_to: AskedDay = None
    bought_from: AskedDay = None
    bought_to: AskedDay = None
    class_name: Code = None
    class_value: Code = None

    def asked(self, zone: str) -> CustomerFilters:
        """As the query takes them."""
        return CustomerFilters(**self.model_dump(), zone=zone)


class CustomersPage(BaseModel):
    """The customers that match, by page; with the clubs and stores that can be chosen."""

    filters: Filters
    state: lists.ListState
    customers: list[CustomerLine]
    clubs: list[views.ClubChoice]
    stores: list[views.Choice]
    classes: list[views.Choice]


class Search(Body):
    """What somebody typed to find a customer: any number of theirs, or the beginnings of names."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TYPED), Storable]


def _chosen(value: Any) -> Any:
    """A form sends several choices as `{"A": "true"}`, with an empty `_` to say that it asks them."""
    return [code for code, ticked in value.items() if ticked and code != "_"] if isinstance(value, dict) else value


ClassName = Annotated[str, StringConstraints(max_length=60), Storable]
ClassText = Annotated[str, StringConstraints(max_length=1_000), Storable]
ClassValue = Annotated[
    ClassText | Annotated[list[Line], Field(max_length=MOST_CHOICES)] | None, BeforeValidator(_chosen)
]
Classes = Annotated[dict[ClassName, ClassValue], Field(max_length=MOST_FIELDS)]
"""Head office's own fields by name: a text, or several codes."""


class CustomerBody(AtHome):
    """A customer's fields; what isn't there stays, or is empty in a new customer.

    Phones in any spacing; the ID number may be the machine-readable lines of a passport; dates as `1979-02-22` or day
    first as `22.2.1979`; the home store by its code.
    """

    number: Line | None = None
    given_name: Line | None = None
    family_name: Line | None = None
    given_name_2: Line | None = None
    family_name_2: Line | None = None
    id_kind: Line | None = None
    id_country: Line | None = None
    id_number: Line | None = None
    phone: Line | None = None
    mobile: Line | None = None
    email: Annotated[str, StringConstraints(max_length=320), Storable] | None = None
    street: Line | None = None
    postcode: Line | None = None
    city: Line | None = None
    country: Line | None = None
    birthday: Line | None = None
    anniversary: Line | None = None
    gender: Line | None = None
    language: Line | None = None
    own_id: Line | None = None
    consent_advertising: bool | None = None
    consent_sms: bool | None = None
    consent_email: bool | None = None
    consent_post: bool | None = None
    classes: Classes = {}


def _apart(value: object) -> object:
    """A form sends `17,23`."""
    given = value if isinstance(value, list) else [value]
    return [word for each in given for word in (each.split(",") if isinstance(each, str) else [each]) if word != ""]


Confirmed = Annotated[list[Annotated[int, Field(ge=1, le=2**63 - 1)]], BeforeValidator(_apart), Field(max_length=100)]
"""Customers of whom somebody has said that this is another person."""


class CustomerOpening(CustomerBody):
    """Somebody new, who is none of the customers `confirmed_not` whom a refusal has named as possible duplicates.

    `id_zone` are the lines of the passport that `POST /customers/scans` has filled in the form from.
    """

    id_zone: Line | None = None
    confirmed_not: Confirmed = []


class CustomerEdit(CustomerBody):
    """What to change. With `changed_at`, as it was read, a change is refused (409 `stale`) if somebody came between."""

    changed_at: dt.datetime | None = None


Asked = Annotated[Filters, Query()]


def _with_store(act: Act, filters: Filters, stores: list[views.Choice]) -> Filters:
    """With the store's code where a person may have typed its name. Raises Invalid."""
    if not filters.store or not wants_html(act.request):
        return filters
    return filters.model_copy(update={"store": picking.meant(stores, filters.store, "store").code})


@router.get("/customers", name="customers", response_model=CustomersPage)
def customers(act: Annotated[Act, needs(Permission.CUSTOMERS_VIEW)], filters: Asked) -> Response:
    """The customers, by name where the address doesn't say otherwise."""
    stores = views.store_choices(act)
    filters = _with_store(act, filters, stores)
    asked = filters.asked(act.zone)
    state = lists.list_state(act.request, sorts=reports.SORTS)
    state = state.counted(reports.count(act.session, asked, today=act.today, most=lists.COUNTED + 1))
    rows = reports.listing(
        act.session,
        asked,
        sort=state.sort,
        descending=state.descending,
        offset=state.offset,
        # Of no rows the count has told already: the order's index needn't be read to its end once more.
        limit=min(state.per_page, state.total),
        today=act.today,
    )
    view = CustomersPage(
        filters=filters,
        state=state,
        customers=[views.line(row, act.zone) for row in rows],
        clubs=views.club_choices(act),
        stores=stores,
        classes=views.class_choices(act),
    )
    return act.answer(view, "customers/_list.html" if act.htmx else "customers/list.html")


@router.get("/customers.{suffix}", name="customers.file", responses=lists.FILE_ANSWERS)
def customers_file(
    act: Annotated[Act, needs(Permission.CUSTOMERS_EXPORT, fresh=True)], suffix: Literal["csv", "xlsx"], filters: Asked
) -> Response:
    """All customers that match as a file, in the columns that an import reads. It is kept who took it.

    ID numbers are masked for who may not see them whole.
    """
    filters = _with_store(act, filters, views.store_choices(act))
    state = lists.list_state(act.request, sorts=reports.SORTS)
    whole = act.by.may(Permission.CUSTOMERS_REVEAL_ID)
    rows = reports.every(
        act.session,
        filters.asked(act.zone),
        sort=state.sort,
        descending=state.descending,
        today=act.today,
        id_numbers=whole,
    )
    answer = lists.stream_file(f"customers.{suffix}", reports.file_columns(act.session), rows)
    asked = filters.model_dump(exclude_none=True)
    commands.record_export(act.session, filters=asked, suffix=suffix, id_numbers=whole, now=act.now, by=act.by)
    return answer


def search_page(act: Act, form: FormState) -> Response:
    """The page of a search that can't be made."""
    return act.answer(SearchPage(text="", found=[], more=False), "customers/search.html", form=form)


@router.post("/customer-searches", name="customers.search", response_model=SearchPage)
@again(search_page)
def search(
    act: Annotated[Act, needs(Permission.CUSTOMERS_SEARCH, keyless="it changes nothing")], body: Search
) -> Response:
    """Find customers by whatever was typed. By POST, since an ID number may not stand in an address.

    A person is led to the one customer whose number was typed whole, and is also told of receipts, products, clubs and
    other pages; where only one of those is found, they are led there.
    """
    found = queries.find(
        act.session, body.text, country=act.chain.country, store_id=act.by.store_id, limit=MOST_FOUND + 1
    )
    exact = [each for each in found if each.exact]
    if len(exact) == 1 and wants_html(act.request) and act.by.may(Permission.CUSTOMERS_VIEW):
        return act.see_other(f"/customers/{exact[0].customer_id}")
    places = elsewhere(act, body.text) if wants_html(act.request) else []
    if len(places) == 1 and not found:
        return act.see_other(places[0].url)
    rows = [views.found_line(act, each) for each in found[:MOST_FOUND]]
    view = SearchPage(text=body.text, found=rows, more=len(found) > MOST_FOUND, places=places)
    return act.answer(view, "customers/search.html")


class NewCustomerForm(CustomerForm):
    """What the form of a new customer begins with, and who it may be already."""

    candidates: Candidates


def new_page(act: Act, form: FormState) -> Response:
    """The form of a new customer."""
    return _new_page(act, form, Person())


def _new_page(act: Act, form: FormState, person: Person) -> Response:
    known = refused_candidates(act, form, at_till=False)
    view = NewCustomerForm(**dict(views.form_view(act, person)), candidates=known)
    return act.answer(view, "customers/new.html", form=form)


@router.get("/customers/new", name="customers.new", response_model=NewCustomerForm)
def new_customer(act: Annotated[Act, needs(Permission.CUSTOMERS_OPEN)]) -> Response:
    """The form of a new customer."""
    return new_page(act, FormState())


@router.post("/customers", name="customers.open", status_code=201, response_model=Person)
@again(new_page)
def open_customer(act: Annotated[Act, needs(Permission.CUSTOMERS_OPEN)], body: CustomerOpening) -> Response:
    """Open a customer. Consent to advertising, with the channels left out, is consent to all three.

    409 `possible-duplicates` names `candidates` who may be the same person: choose one of them, or send the request
    again under a new key with their ids in `confirmed_not`.
    """
    body = at_home(act, body)
    customer_id = open_new_customer(
        act.session,
        CustomerFields(**body.model_dump(exclude={"confirmed_not", "classes"})),
        country=act.chain.country,
        place=act.place,
        language=act.read_in,
        classes=body.classes,
        confirmed_not=body.confirmed_not,
        now=act.now,
        by=act.by,
    )
    return act.done(views.person_view(act, customer_id), f"/customers/{customer_id}")


@router.post("/customers/scans", name="customers.scan", response_model=NewCustomerForm)
@again(new_page)
def scan(
    act: Annotated[Act, needs(Permission.CUSTOMERS_OPEN, keyless="it fills in the form and keeps nothing")],
    body: CustomerOpening,
) -> Response:
    """Fill in the form of a new customer from the lines of a passport in `id_number`; what was typed stays."""
    filled = scanned(CustomerFields(**body.model_dump(exclude={"confirmed_not", "classes"})), today=act.today)
    return _new_page(act, views.scanned_form(act, filled), views.scanned_person(filled))


@router.get("/customers/{customer_id}", name="customers.customer", response_model=CustomerPage)
def customer(
    act: Annotated[Act, needs(Permission.CUSTOMERS_VIEW)],
    customer_id: RowId,
    tab: Tab = "overview",
    year: Annotated[int | None, Query(ge=1900, le=2999)] = None,
) -> Response:
    """A customer's record: memberships and the year's purchases, or what another tab shows."""
    needed = _TAB_NEEDS.get(tab)
    if needed and not act.by.may(needed):
        raise errors.not_permitted(needed)
    view = views.customer_view(act, customer_id, tab=tab, year=year)
    commands.record_look(act.session, customer_id, now=act.now, by=act.by)
    return act.answer(view, "customers/customer.html")


_TAB_NEEDS = {
    "points": Permission.POINTS_VIEW,
    "purchases": Permission.PURCHASES_VIEW,
    "coupons": Permission.COUPONS_VIEW,
    "changes": Permission.AUDIT_VIEW,
}


@router.get("/customers/{customer_id}/panel", name="customers.panel", response_model=Panel)
def panel(act: Annotated[Act, needs(Permission.CUSTOMERS_VIEW)], customer_id: RowId) -> Response:
    """All that a till shows of a customer; a person is led to the record."""
    if wants_html(act.request):
        return act.see_other(f"/customers/{customer_id}")
    return act.answer(panel_view(act, customer_id), "customers/customer.html")


def _part(act: Act) -> Part | None:
    asked = act.request.query_params.get("part")
    return cast("Part", asked) if asked in {"contact", "person", "consents"} else None


def edit_page(act: Act, form: FormState) -> Response:
    """The form of a customer, or of one card of the record."""
    person = views.person_view(act, int(act.request.path_params["customer_id"]))
    part = _part(act)
    template = f"customers/_{part}_form.html" if act.htmx and part else "customers/edit.html"
    return act.answer(views.form_view(act, person, part), template, form=form)


@router.get("/customers/{customer_id}/edit", name="customers.customer.form", response_model=CustomerForm)
def edit_form(
    act: Annotated[Act, needs(Permission.CUSTOMERS_EDIT)],
    customer_id: RowId,
    part: Part | None = None,
) -> Response:
    """The form that changes a customer, or the `part` that one card of the record shows."""
    answer = edit_page(act, FormState())
    if part is None:
        commands.record_look(act.session, customer_id, now=act.now, by=act.by)
    return answer


@router.get("/customers/{customer_id}/parts/{part}", name="customers.customer.part", response_model=Person)
def show_part(act: Annotated[Act, needs(Permission.CUSTOMERS_VIEW)], customer_id: RowId, part: Part) -> Response:
    """One card of the record, to put in the place of its form; a person is led to the record."""
    if wants_html(act.request) and not act.htmx:
        return act.see_other(f"/customers/{customer_id}")
    return act.answer(views.person_view(act, customer_id), f"customers/_{part}.html")


def change(act: Act, customer_id: int, body: CustomerEdit) -> None:
    """Change what is in the body, in the office or at the till. Raises what `edit_customer` raises."""
    body = at_home(act, body)
    commands.edit_customer(
        act.session,
        customer_id,
        cast("CustomerChanges", body.model_dump(exclude_unset=True, exclude={"changed_at", "classes"})),
        country=act.chain.country,
        place=act.place,
        language=act.read_in,
        classes=body.classes,
        now=act.now,
        by=act.by,
        seen=body.changed_at,
    )


@router.patch("/customers/{customer_id}", name="customers.customer.edit", response_model=Person)
@again(edit_page)
def edit_customer(
    act: Annotated[Act, needs(Permission.CUSTOMERS_EDIT)],
    customer_id: RowId,
    body: CustomerEdit,
    part: Part | None = None,
) -> Response:
    """Change what is in the body; null empties a field. A consent is given or refused, and can't be unasked again."""
    change(act, customer_id, body)
    person = views.person_view(act, customer_id)
    if act.htmx and part:
        return act.answer(person, f"customers/_{part}.html")
    return act.done(person, f"/customers/{customer_id}", status=200)
