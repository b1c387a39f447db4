"""The points of memberships that ended by time alone: each night the club's policy is applied to them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from erp_club.clubs.lapse import commands as lapse
from erp_club.customers import queries as customers
from erp_club.jobs.declared import Cursor, Job, Limit, Preview, Run, Said, Sample, Step
from erp_club.jobs.kinds import Level
from erp_club.kernel.text import N_, T

BATCH, UNDO_BATCH = 2_000, 500
"""Memberships, and accounts undone one by one, in one transaction: a renewal waits for it."""
SAMPLE = 10
_STEPS = (lapse.lapse_memberships, lapse.drop_frozen)


def _batch(session: Session, run: Run, cursor: Cursor) -> Step:
    place, *key = cursor or [0]
    after = (key[0], key[1]) if key else None
    done = _STEPS[place](session, on=run.as_of, after=after, limit=BATCH, run_id=run.id, now=run.now, by=run.by)
    if done.last is not None:
        following: Cursor = [place, *done.last]
    else:
        following = [place + 1] if place + 1 < len(_STEPS) else None
    accounts = done.frozen + done.dropped + done.converted
    counts = {"accounts": accounts, "frozen": done.frozen, "dropped": done.dropped, "points": -done.points}
    if done.converted:
        counts |= {"converted": done.converted, "became": done.became}
    return Step(following, accounts, counts)


def _undo(session: Session, run: Run, cursor: Cursor) -> Step:
    assert run.undo_of is not None
    place, *key = cursor or [0]
    after = (key[0], key[1]) if key else None
    how: dict[str, Any] = {"on": run.as_of, "after": after, "limit": UNDO_BATCH, "now": run.now, "by": run.by}
    if place == 0:
        done = lapse.take_back(session, run.undo_of, undo_id=run.id, **how)
        counts = {"returned": done.dropped, "points_returned": -done.points}
        return Step([0, *done.last] if done.last else [1], done.dropped, counts)
    back, last = lapse.take_conversions_back(session, run.undo_of, undo_id=run.id, **how)
    counts = {"returned": back.accounts, "points_returned": back.points} if back.accounts else {}
    return Step([1, *last] if last else None, back.accounts, counts, left_as_used(session, back.left))


def left_as_used(session: Session, left: Sequence[int]) -> list[Said]:
    """Whom an undoing left, since what the points became was used already."""
    numbers = customers.numbers_of(session, list(left))
    return [
        Said(T("%(number)s has used it already, so it stays.", number=numbers[customer]), Level.WARN)
        for customer in left
    ]


def _total(session: Session, run: Run) -> int:
    return lapse.lapsing(session, on=run.as_of).accounts


def _weigh(session: Session, run: Run) -> dict[str, int]:
    found = lapse.lapsing(session, on=run.as_of)
    told = {"accounts": found.accounts, "frozen": found.frozen, "dropped": found.dropped, "points": found.points}
    return told | ({"converted": found.converted} if found.converted else {})


def _preview(session: Session, run: Run) -> Preview:
    some = lapse.some_lapsing(session, on=run.as_of, limit=SAMPLE)
    numbers = customers.numbers_of(session, [customer for customer, _ in some])
    return Preview(_weigh(session, run), [Sample(customer, numbers[customer], -points) for customer, points in some])


MEMBERSHIPS_LAPSE = Job(
    name="memberships-lapse",
    title=N_("Points of memberships that ran out"),
    about=N_("Points of members who did not renew in time are kept, frozen, dropped or converted, as the rules say."),
    batch=_batch,
    total=_total,
    counts={
        "accounts": N_("Accounts"),
        "frozen": N_("Accounts frozen"),
        "dropped": N_("Accounts emptied"),
        "points": N_("Points dropped"),
        "converted": N_("Accounts converted"),
        "became": N_("What the points became"),
        "returned": N_("Accounts given back"),
        "points_returned": N_("Points given back"),
    },
    points=("points", "points_returned"),
    undo=_undo,
    schedule="20 4 * * *",
    preview=_preview,
    # What points became is counted when it is taken back: until then they stand among the points.
    limit=Limit(_weigh, ("points", "became"), lambda settings: settings.expiry_limit),
)
