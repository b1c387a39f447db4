"""Memberships that go on by themselves, or by a purchase, are renewed each night where nothing is to be paid for it."""

from sqlalchemy.orm import Session

from erp_club.customers import queries as customers
from erp_club.jobs.declared import Cursor, Job, Preview, Run, Said, Step
from erp_club.jobs.kinds import Level
from erp_club.kernel.text import N_, T
from erp_club.purchases.renewals import queries
from erp_club.purchases.renewals.commands import renew_due

BATCH = 200
"""Memberships in one transaction: a till that renews one waits for it."""


def _batch(session: Session, run: Run, cursor: Cursor) -> Step:
    after = cursor[0] if cursor else 0
    done = renew_due(session, on=run.as_of, after=after, limit=BATCH, now=run.now, by=run.by)
    numbers = customers.numbers_of(session, [customer for customer, _ in done.left])
    said = [
        Said(T("%(number)s wasn't renewed: %(why)s", number=numbers[customer], why=refused.text), Level.WARN)
        for customer, refused in done.left
    ]
    counts = {"renewed": done.renewed, "left": len(done.left)}
    return Step(None if done.last is None else [done.last], done.looked_at, counts, said)


def _total(session: Session, run: Run) -> int:
    return queries.count_due(session, on=run.as_of)


MEMBERSHIPS_RENEW = Job(
    name="memberships-renew",
    title=N_("Memberships that go on by themselves"),
    about=N_("Where a club says so, members are renewed at the end of their term or by a purchase, if nothing is due."),
    batch=_batch,
    total=_total,
    preview=lambda session, run: Preview({"renewed": _total(session, run)}, []),
    counts={"renewed": N_("Memberships renewed"), "left": N_("Left as they are")},
    schedule="1 0 * * *",
)
