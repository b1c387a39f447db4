# REQ T-06 O-07: rounding once, sharing out exactly
import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_club.kernel.money import Rounding, allocate, cash_rounding, round_div

AMOUNTS = st.integers(-(10**12), 10**12)


@given(AMOUNTS, st.lists(st.integers(0, 10**9), min_size=1, max_size=30))
def test_shares_sum_to_the_whole_and_differ_from_the_exact_share_by_less_than_one(
    total: int, weights: list[int]
) -> None:
    parts = allocate(total, weights)
    assert sum(parts) == total
    whole = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        if whole:
            assert abs(part * whole - total * weight) < whole


@pytest.mark.parametrize(
    ("total", "currency", "rounding"),
    [
        (1234, "ILS", -4), (1235, "ILS", 5), (1232, "EUR", -2), (1233, "EUR", 2), (1249, "SEK", -49), (1250, "SEK", 50),
        (-1235, "ILS", -5), (1234, "USD", 0), (0, "ILS", 0),
    ],
)  # fmt: skip
def test_cash_rounds_by_the_countrys_smallest_coin(total: int, currency: str, rounding: int) -> None:
    assert cash_rounding(total, currency) == rounding


@given(AMOUNTS, st.integers(1, 10**6), st.sampled_from(Rounding))
def test_a_rounded_quotient_of_a_negative_mirrors_the_positive(dividend: int, divisor: int, rounding: Rounding) -> None:
    assert round_div(-dividend, divisor, rounding) == -round_div(dividend, divisor, rounding)


@pytest.mark.parametrize(
    ("rounding", "quotients"), [(Rounding.DOWN, [2, 2, 2]), (Rounding.UP, [3, 3, 3]), (Rounding.HALF_UP, [2, 3, 3])]
)
def test_the_named_rounding_is_what_happens(rounding: Rounding, quotients: list[int]) -> None:
    assert [round_div(dividend, 4, rounding) for dividend in (9, 10, 11)] == quotients
