# REQ J-01: runs are asked for once, done once, stopped, resumed, and found when a worker dies
import dataclasses
import datetime as dt
import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.names.entries import NAMES_VERSION
from erp_club.jobs import commands, queries, queue, runner, worker
from erp_club.jobs.catalogue import JOBS, NIGHT
from erp_club.jobs.declared import Cursor, Job, Run, Said, Step
from erp_club.jobs.kinds import RunState
from erp_club.jobs.models import JobRun
from erp_club.kernel import audit
from erp_club.kernel.audit import AuditEntry
from erp_club.kernel.db import Database
from erp_club.kernel.errors import Conflict
from erp_club.kernel.text import T
from erp_club.permissions.actors import SYSTEM
from tests.make.organisation import NOW, a_chain

TODAY = dt.date(2026, 11, 22)
BATCHES = 5


def stamp(session: Session, run: Run, cursor: Cursor) -> Step:
    """Leaves one trace a batch, five in all: a batch done twice, or left out, would show."""
    place = cursor[0] if cursor else 0
    audit.record(session, by=run.by, now=run.now, action="stamped", entity="test", entity_id=f"{run.as_of} {place}")
    said = [Said(T("Stamped %(place)s.", place=place))]  # fmt: skip
    return Step([place + 1] if place + 1 < BATCHES else None, 1, {"stamps": 1}, said)


def unstamp(session: Session, run: Run, _cursor: Cursor) -> Step:
    audit.record(session, by=run.by, now=run.now, action="unstamped", entity="test", entity_id=run.undo_of)
    return Step(None, 0)


STAMP = Job(
    "stamp", "Stamp", "Stamps.", stamp, {"stamps": "Stamps"}, total=lambda _session, _run: BATCHES, undo=unstamp
)


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(JOBS, "stamp", STAMP)


def asked(database: Database, job: Job = STAMP, **other: object) -> int:
    values: dict[str, object] = {"as_of": TODAY, "now": NOW, "by": SYSTEM}
    with database.session() as session:
        run_id = commands.ask(session, job, **values | other)  # type: ignore[arg-type]
        session.commit()
    return run_id


def stamps(database: Database, action: str = "stamped") -> list[str]:
    with database.session() as session:
        asked = sa.select(AuditEntry.entity_id).where(AuditEntry.action == action).order_by(AuditEntry.id)
        return list(session.scalars(asked))


def standing(database: Database, run_id: int) -> queries.RunRow:
    with database.session() as session:
        return queries.run(session, run_id)


EACH_ONCE = [f"{TODAY} {place}" for place in range(BATCHES)]


def test_a_run_does_each_batch_once_and_keeps_how_far_it_is(committed: Database) -> None:
    run_id = asked(committed)
    told: list[tuple[int, int]] = []
    assert runner.work(committed, run_id, told=lambda done, total: told.append((done, total)))
    assert not runner.work(committed, run_id)
    assert stamps(committed) == EACH_ONCE
    row = standing(committed, run_id)
    assert (row.state, row.done, row.total, row.counts) == (RunState.DONE, 5, 5, {"stamps": 5})
    assert told[0] == (0, 5)
    assert told[-1] == (5, 5)
    with committed.session() as session:
        said = [line.text for line in queries.lines(session, run_id)]
    assert said == ["Begun.", *["Stamped %(place)s."] * 5, "Done."]


def test_what_is_asked_for_twice_at_once_is_one_run(committed: Database) -> None:
    assert asked(committed) == asked(committed)
    assert asked(committed) != asked(committed, dry_run=True)
    assert asked(committed) != asked(committed, parameters={"club": 7})
    runner.work_waiting(committed)
    assert asked(committed, key="stamp:once") == asked(committed, key="stamp:once")
    runner.work_waiting(committed)
    assert standing(committed, asked(committed, key="stamp:once")).state is RunState.DONE


def test_a_run_that_ends_while_it_is_asked_for_once_more_is_followed_by_another(
    committed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, looked_up = asked(committed), commands._standing

    def too_late(*told: object) -> int | None:
        runner.work_waiting(committed)
        return looked_up(*told)  # type: ignore[arg-type]

    monkeypatch.setattr(commands, "_standing", too_late)
    second = asked(committed)
    assert second != first
    assert [standing(committed, each).state for each in (first, second)] == [RunState.DONE, RunState.QUEUED]


def test_a_dry_run_counts_and_changes_nothing(committed: Database) -> None:
    run_id = asked(committed, dry_run=True)
    runner.work(committed, run_id)
    assert standing(committed, run_id).counts == {"stamps": 5}
    assert stamps(committed) == []


def test_a_stopped_run_goes_on_where_it_stopped(committed: Database) -> None:
    run_id = asked(committed)

    def stop_after_two(done: int, _total: int) -> None:
        if done == 2:
            with committed.session() as session:
                commands.stop_run(session, run_id, now=NOW, by=SYSTEM)
                session.commit()

    runner.work(committed, run_id, told=stop_after_two)
    assert standing(committed, run_id).state is RunState.STOPPED
    assert stamps(committed) == EACH_ONCE[:3]
    assert runner.work_waiting(committed) == 0
    with committed.session() as session:
        commands.resume_run(session, run_id, now=NOW, by=SYSTEM)
        session.commit()
    assert runner.work_waiting(committed) == 1
    assert stamps(committed) == EACH_ONCE


def test_a_run_that_nobody_has_begun_stops_at_once_and_an_ended_one_not_at_all(committed: Database) -> None:
    run_id = asked(committed)
    with committed.session() as session:
        with pytest.raises(Conflict):
            commands.resume_run(session, run_id, now=NOW, by=SYSTEM)
        commands.stop_run(session, run_id, now=NOW, by=SYSTEM)
        with pytest.raises(Conflict):
            commands.stop_run(session, run_id, now=NOW, by=SYSTEM)
        session.commit()
    assert asked(committed) != run_id
    with committed.session() as session, pytest.raises(Conflict, match="Another run"):
        commands.resume_run(session, run_id, now=NOW, by=SYSTEM)


def test_a_process_that_ends_puts_its_run_back(committed: Database) -> None:
    run_id = asked(committed)
    looks = iter((False, False, True))
    runner.work(committed, run_id, stopping=lambda: next(looks))
    assert standing(committed, run_id).state is RunState.QUEUED
    assert stamps(committed) == EACH_ONCE[:2]
    runner.work_waiting(committed)
    assert stamps(committed) == EACH_ONCE


def test_two_workers_are_never_at_one_run(committed: Database) -> None:
    run_id = asked(committed)
    with commands.held(committed.engine, run_id) as mine:
        assert mine
        assert not runner.work(committed, run_id)
    assert stamps(committed) == []
    workers = [threading.Thread(target=runner.work_waiting, args=(committed,)) for _ in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert stamps(committed) == EACH_ONCE


def test_a_worker_that_lost_its_run_keeps_nothing_more(committed: Database) -> None:
    run_id = asked(committed)

    def lose(done: int, _total: int) -> None:
        # As if the connection with the lock had died, and another worker had taken the run over.
        if done == 2:
            with committed.session() as session:
                session.execute(sa.update(JobRun).values(holder="another"))
                session.commit()

    runner.work(committed, run_id, told=lose)
    assert stamps(committed) == EACH_ONCE[:2]
    assert standing(committed, run_id).state is RunState.RUNNING
    runner.work_waiting(committed)
    assert stamps(committed) == EACH_ONCE
    with committed.session() as session:
        assert "A worker left it behind; another one goes on." in [line.text for line in queries.lines(session, run_id)]


def test_a_run_that_fails_tells_why_and_can_be_resumed(committed: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(session: Session, run: Run, cursor: Cursor) -> Step:
        if cursor == [3]:
            raise ValueError("the paper is out")
        return stamp(session, run, cursor)

    monkeypatch.setitem(JOBS, "stamp", dataclasses.replace(STAMP, batch=fails))
    run_id = asked(committed)
    with pytest.raises(ValueError, match="paper"):
        runner.work(committed, run_id)
    assert standing(committed, run_id).state is RunState.FAILED
    with committed.session() as session:
        assert queries.lines(session, run_id)[-1].values == {"reason": "ValueError: the paper is out"}
        commands.resume_run(session, run_id, now=NOW, by=SYSTEM)
        session.commit()
    monkeypatch.setitem(JOBS, "stamp", STAMP)
    runner.work_waiting(committed)
    assert stamps(committed) == EACH_ONCE


def test_a_finished_run_is_undone_once(committed: Database) -> None:
    run_id = asked(committed)
    with committed.session() as session, pytest.raises(Conflict):
        commands.undo_run(session, run_id, STAMP, today=TODAY, now=NOW, by=SYSTEM)
    runner.work_waiting(committed)
    with committed.session() as session:
        undo = commands.undo_run(session, run_id, STAMP, today=TODAY, now=NOW, by=SYSTEM)
        assert commands.undo_run(session, run_id, STAMP, today=TODAY, now=NOW, by=SYSTEM) == undo
        session.commit()
    runner.work_waiting(committed)
    assert stamps(committed, "unstamped") == [str(run_id)]
    assert standing(committed, run_id).undone_by == undo


def test_a_schedule_is_run_once_a_day_in_the_chains_time_also_when_nobody_worked(
    committed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(JOBS, "stamp", dataclasses.replace(STAMP, schedule="30 4 * * *"))
    with committed.session() as session:
        a_chain(session)
        session.commit()

    def planned(moment: str) -> None:
        with committed.session() as session:
            queue.plan(session, now=dt.datetime.fromisoformat(moment))
            session.commit()

    planned("2026-11-22T02:29:00+00:00")  # 04:29 in Jerusalem
    for moment in ("2026-11-22T02:30:00+00:00", "2026-11-22T02:31:00+00:00", "2026-11-25T09:00:00+00:00"):
        planned(moment)
        planned(moment)
    with committed.session() as session:
        days = sorted(row.as_of for row in queries.runs_of(session, "stamp", limit=10))
        of_version = [row.key for row in session.scalars(sa.select(JobRun).where(JobRun.key.contains("version")))]
    assert days == [dt.date(2026, 11, day) for day in (21, 22, 25)]
    assert of_version == [f"names-rekey:version-{NAMES_VERSION}"], "names are read anew once after each change"


def test_a_schedule_of_minutes_has_a_run_each_time_that_it_is_due(
    committed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(JOBS, "stamp", dataclasses.replace(STAMP, schedule="*/10 * * * *"))
    with committed.session() as session:
        a_chain(session)
        session.commit()
    for minute in (0, 1, 9, 10, 25):
        with committed.session() as session:
            queue.plan(session, now=NOW + dt.timedelta(minutes=minute))
            session.commit()
        runner.work_waiting(committed)
    with committed.session() as session:
        assert len(queries.runs_of(session, "stamp", limit=10)) == 3


def test_the_night_keeps_its_order(committed: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    early, late = NIGHT[0], NIGHT[2]
    for name in (early, late):
        monkeypatch.setitem(JOBS, name, dataclasses.replace(STAMP, name=name))
    second = asked(committed, JOBS[late], key=f"{late}:{TODAY}")
    first = asked(committed, JOBS[early], key=f"{early}:{TODAY}")
    assert not runner.work(committed, second)
    with committed.session() as session:
        waited = queries.waits_for(session, queries.run(session, second), queries.Before((early,)))
    assert waited is not None
    assert waited.id == first
    assert runner.work_waiting(committed) == 2
    assert standing(committed, second).started_at >= standing(committed, first).finished_at  # type: ignore[operator]


@pytest.fixture
def working(committed: Database) -> Iterator[Database]:
    stopping = threading.Event()
    thread = threading.Thread(target=worker.work_until, args=(stopping, committed))
    thread.start()
    yield committed
    stopping.set()
    thread.join(30)
    assert not thread.is_alive()


def eventually(database: Database, run_id: int) -> queries.RunRow:
    waiting = threading.Event()
    for _ in range(600):
        row = standing(database, run_id)
        if not row.open:
            return row
        waiting.wait(0.05)
    raise AssertionError("the worker never did it")


# A connection that the server has cut is closed by whoever finds it; one of the queue's is found by the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_worker_begins_when_it_is_nudged_also_after_the_database_was_away(working: Database) -> None:
    def nudged(day: dt.date) -> int:
        with working.session() as session:
            run_id = commands.ask(session, STAMP, as_of=day, now=NOW, by=SYSTEM)
            queue.nudge(session)
            session.commit()
        return run_id

    assert eventually(working, nudged(TODAY)).state is RunState.DONE
    with working.session() as session:
        ours = "datname = current_database() AND pid <> pg_backend_pid()"
        session.execute(sa.text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}"))
    working.engine.dispose()
    assert eventually(working, nudged(TODAY + dt.timedelta(days=1))).state is RunState.DONE
    assert len(stamps(working)) == 2 * BATCHES
