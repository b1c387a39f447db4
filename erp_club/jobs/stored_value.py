"""Money on prepaid and gift cards whose last day is over leaves the cards each night."""

from sqlalchemy.orm import Session

from erp_club.jobs.declared import Cursor, Job, Limit, Preview, Run, Step
from erp_club.kernel.text import N_
from erp_club.stored_value.expiry import commands as expiry
from erp_club.stored_value.numbers import CardKey

BATCH = 1_000
"""Cards in one transaction: tills wait for those rows."""


def _batch(session: Session, run: Run, cursor: Cursor) -> Step:
    after = CardKey(cursor[0], cursor[1]) if cursor else None
    done = expiry.expire_cards(session, on=run.as_of, after=after, limit=BATCH, run_id=run.id, now=run.now, by=run.by)
    return Step(list(done.last) if done.last else None, done.cards, {"cards": done.cards, "minor": done.amount_minor})


def _total(session: Session, run: Run) -> int:
    return expiry.expiring(session, on=run.as_of).cards


def _preview(session: Session, run: Run) -> Preview:
    return Preview(_weigh(session, run), [])


def _weigh(session: Session, run: Run) -> dict[str, int]:
    found = expiry.expiring(session, on=run.as_of)
    return {"cards": found.cards, "minor": found.amount_minor}


STORED_VALUE_EXPIRE = Job(
    name="stored-value-expire",
    title=N_("Expiry of gift cards"),
    about=N_("Money whose last day is over leaves the cards. It can't be used from that day on, run or no run."),
    batch=_batch,
    total=_total,
    counts={"cards": N_("Cards"), "minor": N_("Expired money")},
    schedule="40 4 * * *",
    preview=_preview,
    limit=Limit(_weigh, ("minor",), lambda settings: settings.expiry_limit, accounts="cards"),
)
