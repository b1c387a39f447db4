"""Pausing, resuming and ending memberships, undoing an ending, and correcting their days.

Every command locks as `clubs.commands.hold` does, writes the days of the periods again, and keeps what it did as an
event with the days before and after. The exclusion constraint has the last word on days that overlap.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from erp_club.clubs import errors, periods
from erp_club.clubs.commands import Held, add_period, hold
from erp_club.clubs.households.commands import leave_with_nothing
from erp_club.clubs.models import (
    EventKind,
    Membership,
    MembershipEvent,
    MembershipPeriod,
    MembershipState,
    PeriodKind,
)
from erp_club.clubs.periods import Span
from erp_club.clubs.points.commands import end_points, points_lost, restore_points
from erp_club.kernel import audit
from erp_club.permissions.actors import Actor
from erp_club.points.ledger.commands import Cause
from erp_club.points.models import MovementKind

Days = Mapping[int, Span | None]


@dataclass(frozen=True, slots=True)
class Changed:
    """What a command made of a membership: its state, the last day that it holds (None for life, or for no day)."""

    membership_id: int
    customer_id: int
    state: MembershipState
    valid_until: dt.date | None


@dataclass(frozen=True, slots=True)
class Loss:
    """What ending a membership takes: points, and days still to come (None for a membership for life)."""

    points: int
    days: int | None


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
    _check_day(held, on, today=today, backdated=backdated)
    after = _kept(held.days, on)
    return _change(
        session, held, EventKind.PAUSE, after, on=on, reason=reason, now=now, by=by, state=MembershipState.PAUSED
    )


def resume_membership(
    session: Session, membership_id: int, *, today: dt.date, now: dt.datetime, by: Actor, reason: str = ""
) -> Changed:
    """End a pause: the membership holds from today, longer by the pause where the club says so.

    Raises NotFound, Conflict `membership-not-paused`, `nothing-left` where it ran out during the pause.
    """
    held = hold(session, membership_id)
    if held.state is not MembershipState.PAUSED or held.state_on is None:
        raise errors.not_paused()
    before = _before(_last_event(session, held, EventKind.PAUSE))
    cut_off = periods.cut([span for span in before.values() if span], held.state_on).rest
    start = max(today, held.state_on)
    given = periods.resumed(cut_off, paused_on=held.state_on, today=start, moves_end=held.terms.pause_moves_end)
    if not given:
        raise errors.nothing_left(periods.last_day(cut_off))
    after = dict(held.days) | dict(enumerate(given, held.last_no + 1))
    if any(span.last and span.last > periods.LATEST for span in given):
        raise errors.too_long(periods.LATEST)
    return _change(
        session, held, EventKind.RESUMPTION, after, on=start, reason=reason, now=now, by=by, state=MembershipState.OPEN
    )


def loss_of(session: Session, membership_id: int, *, on: dt.date) -> Loss:
    """What ending the membership on this day would take. Raises NotFound."""
    held = hold(session, membership_id)
    return _loss(session, held, on)


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
    `household-main`, Refused as `pause_membership`.
    """
    leaving = Cause(MovementKind.TRANSFERRED, today, now, by)
    leave_with_nothing(session, membership_id, cause=leaving)
    held = hold(session, membership_id)
    if held.state is MembershipState.ENDED:
        assert held.state_on is not None
        raise errors.ended(held.state_on)
    if held.state is MembershipState.OPEN:
        _check_day(held, on, today=today, backdated=backdated)
    lost = _loss(session, held, on).points
    if lost != points_lost:
        raise errors.points_changed(lost)
    end_points(session, held, on=on, today=today, now=now, by=by)
    return _change(
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
    event = _last_event(session, held, EventKind.TERMINATION)
    if now - event.at > dt.timedelta(days=held.terms.undo_days):
        raise errors.not_undoable(held.terms.undo_days)
    restore_points(session, held, ended_at=event.at, today=today, now=now, by=by)
    was = MembershipState(event.before["state"])
    paused_on = event.before["state_on"]
    return _change(
        session,
        held,
        EventKind.RESTORATION,
        _before(event),
        on=dt.date.fromisoformat(paused_on) if paused_on else event.on_date,
        reason=reason,
        now=now,
        by=by,
        state=was,
        points=-event.points,
    )


def correct_membership(
    session: Session, membership_id: int, *, spans: Sequence[Span], reason: str, now: dt.datetime, by: Actor
) -> Changed:
    """Say anew on which days an open membership held and holds, in the past too.

    Raises NotFound, Conflict `membership-paused` or `membership-ended`, Refused `periods-overlap` with the field of the
    first that is wrong, `too-long`.
    """
    held = check_correction(session, membership_id, spans=spans)
    after: dict[int, Span | None] = dict.fromkeys(held.days)
    # A period that stays as it was keeps its number, and with it who opened it and when.
    free = [span for span in spans if span not in held.days.values()]
    after |= {number: span for number, span in held.days.items() if span in spans}
    after |= dict(enumerate(sorted(free, key=lambda span: span.first), held.last_no + 1))
    first = min((span.first for span in (*free, *held.spans)), default=now.date())
    return _change(
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
        assert held.state_on is not None
        raise errors.paused(held.state_on) if held.state is MembershipState.PAUSED else errors.ended(held.state_on)
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


def _change(
    session: Session,
    held: Held,
    kind: EventKind,
    after: Days,
    *,
    on: dt.date,
    reason: str,
    now: dt.datetime,
    by: Actor,
    state: MembershipState,
    points: int = 0,
) -> Changed:
    """Write the days of all periods, the membership's state, the event and the audit's entry."""
    opened = PeriodKind.CORRECTION if kind is EventKind.CORRECTION else PeriodKind.RESUMPTION
    _write_days(session, held, after, opened, now=now, by=by)
    state_on = None if state is MembershipState.OPEN else on
    session.execute(
        sa.update(Membership)
        .where(Membership.customer_id == held.customer_id, Membership.id == held.membership_id)
        .values(state=state, state_on=state_on)
    )
    event = {
        "before": _told(held.days, held.state, held.state_on),
        "after": _told(after, state, state_on),
    }
    session.execute(
        sa.insert(MembershipEvent).values(
            customer_id=held.customer_id,
            membership_id=held.membership_id,
            event_no=_next_event_no(session, held),
            kind=kind,
            on_date=on,
            reason=reason,
            points=points,
            at=now,
            staff_id=by.staff_id,
            terminal_id=by.terminal_id,
            store_id=by.store_id,
            **event,
        )
    )
    audit.record(
        session,
        by=by,
        now=now,
        action=_ACTION[kind],
        entity="customer",
        entity_id=held.customer_id,
        before={"membership_id": held.membership_id} | event["before"],
        after={"membership_id": held.membership_id, "on": on, "reason": reason, "points": points} | event["after"],
    )
    spans = [span for span in after.values() if span]
    endless = any(span.last is None for span in spans)
    until = None if endless or not spans else periods.last_day(spans)
    return Changed(held.membership_id, held.customer_id, state, until)


def _next_event_no(session: Session, held: Held) -> int:
    """Numbered without gaps: the membership is locked."""
    latest = session.scalar(
        sa.select(sa.func.max(MembershipEvent.event_no)).where(
            MembershipEvent.customer_id == held.customer_id, MembershipEvent.membership_id == held.membership_id
        )
    )
    return (latest or 0) + 1


_ACTION = {
    EventKind.PAUSE: "membership.pause",
    EventKind.RESUMPTION: "membership.resume",
    EventKind.TERMINATION: "membership.end",
    EventKind.RESTORATION: "membership.restore",
    EventKind.CORRECTION: "membership.correct",
}


def _write_days(session: Session, held: Held, after: Days, opened: PeriodKind, *, now: dt.datetime, by: Actor) -> None:
    """Change the days of known periods and add the new ones.

    Days are taken first and given afterwards, so that two periods that pass days on never share one in between.
    """
    changed = {number: span for number, span in after.items() if number in held.days and span != held.days[number]}
    where = (MembershipPeriod.customer_id == held.customer_id, MembershipPeriod.membership_id == held.membership_id)
    try:
        with session.begin_nested():
            for number in changed:
                emptied: Range[dt.date] = Range(empty=True)
                session.execute(
                    sa.update(MembershipPeriod)
                    .where(*where, MembershipPeriod.period_no == number)
                    .values(validity=emptied)
                )
            for number, span in changed.items():
                if span is not None:
                    last = None if span.last is None else span.last + dt.timedelta(days=1)
                    session.execute(
                        sa.update(MembershipPeriod)
                        .where(*where, MembershipPeriod.period_no == number)
                        .values(validity=Range(span.first, last))
                    )
    except IntegrityError as error:
        raise errors.changed_meanwhile() from error
    for number, span in after.items():
        if number not in held.days and span is not None:
            add_period(session, (held.customer_id, held.membership_id, number), span, opened, now=now, by=by)


def _told(days: Days, state: MembershipState, state_on: dt.date | None) -> dict[str, object]:
    """Days and state as an event keeps them."""
    return {
        "periods": {
            str(number): [span.first.isoformat(), span.last.isoformat() if span.last else None]
            for number, span in days.items()
            if span
        },
        "state": state,
        "state_on": state_on.isoformat() if state_on else None,
    }


def _before(event: MembershipEvent) -> dict[int, Span | None]:
    """The days before an event, by period."""
    kept: dict[str, list[str | None]] = event.before["periods"]
    made: dict[int, Span | None] = {}
    for number, (first, last) in kept.items():
        assert first is not None
        made[int(number)] = Span(dt.date.fromisoformat(first), dt.date.fromisoformat(last) if last else None)
    return made


def _last_event(session: Session, held: Held, kind: EventKind) -> MembershipEvent:
    """The latest event of a kind: what made a paused membership paused, and an ended one ended."""
    return session.scalars(
        sa.select(MembershipEvent)
        .where(
            MembershipEvent.customer_id == held.customer_id,
            MembershipEvent.membership_id == held.membership_id,
            MembershipEvent.kind == kind,
        )
        .order_by(MembershipEvent.event_no.desc())
        .limit(1)
    ).one()
