# REQ P-01 P-04 P-05 P-09: what a purchase earns, and how long it lasts
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_club.points.rules import (
    Bucket,
    Expiry,
    ExpiryKind,
    Terms,
    bucket,
    idle_last_day,
    last_day,
    member_year_end,
    points_for,
    whole_step,
    worth_of,
)

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


BORN = dt.date(2026, 11, 22)


@pytest.mark.parametrize(
    ("expiry", "last"),
    [
        (Expiry(), None),
        (Expiry(ExpiryKind.MONTHS, months=12), dt.date(2027, 11, 22)),
        (Expiry(ExpiryKind.MONTHS, months=3), dt.date(2027, 2, 22)),
        (Expiry(ExpiryKind.MONTHS_END, months=3), dt.date(2027, 2, 28)),
        (Expiry(ExpiryKind.YEARLY, month=12, day=31), dt.date(2026, 12, 31)),
        (Expiry(ExpiryKind.YEARLY, month=11, day=22), dt.date(2026, 11, 22)),
        (Expiry(ExpiryKind.YEARLY, months=2, month=12, day=31), dt.date(2027, 12, 31)),
        (Expiry(ExpiryKind.YEARLY, month=2, day=29), dt.date(2027, 2, 28)),
        (Expiry(ExpiryKind.MEMBER_YEAR), dt.date(2027, 3, 14)),
        (Expiry(ExpiryKind.INACTIVITY, months=6), None),
    ],
)
def test_points_last_to_the_day_that_the_club_says(expiry: Expiry, last: dt.date | None) -> None:
    """REQ P-09"""
    assert last_day(expiry, BORN, joined_on=dt.date(2024, 3, 15)) == last


@given(st.dates(dt.date(1990, 1, 1), dt.date(2090, 1, 1)), st.integers(0, 20_000))
def test_a_members_year_ends_within_a_year(joined_on: dt.date, later: int) -> None:
    day = joined_on + dt.timedelta(days=later)
    end = member_year_end(joined_on, day)
    assert day <= end <= day + dt.timedelta(days=366)


def test_points_of_one_month_are_one_lot_unless_a_day_parts_them() -> None:
    """REQ P-04 P-09"""
    first, last = dt.date(2026, 11, 1), dt.date(2026, 11, 30)
    assert bucket(Terms(), first) == bucket(Terms(), last) == Bucket(first, None, 1, first)
    by_day = Terms(2, expiry=Expiry(ExpiryKind.MONTHS, months=1))
    assert bucket(by_day, last) == Bucket(first, dt.date(2026, 12, 30), 2, None)
    assert bucket(Terms(available_after_days=14), last).available_on == dt.date(2026, 12, 14)
    assert bucket(Terms(waits_for="delivered"), last) == Bucket(None, None, 1, first, "delivered")


def test_each_purchase_starts_the_clock_of_the_whole_balance_again() -> None:
    """REQ P-09"""
    assert idle_last_day(Expiry(ExpiryKind.INACTIVITY, months=6), BORN) == dt.date(2027, 5, 22)
    assert idle_last_day(Expiry(ExpiryKind.MONTHS, months=6), BORN) is None


def test_the_step_is_what_whole_minor_units_need() -> None:
    """REQ P-05"""
    assert [whole_step(*rate) for rate in ((100, 5_00), (3, 1), (1000, 1_50), (7, 0))] == [1, 3, 20, 7]
