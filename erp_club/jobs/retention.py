"""What may no longer be kept of people is taken out each night, by the rules that head office has decided."""

import datetime as dt

from sqlalchemy.orm import Session

from erp_club.jobs.declared import Cursor, Job, Preview, Run, Said, Sample, Step
from erp_club.jobs.kinds import Level
from erp_club.kernel.text import N_, TN
from erp_club.people.erasure.commands import TOGETHER
from erp_club.people.retention import commands, queries
from erp_club.people.retention.commands import Gone
from erp_club.people.retention.rules import DataKind

PEOPLE, ROWS, SAMPLE = TOGETHER, 5_000, 10
"""People erased, and rows emptied, in one transaction."""
_KINDS = tuple(DataKind)


def _batch(session: Session, run: Run, cursor: Cursor) -> Step:
    """A cursor is the place of the kind, and the id behind which it goes on."""
    place, after = cursor or [0, 0]
    kind = _KINDS[place]
    before = queries.over(session, kind, today=run.as_of)
    gone = Gone(0, 0, None) if before is None else _take_out(session, run, kind, before, after)
    following = [place, gone.last] if gone.last is not None and not (run.dry_run and not gone.last) else [place + 1, 0]
    said = [Said(TN(
        "%(num)s customer stays for now: something stands in the way. Their page says what.",
        "%(num)s customers stay for now: something stands in the way. Their pages say what.", gone.left,
    ), Level.WARN)] if gone.left else []  # fmt: skip
    counts = {kind.value: gone.done, "left": gone.left}
    return Step(following if following[0] < len(_KINDS) else None, gone.done + gone.left, counts, said)


def _take_out(session: Session, run: Run, kind: DataKind, before: dt.datetime, after: int) -> Gone:
    match kind:
        case DataKind.CUSTOMERS:
            return commands.erase_silent(
                session, before=before, after=after, limit=PEOPLE, today=run.as_of, now=run.now, by=run.by
            )
        case DataKind.CHANGES:
            return commands.empty_changes(session, before=before, after=after, limit=PEOPLE, now=run.now, by=run.by)
        case DataKind.OFFLINE_SALES:
            return commands.empty_offline_sales(session, before=before, limit=ROWS)


def _counts(session: Session, run: Run) -> dict[str, int]:
    moments = {kind: queries.over(session, kind, today=run.as_of) for kind in _KINDS}
    return {
        kind.value: 0 if before is None else queries.count(session, kind, before=before)
        for kind, before in moments.items()
    }


def _preview(session: Session, run: Run) -> Preview:
    before = queries.over(session, DataKind.CUSTOMERS, today=run.as_of)
    found = [] if before is None else queries.silent(session, before=before, after=0, limit=SAMPLE)
    return Preview(_counts(session, run), [Sample(each.customer_id, each.number, -each.points) for each in found])


RETENTION = Job(
    name="retention",
    title=N_("What may no longer be kept"),
    about=N_("Takes out what is older than head office keeps it. It can't be taken back: look at the preview first."),
    batch=_batch,
    total=lambda session, run: sum(_counts(session, run).values()),
    counts={
        DataKind.CUSTOMERS.value: N_("Customers erased"),
        DataKind.CHANGES.value: N_("Entries of the change log emptied"),
        DataKind.OFFLINE_SALES.value: N_("Offline sales emptied"),
        "left": N_("Customers who stay for now"),
    },
    schedule="40 2 * * *",
    preview=_preview,
)
