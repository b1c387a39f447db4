"""The job that gives what rules let wait for a day: the night after, a period's end, days later, a common day."""

from sqlalchemy.orm import Session

from erp_club.jobs.declared import Cursor, Job, Limit, Preview, Run, Step
from erp_club.jobs.rewards import undo
from erp_club.kernel.text import N_
from erp_club.programmes.milestones.later.commands import due, give_due
from erp_club.programmes.rewards.commands import SettleCause

BATCH = 500
"""Gifts in one transaction."""


def _batch(session: Session, run: Run, cursor: Cursor) -> Step:
    after = (cursor[0], cursor[1]) if cursor else None
    cause = SettleCause(run.as_of, run.now, run.by, run.id)
    done = give_due(session, cause, after=after, limit=BATCH)
    return Step(list(done.last) if done.last else None, done.looked_at, {"given": done.given, "value": done.value})


def _weigh(session: Session, run: Run) -> dict[str, int]:
    given, value = due(session, on=run.as_of)
    return {"given": given, "value": value}


GIFTS_GIVE = Job(
    name="gifts-give",
    title=N_("Gifts that wait for their day"),
    about=N_("What rules give in the night after, at the end of a period or days later is given, each once."),
    batch=_batch,
    total=lambda session, run: due(session, on=run.as_of)[0],
    preview=lambda session, run: Preview(_weigh(session, run), []),
    counts={
        "given": N_("Rewards given"),
        "value": N_("Their value"),
        "undone": N_("Rewards taken back"),
        "left": N_("Left as they are"),
    },
    undo=undo,
    limit=Limit(_weigh, ("value",), lambda settings: settings.rewards_limit, accounts="given"),
    schedule="15 0 * * *",
)
