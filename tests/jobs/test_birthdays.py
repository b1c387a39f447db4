# REQ B-03 J-01: the night gives to all who celebrate, once, whoever runs it twice, at once, late or on trial
import datetime as dt
import threading
from typing import Any

import sqlalchemy as sa

from erp_club.birthday.models import BirthdayGrant
from erp_club.jobs import birthdays, commands, queries, runner
from erp_club.jobs.birthdays import BIRTHDAYS
from erp_club.jobs.kinds import RunState
from erp_club.kernel.db import Database
from erp_club.permissions.actors import SYSTEM
from erp_club.promotions.coupons.models import Coupon
from tests.make.birthdays import NOW, a_celebrant, a_plan
from tests.make.clubs import a_club
from tests.make.organisation import a_chain

DAY = dt.date(2026, 3, 10)
NOTHING = {"grants": 0, "minor": 0, "points": 0, "waiting": 0}


def a_shop(database: Database, *, members: int) -> None:
    """Members who celebrate on one day, and two plans for them: the week around it, and the day itself."""
    with database.session() as session:
        a_chain(session)
        club_id = a_club(session, months=None)
        for number in range(1, members + 1):
            a_celebrant(session, dt.date(1980, 3, 10), number=str(number), club_id=club_id)
        a_plan(session, club_id)
        a_plan(session, club_id, "ON-THE-DAY", days_before=0, days_after=0, amount_minor=50_00)
        session.commit()


def asked(database: Database, on: dt.date, *, dry_run: bool = False) -> int:
    with database.session() as session:
        run_id = commands.ask(session, BIRTHDAYS, as_of=on, dry_run=dry_run, now=NOW, by=SYSTEM)
        session.commit()
    return run_id


def told(database: Database, run_id: int) -> dict[str, Any]:
    with database.session() as session:
        found = queries.run(session, run_id)
        assert found.state == RunState.DONE
        return dict(found.counts)


def run(database: Database, on: dt.date, *, dry_run: bool = False) -> dict[str, Any]:
    run_id = asked(database, on, dry_run=dry_run)
    runner.work(database, run_id)
    return told(database, run_id)


def standing(database: Database) -> tuple[int, int]:
    """How many grants there are, and how many coupons."""
    with database.session() as session:
        counts = [session.scalar(sa.select(sa.func.count()).select_from(each)) or 0 for each in (BirthdayGrant, Coupon)]
    return counts[0], counts[1]


def test_a_trial_counts_and_gives_nothing_and_a_second_run_finds_nothing_left(committed: Database) -> None:
    a_shop(committed, members=3)
    assert run(committed, DAY, dry_run=True) == {"grants": 6, "minor": 150_00, "points": 0, "waiting": 0}
    assert standing(committed) == (0, 0)
    assert run(committed, DAY)["grants"] == 6
    assert run(committed, DAY) == NOTHING
    assert standing(committed) == (6, 6)


def test_nights_that_were_missed_are_made_up_for(committed: Database) -> None:
    a_shop(committed, members=2)
    assert run(committed, dt.date(2026, 3, 9))["grants"] == 2
    assert run(committed, dt.date(2026, 3, 13))["grants"] == 2
    assert run(committed, DAY) == NOTHING
    assert standing(committed) == (4, 4)


def test_two_runs_at_once_give_everything_once(committed: Database, monkeypatch: Any) -> None:
    monkeypatch.setattr(birthdays, "BATCH", 3)
    a_shop(committed, members=20)
    runs = [asked(committed, DAY + dt.timedelta(late)) for late in range(2)]
    assert runs[0] != runs[1]
    threads = [threading.Thread(target=runner.work, args=(committed, run_id)) for run_id in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for run_id in runs:
        runner.work(committed, run_id)
    assert sum(told(committed, run_id)["grants"] for run_id in runs) == 40
    assert standing(committed) == (40, 40)


def test_a_run_that_is_killed_in_the_middle_goes_on_where_it_was(committed: Database, monkeypatch: Any) -> None:
    monkeypatch.setattr(birthdays, "BATCH", 4)
    a_shop(committed, members=10)
    run_id, looks = asked(committed, DAY), iter([False, False, True])
    runner.work(committed, run_id, stopping=lambda: next(looks, True))
    assert 0 < standing(committed)[0] < 20
    runner.work(committed, run_id)
    assert told(committed, run_id)["grants"] == 20
    assert standing(committed) == (20, 20)
