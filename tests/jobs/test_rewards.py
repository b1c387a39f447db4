# REQ P-15 P-07 J-01: what a period brought is given once, whatever kills the worker, and can be taken back
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.jobs import commands, queries, runner
from erp_club.jobs.approvals import queries as approvals
from erp_club.jobs.approvals.commands import decide_run
from erp_club.jobs.kinds import RunState
from erp_club.jobs.rewards import PERIOD_REWARDS, parameters_of
from erp_club.kernel.db import Database
from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.catalog import Role
from erp_club.points.models import PointsAccount
from erp_club.points.verify.queries import faults
from erp_club.programmes.rewards import commands as rewards
from erp_club.programmes.rewards.models import PeriodSettlement, RewardCoupon
from erp_club.promotions.coupons.kinds import CouponState
from erp_club.promotions.coupons.models import Coupon
from tests.make.clubs import NOW, TODAY
from tests.make.organisation import an_actor, somebody
from tests.make.rewards import Shop

OCTOBER = dt.date(2026, 10, 31)


def run(database: Database, club_id: int, last: dt.date, *, dry_run: bool = False, rule: str = "bonus") -> int:
    with database.session() as session:
        run_id = commands.ask(
            session,
            PERIOD_REWARDS,
            as_of=last + dt.timedelta(days=1),
            parameters=parameters_of(club_id, rule, last),
            dry_run=dry_run,
            now=NOW,
            by=SYSTEM,
        )
        session.commit()
    runner.work(database, run_id)
    return run_id


def counts(database: Database, run_id: int) -> dict[str, Any]:
    with database.session() as session:
        return dict(queries.run(session, run_id).counts)


def values(session: Session, customer: int) -> list[int]:
    rows = sa.select(PeriodSettlement.value).where(
        PeriodSettlement.customer_id == customer, PeriodSettlement.state == "given"
    )
    return list(session.scalars(rows.order_by(PeriodSettlement.last_on)))


@pytest.fixture
def shop(committed: Database):
    """A shop that commits what it does."""
    with committed.session() as session:
        yield Shop(session)


NOVEMBER = dt.date(2026, 11, 30)


def test_a_period_gives_once_however_often_it_is_run(committed: Database, shop: Shop):
    yael, noa = shop.member(), shop.member()
    shop.buys(yael, 500_00)
    shop.buys(noa, 49_00)
    shop.session.commit()
    assert counts(committed, run(committed, shop.club_id, NOVEMBER, dry_run=True))["value"] == 15_00
    assert values(shop.session, yael) == []
    first = run(committed, shop.club_id, NOVEMBER)
    assert counts(committed, first) == {"accounts": 2, "given": 1, "value": 15_00}
    assert counts(committed, run(committed, shop.club_id, NOVEMBER)) == {"accounts": 2, "given": 0, "value": 0}
    shop.session.rollback()
    assert values(shop.session, yael) == [15_00]
    assert values(shop.session, noa) == [0]


def test_what_comes_in_late_is_settled_with_the_next_period(committed: Database, shop: Shop):
    yael = shop.member()
    shop.buys(yael, 500_00, "2026-10-28")
    shop.session.commit()
    run(committed, shop.club_id, OCTOBER)
    shop.buys(yael, 100_00, "2026-10-30")
    shop.buys(yael, 100_00, "2026-11-02")
    shop.session.commit()
    run(committed, shop.club_id, NOVEMBER)
    shop.session.rollback()
    assert values(shop.session, yael) == [15_00, 3_00 + 1_00]


def test_more_than_the_limit_waits_for_approval(committed: Database, shop: Shop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ERP_CLUB_REWARDS_LIMIT", "1000")
    yael = shop.member()
    shop.buys(yael, 500_00)
    shop.session.commit()
    run_id = run(committed, shop.club_id, NOVEMBER)
    assert values(shop.session, yael) == []
    waiting = approvals.of_run(shop.session, run_id)
    assert waiting is not None
    assert (waiting.counts, waiting.approved) == ({"given": 1, "value": 15_00}, None)
    for name in ("first", "second"):
        assert values(shop.session, yael) == []
        by = an_actor(somebody(shop.session, Role.HQ, username=name))
        decide_run(shop.session, run_id, approve=True, now=dt.datetime.now(dt.UTC), by=by)
        shop.session.commit()
        runner.work(committed, run_id)
    assert values(shop.session, yael) == [15_00]


def test_a_run_that_breaks_off_in_a_batch_and_is_resumed_doubles_nothing(
    committed: Database, shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    members = [shop.member() for _ in range(5)]
    for each in members:
        shop.buys(each, 100_00)
    shop.session.commit()
    monkeypatch.setattr("erp_club.programmes.rewards.counting.batch_size", lambda *_: 2)
    real, calls = rewards.settle_accounts, []

    def dies(*told: Any, **how: Any) -> rewards.Done:
        calls.append(told)
        done = real(*told, **how)
        if len(calls) == 2:
            raise OSError
        return done

    monkeypatch.setattr("erp_club.jobs.rewards.settle_accounts", dies)
    with committed.session() as session:
        asked = parameters_of(shop.club_id, "bonus", NOVEMBER)
        run_id = commands.ask(session, PERIOD_REWARDS, as_of=TODAY, parameters=asked, now=NOW, by=SYSTEM)
        session.commit()
    with pytest.raises(OSError):
        runner.work(committed, run_id)
    with committed.session() as session:
        commands.resume_run(session, run_id, now=NOW, by=SYSTEM)
        session.commit()
    runner.work(committed, run_id)
    with committed.session() as session:
        assert queries.run(session, run_id).state == RunState.DONE
        assert [values(session, each) for each in members] == [[1_00]] * 5
    assert counts(committed, run_id) == {"accounts": 5, "given": 5, "value": 5_00}


class TestForms:
    def test_points_are_given_and_taken_back(self, committed: Database):
        with committed.session() as session:
            shop = Shop(session, gives={"kind": "points"})
            yael = shop.member()
            shop.buys(yael, 500_00)
            session.commit()
            done = run(committed, shop.club_id, NOVEMBER)
            session.rollback()
            assert self.balance(session, yael) == 500 + 15_00
            assert undone(committed, done) == {"undone": 1, "left": 0}
            session.rollback()
            assert self.balance(session, yael) == 500
            assert values(session, yael) == []
            assert faults(session) == []
            assert counts(committed, run(committed, shop.club_id, NOVEMBER))["given"] == 1

    def balance(self, session: Session, customer: int) -> int:
        return session.scalars(sa.select(PointsAccount.balance).where(PointsAccount.customer_id == customer)).one()

    def test_a_monthly_code_of_the_highest_tier_takes_its_points(self, committed: Database):
        steps = [{"at": 100, "value": 5_00}, {"at": 250, "value": 15_00}, {"at": 500, "value": 40_00}]
        with committed.session() as session:
            shop = Shop(
                session,
                base={"counts": "balance"},
                function={"kind": "threshold", "steps": steps},
                gives={"kind": "code"},
                takes=True,
                issue={"at": "period_end", "valid_months": 3},
            )
            yael = shop.member()
            shop.buys(yael, 300_00)
            session.commit()
            done = run(committed, shop.club_id, NOVEMBER)
            session.rollback()
            assert self.balance(session, yael) == 50
            coupon = session.scalars(sa.select(Coupon).where(Coupon.customer_id == yael)).one()
            assert coupon.last_day == dt.date(2027, 3, 1)
            assert session.scalar(sa.select(sa.func.count()).select_from(RewardCoupon)) == 1
            assert undone(committed, done) == {"undone": 1, "left": 0}
            session.rollback()
            session.refresh(coupon)
            assert (coupon.state, self.balance(session, yael)) == (CouponState.TAKEN_BACK, 300)

    def test_a_code_that_was_used_stays(self, committed: Database):
        with committed.session() as session:
            shop = Shop(session, gives={"kind": "code"})
            yael = shop.member()
            shop.buys(yael, 500_00)
            session.commit()
            done = run(committed, shop.club_id, NOVEMBER)
            session.execute(sa.update(Coupon).values(used=1))
            session.commit()
            assert undone(committed, done) == {"undone": 0, "left": 1}
            assert counts(committed, run(committed, shop.club_id, NOVEMBER))["given"] == 0


def undone(database: Database, run_id: int) -> dict[str, Any]:
    with database.session() as session:
        undo = commands.undo_run(session, run_id, PERIOD_REWARDS, today=TODAY, now=NOW, by=SYSTEM)
        session.commit()
    runner.work(database, undo)
    return counts(database, undo)
