# REQ M-09: one shared account at several tills at once, on a database that really commits
from typing import Any

from sqlalchemy.orm import Session

from erp_club.kernel.db import Database
from erp_club.points.verify.queries import faults
from erp_club.programmes.households.commands import leave, link_members
from tests.clubs.test_locking import TILLS, at_once
from tests.make.households import WHEN, Family, a_family


def at(session: Session, family: Family) -> Family:
    """The same family for another till."""
    return Family(session, family.till, family.club_id, family.members)


def a_home(committed: Database, *points: int, **household: Any) -> tuple[Family, list[int]]:
    with committed.session() as session:
        family = a_family(session, **household)
        members = family.join(*points)
        session.commit()
    return family, members


def test_of_two_households_that_take_one_in_at_once_one_gets_them(committed: Database) -> None:
    family, (*mains, child) = a_home(committed, *range(TILLS), 50)

    results = at_once(committed, lambda session, number: link_members(session, mains[number], child, when=WHEN))

    assert results.count("linked-already") == TILLS - 1
    with committed.session() as session:
        assert sum(at(session, family).balance(each) >= 50 for each in mains) == 1
        assert faults(session) == []


def test_tills_that_take_points_of_one_shared_account_at_once_never_take_more_than_there_are(
    committed: Database,
) -> None:
    family, (parent, child) = a_home(committed, 60, 50)
    with committed.session() as session:
        link_members(session, parent, child, when=WHEN)
        session.commit()

    def pays(session: Session, number: int) -> object:
        return at(session, family).buys((parent, child)[number % 2], 2_00, points=40, receipt=f"T-{number}")

    results = at_once(committed, pays)

    assert results.count("points-too-few") == TILLS - 2
    with committed.session() as session:
        assert at(session, family).balance(parent) == 110 - 2 * 40
        assert faults(session) == []


def test_sales_during_a_link_and_a_leaving_lose_no_point(committed: Database) -> None:
    family, (parent, child) = a_home(committed, 10, 20, leaver="own_earned")

    def work(session: Session, number: int) -> object:
        if number == 0:
            return link_members(session, parent, child, when=WHEN)
        return at(session, family).buys(child, 5_00, receipt=f"L-{number}")

    results = at_once(committed, work)
    sold = TILLS - 1 - results.count("customer-merged")
    with committed.session() as session:
        home = at(session, family)
        assert home.balance(parent) == home.balance(child) == 30 + 5 * sold
        leave(session, child, when=WHEN)
        assert (home.balance(parent), home.balance(child)) == (10, 20 + 5 * sold)
        assert faults(session) == []
