"""Gives new keys to names whose keys are of an older version of the product.

Once as soon as a version of other rules is at work, since until then they would be misread; and each night, so that
words that stand twice become one and how many have a word is known of new ones too.
"""

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from erp_club.customers.names import commands
from erp_club.customers.names.entries import NAMES_VERSION
from erp_club.jobs.declared import Cursor, Job, Occasion, Run, Step
from erp_club.kernel.text import N_

_STEPS = (commands.rekey_words, commands.rekey_customers, commands.join_doubles)
"""Words first: taking names apart then finds them with today's keys."""


def _batch(session: Session, _run: Run, cursor: Cursor) -> Step:
    place = cursor[0] if cursor else 0
    if place == len(_STEPS):
        commands.count_bearers(session)
        return Step(None, 0)
    kept = _STEPS[place](session)
    return Step([place if kept else place + 1], kept, {"names": kept})


def _due(_session: Session, now: dt.datetime, zone: str) -> Sequence[Occasion]:
    return [Occasion(now.astimezone(ZoneInfo(zone)).date(), {}, f"names-rekey:version-{NAMES_VERSION}")]


def _total(session: Session, _run: Run) -> int:
    from erp_club.customers.names import queries  # with numpy, which nobody else who knows the jobs needs

    return queries.stale(session)


NAMES_REKEY = Job(
    name="names-rekey",
    title=N_("New keys for the search for names"),
    about=N_("After a version that reads names otherwise, names that are stored already are read again."),
    batch=_batch,
    total=_total,
    counts={"names": N_("Names with new keys")},
    schedule="10 5 * * *",
    due=_due,
)
