# REQ M-04 M-08 A-02: whatever is done to a membership, each day has the answer that a list of days, kept by hand, gives
import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from erp_club.clubs import commands, queries
from erp_club.clubs.breaks import commands as breaks
from erp_club.clubs.earning.queries import earning_memberships
from erp_club.clubs.models import Club
from erp_club.clubs.periods import RenewalFrom, Span
from erp_club.kernel.errors import Conflict, Refused
from erp_club.permissions.actors import SYSTEM
from tests.make.clubs import a_club, a_customer, a_membership

DAY = dt.timedelta(days=1)
UNDO_DAYS = 60


class Never(Exception):
    """The story refuses it."""


def month_later(day: dt.date, months: int) -> dt.date:
    """The same day of the month so much later, or the last one that this month has."""
    year, month = day.year, day.month + months
    while month > 12:
        year, month = year + 1, month - 12
    for last in (day.day, 30, 29, 28):
        try:
            return dt.date(year, month, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError


def days_from(first: dt.date, before: dt.date) -> set[dt.date]:
    return {first + number * DAY for number in range((before - first).days)}


@dataclass
class Story:
    """A membership as a list of days, written without any of the product's arithmetic."""

    months: int
    grace_days: int
    moves_end: bool
    renewal_from: RenewalFrom
    days: set[dt.date] = field(default_factory=set[dt.date])
    state: str = "ended"
    since: dt.date | None = None
    cut_off: set[dt.date] = field(default_factory=set[dt.date])
    before_end: "Story | None" = None
    ended_on: dt.date | None = None

    def term(self, first: dt.date) -> set[dt.date]:
        return days_from(first, month_later(first, self.months))

    def refuse_unless(self, *allowed: bool) -> None:
        if not all(allowed):
            raise Never

    def join(self, today: dt.date) -> None:
        self.refuse_unless(self.state == "ended")
        self.refuse_unless(not self.days & self.term(today))
        self.days |= self.term(today)
        self.state = "open"

    def renew(self, today: dt.date) -> None:
        self.refuse_unless(self.state == "open", bool(self.days))
        last = max(self.days)
        if self.renewal_from is RenewalFrom.TODAY:
            self.refuse_unless(max(self.term(today)) > last)
            self.days |= {day for day in self.term(today) if day > last}
        else:
            late = (today - last).days > self.grace_days
            self.days |= self.term(today if late else last + DAY)

    def extend(self, until: dt.date, today: dt.date) -> None:
        self.refuse_unless(self.state == "open", bool(self.days), until >= today)
        self.refuse_unless(until > max(self.days))
        self.days |= days_from(max(self.days) + DAY, until + DAY)

    def pause(self, on: dt.date, today: dt.date, *, backdated: bool) -> None:
        self.refuse_unless(self.state == "open", backdated or on >= today, on in self.days)
        self.cut_off = {day for day in self.days if day >= on}
        self.days -= self.cut_off
        self.state, self.since = "paused", on

    def resume(self, today: dt.date) -> None:
        self.refuse_unless(self.state == "paused")
        assert self.since
        start = max(today, self.since)
        moved = {day + (start - self.since) for day in self.cut_off}
        back = moved if self.moves_end else {day for day in self.cut_off if day >= start}
        self.refuse_unless(bool(back))
        self.days |= back
        self.state, self.since = "open", None

    def end(self, on: dt.date, today: dt.date, *, backdated: bool) -> None:
        self.refuse_unless(self.state != "ended")
        if self.state == "open":
            self.refuse_unless(backdated or on >= today, on in self.days)
        self.before_end = Story(**{**self.__dict__, "days": set(self.days)})
        self.days = {day for day in self.days if day < on}
        self.state, self.ended_on = "ended", today

    def undo(self, today: dt.date) -> None:
        self.refuse_unless(self.state == "ended")
        assert self.before_end
        assert self.ended_on
        self.refuse_unless((today - self.ended_on).days <= UNDO_DAYS)
        was = self.before_end
        self.days, self.state, self.since, self.cut_off = set(was.days), was.state, was.since, was.cut_off

    def correct(self, spans: list[Span]) -> None:
        listed = [day for span in spans for day in days_from(span.first, (span.last or span.first) + DAY)]
        self.refuse_unless(self.state == "open", len(listed) == len(set(listed)))
        self.days = set(listed)


EDGES = [dt.date(2027, 12, 30), dt.date(2028, 1, 31), dt.date(2028, 2, 28), dt.date(2028, 2, 29), dt.date(2026, 8, 31)]
JUMPS = [0, 1, 2, 27, 28, 29, 30, 31, 58, 59, 60, 61, 364, 365, 366]
OFFSETS = [-366, -60, -29, -2, -1, 0, 1, 2, 28, 31]
VERBS = ["renew", "extend", "pause", "pause back", "resume", "end", "end back", "undo", "join", "correct"]
STEPS = st.lists(
    st.tuples(st.sampled_from(VERBS), st.sampled_from(JUMPS), st.sampled_from(OFFSETS), st.integers(-3, 70)),
    min_size=1,
    max_size=10,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    STEPS,
    st.sampled_from(EDGES),
    st.sampled_from([1, 2, 12]),
    st.booleans(),
    st.sampled_from([0, 1, 30]),
    st.sampled_from(RenewalFrom),
)
def test_every_day_has_the_answer_that_a_list_of_days_gives(
    session: Session,
    steps: list[tuple[str, int, int, int]],
    start: dt.date,
    months: int,
    moves_end: bool,
    grace_days: int,
    renewal_from: RenewalFrom,
) -> None:
    with session.begin_nested() as nested:
        club_id = a_club(session, months=months)
        how = {"pause_moves_end": moves_end, "grace_days": grace_days, "renewal_from": renewal_from}
        session.execute(sa.update(Club).where(Club.id == club_id).values(**how, undo_days=UNDO_DAYS))
        yael = a_customer(session)
        key = a_membership(session, yael, club_id, joined_on=start).membership_id
        story = Story(months, grace_days, moves_end, renewal_from)
        story.join(start)
        today = start
        _agree(session, yael, story)
        for verb, wait, off, more in steps:
            today += wait * DAY
            done, told = _both(session, story, key, club_id, verb, today, off, more)
            assert _refused(session, done) == _refused(session, told), (verb, today)
            _agree(session, yael, story)
        nested.rollback()


def _refused(session: Session, act: Callable[[], object]) -> bool:
    """Whether it is refused; then nothing has changed."""
    try:
        with session.begin_nested():
            act()
    except (Conflict, Refused, Never):
        return True
    return False


def _both(
    session: Session, story: Story, key: int, club_id: int, verb: str, today: dt.date, off: int, more: int
) -> tuple[Callable[[], object], Callable[[], object]]:
    """One step: as the product does it, and as the story tells it."""
    now = dt.datetime.combine(today, dt.time(12), dt.UTC)
    who = {"today": today, "now": now, "by": SYSTEM}
    on, back = today + off * DAY, verb.endswith(" back")
    until = max(story.days, default=today) + more * DAY
    if verb == "renew":
        return lambda: commands.renew_membership(session, key, **who), lambda: story.renew(today)
    if verb == "extend":
        longer = {"until": until}
        return lambda: commands.extend_membership(session, key, **longer, **who), lambda: story.extend(until, today)
    if verb in {"pause", "pause back"}:
        said = {"on": on, "reason": "", "backdated": back}
        return (
            lambda: breaks.pause_membership(session, key, **said, **who),
            lambda: story.pause(on, today, backdated=back),
        )
    if verb == "resume":
        return lambda: breaks.resume_membership(session, key, **who), lambda: story.resume(today)
    if verb in {"end", "end back"}:
        said = {"on": on, "reason": "", "backdated": back, "points_lost": 0}
        return (
            lambda: breaks.end_membership(session, key, **said, **who),
            lambda: story.end(on, today, backdated=back),
        )
    if verb == "undo":
        return lambda: breaks.restore_membership(session, key, **who), lambda: story.undo(today)
    if verb == "join":
        customer_id = queries.customer_of(session, key)
        return lambda: commands.join_club(session, customer_id, club_id=club_id, **who), lambda: story.join(today)
    spans = [Span(on, on + abs(more) * DAY), Span(on + 40 * DAY, on + 60 * DAY)][: 3 - abs(more) % 4]
    right = {"spans": spans, "reason": "Wrong", "now": now, "by": SYSTEM}
    return lambda: breaks.correct_membership(session, key, **right), lambda: story.correct(spans)


def _agree(session: Session, customer_id: int, story: Story) -> None:
    (row,) = queries.memberships(session, customer_id, today=dt.date(2028, 2, 29))
    held = [day for span in row.spans for day in days_from(span.first, (span.last or span.first) + DAY)]
    assert len(held) == len(set(held)), "no day lies in two periods"
    assert set(held) == story.days
    assert row.state == story.state
    for day in _edges(story.days):
        (then,) = queries.memberships(session, customer_id, today=day)
        assert then.is_valid == (day in story.days), day
        assert bool(earning_memberships(session, customer_id, on=day)) == (day in story.days), day


def _edges(days: set[dt.date]) -> Iterable[dt.date]:
    """Some days around which the answer changes: the earliest and the latest ones."""
    changes = sorted(day for day in days if day - DAY not in days or day + DAY not in days)
    return sorted({each + step * DAY for each in (*changes[:2], *changes[-2:]) for step in (-1, 0, 1)})


def test_a_membership_that_was_corrected_to_no_day_is_corrected_before_it_goes_on(session: Session) -> None:
    today = dt.date(2028, 2, 29)
    yael, club_id = a_customer(session), a_club(session)
    key = a_membership(session, yael, club_id, joined_on=today).membership_id
    who = {"now": dt.datetime.combine(today, dt.time(12), dt.UTC), "by": SYSTEM}
    breaks.correct_membership(session, key, spans=[], reason="Never paid", **who)
    for act in (
        lambda: commands.renew_membership(session, key, today=today, **who),
        lambda: commands.extend_membership(session, key, until=today, today=today, **who),
    ):
        with pytest.raises(Conflict) as refused:
            act()
        assert refused.value.code == "nothing-held"
