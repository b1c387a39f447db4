# REQ M-04 M-06 M-08 A-02: pauses, resumptions, endings, their undoing, corrections
import datetime as dt
import itertools

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from erp_club.clubs import commands, queries
from erp_club.clubs.breaks import commands as breaks
from erp_club.clubs.earning.queries import earning_memberships
from erp_club.clubs.kinds import EventKind, MembershipState
from erp_club.clubs.levels.kinds import LevelCause
from erp_club.clubs.models import Club, MembershipEvent, MembershipPeriod
from erp_club.clubs.periods import RenewalFrom, Span
from erp_club.kernel.audit import AuditEntry
from erp_club.kernel.errors import Conflict, Refused
from erp_club.permissions.actors import SYSTEM
from erp_club.points.kinds import MovementKind
from erp_club.points.models import PointsMovement
from erp_club.points.verify.queries import faults
from erp_club.programmes.engine.membership import SlidingTerm
from erp_club.programmes.standings.commands import LookCause
from erp_club.programmes.terms.commands import Sliding, move_back, move_on
from tests.make.clubs import NOW, TODAY, a_club, a_customer, a_membership, moved

DAY = dt.timedelta(days=1)


def a_member(session: Session, *, months: int | None = 12, **club: object) -> tuple[int, commands.Joined]:
    """A customer who joined a club of these settings today."""
    club_id = a_club(session, months=months)
    if club:
        session.execute(sa.update(Club).where(Club.id == club_id).values(**club))
    yael = a_customer(session)
    return yael, a_membership(session, yael, club_id)


def paused(session: Session, joined: commands.Joined, *, on: dt.date, today: dt.date = TODAY, **more: bool):
    return breaks.pause_membership(
        session, joined.membership_id, on=on, reason="Abroad", today=today, now=NOW, by=SYSTEM, **more
    )


def resumed(session: Session, joined: commands.Joined, *, today: dt.date) -> breaks.Changed:
    return breaks.resume_membership(session, joined.membership_id, today=today, now=NOW, by=SYSTEM)


def ended(session: Session, joined: commands.Joined, *, on: dt.date = TODAY, points: int = 0, now: dt.datetime = NOW):
    return breaks.end_membership(
        session, joined.membership_id, on=on, points_lost=points, reason="Asked to", today=TODAY, now=now, by=SYSTEM
    )


def row(session: Session, customer_id: int, *, today: dt.date = TODAY) -> queries.MembershipRow:
    (only,) = queries.memberships(session, customer_id, today=today)
    return only


def test_a_paused_membership_gives_nothing_and_ends_later_by_the_pause(session: Session) -> None:
    yael, joined = a_member(session)
    left = paused(session, joined, on=TODAY + 10 * DAY)
    assert (left.state, left.valid_until) == (MembershipState.PAUSED, TODAY + 9 * DAY)
    assert len(earning_memberships(session, yael, on=TODAY + 9 * DAY)) == 1
    assert earning_memberships(session, yael, on=TODAY + 10 * DAY) == []
    back = resumed(session, joined, today=TODAY + 40 * DAY)
    assert (back.state, back.valid_until) == (MembershipState.OPEN, dt.date(2027, 11, 21) + 30 * DAY)
    held = row(session, yael, today=TODAY + 40 * DAY)
    assert held.is_valid
    assert held.spans == (
        Span(TODAY, TODAY + 9 * DAY),
        Span(TODAY + 40 * DAY, dt.date(2027, 11, 21) + 30 * DAY),
    )
    assert [event.kind for event in queries.events(session, yael)[joined.membership_id]] == [
        EventKind.RESUMPTION,
        EventKind.PAUSE,
    ]


def test_where_pauses_do_not_move_the_end_the_days_of_the_pause_are_lost(session: Session) -> None:
    yael, joined = a_member(session, pause_moves_end=False)
    paused(session, joined, on=TODAY)
    resumed(session, joined, today=TODAY + 40 * DAY)
    assert row(session, yael, today=TODAY + 40 * DAY).spans == (Span(TODAY + 40 * DAY, dt.date(2027, 11, 21)),)


def test_a_membership_that_ran_out_during_its_pause_is_not_resumed(session: Session) -> None:
    _, joined = a_member(session, pause_moves_end=False)
    paused(session, joined, on=TODAY)
    with pytest.raises(Conflict) as refused:
        resumed(session, joined, today=dt.date(2028, 1, 1))
    assert refused.value.code == "nothing-left"


def test_a_pause_takes_early_renewals_along(session: Session) -> None:
    yael, joined = a_member(session)
    commands.renew_membership(session, joined.membership_id, today=TODAY, now=NOW, by=SYSTEM)
    paused(session, joined, on=TODAY + DAY)
    back = resumed(session, joined, today=TODAY + 8 * DAY)
    assert back.valid_until == dt.date(2028, 11, 21) + 7 * DAY
    assert len(row(session, yael).spans) == 2


@pytest.mark.parametrize("act", ["pause", "renew", "extend"])
def test_what_is_paused_is_resumed_first(session: Session, act: str) -> None:
    yael, joined = a_member(session)
    paused(session, joined, on=TODAY)
    with pytest.raises(Conflict) as refused:
        _do(session, act, joined, row(session, yael), today=TODAY, now=NOW)
    assert refused.value.code == "membership-paused"
    assert "Resume it first" in str(refused.value)


def test_a_pause_begins_on_a_day_that_is_held_and_not_over(session: Session) -> None:
    _, joined = a_member(session)
    for day, code in ((TODAY - DAY, "in-the-past"), (dt.date(2029, 1, 1), "not-held")):
        with pytest.raises(Refused) as refused:
            paused(session, joined, on=day)
        assert refused.value.code == code
    with pytest.raises(Refused) as early:
        paused(session, joined, on=TODAY - DAY, backdated=True)
    assert early.value.code == "not-held", "nobody was a member before joining"
    assert paused(session, joined, on=TODAY + DAY, today=TODAY + 5 * DAY, backdated=True).valid_until == TODAY


def test_only_what_is_paused_is_resumed(session: Session) -> None:
    _, joined = a_member(session)
    with pytest.raises(Conflict) as refused:
        resumed(session, joined, today=TODAY)
    assert refused.value.code == "membership-not-paused"


def test_ending_takes_the_points_at_once_and_says_beforehand_how_many(session: Session) -> None:
    yael, joined = a_member(session)
    moved(session, yael, joined.points_account_id, 120, -20)
    loss = breaks.loss_of(session, joined.membership_id, on=TODAY)
    assert (loss.points, loss.days) == (100, 365)
    with pytest.raises(Conflict) as refused:
        ended(session, joined, points=120)
    assert (refused.value.code, refused.value.facts) == ("points-changed", {"points": 100})
    assert ended(session, joined, points=100).valid_until is None
    held = row(session, yael)
    assert (held.state, held.is_valid, held.balance) == (MembershipState.ENDED, False, 0)
    last = session.scalars(sa.select(PointsMovement).order_by(PointsMovement.seq.desc()).limit(1)).one()
    assert (last.kind, last.points, last.balance_after) == (MovementKind.ENDED, -100, 0)
    assert faults(session) == []


def test_a_debt_outlives_the_membership(session: Session) -> None:
    yael, joined = a_member(session)
    moved(session, yael, joined.points_account_id, 10, -30)
    ended(session, joined, points=0)
    assert row(session, yael).balance == -20


def test_undoing_an_ending_gives_back_days_and_points(session: Session) -> None:
    yael, joined = a_member(session)
    moved(session, yael, joined.points_account_id, 70)
    before = row(session, yael)
    ended(session, joined, points=70)
    back = breaks.restore_membership(
        session, joined.membership_id, today=TODAY, now=NOW + 14 * DAY, by=SYSTEM, reason="A mistake"
    )
    assert back.state is MembershipState.OPEN
    after = row(session, yael)
    assert (after.spans, after.balance, after.state) == (before.spans, before.balance, before.state)
    assert [event.points for event in queries.events(session, yael)[joined.membership_id]] == [70, -70]


def test_an_ending_of_a_paused_membership_is_undone_to_the_pause(session: Session) -> None:
    yael, joined = a_member(session)
    paused(session, joined, on=TODAY + DAY)
    ended(session, joined)
    breaks.restore_membership(session, joined.membership_id, today=TODAY, now=NOW, by=SYSTEM)
    held = row(session, yael)
    assert (held.state, held.state_on) == (MembershipState.PAUSED, TODAY + DAY)
    assert resumed(session, joined, today=TODAY + 2 * DAY).valid_until == dt.date(2027, 11, 22)


def test_an_ending_can_be_undone_only_for_some_days_and_only_once(session: Session) -> None:
    _, joined = a_member(session, undo_days=3)
    ended(session, joined)
    with pytest.raises(Conflict) as late:
        breaks.restore_membership(
            session, joined.membership_id, today=TODAY, now=NOW + 3 * DAY + dt.timedelta(seconds=1), by=SYSTEM
        )
    assert late.value.code == "not-undoable"
    breaks.restore_membership(session, joined.membership_id, today=TODAY, now=NOW, by=SYSTEM)
    with pytest.raises(Conflict):
        breaks.restore_membership(session, joined.membership_id, today=TODAY, now=NOW, by=SYSTEM)


def test_whoever_left_joins_again_instead_of_renewing(session: Session) -> None:
    yael, joined = a_member(session)
    gold = row(session, yael).club_id
    ended(session, joined)
    with pytest.raises(Conflict) as refused:
        commands.renew_membership(session, joined.membership_id, today=TODAY, now=NOW, by=SYSTEM)
    assert refused.value.code == "membership-ended"
    assert [club.id for club in queries.clubs_to_join(session, yael)] == [gold]
    again = a_membership(session, yael, gold, joined_on=TODAY + 30 * DAY)
    assert (again.membership_id, again.points_account_id) == (joined.membership_id, joined.points_account_id)
    held = row(session, yael, today=TODAY + 30 * DAY)
    assert (held.state, held.is_valid, held.spans[-1].first) == (MembershipState.OPEN, True, TODAY + 30 * DAY)
    with pytest.raises(Conflict):
        breaks.restore_membership(session, joined.membership_id, today=TODAY, now=NOW, by=SYSTEM)


def test_a_correction_says_anew_which_days_were_held(session: Session) -> None:
    yael, joined = a_member(session)
    right = [Span(dt.date(2026, 1, 1), dt.date(2026, 6, 30)), Span(dt.date(2026, 8, 1), None)]
    breaks.correct_membership(
        session, joined.membership_id, spans=right, reason="Joined in January", now=NOW, by=SYSTEM
    )
    assert row(session, yael).spans == tuple(right)
    assert len(earning_memberships(session, yael, on=dt.date(2026, 3, 1))) == 1
    assert earning_memberships(session, yael, on=dt.date(2026, 7, 1)) == []
    entry = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert (entry.action, entry.after and entry.after["reason"]) == ("membership.correct", "Joined in January")


def test_a_correction_to_the_same_days_is_no_event(session: Session) -> None:
    yael, joined = a_member(session)
    told = breaks.correct_membership(
        session, joined.membership_id, spans=row(session, yael).spans, reason="Same", now=NOW, by=SYSTEM
    )
    assert (told.state, told.valid_until) == (MembershipState.OPEN, row(session, yael).spans[-1].last)
    assert session.scalar(sa.text("SELECT count(*) FROM membership_events")) == 0
    assert session.scalar(sa.select(AuditEntry.id).where(AuditEntry.action == "membership.correct")) is None


def test_a_correction_names_the_period_that_is_wrong(session: Session) -> None:
    _, joined = a_member(session)
    wrong = [Span(TODAY, TODAY + 9 * DAY), Span(TODAY + 9 * DAY, TODAY + 20 * DAY)]
    with pytest.raises(Refused) as refused:
        breaks.correct_membership(session, joined.membership_id, spans=wrong, reason="Wrong", now=NOW, by=SYSTEM)
    assert (refused.value.code, [error.field for error in refused.value.fields]) == (
        "periods-overlap",
        ["periods[1].last"],
    )


def test_a_correction_keeps_who_opened_the_periods_that_were_right(session: Session) -> None:
    yael, joined = a_member(session)
    commands.renew_membership(session, joined.membership_id, today=TODAY, now=NOW, by=SYSTEM)
    first = row(session, yael).periods[0]
    breaks.correct_membership(
        session, joined.membership_id, spans=[Span(TODAY, first.last)], reason="Paid once", now=NOW, by=SYSTEM
    )
    assert row(session, yael).periods[0] == first
    assert row(session, yael).periods[1].first is None


VERBS = ("renew", "extend", "pause", "resume", "end", "undo", "join", "buy", "bring back", "correct")
STEPS = st.lists(st.tuples(st.sampled_from(VERBS), st.integers(0, 200)), max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS, st.booleans(), st.integers(0, 40), st.sampled_from(RenewalFrom))
def test_whatever_is_done_every_day_has_one_answer(
    session: Session, steps: list[tuple[str, int]], moves_end: bool, grace_days: int, renewal_from: RenewalFrom
) -> None:
    with session.begin_nested() as nested:
        yael, joined = a_member(
            session, pause_moves_end=moves_end, grace_days=grace_days, renewal_from=renewal_from, undo_days=366
        )
        today, before_end = TODAY, None
        for verb, wait in steps:
            today += wait * DAY
            now = NOW + (today - TODAY)
            held = row(session, yael, today=today)
            try:
                with session.begin_nested():
                    _do(session, verb, joined, held, today=today, now=now)
            except (Conflict, Refused):
                assert row(session, yael, today=today) == held, "what is refused changes nothing"
                continue
            after = row(session, yael, today=today)
            _one_answer(session, after)
            if verb == "end":
                before_end = held.spans
            if verb == "undo":
                assert after.spans == before_end
            _no_gap_invented(verb, held, after, today)
            if after.state is MembershipState.PAUSED and after.state_on is not None:
                assert not any(span.last is None or span.last >= after.state_on for span in after.spans)
        nested.rollback()


def _do(
    session: Session,
    verb: str,
    joined: commands.Joined,
    held: queries.MembershipRow,
    *,
    today: dt.date,
    now: dt.datetime,
) -> None:
    key, common = joined.membership_id, {"today": today, "now": now, "by": SYSTEM}
    if verb == "renew":
        commands.renew_membership(session, key, **common)
    elif verb == "extend":
        commands.extend_membership(session, key, until=(held.valid_until or today) + 5 * DAY, **common)
    elif verb == "pause":
        breaks.pause_membership(session, key, on=today, reason="", **common)
    elif verb == "resume":
        breaks.resume_membership(session, key, **common)
    elif verb == "end":
        breaks.end_membership(session, key, on=today, points_lost=0, reason="", **common)
    elif verb == "undo":
        breaks.restore_membership(session, key, **common)
    elif verb in {"buy", "bring back"}:
        _slide(session, verb, key, today=today, now=now)
    elif verb == "correct":
        spans = [*held.spans[:-1], Span(today - 3 * DAY, today + 30 * DAY)]
        breaks.correct_membership(session, key, spans=spans, reason="Wrong", now=now, by=SYSTEM)
    else:
        customer_id = queries.customer_of(session, key)
        commands.join_club(session, customer_id, club_id=held.club_id, **common)


def _slide(session: Session, verb: str, key: int, *, today: dt.date, now: dt.datetime) -> None:
    """What a purchase, or the return of all that was ever bought, does to a term of six months from each purchase."""
    held = commands.hold(session, key)
    if held.state is not MembershipState.OPEN:
        return
    term, cause = Sliding(held, SlidingTerm(months=6)), LookCause(LevelCause.PURCHASE, today, now, SYSTEM)
    if verb == "buy":
        move_on(session, [term], 100, cause)
    else:
        move_back(session, [term], cause)


def _no_gap_invented(verb: str, held: queries.MembershipRow, after: queries.MembershipRow, today: dt.date) -> None:
    """What a verb may not take: a day that was held stays held, unless the verb is there to take days."""
    if verb in {"pause", "end", "correct", "bring back"}:
        taken = [day for day in _edges(held) if not _held(after, day)]
        assert verb == "correct" or all(day >= today for day in taken), "what has passed stays as it was"
        return
    assert all(_held(after, day) for day in _edges(held))
    if verb == "buy":
        assert len(after.spans) <= len(held.spans), "a purchase makes no stretch of its own"


def _edges(held: queries.MembershipRow) -> list[dt.date]:
    """The first and the last day of each stretch, with the days around."""
    ends = [day for span in held.spans for day in (span.first, span.last) if day is not None]
    near = {day + step * DAY for day in ends for step in (-1, 0, 1)}
    return [day for day in sorted(near) if _held(held, day)]


def _held(row: queries.MembershipRow, day: dt.date) -> bool:
    return any(span.holds(day) for span in row.spans)


def _one_answer(session: Session, held: queries.MembershipRow) -> None:
    """No day lies in two periods, as the table itself says."""
    rows = session.execute(
        sa.select(sa.func.lower(MembershipPeriod.validity), sa.func.upper(MembershipPeriod.validity))
        .where(MembershipPeriod.membership_id == held.membership_id, ~sa.func.isempty(MembershipPeriod.validity))
        .order_by(sa.func.lower(MembershipPeriod.validity))
    ).all()
    for (_, after), (first, _) in itertools.pairwise(rows):
        assert after is not None
        assert after <= first


def test_events_can_not_be_changed(session: Session) -> None:
    _, joined = a_member(session)
    paused(session, joined, on=TODAY)
    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.execute(sa.update(MembershipEvent).values(reason="Another"))
