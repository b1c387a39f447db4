# REQ P-14: what the chain owes in points, by club, age and month of expiry, and the period to the point
import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.points.kinds import MovementKind
from erp_club.reports.liability import queries
from erp_club.reports.liability.figures import Age, Expected, Flow, Way, expected, reconciled
from tests.make.clubs import a_club, a_customer, a_membership, moved

TODAY = dt.date(2026, 11, 25)


def test_the_period_reconciles_to_the_ledger_whatever_its_bounds(session: Session) -> None:
    gold, silver = a_club(session, "GOLD"), a_club(session, "SILVER")
    yael, noa = a_customer(session, "100001"), a_customer(session, "100002")
    for customer, club, days in ((yael, gold, (10, 200, 500)), (noa, gold, (40, 300)), (noa, silver, (5,))):
        account = a_membership(session, customer, club).points_account_id
        for ago in sorted(days, reverse=True):
            moved(session, customer, account, 100 + ago, -30, on=TODAY - dt.timedelta(ago))
    balances = queries.balances(session)
    for first, last in ((TODAY, TODAY), (dt.date(2026, 1, 1), TODAY), (dt.date(2000, 1, 1), TODAY)):
        for club in (gold, silver):
            told = reconciled(queries.flows(session, first=first, last=last, club_id=club))
            assert told.closing == balances[club][0]
            assert told.opening + sum(told.moved.values()) == told.closing
    ends = TODAY - dt.timedelta(100)
    before = reconciled(queries.flows(session, first=dt.date(2026, 1, 1), last=ends, club_id=gold))
    after = reconciled(queries.flows(session, first=ends + dt.timedelta(1), last=TODAY, club_id=gold))
    assert (after.opening, after.closing) == (before.closing, balances[gold][0])


def test_what_is_outstanding_is_told_by_age_and_month_of_expiry(session: Session) -> None:
    gold, yael = a_club(session), a_customer(session)
    account = a_membership(session, yael, gold).points_account_id
    for ago in (700, 300, 20):
        moved(session, yael, account, 100, on=TODAY - dt.timedelta(ago))
    lots = queries.held(session, today=TODAY)
    assert sum(lot.points for lot in lots) == queries.balances(session)[gold][0] == 300
    assert {lot.age for lot in lots} <= {Age.TO_3, Age.TO_12, Age.TO_24}
    assert queries.held(session, today=TODAY, club_id=gold + 1) == []


def test_points_of_an_account_that_was_merged_away_stay_in_the_books_of_its_club(session: Session) -> None:
    gold = a_club(session)
    yael, noa = a_customer(session, "100001"), a_customer(session, "100002")
    old, heir = (a_membership(session, each, gold).points_account_id for each in (yael, noa))
    moved(session, yael, old, 100, -100, on=dt.date(2026, 1, 1))
    moved(session, noa, heir, 100, on=dt.date(2026, 2, 1))
    before = reconciled(queries.flows(session, first=TODAY, last=TODAY))
    session.execute(
        sa.text("UPDATE points_accounts SET heir_id = :heir, heir_holder_id = :noa WHERE id = :old"),
        {"heir": heir, "noa": noa, "old": old},
    )
    assert reconciled(queries.flows(session, first=TODAY, last=TODAY)) == before


def flow(kind: MovementKind, history: int) -> Flow:
    return Flow(1, kind, 0, history, 1, history)


@pytest.mark.parametrize(
    ("flows", "told"),
    [
        ([flow(MovementKind.REDEEMED, -999)], Expected(999, 0, None, None)),
        ([flow(MovementKind.REDEEMED, -3000), flow(MovementKind.EXPIRED, -1000)], Expected(3000, 1000, 7500, 150)),
        (
            [flow(MovementKind.REDEEMED, -3000), flow(MovementKind.REFUNDED, 1000), flow(MovementKind.ENDED, -2000)],
            Expected(2000, 2000, 5000, 100),
        ),
        ([flow(MovementKind.EARNED, 9000), flow(MovementKind.EXPIRED, -1000)], Expected(0, 1000, 0, 0)),
    ],
    ids=["too few to tell", "three of four", "given back is not used", "nobody uses any"],
)
def test_what_is_likely_used_follows_from_what_became_of_points(flows: list[Flow], told: Expected) -> None:
    assert expected(200, flows) == told


def test_every_reason_is_in_one_group() -> None:
    told = reconciled([flow(kind, 1) for kind in MovementKind])
    assert sum(told.moved.values()) == len(MovementKind)
    assert all(told.moved[way] for way in Way)
