"""The job that converts balances once when a version of a programme begins, and takes that back."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from erp_club.clubs.conversions import queries as conversions
from erp_club.clubs.conversions.undoing import commands as undoing
from erp_club.customers import queries as customers
from erp_club.jobs.declared import Cursor, Job, Limit, Preview, Run, Said, Sample, Step
from erp_club.jobs.kinds import Level
from erp_club.jobs.memberships import left_as_used
from erp_club.kernel.text import N_, T
from erp_club.organisation.models import Chain
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Cause
from erp_club.points.sets.commands import hold_accounts
from erp_club.programmes.conversions import queries
from erp_club.programmes.conversions.commands import convert_balances
from erp_club.programmes.upkeep import commands as upkeep
from erp_club.programmes.upkeep.commands import Now

BATCH, UNDO_BATCH = 2_000, 500
"""Accounts in one transaction."""
SAMPLE = 10


def _batch(session: Session, run: Run, cursor: Cursor) -> Step:
    club_id, after, some = cursor or (0, 0, 0)
    following = [each for each in queries.switched(session, on=run.as_of) if each.club_id >= club_id]
    if not following:
        return Step(None, 0)
    club = following[0]
    done = convert_balances(
        session, club, on=run.as_of, after=after if club.club_id == club_id else 0, limit=BATCH,
        now=run.now, by=run.by, run_id=run.id,
    )  # fmt: skip
    counts = {"accounts": done.accounts, "points": done.points, "became": done.became}
    counts |= {"left": len(done.left)} if done.left else {}
    numbers = customers.numbers_of(session, [holder for holder, _ in done.left])
    other = club.conversion.to_club or ""
    said = [
        Said(T("%(number)s isn't a member of %(club)s, so it stays.", number=numbers[holder], club=other), Level.WARN)
        for holder, _ in done.left
    ]
    if done.last is not None:
        return Step([club.club_id, done.last, 1], done.accounts, counts, said)
    if some and club.club_id == club_id:
        # Now that all balances are in the unit of the version, points may be worth what it says.
        language = session.get_one(Chain, 1).language
        upkeep.keep(session, club_id, Now(run.as_of, run.now, run.by, language), begins=True)
    return Step([following[1].club_id, 0, 0] if len(following) > 1 else None, 0, counts)


def _undo(session: Session, run: Run, cursor: Cursor) -> Step:
    assert run.undo_of is not None
    after = (cursor[0], cursor[1]) if cursor else None
    rows = conversions.of_run(session, run.undo_of, after=after, limit=UNDO_BATCH)
    if not rows:
        return Step(None, 0)
    hold_accounts(session, sorted({(each.customer_id, each.account_id) for each in rows}))
    back = undoing.take_back(session, rows, Cause(MovementKind.UNDONE, run.as_of, run.now, run.by, run_id=run.id))
    counts = {"undone": back.accounts, "left": len(back.left)}
    return Step([rows[-1].customer_id, rows[-1].id], len(rows), counts, left_as_used(session, back.left))


def _preview(session: Session, run: Run) -> Preview:
    clubs = queries.switched(session, on=run.as_of)
    told = [queries.weighed(session, each, on=run.as_of, some=SAMPLE) for each in clubs]
    some = [one for each in told for one in each.some][:SAMPLE]
    numbers = customers.numbers_of(session, [holder for holder, _ in some])
    counts = {
        "accounts": sum(each.accounts for each in told),
        "points": sum(each.points for each in told),
        "became": sum(each.became for each in told),
    }
    return Preview(counts, [Sample(holder, numbers[holder], -points) for holder, points in some])


def _weigh(session: Session, run: Run) -> Mapping[str, int]:
    return _preview(session, run).counts


def _behind(session: Session, run: Run) -> list[int]:
    """Who wrote the versions that begin."""
    return queries.writers(session, queries.switched(session, on=run.as_of))


def _total(session: Session, run: Run) -> int:
    clubs = queries.switched(session, on=run.as_of)
    return sum(queries.count_accounts(session, each, on=run.as_of) for each in clubs)


POINTS_CONVERT = Job(
    name="points-convert",
    title=N_("Conversions of points"),
    about=N_("Where other rules of a club begin, the points of before become what these say, once for each account."),
    batch=_batch,
    total=_total,
    preview=_preview,
    counts={
        "accounts": N_("Accounts converted"),
        "points": N_("Points converted"),
        "became": N_("What the points became"),
        "left": N_("Left as they are"),
        "undone": N_("Conversions taken back"),
    },
    points=("points",),
    undo=_undo,
    limit=Limit(_weigh, ("points",), lambda settings: settings.points_limit, behind=_behind),
    schedule="5 0 * * *",
)
