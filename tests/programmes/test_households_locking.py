# REQ M-09: one shared account at several tills at once, on a database that really commits
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel.db import Database
from erp_club.permissions.actors import SYSTEM
from erp_club.points.ledger.commands import Account, hold_account
from erp_club.points.verify.queries import faults
from erp_club.programmes.commands import load_programme
from erp_club.programmes.events.told import At
from erp_club.programmes.households.commands import leave, link_members
from erp_club.programmes.redemptions.commands import give_to_charity, undo_redemption
from tests.clubs.test_locking import TILLS, at_once
from tests.make.clubs import a_customer, a_membership, moved
from tests.make.households import RULES, WHEN, Family, a_family
from tests.make.organisation import a_chain
from tests.make.programmes import a_programme
from tests.make.purchases import NOW

AT = At(NOW.replace(tzinfo=None), NOW, SYSTEM)


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


def test_points_given_away_while_their_member_is_linked_go_from_the_shared_account(committed: Database) -> None:
    # REQ P-18
    household, charity = {"most_persons": 3}, {"names": {"en": "Red Cross"}, "least_points": 5}
    club = a_programme(earning=RULES, household=household, charity=charity)
    with committed.session() as session:
        a_chain(session)
        how: dict[str, Any] = {"currency": "ILS", "language": "en", "now": NOW, "by": SYSTEM, "publish": True}
        club_id = load_programme(session, club, today=NOW.date(), **how).club_id
        parent, child = (a_customer(session, number) for number in ("200001", "200002"))
        main, other = (a_membership(session, each, club_id, joined_on=NOW.date()) for each in (parent, child))
        moved(session, child, other.points_account_id, 50, on=NOW.date())
        session.commit()

    def give() -> int:
        with committed.session() as session:
            made = give_to_charity(session, other.membership_id, 20, AT).settlement_id
            session.commit()
            return made

    with committed.session() as linking, ThreadPoolExecutor(1) as pool:
        link_members(linking, main.membership_id, other.membership_id, when=WHEN)
        giving = pool.submit(give)
        wait_until_it_waits(linking, giving)
        linking.commit()
        given = giving.result(timeout=30)

    with committed.session() as session:
        assert hold_account(session, Account(main.points_account_id, parent)).balance == 30
        undo_redemption(session, other.membership_id, given, AT)
        assert hold_account(session, Account(main.points_account_id, parent)).balance == 50
        assert faults(session) == []


def wait_until_it_waits(session: Session, working: Future[int]) -> None:
    """Until the work waits for what this transaction holds."""
    waits = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    while not session.scalar(waits):
        assert not working.done(), working.result()


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
