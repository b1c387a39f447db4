"""Works off the replay of a programme that was asked for on a club's page."""

import datetime as dt

from sqlalchemy.orm import Session

from erp_club.jobs import commands
from erp_club.jobs.declared import Cursor, Job, Run, Step
from erp_club.kernel.text import N_
from erp_club.permissions.actors import Actor
from erp_club.reports import what_if_runs
from erp_club.reports.what_if import what_if


def _batch(session: Session, run: Run, _cursor: Cursor) -> Step:
    run_id = int(run.parameters["what_if"])
    asked = what_if_runs.run(session, run_id)
    held = what_if_runs.beside(session, asked, today=run.as_of)
    outcome = what_if(session, asked.programme, held, today=run.as_of, progress=run.tell)
    what_if_runs.keep(session, run_id, outcome)
    return Step(None, 0, {"receipts": outcome.receipts, "members": outcome.members})


WHAT_IF = Job(
    name="what-if",
    title=N_("Replays of programmes"),
    about=N_("Replays past receipts under another programme. Started on the page of the club's programme."),
    batch=_batch,
    counts={"receipts": N_("Receipts"), "members": N_("Members")},
    by_hand=False,
)


def start(session: Session, run_id: int, *, today: dt.date, now: dt.datetime, by: Actor) -> None:
    """Let a worker begin with the replay."""
    commands.ask(session, WHAT_IF, as_of=today, parameters={"what_if": run_id}, now=now, by=by)
