# REQ P-09 J-01: points end after their last day, of each account once, however often the job is run or killed
import datetime as dt
import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.jobs import commands, points, queries, runner
from erp_club.jobs.declared import Run
from erp_club.jobs.kinds import RunState
from erp_club.jobs.points import POINTS_EXPIRE
from erp_club.kernel.db import Database
from erp_club.permissions.actors import SYSTEM
from erp_club.points.commands import earn_points, redeem_points
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Account, Cause
from erp_club.points.models import PointsAccount, PointsLot, PointsMovement, PointsMovementLot
from erp_club.points.rules import Bucket
from erp_club.points.verify.queries import faults
from tests.make.clubs import a_club, a_customer, a_membership, moved
from tests.make.organisation import NOW, a_chain

TODAY = NOW.date()
YESTERDAY = TODAY - dt.timedelta(days=1)


def a_member(session: Session, number: str, club_id: int) -> Account:
    customer_id = a_customer(session, number)
    return Account(a_membership(session, customer_id, club_id).points_account_id, customer_id)


def earned(session: Session, account: Account, points: int, *, last_day: dt.date | None) -> None:
    bucket = Bucket(TODAY - dt.timedelta(days=30), last_day, 1, None if last_day else TODAY.replace(day=1), None)
    earn_points(session, account, points, to=bucket, cause=Cause(MovementKind.EARNED, TODAY, NOW, SYSTEM))


def run(database: Database, *, as_of: dt.date = TODAY, dry_run: bool = False) -> queries.RunRow:
    with database.session() as session:
        run_id = commands.ask(session, POINTS_EXPIRE, as_of=as_of, dry_run=dry_run, now=NOW, by=SYSTEM)
        session.commit()
    runner.work(database, run_id)
    with database.session() as session:
        return queries.run(session, run_id)


def movements(session: Session) -> list[tuple[str, int, int]]:
    asked = sa.select(PointsMovement.kind, PointsMovement.points, PointsMovement.balance_after)
    return [
        (row.kind, row.points, row.balance_after)
        for row in session.execute(asked.order_by(PointsMovement.account_id, PointsMovement.seq))
    ]


def derived(session: Session) -> None:
    """Balances, lots and movements lead to each other."""
    assert faults(session) == []
    sums = sa.select(
        PointsLot.id, PointsLot.remaining, sa.func.coalesce(sa.func.sum(PointsMovementLot.points), 0).label("summed")
    ).outerjoin(PointsMovementLot, PointsMovementLot.lot_id == PointsLot.id)
    for row in session.execute(sums.group_by(PointsLot.id, PointsLot.remaining)):
        assert row.remaining == row.summed


@pytest.fixture
def shop(committed: Database) -> Database:
    """Three members: points that ended yesterday and that don't; a debt beside points that ended; nothing that ends."""
    with committed.session() as session:
        a_chain(session)
        club_id = a_club(session)
        first, second, third = (a_member(session, f"10000{number}", club_id) for number in (1, 2, 3))
        earned(session, first, 100, last_day=YESTERDAY)
        earned(session, first, 40, last_day=TODAY)
        earned(session, first, 7, last_day=None)
        earned(session, second, 30, last_day=YESTERDAY)
        earned(session, second, 5, last_day=YESTERDAY - dt.timedelta(days=3))
        earned(session, third, 9, last_day=TODAY)
        session.commit()
    return committed


def test_what_ended_leaves_and_the_last_day_itself_still_counts(shop: Database) -> None:
    row = run(shop)
    assert (row.state, row.counts, row.total) == (RunState.DONE, {"accounts": 2, "points": 135}, 2)
    with shop.session() as session:
        assert [each for each in movements(session) if each[0] == "expired"] == [
            ("expired", -100, 47),
            ("expired", -35, 0),
        ]
        derived(session)
        assert set(session.scalars(sa.select(PointsMovement.run_id).where(PointsMovement.kind == "expired"))) == {
            row.id
        }


def test_running_it_again_and_a_day_late_takes_each_account_once(shop: Database) -> None:
    run(shop)
    assert run(shop).counts == {"accounts": 0, "points": 0}
    assert run(shop, as_of=TODAY + dt.timedelta(days=1)).counts == {"accounts": 2, "points": 49}
    with shop.session() as session:
        derived(session)


def test_a_run_that_is_taken_back_gives_back_what_would_still_be_there(shop: Database) -> None:
    row = run(shop, as_of=TODAY + dt.timedelta(days=1))  # a day too early for 49 points
    with shop.session() as session:
        first = Account(*session.execute(sa.select(PointsAccount.id, PointsAccount.customer_id).limit(1)).one())
        redeem_points(session, first, 5, cause=Cause(MovementKind.REDEEMED, TODAY, NOW, SYSTEM))
        undo_id = commands.undo_run(session, row.id, POINTS_EXPIRE, today=TODAY, now=NOW, by=SYSTEM)
        session.commit()
    runner.work(shop, undo_id)
    assert run(shop).counts == {"accounts": 2, "points": 135}, "what had ended by then ends again"
    with shop.session() as session:
        assert list(session.scalars(sa.select(PointsAccount.balance).order_by(PointsAccount.id))) == [42, 0, 9]
        # Without the run the 40 with a last day would have paid the 5 points, not those that never end.
        assert list(session.scalars(sa.select(PointsLot.remaining).order_by(PointsLot.id))) == [0, 35, 7, 0, 0, 9]
        derived(session)


def test_a_dry_run_and_the_preview_say_what_a_run_does(shop: Database) -> None:
    assert run(shop, dry_run=True).counts == {"accounts": 2, "points": 135}
    with shop.session() as session:
        assert POINTS_EXPIRE.preview is not None
        told = POINTS_EXPIRE.preview(session, Run(0, "points-expire", TODAY, {}, SYSTEM, NOW))
        assert told.counts == {"accounts": 2, "points": 135}
        assert [(each.number, each.points) for each in told.sample] == [("100001", -100), ("100002", -35)]
        assert [each for each in movements(session) if each[0] == "expired"] == []
    assert run(shop).counts == {"accounts": 2, "points": 135}


def test_a_debt_stays_beside_points_that_end_and_the_whole_of_an_idle_account_ends(shop: Database) -> None:
    with shop.session() as session:
        club_id = session.scalar(sa.text("SELECT id FROM clubs"))
        assert isinstance(club_id, int)
        fourth = a_member(session, "100004", club_id)
        moved(session, fourth.holder_id, fourth.id, -20)
        idle = a_member(session, "100005", club_id)
        earned(session, idle, 60, last_day=None)
        session.execute(sa.update(PointsAccount).where(PointsAccount.id == idle.id).values(idle_last_day=YESTERDAY))
        session.commit()
    assert run(shop).counts == {"accounts": 3, "points": 195}
    with shop.session() as session:
        balances = {row.id: row.balance for row in session.execute(sa.select(PointsAccount.id, PointsAccount.balance))}
        assert (balances[fourth.id], balances[idle.id]) == (-20, 0)
        derived(session)


def test_batches_of_one_account_come_to_the_same_beside_tills_that_redeem(
    shop: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(points, "BATCH", 1)
    with shop.session() as session:
        first = Account(*session.execute(sa.select(PointsAccount.id, PointsAccount.customer_id).limit(1)).one())

    def redeem() -> None:
        for _ in range(20):
            with shop.session() as session:
                redeem_points(session, first, 2, cause=Cause(MovementKind.REDEEMED, TODAY, NOW, SYSTEM))
                session.commit()

    till = threading.Thread(target=redeem)
    till.start()
    row = run(shop)
    till.join()
    assert row.counts == {"accounts": 2, "points": 135}
    with shop.session() as session:
        derived(session)
