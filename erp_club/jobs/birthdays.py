"""Who celebrates gets what the plans give: each night, and once for each birthday whatever happens to the run."""

from sqlalchemy.orm import Session

from erp_club.birthday.grants import commands, queries
from erp_club.birthday.grants.counted.queries import Count, count_owed
from erp_club.jobs.declared import Cursor, Job, Preview, Run, Said, Sample, Step
from erp_club.jobs.kinds import Level
from erp_club.kernel.text import N_, TN
from erp_club.organisation.models import Chain
from erp_club.programmes.needs.queries import giving as giving_on
from erp_club.programmes.upkeep import commands as upkeep
from erp_club.programmes.upkeep.commands import Now

BATCH = 5_000
"""Customers in one transaction."""
SAMPLE = 10


def _batch(session: Session, run: Run, cursor: Cursor) -> Step:
    """A cursor is the plan, whether somebody waits, and the customer and person behind which the plan goes on."""
    if cursor is None:
        # A version of a programme that begins today brings its own plans.
        upkeep.keep_all(session, Now(run.as_of, run.now, run.by, session.get_one(Chain, 1).language))
    plan_id, waited, *place = cursor or [0, 0]
    if not place:
        plan_id, waited = next(iter(queries.active_plans(session, after=plan_id)), 0), 0
        if not plan_id:
            return Step(None, 0)
    giving = giving_on(run.as_of, run.now, run.by, run_id=run.id)
    after = (place[0], place[1]) if place else None
    done = commands.grant_next(session, plan_id, giving, after=after, limit=BATCH, waited=bool(waited))
    waited = waited or int(done.waiting > 0)
    following = [plan_id, waited, *done.last] if done.last else [plan_id, 0]
    said = [Said(TN(
        "%(num)s customer waits: the batch or kind of card gives nothing more.",
        "%(num)s customers wait: the batch or kind of card gives nothing more.", done.waiting,
    ), Level.WARN)] if done.waiting else []  # fmt: skip
    counts = {"grants": done.grants, "minor": done.amount_minor, "points": done.points, "waiting": done.waiting}
    return Step(following, done.grants, counts, said)


def _owed(session: Session, run: Run, *, some: int = 0) -> Count:
    giving = giving_on(run.as_of, run.now, run.by)
    return count_owed(
        session,
        run.as_of,
        some=some,
        meeting=lambda plan, rows: commands.those_meeting(session, plan, rows, giving),
    )


def _total(session: Session, run: Run) -> int:
    return _owed(session, run).customers


def _preview(session: Session, run: Run) -> Preview:
    found = _owed(session, run, some=SAMPLE)
    sample = [Sample(each.customer_id, each.number, each.points) for each in found.some]
    return Preview({"grants": found.customers, "minor": found.amount_minor, "points": found.points}, sample)


BIRTHDAYS = Job(
    name="birthdays",
    title=N_("Birthdays"),
    about=N_("Members get what the birthday plans give, each once, also where the job ran late or not at all."),
    batch=_batch,
    total=_total,
    counts={
        "grants": N_("Gifts"),
        "minor": N_("Value at most"),
        "points": N_("Points given"),
        "waiting": N_("Waiting, since there is nothing to give"),
    },
    points=("points",),
    schedule="10 0 * * *",
    preview=_preview,
)
