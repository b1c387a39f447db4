"""The points of memberships that ended by time alone: each night the club's policy is applied to them."""

from sqlalchemy.orm import Session

from erp_club.clubs.lapse import commands as lapse
from erp_club.jobs.declared import Cursor, Job, Run, Step
from erp_club.kernel.text import N_

BATCH, UNDO_BATCH = 2_000, 500
"""Memberships, and accounts undone one by one, in one transaction: a renewal waits for it."""
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


def _undo(session: Session, run: Run, cursor: Cursor) -> Step:
    assert run.undo_of is not None
    after = (cursor[0], cursor[1]) if cursor else None
    done = lapse.take_back(
        session, run.undo_of, on=run.as_of, after=after, limit=UNDO_BATCH, undo_id=run.id, now=run.now, by=run.by
    )
    counts = {"returned": done.dropped, "points_returned": -done.points}
    return Step(list(done.last) if done.last else None, done.dropped, counts)


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
        "returned": N_("Accounts given back"),
        "points_returned": N_("Points given back"),
    },
    undo=_undo,
    schedule="20 4 * * *",
)
