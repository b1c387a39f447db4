# REQ J-01: runs of schedules that went well are forgotten after some days, and nothing that is still needed
import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.jobs.declared import Run
from erp_club.jobs.kinds import RunState
from erp_club.jobs.models import JobLine, JobRun
from erp_club.jobs.tidy import KEEP_RUNS, RUNS_TIDY
from erp_club.permissions.actors import SYSTEM
from tests.make.organisation import NOW

OLD = NOW - dt.timedelta(days=9)


def a_run(session: Session, key: str | None, *, state: RunState = RunState.DONE, at: dt.datetime = OLD) -> int:
    row = JobRun(name="rollups", as_of=at.date(), key=key, state=state, asked_at=at, finished_at=at, actor="system")
    session.add(row)
    session.flush()
    session.add(JobLine(run_id=row.id, at=at, text="Done."))
    return row.id


def by_schedule(session: Session, number: int, *, at: dt.datetime = OLD) -> Sequence[int]:
    moments = (at + dt.timedelta(minutes=minute) for minute in range(number))
    return [a_run(session, f"rollups:{moment:%Y-%m-%dT%H:%M}", at=moment) for moment in moments]


def test_old_runs_go_with_their_log_and_the_newest_and_those_of_the_last_days_stay(session: Session) -> None:
    failed = a_run(session, "rollups:2026-10-01T10:00", state=RunState.FAILED)
    by_hand, programme = a_run(session, None), a_run(session, "rollups:3:2026-10-01")
    old = by_schedule(session, 5)
    stay = by_schedule(session, KEEP_RUNS - 1, at=NOW - dt.timedelta(days=1))
    latest = by_schedule(session, 3, at=NOW - dt.timedelta(hours=6))
    session.flush()
    run = Run(0, "runs-tidy", NOW.date(), {}, SYSTEM, NOW)
    assert RUNS_TIDY.total(session, run) == 5
    assert RUNS_TIDY.batch(session, run, None).counts == {"runs": 5}
    left = {failed, by_hand, programme, *stay, *latest}
    assert set(session.scalars(sa.select(JobRun.id))) == left
    assert set(session.scalars(sa.select(JobLine.run_id))) == left
    assert not left & set(old)
    assert RUNS_TIDY.batch(session, run, None).counts == {"runs": 0}
