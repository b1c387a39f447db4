"""Old runs of schedules are forgotten, so that those of every minute don't pile up."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.jobs.declared import Cursor, Job, Run, Step
from erp_club.jobs.models import JobRun, RunState
from erp_club.kernel.text import N_

KEEP_RUNS, KEEP_DAYS, BATCH = 200, 3, 5_000
"""Of each job the newest runs stay, and all of the last days."""
_BY_SCHEDULE = "____-__-__T__:__"
"""The end of a key that a schedule gives; those of programmes and of undoings stay, as they are there once ever."""


def _old(run: Run) -> sa.Select[tuple[int]]:
    ranked = (
        sa.select(
            JobRun.id,
            JobRun.key,
            JobRun.name,
            JobRun.state,
            JobRun.finished_at,
            sa.func.row_number().over(partition_by=JobRun.name, order_by=JobRun.id.desc()).label("place"),
        )
    ).subquery()
    undoing = sa.select(JobRun.undo_of).where(JobRun.undo_of.is_not(None))
    return sa.select(ranked.c.id).where(
        ranked.c.place > KEEP_RUNS,
        ranked.c.state == RunState.DONE,
        ranked.c.finished_at < run.now - dt.timedelta(days=KEEP_DAYS),
        ranked.c.key.like(ranked.c.name.concat(":" + _BY_SCHEDULE)),
        ranked.c.id.not_in(undoing),
    )


def _batch(session: Session, run: Run, _cursor: Cursor) -> Step:
    found = session.scalars(_old(run).order_by("id").limit(BATCH)).all()
    session.execute(sa.delete(JobRun).where(JobRun.id.in_(found)).execution_options(synchronize_session=False))
    return Step([0] if len(found) == BATCH and not run.dry_run else None, len(found), {"runs": len(found)})


def _total(session: Session, run: Run) -> int:
    return session.execute(sa.select(sa.func.count()).select_from(_old(run).subquery())).scalar_one()


RUNS_TIDY = Job(
    name="runs-tidy",
    title=N_("Old runs of jobs"),
    about=N_(
        "Runs that went well are forgotten after some days; of each job the latest 200 stay, and all that failed."
    ),
    batch=_batch,
    total=_total,
    counts={"runs": N_("Runs forgotten")},
    schedule="50 5 * * *",
)
