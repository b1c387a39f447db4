"""Plans around birthdays: the list, setting one up, the page of one, pausing and closing it."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from erp_club.birthday.models import PlanState
from erp_club.birthday.plans import commands, queries
from erp_club.birthday.plans.settings import (
    MOST_KNOWN_DAYS,
    MOST_MINOR,
    MOST_MONTHS,
    MOST_POINTS,
    Gift,
    OccasionKind,
    PlanSettings,
)
from erp_club.birthday.windows import MOST_AGE, MOST_DAYS
from erp_club.permissions.catalog import Permission
from web import lists
from web.deps import Act, ActRoute, needs
from web.fields import AmountText, Body, Line, SmallRowId, Storable, Unsaid, Word
from web.forms import FormState
from web.refusals import again
from web.views.birthdays import (
    BirthdayForm,
    BirthdayPlanLine,
    BirthdayPlanPage,
    BirthdayPlansPage,
    form_view,
    plan_line,
    plan_view,
    plans_view,
)

router = APIRouter(route_class=ActRoute, tags=["birthdays"])
View = Annotated[Act, needs(Permission.BIRTHDAYS_VIEW)]
Edit = Annotated[Act, needs(Permission.BIRTHDAYS_EDIT)]
Id = Annotated[int, Field(ge=1, le=2**31 - 1)]
Minor = Annotated[int, Field(ge=1, le=MOST_MINOR)]
Days = Annotated[int, Field(ge=0, le=MOST_DAYS)]
Months = Annotated[int, Field(ge=0, le=MOST_MONTHS)]
FILE_HEADER = ("customer", "name", "day", "first_day", "last_day", "amount", "points", "given_on", "used", "gave")


class NewBirthdayPlan(Body):
    """A plan to set up, of a club or for one customer (by id). Names are needed in English and the chain's language.

    A machine sends amounts with `_minor`, a form as somebody types them. `growth` is added for each year of age from
    `growth_from_age` on, up to `growth_to`: minor units, or points where points are given.
    """

    code: Word
    names: dict[Literal["he", "fi", "sv", "en"], Line | None]
    club: Id | None = None
    customer_id: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    occasion: OccasionKind = OccasionKind.BIRTHDAY
    relatives: Annotated[list[Literal["spouse", "child", "parent", "other"]], Field(max_length=4)] = []
    days_before: Days = 0
    days_after: Days = 0
    whole_months: bool = False
    months_before: Months = 0
    months_after: Months = 0
    hebrew: bool = False
    gift: Gift = Gift.COUPON
    batch: Id | None = None
    offer: Word | None = None
    card_product: Id | None = None
    amount_minor: Minor | None = None
    amount: Annotated[AmountText, Field(ge=1, le=MOST_MINOR)] | None = None
    points: Annotated[int, Field(ge=1, le=MOST_POINTS)] | None = None
    growth: Annotated[int, Field(ge=1, le=MOST_MINOR)] | None = None
    growth_from_age: Annotated[int, Field(ge=0, le=MOST_AGE)] = 0
    growth_to: Annotated[int, Field(ge=1, le=MOST_MINOR)] | None = None
    least_points: Annotated[int, Field(ge=0, le=MOST_POINTS)] = 0
    least_months: Annotated[int, Field(ge=0, le=1_200)] = 0
    known_at_joining: bool = False
    known_days_before: Annotated[int, Field(ge=0, le=MOST_KNOWN_DAYS)] = 0
    most_per_year: Annotated[int, Field(ge=1, le=100)] | None = None
    starts_on: dt.date | None = None

    def settings(self, today: dt.date) -> PlanSettings:
        """As the plan is set."""
        said = self.model_dump(exclude={"names", "club", "batch", "offer", "card_product", "amount", "starts_on"})
        said |= {
            "code": self.code.upper(),
            "names": {language: name for language, name in self.names.items() if name},
            "relatives": tuple(self.relatives),
            "club_id": self.club,
            "batch_id": self.batch,
            "offer_code": self.offer,
            "card_product_id": self.card_product,
            "amount_minor": self.amount if self.amount_minor is None else self.amount_minor,
            "starts_on": self.starts_on or today,
        }
        return PlanSettings(**said)


@router.get("/birthday-plans", name="birthday_plans", response_model=BirthdayPlansPage)
def birthday_plans(
    act: View, club: Annotated[str | None, Query(max_length=50, description="A club's code"), Storable, Unsaid] = None
) -> Response:
    """The plans, and what each gives and costs in the next month."""
    return act.answer(plans_view(act, club), "birthdays/plans.html")


def new_plan_page(act: Act, form: FormState) -> Response:
    """The form of a new plan."""
    return act.answer(form_view(act), "birthdays/new.html", form=form)


@router.get("/birthday-plans/new", name="birthday_plans.new", response_model=BirthdayForm)
def new_plan(act: Edit) -> Response:
    """The form of a new plan."""
    return new_plan_page(act, FormState())


@router.post("/birthday-plans", name="birthday_plans.add", status_code=201, response_model=BirthdayPlanLine)
@again(new_plan_page)
def add_plan(act: Edit, body: NewBirthdayPlan) -> Response:
    """Set up a plan. The next night gives to those whose window holds the day."""
    settings = body.settings(act.today)
    plan_id = commands.create_plan(act.session, settings, language=act.chain.language, now=act.now, by=act.by)
    return act.done(plan_line(act, queries.plan(act.session, plan_id)), f"/birthday-plans/{plan_id}")


def plan_page(act: Act, form: FormState) -> Response:
    """The page of a plan, with what was refused."""
    return act.answer(plan_view(act, int(act.request.path_params["plan_id"])), "birthdays/plan.html", form=form)


@router.get("/birthday-plans/{plan_id}", name="birthday_plans.plan", response_model=BirthdayPlanPage)
def birthday_plan(act: View, plan_id: SmallRowId) -> Response:  # noqa: ARG001
    """A plan: who is coming, and what was issued and used."""
    return plan_page(act, FormState())


@router.get("/birthday-plans/{plan_id}/gifts.{suffix}", name="birthday_plans.file", responses=lists.FILE_ANSWERS)
def gifts_file(
    act: Annotated[Act, needs(Permission.CUSTOMERS_EXPORT, fresh=True)],
    plan_id: SmallRowId,
    suffix: Literal["csv", "xlsx"],
) -> Response:
    """All that a plan gave, as a file."""
    queries.plan(act.session, plan_id)
    return lists.stream_file(f"birthday-gifts.{suffix}", FILE_HEADER, _cells(act, plan_id))


def _cells(act: Act, plan_id: int) -> Iterator[tuple[lists.Cell, ...]]:
    for row in queries.every_grant(act.session, plan_id, descending=True):
        amount, gave = (
            None if minor is None else Decimal(minor).scaleb(-2) for minor in (row.amount_minor, row.gave_minor)
        )
        yield (
            row.number, row.name, row.day, row.first_day, row.last_day, amount, row.points, row.on_date, row.used, gave,
        )  # fmt: skip


@router.post("/birthday-plans/{plan_id}/pauses", name="birthday_plans.pause", status_code=201,
             response_model=BirthdayPlanLine)  # fmt: skip
@again(plan_page)
def pause_plan(act: Edit, plan_id: SmallRowId) -> Response:
    """Give nothing for a while; what was given stays."""
    return _switch(act, plan_id, PlanState.PAUSED)


@router.post("/birthday-plans/{plan_id}/openings", name="birthday_plans.open", status_code=201,
             response_model=BirthdayPlanLine)  # fmt: skip
@again(plan_page)
def open_plan(act: Edit, plan_id: SmallRowId) -> Response:
    """Let a paused plan give again, from today on."""
    return _switch(act, plan_id, PlanState.ACTIVE)


@router.post("/birthday-plans/{plan_id}/closures", name="birthday_plans.close", status_code=201,
             response_model=BirthdayPlanLine)  # fmt: skip
@again(plan_page)
def close_plan(act: Edit, plan_id: SmallRowId) -> Response:
    """Close a plan for good; what was given stays."""
    return _switch(act, plan_id, PlanState.CLOSED)


def _switch(act: Act, plan_id: int, state: PlanState) -> Response:
    commands.set_plan_state(act.session, plan_id, state, today=act.today, now=act.now, by=act.by)
    return act.done(plan_line(act, queries.plan(act.session, plan_id)), f"/birthday-plans/{plan_id}")
