"""The days of the survivor's joined membership, and how it and its account stand, when a merge is undone."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from erp_club.clubs.breaks.commands import correct_membership
from erp_club.clubs.commands import Held, hold
from erp_club.clubs.days.commands import change_days, days_read, endings, events_since, numbered
from erp_club.clubs.earning.queries import earning_memberships
from erp_club.clubs.kinds import EventKind, MembershipState
from erp_club.clubs.levels.kinds import LevelCause
from erp_club.clubs.models import MembershipEvent
from erp_club.clubs.periods import Span, without
from erp_club.people.merging.queries import standing_at
from erp_club.people.merging.undoing.days import Bought, Shares, Step, Story, follow, going
from erp_club.people.models import CustomerMerge
from erp_club.points.commands import end_account, freeze_account
from erp_club.points.kinds import AccountState
from erp_club.points.ledger.commands import Cause, hold_account
from erp_club.points.rules import DROPPED
from erp_club.programmes.standings.commands import LookCause
from erp_club.programmes.terms.commands import hold_sliding, move_back
from erp_club.programmes.terms.queries import purchases_slid, returned_since


def story_of(session: Session, held: Held, told: Mapping[str, Any], merge: CustomerMerge) -> Story:
    """What has become of the days that the merge joined."""
    events = events_since(session, held, 0)
    # A merge of before this was kept is told by its time.
    first = told.get("event_no", max((each.event_no for each in events if each.at <= merge.at), default=0))
    added = tuple(days_read(each) for each in told.get("added", ()))
    joined = next((_spans(each.after) for each in events if added and each.event_no == first), ())
    steps = [
        Step(
            EventKind(each.kind),
            each.on_date,
            each.at,
            _spans(each.before),
            _spans(each.after),
            was_paused=each.before["state"] == MembershipState.PAUSED,
        )
        for each in events
        if each.event_no > first
    ]
    bought = purchases_slid(session, held.customer_id, held.club_id, since=merge.at) if added else ()
    return follow(Shares(tuple(without(joined, added)), added), steps, [Bought(*each) for each in bought])


def _spans(told: Mapping[str, Any]) -> tuple[Span, ...]:
    return tuple(days_read(each) for each in told["periods"].values())


def ended_before(session: Session, held: Held, told: Mapping[str, Any], merge: CustomerMerge) -> MembershipEvent | None:
    """The ending after which the merge opened the survivor's membership again, or an earlier merge did that was undone
    since, when the days of this one kept it open."""
    events = events_since(session, held, 0)
    for moved, at in standing_at(session, merge):
        for each in moved["memberships"]:
            if each["membership"] == told["membership"] and "was" in each:
                last = each.get("event_no", max((event.event_no for event in events if event.at <= at), default=0))
                return next(iter(endings([event for event in events if event.event_no <= last])), None)
    return None


def take_days(session: Session, held: Held, before: MembershipEvent | None, story: Story, cause: Cause) -> None:
    """Take the days that a merge added; a membership that was ended `before` is ended again where nothing came since.

    Of a paused or ended one, what its resumption or its undoing would give back, too.
    """
    holds = held.state is MembershipState.OPEN or story.broken is None
    whole = held.spans if holds or story.broken is None else story.broken.before
    gone = going(whole, story, holds=holds)
    left = without(held.spans, gone)
    state, on = held.state, held.state_on
    from_on = on if state is MembershipState.PAUSED and on else cause.on
    kept = without(whole, gone)
    again = before is not None and not _reach(kept, before.on_date)
    if before is not None and again:
        state, on = MembershipState.ENDED, before.on_date
    elif state in {MembershipState.OPEN, MembershipState.PAUSED} and not _reach(kept, from_on):
        state, on = MembershipState.OPEN, None
    if not gone and state is held.state and not again:
        return
    if held.state is MembershipState.OPEN and not again:
        correct_membership(
            session, held.membership_id, spans=left, reason=cause.reason or "", now=cause.now, by=cause.by
        )
        return
    change_days(
        session,
        held,
        EventKind.CORRECTION,
        numbered(held.days, left, free=held.last_no + 1),
        on=on or cause.on,
        reason=cause.reason or "",
        now=cause.now,
        by=cause.by,
        state=state,
        taken=gone if state is held.state and not again else (),
        ended_by=before.event_no if before is not None and again else None,
    )


def stand_as_before(session: Session, told: Mapping[str, Any], cause: Cause) -> None:
    """Freeze or close an account that the merge opened, where its membership is again what it was; points that came
    since keep a closed one open."""
    if "stood" not in told:
        return
    held = hold(session, told["membership"])
    stood, until, last = told["stood"]
    if held.state not in {MembershipState.OPEN, MembershipState.ENDED} or _reach(
        held.spans, dt.date.fromisoformat(last) + dt.timedelta(days=1)
    ):
        return
    account = hold_account(session, held.account)
    if account.account.holder_id != held.customer_id:
        return
    if stood == AccountState.FROZEN:
        freeze_account(session, account.account, until=dt.date.fromisoformat(until) if until else None)
    elif not account.lots:
        end_account(session, account.account, policy=DROPPED, cause=cause)


def slide_back(session: Session, membership_id: int, merge: CustomerMerge, cause: Cause) -> None:
    """Move the end of the membership of the one who is back by what came back of their own purchases since."""
    held = hold(session, membership_id)
    receipt = returned_since(session, held.customer_id, merge.at)
    if receipt is None or held.state is not MembershipState.OPEN:
        return
    terms = hold_sliding(session, held.customer_id, earning_memberships(session, held.customer_id, on=cause.on))
    since = LookCause(
        LevelCause.RETURN, cause.on, cause.now, cause.by, receipt[1], receipt[0], reason=cause.reason or ""
    )
    move_back(session, (each for each in terms if each.held.membership_id == membership_id), since)


def _reach(spans: Sequence[Span], day: dt.date) -> bool:
    return any(span.last is None or span.last >= day for span in spans)
