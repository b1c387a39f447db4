"""The job that runs programmes of points, and takes their runs back."""

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from erp_club.jobs.declared import Cursor, Job, Limit, Occasion, Preview, Run, Sample, Step
from erp_club.jobs.programmes import commands, queries
from erp_club.jobs.programmes.queries import ProgrammeRow
from erp_club.jobs.programmes.undoing import take_back_run
from erp_club.kernel.text import N_
from erp_club.points.sets.commands import SetCause

BATCH = 10_000
"""Accounts in one transaction."""
SAMPLE = 10


def _batch(session: Session, run: Run, cursor: Cursor) -> Step:
    programme_id = int(run.parameters["programme"])
    held = cursor is None and not run.dry_run
    wanted = commands.runnable(session, programme_id) if held else queries.programme(session, programme_id)
    cause = SetCause(commands.kind_of(wanted), run.as_of, run.now, run.by, run.id, wanted.name)
    after = (cursor[0], cursor[1]) if cursor else None
    keys, taken, given = commands.change_points(session, wanted, after=after, limit=BATCH, as_of=run.as_of, cause=cause)
    counts = {"accounts": len(keys), "given": given, "taken": taken}
    return Step(list(keys[-1]) if keys else None, len(keys), counts)


def _total(session: Session, run: Run) -> int:
    return queries.touched(session, queries.programme(session, int(run.parameters["programme"]))).accounts


def preview(session: Session, programme_id: int) -> Preview:
    """Whom a programme would touch now."""
    wanted = queries.programme(session, programme_id)
    some = queries.some_touched(session, wanted, limit=SAMPLE)
    return Preview(_counts(session, wanted), [Sample(each.customer_id, each.number, each.points) for each in some])


def _counts(session: Session, wanted: ProgrammeRow) -> dict[str, int]:
    touched = queries.touched(session, wanted)
    return {"accounts": touched.accounts, "given": touched.given, "taken": touched.taken}


def _weigh(session: Session, run: Run) -> dict[str, int]:
    return _counts(session, queries.programme(session, int(run.parameters["programme"])))


def _behind(session: Session, run: Run) -> list[int]:
    maker = queries.programme(session, int(run.parameters["programme"])).made_by
    return [] if maker is None else [maker]


def _due(session: Session, now: dt.datetime, zone: str) -> Sequence[Occasion]:
    today = now.astimezone(ZoneInfo(zone)).date()
    return [Occasion(day, {"programme": found}, key(found, day)) for found, day in queries.due(session, today)]


def key(programme_id: int, day: dt.date) -> str:
    """By which a programme is run once for a day, by its schedule or by hand."""
    return f"{POINTS_PROGRAMME.name}:{programme_id}:{day}"


POINTS_PROGRAMME = Job(
    name="points-programme",
    title=N_("Programmes of points"),
    about=N_("Zeroes or changes the points of chosen members. Set up and started on the page of a programme."),
    batch=_batch,
    total=_total,
    counts={
        "accounts": N_("Accounts"),
        "given": N_("Points given"),
        "taken": N_("Points taken"),
        "left": N_("Left as they are"),
    },
    points=("given", "taken"),
    due=_due,
    undo=take_back_run,
    limit=Limit(_weigh, ("given", "taken"), lambda settings: settings.points_limit, behind=_behind),
    by_hand=False,
)
