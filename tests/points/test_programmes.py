# REQ P-10 A-03: the points of chosen members are zeroed or changed, seen beforehand, once, and taken back
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy.orm import Session

from erp_club.jobs import commands as jobs
from erp_club.jobs import queries, queue, runner
from erp_club.jobs.kinds import Level, RunState
from erp_club.jobs.programmes import commands, job, replay
from erp_club.jobs.programmes.commands import ProgrammeSettings
from erp_club.jobs.programmes.job import POINTS_PROGRAMME
from erp_club.jobs.programmes.replay import Later, Standing, as_if_never
from erp_club.jobs.programmes.rules import Effect, Rounding, change
from erp_club.kernel.db import Database
from erp_club.kernel.errors import Conflict, Invalid
from erp_club.kernel.lots import Lot, Part
from erp_club.people.merging.commands import merge_customers
from erp_club.permissions.actors import SYSTEM
from erp_club.points.commands import redeem_points
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Account, Cause
from erp_club.points.models import PointsAccount, PointsLot
from tests.make.clubs import a_club, moved
from tests.make.organisation import NOW, a_chain
from tests.points.test_expiry import TODAY, a_member, derived, earned
from tests.points.test_expiry import run as expire

SOON, LATER = TODAY + dt.timedelta(days=10), TODAY + dt.timedelta(days=300)


@pytest.fixture
def shop(committed: Database) -> Database:
    """Members 100001 … 100004 of one club: 150 points in three lots, 35, a debt of 20, and nothing."""
    with committed.session() as session:
        a_chain(session)
        club_id = a_club(session)
        first, second, third, _ = (a_member(session, f"10000{number}", club_id) for number in (1, 2, 3, 4))
        for points, day in ((100, LATER), (40, SOON), (10, None)):
            earned(session, first, points, last_day=day)
        earned(session, second, 35, last_day=LATER)
        moved(session, third.holder_id, third.id, -20)
        session.commit()
    return committed


def set_up(database: Database, effect: Effect, amount: int = 0, **other: Any) -> int:
    with database.session() as session:
        settings = ProgrammeSettings("Spring", _club(session), effect, amount, **other)
        made = commands.set_up(session, settings, today=TODAY, now=NOW, by=SYSTEM)
        session.commit()
    return made


def _club(session: Session) -> int:
    return session.execute(sa.text("SELECT min(id) FROM clubs")).scalar_one()


def run(database: Database, programme_id: int, *, dry_run: bool = False) -> queries.RunRow:
    with database.session() as session:
        run_id = jobs.ask(
            session, POINTS_PROGRAMME, as_of=TODAY, parameters={"programme": programme_id}, dry_run=dry_run,
            key=job.key(programme_id, TODAY), now=NOW, by=SYSTEM,
        )  # fmt: skip
        session.commit()
    return worked(database, run_id)


def worked(database: Database, run_id: int) -> queries.RunRow:
    runner.work(database, run_id)
    with database.session() as session:
        return queries.run(session, run_id)


def undo(database: Database, row: queries.RunRow) -> queries.RunRow:
    with database.session() as session:
        run_id = jobs.undo_run(session, row.id, POINTS_PROGRAMME, today=TODAY, now=NOW, by=SYSTEM)
        session.commit()
    return worked(database, run_id)


def account(session: Session, place: int) -> Account:
    asked = sa.select(PointsAccount.id, PointsAccount.customer_id).order_by(PointsAccount.id)
    return Account(*session.execute(asked.offset(place).limit(1)).one())


def balances(database: Database) -> list[int]:
    with database.session() as session:
        derived(session)
        return list(session.scalars(sa.select(PointsAccount.balance).order_by(PointsAccount.id)))


def lots(database: Database) -> list[int]:
    with database.session() as session:
        return list(session.scalars(sa.select(PointsLot.remaining).order_by(PointsLot.id)))


@pytest.mark.parametrize(
    ("effect", "amount", "rounding", "after"),
    [
        (Effect.ZERO, 0, Rounding.DOWN, [0, 0, 0, 0]),
        (Effect.SET, 50, Rounding.DOWN, [50, 50, 50, 50]),
        (Effect.ADD, 15, Rounding.DOWN, [165, 50, -5, 15]),
        (Effect.ADD, -50, Rounding.DOWN, [100, 0, -20, 0]),
        (Effect.PERCENT, -1000, Rounding.DOWN, [135, 31, -20, 0]),
        (Effect.PERCENT, -1000, Rounding.NEAREST, [135, 32, -20, 0]),
        (Effect.PERCENT, 333, Rounding.UP, [155, 37, -20, 0]),
        (Effect.PERCENT, -10000, Rounding.UP, [0, 0, -20, 0]),
    ],
)
def test_what_a_programme_makes_of_balances_and_its_undoing(
    shop: Database, effect: Effect, amount: int, rounding: Rounding, after: list[int]
) -> None:
    before = balances(shop)
    programme_id = set_up(shop, effect, amount, rounding=rounding)
    with shop.session() as session:
        seen = job.preview(session, programme_id)
    assert run(shop, programme_id, dry_run=True).counts == seen.counts
    assert balances(shop) == before
    done = run(shop, programme_id)
    assert (done.state, done.counts) == (RunState.DONE, seen.counts)
    assert balances(shop) == after
    assert sum(each.points for each in seen.sample) == sum(after) - sum(before)
    assert run(shop, programme_id).id == done.id
    assert undo(shop, done).counts["left"] == 0
    assert balances(shop) == before
    assert run(shop, programme_id).state is RunState.DONE
    assert balances(shop) == before


def test_points_are_taken_where_they_end_first(shop: Database) -> None:
    run(shop, set_up(shop, Effect.ADD, -50))
    assert lots(shop) == [90, 0, 10, 0]


def test_only_the_chosen_are_touched(shop: Database) -> None:
    assert run(shop, set_up(shop, Effect.ADD, 5, numbers=("100002", "nobody"))).counts["accounts"] == 1
    assert run(shop, set_up(shop, Effect.ADD, 5, joined_from=TODAY + dt.timedelta(days=1))).counts["accounts"] == 0
    assert run(shop, set_up(shop, Effect.ADD, 5, joined_to=TODAY)).counts["accounts"] == 4
    assert run(shop, set_up(shop, Effect.ADD, 5, inactive_since=TODAY)).counts["accounts"] == 4


def test_undoing_after_members_earned_and_spent_leaves_them_as_if_it_had_never_been(shop: Database) -> None:
    def live(database: Database) -> None:
        with database.session() as session:
            first = account(session, 0)
            earned(session, first, 60, last_day=LATER + dt.timedelta(days=1))
            redeem_points(session, first, 50, cause=Cause(MovementKind.REDEEMED, TODAY, NOW, SYSTEM))
            session.commit()
        expire(database, as_of=SOON + dt.timedelta(days=1))

    done = run(shop, set_up(shop, Effect.ZERO))
    live(shop)
    assert balances(shop)[0] == 10
    undo(shop, done)
    # Without the run the 40 that end soon and 10 of the next lot would have paid: 90 + 10 + 60 are left.
    assert balances(shop)[0] == 160
    assert lots(shop) == [90, 0, 10, 35, 60]


def test_who_spent_what_was_given_is_listed_with_the_reason(shop: Database) -> None:
    done = run(shop, set_up(shop, Effect.ADD, 100))
    with shop.session() as session:
        second = account(session, 1)
        redeem_points(session, second, 120, cause=Cause(MovementKind.REDEEMED, TODAY, NOW, SYSTEM))
        session.commit()
    taken_back = undo(shop, done)
    assert (taken_back.counts["accounts"], taken_back.counts["left"]) == (3, 1)
    assert balances(shop) == [150, 15, -20, 0]
    with shop.session() as session:
        warned = [line.values for line in queries.lines(session, taken_back.id) if line.level is Level.WARN]
    assert warned == [{"number": "100002", "reason": "More was used since than there would have been."}]


def test_who_was_merged_or_ended_since_is_listed_with_the_reason(shop: Database) -> None:
    done = run(shop, set_up(shop, Effect.ZERO))
    with shop.session() as session:
        first, second = account(session, 0), account(session, 1)
        merge_customers(session, first.holder_id, second.holder_id, take=(), today=TODAY, now=NOW, by=SYSTEM)
        session.execute(sa.update(PointsAccount).where(PointsAccount.id == first.id).values(state="closed"))
        session.commit()
    assert undo(shop, done).counts["left"] == 2
    assert balances(shop) == [0, 0, -20, 0]
    with shop.session() as session:
        taken_back = queries.runs_of(session, "points-programme", limit=1)[0]
        warned = {line.values["number"]: line.values["reason"] for line in queries.lines(session, taken_back.id)[1:-1]}
    assert warned == {"100001": replay.ENDED, "100002": replay.MOVED}


def parts(*amounts: int) -> tuple[Part, ...]:
    """What a movement does to the lots 1, 2, …"""
    return tuple(Part(lot_id, amount) for lot_id, amount in enumerate(amounts, start=1) if amount)


@pytest.mark.parametrize(
    ("later", "left", "back"),
    [
        ((), (0, 0), (100, 40)),
        ((Later("expired", LATER + dt.timedelta(days=1), parts(-7)),), (0, 0), (0, 40)),
        ((Later("expired", TODAY, parts(0, -7)),), (0, 0), (0, 0)),
        ((Later("adjusted", TODAY, parts(30), 2), Later("reset", TODAY, parts(-30), 3)), (0, 0), (0, 0)),
        ((Later("adjusted", TODAY, parts(30), 2), Later("undone", TODAY, parts(-30), 3, 2)), (0, 0), (100, 40)),
        ((Later("redeemed", TODAY, parts(0, -7), 2), Later("refunded", TODAY, parts(0, 7), 3, 2)), (0, 7), (100, 47)),
        ((Later("redeemed", TODAY, parts(0, -7), 2), Later("refunded", TODAY, parts(0, 4), 3, 2)), (0, 4), (97, 47)),
        ((Later("ended", TODAY, parts(0, -7), 2), Later("restored", TODAY, parts(0, 7), 3, 2)), (0, 7), (100, 47)),
        ((Later("ended", TODAY, parts(0, -7), 2), Later("restored", TODAY, parts(0, 2), 3, 2)), (0, 2), (0, 2)),
        ((Later("refunded", TODAY, parts(9), 2, 0),), (9, 0), (109, 40)),
        ((Later("transferred", TODAY, parts(0, 5), 2),), (0, 5), (100, 45)),
    ],
    ids=[
        *("nothing", "ended by its day", "ended idle", "zeroed after a gift", "given and undone"),
        *("used and given back", "used and given back in part", "ended and restored", "restored in part"),
        *("given back what was used before", "brought by a merge"),
    ],
)
def test_what_a_zeroing_is_as_if_it_had_never_been(
    later: tuple[Later, ...], left: tuple[int, int], back: tuple[int, int]
) -> None:
    # Lot 1 has a last day, lot 2 none; what a later movement takes besides was earned after the zeroing.
    earned_since = [-sum(p.amount for each in later for p in each.parts if p.lot_id == lot) for lot in (1, 2)]
    gifts = tuple(Later("earned", TODAY, (Part(lot, n),), 1) for lot, n in enumerate(earned_since, 1) if n > 0)
    lots = tuple(Lot(number, n, TODAY, day) for number, n, day in zip((1, 2), left, (LATER, None), strict=True))
    used_before = {0: (parts(-20), 3)}
    standing = Standing(0, lots, {1: 200, 2: 200}, parts(-100, -40), (*gifts, *later), before=used_before)
    told, reason = as_if_never(standing)
    moved_back = {part.lot_id: part.amount for part in told}
    assert (reason, tuple(n + moved_back.get(lot, 0) for lot, n in zip((1, 2), left, strict=True))) == (None, back)


def test_a_scheduled_programme_runs_on_its_day_once_and_a_withdrawn_one_never(shop: Database) -> None:
    scheduled = set_up(shop, Effect.ADD, 1, run_on=TODAY)
    gone = set_up(shop, Effect.ADD, 1, run_on=TODAY)
    with shop.session() as session:
        commands.withdraw(session, gone, now=NOW, by=SYSTEM)
        with pytest.raises(Conflict):
            commands.withdraw(session, gone, now=NOW, by=SYSTEM)
        for hour in (0, 1, 48):
            queue.plan(session, now=NOW + dt.timedelta(hours=hour))
        session.commit()
        found = queries.runs_of(session, "points-programme", limit=9)
    assert [each.parameters for each in found] == [{"programme": scheduled}]


def test_a_programme_that_cant_be_is_refused(shop: Database) -> None:
    yesterday = TODAY - dt.timedelta(days=1)
    for effect, amount, other in (
        (Effect.ADD, 0, {}),
        (Effect.SET, -1, {}),
        (Effect.ADD, 1, {"run_on": yesterday}),
        (Effect.ADD, 1, {"last_day": yesterday}),
        (Effect.ADD, 1, {"joined_from": TODAY, "joined_to": yesterday}),
    ):
        with pytest.raises(Invalid):
            set_up(shop, effect, amount, **other)


@given(some.sampled_from(Rounding), some.integers(-10_000, 30_000), some.integers(0, 10**9))
def test_a_share_is_rounded_once_as_it_says(rounding: Rounding, share: int, balance: int) -> None:
    exact = balance * (10_000 + share)
    after = (balance + change(Effect.PERCENT, share, rounding, balance)) * 10_000
    low, high = {Rounding.DOWN: (-9_999, 0), Rounding.NEAREST: (-4_999, 5_000), Rounding.UP: (0, 9_999)}[rounding]
    assert low <= after - exact <= high
