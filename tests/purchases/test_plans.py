# REQ P-01 P-03 P-16: a sale earns by its club's programme, whatever its rules are
import datetime as dt
import json
from typing import Any

import pytest

from erp_club.clubs.rules import document_json, points_rules
from erp_club.programmes import settings
from erp_club.programmes.documents import programme_of
from erp_club.programmes.engine.facts import MemberFacts
from erp_club.programmes.engine.programme import Programme
from erp_club.promotions.engine.compile import Published, compile_offers
from erp_club.promotions.engine.facts import EarningRule, Facts, Line, Member, Shopper
from erp_club.promotions.engine.offer import Offer
from erp_club.promotions.engine.price import price
from erp_club.promotions.engine.priced import Priced
from erp_club.purchases.plans import ProgrammePlan
from tests.make.offers import an_offer
from tests.make.programmes import a_programme, earning_by, example

AT = dt.datetime(2026, 6, 20, 12, 0)  # noqa: DTZ001 - the store's clock


def a_line(minor: int, *, id: str = "1", **said: Any) -> Line:  # noqa: A002 - as the line calls it
    return Line(id=id, product=said.pop("product", id), quantity_milli=1000, unit_minor=minor, **said)


def sold(club: Programme, *lines: Line, offers: tuple[Offer, ...] = (), **said: Any) -> Priced:
    plan = ProgrammePlan(club.code, club, MemberFacts(), AT, "374", **said)
    shopper = Shopper("1", clubs={club.code: Member()})
    facts = Facts(lines=lines, at=AT, shopper=shopper, plans=(plan,))
    return price(facts, compile_offers([Published(offer, 1) for offer in offers]))


def points(club: Programme, *lines: Line, **said: Any) -> int:
    return sum(each.points for each in sold(club, *lines, **said).earned)


@pytest.mark.parametrize(("minor", "stamps"), [(499, 0), (799, 1), (1000, 2), (1699, 2), (3450, 6)])
def test_half_stamps_are_given_at_the_till(minor: int, stamps: int):
    assert points(example("waterstones"), a_line(minor)) == stamps


def test_a_share_of_what_is_paid_is_rounded_once_a_receipt():
    club = example("bagel_cafe")
    assert points(club, a_line(15_000)) == 10
    assert points(club, a_line(7_500, id="1"), a_line(7_500, id="2")) == 10
    assert points(club, a_line(15_000, group="Catering")) == 0


def test_points_lie_on_the_lines_that_earned_them():
    club = earning_by({"kind": "money", "points": 1, "per_minor": 100, "on": {"groups": ["Tea"]}})
    made = sold(club, a_line(1000, id="1", group="Tea"), a_line(1000, id="2"))
    assert made.earned[0].lines == (("1", 10),)
    assert [line.points for line in made.lines] == [10, 0]


def test_only_allowed_means_earn_and_lines_in_an_offer_are_passed_over():
    club = earning_by({"kind": "money", "points": 1, "per_minor": 100, "means": ["card"]}, excluded={"promoted": True})
    assert points(club, a_line(1000), means=("card",)) == 10
    assert points(club, a_line(1000), means=("cash",)) == 0
    assert points(club, a_line(1000), means=("card",), offers=(an_offer(),)) == 0


@pytest.mark.parametrize(
    ("means", "paid", "earned"),
    [
        (("card", "stored_value"), (("card", 600), ("stored_value", 400)), 6),
        (("card", "stored_value"), (("stored_value", 400),), 6),
        (("stored_value", "card"), (("card", 250),), 2),
        (("cash", "stored_value"), (("cash", 600), ("stored_value", 400)), 0),
    ],
)
def test_of_several_means_the_share_of_those_that_earn_counts(
    means: tuple[str, ...], paid: tuple[tuple[str, int], ...], earned: int
):
    club = earning_by({"kind": "money", "points": 1, "per_minor": 100, "means": ["card"]})
    assert points(club, a_line(700, id="1"), a_line(300, id="2"), means=means, paid=paid) == earned


def test_a_club_of_the_web_earns_in_the_web_alone():
    club = example("oro_oro")
    assert points(club, a_line(200_00), means=("card",), channel="store") == 0
    assert points(club, a_line(200_00), means=("card",), channel="web") == 10


def test_an_offer_doubles_what_the_programme_gives():
    double = an_offer(rewards=[{"kind": "points", "multiplier_bp": 20_000}])
    assert points(earning_by({"kind": "money", "points": 1, "per_minor": 100}), a_line(1000), offers=(double,)) == 20


def test_what_earns_travels_with_the_rules_of_points():
    club = example("oro_oro")
    text = json.dumps(document_json(settings.points_rules(club)))
    read = programme_of(text)
    assert read is not None
    assert (read.earning, read.redemption, read.channels) == (club.earning, club.redemption, club.channels)
    assert points_rules(2, text, 1, 100).terms.version == 2
    assert programme_of("{}") is None
    assert programme_of(json.dumps(document_json(settings.points_rules(a_programme())))) is None


def test_a_flat_rate_earns_the_same_by_either_way():
    rule, club = EarningRule("CLUB", 1, 1000), earning_by({"kind": "money", "points": 1, "per_minor": 1000})
    for minor in (1, 999, 1000, 19_990, 123_456):
        facts = Facts(lines=(a_line(minor),), at=AT, shopper=Shopper("1", clubs={"CLUB": Member()}), earning=(rule,))
        flat = price(facts, compile_offers([]))
        assert sum(each.points for each in flat.earned) == points(club, a_line(minor))
