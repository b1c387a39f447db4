"""A chart stands where its figures say, whatever they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web import charts

VALUES = st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=400)


def _words(values: Sequence[object]) -> list[str]:
    return [f"{n}" for n in range(len(values))]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 0, (0, 1)),
        (3, 3, (0, 1, 2, 3)),
        (0, 1840, (0, 500, 1000, 1500, 2000)),
        (1090, 1900, (0, 500, 1000, 1500, 2000)),
        (-4000, 40550, (-20000, 0, 20000, 40000, 60000)),
        (-9, -1, (-10, -5, 0)),
        (Decimal("0.4"), Decimal("2.5"), (0, 1, 2, 3)),
    ],
)
def test_a_scale_has_few_round_steps_and_holds_zero(low: charts.Number, high: charts.Number, ticks: tuple[int, ...]):
    assert charts.scale(low, high) == ticks


@given(VALUES)
def test_every_point_of_a_curve_lies_on_the_scale(values: list[int]):
    chart = charts.line(_words(values), values)
    ticks = [tick.y for tick in chart.ticks]
    assert 2 <= len(ticks) <= 5
    assert [mark.value for mark in chart.marks] == values
    assert all(min(ticks) <= mark.y <= max(ticks) for mark in chart.marks)
    assert all(0 <= mark.x <= 100 for mark in chart.marks)
    assert len({mark.x for mark in chart.marks}) == len(values)


@given(VALUES)
def test_every_bar_stands_on_or_hangs_from_the_zero_line(values: list[int]):
    chart = charts.bars(_words(values), values)
    assert len(chart.marks) == len(values)
    for mark in chart.marks:
        edge = mark.y if mark.value < 0 else mark.y + mark.height
        assert edge == pytest.approx(chart.zero, abs=0.11)
        assert 0 <= mark.x < mark.x + mark.width <= 100.1


def test_a_higher_value_stands_higher():
    low, high = charts.line(["a", "b"], [5, 9]).marks
    assert high.y < low.y


def test_time_runs_from_the_left_and_the_newest_moment_has_its_word():
    chart = charts.line([f"day {n}" for n in range(90)], list(range(90)))
    assert [mark.x for mark in chart.marks] == sorted(mark.x for mark in chart.marks)
    assert chart.labels[-1].text == "day 89"
    assert len(chart.labels) <= charts.MONTHS
    assert not chart.circles


def test_a_year_of_months_names_each_and_fewer_where_it_is_narrow():
    months = ["Sept 25", *(f"{n}/26" for n in range(2, 13))]
    chart = charts.bars(months, [7] * 12)
    assert [label.text for label in chart.labels] == months
    assert [label.text for label in chart.labels if not label.spare] == ["3/26", "6/26", "9/26", "12/26"]
    assert len(charts.bars([f"{n}.1.2026" for n in range(10, 22)], [7] * 12).labels) == 6


def test_a_single_value_stands_in_the_middle():
    chart = charts.line(["November"], [12])
    assert [mark.x for mark in chart.marks] == [50.0]
    assert chart.circles


def test_nothing_to_show_is_an_empty_chart_with_a_scale():
    for chart in (charts.line([], []), charts.bars([], [])):
        assert chart.marks == ()
        assert [tick.value for tick in chart.ticks] == [0, 1]


def test_words_and_values_are_as_many():
    with pytest.raises(ValueError, match="zip"):
        charts.line(["a"], [1, 2])


@dataclass(frozen=True)
class Membership:
    starts_on: date
    ends_on: date | None


def test_memberships_stand_beside_each_other_on_one_scale():
    old, new = Membership(date(2021, 4, 12), date(2025, 3, 31)), Membership(date(2025, 4, 1), date(2027, 3, 31))
    drawn = charts.timeline([old, new], date(2026, 11, 22))
    first, second = drawn.bars
    assert first.x + first.width == pytest.approx(second.x, abs=0.02)
    assert second.x < drawn.today < second.x + second.width < 100
    assert [year.text for year in drawn.years] == ["2022", "2023", "2024", "2025"]


def test_a_membership_without_an_end_goes_on_to_the_edge():
    (bar,) = charts.timeline([Membership(date(2024, 1, 1), None)], date(2026, 11, 22)).bars
    assert bar.x + bar.width == pytest.approx(100)


def test_a_membership_of_one_day_can_still_be_seen():
    one, _ = charts.timeline(
        [Membership(date(2026, 1, 1), date(2026, 1, 1)), Membership(date(2001, 1, 1), None)], date(2026, 11, 22)
    ).bars
    assert one.width >= 0.8


def test_a_short_timeline_is_told_in_quarters():
    drawn = charts.timeline([Membership(date(2026, 2, 1), date(2026, 8, 31))], date(2026, 8, 31))
    assert [year.text for year in drawn.years] == ["04/26", "07/26"]


def test_a_long_timeline_names_at_most_six_years():
    drawn = charts.timeline([Membership(date(1990, 1, 1), None)], date(2026, 11, 22))
    assert 3 <= len(drawn.years) <= 6


def test_a_timeline_of_nothing_shows_today():
    drawn = charts.timeline([], date(2026, 11, 22))
    assert drawn.bars == ()
    assert drawn.today == pytest.approx(50, abs=1)


def test_long_words_stay_inside_and_a_phone_shows_fewer_of_them() -> None:
    days = [f"{day}.10.2017" for day in range(1, 32)]
    labels = charts.bars(days, list(range(31))).labels
    assert (labels[-1].text, labels[-1].x, labels[-1].anchor) == ("31.10.2017", 100, "end")
    assert [each.text for each in labels if not each.spare] == ["1.10.2017", "16.10.2017", "31.10.2017"]
    assert not any(each.spare or each.anchor != "middle" for each in charts.bars(["1", "2", "3"], [1, 2, 3]).labels)
