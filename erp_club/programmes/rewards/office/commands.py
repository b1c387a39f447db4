"""Letting out what a period gives over the limit."""

import datetime as dt

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.kernel import audit
from erp_club.kernel.errors import Forbidden
from erp_club.kernel.text import T
from erp_club.permissions.actors import Actor
from erp_club.programmes.rewards.models import RewardApproval


def approve(
    session: Session,
    club_id: int,
    rule: str,
    last: dt.date,
    *,
    value: int,
    asked_by: int | None,
    now: dt.datetime,
    by: Actor,
) -> None:
    """Let a period give up to `value`. Raises Forbidden for who asked for it, and for no person at all."""
    if by.staff_id is None or by.staff_id == asked_by:
        raise Forbidden(T("Somebody else than who asked for it has to approve it."), code="second-person-needed")
    known = {"club_id": club_id, "rule": rule, "last_on": last}
    told = {"value": value, "at": now, "staff_id": by.staff_id}
    session.execute(
        insert(RewardApproval).values(known | told).on_conflict_do_update(index_elements=list(known), set_=told)
    )
    audit.record(
        session, by=by, now=now, action="club.approve", entity="club", entity_id=club_id, after=known | {"value": value}
    )
