# REQ M-04: the dates of memberships, for every day and term
import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_club.clubs import periods
from erp_club.clubs.periods import Span

DAY = dt.timedelta(days=1)
days = st.dates(dt.date(2000, 1, 1), dt.date(2200, 12, 31))
terms = st.integers(1, 1200)


@pytest.mark.parametrize(
    ("start", "months", "last"),
    [
        ("2026-01-01", 12, "2026-12-31"),
        ("2026-01-31", 1, "2026-02-27"),
        ("2028-01-31", 1, "2028-02-28"),
        ("2028-02-29", 12, "2029-02-27"),
        ("2026-11-22", 1, "2026-12-21"),
        ("2026-08-31", 6, "2027-02-27"),
    ],
)
def test_a_term_ends_on_the_day_before(start: str, months: int, last: str) -> None:
    span = periods.first_period(dt.date.fromisoformat(start), months)
    assert span == Span(dt.date.fromisoformat(start), dt.date.fromisoformat(last))


def test_a_membership_for_life_has_no_last_day() -> None:
    span = periods.first_period(dt.date(2026, 1, 1), None)
    assert span.last is None
    assert span.holds(dt.date(9999, 12, 31))
    assert not span.holds(dt.date(2025, 12, 31))


@given(days, terms)
def test_a_term_is_as_many_months_as_it_says(start: dt.date, months: int) -> None:
    span = periods.first_period(start, months)
    assert span.last is not None
    after = span.last + DAY
    assert (after.year - start.year) * 12 + after.month - start.month == months
    assert after.day == start.day or (after.day < start.day and (after + DAY).month != after.month)


@given(days, terms, days, terms)
def test_a_renewal_neither_overlaps_nor_wastes_a_paid_day(
    start: dt.date, months: int, today: dt.date, again: int
) -> None:
    held = periods.first_period(start, months)
    added = periods.next_period([held], again, today=today)
    assert held.last is not None
    assert added.first > held.last
    if today <= held.last:
        assert added.first == held.last + DAY  # renewed early: it continues after what is paid
    else:
        assert added.first == today  # renewed late: nothing is paid for the days between


@given(days, st.lists(st.tuples(st.integers(-400, 400), terms), max_size=6))
def test_periods_never_overlap_however_often_one_renews(start: dt.date, renewals: list[tuple[int, int]]) -> None:
    held, today = [periods.first_period(start, 12)], start
    for wait, months in renewals:
        today = max(today + wait * DAY, start)
        if periods.last_day(held).year < 2900:
            held.append(periods.next_period(held, months, today=today))
    for before, after in itertools.pairwise(held):
        assert before.last is not None
        assert before.last < after.first
    merged = periods.runs(held)
    for before, after in itertools.pairwise(merged):
        assert before.last is not None
        assert before.last + DAY < after.first  # a stretch ends only where a day is missing
    for span in held:
        assert sum(run.holds(span.first) and (span.last is None or run.holds(span.last)) for run in merged) == 1


@given(days, terms, st.integers(1, 10_000))
def test_an_extension_leaves_no_gap(start: dt.date, months: int, more: int) -> None:
    held = periods.first_period(start, months)
    assert held.last is not None
    added = periods.extension([held], held.last + more * DAY)
    assert added == Span(held.last + DAY, held.last + more * DAY)
    assert periods.runs([added, held]) == [Span(start, added.last)]


@given(days, terms, st.integers(0, 10_000))
def test_an_extension_makes_longer(start: dt.date, months: int, less: int) -> None:
    held = periods.first_period(start, months)
    assert held.last is not None
    with pytest.raises(ValueError):
        periods.extension([held], held.last - less * DAY)


def test_what_has_no_end_has_no_next_period() -> None:
    for held in ([Span(dt.date(2026, 1, 1), None)], []):
        with pytest.raises(ValueError):
            periods.next_period(held, 12, today=dt.date(2026, 1, 2))


def test_the_calendar_has_an_end() -> None:
    with pytest.raises(ValueError):
        periods.first_period(dt.date(9999, 6, 1), 12)
