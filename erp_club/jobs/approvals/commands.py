"""Runs over the limit: each waits before its first batch until somebody else approves it, or nobody does in time.

What a run comes to is asked again whenever it is to begin, so an approval lets through what was seen and no more.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.jobs import commands, errors
from erp_club.jobs.approvals.models import RunApproval
from erp_club.jobs.declared import Job, Limit, Run, Said
from erp_club.jobs.kinds import Level, RunState
from erp_club.jobs.models import JobRun
from erp_club.kernel import audit
from erp_club.kernel.settings import Settings
from erp_club.kernel.text import T
from erp_club.permissions.actors import SYSTEM, Actor

HOLDS_FOR = dt.timedelta(days=7)
"""So long a run waits for somebody's decision."""


@dataclass(frozen=True, slots=True)
class _Weight:
    counts: Mapping[str, int]
    accounts: int
    amount: int


def let_begin(session: Session, job: Job, run: Run, holder: str, settings: Settings) -> bool:
    """Whether the run may begin. One that comes to more than the limit, unapproved, is given up by `holder` and waits.

    A dry run changes nothing and needs nobody.
    """
    if job.limit is None or run.dry_run:
        return True
    weight = _weigh(session, job.limit, run)
    most, most_accounts = job.limit.most(settings), settings.run_accounts_limit
    if weight.amount <= most and weight.accounts <= most_accounts:
        return True
    if session.scalar(sa.select(_approved(run.id, weight))):
        return True
    row = session.execute(
        sa.select(JobRun)
        .where(JobRun.id == run.id, JobRun.holder == holder, JobRun.state == RunState.RUNNING)
        .with_for_update()
    ).scalar_one_or_none()
    if row is None:
        return False  # somebody has stopped it meanwhile, or it is another worker's
    _ask(session, row, weight, (most_accounts, most), job.limit.behind(session, run), now=run.now)
    if job.schedule is not None and row.key is not None:
        _replace_earlier(session, row, now=run.now)
    return False


def _weigh(session: Session, limit: Limit, run: Run) -> _Weight:
    if run.undo_of is None:
        told = limit.weigh(session, run)
    else:
        told = session.execute(sa.select(JobRun.counts).where(JobRun.id == run.undo_of)).scalar_one()
    counts = {name: int(told.get(name, 0)) for name in (limit.accounts, *limit.amounts)}
    return _Weight(counts, counts[limit.accounts], sum(counts[name] for name in limit.amounts))


def _approved(run_id: int, weight: _Weight) -> sa.Exists:
    return sa.exists().where(
        RunApproval.run_id == run_id,
        RunApproval.approved.is_(True),
        RunApproval.accounts >= weight.accounts,
        RunApproval.amount >= weight.amount,
    )


def _ask(
    session: Session, row: JobRun, weight: _Weight, most: tuple[int, int], behind: Collection[int], *, now: dt.datetime
) -> None:
    people = {*behind} if row.staff_id is None else {*behind, row.staff_id}
    told: dict[str, Any] = {
        "accounts": weight.accounts,
        "amount": weight.amount,
        "most_accounts": most[0],
        "most_amount": most[1],
        "counts": dict(weight.counts),
        "behind": sorted(people),
        "asked_at": now,
        "ends_at": now + HOLDS_FOR,
    }
    # One that was stopped while it waited, and resumed, is put before people once more, as it is now.
    session.execute(
        insert(RunApproval)
        .values(run_id=row.id, **told)
        .on_conflict_do_update(
            index_elements=["run_id"], index_where=sa.column("approved", sa.Boolean()).is_(None), set_=told
        )
    )
    commands.write(session, row.id, state=RunState.AWAITS, holder=None, started_at=None)
    text = T(
        "It comes to %(amount)s in %(accounts)s accounts. Above %(most)s, or %(most_accounts)s accounts, somebody else "
        "has to approve it first.",
        amount=weight.amount,
        accounts=weight.accounts,
        most=most[1],
        most_accounts=most[0],
    )
    commands.say(session, row.id, Said(text, Level.WARN), now=now)


def _replace_earlier(session: Session, row: JobRun, *, now: dt.datetime) -> None:
    """What waits from earlier days of the same schedule would do a part of this run's work: it lapses."""
    earlier = sa.select(JobRun.id).where(
        JobRun.name == row.name,
        JobRun.parameters == sa.cast(row.parameters, JobRun.parameters.type),
        JobRun.as_of < row.as_of,
        JobRun.key.is_not(None),
        JobRun.undo_of.is_(None),
        JobRun.state == RunState.AWAITS,
    )
    for run_id in session.scalars(earlier.with_for_update()).all():
        _lapse(session, run_id, Said(T("The run of a later day takes its place.")), now=now)


def lapse_runs(session: Session, *, now: dt.datetime) -> None:
    """Let the runs lapse on which nobody has decided in time."""
    late = (
        sa.select(JobRun.id)
        .join(RunApproval, RunApproval.run_id == JobRun.id)
        .where(JobRun.state == RunState.AWAITS, RunApproval.approved.is_(None), RunApproval.ends_at <= now)
    )
    for run_id in session.scalars(late.with_for_update(of=JobRun, skip_locked=True)).all():
        _lapse(session, run_id, Said(T("Nobody has decided in time, so nothing was done."), Level.WARN), now=now)


def _lapse(session: Session, run_id: int, said: Said, *, now: dt.datetime) -> None:
    commands.write(session, run_id, state=RunState.LAPSED, finished_at=now)
    _close(session, run_id, approved=False)
    commands.say(session, run_id, said, now=now)
    audit.record(session, by=SYSTEM, now=now, action="job.lapse", entity="job_run", entity_id=run_id)


def _close(session: Session, run_id: int, **values: Any) -> RunApproval:
    return session.execute(
        sa.update(RunApproval)
        .where(RunApproval.run_id == run_id, RunApproval.approved.is_(None))
        .values(**values)
        .returning(RunApproval)
    ).scalar_one()


def decide_run(session: Session, run_id: int, *, approve: bool, now: dt.datetime, by: Actor) -> None:
    """Let a run begin that is over the limit, or refuse it for good.

    One that the schedule has asked for and nobody has set up begins once two people have approved it. Raises NotFound,
    Conflict for a run that doesn't wait (any more), Forbidden `second-person-needed` for those who asked for it, have
    set up what it does or approved it before.
    """
    row = commands.locked(session, run_id)
    if row.state != RunState.AWAITS:
        raise errors.nothing_to_approve()
    waiting = session.execute(
        sa.select(RunApproval).where(RunApproval.run_id == run_id, RunApproval.approved.is_(None))
    ).scalar_one()
    if by.staff_id is None or by.staff_id in waiting.behind:
        raise errors.second_person()
    if waiting.ends_at <= now:
        raise errors.nothing_to_approve()
    decided = {"decided_by": by.staff_id, "decided_at": now}
    if not approve:
        _close(session, run_id, approved=False, **decided)
        commands.write(session, run_id, state=RunState.REFUSED, finished_at=now)
        said = Said(T("%(name)s refused it.", name=by.name), Level.WARN)
    elif waiting.behind:
        _close(session, run_id, approved=True, **decided)
        commands.write(session, run_id, state=RunState.QUEUED)
        said = Said(T("%(name)s approved it.", name=by.name))
    else:
        # The schedule is nobody: who approves first stands behind the run, as who asks for one by hand does.
        waiting.behind = [by.staff_id]
        session.flush()
        said = Said(T("%(name)s approved it. Somebody else has to approve it too.", name=by.name))
    commands.say(session, run_id, said, now=now)
    audit.record(
        session,
        by=by,
        now=now,
        action="job.approve" if approve else "job.refuse",
        entity="job_run",
        entity_id=run_id,
        after={"job": row.name, "as_of": row.as_of, "asked_by": row.actor, "behind": waiting.behind, **waiting.counts},
    )
