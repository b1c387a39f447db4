"""Issues many coupons of a batch in portions, for they would keep whoever asks for them waiting for minutes."""

import datetime as dt

from sqlalchemy.orm import Session

from erp_club.jobs import commands, queries
from erp_club.jobs.declared import Cursor, Job, Run, Step
from erp_club.kernel.text import N_
from erp_club.permissions.actors import Actor
from erp_club.promotions.coupons import errors
from erp_club.promotions.coupons.batches import commands as batches
from erp_club.segments import saved as segments

MOST_AT_ONCE = 20_000
"""So many coupons are issued while their asker waits: a second or two."""
_PORTION = 20_000


def _batch(session: Session, run: Run, cursor: Cursor) -> Step:
    if "segment" in run.parameters:
        return _of_segment(session, run, cursor)
    done, count = cursor[0] if cursor else 0, int(run.parameters["count"])
    part = min(_PORTION, count - done)
    batches.generate(session, int(run.parameters["batch"]), part, now=run.now, today=run.as_of, by=run.by)
    rest = done + part < count
    return Step([done + part] if rest else None, part, {"coupons": part})


def _of_segment(session: Session, run: Run, cursor: Cursor) -> Step:
    batch_id, segment_id = int(run.parameters["batch"]), int(run.parameters["segment"])
    after = cursor[0] if cursor else 0
    last, part = batches.assign_segment(
        session, batch_id, segment_id, after=after, limit=_PORTION, now=run.now, today=run.as_of, by=run.by
    )
    return Step(None if last is None else [last], part, {"coupons": part})


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
    _ask(session, {"batch": batch_id, "count": count}, today=today, now=now, by=by)


def assign_segment(
    session: Session, batch_id: int, segment_id: int, *, today: dt.date, now: dt.datetime, by: Actor
) -> tuple[int, int]:
    """Issue a personal coupon to each customer in a segment: how many were issued, and how many a worker will issue.

    Raises NotFound, what `assign` of batches raises, and Conflict `batch-issuing` as `start` does.
    """
    count = batches.in_segment(session, segments.one(session, segment_id).id)
    batches.check_assign(session, batch_id, today=today, count=count)
    if count <= MOST_AT_ONCE:
        return batches.assign_segment(
            session, batch_id, segment_id, limit=MOST_AT_ONCE, now=now, today=today, by=by
        )[1], 0  # fmt: skip
    parameters = {"batch": batch_id, "segment": segment_id, "count": count}
    _ask(session, parameters, today=today, now=now, by=by)
    return 0, count


def _ask(session: Session, parameters: dict[str, int], *, today: dt.date, now: dt.datetime, by: Actor) -> None:
    batch_id = parameters["batch"]
    standing = queries.issuing(session, batch_id)
    if standing is not None and standing.open:
        raise errors.issuing(standing.count - standing.done)
    commands.ask(session, COUPONS_ISSUE, as_of=today, parameters=parameters, now=now, by=by)
