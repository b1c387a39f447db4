# REQ P-03 P-12: the history of an account
import datetime as dt

import pytest
from sqlalchemy.orm import Session

from erp_club.kernel.errors import NotFound
from erp_club.points import queries
from erp_club.points.queries import Flow, Which
from tests.make.clubs import a_club, a_customer, a_membership, moved


def an_account(session: Session, *points: int) -> tuple[int, int]:
    """A member's account with these movements; the customer's id and the account's."""
    yael = a_customer(session)
    account_id = a_membership(session, yael, a_club(session)).points_account_id
    moved(session, yael, account_id, *points)
    return yael, account_id


def seen(page: queries.MovementPage) -> list[tuple[int, int]]:
    return [(row.points, row.balance_after) for row in page.rows]


def test_the_history_runs_from_the_newest_with_the_balance_after_each(session: Session) -> None:
    yael, account = an_account(session, 100, 50, -30)
    assert seen(queries.movements(session, yael, account)) == [(-30, 120), (50, 150), (100, 100)]


def test_earned_and_used_are_told_apart(session: Session) -> None:
    yael, account = an_account(session, 100, -30, 50)
    assert seen(queries.movements(session, yael, account, which=Which(Flow.EARNED))) == [(50, 120), (100, 100)]
    assert seen(queries.movements(session, yael, account, which=Which(Flow.USED))) == [(-30, 70)]


def test_older_movements_follow_page_by_page_without_a_gap(session: Session) -> None:
    yael, account = an_account(session, 1, 2, 3, 4, 5)
    pages, before = [], None
    while True:
        page = queries.movements(session, yael, account, before=before, limit=2)
        pages.append([row.points for row in page.rows])
        before = page.older
        if before is None:
            break
    assert pages == [[5, 4], [3, 2], [1]]
    assert [row.points for row in queries.all_movements(session, yael, account)] == [5, 4, 3, 2, 1]


def test_a_full_last_page_is_the_last(session: Session) -> None:
    yael, account = an_account(session, 1, 2)
    assert queries.movements(session, yael, account, limit=2).older is None


def test_the_balance_of_each_month_is_the_sum_of_all_that_moved_by_then(session: Session) -> None:
    yael, account = an_account(session)
    moved(session, yael, account, 10, on=dt.date(2016, 12, 31))
    moved(session, yael, account, 5, 5, on=dt.date(2017, 2, 10))
    moved(session, yael, account, -8, on=dt.date(2017, 12, 31))
    moved(session, yael, account, 100, on=dt.date(2018, 1, 1))
    assert queries.balance_by_month(session, yael, account) == {
        dt.date(2016, 12, 1): 10,
        dt.date(2017, 2, 1): 20,
        dt.date(2017, 12, 1): 12,
        dt.date(2018, 1, 1): 112,
    }


def test_the_sum_of_the_movements_is_the_balance(session: Session) -> None:
    _yael, account = an_account(session, 100, -30)
    assert queries.account(session, account).balance == 70


def test_an_account_that_is_not_there(session: Session) -> None:
    with pytest.raises(NotFound):
        queries.account(session, 999_999)
