# REQ B-01: days around a date that comes every year, by our calendar and by the Hebrew one
import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erp_club.birthday import hebrew
from erp_club.birthday.plans.settings import MOST_MONTHS, PlanSettings
from erp_club.birthday.windows import (
    APART,
    MOST_DAYS,
    Window,
    around,
    births,
    celebrated,
    celebration,
    celebrations,
    day_of,
    nearest,
    until,
)

DAYS = st.dates(dt.date(1995, 1, 1), dt.date(2090, 12, 31))
# Before the year that is asked about begins in both calendars: a date is first celebrated a year later.
BORN = st.dates(dt.date(1970, 1, 1), dt.date(1994, 8, 31))


@st.composite
def windows(draw: st.DrawFn, *, by_hebrew: bool | None = None) -> Window:
    told = draw(st.booleans()) if by_hebrew is None else by_hebrew
    if draw(st.booleans()):
        before = draw(st.integers(0, 60))
        return Window(before, draw(st.integers(0, 60)), hebrew=told)
    months = st.integers(0, MOST_MONTHS)
    return Window(whole_months=True, months_before=draw(months), months_after=draw(months), hebrew=told)


@settings(max_examples=30, deadline=None)
@given(windows(), BORN, DAYS)
def test_whoever_celebrates_on_a_day_is_found_by_the_date_of_birth(window: Window, born: dt.date, day: dt.date):
    found = around(window, born, day)
    listed = [
        each for each in celebrations(window, day, day)
        if any(birth.born == born for birth in births(each.day, by_hebrew=window.hebrew))
    ]  # fmt: skip
    assert listed == ([] if found is None else [found])


@settings(max_examples=30, deadline=None)
@given(windows(), DAYS, st.integers(0, 12))
def test_days_that_were_missed_are_looked_at_together(window: Window, day: dt.date, late: int):
    one_by_one = {
        each for missed in range(late + 1) for each in celebrations(window, day + dt.timedelta(missed), day
        + dt.timedelta(missed))
    }  # fmt: skip
    assert {*celebrations(window, day, day + dt.timedelta(late))} == one_by_one
    assert all(each.first <= day + dt.timedelta(late) and each.last >= day for each in one_by_one)


@given(BORN, st.integers(1995, 2089), st.booleans())
def test_a_date_is_celebrated_once_in_every_year_and_never_soon_again(born: dt.date, year: int, by_hebrew: bool):
    window = Window(hebrew=by_hebrew)
    number = year + 3760 if by_hebrew else year
    first, second = day_of(window, born, number), day_of(window, born, number + 1)
    assert (second - first).days >= 353 > APART
    assert celebration(window, first).year == number
    assert any(birth.born == born for birth in births(first, by_hebrew=by_hebrew))


@given(BORN, st.integers(5756, 5850))
def test_windows_of_two_years_never_meet(born: dt.date, year: int):
    for window in (
        Window(MOST_DAYS, 0, hebrew=True),
        Window(0, MOST_DAYS, hebrew=True),
        Window(whole_months=True, months_before=MOST_MONTHS, months_after=MOST_MONTHS, hebrew=True),
    ):
        first, second = (celebration(window, day_of(window, born, each)) for each in (year, year + 1))
        assert first.last < second.first


@pytest.mark.parametrize(("year", "day"), [(2026, dt.date(2026, 2, 28)), (2028, dt.date(2028, 2, 29))])
def test_29_february_is_celebrated_in_every_year(year: int, day: dt.date):
    leap = dt.date(2000, 2, 29)
    assert celebrated(leap, year) == day
    assert leap in [birth.born for birth in births(day)]


def test_a_window_reaches_over_the_turn_of_the_year():
    window = Window(days_before=10, days_after=10)
    for born, day, celebrated_on in (
        (dt.date(1990, 1, 3), dt.date(2026, 12, 26), dt.date(2027, 1, 3)),
        (dt.date(1990, 12, 28), dt.date(2027, 1, 6), dt.date(2026, 12, 28)),
    ):
        found = around(window, born, day)
        assert found is not None
        assert found.day == celebrated_on


def test_whole_months_are_those_of_the_calendar():
    found = celebration(Window(whole_months=True, months_before=1, months_after=1), dt.date(2027, 1, 31))
    assert (found.first, found.last) == (dt.date(2026, 12, 1), dt.date(2027, 2, 28))


@pytest.mark.parametrize(
    ("born", "year", "day"),
    [
        # 14 Adar 5760 lay in a leap year's Adar II; in a plain year it is Adar.
        (dt.date(2000, 3, 21), 5785, dt.date(2025, 3, 14)),
        # 5 Adar I 5784: a plain year has one Adar.
        (dt.date(2024, 2, 14), 5785, dt.date(2025, 3, 5)),
        # 5 Adar 5785 of a plain year: the last month of the leap year 5787 is Adar II.
        (dt.date(2025, 3, 5), 5787, dt.date(2027, 3, 14)),
        # 10 Tevet comes twice in 2028 of our calendar: in January, and in December as a day of the next Hebrew year.
        (dt.date(2020, 1, 7), 5788, dt.date(2028, 1, 9)),
        (dt.date(2020, 1, 7), 5789, dt.date(2028, 12, 28)),
    ],
)
def test_a_hebrew_birthday_is_found_in_leap_and_plain_years(born: dt.date, year: int, day: dt.date):
    assert hebrew.anniversary(born, year) == day


def test_days_to_the_nearest_birthday_count_down_and_on():
    born = dt.date(1990, 11, 25)
    assert [nearest(born, dt.date(2026, 11, day)) for day in (22, 25, 28)] == [3, 0, -3]


def test_a_window_that_closed_while_nobody_looked_is_made_up_for():
    day = dt.date(2026, 3, 10)
    assert until(day, first_missed=day, granted_on=dt.date(2026, 3, 13)) == dt.date(2026, 3, 13)
    assert until(day, first_missed=dt.date(2026, 3, 8), granted_on=dt.date(2026, 3, 13)) == dt.date(2026, 3, 15)
    assert until(day, first_missed=day, granted_on=day) == day


@pytest.mark.parametrize(("age", "value"), [(3, 1_000), (10, 1_000), (20, 2_000), (60, 4_000)])
def test_a_value_grows_with_age_to_its_ceiling(age: int, value: int):
    plan = PlanSettings("X", {}, dt.date(2026, 1, 1), amount_minor=1_000, growth=100, growth_from_age=10,
                            growth_to=4_000)  # fmt: skip
    assert plan.value(age) == value
