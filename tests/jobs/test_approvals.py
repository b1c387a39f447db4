# REQ A-03 P-09 P-10 J-01: a run over the chain's limit does nothing before somebody else has approved it
import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.jobs import commands, queries, queue, runner
from erp_club.jobs.approvals import queries as approvals
from erp_club.jobs.approvals.commands import HOLDS_FOR, decide_run, lapse_runs
from erp_club.jobs.kinds import RunState
from erp_club.jobs.points import POINTS_EXPIRE
from erp_club.jobs.programmes import commands as programmes
from erp_club.jobs.programmes import job
from erp_club.jobs.programmes.commands import ProgrammeSettings
from erp_club.jobs.programmes.job import POINTS_PROGRAMME
from erp_club.jobs.programmes.rules import Effect
from erp_club.kernel.audit import AuditEntry
from erp_club.kernel.db import Database
from erp_club.kernel.errors import Conflict, Forbidden
from erp_club.permissions.actors import SYSTEM, Actor
from erp_club.permissions.catalog import Role
from erp_club.permissions.models import Staff
from tests.make.clubs import a_club
from tests.make.organisation import NOW, a_chain, an_actor, somebody
from tests.points.test_expiry import TODAY, YESTERDAY, a_member, earned

TOMORROW = TODAY + dt.timedelta(days=1)


@pytest.fixture
def shop(committed: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A member whose 130 points end today and tomorrow, where more than 50 expire with approval only."""
    monkeypatch.setenv("ERP_CLUB_EXPIRY_LIMIT", "50")
    monkeypatch.setenv("ERP_CLUB_POINTS_LIMIT", "50")
    with committed.session() as session:
        a_chain(session)
        member = a_member(session, "100001", a_club(session))
        earned(session, member, 100, last_day=YESTERDAY)
        earned(session, member, 30, last_day=TODAY)
        for name in ("first", "second"):
            somebody(session, Role.HQ, username=name)
        session.commit()
    return committed


def person(session: Session, name: str) -> Actor:
    return an_actor(session.execute(sa.select(Staff.id).where(Staff.username == name)).scalar_one())


def asked(database: Database, by: str | None = "first", *, as_of: dt.date = TODAY, **other: str) -> int:
    with database.session() as session:
        actor = SYSTEM if by is None else person(session, by)
        run_id = commands.ask(session, POINTS_EXPIRE, as_of=as_of, now=NOW, by=actor, key=other.get("key"))
        session.commit()
    runner.work(database, run_id)
    return run_id


def decided(database: Database, run_id: int, by: str, *, approve: bool = True, now: dt.datetime = NOW) -> None:
    with database.session() as session:
        decide_run(session, run_id, approve=approve, now=now, by=person(session, by))
        session.commit()
    runner.work(database, run_id)


def standing(database: Database, run_id: int) -> queries.RunRow:
    with database.session() as session:
        return queries.run(session, run_id)


def expired(database: Database) -> int:
    with database.session() as session:
        return session.execute(
            sa.text("SELECT coalesce(sum(-points), 0) FROM points_movements WHERE kind = 'expired'")
        ).scalar_one()


def test_a_run_over_the_limit_waits_for_another_person_and_both_are_named(shop: Database) -> None:
    run_id = asked(shop)
    assert (standing(shop, run_id).state, expired(shop)) == (RunState.AWAITS, 0)
    assert asked(shop, "second") == run_id, "asking once more asks for the same run"
    with pytest.raises(Forbidden) as refused:
        decided(shop, run_id, "first")
    assert refused.value.code == "second-person-needed"
    decided(shop, run_id, "second")
    assert (standing(shop, run_id).state, expired(shop)) == (RunState.DONE, 100)
    with shop.session() as session:
        entry = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "job.approve")).one()
        assert entry.staff_id == person(session, "second").staff_id
    with pytest.raises(Conflict):
        decided(shop, run_id, "second")


def test_what_is_refused_or_lapses_does_nothing(shop: Database) -> None:
    refused = asked(shop)
    decided(shop, refused, "second", approve=False)
    late = asked(shop)
    with shop.session() as session:
        waiting = approvals.of_run(session, late)
        assert waiting is not None
        assert waiting.ends_at == waiting.asked_at + HOLDS_FOR
        lapse_runs(session, now=waiting.ends_at - dt.timedelta(seconds=1))
        assert queries.run(session, late).state is RunState.AWAITS
        lapse_runs(session, now=waiting.ends_at)
        session.commit()
    assert [standing(shop, each).state for each in (refused, late)] == [RunState.REFUSED, RunState.LAPSED]
    assert runner.work_waiting(shop) == 0
    assert expired(shop) == 0


def test_nobody_is_needed_below_the_limit_for_a_dry_run_or_to_stop_one_that_waits(
    shop: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shop.session() as session:
        dry = commands.ask(session, POINTS_EXPIRE, as_of=TODAY, dry_run=True, now=NOW, by=SYSTEM)
        session.commit()
    runner.work(shop, dry)
    assert standing(shop, dry).counts == {"accounts": 1, "points": 100}
    run_id = asked(shop)
    with shop.session() as session:
        commands.stop_run(session, run_id, now=NOW, by=SYSTEM)
        commands.resume_run(session, run_id, now=NOW, by=SYSTEM)
        session.commit()
    runner.work(shop, run_id)
    assert standing(shop, run_id).state is RunState.AWAITS
    with shop.session() as session:
        commands.stop_run(session, run_id, now=NOW, by=SYSTEM)
        session.commit()
    monkeypatch.setenv("ERP_CLUB_EXPIRY_LIMIT", "100")
    below = asked(shop)
    assert (standing(shop, below).state, expired(shop)) == (RunState.DONE, 100)
    monkeypatch.setenv("ERP_CLUB_RUN_ACCOUNTS_LIMIT", "0")
    assert standing(shop, asked(shop, as_of=TOMORROW)).state is RunState.AWAITS, "a limit of accounts counts beside it"


def test_an_approval_lets_through_what_was_seen_and_no_more(shop: Database) -> None:
    run_id = asked(shop)
    with shop.session() as session:
        decide_run(session, run_id, approve=True, now=NOW, by=person(session, "second"))
        member = a_member(session, "100002", session.execute(sa.text("SELECT id FROM clubs")).scalar_one())
        earned(session, member, 1, last_day=YESTERDAY)
        session.commit()
    runner.work(shop, run_id)
    assert (standing(shop, run_id).state, expired(shop)) == (RunState.AWAITS, 0)


def test_undoing_more_than_the_limit_needs_another_person_too(shop: Database) -> None:
    run_id = asked(shop)
    decided(shop, run_id, "second")
    with shop.session() as session:
        undo = commands.undo_run(session, run_id, POINTS_EXPIRE, today=TODAY, now=NOW, by=person(session, "second"))
        session.commit()
    runner.work(shop, undo)
    assert standing(shop, undo).state is RunState.AWAITS
    with pytest.raises(Forbidden):
        decided(shop, undo, "second")
    decided(shop, undo, "first")
    assert standing(shop, undo).state is RunState.DONE


def test_the_night_waits_but_for_what_only_looks_and_a_later_night_takes_its_place(shop: Database) -> None:
    first = asked(shop, None, key="points-expire:1")
    with shop.session() as session:
        later = {
            name: commands.ask(session, queue.JOBS[name], as_of=TODAY, key=f"{name}:1", now=NOW, by=SYSTEM)
            for name in ("levels", "ledger-verify")
        }
        waiting = queries.run(session, later["levels"])
        assert queries.waits_for(session, waiting, queries.Before(("points-expire",))) is not None
        session.commit()
    assert not runner.work(shop, later["levels"])
    with shop.session() as session:
        assert approvals.count_for(session, person(session, "first").staff_id or 0) == 1
    second = asked(shop, None, key="points-expire:2", as_of=TOMORROW)
    assert [standing(shop, each).state for each in (first, second)] == [RunState.LAPSED, RunState.AWAITS]
    runner.work(shop, later["levels"])
    assert standing(shop, later["levels"]).state is RunState.DONE
    # The schedule is nobody: two people approve what it asks for.
    decided(shop, second, "first")
    assert (standing(shop, second).state, expired(shop)) == (RunState.AWAITS, 0)
    with pytest.raises(Forbidden):
        decided(shop, second, "first")
    decided(shop, second, "second")
    assert expired(shop) == 130


def test_who_set_a_programme_up_doesnt_approve_its_scheduled_run(shop: Database) -> None:
    with shop.session() as session:
        club_id = session.execute(sa.text("SELECT id FROM clubs")).scalar_one()
        settings = ProgrammeSettings("Spring", club_id, Effect.ZERO)
        made = programmes.set_up(session, settings, today=TODAY, now=NOW, by=person(session, "first"))
        parameters = {"programme": made}
        run_id = commands.ask(
            session, POINTS_PROGRAMME, as_of=TODAY, parameters=parameters, key=job.key(made, TODAY), now=NOW, by=SYSTEM
        )
        session.commit()
    runner.work(shop, run_id)
    with shop.session() as session:
        assert approvals.count_for(session, person(session, "first").staff_id or 0) == 0
    with pytest.raises(Forbidden):
        decided(shop, run_id, "first")
    decided(shop, run_id, "second")
    assert standing(shop, run_id).counts["taken"] == 130
