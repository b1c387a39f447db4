# REQ P-08 P-09 P-10 M-09 C-10: an expiry is taken back after accounts were linked, merged, erased or had a return
import sqlalchemy as sa

from erp_club.clubs.models import Membership
from erp_club.jobs import commands, queries, runner
from erp_club.jobs.kinds import Level, RunState
from erp_club.jobs.points import POINTS_EXPIRE
from erp_club.jobs.programmes import replay
from erp_club.kernel.db import Database
from erp_club.people.erasure.commands import erase_customer
from erp_club.people.merging.commands import merge_customers
from erp_club.permissions.actors import SYSTEM
from erp_club.points.ledger.commands import Account
from erp_club.points.verify.queries import faults
from erp_club.programmes.households.commands import When, link_members
from tests.make.households import WHEN, Family, a_family, later
from tests.points.test_expiry import YESTERDAY, earned


def expire(database: Database, when: When = WHEN) -> int:
    with database.session() as session:
        run_id = commands.ask(session, POINTS_EXPIRE, as_of=when.today, now=when.now, by=SYSTEM)
        session.commit()
    runner.work(database, run_id)
    return run_id


def undo(database: Database, run_id: int, when: When = WHEN) -> queries.RunRow:
    with database.session() as session:
        undo_id = commands.undo_run(session, run_id, POINTS_EXPIRE, today=when.today, now=when.now, by=SYSTEM)
        session.commit()
    runner.work(database, undo_id)
    with database.session() as session:
        assert faults(session) == []
        return queries.run(session, undo_id)


def held(family: Family, membership_id: int) -> Account:
    columns = Membership.points_account_id, Membership.points_holder_id
    return Account(*family.session.execute(sa.select(*columns).where(Membership.id == membership_id)).one())


def test_only_what_can_be_told_is_given_back_and_the_rest_is_listed_with_its_reason(committed: Database) -> None:
    with committed.session() as session:
        family = a_family(session)
        members = untouched, linked, merged, erased = family.join(0, 0, 0, 0)
        for each in members:
            earned(session, held(family, each), 50, last_day=YESTERDAY)
        session.commit()
    run_id = expire(committed)
    with committed.session() as session:
        family.session = session
        main, survivor = family.join(0, 0)
        link_members(session, main, linked, when=WHEN)
        day = {"today": WHEN.today, "now": WHEN.now, "by": SYSTEM}
        merge_customers(session, family.customer(survivor), family.customer(merged), take=(), **day)
        erase_customer(session, family.customer(erased), points=0, **day)
        session.commit()
    row = undo(committed, run_id)
    assert (row.state, row.counts["given"], row.counts["left"]) == (RunState.DONE, 50, 3)
    with committed.session() as session:
        family.session = session
        assert [family.balance(each) for each in (untouched, main, survivor)] == [50, 0, 0]
        warned = [line.values for line in queries.lines(session, row.id) if line.level is Level.WARN]
    assert [each["reason"] for each in warned] == [replay.MOVED, replay.MOVED, replay.ENDED]
    assert warned[-1]["number"].startswith("erased-"), "the log names nobody who was erased"


def test_goods_that_came_back_meanwhile_take_the_points_that_are_given_back(committed: Database) -> None:
    with committed.session() as session:
        family = a_family(session, expires=True)
        first, second = family.join(0, 0)
        bought = family.buys(first, 50_00)
        family.buys(second, 50_00)
        session.commit()
    a_year_on = later(400)
    run_id = expire(committed, a_year_on)
    with committed.session() as session:
        family.session = session
        family.returns(bought, 30_000, on=a_year_on)
        session.commit()
        assert [family.balance(each) for each in (first, second)] == [-30, 0]
    undo(committed, run_id, a_year_on)
    with committed.session() as session:
        family.session = session
        assert [family.balance(each) for each in (first, second)] == [20, 50]
