"""Taking back a run that moved points: of a programme, or of the night in which points ended."""

from sqlalchemy.orm import Session

from erp_club.customers import queries as customers
from erp_club.jobs.declared import Cursor, Run, Said, Step
from erp_club.jobs.kinds import Level
from erp_club.jobs.programmes import commands
from erp_club.kernel.text import T
from erp_club.points.kinds import MovementKind
from erp_club.points.sets.commands import SetCause

UNDO_BATCH = 2_000
"""Accounts in one transaction: it looks at all that came after, so it takes fewer at once than a run."""


def take_back_run(session: Session, run: Run, cursor: Cursor) -> Step:
    """Let the next accounts stand as if the run had never been; whom it leaves as they are, the log tells and why."""
    assert run.undo_of is not None
    after = (cursor[0], cursor[1]) if cursor else None
    cause = SetCause(MovementKind.UNDONE, run.as_of, run.now, run.by, run.id)
    done = commands.take_back(session, run.undo_of, after=after, limit=UNDO_BATCH, cause=cause)
    numbers = customers.numbers_of(session, [customer for customer, _ in done.left])
    said = [
        Said(T("%(number)s is left as it is. %(reason)s", number=numbers[customer], reason=reason), Level.WARN)
        for customer, reason in done.left
    ]
    moved = {"given": max(done.points, 0), "taken": max(-done.points, 0)}
    counts = {"accounts": done.accounts, "left": len(done.left), **moved}
    return Step(list(done.last) if done.last else None, done.looked_at, counts, said)
