# REQ B-01 O-05 P-06 P-18: what a programme says of birthdays and of prices in points is set up by it, and only there
import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.birthday.kinds import PlanState
from erp_club.birthday.models import BirthdayPlan
from erp_club.birthday.plans.commands import set_plan_state
from erp_club.kernel.errors import Conflict
from erp_club.permissions.actors import SYSTEM
from erp_club.points.models import PointsAccount
from erp_club.programmes import commands, documents
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.upkeep.commands import Now, keep_all
from erp_club.programmes.upkeep.rules import code_of
from erp_club.programmes.welcoming.commands import Welcome, welcome
from erp_club.promotions.coupons.models import Coupon, CouponCode
from erp_club.promotions.kinds import OfferState
from erp_club.promotions.models import OfferVersion, StoredOffer
from erp_club.purchases.asked import Asked
from erp_club.purchases.commands import sell
from erp_club.purchases.quotes.told import Buyer
from erp_club.purchases.sale import Payment
from erp_club.purchases.settled import Order
from erp_club.receipts.kinds import Means
from erp_club.stored_value.models import CardProduct
from tests.make.birthdays import born, granted
from tests.make.clubs import a_customer, a_membership
from tests.make.programmes import a_programme, example
from tests.make.purchases import a_place, a_product, a_till

DAY = dt.date(2026, 6, 1)
MONTH = {"whole_months": True}
TREAT = {"code": "treat", "occasion": "birthday", "around": MONTH, "gives": [{"kind": "points", "points": 50}]}


def load(session: Session, programme: Programme, *, on: dt.date = DAY) -> int:
    now = dt.datetime.combine(on, dt.time(8), dt.UTC)
    how: dict[str, Any] = {"currency": "ILS", "language": "he", "today": on, "now": now, "by": SYSTEM}
    return commands.load_programme(session, programme, publish=True, **how).club_id


def plans(session: Session) -> dict[str, BirthdayPlan]:
    asked = sa.select(BirthdayPlan).execution_options(populate_existing=True)
    return {f"{plan.rule}": plan for plan in session.scalars(asked)}


def test_the_birthday_rules_of_a_document_are_plans_that_give(session: Session):
    club_id = load(session, example("bagel_cafe"))
    held = plans(session)
    assert {rule: (plan.occasion, plan.whole_months, plan.gift) for rule, plan in held.items()} == {
        "birthday": ("birthday", True, "offer"), "anniversary": ("anniversary", True, "offer")
    }  # fmt: skip
    customer = born(session, a_customer(session, "77"), dt.date(1990, 6, 9), anniversary=dt.date(2015, 6, 14))
    a_membership(session, customer, club_id, joined_on=dt.date(2026, 5, 1))
    assert [granted(session, plan.id, DAY).grants for plan in held.values()] == [1, 1]


@pytest.mark.parametrize(
    ("at", "confirmed", "pays"),
    [("20T18:30", {"COUPLE"}, 182_00), ("20T17:45", {"COUPLE"}, 260_00), ("20T18:30", set(), 260_00)],
)  # fmt: skip
def test_the_coupon_of_the_anniversary_is_used_at_the_till_as_the_document_says(  # bagel-4
    session: Session, at: str, confirmed: set[str], pays: int
):
    club_id = load(session, example("bagel_cafe"))
    customer = born(session, a_customer(session, "78"), None, anniversary=dt.date(2015, 6, 14))
    a_membership(session, customer, club_id, joined_on=dt.date(2026, 5, 1))
    granted(session, plans(session)["anniversary"].id, DAY)
    coupon = session.scalars(sa.select(CouponCode.code)).one()
    a_product(session, "DINNER", price_minor=260_00)
    sold_at = dt.datetime.fromisoformat(f"2026-06-{at}:00+03:00")
    place = replace(a_place(session, a_till(session), now=sold_at), sold_at=sold_at)
    asked = Asked(
        (("DINNER", 1000),), Buyer(customer_id=customer), (coupon,), confirmed=frozenset(confirmed), means=("card",)
    )
    assert sell(session, Order("R1", asked, (Payment(Means.CARD, pays),)), place, currency="ILS")


def test_a_plan_follows_its_rule_from_version_to_version(session: Session):
    load(session, a_programme(occasions=[TREAT]))
    first = plans(session)["treat"]
    changed = TREAT | {"gives": [{"kind": "points", "points": 80}], "around": {"days_before": 3}}
    load(session, a_programme(occasions=[changed]))
    assert (plans(session)["treat"].points, plans(session)["treat"].days_before) == (80, 3)
    load(session, a_programme())
    assert plans(session)["treat"].state == PlanState.CLOSED
    load(session, a_programme(occasions=[TREAT]))
    again = plans(session)["treat"]
    assert (again.id, again.state, again.points) == (first.id, PlanState.ACTIVE, 50)


def test_a_version_of_a_later_day_brings_its_plans_on_that_day(session: Session):
    load(session, a_programme(occasions=[TREAT], switch={"effective_from": "2026-07-01"}))
    at = Now(dt.date(2026, 6, 30), dt.datetime(2026, 6, 30, tzinfo=dt.UTC), SYSTEM, "he")
    keep_all(session, at)
    assert plans(session) == {}
    keep_all(session, replace(at, today=dt.date(2026, 7, 1)))
    assert plans(session)["treat"].starts_on == dt.date(2026, 7, 1)


def test_a_plan_of_the_programme_can_be_paused_but_not_closed_by_hand(session: Session):
    load(session, a_programme(occasions=[TREAT]))
    plan_id = plans(session)["treat"].id
    how: dict[str, Any] = {"today": DAY, "now": dt.datetime(2026, 6, 1, tzinfo=dt.UTC), "by": SYSTEM}
    with pytest.raises(Conflict, match="programme"):
        set_plan_state(session, plan_id, PlanState.CLOSED, **how)
    set_plan_state(session, plan_id, PlanState.PAUSED, **how)
    keep_all(session, Now(DAY, how["now"], SYSTEM, "he"))
    assert plans(session)["treat"].state == PlanState.PAUSED


def test_money_of_a_birthday_needs_no_kind_of_card_set_up_before(session: Session):
    a_till(session)
    gives = [{"kind": "stored_value", "amount_minor": 2500}]
    load(session, a_programme(occasions=[TREAT | {"gives": gives}]))
    product = session.get_one(CardProduct, plans(session)["treat"].card_product_id)
    assert (product.code, plans(session)["treat"].amount_minor) == ("CLUB", 2500)


def test_a_level_that_nobody_was_looked_at_for_is_the_lowest_one(session: Session):
    levels = {"levels": [{"code": "BASIC", "at_least": 0}, {"code": "GOLD", "at_least": 1000}]}
    gold = TREAT | {"code": "gold", "levels": ["GOLD"]}
    club_id = load(session, a_programme(levels=levels, occasions=[TREAT | {"levels": ["BASIC"]}, gold]))
    customer = born(session, a_customer(session, "79"), dt.date(1990, 6, 9))
    a_membership(session, customer, club_id, joined_on=dt.date(2026, 5, 1))
    assert [granted(session, plans(session)[rule].id, DAY).grants for rule in ("treat", "gold")] == [1, 0]


def test_whoever_joins_is_given_the_gift_for_it_once(session: Session):  # bagel-5
    club_id = load(session, example("bagel_cafe"))
    customer = a_customer(session, "80")
    a_membership(session, customer, club_id, joined_on=DAY)
    how = Welcome(DAY, dt.datetime(2026, 6, 1, 9, tzinfo=dt.UTC), SYSTEM)
    welcome(session, customer, how)
    welcome(session, customer, how)
    coupon, last_day = session.execute(sa.select(Coupon.code, Coupon.last_day)).one()
    assert last_day == dt.date(2026, 7, 1)
    a_product(session, "LUNCH", price_minor=90_00)
    place = a_place(session, a_till(session), now=dt.datetime(2026, 6, 20, 9, tzinfo=dt.UTC))
    asked = Asked((("LUNCH", 1000),), Buyer(customer_id=customer), (coupon,), means=("card",))
    assert sell(session, Order("R1", asked, (Payment(Means.CARD, 70_00),)), place, currency="ILS")


def test_points_for_joining_are_there_at_once(session: Session):
    gift = {"code": "hello", "occasion": "joining", "gives": [{"kind": "points", "points": 100}]}
    club_id = load(session, a_programme(occasions=[gift]))
    customer = a_customer(session, "81")
    a_membership(session, customer, club_id, joined_on=DAY)
    welcome(session, customer, Welcome(DAY, dt.datetime(2026, 6, 1, 9, tzinfo=dt.UTC), SYSTEM))
    held = sa.select(PointsAccount.balance).where(PointsAccount.customer_id == customer)
    assert session.scalars(held).one() == 100


def test_what_has_a_price_in_points_is_an_offer_until_the_document_forgets_it(session: Session):
    mug = {"code": "mug", "points": 250, "gives": {"kind": "discount", "amount_minor": 4000}, "most_per_year": 2}
    earns = {"rules": [{"kind": "money", "code": "one", "points": 1, "per_minor": 100}]}
    state = sa.select(StoredOffer.state).where(StoredOffer.code == "CLUB.MUG")
    for benefits, expected in (([mug], OfferState.PUBLISHED), ([], OfferState.PAUSED), ([mug], OfferState.PUBLISHED)):
        load(session, a_programme(earning=earns, benefits=benefits))
        assert session.scalars(state).one() == expected


def test_long_names_still_have_codes_of_their_own():
    club = a_programme(code="A" * 31)
    codes = {code_of(club, "b" * 49 + end) for end in "xy"}
    assert len(codes) == 2
    assert all(len(each) <= 50 for each in codes)


def test_a_gift_for_the_next_purchase_is_not_for_the_sale_in_which_somebody_joins(session: Session):
    off = {"kind": "discount", "amount_minor": 2000}
    gifts = [
        {"code": code, "occasion": "joining", "gives": [off], "issue": {"usable": usable, "valid_months": 1}}
        for code, usable in (("now", "at_once"), ("later", "next_purchase"))
    ]
    club_id = load(session, a_programme(occasions=gifts))
    customer = a_customer(session, "82")
    a_membership(session, customer, club_id, joined_on=DAY)
    welcome(session, customer, Welcome(DAY, dt.datetime(2026, 6, 1, 9, tzinfo=dt.UTC), SYSTEM))
    days = session.execute(sa.select(Coupon.first_day, Coupon.last_day).order_by(Coupon.first_day.nulls_first())).all()
    last = dt.date(2026, 7, 1)
    assert [tuple(each) for each in days] == [(None, last), (dt.date(2026, 6, 2), last)]


def _longest(said: Any) -> Any:
    """The document with names and codes of rules as long as they may be."""
    if isinstance(said, list):
        return [_longest(each) for each in said]
    if not isinstance(said, dict):
        return said
    made = {name: _longest(each) for name, each in said.items()}
    if "code" in made and made["code"] == made["code"].lower():
        made |= {"code": made["code"].ljust(50, "x"), "names": dict.fromkeys(("en", "he", "fi", "sv"), "n" * 200)}
    return made


def test_a_club_may_have_names_and_codes_as_long_as_any(session: Session):
    said = _longest(documents.brief(example("bagel_cafe")))
    said |= {"code": "BAGEL".ljust(31, "X"), "names": {"en": "c" * 200, "he": "מ" * 200}}
    load(session, Programme.model_validate(said))
    names = [said["names"] for said in session.scalars(sa.select(OfferVersion.document))]
    assert {len(text) for each in names for text in each.values()} == {200}
    assert any(each["en"].endswith(": pay with points") for each in names)
