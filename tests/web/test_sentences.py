# REQ O-01 O-02 N-01: what an offer does is said in plain language, in four languages
import datetime as dt
import re
from typing import Any

import pytest

from erp_club.promotions.clauses import Words
from erp_club.promotions.documents import Thing
from erp_club.promotions.sentence import gives, sentence
from tests.make.offers import an_offer
from web.i18n import LANGUAGE, LANGUAGES, say

WORDS = Words(
    "ILS",
    {
        (Thing.PRODUCT, "729"): {"": "Milk 3%"},
        (Thing.CLUB, "GOLD"): {"en": "Gold Club", "he": "מועדון הזהב"},
        (Thing.STORE, "374"): {"": "Haifa"},
    },
)
TEA = {"groups": ["Tea"]}
PRIZES = [{"weight": 1, "off_minor": 500}, {"weight": 2, "product": "729"}, {"weight": 1, "off_bp": 1000}]
REWARDS: list[dict[str, Any]] = [
    {"kind": "percent", "value_bp": 1250, "on": TEA},
    {"kind": "percent", "value_bp": 500, "units": 1, "measured": True},
    {"kind": "percent", "value_bp": 500, "units": 2, "pick": "dearest", "cap_minor": 1000, "base_cap_minor": 5000},
    {"kind": "percent", "steps": [{"from_quantity": 3, "value": 500}, {"from_quantity": 6, "value": 1000}]},
    {"kind": "percent", "value_bp": 100, "cap_minor": 1, "cap_basis": "excl", "count_in": TEA},
    {"kind": "amount", "value_minor": 500},
    {"kind": "amount", "value_minor": 500, "spread": "line", "units_per_line": 2, "basis": "excl"},
    {"kind": "amount", "value_minor": 500, "spread": "unit", "first_minor": 100},
    {"kind": "amount", "value_minor": 500, "spread": "unit", "group_size": 3, "count_in": TEA},
    {"kind": "amount", "value_minor": 500, "units": 1},
    {"kind": "amount", "value_minor": 500, "units": 2, "pick": "dearest"},
    {"kind": "amount", "value_minor": 500, "units": 2, "spread": "unit"},
    {"kind": "amount", "value_minor": 500, "units": 2, "spread": "unit", "pick": "dearest"},
    {"kind": "amount", "steps": [{"from_quantity": 2, "value": 100}]},
    {"kind": "amount", "value_minor": 50, "spread": "unit", "steps": [{"from_quantity": 2, "value": 100}]},
    {"kind": "amount", "spread": "line", "steps": [{"from_quantity": 2, "value": 100}]},
    {"kind": "fixed_price", "price_minor": 990, "on": {"products": ["729"]}},
    {"kind": "fixed_price", "price_minor": 990, "units": 1, "measured": True},
    {"kind": "fixed_price", "price_minor": 990, "units": 3, "pick": "cheapest"},
    {"kind": "fixed_price", "price_minor": 990, "steps": [{"from_quantity": 5, "value": 890}]},
    {"kind": "buy_get", "size": 3, "on": {"departments": ["Dairy"], "without_brands": ["Own"]}},
    {"kind": "buy_get", "size": 4, "free": 2, "freed": "each", "applications": 1},
    {"kind": "buy_get", "size": 2, "off_bp": 5000},
    {"kind": "buy_get", "size": 6, "free": 2, "off_bp": 5000},
    {"kind": "bundle", "slots": [{"quantity": 1, "on": TEA}, {"quantity": 2}], "price_minor": 2000},
    {"kind": "bundle", "slots": [{"quantity": 2}], "off_bp": 1000, "pick": "cheapest", "applications": 2},
    {"kind": "bundle", "slots": [{"quantity": 2}], "off_minor": 100},
    {"kind": "gift", "products": ["729"]},
    {"kind": "gift", "products": ["729", "730"], "quantity": 2, "delivery": "in_basket"},
    {"kind": "free_delivery"},
    {"kind": "free_delivery", "cap_minor": 2000},
    {"kind": "points", "multiplier_bp": 15000, "club": "GOLD"},
    {"kind": "points", "multiplier_bp": 0, "on": {"brands": ["Own"], "regular_price_only": True}},
    {"kind": "points", "bonus": 1},
    {"kind": "points", "bonus": 5, "per": "unit"},
    {"kind": "points", "bonus": 5, "per": "unit", "per_units": 3},
    {"kind": "points", "bonus": 2, "per": "money", "per_minor": 1000},
    {"kind": "coupon", "batch": "NEXT"},
    {"kind": "coupon", "batch": "NEXT", "count": 2},
    {"kind": "surprise", "prizes": PRIZES, "nothing_weight": 4},
    {"kind": "redeem", "worth_minor": 5, "worth_points": 100, "block": 50, "least": 100, "club": "GOLD"},
    {"kind": "redeem", "worth_minor": 5, "most_bp": 5000, "on": TEA},
]
CONDITIONS: list[dict[str, Any]] = [
    {"quantity": 2, "of": TEA, "every": True},
    {"amount_minor": 10000},
    {"amount_minor": 10000, "basis": "excl", "of": {"kinds": ["goods"]}},
    {"stores": ["374", "375"]},
    {"channels": ["web"]},
    {"terminals": [1, 2]},
    {"weekdays": [1, 7]},
    {"from_time": "18:00", "to_time": "20:00"},
    {"means": ["cash"]},
    {"clubs": ["GOLD"]},
    {"clubs": ["GOLD"], "levels": ["Silver"]},
    {"segments": ["Big spenders"]},
    {"days_before": 7, "days_after": 3},
    {"member_of": "GOLD", "from_days": 3},
    {"member_of": "GOLD", "to_days": 30},
    {"first": 1, "last": 1},
    {"first": 2, "last": 5},
    {"first": 3},
    {"customer_known": True},
    {"confirm": "PAIR", "question": {"en": "Are they two?", "he": "זוג?"}},
    {"any": [{"weekdays": [5]}, {"all": [{"clubs": ["GOLD"]}, {"not": {"first": 1, "last": 1}}]}]},
    {"all": []},
]
LIMITS = {
    "uses": 1, "uses_per_day": 2, "per_member": 1, "per_member_day": 1, "per_member_month": 2, "per_member_year": 3,
    "per_member_week": 2, "per_member_quarter": 1, "per_member_half_year": 4, "per_member_own_year": 1,
    "per_member_term": 2, "of_club": "GOLD", "whole_day": True,
    "per_basket": 1, "budget_minor": 100000, "member_month_minor": 5000, "shared_month_minor": 6000,
    "shared_as": "7",
}  # fmt: skip


def said(language: str, **document: Any) -> str:
    LANGUAGE.set(language)
    return " ".join(say(text) for text in sentence(an_offer(**document), WORDS))


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return request.param


def whole(text: str, language: str) -> bool:
    """Nothing is left open, and nothing is left in English."""
    words = re.sub("\u2068[^\u2069]*\u2069", "", text)
    return "%(" not in text and "Text(" not in text and (language != "he" or not re.search(r"[A-Za-z]{3,}", words))


@pytest.mark.parametrize("reward", REWARDS, ids=lambda reward: reward["kind"])
def test_every_reward_is_said_whole(language: str, reward: dict[str, Any]) -> None:
    text = said(language, rewards=[reward])
    assert text.endswith(".")
    assert whole(text, language), text


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: next(iter(condition)))
def test_every_condition_is_said_and_so_is_its_opposite(language: str, condition: dict[str, Any]) -> None:
    yes, no = said(language, when=condition), said(language, when={"not": condition})
    assert whole(yes, language), yes
    assert whole(no, language), no
    assert yes != no


def test_start_dates_limits_and_company_are_said(language: str) -> None:
    for activation in (
        {"by": "cashier", "points": 50, "club": "GOLD"},
        {"by": "code", "code": "SAVE"},
        {"by": "coupon", "batch": "WINTER"},
    ):
        text = said(language, activation=activation, limits=LIMITS, combination={"mode": "stackable", "used": False})
        assert whole(text, language), text
    dates = [
        said(language, first_day=first, last_day=last)
        for first, last in (
            ("2026-12-01", "2026-12-24"),
            ("2026-12-01", None),
            (None, "2026-12-24"),
            ("2026-12-24", "2026-12-24"),
            (None, None),
        )
    ]
    assert len(set(dates)) == 5
    both = said(language, combination={"group": "Weekend", "per": "order"}, rewards=REWARDS[:2], rest=True)
    assert whole(both, language), both


def test_in_english_it_reads_as_people_would_say_it() -> None:
    text = said(
        "en",
        rewards=[{"kind": "buy_get", "size": 3, "on": {"groups": ["Tea"], "without_products": ["729"]}}],
        when={"all": [{"clubs": ["GOLD"]}, {"not": {"weekdays": [6]}}]},
        last_day=str(dt.date(2026, 12, 31)),
        limits={"per_member_day": 1},
    )
    assert re.sub("[\u2068\u2069]", "", text) == (
        "Of every 3 units of group Tea, except Milk 3% the cheapest one is free. Only if the customer is a member of "
        "Gold Club and it isn't Saturday. Until 31 Dec 2026. Once per member and day."
    )


@pytest.mark.parametrize(
    ("reward", "said_of_it"),
    [
        ({"units": 2}, "5.00 off the 2 cheapest of all products."),
        ({"units": 2, "spread": "unit"}, "5.00 off each of the 2 cheapest of all products."),
        (
            {"spread": "unit", "steps": [{"from_quantity": 3, "value": 700}]},
            (
                "A discount on all products that grows with the quantity: 7.00 from 3 units on. Below that 5.00. "
                "It is taken from each unit."
            ),
        ),
    ],
)
def test_an_amount_says_what_it_is_taken_from(reward: dict[str, Any], said_of_it: str) -> None:
    text = said("en", rewards=[{"kind": "amount", "value_minor": 500, **reward}])
    assert re.sub("[\u2068\u2069₪ \xa0]|ILS", "", text) == re.sub(" ", "", said_of_it)


def test_a_list_says_only_what_an_offer_gives() -> None:
    offer = an_offer(when={"clubs": ["GOLD"]}, limits={"uses": 5})
    assert [re.sub("[\u2068\u2069]", "", say(text)) for text in gives(offer, WORDS)] == ["10% off all products."]
