# REQ P-08 O-07 T-06: what comes back for returned goods, in one return or in many
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_club.kernel.errors import Conflict, Invalid
from erp_club.kernel.money import allocate, cash_rounding
from erp_club.points.rules import Redeemed, ReturnPolicy, points_for
from erp_club.purchases.returns.arithmetic import deducted, reckon, refund_rounding
from erp_club.purchases.returns.facts import (
    Account,
    Bought,
    BoughtLine,
    Discount,
    Paid,
    Reckoned,
    Refund,
    UsedCoupon,
    Wish,
)
from erp_club.purchases.settled import tax_in
from erp_club.receipts.kinds import Means


def a_bought_line(line_no: int = 1, amount: int = 10_00, count: int = 1, **said: object) -> BoughtLine:
    known = BoughtLine(line_no, 7, count * 1000, amount, amount, tax_in(amount, 1800), 1800)
    return replace(known, **said)  # type: ignore[arg-type]


def an_account(earned: int, **said: object) -> Account:
    return replace(Account(5, 9, earned=earned, earn_points=1, earn_per_minor=10_00), **said)  # type: ignore[arg-type]


def bought(*lines: BoughtLine, **said: object) -> Bought:
    total = sum(line.amount_minor for line in lines)
    return replace(Bought(lines, "ILS", paid=(Paid(Means.CARD, total),)), **said)  # type: ignore[arg-type]


def after(before: Bought, back: Reckoned, *, rounding: int = 0) -> Bought:
    """The receipt once a return has been booked."""
    came = {each.line.line_no: each.quantity_milli for each in back.lines}
    given = {each.means: each.amount_minor for each in back.refunds}
    paid = {each.means: each for each in before.paid} | {
        means: Paid(means, 0) for means in given if means not in {each.means for each in before.paid}
    }
    points = {each.account.account_id: each for each in back.points}
    return replace(
        before,
        lines=tuple(replace(e, returned_milli=e.returned_milli + came.get(e.line_no, 0)) for e in before.lines),
        paid=tuple(replace(e, refunded_minor=e.refunded_minor + given.get(e.means, 0)) for e in paid.values()),
        accounts=tuple(
            replace(
                each,
                settled=each.settled + points[each.account_id].due,
                given_back=each.given_back + points[each.account_id].given_back,
            )
            for each in before.accounts
        ),
        coupons=tuple(replace(each, is_back=each.is_back or each in back.coupons) for each in before.coupons),
        cash_minor=before.cash_minor + given.get(Means.CASH, 0) + rounding,
    )


def test_a_unit_of_three_takes_its_third_of_the_price_and_of_the_discount() -> None:
    line = a_bought_line(amount=20_00, count=3, list_minor=30_00, discounts=(Discount(4, 10_00, 1000),))
    back = reckon(bought(line), Wish(((1, 1000),)))
    only = back.lines[0]
    assert (only.list_minor, only.amount_minor, only.discounts[0].amount_minor) == (10_00, 6_67, 3_33)
    assert back.refunds == (Refund(Means.CARD, 6_67),)


def test_points_are_what_the_rest_of_the_receipt_would_not_have_earned() -> None:
    # 19.99 earned 1 point; so would the 14.99 that stay.
    held = bought(a_bought_line(1, 14_99), a_bought_line(2, 5_00), accounts=(an_account(1),))
    assert reckon(held, Wish(((2, 1000),))).points[0].due == 0
    assert reckon(held, Wish(((1, 1000),))).points[0].due == 1


def test_what_an_offer_gave_beyond_the_rule_goes_back_in_proportion() -> None:
    # 20.00 earned 2 by the rule and 10 by an offer.
    held = bought(a_bought_line(1, 10_00), a_bought_line(2, 10_00), accounts=(an_account(12),))
    assert reckon(held, Wish(((2, 1000),))).points[0].due == 6


def test_a_line_that_earned_nothing_takes_no_points_along() -> None:
    held = bought(a_bought_line(1, 10_00), a_bought_line(2, 90_00, earns=False), accounts=(an_account(1),))
    assert reckon(held, Wish(((2, 1000),))).points[0].due == 0
    assert reckon(held, Wish()).points[0].due == 1


@pytest.mark.parametrize(
    ("rule", "part", "whole"), [(Redeemed.BACK, 50, 100), (Redeemed.BACK_IF_WHOLE, 0, 100), (Redeemed.NEVER, 0, 0)]
)
def test_redeemed_points_come_back_by_the_clubs_rule(rule: Redeemed, part: int, whole: int) -> None:
    lines = [
        a_bought_line(number, 5_00, list_minor=10_00, discounts=(Discount(4, 5_00, 1000, by_points=True),))
        for number in (1, 2)
    ]
    held = bought(*lines, accounts=(an_account(0, used=100, returns=ReturnPolicy(redeemed=rule)),))
    first = reckon(held, Wish(((1, 1000),)))
    second = reckon(after(held, first), Wish())
    assert first.points[0].given_back == part
    assert first.points[0].given_back + second.points[0].given_back == whole


def test_a_coupon_comes_back_once_with_the_last_of_the_goods() -> None:
    coupon = UsedCoupon(0, 3, 1, "ABC", 5_00, comes_back=True)
    held = bought(a_bought_line(1), a_bought_line(2), coupons=(coupon, replace(coupon, comes_back=False)))
    first = reckon(held, Wish(((1, 1000),)))
    assert first.coupons == ()
    assert reckon(after(held, first), Wish()).coupons == (coupon,)


def test_money_goes_back_to_the_card_before_it_is_handed_out() -> None:
    held = bought(a_bought_line(amount=10_00, count=2), paid=(Paid(Means.CASH, 4_00), Paid(Means.CARD, 6_00)))
    first = reckon(held, Wish(((1, 1000),)))
    assert first.refunds == (Refund(Means.CARD, 5_00),)
    assert reckon(after(held, first), Wish()).refunds == (Refund(Means.CARD, 1_00), Refund(Means.CASH, 4_00))


def test_a_cashier_may_choose_the_means() -> None:
    assert reckon(bought(a_bought_line()), Wish(means=Means.CASH)).refunds == (Refund(Means.CASH, 10_00),)
    # What a bank card paid can't go onto a gift card, and doesn't become cash by asking so.
    assert reckon(bought(a_bought_line()), Wish(means=Means.STORED_VALUE)).refunds == (Refund(Means.CARD, 10_00),)


def test_a_receipt_whose_payments_nobody_knows_is_refunded_in_cash() -> None:
    assert reckon(bought(a_bought_line(), paid=()), Wish()).refunds == (Refund(Means.CASH, 10_00),)


def test_points_that_are_paid_for_lower_the_cash_first() -> None:
    refunds = (Refund(Means.CARD, 6_00), Refund(Means.CASH, 4_00))
    assert deducted(refunds, 1_00) == (Refund(Means.CARD, 6_00), Refund(Means.CASH, 3_00))
    assert deducted(refunds, 5_00) == (Refund(Means.CARD, 5_00),)


def test_more_than_is_left_is_refused_beside_its_line() -> None:
    held = bought(a_bought_line(count=2, returned_milli=1000), a_bought_line(2, -5_00, quantity_milli=-1000))
    with pytest.raises(Invalid) as refused:
        reckon(held, Wish(((1, 500), (1, 501), (2, 1000), (3, 1000))))
    assert [each.field for each in refused.value.fields] == [
        "lines[1].quantity",
        "lines[2].line_no",
        "lines[3].line_no",
    ]
    with pytest.raises(Conflict, match="already"):
        reckon(bought(a_bought_line(returned_milli=1000)), Wish())


@st.composite
def receipts(draw: st.DrawFn) -> Bought:
    lines: list[BoughtLine] = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        listed = draw(st.integers(0, 5_000))
        off = draw(st.integers(0, listed))
        shares = allocate(off, draw(st.lists(st.integers(0, 5), min_size=1, max_size=3)))
        quantity = draw(st.one_of(st.integers(1, 7).map(lambda n: n * 1000), st.integers(1, 3_500)))
        amount = listed - off
        discounts = tuple(Discount(i, each, quantity, draw(st.booleans())) for i, each in enumerate(shares) if off)
        lines.append(
            BoughtLine(
                number, number, quantity, listed, amount, tax_in(amount, 1800) + draw(st.integers(-1, 1)), 1800,
                draw(st.booleans()), discounts,
            )
        )  # fmt: skip
    total = sum(line.amount_minor for line in lines)
    card = draw(st.integers(0, total))
    points, per = draw(st.integers(0, 5)), draw(st.sampled_from([10, 100, 1000]))
    base = sum(line.amount_minor for line in lines if line.earns)
    earned = points_for(base, points, per) + draw(st.integers(0, 50))
    used = draw(st.integers(0, 300))
    return Bought(
        tuple(lines),
        draw(st.sampled_from(["ILS", "EUR", "SEK"])),
        paid=(Paid(Means.CARD, card), Paid(Means.CASH, total - card)),
        accounts=(Account(5, 9, earned=earned, used=used, earn_points=points, earn_per_minor=per),),
    )


@given(receipts(), st.data())
def test_returns_in_any_pattern_come_to_exactly_the_sale(sold: Bought, data: st.DataObject) -> None:
    held = sold
    came: list[Reckoned] = []
    handed_out = 0
    for _ in range(30):
        left = [line for line in held.lines if line.left_milli > 0]
        if not left:
            break
        line = data.draw(st.sampled_from(left))
        step = data.draw(st.one_of(st.just(min(1000, line.left_milli)), st.integers(1, line.left_milli)))
        wish = Wish(((line.line_no, step),)) if len(came) < 25 else Wish()
        back = reckon(held, wish)
        rounding = refund_rounding(back.refunds, held)
        cash = sum(each.amount_minor for each in back.refunds if each.means is Means.CASH)
        assert cash_rounding(cash + rounding, sold.currency) == 0
        # A part of a unit is rounded in its list price and in its amount, so these may cross by one.
        assert all(e.list_minor + 1 >= e.amount_minor >= 0 for e in back.lines)
        assert all(sum(d.amount_minor for d in e.discounts) == e.list_minor - e.amount_minor for e in back.lines)
        assert all(each.due >= 0 and each.given_back >= 0 for each in back.points)
        handed_out += cash + rounding
        came.append(back)
        held = after(held, back, rounding=rounding)
    assert came[-1].is_whole
    for line in sold.lines:
        parts = [each for back in came for each in back.lines if each.line.line_no == line.line_no]
        assert sum(each.quantity_milli for each in parts) == line.quantity_milli
        assert sum(each.list_minor for each in parts) == line.list_minor
        assert sum(each.amount_minor for each in parts) == line.amount_minor
        assert sum(each.tax_minor for each in parts) == line.tax_minor
        for offer in line.discounts:
            taken = [d for each in parts for d in each.discounts if d.offer_id == offer.offer_id]
            assert sum(each.amount_minor for each in taken) == offer.amount_minor
    for means in sold.paid:
        refunded = sum(each.amount_minor for back in came for each in back.refunds if each.means is means.means)
        assert refunded == means.amount_minor
    cash = sold.paid[1].amount_minor
    assert handed_out == cash + cash_rounding(cash, sold.currency)
    assert sum(each.due for back in came for each in back.points) == sold.accounts[0].earned
    assert sum(each.given_back for back in came for each in back.points) == sold.accounts[0].used
