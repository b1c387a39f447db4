# REQ R-04: what a club's settings would have given in a past period, while they are edited
import datetime as dt

import pytest
from sqlalchemy.orm import Session

from erp_club.clubs.kinds import ClubState
from erp_club.clubs.models import Club
from erp_club.programmes.engine.programme import Programme
from erp_club.receipts.rollups.commands import roll_all
from erp_club.reports import settings_forecast
from erp_club.reports.settings_forecast import Outlook, Tried, outlook, with_settings
from erp_club.reports.what_if import by_rate
from tests.make.clubs import a_club, a_customer, a_membership
from tests.make.organisation import a_chain, a_store
from tests.make.programmes import earning_by
from tests.make.purchases import a_receipt

FIRST, LAST = dt.date(2026, 10, 1), dt.date(2026, 10, 31)
RATE = Tried(points=1, per_minor=10_00, join_points=50, review_points=10, reviewed_percent=50)


def tried(session: Session, club_id: int, settings: Tried) -> Outlook:
    club = session.get_one(Club, club_id)
    programme = by_rate(session, club.code)
    assert programme is not None
    whose = None if club.state == ClubState.DRAFT else club.id
    return outlook(session, whose, programme, settings, first=FIRST, last=LAST)


@pytest.fixture
def store(session: Session) -> int:
    """A store where the customers C1 and C2 bought in October, C2 before it too."""
    a_chain(session)
    store = a_store(session).id
    old, new = a_customer(session, "C2"), a_customer(session, "C1")
    a_receipt(session, store, "1", "2026-09-30", 90_00, customer_id=old)
    a_receipt(session, store, "2", "2026-10-02", 95_00, customer_id=old)
    a_receipt(session, store, "3", "2026-10-02", 31_00, customer_id=new)
    a_receipt(session, store, "4", "2026-10-31", 70_00, customer_id=new)
    a_receipt(session, store, "5", "2026-10-31", 500_00)
    roll_all(session)
    return store


def test_a_draft_counts_every_known_customer(session: Session, store: int):
    found = tried(session, a_club(session, state=ClubState.DRAFT), RATE)
    by_day = dict(zip(found.days, found.purchases, strict=True))
    assert (found.everybody, found.receipts, found.members, found.joined) == (True, 3, 2, 1)
    assert {day: points for day, points in by_day.items() if points} == {dt.date(2026, 10, 2): 12, LAST: 7}
    assert (sum(found.joining), sum(found.reviews), found.points) == (50, 15, 84)


def test_another_rate_gives_other_points(session: Session, store: int):
    club = a_club(session, state=ClubState.DRAFT)
    twice = Tried(points=2, per_minor=10_00, join_points=0, review_points=0, reviewed_percent=0)
    assert tried(session, club, twice).points > tried(session, club, RATE).points - 65


def test_a_club_in_force_counts_its_members_on_their_days(session: Session, store: int):
    club, customer = a_club(session), a_customer(session, "C3")
    a_membership(session, customer, club, joined_on=dt.date(2026, 10, 15))
    for number, day in (("6", "2026-10-14"), ("7", "2026-10-15")):
        a_receipt(session, store, number, day, 40_00, customer_id=customer)
    found = tried(session, club, RATE)
    assert (found.everybody, found.receipts, found.joined, sum(found.purchases)) == (False, 1, 1, 4)


def test_a_code_is_that_of_the_highest_step_that_is_reached(session: Session, store: int):
    tiers = ((9, 5_00), (12, 7_50), (100, 40_00))
    settings = Tried(points=1, per_minor=10_00, join_points=0, review_points=0, reviewed_percent=0, tiers=tiers)
    found = tried(session, a_club(session, state=ClubState.DRAFT), settings)
    assert (found.codes, found.codes_minor) == (2, 10_00)


def test_many_receipts_are_counted_on_some_customers_and_raised(
    session: Session, store: int, monkeypatch: pytest.MonkeyPatch
):
    for number in range(100, 160):
        a_receipt(session, store, str(number), "2026-10-20", 10_00, customer_id=a_customer(session, f"M{number}"))
    monkeypatch.setattr(settings_forecast, "MOST_RECEIPTS", 20)
    found = tried(session, a_club(session, state=ClubState.DRAFT), RATE)
    assert found.receipts == 63
    assert 0 < found.counted < found.receipts
    # Who is counted hangs on their ids: a point each, but for the two of the shop, who would get 12 and 7.
    before_raising = sum(found.purchases) * found.counted / found.receipts
    assert found.counted - 1 <= before_raising <= found.counted + 18


def test_only_the_plain_rate_of_a_programme_is_replaced():
    rules = [
        {"kind": "money", "code": "tea", "points": 5, "per_minor": 100, "on": {"groups": ["TEA"]}},
        {"kind": "money", "code": "all", "points": 1, "per_minor": 1000},
    ]
    programme: Programme = earning_by(*rules)
    assert [rule.points for rule in with_settings(programme, RATE).earning.rules if rule.kind == "money"] == [5, 1]
    three = Tried(points=3, per_minor=100, join_points=0, review_points=0, reviewed_percent=0)
    assert [rule.points for rule in with_settings(programme, three).earning.rules if rule.kind == "money"] == [5, 3]
