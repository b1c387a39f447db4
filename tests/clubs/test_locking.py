# REQ M-01 M-04: two tills at once, on a database that really commits
import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.cards.models import Card
from erp_club.clubs import commands, queries
from erp_club.clubs.periods import Span
from erp_club.clubs.setup import commands as setup
from erp_club.kernel.db import Database
from erp_club.kernel.errors import Conflict
from erp_club.permissions.actors import SYSTEM
from tests.make.clubs import NOW, TODAY, a_club, a_customer, a_membership

TILLS = 4


def at_once(database: Database, work: Callable[[Session, int], object]) -> list[object]:
    """What each of four tills got that did `work` at the same moment, each in its own transaction; refusals too."""
    ready = Barrier(TILLS)

    def till(number: int) -> object:
        with database.session() as session:
            session.execute(sa.select(1))
            ready.wait(timeout=30)
            try:
                result = work(session, number)
            except Conflict as refused:
                return refused.code
            session.commit()
            return result

    with ThreadPoolExecutor(TILLS) as pool:
        return list(pool.map(till, range(TILLS)))


def test_tills_that_join_a_customer_to_one_club_at_once_make_one_membership(committed: Database) -> None:
    with committed.session() as session:
        yael, gold = a_customer(session), a_club(session)
        session.commit()
    results = at_once(committed, lambda session, _: a_membership(session, yael, gold))
    assert results.count("already-member") == TILLS - 1
    with committed.session() as session:
        assert len(queries.memberships(session, yael, today=TODAY)) == 1
        assert session.scalar(sa.select(sa.func.count()).select_from(Card)) == 1


def test_tills_that_join_a_customer_to_several_clubs_at_once_issue_one_card(committed: Database) -> None:
    with committed.session() as session:
        yael = a_customer(session)
        clubs = [a_club(session, f"CLUB{number}") for number in range(TILLS)]
        session.commit()
    at_once(committed, lambda session, number: a_membership(session, yael, clubs[number]))
    with committed.session() as session:
        assert len(queries.memberships(session, yael, today=TODAY)) == TILLS
        assert session.scalar(sa.select(sa.func.count()).select_from(Card)) == 1


def test_renewals_at_once_follow_each_other_and_all_count(committed: Database) -> None:
    with committed.session() as session:
        yael = a_customer(session)
        membership_id = a_membership(session, yael, a_club(session)).membership_id
        session.commit()
    results = at_once(
        committed,
        lambda session, _: commands.renew_membership(session, membership_id, today=TODAY, now=NOW, by=SYSTEM),
    )
    ends = sorted(str(result.valid_until) for result in results if isinstance(result, commands.Prolonged))
    assert ends == [f"{year}-11-21" for year in range(2028, 2028 + TILLS)]
    with committed.session() as session:
        (row,) = queries.memberships(session, yael, today=TODAY)
        assert row.spans == (Span(TODAY, dt.date(2027 + TILLS, 11, 21)),)


def test_a_club_is_not_closed_in_the_middle_of_a_joining(committed: Database) -> None:
    with committed.session() as session:
        yael, gold = a_customer(session), a_club(session)
        session.commit()
    with committed.session() as joining, ThreadPoolExecutor(1) as pool:
        a_membership(joining, yael, gold)

        def close() -> None:
            with committed.session() as session:
                setup.close_club(session, gold, now=NOW, by=SYSTEM)
                session.commit()

        closing = pool.submit(close)
        wait_for_a_lock(committed)
        assert not closing.done()
        joining.commit()
        closing.result(timeout=30)
    with committed.session() as session:
        (row,) = queries.memberships(session, yael, today=TODAY)
        assert (row.is_valid, row.club_state) == (False, "closed")


def wait_for_a_lock(database: Database) -> None:
    """Return as soon as some session waits for another one's lock."""
    waits = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with database.engine.connect() as connection:
        for _ in range(20_000):
            if connection.scalar(waits):
                return
            connection.rollback()
    raise AssertionError("nobody waits")
