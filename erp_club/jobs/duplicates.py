"""Customers who may be one person are looked for each night, so that head office can decide about them."""

from sqlalchemy.orm import Session

from erp_club.customers.duplicates.pairs.commands import find_pairs
from erp_club.jobs.declared import Cursor, Job, Run, Step
from erp_club.kernel.text import N_


def _batch(session: Session, run: Run, _cursor: Cursor) -> Step:
    found = find_pairs(session, now=run.now, tell=run.tell)
    return Step(None, found, {"pairs": found})


DUPLICATES_FIND = Job(
    name="duplicates-find",
    title=N_("Possible duplicates"),
    about=N_("Looks through all customers for those who may be one person. What was decided stays decided."),
    batch=_batch,
    counts={"pairs": N_("Pairs to decide about")},
    schedule="10 3 * * *",
)
