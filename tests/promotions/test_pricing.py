# REQ O-01: what each kind of offer gives; O-06: how they stand beside each other; O-07: on which units it lies
import datetime as dt
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from erp_club.promotions.engine.facts import Claim, Coupon, Facts, Line, ListPrice, Shopper, Used
from erp_club.promotions.engine.offer import Offer
from erp_club.promotions.engine.price import price
from erp_club.promotions.engine.priced import Priced
from tests.make.pricing import AT, a_line, a_shopper, an_offer, compiled, priced, refusal

STACKABLE = {"mode": "stackable"}
TENTH = {"kind": "percent", "value_bp": 1000}
COFFEE = {"products": ["coffee"]}
THREE_FOR_TWO = {"kind": "buy_get", "size": 3, "on": COFFEE}
THREE_FOR_20 = {"kind": "bundle", "slots": [{"quantity": 3}], "price_minor": 2000}


def off(lines: list[Line], *rewards: dict[str, Any], **said: Any) -> int:
    """What one offer takes off."""
    return priced(lines, an_offer("OFFER", *rewards, **said)).discount_minor


def test_a_unit_serves_one_exclusive_offer_and_the_larger_saving_wins() -> None:
    basket = [a_line("coffee", 4, 800), a_line("tea", 1, 500)]
    offers = [an_offer("TENTH", TENTH), an_offer("3FOR2", THREE_FOR_TWO), an_offer("3FOR20", THREE_FOR_20)]
    answer = priced(basket, *offers)
    assert {each.offer: each.amount_minor for each in answer.applied} == {"3FOR2": 800, "TENTH": 130}
    assert refusal(answer, "3FOR20").beaten_by == "3FOR2"
    assert answer.total_minor == 3700 - 930


def test_an_offer_for_the_order_above_its_budget_leaves_the_others_theirs() -> None:  # REQ O-06
    whole = an_offer("ALL", {"kind": "percent", "value_bp": 10_000}, combination={"per": "order"},
                     limits={"budget_minor": 100})  # fmt: skip
    answer = priced([a_line(count=3, unit_minor=800)], whole, an_offer("3FOR2", THREE_FOR_TWO))
    assert {each.offer: each.amount_minor for each in answer.applied} == {"3FOR2": 800}
    alone = priced([a_line(unit_minor=800)], whole, an_offer("3FOR2", THREE_FOR_TWO))
    assert (alone.applied, refusal(alone, "3FOR2").reason) == ((), "min_qty")


def test_of_equal_savings_the_offer_that_starts_by_itself_has_the_unit_and_the_coupon_is_kept() -> None:  # REQ O-06
    coupon = an_offer("A", {"kind": "amount", "value_minor": 100}, activation={"by": "coupon", "batch": "WIN"})
    by_itself = an_offer("B", {"kind": "amount", "value_minor": 100})
    answer = priced([a_line()], coupon, by_itself, coupons=(Coupon("CODE", "WIN", id=1),))
    assert [each.offer for each in answer.applied] == ["B"]
    assert refusal(answer, "A").beaten_by == "B"


@pytest.mark.parametrize("mode", ["exclusive", "stackable"])
@pytest.mark.parametrize(
    ("reward", "when", "each"),
    [(THREE_FOR_TWO, {"all": []}, 300), ({"kind": "amount", "value_minor": 200}, {"quantity": 2, "every": True}, 200)],
)
def test_an_offer_is_given_as_often_as_its_budget_lasts(  # REQ O-02
    mode: str, reward: dict[str, Any], when: dict[str, Any], each: int
) -> None:
    """9 units are 3 sets, or 4 pairs; of 10.00 are 3.00 gone, so that 7.00 last for 2 or 3 of them."""
    offer = an_offer("LAST", reward, when=when, limits={"budget_minor": 1000}, combination={"mode": mode})
    answer = priced([a_line(count=9, unit_minor=300)], offer, used={"LAST": Used(given_minor=300)})
    [given] = answer.applied
    assert (given.times, given.amount_minor) == (700 // each, 700 // each * each)


@pytest.mark.parametrize(
    ("above", "below", "when", "told"),
    [
        ({"applications": None}, TENTH, {"quantity": 3, "of": COFFEE}, ("beaten", None, "HIGH")),
        ({"applications": 1}, TENTH, {"quantity": 3, "of": COFFEE}, ("min_qty", 3, None)),
        ({"applications": 1}, THREE_FOR_TWO, {"all": []}, ("min_qty", 3, None)),
    ],
)
def test_what_a_lower_priority_lacks_is_what_the_higher_one_leaves_it_too_little_of(  # REQ O-08 O-11
    above: dict[str, Any], below: dict[str, Any], when: dict[str, Any], told: tuple[str, int | None, str | None]
) -> None:
    """Two units of three are there, and a pair at a price takes both: once, or as many as there are."""
    pair = {"kind": "bundle", "slots": [{"quantity": 2, "on": COFFEE}], "price_minor": 1500, **above}
    high = an_offer("HIGH", pair, combination={"priority": 5})
    answer = priced([a_line(count=2)], high, an_offer("LOW", below, when=when))
    low = refusal(answer, "LOW")
    assert (low.reason, low.missing, low.beaten_by) == told
    assert [each.missing for each in answer.hints if each.offer == "LOW"] == [told[1]] * (told[1] is not None)


def test_an_offer_whose_conditions_units_went_to_another_is_beaten_by_that() -> None:  # REQ O-08
    half = an_offer("HALF", {"kind": "percent", "value_bp": 5000, "on": {"products": ["tea"]}},
                    when={"quantity": 2, "of": COFFEE})  # fmt: skip
    more = an_offer("MORE", {"kind": "amount", "value_minor": 300, "on": COFFEE})
    answer = priced([a_line(count=2), a_line("tea", unit_minor=500)], half, more)
    assert (answer.discount_minor, refusal(answer, "HALF").beaten_by) == (300, "MORE")


def test_stackable_shares_compose_on_what_remains() -> None:
    offers = [an_offer(code, TENTH, combination=STACKABLE) for code in ("A", "B", "C")]
    assert priced([a_line(count=3, unit_minor=10_000)], *offers).total_minor == 21_870


@pytest.mark.parametrize(("limits", "times"), [({}, 1), ({"per_basket": 2}, 2), ({"per_member": 9}, 1)])
def test_an_offer_named_again_is_given_as_often_as_its_limit_for_a_basket_says(
    limits: dict[str, int], times: int
) -> None:  # REQ O-04
    five = an_offer(
        "FIVE", {"kind": "amount", "value_minor": 500}, activation={"by": "cashier"}, combination=STACKABLE,
        limits=limits,
    )  # fmt: skip
    answer = priced([a_line(unit_minor=10_000)], five, shopper=Shopper("1"), claims=(Claim("FIVE"),) * 3)
    assert (answer.discount_minor, sum(each.times for each in answer.applied)) == (times * 500, times)


def test_of_an_offer_named_twice_the_product_holds_that_was_said_last() -> None:  # REQ O-04
    gift = an_offer("GIFT", {"kind": "gift", "products": ["cup", "bag"]}, activation={"by": "cashier"})
    answer = priced([a_line()], gift, claims=(Claim("GIFT", "cup"), Claim("GIFT", "bag")))
    assert [line.product for line in answer.lines if line.added_by] == ["bag"]


def test_a_hundred_percent_off_is_nothing_at_all_in_net_and_tax() -> None:
    answer = priced([a_line(unit_minor=333)], an_offer("FREE", {"kind": "percent", "value_bp": 10_000}))
    assert (answer.total_minor, answer.tax_minor, answer.lines[0].total_minor) == (0, 0, 0)


@pytest.mark.parametrize(
    ("reward", "taken"),
    [
        ({"value_bp": 1000, "cap_minor": 150}, 150),
        ({"value_bp": 1000, "base_cap_minor": 1000}, 100),
        ({"value_bp": 5000, "units": 1}, 250),
        ({"value_bp": 5000, "units": 1, "pick": "dearest"}, 400),
        ({"steps": [{"from_quantity": 3, "value": 2000}, {"from_quantity": 4, "value": 3000}]}, 870),
        ({"steps": [{"from_quantity": 3, "value": 2000}], "count_in": COFFEE, "on": {"groups": ["tea"]}}, 100),
    ],
    ids=["a cap", "a cap on its base", "the cheapest", "the dearest", "a higher step", "steps counted elsewhere"],
)
def test_a_share_has_steps_caps_and_picked_units(reward: dict[str, Any], taken: int) -> None:
    basket = [a_line("coffee", 3, 800), a_line("tea", 1, 500)]
    assert off(basket, {"kind": "percent", **reward}) == taken


@pytest.mark.parametrize(
    ("reward", "taken"),
    [
        ({"value_minor": 5000}, 2900),
        ({"value_minor": 300, "spread": "line"}, 600),
        ({"value_minor": 300, "spread": "unit"}, 1200),
        ({"value_minor": 300, "spread": "unit", "group_size": 3}, 900),
        ({"value_minor": 300, "spread": "unit", "units_per_line": 1}, 600),
        ({"value_minor": 300, "spread": "unit", "first_minor": 100}, 800),
    ],
    ids=["never more than there is", "each line", "each unit", "full groups", "one of a line", "another for the first"],
)
def test_an_amount_is_taken_once_from_each_line_or_each_unit(reward: dict[str, Any], taken: int) -> None:
    assert off([a_line("coffee", 3, 800), a_line("tea", 1, 500)], {"kind": "amount", **reward}) == taken


def test_a_fixed_price_lowers_what_is_dearer_and_leaves_the_rest() -> None:
    assert off([a_line("coffee", 2, 800), a_line("tea", 1, 500)], {"kind": "fixed_price", "price_minor": 600}) == 400


def test_what_is_weighed_pays_the_fixed_price_for_its_weight() -> None:
    cheese = a_line("cheese", unit_minor=4000, quantity_milli=345)
    assert off([cheese], {"kind": "fixed_price", "price_minor": 3000}) == 1380 - 1035


def test_the_second_at_half_price_is_the_cheaper_of_each_pair() -> None:
    basket = [a_line("coffee", 2, 800), a_line("tea", 2, 500)]
    half = {"kind": "buy_get", "size": 2, "off_bp": 5000}
    assert off(basket, half) == 500
    assert off(basket, half | {"freed": "each"}) == 650


def test_a_mixed_bundle_takes_the_dearest_of_each_slot_and_repeats() -> None:
    slots = [{"on": COFFEE, "quantity": 1}, {"on": {"products": ["cake", "tart"]}, "quantity": 1}]
    basket = [a_line("coffee", 3, 800), a_line("cake", 1, 900), a_line("tart", 1, 1200)]
    answer = priced(basket, an_offer("MENU", {"kind": "bundle", "slots": slots, "price_minor": 1500}))
    assert (answer.discount_minor, answer.applied[0].times, answer.applied[0].units_used) == (700, 2, 4)


def test_a_bundle_never_makes_anything_dearer() -> None:
    assert off([a_line("coffee", 3, 500)], THREE_FOR_20) == 0


def test_the_rest_of_the_basket_gets_what_the_dearest_unit_does_not() -> None:
    dearest = {"kind": "percent", "value_bp": 5000, "units": 1, "pick": "dearest"}
    assert off([a_line("coffee", 2, 1000)], dearest, TENTH, rest=True) == 500 + 100
    assert off([a_line("coffee", 2, 1000)], dearest, TENTH) == 500 + 150


def test_delivery_is_free_only_through_its_own_offer() -> None:
    basket = [a_line("coffee"), a_line("van", unit_minor=2500, kind="delivery")]
    assert off(basket, {"kind": "percent", "value_bp": 5000}) == 500
    assert off(basket, {"kind": "free_delivery"}) == 2500
    assert off(basket, {"kind": "free_delivery", "cap_minor": 1000}) == 1000


def test_an_added_gift_is_a_line_of_its_own_for_nothing() -> None:
    answer = priced(
        [a_line("coffee", 6)],
        an_offer("GIFT", {"kind": "gift", "products": ["mug"]}, when={"quantity": 3, "of": COFFEE, "every": True}),
    )
    gift = answer.lines[-1]
    assert (gift.product, gift.quantity_milli, gift.total_minor, gift.added_by) == ("mug", 2000, 0, "GIFT")
    assert (answer.applied[0].free_units, answer.discount_minor, answer.total_minor) == (2, 0, 6000)


def test_a_free_unit_of_the_basket_is_none_of_those_that_earn_it() -> None:
    gift = {"kind": "gift", "products": ["coffee"], "delivery": "in_basket"}
    when = {"quantity": 2, "of": COFFEE, "every": True}
    assert [off([a_line("coffee", count)], gift, when=when) for count in (2, 3, 5, 6)] == [0, 1000, 1000, 2000]


def test_a_gift_of_several_waits_for_the_choice() -> None:
    offer = an_offer("GIFT", {"kind": "gift", "products": ["mug", "cup"]})
    assert priced([a_line()], offer).pending[0].choices == ("mug", "cup")
    assert priced([a_line()], offer, claims=(Claim("GIFT", "cup"),)).lines[-1].product == "cup"
    wrong = priced([a_line()], offer, claims=(Claim("GIFT", "pot"),))
    assert refusal(wrong, "GIFT").reason == "product_not_in_choice"


def test_a_sale_draws_the_same_prize_however_often_it_is_priced() -> None:
    prizes = [{"weight": 1, "off_minor": 100}, {"weight": 1, "off_bp": 2000}, {"weight": 1, "product": "mug"}]
    offer = an_offer("DRAW", {"kind": "surprise", "prizes": prizes, "nothing_weight": 1})
    sales = [f"sale-{number}" for number in range(60)]
    first = [priced([a_line()], offer, sale_id=sale) for sale in sales]
    assert first == [priced([a_line()], offer, sale_id=sale) for sale in sales]
    drawn = {(answer.discount_minor, len(answer.lines)) for answer in first}
    assert drawn == {(0, 1), (100, 1), (200, 1), (0, 2)}


def test_units_that_fulfil_a_condition_are_used_by_it() -> None:
    half_tea = an_offer(
        "TEA",
        {"kind": "percent", "value_bp": 5000, "units": 1, "on": {"products": ["tea"]}},
        when={"quantity": 2, "of": COFFEE},
    )
    small = an_offer("COFFEE", {"kind": "percent", "value_bp": 1000, "on": COFFEE})
    basket = [a_line("coffee", 2), a_line("tea", 1, 2000)]
    assert priced(basket, half_tea, small).discount_minor == 1000
    free = an_offer(
        "TEA", half_tea.rewards[0].model_dump(), when={"quantity": 2, "of": COFFEE}, combination={"used": False}
    )
    assert priced(basket, free, small).discount_minor == 1200


def test_a_higher_priority_has_its_units_first_even_where_it_saves_less() -> None:
    first = an_offer("FIRST", {"kind": "percent", "value_bp": 500}, combination={"priority": 1})
    answer = priced([a_line(count=3)], first, an_offer("TENTH", TENTH), an_offer("3FOR2", THREE_FOR_TWO))
    assert (answer.discount_minor, answer.hints) == (150, ())
    assert {(each.offer, each.reason, each.beaten_by) for each in answer.refused} == {
        ("TENTH", "beaten", "FIRST"), ("3FOR2", "beaten", "FIRST"),
    }  # fmt: skip


def test_one_offer_has_the_order_and_says_what_it_beat() -> None:
    order = {"mode": "exclusive", "group": "order", "per": "order"}
    answer = priced(
        [a_line(unit_minor=10_000)],
        an_offer("TENTH", TENTH, combination=order),
        an_offer("FIVE", {"kind": "amount", "value_minor": 500}, combination=order),
    )
    assert [each.offer for each in answer.applied] == ["TENTH"]
    assert refusal(answer, "FIVE").reason == "not_better_than_applied_order_discount"
    assert refusal(answer, "FIVE").beaten_by == "TENTH"


def test_each_line_keeps_its_largest_discount() -> None:
    line = {"mode": "exclusive", "group": "line", "per": "line"}
    answer = priced(
        [a_line("coffee", unit_minor=10_000), a_line("tea", unit_minor=2000)],
        an_offer("TENTH", TENTH, combination=line),
        an_offer("FIVE", {"kind": "amount", "value_minor": 500, "spread": "line"}, combination=line),
    )
    assert [line.discount_minor for line in answer.lines] == [1000, 500]


def test_an_offer_of_two_parts_keeps_only_the_lines_that_it_wins() -> None:
    line = {"mode": "exclusive", "group": "line", "per": "line"}
    two = an_offer("TWO", TENTH, {"kind": "amount", "value_minor": 100, "spread": "line"}, combination=line)
    tea = an_offer("TEA", {"kind": "percent", "value_bp": 5000, "on": {"products": ["tea"]}}, combination=line)
    answer = priced([a_line("coffee"), a_line("tea")], two, tea)
    assert [line.discount_minor for line in answer.lines] == [200, 500]
    assert {each.offer: each.amount_minor for each in answer.applied} == {"TWO": 200, "TEA": 500}


def test_offers_of_different_groups_come_on_top_of_each_other() -> None:
    offers = [an_offer(code, TENTH, combination={"group": code}) for code in ("ONE", "TWO")]
    assert priced([a_line(unit_minor=10_000)], *offers).total_minor == 8100


def test_a_members_early_offer_takes_no_gain_from_its_group_that_strangers_have() -> None:
    # Decided first, it takes 1.00 off along, which then comes before the fixed price and is lost in it.
    lines = [a_line("A", 2, 300, group="g1"), a_line("A2", 1, 1500, group="g1"), a_line("D", 1, 500, group="g2")]
    g1, group = {"groups": ["g1"]}, {"group": "one"}
    fixed = an_offer(
        "FIXED",
        {"kind": "fixed_price", "price_minor": 100, "on": g1},
        when={"amount_minor": 1500, "of": g1},
        combination={"stage": "basket"},
    )
    once = an_offer("ONCE", {"kind": "amount", "value_minor": 100, "on": g1}, combination=group | {"stage": "basket"})
    early = an_offer(
        "EARLY",
        {"kind": "percent", "value_bp": 2000, "units": 1, "pick": "dearest"},
        when={"clubs": ["CLUB"]},
        combination=group | {"per": "line", "stage": "item"},
    )
    member, stranger = (priced(lines, fixed, once, early, shopper=each) for each in (a_shopper(), None))
    assert (member.total_minor, stranger.total_minor) == (700, 700)
    assert refusal(member, "EARLY").beaten_by == "ONCE"
    urgent = early.model_copy(update={"combination": early.combination.model_copy(update={"priority": 1})})
    assert "EARLY" in {each.offer for each in priced(lines, fixed, once, urgent, shopper=a_shopper()).applied}


def test_each_coupon_of_a_batch_is_an_offer_of_its_own() -> None:
    five = an_offer(
        "FIVE",
        {"kind": "amount", "value_minor": 500},
        activation={"by": "coupon", "batch": "FIVES"},
        combination=STACKABLE,
    )
    coupons = (Coupon("A", "FIVES"), Coupon("B", "FIVES"), Coupon("C", "FIVES", fault="used_up"))
    answer = priced([a_line(unit_minor=2000)], five, coupons=coupons)
    assert [(each.coupon, each.amount_minor) for each in answer.applied] == [("A", 500), ("B", 500)]


def test_an_amount_typed_in_by_hand_takes_at_most_what_is_left() -> None:
    hand = Line("hand", "hand", 1000, -5000)
    answer = priced([a_line(), hand], an_offer("TENTH", TENTH))
    assert [line.total_minor for line in answer.lines] == [900, -900]
    assert (answer.total_minor, answer.discount_minor) == (0, 100)


def test_an_offer_for_one_unit_leaves_the_others_to_a_lesser_one_of_its_kind() -> None:  # REQ O-06
    fifth, tenth = ({"kind": "percent", "value_bp": value, "units": 1} for value in (2000, 1000))
    answer = priced([a_line(count=2)], an_offer("FIFTH", fifth), an_offer("TENTH", tenth))
    assert {each.offer: each.amount_minor for each in answer.applied} == {"FIFTH": 200, "TENTH": 100}


BY_HAND: list[dict[str, Any]] = json.loads(Path(__file__).with_name("offer_cases.json").read_text(encoding="utf-8"))
"""Offers in their published form, with what must come out as it follows by hand from what they say."""
_READ: dict[str, Any] = {
    "at": TypeAdapter(dt.datetime), "shopper": TypeAdapter(Shopper), "price_lists": TypeAdapter(tuple[ListPrice, ...]),
    "coupons": TypeAdapter(tuple[Coupon, ...]), "claims": TypeAdapter(tuple[Claim, ...]),
    "used": TypeAdapter(dict[str, Used]), "means": TypeAdapter(tuple[str, ...]),
}  # fmt: skip


def _facts(case: dict[str, Any]) -> Facts:
    given = case.get("facts", {})
    said = {name: _READ[name].validate_python(value) if name in _READ else value for name, value in given.items()}
    said["products"] = {sku: a_line(sku, unit_minor=700 if sku == "cup" else 800) for sku in given.get("products", ())}
    return Facts(TypeAdapter(tuple[Line, ...]).validate_python(case["lines"]), **{"at": AT, **said})


def _told(answer: Priced, wanted: dict[str, Any]) -> dict[str, Any]:
    """What a case says of an answer."""
    amounts: dict[str, int] = {}
    for each in answer.applied:
        amounts[each.offer] = amounts.get(each.offer, 0) + each.amount_minor
    refused = {each.offer: [each.reason, each.missing, *filter(None, [each.beaten_by])] for each in answer.refused}
    told: dict[str, Any] = {
        "total": answer.total_minor,
        "tax": answer.tax_minor,
        "applied": amounts,
        "refused": {code: refused.get(code) for code in wanted.get("refused", ())},
        "hints": {each.offer: [each.kind, each.missing, each.gain_minor] for each in answer.hints},
        "pending": [each.offer for each in answer.pending],
        "lines": {line.id: line.discount_minor for line in answer.lines if line.id in wanted.get("lines", ())},
        "used": answer.points_used,
        "times": {each.offer: each.times for each in answer.applied},
    }
    return {name: told[name] for name in wanted}


@pytest.mark.parametrize("case", BY_HAND, ids=[case["case"] for case in BY_HAND])
def test_what_follows_by_hand_comes_out_in_whatever_order(case: dict[str, Any]) -> None:  # REQ O-02 O-06 O-08 L-01 P-05
    facts, wanted = _facts(case), case["want"]
    offers = [Offer.model_validate({"names": {"en": said["code"]}, **said}) for said in case["offers"]]
    answer = price(facts, compiled(*offers), explain_all=True)
    assert _told(answer, wanted) == wanted
    shuffled = random.Random(case["case"])
    for _ in range(3):
        lines = tuple(shuffled.sample(facts.lines, len(facts.lines)))
        other = price(replace(facts, lines=lines), compiled(*shuffled.sample(offers, len(offers))), explain_all=True)
        assert (other.total_minor, _told(other, {"applied": 0})) == (answer.total_minor, _told(answer, {"applied": 0}))
