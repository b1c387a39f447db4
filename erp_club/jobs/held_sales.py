"""Sales on hold that nobody took up again keep no membership and no entitlement for ever."""

import datetime as dt

from sqlalchemy.orm import Session

from erp_club.jobs.declared import Cursor, Job, Run, Step
from erp_club.kernel.text import N_
from erp_club.purchases.baskets.held.commands import free_left
from erp_club.purchases.baskets.held.queries import how_many

KEPT, BATCH = dt.timedelta(days=1), 100
"""So long a sale on hold keeps what it has of memberships."""


def _batch(session: Session, run: Run, _cursor: Cursor) -> Step:
    if run.dry_run:
        found = _total(session, run)
        return Step(None, found, {"sales": found})
    freed = free_left(session, before=run.now - KEPT, limit=BATCH, now=run.now, by=run.by)
    return Step([0] if freed == BATCH else None, freed, {"sales": freed})


def _total(session: Session, run: Run) -> int:
    return how_many(session, run.now - KEPT)


HELD_SALES = Job(
    name="held-sales",
    title=N_("Sales left on hold"),
    about=N_(
        "After a day, fees of memberships and uses of entitlements are taken out of sales on hold: what was joined or "
        "renewed without being paid is undone, and the entitlement can be used elsewhere. The goods stay."
    ),
    batch=_batch,
    total=_total,
    counts={"sales": N_("Sales on hold")},
    schedule="40 4 * * *",
)
