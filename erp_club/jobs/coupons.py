"""Issues many coupons of a batch in portions, for they would keep whoever asks for them waiting for minutes."""

import datetime as dt

from sqlalchemy.orm import Session

from erp_club.jobs import commands, queries
from erp_club.jobs.declared import Cursor, Job, Run, Step
from erp_club.kernel.text import N_
from erp_club.permissions.actors import Actor
from erp_club.promotions.coupons import errors
from erp_club.promotions.coupons.batches import commands as batches

MOST_AT_ONCE = 20_000
"""So many coupons are issued while their asker waits: a second or two."""
_PORTION = 20_000


def _batch(session: Session, run: Run, cursor: Cursor) -> Step:
    done, count = cursor[0] if cursor else 0, int(run.parameters["count"])
    part = min(_PORTION, count - done)
    batches.generate(session, int(run.parameters["batch"]), part, now=run.now, today=run.as_of, by=run.by)
    rest = done + part < count
    return Step([done + part] if rest else None, part, {"coupons": part})


COUPONS_ISSUE = Job(
    name=queries.COUPONS_ISSUE,
    title=N_("Issuing coupons"),
    about=N_("Issues many coupons of a batch. Started on the page of the batch."),
    batch=_batch,
    total=lambda _session, run: int(run.parameters["count"]),
    counts={"coupons": N_("Coupons")},
    by_hand=False,
)


def start(session: Session, batch_id: int, count: int, *, today: dt.date, now: dt.datetime, by: Actor) -> None:
    """Let a worker issue so many bearer coupons.

    Raises what `generate` raises, and Conflict `batch-issuing` while the coupons that were asked for before aren't all
    there.
    """
    batches.check_generate(session, batch_id, count, today=today)
    standing = queries.issuing(session, batch_id)
    if standing is not None and standing.open:
        raise errors.issuing(standing.count - standing.done)
    commands.ask(
        session, COUPONS_ISSUE, as_of=today, parameters={"batch": batch_id, "count": count}, now=now, by=by
    )  # fmt: skip
