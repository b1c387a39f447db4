"""Levels that begin, run out or were moved by receipts that came another way than through a till, each night."""

from collections import Counter

from sqlalchemy.orm import Session

from erp_club.clubs.levels.kinds import LevelCause
from erp_club.jobs.declared import Cursor, Job, Run, Step
from erp_club.kernel.text import N_
from erp_club.programmes.standings import queries
from erp_club.programmes.standings.commands import LookCause, look

BATCH = 500
"""Memberships in one transaction: their receipts are in memory."""


def _batch(session: Session, run: Run, cursor: Cursor) -> Step:
    after = (cursor[0], cursor[1]) if cursor else None
    found = queries.due(session, on=run.as_of, after=after, limit=BATCH)
    if not found:
        return Step(None, 0)
    cause = LookCause(LevelCause.TIME, run.as_of, run.now, run.by, run_id=run.id)
    turned = look(session, list(dict.fromkeys(account for _, account in found)), cause)
    counts = Counter({"looked_at": len(found)})
    counts.update("up" if each.up else "down" for each in turned)
    return Step(list(found[-1][0]), len(found), counts)


def _total(session: Session, run: Run) -> int:
    return queries.count_due(session, on=run.as_of)


LEVELS = Job(
    name="levels",
    title=N_("Levels"),
    about=N_("Levels that begin or run out come into force, and receipts from files and other stores are counted."),
    batch=_batch,
    total=_total,
    counts={
        "looked_at": N_("Memberships looked at"),
        "up": N_("Gone up"),
        "down": N_("Gone down"),
    },
    schedule="40 4 * * *",
)
