# REQ O-02: when an offer holds; O-03: club offers are for members; O-05: offers that cost points; O-08: what is missing
import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from erp_club.promotions.engine.facts import Claim, Coupon, Facts, ListPrice, Member, Shopper, Used
from erp_club.promotions.engine.price import price
from erp_club.promotions.engine.scope import Scope
from tests.make.pricing import AT, a_line, a_shopper, an_offer, compiled, priced, refusal

TENTH = {"kind": "percent", "value_bp": 1000}
FIVE = {"kind": "amount", "value_minor": 500}
MEMBER = Shopper(
    "7", {"CLUB": Member("gold", joined_on=AT.date() - dt.timedelta(days=5))}, frozenset({"parents"}), birthday_in=-2,
    purchases=4, born=dt.date(1966, 11, 28),
)  # fmt: skip
ASK = {"en": "Are there two?"}
NEGATED = {
    "amount_minor": "too_much", "quantity": "too_many", "clubs": "member", "levels": "this_level",
    "days_before": "birthday", "celebrates": "birthday", "from_age": "wrong_age", "first": "wrong_purchase_number",
    "customer_known": "customer_known", "confirm": "excluded", "member_of": "wrong_length",
}  # fmt: skip
"""What an offer is told that holds only elsewhere, where that isn't what the other is told."""


@pytest.mark.parametrize(
    ("when", "said", "reason"),
    [
        ({"stores": ["042"]}, {"store": "042"}, "wrong_store"),
        ({"channels": ["web"]}, {"channel": "web"}, "wrong_channel"),
        ({"terminals": [3]}, {"terminal": 3}, "wrong_terminal"),
        ({"weekdays": [3]}, {"at": AT}, "wrong_day"),
        ({"dates": ["12-20/01-06", f"{AT.day:02}/{AT.day:02}"]}, {"at": AT}, "wrong_day"),
        ({"dates": [f"{AT.date()}"]}, {"at": AT}, "wrong_day"),
        ({"dates": [f"{AT:%m-%d}/{AT:%m-%d}"]}, {"at": AT}, "wrong_day"),
        ({"from_time": "11:00", "to_time": "12:01"}, {"at": AT}, "wrong_hour"),
        ({"from_time": "22:00", "to_time": "06:00"}, {"at": AT.replace(hour=23)}, "wrong_hour"),
        ({"means": ["card"]}, {"means": ("cash", "card")}, "wrong_means"),
        ({"clubs": ["CLUB"]}, {"shopper": MEMBER}, "not_member"),
        ({"clubs": ["CLUB"], "levels": ["gold"]}, {"shopper": MEMBER}, "not_member"),
        ({"segments": ["parents"]}, {"shopper": MEMBER}, "not_in_segment"),
        ({"days_before": 7, "days_after": 2}, {"shopper": MEMBER}, "customer_needed"),
        ({"celebrates": "week"}, {"shopper": MEMBER, "at": AT}, "customer_needed"),
        ({"celebrates": "month"}, {"shopper": MEMBER, "at": AT}, "customer_needed"),
        ({"from_age": 59}, {"shopper": MEMBER}, "customer_needed"),
        ({"from_age": 0, "to_age": 59}, {"shopper": MEMBER}, "customer_needed"),
        ({"member_of": "CLUB", "from_days": 5}, {"shopper": MEMBER, "at": AT}, "not_member"),
        ({"member_of": "CLUB", "to_days": 5}, {"shopper": MEMBER, "at": AT}, "not_member"),
        ({"first": 5, "last": 5}, {"shopper": MEMBER}, "customer_needed"),
        ({"customer_known": True}, {"shopper": MEMBER}, "customer_needed"),
        ({"confirm": "PAIR", "question": ASK}, {"confirmed": frozenset({"PAIR"})}, "not_confirmed"),
        ({"amount_minor": 1000}, {"lines": (a_line(),)}, "min_amount"),
        ({"quantity": 2}, {"lines": (a_line(count=2),)}, "min_qty"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_an_offer_holds_where_its_condition_does_and_says_what_it_lacks(
    when: dict[str, Any], said: dict[str, Any], reason: str
) -> None:
    offers = compiled(an_offer("OFFER", TENTH, when=when), an_offer("ELSE", TENTH, when={"not": when}))
    other = Facts((a_line(unit_minor=999),), dt.datetime.combine(dt.date(2026, 11, 27), dt.time(10)))
    here = price(Facts(**{"lines": other.lines, "at": other.at, **said}), offers)
    elsewhere = price(other, offers)
    assert [each.offer for each in here.applied] == ["OFFER"]
    assert [each.offer for each in elsewhere.applied] == ["ELSE"]
    assert refusal(elsewhere, "OFFER").reason == reason
    assert refusal(here, "ELSE").reason == next((NEGATED[name] for name in reversed(when) if name in NEGATED), reason)


@pytest.mark.parametrize("said", [{"from_days": 6}, {"to_days": 4}])
def test_membership_is_counted_from_the_day_of_joining(said: dict[str, int]) -> None:
    offers = compiled(an_offer("OFFER", TENTH, when={"member_of": "CLUB", **said}))
    assert refusal(price(Facts((a_line(),), AT, shopper=MEMBER), offers), "OFFER").reason == "wrong_length"


def test_age_and_birthday_are_those_of_the_day() -> None:
    when = {"all": [{"from_age": 60}, {"celebrates": "week"}]}
    offer, unknown = an_offer("OLD", TENTH, when=when), replace(MEMBER, born=None)

    def lacks(day: int, who: Shopper = MEMBER) -> str | None:
        facts = Facts((a_line(),), dt.datetime.combine(dt.date(2026, 11, day), dt.time(12)), shopper=who)
        found = price(facts, compiled(offer)).refused
        return found[0].reason if found else None

    # The birthday is Saturday 28 November; its week is the 23rd to the 29th.
    assert [lacks(27), lacks(28), lacks(29), lacks(30)] == ["wrong_age", None, None, "not_birthday"]
    assert lacks(28, who=unknown) == "wrong_age"


def test_a_member_of_another_level_is_told_so() -> None:
    offer = an_offer("GOLD", TENTH, when={"clubs": ["CLUB"], "levels": ["gold"]})
    assert refusal(priced([a_line()], offer, shopper=a_shopper()), "GOLD").reason == "wrong_level"


# REQ M-12
@pytest.mark.parametrize(
    ("member", "given", "refused"),
    [
        (Member("gold", 100, gives=False), {"PAY"}, {"GOLD": "wrong_channel", "COSTS": "not_chosen"}),
        (Member("gold", 100, spends=False), {"GOLD"}, {"PAY": "wrong_channel", "COSTS": "not_chosen"}),
    ],
)
def test_where_a_club_gives_nothing_or_takes_no_points_its_offers_say_so(
    member: Member, given: set[str], refused: dict[str, str]
) -> None:
    club = {"clubs": ["CLUB"]}
    pay = an_offer("PAY", {"kind": "redeem", "club": "CLUB", "worth_minor": 1}, when=club)
    costs = an_offer("COSTS", FIVE, activation={"by": "cashier", "points": 50, "club": "CLUB"})
    offers = [an_offer("GOLD", TENTH, when=club), pay, costs]
    made = priced([a_line()], *offers, shopper=Shopper("7", {"CLUB": member}))
    assert {each.offer for each in made.applied} == given
    assert {each.offer: each.reason for each in made.refused} == refused
    chosen = priced([a_line()], costs, shopper=Shopper("7", {"CLUB": member}), claims=(Claim("COSTS"),))
    assert [each.offer for each in chosen.applied] == (["COSTS"] if member.spends else [])
    assert [each.reason for each in chosen.refused] == ([] if member.spends else ["points_closed"])


def test_one_of_several_conditions_is_enough() -> None:
    offer = an_offer("OFFER", TENTH, when={"any": [{"stores": ["042"]}, {"quantity": 3}]})
    assert priced([a_line(count=3)], offer).discount_minor == 300
    assert refusal(priced([a_line()], offer), "OFFER").reason == "wrong_store"


def test_of_several_alternatives_the_one_is_told_that_lacks_least() -> None:  # REQ O-08, O-11
    either: list[dict[str, Any]] = [{"quantity": 6}, {"quantity": 2, "of": {"groups": ["tea"]}}]
    pair = {"kind": "buy_get", "size": 2, "on": {"groups": ["coffee"]}}
    for reward, hinted in ((TENTH, True), (pair, False)):
        answer = priced([a_line(), a_line("tea")], an_offer("OFFER", reward, when={"any": either}))
        assert (refusal(answer, "OFFER").reason, refusal(answer, "OFFER").missing) == ("min_qty", 1)
        # A second tea opens it, but makes no pair of coffees: of that nothing is promised.
        assert hinted or not answer.hints


@pytest.mark.parametrize("reward", [{"kind": "coupon", "batch": "NEXT"}, {"kind": "gift", "products": ["mug"]}])
@pytest.mark.parametrize(
    "when",
    [
        {"not": {"quantity": 1, "of": {"groups": ["tea"]}}},
        {"any": [{"quantity": 1, "of": {"groups": ["tea"]}}, {"customer_known": True}]},
        {"all": [{"customer_known": True}, {"not": {"amount_minor": 1, "of": {"groups": ["tea"]}}}]},
    ],
    ids=["not", "any", "all"],
)
def test_what_takes_nothing_off_is_given_to_a_basket_without_the_goods_that_a_condition_names(
    reward: dict[str, Any], when: dict[str, Any]
) -> None:
    offer = an_offer("OFFER", reward, when=when)
    assert [each.offer for each in priced([a_line()], offer, shopper=a_shopper()).applied] == ["OFFER"]


def test_an_alternative_counts_as_often_as_all_of_it_holds() -> None:
    pairs = {"all": [{"quantity": 2, "every": True}, {"stores": ["042"]}]}
    offer = an_offer("OFFER", FIVE, when={"any": [pairs, {"customer_known": True}]})
    assert priced([a_line(count=6)], offer, store="042").discount_minor == 1500
    assert priced([a_line(count=6)], offer, store="043", shopper=a_shopper()).discount_minor == 500


def test_what_is_missing_is_told_in_units_and_in_money() -> None:
    amount = an_offer("HUNDRED", TENTH, when={"amount_minor": 10_000})
    units = an_offer("FIVE", TENTH, when={"quantity": 5})
    answer = priced([a_line(count=2, unit_minor=1240)], amount, units)
    assert [refusal(answer, code).missing for code in ("HUNDRED", "FIVE")] == [7520, 3]


def test_thresholds_look_at_list_amounts_once() -> None:
    stack = {"mode": "stackable"}
    half = an_offer("HALF", {"kind": "percent", "value_bp": 5000}, combination=stack)
    threshold = an_offer("TEN", FIVE, when={"amount_minor": 1000}, combination=stack)
    assert priced([a_line()], half, threshold).total_minor == 0


@pytest.mark.parametrize(
    ("days", "reason"),
    [
        ({"first_day": "2026-11-26"}, "not_yet_valid"),
        ({"last_day": "2026-11-24"}, "expired"),
        ({"first_day": "2026-11-25", "last_day": "2026-11-25"}, None),
    ],
    ids=["tomorrow", "yesterday", "today"],
)
def test_the_first_and_the_last_day_belong_to_an_offer(days: dict[str, str], reason: str | None) -> None:
    answer = priced([a_line()], an_offer("OFFER", TENTH, **days))
    assert [each.reason for each in answer.refused] == ([] if reason is None else [reason])


@pytest.mark.parametrize(
    ("limits", "used", "times"),
    [
        ({"per_basket": 2}, Used(), 2),
        ({"uses": 10}, Used(uses=9), 1),
        ({"uses_per_day": 5}, Used(today=5), 0),
        ({"per_member": 2}, Used(member=2), 0),
        ({"per_member_day": 1}, Used(member=8), 1),
        ({"per_member_month": 3, "per_member_year": 9}, Used(member_month=2, member_year=9), 0),
        ({"per_member_week": 2, "per_member_quarter": 1}, Used(member_week=1, member_quarter=1), 0),
        ({"per_member_half_year": 1}, Used(member_year=1), 1),
        ({"per_member_month": 1, "whole_day": True}, Used(member_month=1), 0),
        ({"per_member_month": 1, "whole_day": True}, Used(member_month=1, member_today=1), 3),
        ({"budget_minor": 3000}, Used(given_minor=0), 3),
        ({"budget_minor": 3000}, Used(given_minor=1), 2),
        ({"budget_minor": 3000}, Used(given_minor=2001), 0),
    ],
)
def test_limits_and_budgets_bound_what_an_offer_gives(limits: dict[str, int], used: Used, times: int) -> None:
    offer = an_offer("3FOR2", {"kind": "buy_get", "size": 3}, limits=limits)
    answer = priced([a_line(count=9)], offer, used={"3FOR2": used}, shopper=a_shopper())
    assert answer.discount_minor == times * 1000
    assert [each.times for each in answer.applied] == ([times] if times else [])
    assert [each.reason for each in answer.refused] == ([] if times else ["used_up"])


@pytest.mark.parametrize("mode", ["exclusive", "stackable"])
@pytest.mark.parametrize("reward", [TENTH, {"kind": "buy_get", "size": 3}, FIVE | {"spread": "unit"}])
@pytest.mark.parametrize(("before", "given"), [(0, 700), (699, 1), (700, 0)])
def test_what_a_month_leaves_is_given_in_part(mode: str, reward: dict[str, Any], before: int, given: int) -> None:
    offer = an_offer("MONTH", reward, limits={"member_month_minor": 700}, combination={"mode": mode})
    used = {"MONTH": Used(member_month_minor=before)}
    answer = priced([a_line(count=9)], offer, used=used, shopper=a_shopper())
    assert answer.discount_minor == given
    assert [each.reason for each in answer.refused] == ([] if given else ["used_up"])
    assert refusal(priced([a_line(count=9)], offer), "MONTH").reason == "customer_needed"


def test_what_a_month_leaves_to_several_offers_is_shared_by_them() -> None:
    limits = {"shared_month_minor": 700, "shared_as": "CLUB"}
    offers = [an_offer(code, TENTH, limits=limits, combination={"mode": "stackable"}) for code in ("A", "B")]
    used = {code: Used(shared_month_minor=500) for code in ("A", "B")}
    assert priced([a_line(count=1)], *offers, used=used, shopper=a_shopper()).discount_minor == 190
    assert priced([a_line(count=9)], *offers, used=used, shopper=a_shopper()).discount_minor == 200
    full = {code: Used(shared_month_minor=700) for code in ("A", "B")}
    assert priced([a_line(count=9)], *offers, used=full, shopper=a_shopper()).discount_minor == 0


def test_a_limit_for_each_member_needs_a_known_customer() -> None:
    answer = priced([a_line()], an_offer("ONCE", TENTH, limits={"per_member": 1}))
    assert refusal(answer, "ONCE").reason == "customer_needed"


def test_an_offer_starts_by_its_code_however_it_is_written_and_not_without() -> None:
    offer = an_offer("OFFER", TENTH, activation={"by": "code", "code": "Ten"})
    assert refusal(priced([a_line()], offer), "OFFER").reason == "code_needed"
    assert priced([a_line()], offer, coupons=(Coupon("TEN"),)).applied[0].coupon == "TEN"
    unknown = priced([a_line()], offer, coupons=(Coupon("TENN"),))
    assert refusal(unknown, "TENN").reason == "unknown_code"


def test_an_offer_of_the_cashier_waits_to_be_chosen_and_costs_points() -> None:
    offer = an_offer("FIVE", FIVE, activation={"by": "cashier", "points": 50, "club": "CLUB"})
    chosen = (Claim("FIVE"),)
    assert refusal(priced([a_line()], offer, shopper=a_shopper(points=60)), "FIVE").reason == "not_chosen"
    bought = priced([a_line()], offer, shopper=a_shopper(points=60), claims=chosen)
    assert (bought.discount_minor, bought.points_used) == (500, 50)
    poor = refusal(priced([a_line()], offer, shopper=a_shopper(points=20), claims=chosen), "FIVE")
    assert (poor.reason, poor.missing) == ("not_enough_points", 30)


@pytest.mark.parametrize("reward", [FIVE, {"kind": "gift", "products": ["cup"]}], ids=["an amount", "a gift"])
@pytest.mark.parametrize(
    "combination",
    [{"mode": "stackable"}, {}, {"per": "line"}, {"per": "order"}],
    ids=["stackable", "unit", "line", "order"],
)
def test_what_costs_points_is_given_as_often_as_there_are_points(
    reward: dict[str, Any], combination: dict[str, str]
) -> None:  # REQ O-05
    offer = an_offer(
        "PAIRS", reward, when={"quantity": 2, "every": True}, combination=combination,
        activation={"by": "cashier", "points": 50, "club": "CLUB"},
    )  # fmt: skip
    answer = priced([a_line(count=4)], offer, shopper=a_shopper(points=99), claims=(Claim("PAIRS"),))
    [given] = answer.applied
    assert (given.times, given.points_used, answer.points_used) == (1, 50, 50)
    assert (given.amount_minor, given.free_units) in {(500, 0), (0, 1)}


@pytest.mark.parametrize("combination", [{"mode": "stackable"}, {}, {"per": "line"}])
def test_the_points_of_one_offer_pay_no_other(combination: dict[str, str]) -> None:  # REQ O-05
    offers = [
        an_offer(code, {"kind": "percent", "value_bp": share, "on": {"products": [code.lower()]}},
                 combination=combination, activation={"by": "cashier", "points": 50, "club": "CLUB"})
        for code, share in (("TEA", 1000), ("COFFEE", 1000))
    ]  # fmt: skip
    answer = priced(
        [a_line("tea"), a_line("coffee", unit_minor=2000)], *offers, shopper=a_shopper(points=60),
        claims=(Claim("TEA"), Claim("COFFEE")),
    )  # fmt: skip
    assert (len(answer.applied), answer.points_used) == (1, 50)
    refused = next(each for each in answer.refused)
    assert (refused.reason, refused.missing) == ("not_enough_points", 40)


def test_the_lowest_price_list_wins_unless_one_holds_always() -> None:
    lists = [
        ListPrice(off_bp=1000, list_code="TENTH"),
        ListPrice(Scope(products=("coffee",)), price_minor=950, list_code="COFFEE"),
    ]
    assert [line.list_code for line in priced([a_line()], price_lists=tuple(lists)).lines] == ["TENTH"]
    lists.append(ListPrice(price_minor=1100, always=True, list_code="ALWAYS"))
    answer = priced([a_line()], price_lists=tuple(lists))
    assert (answer.total_minor, answer.regular_minor, answer.discount_minor) == (1100, 1000, 0)


def test_a_price_list_never_costs_a_member_a_threshold() -> None:
    offer = an_offer("OFFER", {"kind": "percent", "value_bp": 2000}, when={"amount_minor": 1000})
    lower = ListPrice(off_bp=100, list_code="MEMBERS")
    assert priced([a_line()], offer, price_lists=(lower,)).total_minor == 800
    regular = an_offer("OFFER", {"kind": "percent", "value_bp": 2000, "on": {"regular_price_only": True}})
    assert priced([a_line()], regular, price_lists=(lower,)).total_minor == 800


def test_every_published_offer_has_its_word_on_request() -> None:
    offers = compiled(an_offer("TEA", {**TENTH, "on": {"products": ["tea"]}}), an_offer("ALL", TENTH))
    facts = Facts((a_line(),), AT)
    assert [each.offer for each in price(facts, offers).refused] == []
    assert [(each.offer, each.reason) for each in price(facts, offers, explain_all=True).refused] == [
        ("TEA", "no_goods")
    ]
