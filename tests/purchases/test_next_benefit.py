# REQ P-03: how many points are missing for the next thing that they can do
import datetime as dt

from erp_club.promotions.engine.facts import Member, PointsLimits
from erp_club.promotions.engine.offer import Offer
from erp_club.purchases.next_benefit import next_benefit
from tests.make.pricing import AT, an_offer, compiled

TODAY = AT.date()
TENTH = {"kind": "percent", "value_bp": 1000}


def costing(code: str, points: int, *, club: str = "CLUB", **said: object) -> Offer:
    return an_offer(code, TENTH, activation={"by": "cashier", "points": points, "club": club}, **said)


def told(points: int, *offers: Offer, **limits: int | bool) -> tuple[str, int] | None:
    found = next_benefit(compiled(*offers), "CLUB", Member(points=points, paying=PointsLimits(**limits)), on=TODAY)  # pyright: ignore[reportArgumentType]
    return (found.offer, found.missing) if found else None


def test_the_nearest_offer_that_costs_more_than_there_is_comes_next() -> None:
    offers = (costing("MUG", 100), costing("TRIP", 5000), costing("TEA", 50), costing("OTHERS", 60, club="OTHER"))
    assert [told(points, *offers) for points in (0, 49, 50, 99, 100, 5000)] == [
        ("TEA", 50), ("TEA", 1), ("MUG", 50), ("MUG", 1), ("TRIP", 4900), None,
    ]  # fmt: skip


def test_points_as_money_come_next_up_to_what_the_club_wants_to_be_there() -> None:
    pay = an_offer("PAY", {"kind": "redeem", "club": "CLUB", "worth_minor": 10, "least": 30})
    assert told(10, pay) == ("PAY", 20)
    assert told(10, pay, least_balance=200) == ("PAY", 190)
    assert told(10, pay, step=50) == ("PAY", 40)
    assert told(200, pay, least_balance=200) is None
    assert told(10, pay, closed=True) is None


def test_an_offer_that_is_over_or_has_not_begun_is_nothing_to_save_for() -> None:
    day = dt.timedelta(days=1)
    past, coming = costing("PAST", 50, last_day=TODAY - day), costing("COMING", 50, first_day=TODAY + day)
    assert told(10, past, coming) is None
    assert told(10, costing("LAST", 50, last_day=TODAY), past) == ("LAST", 40)
