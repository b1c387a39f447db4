# REQ P-03: how many points are missing for the next thing that they can do
import datetime as dt

from erp_club.programmes.engine.facts import MemberFacts
from erp_club.promotions.engine.facts import EarningPlan, Facts, Member, PointsLimits, Shopper
from erp_club.promotions.engine.offer import Offer
from erp_club.purchases.next_benefit import next_benefit
from erp_club.purchases.plans import ProgrammePlan
from tests.make.pricing import AT, an_offer, compiled
from tests.make.programmes import a_programme

TODAY = AT.date()
TENTH = {"kind": "percent", "value_bp": 1000}


def costing(code: str, points: int, *, club: str = "CLUB", **said: object) -> Offer:
    return an_offer(code, TENTH, activation={"by": "cashier", "points": points, "club": club}, **said)


def told(
    points: int, *offers: Offer, level: str | None = None, plans: tuple[EarningPlan, ...] = (), **limits: int | bool
) -> tuple[str, int] | None:
    member = Member(level=level, points=points, paying=PointsLimits(**limits))  # pyright: ignore[reportArgumentType]
    facts = Facts(at=AT, lines=(), shopper=Shopper("1", clubs={"CLUB": member}), plans=plans)
    found = next_benefit(compiled(*offers), facts, "CLUB")
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


def test_what_is_for_a_higher_level_is_nothing_to_save_for_yet() -> None:
    mug = costing("MUG", 50, when={"all": [{"clubs": ["CLUB"], "levels": ["GOLD"]}]})
    cup = costing("CUP", 80, when={"all": [{"weekdays": [1]}, {"amount_minor": 5_00}]})
    assert [told(10, mug, cup, level=each) for each in ("BASE", "GOLD")] == [("CUP", 70), ("MUG", 40)]


def test_what_points_are_given_for_beforehand_comes_next_as_well() -> None:
    wash = {"code": "wash", "points": 60, "gives": {"kind": "code", "amount_minor": 5_00}, "issue": {"valid_days": 60}}
    trip = wash | {"code": "trip", "points": 40, "levels": ["GOLD"]}
    levels = {"levels": [{"code": "BASE", "at_least": 0}, {"code": "GOLD", "at_least": 100}]}
    club = a_programme(benefits=[wash, trip], levels=levels)

    def at(level: str, points: int) -> tuple[str, int] | None:
        plan = ProgrammePlan("CLUB", club, MemberFacts(level=level), AT, "374")
        return told(points, costing("MUG", 100), plans=(plan,))

    assert [at("BASE", 10), at("GOLD", 10), at("BASE", 60)] == [("CLUB.WASH", 50), ("CLUB.TRIP", 30), ("MUG", 40)]
