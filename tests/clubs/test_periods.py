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


@pytest.mark.parametrize(
    ("renewal_from", "grace_days", "today", "first", "last"),
    [
        ("old_end", 0, "2026-06-01", "2027-01-01", "2027-12-31"),  # early: after what is paid
        ("old_end", 0, "2027-01-01", "2027-01-01", "2027-12-31"),
        ("old_end", 0, "2027-01-11", "2027-01-11", "2028-01-10"),  # late: from today
        ("old_end", 10, "2027-01-10", "2027-01-01", "2027-12-31"),  # within grace: as if on time
        ("old_end", 10, "2027-01-11", "2027-01-11", "2028-01-10"),  # a day too late for grace
        ("today", 0, "2026-06-01", "2027-01-01", "2027-05-31"),  # early: the term counts from today
        ("today", 10, "2027-01-05", "2027-01-05", "2028-01-04"),
    ],
)
def test_a_renewal_counts_from_where_the_club_says(  # REQ M-02
    renewal_from: str, grace_days: int, today: str, first: str, last: str
) -> None:
    held = [Span(dt.date(2026, 1, 1), dt.date(2026, 12, 31))]
    added = periods.next_period(
        held,
        12,
        today=dt.date.fromisoformat(today),
        renewal_from=periods.RenewalFrom(renewal_from),
        grace_days=grace_days,
    )
    assert added == Span(dt.date.fromisoformat(first), dt.date.fromisoformat(last))


def test_a_term_from_today_that_ends_no_later_renews_nothing() -> None:
    held = [Span(dt.date(2026, 1, 1), dt.date(2027, 12, 31))]
    with pytest.raises(ValueError):
        periods.next_period(held, 12, today=dt.date(2026, 6, 1), renewal_from=periods.RenewalFrom.TODAY)


spans = st.lists(st.tuples(st.integers(1, 400), st.integers(0, 400)), min_size=1, max_size=6)


def laid_out(start: dt.date, lengths: list[tuple[int, int]]) -> list[Span]:
    """Spans one after another: each so many days long, with so many days between."""
    made, first = [], start
    for length, gap in lengths:
        made.append(Span(first, first + (length - 1) * DAY))
        first += (length + gap) * DAY
    return made


@given(days, spans, st.integers(-10, 3000))
def test_cutting_loses_no_day_and_invents_none(start: dt.date, lengths: list[tuple[int, int]], at: int) -> None:
    held, day = laid_out(start, lengths), start + at * DAY
    cut = periods.cut(held, day)
    assert all(span.last is not None and span.last < day for span in cut.kept)
    assert all(span.first >= day for span in cut.rest)
    assert periods.apart([*cut.kept, *cut.rest])
    kept, rest, whole = (periods.days_held(each) for each in (cut.kept, cut.rest, held))
    assert kept is not None
    assert rest is not None
    assert kept + rest == whole


@given(days, spans, st.integers(0, 2000), st.integers(0, 1000), st.booleans())
def test_a_pause_gives_back_every_day_or_only_those_still_to_come(
    start: dt.date, lengths: list[tuple[int, int]], at: int, long: int, moves_end: bool
) -> None:
    held, paused_on = laid_out(start, lengths), start + at * DAY
    cut = periods.cut(held, paused_on)
    given_back = periods.resumed(cut.rest, paused_on=paused_on, today=paused_on + long * DAY, moves_end=moves_end)
    assert periods.apart([*cut.kept, *given_back])
    assert all(span.first >= paused_on + long * DAY for span in given_back)
    if moves_end:
        assert periods.days_held(given_back) == periods.days_held(cut.rest)
    else:
        assert given_back == periods.cut(held, paused_on + long * DAY).rest
    if long == 0:
        assert given_back == cut.rest


@given(days, spans, st.integers(-10, 2000), st.lists(st.tuples(st.integers(0, 400), st.integers(1, 500)), max_size=4))
def test_purchases_only_lengthen_a_sliding_term_and_returns_give_back_no_more_than_they_gave(
    start: dt.date, lengths: list[tuple[int, int]], at: int, moves: list[tuple[int, int]]
) -> None:  # REQ M-02
    at_first: periods.Days = dict(enumerate(laid_out(start, lengths), 1))
    held, before, day = at_first, [], start + at * DAY
    for wait, long in moves:
        day += wait * DAY
        moved = periods.slid(held, day, day + long * DAY)
        if moved is not None:
            before, held = [held, *before], moved
    assert periods.apart([span for span in held.values() if span])
    assert all(span and all(_holds(held, each) for each in (span.first, span.last)) for span in at_first.values())
    back = periods.slid_back(held, day, before, until=None)
    if back is not None:
        assert periods.apart([span for span in back.values() if span])
        assert _holds(back, day), "the day of the return is held still"
        assert all(_holds(back, each) for span in at_first.values() if span for each in (span.first, span.last))
        assert periods.slid_back(back, day, [held, *before], until=None) is None, "and only once"


def _holds(days: periods.Days, day: dt.date | None) -> bool:
    return day is not None and any(span.holds(day) for span in days.values() if span)


def test_a_term_slides_with_the_stretch_that_holds_the_purchase() -> None:
    def span(first: str, last: str | None) -> Span:
        return Span(dt.date.fromisoformat(first), (last and dt.date.fromisoformat(last)) or None)

    day = dt.date.fromisoformat
    joined, extended = span("2026-01-01", "2026-06-30"), span("2026-07-01", "2026-09-30")
    held: periods.Days = {1: joined, 2: extended, 3: None, 4: span("2027-01-01", "2027-03-31")}
    assert periods.slid(held, day("2026-06-01"), day("2026-09-30")) is None, "it ends no earlier already"
    once = periods.slid(held, day("2026-06-01"), day("2026-11-30"))
    assert once == {**held, 2: span("2026-07-01", "2026-11-30")}
    assert once is not None
    twice = periods.slid(once, day("2026-10-10"), day("2027-04-09"))
    assert twice == {**held, 2: span("2026-07-01", "2026-12-31")}, "up to days that are held already"
    assert twice is not None
    assert periods.slid(held, day("2026-12-01"), day("2027-06-01")) is None, "who isn't a member stays none"
    assert periods.slid({1: span("2026-01-01", None)}, day("2026-06-01"), day("2026-12-01")) is None
    moves = [once, held]
    assert periods.slid_back(twice, day("2026-10-11"), moves, until=day("2026-11-30")) == once
    assert periods.slid_back(twice, day("2026-10-11"), moves, until=None) == {
        **held,
        2: span("2026-07-01", "2026-10-11"),
    }
    assert periods.slid_back(twice, day("2026-08-01"), moves, until=None) == held
    assert periods.slid_back(held, day("2026-08-01"), [], until=None) is None
    longer = {**once, 5: span("2026-12-01", "2026-12-20")}
    assert periods.slid_back(longer, day("2026-10-11"), [held], until=None) is None, "an extension leaves no gap"


def test_a_pause_can_not_end_before_it_began() -> None:
    with pytest.raises(ValueError):
        periods.resumed([], paused_on=dt.date(2026, 2, 1), today=dt.date(2026, 1, 31), moves_end=True)


def test_for_life_stays_for_life_after_a_pause() -> None:
    cut = periods.cut([Span(dt.date(2026, 1, 1), None)], dt.date(2026, 6, 1))
    assert cut.kept == (Span(dt.date(2026, 1, 1), dt.date(2026, 5, 31)),)
    assert periods.days_held(cut.rest) is None
    (again,) = periods.resumed(cut.rest, paused_on=dt.date(2026, 6, 1), today=dt.date(2026, 9, 1), moves_end=True)
    assert again == Span(dt.date(2026, 9, 1), None)


@pytest.mark.parametrize(
    ("days_of", "apart"),
    [
        ([], True),
        ([("2026-01-01", "2026-01-01")], True),
        ([("2026-01-02", "2026-01-01")], False),
        ([("2026-02-01", "2026-02-28"), ("2026-01-01", "2026-01-31")], True),
        ([("2026-01-01", "2026-02-01"), ("2026-02-01", "2026-02-28")], False),
        ([("2026-01-01", None), ("2027-01-01", "2027-02-01")], False),
    ],
)
def test_no_two_spans_share_a_day(days_of: list[tuple[str, str | None]], apart: bool) -> None:
    made = [Span(dt.date.fromisoformat(a), dt.date.fromisoformat(b) if b else None) for a, b in days_of]
    assert periods.apart(made) is apart
