# REQ P-01, P-05, O-01: what a sale earns, points as money, and what returns take along; O-10, O-11: savings, hints
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_club.promotions.engine.facts import (
    Claim,
    EarnBase,
    EarningRule,
    Facts,
    Line,
    ListPrice,
    Member,
    PointsLimits,
    Policy,
    Shopper,
    TaxOfDiscount,
)
from erp_club.promotions.engine.offer import Offer
from erp_club.promotions.engine.priced import EarnedPoints, Priced
from erp_club.promotions.engine.rewards import PointsPer
from erp_club.promotions.engine.savings import AsMember, ClubSaving, club_savings
from erp_club.promotions.engine.scope import Scope
from erp_club.promotions.engine.units import part_of
from tests.make.pricing import AT, a_line, a_shopper, an_offer, compiled, priced, refusal

TENTH = {"kind": "percent", "value_bp": 1000}
RULE = EarningRule("CLUB", 1, per_minor=100)
REDEEM = {"kind": "redeem", "club": "CLUB", "worth_minor": 10}


def redeeming(**said: int) -> Offer:
    return an_offer("MONEY", {**REDEEM, **said}, activation={"by": "cashier"})


def test_points_are_earned_on_what_was_paid_and_lie_on_the_lines() -> None:
    basket = [a_line("coffee", unit_minor=2555), a_line("tea", unit_minor=1000)]
    (earned,) = priced(basket, an_offer("TENTH", TENTH), shopper=a_shopper(), earning=(RULE,)).earned
    assert earned == EarnedPoints("CLUB", 31, (("coffee", 22), ("tea", 9)))


def test_some_goods_and_some_kinds_earn_nothing() -> None:
    basket = [
        a_line("coffee", unit_minor=1000),
        a_line("stamps", unit_minor=1000, earns=False),
        a_line("card", unit_minor=5000, kind="gift_card"),
    ]
    (earned,) = priced(basket, shopper=a_shopper(), earning=(RULE,)).earned
    assert earned.points == 10


def test_tenths_of_points_and_points_by_unit_and_by_order() -> None:
    rules = (
        EarningRule("CLUB", 1, per_minor=1000, scale=10),
        EarningRule("CLUB", 2, per=PointsPer.UNIT, on=Scope(products=("tea",))),
        EarningRule("CLUB", 5, per=PointsPer.ORDER),
    )
    basket = [a_line("coffee", unit_minor=2650), a_line("tea", 3, 100)]
    earned = priced(basket, shopper=a_shopper(), earning=rules).earned
    assert [each.points for each in earned] == [29, 6, 5]
    assert earned[2].lines == ()


@pytest.mark.parametrize(
    ("reward", "points"),
    [
        ({"multiplier_bp": 20_000}, 20),
        ({"multiplier_bp": 0}, -20),
        ({"multiplier_bp": 30_000, "on": {"products": ["tea"]}}, 20),
        ({"bonus": 7}, 7),
        ({"bonus": 3, "per": "unit"}, 6),
        ({"bonus": 3, "per": "money", "per_minor": 400}, 15),
    ],
)
def test_an_offer_gives_more_points_fewer_or_none(reward: dict[str, object], points: int) -> None:
    basket = [a_line("coffee"), a_line("tea")]
    offer = an_offer("POINTS", {"kind": "points", **reward})
    answer = priced(basket, offer, shopper=a_shopper(), earning=(RULE,))
    assert [each.points for each in answer.earned] == [20, points]
    assert [(each.offer, each.points, each.amount_minor) for each in answer.applied] == [("POINTS", points, 0)]


def test_a_stranger_earns_nothing_and_is_told() -> None:
    answer = priced([a_line()], an_offer("POINTS", {"kind": "points", "bonus": 7, "club": "CLUB"}))
    assert answer.earned == ()
    assert refusal(answer, "POINTS").reason == "no_gain"


def test_an_offer_that_lost_its_units_gives_no_points_either() -> None:
    both = an_offer("BOTH", {"kind": "percent", "value_bp": 500}, {"kind": "points", "bonus": 7})
    assert [each.points for each in priced([a_line()], both, shopper=a_shopper()).applied] == [7]
    assert priced([a_line()], both, an_offer("TENTH", TENTH), shopper=a_shopper()).earned == ()


def test_points_pay_in_whole_blocks_and_never_more_than_the_basket() -> None:
    basket, shopper = [a_line(unit_minor=995)], a_shopper(points=500)
    claim = (Claim("MONEY"),)
    answer = priced(basket, redeeming(block=10), shopper=shopper, claims=claim)
    assert (answer.points_used, answer.discount_minor, answer.total_minor) == (90, 900, 95)
    half = priced(basket, redeeming(most_bp=5000), shopper=shopper, claims=claim)
    assert half.points_used == 49
    asked = priced(basket, redeeming(), shopper=shopper, claims=(Claim("MONEY", points=30),))
    assert (asked.points_used, asked.total_minor) == (30, 695)


def test_points_pay_for_what_the_offer_names_only() -> None:
    offer = an_offer("MONEY", {**REDEEM, "on": {"products": ["tea"]}}, activation={"by": "cashier"})
    basket = [a_line("coffee"), a_line("tea", unit_minor=300)]
    answer = priced(basket, offer, shopper=a_shopper(points=500), claims=(Claim("MONEY"),))
    assert (answer.points_used, [line.total_minor for line in answer.lines]) == (30, [1000, 0])


def test_too_few_points_say_how_many_are_missing() -> None:
    few = priced([a_line()], redeeming(least=100), shopper=a_shopper(points=60), claims=(Claim("MONEY"),))
    assert (refusal(few, "MONEY").reason, refusal(few, "MONEY").missing) == ("not_enough_points", 40)
    above = priced([a_line()], redeeming(), shopper=a_shopper(points=60), claims=(Claim("MONEY", points=80),))
    assert refusal(above, "MONEY").missing == 20


def paying(*lines: Line, points: int | None = None, price_lists: tuple[ListPrice, ...] = (), **limits: Any) -> Priced:
    """A basket of which a member with 500 points pays what the club lets points pay, at 10 a point."""
    shopper = Shopper("7", {"CLUB": Member(points=500, paying=PointsLimits(**limits))})
    basket = list(lines) or [a_line("coffee", 2, 1000), a_line("tea", unit_minor=700)]
    claims = (Claim("MONEY", points=points),)
    return priced(basket, redeeming(), shopper=shopper, claims=claims, price_lists=price_lists)


@pytest.mark.parametrize(
    ("limits", "used"),
    [
        ({}, 270),
        ({"most": 120}, 120),
        ({"left_today": 80}, 80),
        ({"most_bp": 5000}, 135),
        ({"most_bp": 5000, "step": 50}, 100),
        ({"step": 100}, 200),
        ({"most": 120, "left_today": 200, "most_bp": 1000}, 27),
        ({"without_groups": frozenset({"coffee"})}, 70),
        ({"without_products": frozenset({"tea"})}, 200),
        ({"without_products": frozenset({"tea"}), "most_bp": 5000}, 100),
        ({"least_balance": 500}, 270),
    ],
)
def test_a_club_sets_ceilings_to_what_points_pay(limits: dict[str, Any], used: int) -> None:
    answer = paying(**limits)
    assert (answer.points_used, answer.discount_minor) == (used, 10 * used)


def test_goods_that_points_do_not_pay_keep_their_price() -> None:
    answer = paying(without_groups=frozenset({"coffee"}))
    assert [line.total_minor for line in answer.lines] == [2000, 0]


def test_reduced_goods_are_paid_with_money_where_the_club_says_so() -> None:
    tea = (ListPrice(Scope(products=("tea",)), price_minor=500, list_code="MEMBERS"),)
    assert paying(price_lists=tea).points_used == 250
    answer = paying(price_lists=tea, reduced=False)
    assert (answer.points_used, [line.total_minor for line in answer.lines]) == (200, [0, 500])


@pytest.mark.parametrize("tax", ["net_line", "rounded_alone"])
@pytest.mark.parametrize(("taxed", "taxes"), [(False, [6, 2]), (True, [305, 107])])
def test_points_are_a_discount_for_vat_or_a_means_of_payment(taxed: bool, taxes: list[int], tax: str) -> None:
    """REQ P-05: of 20.00 and 7.00 at 18 % points pay all but 0.37 and 0.13."""
    shopper = Shopper("7", {"CLUB": Member(points=265, paying=PointsLimits(taxed=taxed, step=5))})
    basket = [a_line("coffee", 2, 1000), a_line("tea", unit_minor=700)]
    policy = Policy(tax_of_discount=TaxOfDiscount(tax))
    answer = priced(basket, redeeming(), shopper=shopper, claims=(Claim("MONEY"),), policy=policy)
    assert [(line.total_minor, line.tax_minor) for line in answer.lines] == [(37, taxes[0]), (13, taxes[1])]


@pytest.mark.parametrize(
    ("points", "used", "left"), [(None, 270, [0, 0]), (260, 200, [0, 700]), (190, 170, [1000, 0]), (75, 70, [2000, 0])]
)
def test_whole_items_are_paid_the_dearest_first(points: int | None, used: int, left: list[int]) -> None:
    answer = paying(points=points, whole_items=True)
    assert (answer.points_used, [line.total_minor for line in answer.lines]) == (used, left)


@pytest.mark.parametrize(
    ("limits", "reason", "missing"),
    [
        ({"closed": True}, "points_closed", None),
        ({"least_balance": 600}, "points_balance", 100),
        ({"left_today": 0}, "points_of_day", None),
        ({"left_today": 30, "least": 50}, "points_of_day", None),
        ({"without_groups": frozenset({"coffee", "tea"})}, "points_excluded", None),
        ({"least": 300}, "points_least", None),
        ({"most_bp": 1000, "least": 50}, "points_least", None),
        ({"whole_items": True, "most": 60}, "points_whole_item", None),
        ({"least": 600}, "not_enough_points", 100),
    ],
)
def test_what_keeps_points_from_paying_is_said(limits: dict[str, Any], reason: str, missing: int | None) -> None:
    answer = paying(**limits)
    assert (answer.points_used, answer.total_minor) == (0, 2700)
    assert (refusal(answer, "MONEY").reason, refusal(answer, "MONEY").missing) == (reason, missing)


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 900)), min_size=1, max_size=4),
    st.integers(1, 500),
    st.integers(1, 60),
    st.integers(1, 60),
)
def test_whole_items_never_cost_more_points_than_were_said(
    goods: list[tuple[int, int]], points: int, step: int, worth: int
) -> None:
    basket = [a_line(f"item-{number}", count, price) for number, (count, price) in enumerate(goods)]
    shopper = Shopper("7", {"CLUB": Member(points=500, paying=PointsLimits(whole_items=True, step=step))})
    claims = (Claim("MONEY", points=points),)
    answer = priced(basket, redeeming(worth_minor=worth, worth_points=7), shopper=shopper, claims=claims)
    assert answer.points_used <= points
    assert answer.points_used % step == 0
    assert answer.discount_minor <= answer.points_used * worth // 7
    for line, asked in zip(answer.lines, basket, strict=True):
        assert line.discount_minor % asked.unit_minor == 0


def test_points_of_this_sale_may_pay_it_where_the_chain_says_so() -> None:
    policy = Policy(points_of_this_sale_usable=True)
    facts = {"shopper": a_shopper(points=0), "earning": (RULE,), "claims": (Claim("MONEY"),), "policy": policy}
    answer = priced([a_line(unit_minor=11_000)], redeeming(), **facts)
    # Each point used lowers what is paid by 10 and so, ten by ten, what is earned.
    assert (answer.points_used, answer.earned[0].points) == (100, 100)


def test_points_are_earned_before_points_are_paid_where_the_chain_says_so() -> None:
    facts = {"shopper": a_shopper(points=50), "earning": (RULE,), "claims": (Claim("MONEY"),)}
    assert priced([a_line()], redeeming(), **facts).earned[0].points == 5
    policy = Policy(earn_base=EarnBase.BEFORE_REDEMPTION)
    assert priced([a_line()], redeeming(), **facts, policy=policy).earned[0].points == 10


def test_the_parts_of_all_units_sum_to_the_whole() -> None:
    assert [part_of(100, 3000, before_milli=1000 * i, returned_milli=1000) for i in range(3)] == [34, 33, 33]
    assert part_of(100, 3000, before_milli=0, returned_milli=3000) == 100
    assert sum(part_of(-100, 345, before_milli=i, returned_milli=1) for i in range(345)) == -100


@pytest.mark.parametrize(
    ("offer", "count", "told"),
    [
        (an_offer("OFFER", {"kind": "buy_get", "size": 3}), 2, ("buy_more_units", 1, 1000)),
        (an_offer("OFFER", {"kind": "buy_get", "size": 3}), 5, ("buy_more_units", 1, 1000)),
        (an_offer("OFFER", TENTH, when={"amount_minor": 5000}), 4, ("spend_more", 1000, 500)),
        (an_offer("OFFER", TENTH, when={"quantity": 5}), 4, ("buy_more_units", 1, 500)),
        (
            an_offer("OFFER", {"kind": "bundle", "slots": [{"quantity": 3}], "price_minor": 2500}),
            2,
            ("buy_more_units", 1, 500),
        ),
    ],
    ids=["one more for the free one", "for the second free one", "spend more", "buy more", "a set"],
)
def test_a_hint_says_what_is_missing_and_what_it_gains(offer: Offer, count: int, told: tuple[str, int, int]) -> None:
    (hint,) = priced([a_line(count=count)], offer).hints
    assert (hint.kind, hint.missing, hint.gain_minor) == told


def test_an_offer_may_keep_its_hint_to_itself() -> None:
    assert priced([a_line()], an_offer("OFFER", {"kind": "buy_get", "size": 3}, hint=False)).hints == ()


def test_a_stranger_is_told_what_the_best_membership_would_have_saved() -> None:
    offers = compiled(
        an_offer("ONE", TENTH, when={"clubs": ["ONE"]}),
        an_offer("TWO", {"kind": "percent", "value_bp": 500}, when={"clubs": ["TWO"]}),
    )
    facts = Facts((Line("coffee", "coffee", 1000, 12_300),), AT)
    clubs = [AsMember("ONE"), AsMember("TWO", price_lists=(ListPrice(off_bp=1000),)), AsMember("NONE")]
    assert club_savings(facts, offers, 12_300, clubs) == ClubSaving("TWO", 1784)
    assert club_savings(facts, offers, 12_300, clubs[2:]) is None
