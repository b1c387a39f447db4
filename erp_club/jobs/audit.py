"""The trace is sealed in a chain every quarter of an hour, outside of the requests that leave it."""

from sqlalchemy.orm import Session

from erp_club.jobs.declared import Cursor, Job, Run, Said, Step
from erp_club.kernel import audit_seals
from erp_club.kernel.text import N_, T

BATCH = 5_000
"""Entries in one transaction."""


def _batch(session: Session, run: Run, _cursor: Cursor) -> Step:
    made = audit_seals.seal_entries(session, now=run.now, limit=BATCH)
    if made.added == BATCH:
        return Step([made.links], made.added, {"entries": made.added})
    # Whoever cuts the chain's end off cuts this line's links too: it is worth a copy elsewhere.
    text = T("%(links)s entries are sealed. The chain ends with %(end)s.", links=made.links, end=made.end.hex())
    return Step(None, made.added, {"entries": made.added}, [Said(text)])


def _total(session: Session, _run: Run) -> int:
    return audit_seals.unsealed(session)


AUDIT_SEAL = Job(
    name="audit-seal",
    title=N_("Seal of the change log"),
    about=N_("Adds the new entries of the change log to a chain of keyed hashes, so that none can be changed unseen."),
    batch=_batch,
    total=_total,
    counts={"entries": N_("Entries")},
    schedule="*/15 * * * *",
)
