# REQ P-05, P-06, P-07, P-13, P-15, B-01, B-02: what periods and occasions bring, and what points buy
import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_club.programmes.engine.conditions import Why
from erp_club.programmes.engine.facts import MemberFacts, Moved
from erp_club.programmes.engine.measure import Lived, movements
from erp_club.programmes.engine.occasions import Celebrant, granted, grown, usable
from erp_club.programmes.engine.parts import Measure
from erp_club.programmes.engine.redeem import Purse, Redeemable, redeemable
from erp_club.programmes.engine.rewards import Occasion, PeriodReward
from erp_club.programmes.engine.settle import PeriodFacts, Settled, settle
from tests.make.programmes import a_programme, bought, day, purchase

MEMBER = MemberFacts()
STEPS = [{"from_amount": 10_000, "rate_bp": 100}, {"from_amount": 50_000, "rate_bp": 200}]


def reward(function: dict[str, Any], **said: Any) -> PeriodReward:
    made = {"code": "r", "gives": {"kind": "stored_value"}, "function": function}
    return PeriodReward.model_validate(made | said)


def settled(rule: PeriodReward, base: int, **said: Any) -> Settled:
    return settle(rule, PeriodFacts(base, **said))


@pytest.mark.parametrize(("on", "expected"), [("whole", 1600), ("each_step", 400 + 600)])
def test_the_percent_is_on_the_whole_or_on_each_step(on: str, expected: int):
    rule = reward({"kind": "percent", "steps": STEPS, "on": on})
    assert settled(rule, 80_000).value == expected


CODES = [{"at": 100, "value": 500}, {"at": 250, "value": 1500}, {"at": 500, "value": 4000}]


@pytest.mark.parametrize(("points", "value", "rest"), [(99, 0, 99), (100, 500, 0), (260, 1500, 10), (1200, 4000, 700)])
def test_points_become_one_code_of_the_highest_tier_and_the_rest_stays(points: int, value: int, rest: int):
    gives = {"kind": "code"}
    rule = reward({"kind": "threshold", "steps": CODES}, base={"counts": "balance"}, gives=gives, takes=True)
    made = settled(rule, points)
    assert (made.value, made.rest) == (value, rest)
    assert made.taken + made.rest == points


def test_every_threshold_that_is_reached_may_give():
    rule = reward({"kind": "threshold", "steps": CODES, "reached": "each"})
    assert settled(rule, 300).value == 2000


def test_vouchers_of_a_denomination_leave_a_rest_of_money():
    rule = reward({"kind": "percent", "steps": [{"from_amount": 0, "rate_bp": 100}]},
                  gives={"kind": "coupon", "batch": "VOUCHER", "denomination_minor": 2500})  # fmt: skip
    made = settled(rule, 780_000)
    assert (made.value, made.pieces, made.rest_minor) == (7500, 3, 300)
    assert settled(rule, 220_000, rest_minor=300).value == 2500
    dropped = PeriodReward.model_validate(rule.model_dump() | {"rest": "drop"})
    assert settled(dropped, 780_000).rest_minor == 0


def test_a_reward_below_the_least_is_carried_and_one_above_the_most_is_cut():
    rule = reward({"kind": "percent", "steps": STEPS}, least_minor=500, most_minor=1000)
    assert settled(rule, 20_000).why is Why.TOO_LITTLE
    assert settled(rule, 90_000).value == 1000


def test_a_dividend_waits_for_its_rate():
    assert settled(reward({"kind": "declared"}), 100_000).why is Why.NOT_DECLARED
    assert settled(reward({"kind": "declared", "rate_bp": 250}), 100_000).value == 2500


@pytest.mark.parametrize(
    ("past", "holds"), [((300, 300, 300), True), ((300, 100, 300), False), ((100, 400, 400, 400), True)]
)
def test_a_condition_over_several_periods(past: tuple[int, ...], holds: bool):
    need = {"at_least": 250, "periods": 3, "of_them": 3}
    rule = reward({"kind": "percent", "steps": STEPS}, needs=[need])
    assert (settled(rule, 50_000, past=(past,)).why is None) is holds
    together = reward({"kind": "percent", "steps": STEPS}, needs=[{"at_least": 700, "periods": 3}])
    assert settled(together, 50_000, past=((300, 100, 300),)).why is None


def test_only_some_levels_and_only_members_have_it():
    rule = reward({"kind": "percent", "steps": STEPS}, levels=["GOLD"])
    assert settled(rule, 50_000, level="SILVER").why is Why.WRONG_LEVEL
    assert settled(rule, 50_000, level="GOLD", member_at_end=False).why is Why.NOT_MEMBER
    assert settled(rule, 50_000, level="GOLD").value == 1000


FUNCTIONS = st.sampled_from(
    [
        {"kind": "percent", "steps": STEPS},
        {"kind": "percent", "steps": STEPS, "on": "each_step"},
        {"kind": "threshold", "steps": CODES},
        {"kind": "threshold", "steps": CODES, "reached": "each"},
        {"kind": "every", "every": 2500, "value": 25},
        {"kind": "declared", "rate_bp": 150},
    ]
)


@given(FUNCTIONS, st.integers(0, 2_000_000), st.integers(0, 2_000_000))
def test_a_sum_brings_at_least_what_its_part_brings(function: dict[str, Any], part: int, more: int):
    rule = reward(function)
    assert settled(rule, part + more).value >= settled(rule, part).value


def test_purchases_returns_and_visits_become_movements():
    bag = [
        Lived(purchase(100, on="2026-06-01", store="1")),
        Lived(purchase(50, on="2026-06-01", at="18:00", store="1")),
        Lived(purchase(bought(-100), on="2026-06-10", store="1"), returns_on=day("2026-06-01")),
    ]
    spend, visits = Measure(), Measure.model_validate({"counts": "visits"})
    assert movements([spend, visits], bag) == (
        Moved(day("2026-06-01"), 10_000, day("2026-06-01"), 0),
        Moved(day("2026-06-01"), 1, day("2026-06-01"), 1),
        Moved(day("2026-06-01"), 5_000, day("2026-06-01"), 0),
        Moved(day("2026-06-01"), -10_000, day("2026-06-10"), 0),
    )


def occasion(**said: Any) -> Occasion:
    made = {"code": "b", "occasion": "birthday", "around": {"days_before": 7, "days_after": 7}}
    return Occasion.model_validate(made | {"gives": [{"kind": "discount", "amount_minor": 5000}]} | said)


BORN = day("1990-01-03")
WHO = Celebrant(day("2025-01-01"), BORN)


@pytest.mark.parametrize(
    ("around", "inside", "outside"),
    [
        ({"days_before": 7, "days_after": 7}, ["2025-12-27", "2026-01-10"], ["2025-12-26", "2026-01-11"]),
        ({"whole_months": True}, ["2026-01-01", "2026-01-31"], ["2025-12-31", "2026-02-01"]),
        ({"whole_months": True, "months_before": 1, "months_after": 1}, ["2025-12-01", "2026-02-28"], ["2026-03-01"]),
        ({}, ["2026-01-03"], ["2026-01-02", "2026-01-04"]),
    ],
)  # fmt: skip
def test_a_birthday_is_celebrated_around_its_day_over_the_turn_of_the_year(
    around: dict[str, Any], inside: list[str], outside: list[str]
):
    rule = occasion(around=around)
    assert all(granted(rule, WHO, day(each)).span for each in inside)
    assert [granted(rule, WHO, day(each)).why for each in outside] == [Why.WRONG_DAY] * len(outside)


def test_29_february_is_celebrated_every_year():
    rule, who = occasion(around={}), Celebrant(day("2025-01-01"), day("2004-02-29"))
    assert granted(rule, who, day("2027-02-28")).span
    assert granted(rule, who, day("2028-02-29")).span
    assert granted(rule, who, day("2028-02-28")).span is None


@pytest.mark.parametrize(
    ("said", "who", "why"),
    [
        ({}, Celebrant(day("2025-01-01")), Why.DATE_UNKNOWN),
        ({}, Celebrant(day("2025-01-01"), BORN, used=frozenset({day("2025-12-27")})), Why.USED_UP),
        ({"known_at_joining": True}, Celebrant(day("2025-01-01"), BORN, day("2025-06-01")), Why.TOO_LATE),
        ({"known_days_before": 30}, Celebrant(day("2025-01-01"), BORN, day("2025-12-01")), Why.TOO_LATE),
        ({"least_points": 100}, Celebrant(day("2025-01-01"), BORN, points=99), Why.BALANCE_TOO_LOW),
        ({"levels": ["GOLD"]}, WHO, Why.WRONG_LEVEL),
        ({"least_months": 12}, WHO, Why.TOO_EARLY),
    ],
)
def test_why_a_birthday_brings_nothing(said: dict[str, Any], who: Celebrant, why: Why):
    assert granted(occasion(**said), who, day("2026-01-03")).why is why


def test_a_birthday_gift_grows_with_age_to_a_ceiling():
    rule = occasion(growth={"per_year_minor": 100, "from_age": 18, "most_minor": 6000})
    values = [grown(rule, rule.gives[0], age) for age in (18, 20, 60)]
    assert [getattr(each, "amount_minor", None) for each in values] == [5000, 5200, 6000]


@pytest.mark.parametrize(
    ("said", "first", "last"),
    [
        ({"valid_days": 30}, "2026-01-31", "2026-03-02"),
        ({"valid_months": 1}, "2026-01-31", "2026-02-28"),
        ({"valid_until": "month_end"}, "2026-01-31", "2026-01-31"),
        ({"valid_until": "year_end", "usable": "day", "usable_after_days": 1}, "2026-02-01", "2026-12-31"),
        ({"usable": "day", "usable_from": "2026-03-01"}, "2026-03-01", None),
    ],
)
def test_from_when_to_when_it_can_be_used(said: dict[str, Any], first: str, last: str | None):
    span = usable(occasion(issue=said).issue, day("2026-01-31"))
    assert (span.first, span.last) == (day(first), dt.date.fromisoformat(last) if last else None)


def redeem(points: int, *lines: Any, purse: Purse | None = None, **said: Any) -> Redeemable:
    club = a_programme(redemption={"worth_points": 1, "worth_minor": 10, **said})
    return redeemable(club, purchase(*lines), MEMBER, purse or Purse(points))


@pytest.mark.parametrize(
    ("said", "points", "limit"),
    [
        ({}, 1000, "purchase"),
        ({"most_bp": 5000}, 500, "share"),
        ({"most_points": 400}, 400, "receipt"),
        ({"most_minor": 2000}, 200, "amount"),
        ({"most_points_visit": 300}, 300, "visit"),
        ({"most_points_day": 300}, 250, "day"),
        ({"step": 300}, 900, "purchase"),
    ],
)
def test_the_ceilings_of_redemption(said: dict[str, Any], points: int, limit: str):
    made = redeem(5000, 100, purse=Purse(5000, used_day=50), **said)
    assert (made.points, made.limit, made.pays_minor) == (points, limit, points * 10)


def test_a_least_balance_a_least_amount_and_a_least_purchase():
    assert redeem(99, 100, least_balance=100).why is Why.BALANCE_TOO_LOW
    assert redeem(150, 10, least_points=120).why is Why.BALANCE_TOO_LOW
    assert redeem(150, 10, least_purchase_minor=2000).why is Why.TOO_LITTLE


def test_whole_items_only():
    made = redeem(1200, bought(100, id="a"), bought(30, id="b"), bought(15, id="c"), whole_items=True)
    assert made.pays_minor == 11_500


def test_points_pay_for_what_the_club_lets_them():
    lines = [bought(50, id="tea", group="Tea"), bought(30, id="way", kind="delivery"), bought(20, reduced=True)]
    assert redeem(5000, *lines).pays_minor == 7000
    assert redeem(5000, *lines, excluded={"reduced": True}).lines == ("tea",)
    assert redeem(5000, *lines, on={"kinds": ["goods", "delivery"]}).pays_minor == 10_000
