"""The points of memberships that ended by time alone: each night the club's policy is applied to them."""

from sqlalchemy.orm import Session

from erp_club.clubs.lapse import commands as lapse
from erp_club.jobs.declared import Cursor, Job, Run, Step
from erp_club.kernel.text import N_

BATCH = 2_000
"""Memberships in one transaction: a renewal waits for it."""
_STEPS = (lapse.lapse_memberships, lapse.drop_frozen)


def _batch(session: Session, run: Run, cursor: Cursor) -> Step:
    place, *key = cursor or [0]
    after = (key[0], key[1]) if key else None
    done = _STEPS[place](session, on=run.as_of, after=after, limit=BATCH, run_id=run.id, now=run.now, by=run.by)
    if done.last is not None:
        following: Cursor = [place, *done.last]
    else:
        following = [place + 1] if place + 1 < len(_STEPS) else None
    counts = {"frozen": done.frozen, "dropped": done.dropped, "points": -done.points}
    return Step(following, done.frozen + done.dropped, counts)


def _total(session: Session, run: Run) -> int:
    return lapse.lapsing(session, on=run.as_of)


MEMBERSHIPS_LAPSE = Job(
    name="memberships-lapse",
    title=N_("Points of memberships that ran out"),
    about=N_("Points of members who did not renew in time are kept, frozen or dropped, as the club's rules say."),
    batch=_batch,
    total=_total,
    counts={
        "frozen": N_("Accounts frozen"),
        "dropped": N_("Accounts emptied"),
        "points": N_("Points dropped"),
    },
    schedule="20 4 * * *",
)
