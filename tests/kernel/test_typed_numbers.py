"""What people type as a number is read as they mean it, or not at all."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_club.kernel.money import to_text
from erp_club.kernel.typed_numbers import read_number, read_scaled


@pytest.mark.parametrize(
    ("typed", "minor"),
    [
        *(("12", 1200), ("12.5", 1250), ("12,50", 1250), (" 12.50 ", 1250), ("-3", -300), ("\u22123", -300)),
        *(("2,000", 200_000), ("2 000", 200_000), ("2\u00a0000,5", 200_050), ("12,345,678.90", 1_234_567_890)),
        *(("007", 700), ("1234567", 123_456_700), ("0,50", 50)),
    ],
)
def test_thousands_and_decimals_of_an_amount_are_told_apart(typed: str, minor: int) -> None:  # REQ N-02
    assert read_scaled(typed, 2) == minor


@pytest.mark.parametrize(
    "typed",
    [
        *("", "-", "twelve", "1.2.3", "1.000", "0,500", "1,00,000", "12,34,567", "1,000 000", "1,000,50"),
        *("1000,000", "1e3", "NaN", "Infinity", "1_000", "+1", "1.", ".5", "9" * 16),
    ],
)
def test_what_can_be_no_amount_is_not_guessed_at(typed: str) -> None:  # REQ N-02
    assert read_scaled(typed, 2) is None


def test_a_comma_before_three_digits_parts_thousands_unless_nobody_can_tell() -> None:  # REQ N-02
    assert read_number("2,000", 0) == 2000
    assert read_number("2,125", 3) is None
    assert read_number("2.125", 3) == Decimal("2.125")
    assert read_number("2,125.5", 3) == Decimal("2125.5")
    assert read_scaled("0,755", 3) == 755
    assert read_number("1,5", 0) is None


@given(st.integers(-(10**12), 10**12))
def test_an_amount_as_text_reads_back_as_itself(minor: int) -> None:  # REQ I-01
    assert read_scaled(to_text(minor), 2) == minor
