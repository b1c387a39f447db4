"""How long each kind of data about people is kept."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from erp_club.people.retention import commands, queries
from erp_club.people.retention.rules import ABOUT, LONGEST_REASON, DataKind, Rule, usual
from erp_club.permissions.catalog import Permission
from web.deps import Act, ActRoute, needs
from web.fields import Body, Storable
from web.forms import FormState
from web.i18n import translate
from web.refusals import again

router = APIRouter(route_class=ActRoute, tags=["retention"])
Decide = Annotated[Act, needs(Permission.PEOPLE_ERASE)]
_MOST = 10_000


class RetentionRuleBody(Body):
    """A rule; without `months` the kind is kept for good. A change needs its reason."""

    kind: DataKind
    months: Annotated[int | None, Field(ge=-_MOST, le=_MOST)] = None
    reason: Annotated[str, StringConstraints(max_length=LONGEST_REASON), Storable] = ""


class RetentionRulesBody(Body):
    """The rules to decide; the others stay."""

    rules: Annotated[list[RetentionRuleBody], Field(max_length=len(DataKind))]


class RetentionRuleView(BaseModel):
    """A rule, what is usual in the chain's country, who decided it and when (null: nobody yet).

    `over` is how many the next run would take out.
    """

    kind: DataKind
    title: str
    about: str
    months: int | None
    usual_months: int
    reason: str
    decided_by: str | None
    decided_at: dt.datetime | None
    over: int


class RetentionRulesPage(BaseModel):
    """How long data is kept."""

    rules: list[RetentionRuleView]


def _view(act: Act) -> RetentionRulesPage:
    shown: list[RetentionRuleView] = []
    for each in queries.decided(act.session):
        kind = each.rule.kind
        before = queries.over(act.session, kind, today=act.today)
        title, about = ABOUT[kind]
        shown.append(
            RetentionRuleView(
                kind=kind,
                title=translate(title),
                about=translate(about),
                months=each.rule.months,
                usual_months=usual(kind, act.chain.country),
                reason=each.rule.reason,
                decided_by=each.by,
                decided_at=each.at,
                over=0 if before is None else queries.count(act.session, kind, before=before),
            )
        )
    return RetentionRulesPage(rules=shown)


def rules_page(act: Act, form: FormState) -> Response:
    """The page with what was refused."""
    return act.answer(_view(act), "retention/rules.html", form=form)


@router.get("/retention-rules", name="retention", response_model=RetentionRulesPage)
def retention_rules(act: Decide) -> Response:
    """How long each kind of data is kept, why, and how much is older than that."""
    return rules_page(act, FormState())


@router.put("/retention-rules", name="retention.decide", response_model=RetentionRulesPage)
@again(rules_page)
def decide(act: Decide, body: RetentionRulesBody) -> Response:
    """Decide how long data is kept from the next night on."""
    wanted = [Rule(each.kind, each.months, each.reason) for each in body.rules]
    commands.decide(act.session, wanted, now=act.now, by=act.by)
    return act.done(_view(act), "/retention-rules", status=200)
