"""Old runs of schedules are forgotten, so that those of every minute don't pile up."""

import datetime as dt

from sqlalchemy.orm import Session

from erp_club.jobs import queries
from erp_club.jobs.commands import forget_runs
from erp_club.jobs.declared import Cursor, Job, Run, Step
from erp_club.kernel.text import N_

KEEP_RUNS, KEEP_DAYS, BATCH = 200, 3, 5_000
"""Of each job the newest runs stay, and all of the last days."""


def _old(run: Run) -> queries.OldRuns:
    return queries.old_runs(keep=KEEP_RUNS, before=run.now - dt.timedelta(days=KEEP_DAYS))


def _batch(session: Session, run: Run, _cursor: Cursor) -> Step:
    gone = forget_runs(session, _old(run), limit=BATCH)
    return Step([0] if gone == BATCH and not run.dry_run else None, gone, {"runs": gone})


def _total(session: Session, run: Run) -> int:
    return queries.how_many(session, _old(run))


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
