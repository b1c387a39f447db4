"""Customers who may be one person: asked while somebody is opened, and listed for head office."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from erp_club.customers.duplicates import commands
from erp_club.customers.fields import CustomerFields
from erp_club.permissions.catalog import Permission
from web import lists
from web.deps import Act, ActRoute, needs
from web.fields import Body, Line
from web.forms import FormState
from web.refusals import again
from web.routes.customers import Confirmed, CustomerBody
from web.views.duplicates import Candidates, PairsPage, candidates_view, pairs_view

router = APIRouter(route_class=ActRoute, tags=["duplicates"])
Looking = Annotated[Act, needs(Permission.CUSTOMERS_OPEN, keyless="it changes nothing")]
Deciding = Annotated[Act, needs(Permission.PEOPLE_MERGE)]
CustomerId = Annotated[int, Field(ge=1, le=2**63 - 1)]


class DuplicateSearch(CustomerBody):
    """A form of a new customer as far as it is filled in, the card they were handed, and who it is not."""

    id_zone: Line | None = None
    card: Line | None = None
    clubs: dict[str, Any] = {}
    confirmed_not: Confirmed = []


class AnotherPerson(Body):
    """Two customers who are two persons."""

    customer_id: CustomerId
    other_id: CustomerId


class Decided(BaseModel):
    """The two of whom it is kept."""

    customer_id: int
    other_id: int


@router.post("/duplicate-searches", name="duplicates.search", response_model=Candidates)
def search(act: Looking, body: DuplicateSearch, at: Literal["office", "till"] = "office") -> Response:
    """Who somebody may be: a name that is alike and one thing more that is the same, or a document or card alone.

    By POST, since no name and no number may stand in an address. What is missing or wrong yet isn't looked at.
    `at` says whose form it is.
    """
    filled = CustomerFields(**body.model_dump(exclude={"card", "clubs", "confirmed_not", "classes"}))
    found = commands.probable(act.session, filled, country=act.chain.country, now=act.now, card=body.card)
    view = candidates_view(act, found, confirmed=body.confirmed_not, at_till=at == "till")
    return act.answer(view, "duplicates/_candidates.html")


def pairs_page(act: Act, form: FormState) -> Response:
    """The list of suspected pairs."""
    view = pairs_view(act, lists.list_state(act.request, sorts=("likelihood",)))
    return act.answer(view, "duplicates/pairs.html", form=form)


@router.get("/suspected-pairs", name="duplicates.pairs", response_model=PairsPage)
def suspected_pairs(act: Deciding) -> Response:
    """Customers who may be one person, two by two, those who share most first. Who was decided about is left out."""
    return pairs_page(act, FormState())


@router.post("/duplicate-confirmations", name="duplicates.confirm", status_code=201, response_model=Decided)
@again(pairs_page)
def another_person(act: Deciding, body: AnotherPerson) -> Response:
    """Keep that two suspected customers are two persons; nobody is asked again."""
    commands.deny_pair(act.session, body.customer_id, body.other_id, now=act.now, by=act.by)
    return act.done(Decided(customer_id=body.customer_id, other_id=body.other_id), "/suspected-pairs")
