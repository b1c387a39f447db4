"""Points whose last day is over leave the ledger each night."""

from sqlalchemy.orm import Session

from erp_club.clubs.units.queries import units_of_accounts
from erp_club.customers import queries as customers
from erp_club.jobs.declared import Cursor, Job, Limit, Preview, Run, Sample, Step
from erp_club.jobs.programmes.undoing import take_back_run
from erp_club.kernel.text import N_
from erp_club.points.expiry import commands as expiry

BATCH = 10_000
"""Accounts in one transaction."""
SAMPLE = 10


def _batch(session: Session, run: Run, cursor: Cursor) -> Step:
    after = (cursor[0], cursor[1]) if cursor else None
    done = expiry.expire_points(session, on=run.as_of, after=after, limit=BATCH, run_id=run.id, now=run.now, by=run.by)
    counts = {"accounts": done.accounts, "points": done.points}
    return Step(list(done.last) if done.last else None, done.accounts, counts)


def _total(session: Session, run: Run) -> int:
    return expiry.expiring(session, on=run.as_of)[0]


def _preview(session: Session, run: Run) -> Preview:
    accounts, points = expiry.expiring(session, on=run.as_of)
    some = expiry.some_expiring(session, on=run.as_of, limit=SAMPLE)
    numbers = customers.numbers_of(session, [each.customer_id for each in some])
    units = units_of_accounts(session, [each.account_id for each in some])
    sample = [
        Sample(each.customer_id, numbers[each.customer_id], -each.points, units.get(each.account_id)) for each in some
    ]
    return Preview({"accounts": accounts, "points": points}, sample)


def _weigh(session: Session, run: Run) -> dict[str, int]:
    accounts, points = expiry.expiring(session, on=run.as_of)
    return {"accounts": accounts, "points": points}


POINTS_EXPIRE = Job(
    name="points-expire",
    title=N_("Expiry of points"),
    about=N_("Points whose last day is over leave the balance. They can't be used from that day on, run or no run."),
    batch=_batch,
    total=_total,
    counts={
        "accounts": N_("Accounts"),
        "points": N_("Points expired"),
        "given": N_("Points given"),
        "taken": N_("Points taken"),
        "left": N_("Left as they are"),
    },
    points=("points", "given", "taken"),
    schedule="30 4 * * *",
    preview=_preview,
    undo=take_back_run,
    limit=Limit(_weigh, ("points",), lambda settings: settings.expiry_limit),
)
