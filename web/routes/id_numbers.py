"""Numbers of identity documents: which ones the chain keeps, and one of them shown."""

import datetime as dt
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from erp_club.customers.id_numbers import commands, queries
from erp_club.customers.id_numbers.rules import DEFAULT, LONGEST_REASON, IdRule
from erp_club.permissions.catalog import Permission
from web.deps import Act, ActRoute, needs
from web.fields import Body, RowId, Storable
from web.forms import FormState
from web.i18n import LANGUAGE
from web.refusals import again
from web.views.customers import countries

router = APIRouter(route_class=ActRoute, tags=["ID numbers"])
Decide = Annotated[Act, needs(Permission.CUSTOMERS_ID_RULES)]
Kind = Literal["national_id", "passport"]
Country = Annotated[str, StringConstraints(pattern="^([A-Z]{2})?$")]


class IdRuleBody(Body):
    """A rule. `country` is empty for all countries without a rule of their own; a change needs its reason."""

    kind: Kind
    country: Country = ""
    kept: bool = False
    reason: Annotated[str, StringConstraints(max_length=LONGEST_REASON), Storable] = ""


class IdRulesBody(Body):
    """The rules to decide; the others stay."""

    rules: Annotated[list[IdRuleBody], Field(max_length=2 * len(DEFAULT))]


class IdRuleView(BaseModel):
    """A rule, who decided it and when (null: nobody yet), and how many customers have such a number."""

    kind: str
    country: str
    country_name: str | None = Field(exclude=True)
    kept: bool
    reason: str
    decided_by: str | None
    decided_at: dt.datetime | None
    customers: int


class IdRulesPage(BaseModel):
    """Which numbers the chain keeps."""

    rules: list[IdRuleView]


class IdNumber(BaseModel):
    """The whole number of a customer's document."""

    customer_id: int
    id_number: str


def _view(act: Act) -> IdRulesPage:
    names = dict(countries(LANGUAGE.get()))
    return IdRulesPage(
        rules=[
            IdRuleView(
                kind=each.rule.kind,
                country=each.rule.country,
                country_name=names.get(each.rule.country),
                kept=each.rule.kept,
                reason=each.rule.reason,
                decided_by=each.by,
                decided_at=each.at,
                customers=each.customers,
            )
            for each in queries.decided(act.session)
        ]
    )


def rules_page(act: Act, form: FormState) -> Response:
    """The page with what was refused."""
    return act.answer(_view(act), "id_numbers/rules.html", form=form)


@router.get("/id-rules", name="id_rules", response_model=IdRulesPage)
def id_rules(act: Decide) -> Response:
    """Which numbers the chain keeps, and why."""
    return rules_page(act, FormState())


@router.put("/id-rules", name="id_rules.decide", response_model=IdRulesPage)
@again(rules_page)
def decide(act: Decide, body: IdRulesBody) -> Response:
    """Decide which numbers are kept from now on."""
    wanted = [IdRule(each.kind, each.country, each.kept, each.reason) for each in body.rules]
    commands.set_id_rules(act.session, wanted, now=act.now, by=act.by)
    return act.done(_view(act), "/id-rules", status=200)


@router.post("/customers/{customer_id}/id-number-views", name="id_numbers.reveal", response_model=IdNumber)
def reveal(
    act: Annotated[
        Act, needs(Permission.CUSTOMERS_REVEAL_ID, keyless="its answer is a secret, which isn't kept", fresh=True)
    ],
    customer_id: RowId,
) -> Response:
    """Show the whole number of a customer's document; it is kept who saw it."""
    number = commands.reveal(act.session, customer_id, now=act.now, by=act.by)
    view = IdNumber(customer_id=customer_id, id_number=number)
    template = "id_numbers/_number.html" if act.htmx else "id_numbers/number.html"
    answer = act.answer(view, template)
    answer.headers["Cache-Control"] = "no-store"
    return answer
