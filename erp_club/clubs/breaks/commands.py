"""Pausing, resuming and ending memberships, undoing an ending, and correcting their days.

Every command locks as `clubs.commands.hold` does, and lets `clubs.days` write the days of the periods again.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from erp_club.clubs import errors, periods
from erp_club.clubs.commands import Held, hold, hold_whole, is_part, why_not_open
from erp_club.clubs.days.commands import (
    Changed,
    change_days,
    days_broken_off,
    endings,
    events_since,
    last_event,
    numbered,
    unchanged,
)
from erp_club.clubs.households.commands import leave_with_nothing
from erp_club.clubs.kinds import EventKind, MembershipState
from erp_club.clubs.periods import Days, Span
from erp_club.clubs.points.commands import Becoming, end_points, points_become, points_lost, restore_points
from erp_club.clubs.units.queries import unit_of_membership
from erp_club.permissions.actors import Actor
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Cause


@dataclass(frozen=True, slots=True)
class Loss:
    """What ending a membership takes: points, and days still to come (None for a membership for life).

    `becoming` is what the points become, where the club converts them.
    """

    points: int
    days: int | None
    becoming: Becoming | None = None


def pause_membership(
    session: Session,
    membership_id: int,
    *,
    on: dt.date,
    reason: str,
    today: dt.date,
    now: dt.datetime,
    by: Actor,
    backdated: bool = False,
) -> Changed:
    """Interrupt a membership from `on`, the first day without it, until it is resumed.

    Raises NotFound, Conflict `membership-paused` or `membership-ended`, Refused `not-held`, or `in-the-past` for a day
    before today without `backdated`.
    """
    held = _open(session, membership_id)
    if is_part(session, held):
        raise errors.part_of_another()
    _check_day(held, on, today=today, backdated=backdated)
    after = _kept(held.days, on)
    return change_days(
        session, held, EventKind.PAUSE, after, on=on, reason=reason, now=now, by=by, state=MembershipState.PAUSED
    )


def resume_membership(
    session: Session, membership_id: int, *, today: dt.date, now: dt.datetime, by: Actor, reason: str = ""
) -> Changed:
    """End a pause: the membership holds from today, longer by the pause where the club says so.

    Raises NotFound, Conflict `membership-not-paused`, `nothing-left` where it ran out during the pause.
    """
    held = hold_whole(session, membership_id)
    if held.state is not MembershipState.PAUSED or held.state_on is None:
        raise errors.not_paused()
    before = days_broken_off(session, held, last_event(session, held, EventKind.PAUSE))
    cut_off = periods.cut([span for span in before.values() if span], held.state_on).rest
    start = max(today, held.state_on)
    given = periods.resumed(cut_off, paused_on=held.state_on, today=start, moves_end=held.terms.pause_moves_end)
    if not given:
        raise errors.nothing_left(periods.last_day(cut_off))
    after = dict(held.days) | dict(enumerate(given, held.last_no + 1))
    if any(span.last and span.last > periods.LATEST for span in given):
        raise errors.too_long(periods.LATEST)
    return change_days(
        session, held, EventKind.RESUMPTION, after, on=start, reason=reason, now=now, by=by, state=MembershipState.OPEN
    )


def loss_of(session: Session, membership_id: int, *, on: dt.date) -> Loss:
    """What ending the membership on this day would take. Raises NotFound."""
    held = hold_whole(session, membership_id)
    return replace(_loss(session, held, on), becoming=points_become(session, held, on=on))


def end_membership(
    session: Session,
    membership_id: int,
    *,
    on: dt.date,
    points_lost: int,
    reason: str,
    today: dt.date,
    now: dt.datetime,
    by: Actor,
    backdated: bool = False,
) -> Changed:
    """End a membership: `on` is the first day without it; its points go at once, or as the club says (M-08, M-14).

    `points_lost` is what was shown and confirmed. A paused membership can be ended; a debt stays. Who shares an account
    leaves the household and takes nothing along. Raises NotFound, Conflict `membership-ended`, `points-changed`,
    `household-main`, `membership-joined`, Refused as `pause_membership`.
    """
    leaving = Cause(MovementKind.TRANSFERRED, today, now, by)
    leave_with_nothing(session, membership_id, cause=leaving)
    held = hold_whole(session, membership_id)
    if held.state is MembershipState.ENDED:
        assert held.state_on is not None
        raise errors.ended(held.state_on)
    if held.state is MembershipState.OPEN:
        _check_day(held, on, today=today, backdated=backdated)
    lost = _loss(session, held, on).points
    if lost != points_lost:
        raise errors.points_changed(lost, unit_of_membership(session, membership_id))
    end_points(session, held, on=on, today=today, now=now, by=by)
    return change_days(
        session,
        held,
        EventKind.TERMINATION,
        _kept(held.days, on),
        on=on,
        reason=reason,
        now=now,
        by=by,
        state=MembershipState.ENDED,
        points=-lost,
    )


def end_part(session: Session, membership_id: int, *, on: dt.date, reason: str, now: dt.datetime, by: Actor) -> None:
    """End what was part of another membership, as that one ended: its days, since the points went with that one.

    Nothing where it isn't open. Raises NotFound.
    """
    held = hold(session, membership_id)
    if held.state is MembershipState.OPEN:
        ended, after = MembershipState.ENDED, _kept(held.days, on)
        change_days(session, held, EventKind.TERMINATION, after, on=on, reason=reason, now=now, by=by, state=ended)


def restore_membership(
    session: Session, membership_id: int, *, today: dt.date, now: dt.datetime, by: Actor, reason: str = ""
) -> Changed:
    """Undo an ending: days and points are as they were (M-08).

    What was paused is paused again. Raises NotFound, Conflict `not-undoable` where it isn't ended, or was longer ago
    than the club's `undo_days`.
    """
    held = hold(session, membership_id)
    if held.state is not MembershipState.ENDED:
        raise errors.not_undoable(held.terms.undo_days)
    event, *later = endings(events_since(session, held, 0))
    never_began = event.before["state"] == MembershipState.WAITING
    if never_began or now - event.at > dt.timedelta(days=held.terms.undo_days):
        raise errors.not_undoable(held.terms.undo_days)
    times = dict.fromkeys(each.at for each in (event, *later))
    back = sum(restore_points(session, held, ended_at=at, today=today, now=now, by=by) for at in times)
    was = MembershipState(event.before["state"])
    paused_on = event.before["state_on"]
    return change_days(
        session,
        held,
        EventKind.RESTORATION,
        days_broken_off(session, held, event),
        on=dt.date.fromisoformat(paused_on) if paused_on else event.on_date,
        reason=reason,
        now=now,
        by=by,
        state=was,
        points=back,
    )


def correct_membership(
    session: Session, membership_id: int, *, spans: Sequence[Span], reason: str, now: dt.datetime, by: Actor
) -> Changed:
    """Say anew on which days an open membership held and holds, in the past too. The same days again are no event.

    Raises NotFound, Conflict `membership-paused` or `membership-ended`, Refused `periods-overlap` with the field of the
    first that is wrong, `too-long`.
    """
    held = check_correction(session, membership_id, spans=spans)
    after = numbered(held.days, spans, free=held.last_no + 1)
    if [span for span in after.values() if span] == [span for span in held.days.values() if span]:
        return unchanged(held)
    first = min((span.first for span in (*spans, *held.spans)), default=now.date())
    return change_days(
        session, held, EventKind.CORRECTION, after, on=first, reason=reason, now=now, by=by, state=MembershipState.OPEN
    )


def check_correction(session: Session, membership_id: int, *, spans: Sequence[Span]) -> Held:
    """Whether the membership could be corrected to these days, writing nothing. Raises as `correct_membership`."""
    held = _open(session, membership_id)
    for number in range(1, len(spans) + 1):
        if not periods.apart(spans[:number]):
            raise errors.spans_overlap(number)
    if any(span.last and span.last > periods.LATEST for span in spans):
        raise errors.too_long(periods.LATEST)
    return held


def _open(session: Session, membership_id: int) -> Held:
    held = hold(session, membership_id)
    if held.state is not MembershipState.OPEN:
        raise why_not_open(held)
    return held


def _check_day(held: Held, on: dt.date, *, today: dt.date, backdated: bool) -> None:
    if on < today and not backdated:
        raise errors.backdated(today)
    if not any(span.holds(on) for span in held.spans):
        raise errors.not_held(on)


def _kept(days: Days, on: dt.date) -> dict[int, Span | None]:
    """The days before `on`, by period."""
    return {number: next(iter(periods.cut([span], on).kept), None) if span else None for number, span in days.items()}


def _loss(session: Session, held: Held, on: dt.date) -> Loss:
    return Loss(points_lost(session, held, on=on), periods.days_held(periods.cut(held.spans, on).rest))
