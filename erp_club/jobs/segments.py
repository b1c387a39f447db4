"""Adds up new receipts, and finds again who is in each segment."""

from sqlalchemy.orm import Session

from erp_club.jobs.declared import Cursor, Job, Run, Step
from erp_club.kernel.text import N_
from erp_club.purchases.segment_registry import REGISTRY
from erp_club.receipts.commands import keep_habits
from erp_club.receipts.rollups import commands as rollups
from erp_club.receipts.rollups import queries
from erp_club.segments import commands, saved

_AT_ONCE = 20_000


def _roll(session: Session, _run: Run, _cursor: Cursor) -> Step:
    if rollups.far_behind(session):
        rolled = rollups.make_anew(session)
        return Step([0], rolled, {"receipts": rolled})
    rolled = rollups.roll(session, most=_AT_ONCE)
    return Step([0] if rolled == _AT_ONCE else None, rolled, {"receipts": rolled})


def _refresh(session: Session, run: Run, cursor: Cursor) -> Step:
    known = saved.known(session, REGISTRY)
    if cursor is None:
        keep_habits(session, run.as_of)
        return Step([0] if known.ids else None, 0)
    left = sorted(each for each in known.ids.values() if each > cursor[0])
    if not left:
        return Step(None, 0)
    commands.refresh(session, left[0], registry=REGISTRY, today=run.as_of, now=run.now, known=known)
    return Step([left[0]] if left[1:] else None, 1, {"segments": 1})


def _segments(session: Session, _run: Run) -> int:
    return len(saved.known(session, REGISTRY).ids)


ROLLUPS = Job(
    name="receipts-roll",
    title=N_("Add up new receipts"),
    about=N_(
        "Segments and reports read sums of receipts by customer, day and group. New receipts count at once; here they "
        "are added to the sums."
    ),
    batch=_roll,
    total=lambda session, _run: queries.waiting(session),
    counts={"receipts": N_("Receipts added")},
    schedule="*/5 * * * *",
)
SEGMENTS_REFRESH = Job(
    name="segments-refresh",
    title=N_("Refresh segments"),
    about=N_(
        "Finds out every customer's favourites and scores, then who is in each segment, for tills, offers and lists, "
        "and keeps the counts."
    ),
    batch=_refresh,
    total=_segments,
    counts={"segments": N_("Segments refreshed")},
    schedule="40 3 * * *",
)
