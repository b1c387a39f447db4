# REQ O-09: what is left of a coupon is all that it still gives
import pytest

from erp_club.promotions.engine.facts import Coupon
from tests.make.pricing import a_line, an_offer, priced

FIFTY_OFF = {"kind": "amount", "value_minor": 50_00}
HALF_OFF = {"kind": "percent", "value_bp": 5000}
BY_COUPON = {"by": "coupon", "batch": "VOUCHER"}
STACKABLE = {"mode": "stackable", "stage": "code"}
BASKET = [a_line("tea", 2, 20_00), a_line("coffee", 1, 60_00)]


def a_coupon(text: str = "A", *, left_minor: int | None) -> Coupon:
    return Coupon(text, "VOUCHER", id=1, left_minor=left_minor)


@pytest.mark.parametrize("combination", [STACKABLE, {}, {"per": "order"}, {"per": "line"}])
@pytest.mark.parametrize(("left_minor", "given"), [(None, 50_00), (50_00, 50_00), (20_00, 20_00), (1, 1)])
def test_an_amount_is_cut_to_what_is_left(combination: dict[str, object], left_minor: int | None, given: int) -> None:
    offer = an_offer("VOUCHER", FIFTY_OFF, activation=BY_COUPON, combination=combination)
    told = priced(BASKET, offer, coupons=(a_coupon(left_minor=left_minor),))
    (applied,) = told.applied
    assert (applied.amount_minor, applied.coupon, told.discount_minor) == (given, "A", given)
    assert sum(share.amount_minor for share in applied.shares) == given


def test_two_coupons_give_each_what_is_left_of_it() -> None:
    offer = an_offer("VOUCHER", FIFTY_OFF, activation=BY_COUPON, combination=STACKABLE)
    coupons = (a_coupon("A", left_minor=12_50), a_coupon("B", left_minor=30_00))
    told = priced(BASKET, offer, coupons=coupons)
    assert {each.coupon: each.amount_minor for each in told.applied} == {"A": 12_50, "B": 30_00}


def test_two_offers_of_one_coupon_give_together_what_is_left_of_it() -> None:
    offers = (an_offer(code, FIFTY_OFF, activation=BY_COUPON, combination=STACKABLE) for code in ("ONE", "TWO"))
    told = priced(BASKET, *offers, coupons=(a_coupon(left_minor=60_00),))
    assert sorted(each.amount_minor for each in told.applied) == [10_00, 50_00]


def test_of_several_parts_the_first_comes_first() -> None:
    parts = [{**HALF_OFF, "on": {"products": ["tea"]}}, {**HALF_OFF, "on": {"products": ["coffee"]}}]
    offer = an_offer("VOUCHER", *parts, activation=BY_COUPON, combination=STACKABLE)
    told = priced(BASKET, offer, coupons=(a_coupon(left_minor=25_00),))
    assert {share.line: share.amount_minor for share in told.applied[0].shares} == {"tea": 20_00, "coffee": 5_00}
    assert told.discount_minor == 25_00


def test_a_coupon_of_which_little_is_left_takes_no_units_from_a_larger_saving() -> None:
    for reward in (FIFTY_OFF, HALF_OFF, {"kind": "buy_get", "size": 1}, {**FIFTY_OFF, "spread": "unit"}):
        offer = an_offer("VOUCHER", reward, activation=BY_COUPON)
        tenth = an_offer("TENTH", {"kind": "percent", "value_bp": 1000})
        told = priced(BASKET, offer, tenth, coupons=(a_coupon(left_minor=1),))
        assert {each.offer: each.amount_minor for each in told.applied} == {"TENTH": 10_00}, reward


def test_two_coupons_for_one_unit_each_serve_two_units() -> None:  # REQ O-06
    offer = an_offer("VOUCHER", {**HALF_OFF, "units": 1, "pick": "dearest"}, activation=BY_COUPON)
    coupons = tuple(a_coupon(text, left_minor=None) for text in ("A", "B"))
    told = priced(BASKET, offer, coupons=coupons)
    assert {each.coupon for each in told.applied} == {"A", "B"}
    assert sorted(each.amount_minor for each in told.applied) == [10_00, 30_00]
    one = priced([a_line("tea", 1, 20_00)], offer, coupons=coupons)
    assert [(each.coupon, each.amount_minor) for each in one.applied] == [("A", 10_00)]
    assert [(each.offer, each.reason) for each in one.refused] == [("VOUCHER", "no_gain")]


def test_two_coupons_give_no_more_than_the_limits_of_their_offer_leave() -> None:
    tenth = an_offer("VOUCHER", HALF_OFF, activation=BY_COUPON, combination=STACKABLE, limits={"uses": 3},
                     when={"quantity": 2, "every": True})  # fmt: skip
    coupons = tuple(a_coupon(text, left_minor=None) for text in ("A", "B"))
    assert [each.times for each in priced([a_line("tea", 4, 10_00)], tenth, coupons=coupons).applied] == [2, 1]
    pair = {"kind": "buy_get", "size": 2}
    for limits, given in (({"uses": 3}, 30_00), ({"budget_minor": 25_00}, 20_00)):
        offer = an_offer("VOUCHER", pair, activation=BY_COUPON, combination=STACKABLE, limits=limits)
        coupons = tuple(a_coupon(text, left_minor=None) for text in ("A", "B"))
        told = priced([a_line("tea", 4, 10_00)], offer, coupons=coupons)
        assert told.discount_minor <= given
        assert sum(each.times for each in told.applied) <= 3
