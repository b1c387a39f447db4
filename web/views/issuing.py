"""What the page of a batch shows while many coupons of it are issued by a job."""

from pydantic import BaseModel

from erp_club.jobs import queries as jobs
from erp_club.jobs.kinds import RunState
from web.deps import Act


class IssuingView(BaseModel):
    """How far the issuing of many coupons of a batch is: `open` while more come, `stopped` where it ended too early."""

    batch_id: int
    open: bool = False
    stopped: bool = False
    done: int = 0
    count: int = 0


def issuing_view(act: Act, batch_id: int) -> IssuingView:
    """How far the newest job is that issues coupons of the batch."""
    found = jobs.issuing(act.session, batch_id)
    if found is None:
        return IssuingView(batch_id=batch_id)
    stopped = found.state in {RunState.FAILED, RunState.STOPPED}
    return IssuingView(batch_id=batch_id, open=found.open, stopped=stopped, done=found.done, count=found.count)


def unfinished(act: Act, batch_id: int) -> IssuingView | None:
    """The same while it goes on, and where it ended too early; else None."""
    view = issuing_view(act, batch_id)
    return view if view.open or view.stopped else None
