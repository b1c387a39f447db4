# REQ T-06 P-01: what a sale sums to and how it may be paid
import datetime as dt

import pytest

from erp_club.kernel.errors import Conflict, Invalid, Refused
from erp_club.purchases.sale import MOST_MINOR, Payment, Sale, SaleLine, check, check_expected, line_amount
from erp_club.receipts.kinds import Means

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
CASH, CARD = Means.CASH, Means.CARD


def sale(
    *amounts: int, paid: tuple[Payment, ...] = (), currency: str = "ILS", sold_at: dt.datetime = NOW, earns: bool = True
) -> Sale:
    lines = tuple(SaleLine(1, 1000, amount, amount, 1800, earns) for amount in amounts)
    return Sale(1, 1, "1", sold_at, sold_at.date(), 0, lines, paid, currency)


def refusal(what: Sale) -> Refused:
    with pytest.raises(Refused) as caught:
        check(what, now=NOW)
    return caught.value


@pytest.mark.parametrize(
    ("currency", "total", "due"),
    [
        ("ILS", 10_04, 10_00),
        ("ILS", 10_05, 10_10),
        ("ILS", 10_10, 10_10),
        ("EUR", 10_02, 10_00),
        ("EUR", 10_03, 10_05),
        ("EUR", 10_07, 10_05),
        ("SEK", 10_49, 10_00),
        ("SEK", 10_50, 11_00),
    ],
)
def test_cash_is_rounded_to_the_smallest_coin_of_the_currency(currency: str, total: int, due: int) -> None:
    paid = sale(total, currency=currency, paid=(Payment(CASH, due),))
    check(paid, now=NOW)
    assert (paid.total_minor, paid.rounding_minor) == (total, due - total)
    exact = sale(total, currency=currency, paid=(Payment(CASH, total),))
    if due != total:
        assert refusal(exact).code == "payments-differ"


def test_a_card_pays_to_the_last_unit() -> None:
    paid = sale(10_04, paid=(Payment(CARD, 10_04),))
    check(paid, now=NOW)
    assert paid.rounding_minor == 0
    assert refusal(sale(10_04, paid=(Payment(CARD, 10_00),))).code == "payments-differ"


def test_of_mixed_payments_only_the_cash_is_rounded() -> None:
    paid = sale(30_04, paid=(Payment(CARD, 20_02), Payment(CASH, 10_00)))
    check(paid, now=NOW)
    assert paid.rounding_minor == -2


def test_a_card_payment_that_lacks_a_few_agorot_is_not_made_whole_by_rounding() -> None:
    assert refusal(sale(10_02, paid=(Payment(CARD, 10_00),))).code == "payments-differ"
    assert refusal(sale(10_00, paid=(Payment(CARD, 10_04),))).code == "payments-differ"


def test_a_sale_of_less_than_half_a_coin_costs_nothing_in_cash() -> None:
    paid = sale(4)
    check(paid, now=NOW)
    assert paid.rounding_minor == -4
    assert refusal(sale(5)).code == "payments-differ"


def test_the_refusal_says_what_would_be_due_in_cash_and_by_card() -> None:
    assert refusal(sale(10_04, paid=(Payment(CASH, 20_00),))).facts == {
        "total_minor": 10_04,
        "due_minor": {"cash": 10_00, "card": 10_04},
        "paid_minor": {"cash": 20_00, "card": 0},
    }


def test_rounding_earns_nothing_and_neither_does_what_only_passes_money_on() -> None:
    assert sale(10_06, paid=(Payment(CASH, 10_10),)).earning_minor == 10_06
    assert sale(10_06, earns=False).earning_minor == 0


def test_an_empty_basket_and_an_absurd_total_are_refused() -> None:
    assert refusal(sale()).fields[0].field == "lines"
    assert refusal(sale(MOST_MINOR, 1)).fields[0].field == "lines"


@pytest.mark.parametrize("ago", [dt.timedelta(minutes=-6), dt.timedelta(days=31, seconds=1)])
def test_a_sale_is_neither_of_the_future_nor_long_ago(ago: dt.timedelta) -> None:
    refused = refusal(sale(10_00, paid=(Payment(CARD, 10_00),), sold_at=NOW - ago))
    assert isinstance(refused, Invalid)
    assert refused.fields[0].field == "sold_at"


@pytest.mark.parametrize("ago", [dt.timedelta(minutes=-5), dt.timedelta(days=31)])
def test_a_clock_may_be_five_minutes_ahead_and_a_till_31_days_offline(ago: dt.timedelta) -> None:
    check(sale(10_00, paid=(Payment(CARD, 10_00),), sold_at=NOW - ago), now=NOW)


def test_a_total_that_the_till_did_not_expect_is_refused_with_ours() -> None:
    check_expected(sale(10_00), None)
    check_expected(sale(10_00), 10_00)
    with pytest.raises(Conflict) as caught:
        check_expected(sale(10_00), 9_00)
    assert caught.value.facts["total_minor"] == 10_00


@pytest.mark.parametrize(("milli", "amount"), [(1000, 3_33), (1, 0), (1500, 5_00), (500, 1_67), (333, 1_11)])
def test_a_quantity_costs_its_part_of_the_price_rounded_half_up(milli: int, amount: int) -> None:
    assert line_amount(3_33, milli) == amount
