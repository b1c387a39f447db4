# REQ P-15, O-09, V-02: what a rule gives is good on its days, and what a purchase doesn't use up stays where so said
import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel.errors import Conflict
from erp_club.kernel.lots import available
from erp_club.permissions.actors import SYSTEM
from erp_club.programmes.commands import load_programme
from erp_club.programmes.engine.checks import findings
from erp_club.programmes.welcoming.commands import Welcome, welcome
from erp_club.promotions.coupons.models import Coupon, CouponBatch, CouponCode
from erp_club.purchases.asked import Asked
from erp_club.purchases.commands import sell
from erp_club.purchases.quotes.told import Buyer
from erp_club.purchases.sale import Payment
from erp_club.purchases.settled import Order
from erp_club.receipts.kinds import Means
from erp_club.stored_value import commands as cards
from erp_club.stored_value.commands import Cause
from erp_club.stored_value.models import ValueCard
from erp_club.stored_value.numbers import CardKey
from erp_club.stored_value.verify.queries import wrong_cards
from tests.make.clubs import a_customer, a_membership
from tests.make.programmes import a_programme
from tests.make.purchases import a_place, a_product, a_till
from tests.make.stored_value import a_kind

JOINED = dt.date(2026, 6, 1)
NOW = dt.datetime(2026, 6, 1, 8, tzinfo=dt.UTC)
AMOUNT = {"kind": "discount", "amount_minor": 50_00}


def joined(session: Session, gives: dict[str, Any], **issue: Any) -> int:
    """Somebody who joins a club that gives this for it."""
    rule = {"code": "hello", "occasion": "joining", "gives": [gives], "issue": issue}
    return joined_again(session, rule, "77")


def joined_again(session: Session, rule: dict[str, Any], number: str) -> int:
    how: dict[str, Any] = {"currency": "ILS", "language": "he", "today": JOINED, "now": NOW, "by": SYSTEM}
    club_id = load_programme(session, a_programme(occasions=[rule]), publish=True, **how).club_id
    customer = a_customer(session, number)
    a_membership(session, customer, club_id, joined_on=JOINED)
    welcome(session, customer, Welcome(JOINED, NOW, SYSTEM))
    return customer


def bought(session: Session, customer: int, till: Any, minor: int, pays: int, number: int) -> None:
    sku = f"P{number}"
    a_product(session, sku, price_minor=minor)
    code = session.scalars(sa.select(CouponCode.code).where(CouponCode.customer_id == customer)).one()
    at = dt.datetime(2026, 6, 2 + number, 12, tzinfo=dt.UTC)
    place = replace(a_place(session, till, now=at), sold_at=at)
    asked = Asked(((sku, 1000),), Buyer(customer_id=customer), (code,), means=("card",))
    payments = (Payment(Means.CARD, pays),) if pays else ()
    assert sell(session, Order(f"R{number}", asked, payments), place, currency="ILS")


@pytest.mark.parametrize("gives", [AMOUNT, {"kind": "code", "amount_minor": 50_00}])
def test_a_discount_is_used_up_over_several_purchases_where_the_rule_says_so(session: Session, gives: dict[str, Any]):
    till = a_till(session)
    customer = joined(session, gives, part_use=True)
    for number, pays in enumerate([0, 0, 10_00]):
        bought(session, customer, till, 20_00, pays, number)
    assert session.scalars(sa.select(Coupon.given_minor)).one() == 50_00


def test_a_discount_is_used_once_where_the_rule_says_nothing(session: Session):
    till = a_till(session)
    customer = joined(session, AMOUNT)
    bought(session, customer, till, 20_00, 0, 1)
    coupon = session.scalars(sa.select(Coupon)).one()
    assert (coupon.uses, coupon.used, coupon.worth_minor) == (1, 1, None)


def test_a_version_that_lets_the_rest_stay_says_so_of_the_coupons_to_come(session: Session):
    a_till(session)
    first = joined(session, AMOUNT)
    stays = {"code": "hello", "occasion": "joining", "gives": [AMOUNT], "issue": {"part_use": True}}
    second = joined_again(session, stays, "78")
    worths = dict(session.execute(sa.select(Coupon.customer_id, Coupon.worth_minor)).all())
    assert worths == {first: None, second: 50_00}
    joined_again(session, stays | {"issue": {}}, "79")
    session.expire_all()
    assert session.execute(sa.select(CouponBatch.uses, CouponBatch.worth_minor)).all() == [(1, None)]


def test_money_on_a_gift_card_begins_and_ends_on_the_days_of_its_rule(session: Session):
    another = a_till(session)
    a_kind(session, has_pin=False, least_minor=1_00, most_minor=1_000_00, valid_months=60)
    gives = {"kind": "stored_value", "amount_minor": 30_00}
    customer = joined(session, gives, usable="day", usable_after_days=10, valid_months=1)
    card_id = session.scalars(sa.select(ValueCard.id).where(ValueCard.customer_id == customer)).one()
    key = CardKey(customer, card_id)
    held = cards.hold(session, [key])[key]
    days = {day: available(held.lots, dt.date(2026, *day)) for day in [(6, 10), (6, 11), (7, 1), (7, 2)]}
    assert days == {(6, 10): 0, (6, 11): 30_00, (7, 1): 30_00, (7, 2): 0}
    with pytest.raises(Conflict) as early:
        cards.pay(session, held, 10_00, cause=Cause(NOW, dt.date(2026, 6, 10), another.by))
    assert early.value.code == "stored-value-too-little"
    cards.pay(session, held, 10_00, cause=Cause(NOW, dt.date(2026, 6, 11), another.by))
    assert list(wrong_cards(session)) == []


def test_money_without_days_of_its_own_is_good_as_long_as_its_kind(session: Session):
    a_till(session)
    a_kind(session, has_pin=False, least_minor=1_00, most_minor=1_000_00, valid_months=60)
    customer = joined(session, {"kind": "stored_value", "amount_minor": 30_00})
    key = CardKey(customer, session.scalars(sa.select(ValueCard.id).where(ValueCard.customer_id == customer)).one())
    (lot,) = cards.hold(session, [key])[key].lots
    assert (lot.usable(JOINED), lot.last_day) == (True, dt.date(2031, 6, 1))


def test_what_can_not_be_said_of_a_gift_is_told_at_its_place():
    gives = [{"kind": "points", "points": 1}]
    card = [{"kind": "stored_value", "amount_minor": 5_00, "denomination_minor": 1_00}]
    club = a_programme(
        levels={"levels": [{"code": "A"}], "window": {"every": "ever"}, "milestones": [
            {"code": "half", "at": 5, "gives": gives, "issue": {"at": "period_end"}}]},
        occasions=[
            {"code": "a", "occasion": "joining", "gives": gives, "issue": {"at": "night", "valid_days": 3}},
            {"code": "b", "occasion": "birthday", "around": {}, "gives": gives,
             "issue": {"valid_months": 3, "after_days": 1}},
            {"code": "c", "occasion": "joining", "gives": card, "growth": {"per_year_minor": 1},
             "when": {"least_minor": 5}},
        ],
        rewards=[{"code": "r", "gives": {"kind": "payout"}, "function": {"kind": "every", "every": 1, "value": 1},
                  "issue": {"automatic": True, "after_days": 12, "by_day_of_month": 10}}],
        benefits=[{"code": "m", "points": 5, "gives": {"kind": "coupon", "batch": "NEXT"}, "when": {"confirm": "TWO"}},
                  {"code": "n", "points": 5, "gives": {"kind": "code"}},
                  {"code": "o", "points": 5, "gives": AMOUNT, "when": {"without_means": ["points"]}}],
        redemption={"worth_points": 1, "worth_minor": 1, "excluded": {"means": ["card"]},
                    "when": {"without_means": ["points"]}},
    )  # fmt: skip
    named = ("issue", "benefits", "occasions", "redemption.")
    told = {each.path: each.stops for each in findings(club) if any(name in each.path for name in named)}
    assert told == {
        "levels.milestones[0].issue.at": True,
        "occasions[1].issue.after_days": True,
        "occasions[1].issue.valid_months": True,
        "occasions[2].gives[0].denomination_minor": True,
        "occasions[2].growth": True,
        "occasions[2].when": True,
        "rewards[0].issue.automatic": False,
        "rewards[0].issue.by_day_of_month": True,
        "benefits[0].when.confirm": True,
        "benefits[1].gives.amount_minor": True,
        "benefits[2].when.without_means": True,
        "redemption.when.without_means": True,
        "redemption.excluded.means": True,
    }


def test_what_can_not_be_left_over_is_told_at_its_place():
    gives = [{"kind": "points", "points": 1}, {"kind": "coupon", "batch": "NEXT"}, AMOUNT]
    rules = [
        {"code": f"r{number}", "occasion": "joining", "gives": [each], "issue": {"part_use": True}}
        for number, each in enumerate(gives)
    ]
    told = [each.path for each in findings(a_programme(occasions=rules)) if "part_use" in each.path]
    assert told == ["occasions[0].issue.part_use", "occasions[1].issue.part_use"]
