"""What waits for somebody's approval, and what was decided."""

import datetime as dt
import itertools
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_club.organisation.models import Store
from erp_club.permissions.actors import Actor
from erp_club.permissions.approvals.commands import may_approve_it, no_approval
from erp_club.permissions.approvals.models import Approval
from erp_club.permissions.catalog import Permission
from erp_club.permissions.models import Staff


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """One deed that was put before somebody; `state`: waiting, approved, used, declined, or over."""

    id: int
    state: str
    action: str
    amount: int | None
    percent_bp: int | None
    customer_id: int | None
    about: str
    store: str | None
    asked_by: str
    asked_at: dt.datetime
    ends_at: dt.datetime
    decided_by: str | None
    decided_at: dt.datetime | None
    by_pin: bool
    used_at: dt.datetime | None
    club_id: int | None


def waiting(session: Session, *, now: dt.datetime, by: Actor, limit: int) -> list[ApprovalRow]:
    """What waits and this person may approve, the oldest first."""
    found = _SELECT.where(Approval.approved.is_(None), Approval.ends_at > now, Approval.asked_by != by.staff_id)
    # Cut off only here: what others wait for elsewhere would take the place of what waits for this person.
    theirs = (row for row in session.execute(found.order_by(Approval.id)) if may_approve_it(row[0], by))
    return [_row(row, now) for row in itertools.islice(theirs, limit)]


def decided(session: Session, *, now: dt.datetime, by: Actor, limit: int) -> list[ApprovalRow]:
    """The latest that don't wait any more, in the stores whose approvals this person gives."""
    found = _SELECT.where((Approval.approved.is_not(None)) | (Approval.ends_at <= now))
    store_id = by.only_store(Permission.APPROVALS_GIVE)
    if store_id is not None:
        found = found.where(Approval.store_id == store_id)
    return [_row(row, now) for row in session.execute(found.order_by(Approval.id.desc()).limit(limit))]


def approval(session: Session, approval_id: int, *, now: dt.datetime, by: Actor) -> ApprovalRow:
    """One that this person has asked for, or may approve. Raises NotFound."""
    row = session.execute(_SELECT.where(Approval.id == approval_id)).one_or_none()
    if row is None or not (row[0].asked_by == by.staff_id or may_approve_it(row[0], by)):
        raise no_approval()
    return _row(row, now)


_ASKER, _DECIDER = aliased(Staff), aliased(Staff)
_SELECT = (
    sa.select(Approval, Store.name, _ASKER.name, _DECIDER.name)
    .join(_ASKER, _ASKER.id == Approval.asked_by)
    .outerjoin(_DECIDER, _DECIDER.id == Approval.decided_by)
    .outerjoin(Store, Store.id == Approval.store_id)
)


def _row(row: Any, now: dt.datetime) -> ApprovalRow:
    found, store, asker, decider = row
    return ApprovalRow(
        id=found.id,
        state=_state(found, now),
        action=found.action,
        amount=found.amount,
        percent_bp=found.percent_bp,
        club_id=found.club_id,
        customer_id=found.customer_id,
        about=found.about,
        store=store,
        asked_by=asker,
        asked_at=found.asked_at,
        ends_at=found.ends_at,
        decided_by=decider,
        decided_at=found.decided_at,
        by_pin=found.by_pin,
        used_at=found.used_at,
    )


def _state(found: Approval, now: dt.datetime) -> str:
    if found.used_at is not None:
        return "used"
    if found.approved is False:
        return "declined"
    if found.ends_at <= now:
        return "over"
    return "approved" if found.approved else "waiting"
