"""Plans around birthdays: the list, setting one up, the page of one, pausing and closing it."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from erp_club.birthday.kinds import PlanState
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
from web.formats import localised
from web.forms import FormState
from web.refusals import again
from web.taken_out import taken_out
from web.views.birthdays import (
    BirthdayForm,
    BirthdayPlanLine,
    BirthdayPlanPage,
    BirthdayPlansPage,
    every_plan,
    form_view,
    plan_line,
    plan_view,
    plans_view,
    typed,
)

router = APIRouter(route_class=ActRoute, tags=["birthdays"])
View = Annotated[Act, needs(Permission.BIRTHDAYS_VIEW)]
Edit = Annotated[Act, needs(Permission.BIRTHDAYS_EDIT)]
ClubCode = Annotated[str | None, Query(max_length=50, description="A club's code"), Storable, Unsaid]
Id = Annotated[int, Field(ge=1, le=2**31 - 1)]
Minor = Annotated[int, Field(ge=1, le=MOST_MINOR)]
Days = Annotated[int, Field(ge=0, le=MOST_DAYS)]
Months = Annotated[int, Field(ge=0, le=MOST_MONTHS)]
FILE_HEADER = ("customer", "name", "day", "first_day", "last_day", "amount", "points", "given_on", "used", "gave")


class PlanTerms(Body):
    """What a plan gives and when. Names are needed in English and the chain's language.

    A machine sends amounts with `_minor`, a form as somebody types them. `growth` is added for each year of age from
    `growth_from_age` on, up to `growth_to`: minor units, or points where points are given.
    """

    names: dict[Literal["he", "fi", "sv", "en"], Line | None]
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
    growth_amount: Annotated[AmountText, Field(ge=1, le=MOST_MINOR)] | None = None
    growth_from_age: Annotated[int, Field(ge=0, le=MOST_AGE)] = 0
    growth_to: Annotated[int, Field(ge=1, le=MOST_MINOR)] | None = None
    growth_to_amount: Annotated[AmountText, Field(ge=1, le=MOST_MINOR)] | None = None
    from_age: Annotated[int, Field(ge=0, le=MOST_AGE)] | None = None
    to_age: Annotated[int, Field(ge=0, le=MOST_AGE)] | None = None
    least_points: Annotated[int, Field(ge=0, le=MOST_POINTS)] = 0
    least_months: Annotated[int, Field(ge=0, le=1_200)] = 0
    known_at_joining: bool = False
    known_days_before: Annotated[int, Field(ge=0, le=MOST_KNOWN_DAYS)] = 0
    most_per_year: Annotated[int, Field(ge=1, le=100)] | None = None
    automatic: bool = False

    def said(self) -> dict[str, Any]:
        """As the plan is set, without what stays with it for ever."""
        typed = {"amount", "growth_amount", "growth_to_amount"}
        said = self.model_dump(include=set(PlanTerms.model_fields) - typed - {"batch", "offer", "card_product"})
        return said | {
            "names": {language: name for language, name in self.names.items() if name},
            "relatives": tuple(self.relatives),
            "batch_id": self.batch,
            "offer_code": self.offer,
            "card_product_id": self.card_product,
            "amount_minor": self.amount if self.amount_minor is None else self.amount_minor,
            "growth": self.growth_amount if self.growth is None else self.growth,
            "growth_to": self.growth_to_amount if self.growth_to is None else self.growth_to,
        }


class NewBirthdayPlan(PlanTerms):
    """A plan to set up, of a club or for one customer (by id)."""

    code: Word
    club: Id | None = None
    customer_id: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    occasion: OccasionKind = OccasionKind.BIRTHDAY
    starts_on: dt.date | None = None

    def settings(self, today: dt.date) -> PlanSettings:
        """As the plan is set."""
        return PlanSettings(
            code=self.code.upper(),
            club_id=self.club,
            customer_id=self.customer_id,
            occasion=self.occasion,
            starts_on=self.starts_on or today,
            **self.said(),
        )


class ChangedBirthdayPlan(PlanTerms):
    """All terms of a plan anew; `version` is that of the plan as it was read."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]


@router.get("/birthday-plans", name="birthday_plans", response_model=BirthdayPlansPage)
def birthday_plans(act: View, club: ClubCode = None) -> Response:
    """The plans, and what each gives and costs in the next month."""
    return act.answer(plans_view(act, club), "birthdays/plans.html")


def new_plan_page(act: Act, form: FormState) -> Response:
    """The form of a new plan."""
    return act.answer(form_view(act), "birthdays/new.html", form=form)


@router.get("/birthday-plans.{suffix}", name="birthday_plans.plans.file", responses=lists.FILE_ANSWERS)
def plans_file(
    act: Annotated[Act, needs(Permission.BIRTHDAYS_VIEW, fresh=True)],
    suffix: Literal["csv", "xlsx"],
    club: ClubCode = None,
) -> Response:
    """The same plans as a file, with what each gave and what the next month costs."""
    header = ("code", "name", "state", "club", "customer", "next_month", "next_month_amount", "next_month_points",
              "issued", "used", "given", "given_each")  # fmt: skip
    rows = (
        (each.code, localised(each.names), each.state.value, each.club_code, each.customer_number, each.next_month,
         Decimal(each.next_month_minor).scaleb(-2), each.next_month_points, each.grants, each.used,
         Decimal(each.given_minor).scaleb(-2),
         None if each.gave_each_minor is None else Decimal(each.gave_each_minor).scaleb(-2))
        for each in every_plan(act, club)
    )  # fmt: skip
    return taken_out(act, f"birthday-plans.{suffix}", header, rows)


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


def edit_plan_page(act: Act, form: FormState) -> Response:
    """The form of a plan, as it is set or as it was typed."""
    row = queries.plan(act.session, int(act.request.path_params["plan_id"]))
    view, known = form_view(act, row), typed(row.settings)
    return act.answer(view, "birthdays/edit.html", form=FormState(known | form.values, form.errors, form.facts))


@router.get("/birthday-plans/{plan_id}/edit", name="birthday_plans.plan.form", response_model=BirthdayForm)
def edit_plan(act: Edit, plan_id: SmallRowId) -> Response:  # noqa: ARG001 - edit_plan_page takes it from the path
    """The form of a plan."""
    return edit_plan_page(act, FormState())


@router.put("/birthday-plans/{plan_id}", name="birthday_plans.plan.change", response_model=BirthdayPlanLine)
@again(edit_plan_page)
def change_plan(act: Edit, plan_id: SmallRowId, body: ChangedBirthdayPlan) -> Response:
    """Set a plan otherwise for those who don't have their gift yet."""
    before = queries.plan(act.session, plan_id).settings
    commands.change_plan(
        act.session, plan_id, replace(before, **body.said()), version=body.version, language=act.chain.language,
        now=act.now, by=act.by,
    )  # fmt: skip
    return act.done(plan_line(act, queries.plan(act.session, plan_id)), f"/birthday-plans/{plan_id}", status=200)


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
    return taken_out(act, f"birthday-gifts.{suffix}", FILE_HEADER, _cells(act, plan_id))


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
