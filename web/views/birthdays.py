"""What pages show of plans around birthdays: the list, and one with who is coming and what it gave."""

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from erp_club.birthday.grants.counted import queries as owing
from erp_club.birthday.grants.queries import Days
from erp_club.birthday.kinds import PlanState
from erp_club.birthday.plans import queries
from erp_club.birthday.plans.queries import GrantRow, PlanRow
from erp_club.birthday.plans.sentence import Names, sentences
from erp_club.birthday.plans.settings import Gift, OccasionKind, PlanSettings
from erp_club.clubs.queries import clubs
from erp_club.kernel.dates import add_months, month_end
from erp_club.kernel.money import Rounding, round_div
from erp_club.points.units import Unit
from erp_club.promotions.coupons.batches.queries import BatchFilters
from erp_club.promotions.coupons.batches.queries import listing as batches
from erp_club.stored_value.products.queries import products
from web import i18n, lists
from web.deps import Act

COMING = 30
MOST_CHOICES = 200


class Named(BaseModel):
    """Something to choose in the form."""

    id: int
    code: str
    names: dict[str, str]


class BirthdayForm(BaseModel):
    """What the form of a plan offers. `needed` are the languages a name must have; `plan` is none for a new one."""

    clubs: list[Named]
    batches: list[Named]
    products: list[Named]
    currency: str
    needed: list[str]
    plan: int | None
    version: int
    occasion: OccasionKind
    name: dict[str, str]


class BirthdayPlanLine(BaseModel):
    """A plan in sentences; `next_month` of today's members have their window begin in the next calendar month.

    Of a plan that gives nothing now, nobody has.

    Costs are what it comes to if everything is used. A coupon without a worth costs what the purchase makes of it:
    `gave_each_minor` is what those that were used gave on average, None where none was.
    """

    id: int
    code: str
    names: dict[str, str]
    state: PlanState
    club: dict[str, str] | None
    club_code: str | None
    customer_number: str | None
    sentences: list[str]
    of_programme: bool
    starts_on: dt.date
    done_until: dt.date | None
    grants: int
    used: int
    given_minor: int
    next_month: int
    next_month_minor: int
    next_month_points: int
    unit: Unit
    gave_each_minor: int | None
    currency: str


class BirthdayPlansPage(BaseModel):
    """The plans, of one club where it is chosen."""

    club: str | None
    clubs: list[Named]
    state: lists.ListState
    plans: list[BirthdayPlanLine]


class ComingLine(BaseModel):
    """A member whose window begins soon."""

    customer_id: int
    number: str
    name: str
    day: dt.date
    first_day: dt.date


class GiftLine(BaseModel):
    """What somebody got: days are included, `used` at least in part."""

    customer_id: int
    number: str
    name: str
    day: dt.date
    first_day: dt.date
    last_day: dt.date
    amount_minor: int | None
    points: int | None
    on_date: dt.date
    used: bool


class BirthdayPlanPage(BaseModel):
    """A plan, who is coming in the next days, and what it gave; nobody comes while it isn't active."""

    plan: BirthdayPlanLine
    coming: list[ComingLine]
    coming_count: int
    state: lists.ListState
    gifts: list[GiftLine]


def plan_line(act: Act, row: PlanRow) -> BirthdayPlanLine:
    """A plan with what the next month costs."""
    return _lines(act, [row])[0]


def _lines(act: Act, rows: Sequence[PlanRow]) -> list[BirthdayPlanLine]:
    first = add_months(act.today.replace(day=1), 1)
    days = Days(first, month_end(first), members_on=act.today)
    found = owing.coming_of(act.session, {row.id: row.settings for row in rows}, days)
    return [_line(act, row, found[row.id]) for row in rows]


def _line(act: Act, row: PlanRow, found: owing.Count) -> BirthdayPlanLine:
    names = Names(act.chain.currency, row.gift or {"en": row.settings.code}, row.unit)
    return BirthdayPlanLine(
        id=row.id,
        code=row.settings.code,
        names=dict(row.settings.names),
        state=row.state,
        club=None if row.club is None else dict(row.club),
        club_code=row.club_code,
        customer_number=row.customer_number,
        sentences=[i18n.say(text) for text in sentences(row.settings, names)],
        of_programme=row.of_programme,
        starts_on=row.settings.starts_on,
        done_until=row.done_until,
        grants=row.grants,
        used=row.used,
        given_minor=row.given_minor,
        next_month=found.customers,
        next_month_minor=found.amount_minor,
        next_month_points=found.points,
        unit=row.unit,
        gave_each_minor=round_div(row.given_minor, row.used, Rounding.HALF_UP) if row.used else None,
        currency=act.chain.currency,
    )


def plans_view(act: Act, club: str | None) -> BirthdayPlansPage:
    """The plans of a club (by its code), or all: a page of them."""
    known = [Named(id=each.id, code=each.code, names=dict(each.names)) for each in clubs(act.session)]
    chosen = _chosen(act, club)
    state = lists.list_state(act.request, sorts=("code",))
    state = state.counted(queries.count_plans(act.session, club_id=chosen, most=lists.COUNTED + 1))
    rows = queries.plans(act.session, club_id=chosen, offset=state.offset, limit=state.per_page)
    return BirthdayPlansPage(club=club, clubs=known, state=state, plans=_lines(act, rows))


def every_plan(act: Act, club: str | None) -> Iterator[BirthdayPlanLine]:
    """The same, all of them."""
    rows = queries.plans(act.session, club_id=_chosen(act, club))
    for first in range(0, len(rows), lists.PER_PAGE):
        yield from _lines(act, rows[first : first + lists.PER_PAGE])


def _chosen(act: Act, club: str | None) -> int | None:
    return next((each.id for each in clubs(act.session) if each.code == club), None)


def plan_view(act: Act, plan_id: int) -> BirthdayPlanPage:
    """One plan. Raises NotFound."""
    row = queries.plan(act.session, plan_id)
    state = lists.list_state(act.request, sorts=("on_date",), direction="desc")
    state = state.counted(queries.count_grants(act.session, plan_id, most=lists.COUNTED + 1))
    days = Days(act.today, act.today + dt.timedelta(days=COMING), members_on=act.today)
    gives = row.state == PlanState.ACTIVE
    found = owing.coming(act.session, plan_id, row.settings, days, some=50) if gives else owing.Count()
    given = queries.grants(
        act.session, plan_id, descending=state.descending, offset=state.offset, limit=state.per_page
    )  # fmt: skip
    return BirthdayPlanPage(
        plan=plan_line(act, row),
        coming=[ComingLine.model_validate(each, from_attributes=True) for each in found.some],
        coming_count=found.customers,
        state=state,
        gifts=[gift_line(each) for each in given],
    )


def gift_line(row: GrantRow) -> GiftLine:
    """What somebody got."""
    return GiftLine.model_validate(row, from_attributes=True)


def form_view(act: Act, row: PlanRow | None = None) -> BirthdayForm:
    """What the form of a plan offers: published things that are given to one customer."""
    personal = batches(
        act.session, BatchFilters(act.today, personal=True), sort="code", descending=False, offset=0, limit=MOST_CHOICES
    )
    return BirthdayForm(
        clubs=[Named(id=each.id, code=each.code, names=dict(each.names)) for each in clubs(act.session)],
        batches=[Named(id=each.id, code=each.code, names=dict(each.names)) for each in personal],
        products=[
            Named(id=each.id, code=each.code, names=dict(each.names))
            for each in products(act.session)
            if each.state == "active" and each.kind == "gift" and not each.has_pin
        ],
        currency=act.chain.currency,
        needed=[act.chain.language],
        plan=row and row.id,
        version=row.version if row else 1,
        occasion=row.settings.occasion if row else OccasionKind.BIRTHDAY,
        name=dict(row.settings.names) if row else {},
    )


def typed(settings: PlanSettings) -> dict[str, Any]:
    """A plan as somebody would have typed it into the form."""
    points = settings.gift is Gift.POINTS

    def amount(minor: int | None) -> str:
        return "" if minor is None or points else f"{Decimal(minor).scaleb(-2):f}"

    names = (
        "days_before", "days_after", "months_before", "months_after", "hebrew", "points", "least_points",
        "least_months", "known_at_joining", "known_days_before", "most_per_year", "automatic", "growth_from_age",
        "from_age", "to_age",
    )  # fmt: skip
    said = {name: getattr(settings, name) for name in names} | {
        "gift": settings.gift.value,
        "whole_months": str(settings.whole_months).lower(),
        "relatives[]": list(settings.relatives),
        "batch": settings.batch_id if settings.gift is Gift.COUPON else None,
        "offer": settings.offer_code,
        "card_product": settings.card_product_id,
        "amount": amount(settings.amount_minor),
        "growth_amount": amount(settings.growth),
        "growth_to_amount": amount(settings.growth_to),
        "growth": settings.growth if points else None,
        "growth_to": settings.growth_to if points else None,
    }
    return said | {f"names.{code}": name for code, name in settings.names.items()}
