# REQ J-01 B-03 M-14 P-10 P-15 P-18: what moves points or gives something does so once, killed, begun twice, or late
import datetime as dt
import os
import random
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.birthday.models import BirthdayGrant
from erp_club.clubs.models import ClubRules
from erp_club.jobs import birthdays, commands, conversions, memberships, queries, rewards, runner
from erp_club.jobs.birthdays import BIRTHDAYS
from erp_club.jobs.conversions import POINTS_CONVERT
from erp_club.jobs.declared import Job
from erp_club.jobs.kinds import RunState
from erp_club.jobs.memberships import MEMBERSHIPS_LAPSE
from erp_club.jobs.models import JobRun
from erp_club.jobs.points import POINTS_EXPIRE
from erp_club.jobs.programmes import undoing as undoing_points
from erp_club.jobs.rewards import PERIOD_REWARDS, parameters_of
from erp_club.jobs.verify import wrong_rows
from erp_club.kernel.dates import add_months
from erp_club.kernel.db import Database, parse_url
from erp_club.permissions.actors import SYSTEM
from erp_club.points import commands as points
from erp_club.points.conversions.models import PointsConversion
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Account, Cause
from erp_club.points.models import PointsAccount, PointsMovement
from erp_club.programmes.rewards.models import PeriodSettlement
from tests.jobs.processes import URL, begun, ended
from tests.jobs.test_birthdays import DAY as CELEBRATED
from tests.jobs.test_birthdays import a_shop as celebrants
from tests.make.clubs import NOW, TODAY, a_club, a_customer, a_membership, moved
from tests.make.organisation import a_chain
from tests.make.points import ENDS, STAYS, many_accounts
from tests.make.rewards import Shop
from tests.programmes.test_conversions import in_hundredths

MEMBERS, BATCH, KILLS = 60, 5, int(os.environ.get("ERP_CLUB_KILLS", "2"))
ONE_DAY = dt.timedelta(days=1)
LAPSED = add_months(TODAY, 12)
OCTOBER, SUMMER = dt.date(2026, 10, 31), dt.date(2026, 6, 1)


@dataclass(frozen=True)
class Case:
    """A job over `MEMBERS` members: how its run is asked for, whose batches are made small, and what is once then."""

    job: Job
    small: tuple[Any, str, Any]
    asked: Callable[[Database], int]
    once: Callable[[Session], tuple[int, int]]
    """How many were dealt with, and how many different accounts or gifts these are."""
    later: dt.date | None = None
    each: int = 1


def lapsing(database: Database) -> int:
    with database.session() as session:
        a_chain(session)
        club_id = a_club(session)
        drops = {"lapsed": {"fate": "drop"}}
        session.add(ClubRules(club_id=club_id, version_no=9, effective_from=TODAY, document=drops, at=NOW))
        for number in range(MEMBERS):
            customer = a_customer(session, str(number + 1))
            moved(session, customer, a_membership(session, customer, club_id).points_account_id, 100, -30)
        run_id = commands.ask(session, MEMBERSHIPS_LAPSE, as_of=LAPSED, now=NOW, by=SYSTEM)
        session.commit()
    return run_id


def rewarding(database: Database) -> int:
    with database.session() as session:
        shop = Shop(session)
        for _ in range(MEMBERS):
            shop.buys(shop.member(), 500_00, "2026-10-28")
        told = parameters_of(shop.club_id, "bonus", OCTOBER)
        run_id = commands.ask(session, PERIOD_REWARDS, as_of=OCTOBER + ONE_DAY, parameters=told, now=NOW, by=SYSTEM)
        session.commit()
    return run_id


def celebrating(database: Database) -> int:
    celebrants(database, members=MEMBERS)
    with database.session() as session:
        run_id = commands.ask(session, BIRTHDAYS, as_of=CELEBRATED, now=NOW, by=SYSTEM)
        session.commit()
    return run_id


def undoing(database: Database) -> int:
    """Points have expired; every other member has used some since, every third was given some."""
    with database.session() as session:
        a_chain(session)
        many_accounts(session, MEMBERS, last_day=TODAY - ONE_DAY)
        expiry = commands.ask(session, POINTS_EXPIRE, as_of=TODAY, now=NOW, by=SYSTEM)
        session.commit()
    runner.work(database, expiry)
    with database.session() as session:
        for place, (customer, account) in enumerate(
            session.execute(sa.select(PointsAccount.customer_id, PointsAccount.id).order_by(PointsAccount.id)).all()
        ):
            if place % 2:
                cause = Cause(MovementKind.REDEEMED, TODAY, NOW, SYSTEM)
                points.redeem_points(session, Account(account, customer), STAYS // 2, cause=cause)
            if place % 3 == 0:
                moved(session, customer, account, 7)
        undo = commands.undo_run(session, expiry, POINTS_EXPIRE, today=TODAY + ONE_DAY, now=NOW, by=SYSTEM)
        session.commit()
    return undo


def converting(database: Database) -> int:
    """1,250 points each, of which a hundred become one from the summer on."""
    with database.session() as session:
        chain = in_hundredths(session)
        for _ in range(MEMBERS):
            customer = chain.member("2026-02-01")
            account = session.scalars(sa.select(PointsAccount.id).where(PointsAccount.customer_id == customer)).one()
            moved(session, customer, account, 1250, on=dt.date(2026, 3, 1))
        run_id = commands.ask(session, POINTS_CONVERT, as_of=SUMMER, now=NOW, by=SYSTEM)
        session.commit()
    return run_id


def converting_back(database: Database) -> int:
    run_id = converting(database)
    runner.work(database, run_id)
    with database.session() as session:
        undo = commands.undo_run(session, run_id, POINTS_CONVERT, today=SUMMER + ONE_DAY, now=NOW, by=SYSTEM)
        session.commit()
    return undo


def converted(balance: int) -> Callable[[Session], tuple[int, int]]:
    def once(session: Session) -> tuple[int, int]:
        assert set(session.scalars(sa.select(PointsAccount.balance))) == {balance}
        rows = session.scalars(sa.select(PointsConversion.account_id)).all()
        return len(rows), len(set(rows))

    return once


def movements(kind: MovementKind) -> Callable[[Session], tuple[int, int]]:
    def once(session: Session) -> tuple[int, int]:
        of = sa.select(PointsMovement.account_id, PointsMovement.points).where(PointsMovement.kind == kind)
        rows = session.execute(of).all()
        assert {abs(row.points) for row in rows} == {70 if kind is MovementKind.ENDED else ENDS}
        return len(rows), len({row.account_id for row in rows})

    return once


def settlements(session: Session) -> tuple[int, int]:
    rows = session.execute(sa.select(PeriodSettlement.account_id, PeriodSettlement.value)).all()
    assert {row.value for row in rows} == {15_00}
    return len(rows), len({row.account_id for row in rows})


def grants(session: Session) -> tuple[int, int]:
    rows = session.execute(sa.select(BirthdayGrant.plan_id, BirthdayGrant.customer_id)).all()
    return len(rows), len(set(rows))


def five(*_: object) -> int:
    """The same for what counts a period's rewards."""
    return BATCH


CASES = {
    "lapse": Case(
        MEMBERSHIPS_LAPSE,
        (memberships, "BATCH", BATCH),
        lapsing,
        movements(MovementKind.ENDED),
        later=LAPSED + ONE_DAY,
    ),
    "rewards": Case(
        PERIOD_REWARDS,
        (rewards.counting, "batch_size", five),
        rewarding,
        settlements,
    ),
    "birthdays": Case(
        BIRTHDAYS,
        (birthdays, "BATCH", BATCH),
        celebrating,
        grants,
        later=CELEBRATED + ONE_DAY,
        each=2,
    ),
    "conversions": Case(
        POINTS_CONVERT,
        (conversions, "BATCH", BATCH),
        converting,
        converted(12),
        later=SUMMER + ONE_DAY,
    ),
    "conversions taken back": Case(
        POINTS_CONVERT,
        (conversions, "UNDO_BATCH", BATCH),
        converting_back,
        converted(1250),
    ),
    "undo": Case(
        POINTS_EXPIRE,
        (undoing_points, "UNDO_BATCH", BATCH),
        undoing,
        movements(MovementKind.UNDONE),
    ),
}


def work_waiting(name: str) -> None:
    """A worker with batches so small that there are many to be killed in."""
    setattr(*CASES[name].small)
    runner.work_waiting(Database(parse_url(os.environ[URL])))


def how_far(database: Database, run_id: int) -> int:
    with database.session() as session:
        return session.scalar(sa.select(JobRun.done).where(JobRun.id == run_id)) or 0


@pytest.mark.parametrize("name", CASES)
def test_whatever_kills_it_each_is_dealt_with_once(committed: Database, name: str) -> None:
    case = CASES[name]
    run_id = case.asked(committed)
    chance, waiting = random.Random(name), threading.Event()
    everything, killed = MEMBERS * case.each, 0
    for _ in range(KILLS):
        victim = begun(committed, work_waiting, name)
        until = min(how_far(committed, run_id) + chance.randrange(1, everything // (KILLS + 1)), everything - 2 * BATCH)
        while how_far(committed, run_id) < until and victim.is_alive():
            waiting.wait(chance.random() / 50)
        victim.kill()
        killed += ended(victim) == -signal.SIGKILL and how_far(committed, run_id) < everything
    assert killed, "none was killed in the middle of its work"
    for each in [begun(committed, work_waiting, name), begun(committed, work_waiting, name)]:
        assert ended(each) == 0
    with committed.session() as session:
        row = queries.run(session, run_id)
        assert (row.state, case.once(session)) == (RunState.DONE, (everything, everything))
        assert wrong_rows(session) == []
        if case.later is not None:
            late = commands.ask(session, case.job, as_of=case.later, now=NOW, by=SYSTEM)
            session.commit()
            runner.work(committed, late)
            assert sum(queries.run(session, late).counts.values()) == 0, "a day late there is nothing left"
        session.rollback()
        if name == "undo":
            balances = session.scalars(sa.select(PointsAccount.balance).order_by(PointsAccount.id)).all()
            assert balances == [
                ENDS + STAYS - (STAYS // 2 if place % 2 else 0) + (0 if place % 3 else 7) for place in range(MEMBERS)
            ]
