# REQ P-01: what a purchase earns
import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_club.points.rules import points_for, worth_of

amounts = st.integers(-(10**9), 10**9)


@pytest.mark.parametrize(
    ("amount_minor", "earn_points", "earn_per_minor", "points"),
    [
        (19_99, 1, 10_00, 1),
        (20_00, 1, 10_00, 2),
        (9_99, 1, 10_00, 0),
        (1_00, 1, 10, 10),
        (57_30, 1, 1_00, 57),
        (57_30, 5, 10_00, 25),
        (0, 1, 10_00, 0),
        (-50_00, 1, 10_00, 0),
        (50_00, 0, 10_00, 0),
    ],
)
def test_each_full_amount_earns(amount_minor: int, earn_points: int, earn_per_minor: int, points: int) -> None:
    assert points_for(amount_minor, earn_points, earn_per_minor) == points


@given(amounts, st.integers(0, 1000), st.integers(1, 100_000))
def test_one_never_earns_more_than_the_rate(amount_minor: int, earn_points: int, earn_per_minor: int) -> None:
    points = points_for(amount_minor, earn_points, earn_per_minor)
    assert 0 <= points * earn_per_minor <= max(amount_minor, 0) * earn_points
    assert points_for(amount_minor + earn_per_minor, earn_points, earn_per_minor) >= points


def test_points_are_worth_what_the_club_says_rounded_down() -> None:
    assert worth_of(1840, 100, 5_00) == 92_00
    assert worth_of(199, 1000, 5_00) == 99
    assert worth_of(-199, 1000, 5_00) == -99
    assert worth_of(5, 100, 0) == 0
