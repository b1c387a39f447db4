"""The days of a membership, written again: by pauses, endings, corrections, and by purchases that move the end.

What was done is kept as an event with the days before and after. The exclusion constraint has the last word on days
that overlap.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from erp_club.clubs import errors, periods
from erp_club.clubs.commands import Held, add_period
from erp_club.clubs.kinds import EventKind, MembershipState, PeriodKind
from erp_club.clubs.models import Membership, MembershipEvent, MembershipPeriod
from erp_club.clubs.periods import Days, Span
from erp_club.kernel import audit
from erp_club.permissions.actors import Actor


@dataclass(frozen=True, slots=True)
class Changed:
    """What a command made of a membership: its state, the last day that it holds (None for life, or for no day)."""

    membership_id: int
    customer_id: int
    state: MembershipState
    valid_until: dt.date | None


def change_days(
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
    receipt: tuple[int | None, int | None] = (None, None),
    taken: Sequence[Span] = (),
    ended_by: int | None = None,
) -> Changed:
    """Write the days of all periods of a locked membership, its state, the event and the audit's entry.

    `receipt` is the one by which a purchase or a return moved the days: its customer and its id. `taken` are days that
    no resumption and no undoing of an ending gives back any more; `ended_by` is the earlier ending, by its number, that
    holds again. Raises Conflict where days would overlap.
    """
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
        "after": _told(after, state, state_on) | _told_besides(taken, ended_by),
    }
    session.execute(
        sa.insert(MembershipEvent).values(
            customer_id=held.customer_id,
            membership_id=held.membership_id,
            event_no=last_event_no(session, held) + 1,
            kind=kind,
            on_date=on,
            reason=reason,
            points=points,
            receipt_customer_id=receipt[0],
            receipt_id=receipt[1],
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
    return _changed(held, after, state)


def unchanged(held: Held) -> Changed:
    """What holds where a command has nothing to change."""
    return _changed(held, held.days, held.state)


def _changed(held: Held, days: Days, state: MembershipState) -> Changed:
    spans = [span for span in days.values() if span]
    endless = any(span.last is None for span in spans)
    return Changed(
        held.membership_id, held.customer_id, state, None if endless or not spans else periods.last_day(spans)
    )


_ENDED_BY = "ended_by"


def last_event_no(session: Session, held: Held) -> int:
    """The number of the latest event, 0 where there is none. Without gaps: the membership is locked."""
    latest = session.scalar(
        sa.select(sa.func.max(MembershipEvent.event_no)).where(
            MembershipEvent.customer_id == held.customer_id, MembershipEvent.membership_id == held.membership_id
        )
    )
    return latest or 0


_ACTION = {
    EventKind.PAUSE: "membership.pause",
    EventKind.RESUMPTION: "membership.resume",
    EventKind.TERMINATION: "membership.end",
    EventKind.RESTORATION: "membership.restore",
    EventKind.CORRECTION: "membership.correct",
    EventKind.MOVED: "membership.move_end",
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
        "periods": {str(number): _days_told(span) for number, span in days.items() if span},
        "state": state,
        "state_on": state_on.isoformat() if state_on else None,
    }


def _told_besides(taken: Sequence[Span], ended_by: int | None) -> dict[str, object]:
    days: dict[str, object] = {"taken": [_days_told(span) for span in taken]} if taken else {}
    return days if ended_by is None else days | {_ENDED_BY: ended_by}


def _days_told(span: Span) -> list[str | None]:
    return [span.first.isoformat(), span.last.isoformat() if span.last else None]


def days_read(told: Sequence[str | None]) -> Span:
    """A span as an event keeps it."""
    first, last = told
    assert first is not None
    return Span(dt.date.fromisoformat(first), dt.date.fromisoformat(last) if last else None)


def days_before(event: MembershipEvent) -> dict[int, Span | None]:
    """The days before an event, by period."""
    return {int(number): days_read(told) for number, told in event.before["periods"].items()}


def days_broken_off(session: Session, held: Held, event: MembershipEvent) -> dict[int, Span | None]:
    """The days before a pause or an ending, by period, without those of them that were taken since."""
    days = days_before(event)
    later = events_since(session, held, event.event_no)
    taken = [days_read(told) for each in later for told in each.after.get("taken", ())]
    spans = periods.without([span for span in days.values() if span], taken)
    return numbered(days, spans, free=max((held.last_no, *days)) + 1)


def numbered(days: Days, spans: Sequence[Span], *, free: int) -> dict[int, Span | None]:
    """Spans by period: one that stays as it was keeps its number, and with it who opened it and when."""
    kept = {number: span for number, span in days.items() if span in spans}
    others = sorted((span for span in spans if span not in kept.values()), key=lambda span: span.first)
    return dict.fromkeys(days) | kept | dict(enumerate(others, free))


def events_since(session: Session, held: Held, event_no: int) -> Sequence[MembershipEvent]:
    """The events after this one, in their order."""
    event = MembershipEvent
    mine = (event.customer_id == held.customer_id, event.membership_id == held.membership_id)
    return session.scalars(sa.select(event).where(*mine, event.event_no > event_no).order_by(event.event_no)).all()


def last_event(session: Session, held: Held, kind: EventKind) -> MembershipEvent:
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


def endings(events: Sequence[MembershipEvent]) -> list[MembershipEvent]:
    """Of all events of an ended membership: the ending that holds, and the later ones that hold no more, as the undoing
    of a merge went back to it."""
    numbers = (
        each.after.get(_ENDED_BY, each.event_no if each.kind == EventKind.TERMINATION else None) for each in events
    )
    number = next((each for each in reversed(list(numbers)) if each is not None), 0)
    return [each for each in events if each.kind == EventKind.TERMINATION and each.event_no >= number]


def moves_since(session: Session, held: Held) -> list[MembershipEvent]:
    """The purchases and returns that moved the end since anything else was done to the days, the latest first."""
    event = MembershipEvent
    mine = (event.customer_id == held.customer_id, event.membership_id == held.membership_id)
    other = sa.select(sa.func.coalesce(sa.func.max(event.event_no), 0)).where(*mine, event.kind != EventKind.MOVED)
    asked = sa.select(event).where(*mine, event.event_no > other.scalar_subquery())
    return list(session.scalars(asked.order_by(event.event_no.desc())))
