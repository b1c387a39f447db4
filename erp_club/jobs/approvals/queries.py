"""What waits for somebody's approval, and what was decided about a run."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.jobs.approvals.models import RunApproval
from erp_club.jobs.kinds import RunState
from erp_club.jobs.models import JobRun
from erp_club.permissions.models import Staff


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """What a run was put before somebody for; `approved` is None while it waits, no `decider` where nobody decided."""

    run_id: int
    name: str
    as_of: dt.date
    parameters: dict[str, Any]
    actor: str
    undo_of: int | None
    counts: dict[str, int]
    behind: list[int]
    asked_at: dt.datetime
    ends_at: dt.datetime
    decider: str | None
    approved: bool | None


def waiting(session: Session, *, limit: int = 50) -> list[ApprovalRow]:
    """The runs that await an approval, the oldest first."""
    asked = _approvals().where(JobRun.state == RunState.AWAITS, RunApproval.approved.is_(None))
    return [ApprovalRow(*row) for row in session.execute(asked.order_by(JobRun.id).limit(limit))]


def count_for(session: Session, staff_id: int) -> int:
    """How many runs await an approval that this person may give, as none of those behind them."""
    theirs = sa.literal(staff_id) != sa.all_(RunApproval.behind)
    waits = sa.and_(JobRun.state == RunState.AWAITS, RunApproval.approved.is_(None))
    asked = sa.select(sa.func.count()).select_from(RunApproval).join(JobRun, JobRun.id == RunApproval.run_id)
    return session.execute(asked.where(waits, theirs)).scalar_one()


def of_run(session: Session, run_id: int) -> ApprovalRow | None:
    """The newest approval that was asked for the run."""
    asked = _approvals().where(RunApproval.run_id == run_id).order_by(RunApproval.id.desc()).limit(1)
    row = session.execute(asked).one_or_none()
    return None if row is None else ApprovalRow(*row)


def _approvals() -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(
            *(JobRun.id, JobRun.name, JobRun.as_of, JobRun.parameters, JobRun.actor, JobRun.undo_of),
            *(
                RunApproval.counts,
                RunApproval.behind,
                RunApproval.asked_at,
                RunApproval.ends_at,
                Staff.name,
                RunApproval.approved,
            ),
        )
        .join(RunApproval, RunApproval.run_id == JobRun.id)
        .outerjoin(Staff, Staff.id == RunApproval.decided_by)
    )
