# REQ M-02 M-03 M-11 P-01 P-05 P-15 P-16: printed terms of a dozen trades as documents, acted, and reckoned by hand
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Brand, Product
from erp_club.customers.models import Customer
from erp_club.points.verify.queries import faults
from erp_club.programmes.engine.checks import findings
from erp_club.programmes.engine.earn import earn
from erp_club.programmes.engine.facts import MemberFacts
from erp_club.promotions.coupons.models import Coupon
from erp_club.purchases.asked import Asked
from erp_club.purchases.quotes.commands import make_quote
from erp_club.purchases.quotes.told import Buyer
from erp_club.purchases.returns.commands import Asked as AskedBack
from erp_club.purchases.returns.commands import return_goods
from erp_club.purchases.returns.facts import Wish
from tests.make.coupons import a_batch
from tests.make.offers import a_published_offer
from tests.make.pricelists import a_list, an_entry
from tests.make.printed import Shop, document, printed
from tests.make.programmes import a_programme, day, purchase
from tests.make.purchases import a_place, a_product
from tests.programmes.test_conversions import noon
from tests.programmes.test_invented_clubs import Trade
from tests.programmes.test_more_clubs import PENNY, earning

QUARTER: dict[str, Any] = {"period": {"every": "quarter"}, "issue": {"at": "period_end", "valid_months": 24}}


class Printed(Trade):
    """A trade whose members have a birthday, and whose goods have a brand."""

    def born(self, customer: int, birthday: str) -> int:
        self.session.execute(sa.update(Customer).where(Customer.id == customer).values(birthday=day(birthday)))
        return customer

    def branded(self, sku: str, brand: str, minor: int) -> str:
        self.goods(sku, minor=minor)
        row = Brand(name=brand)
        self.session.add(row)
        self.session.flush()
        self.session.execute(sa.update(Product).where(Product.sku == sku).values(brand_id=row.id))
        return sku

    def back(self, sold: Any, on: str) -> None:
        place = a_place(self.session, self.till, now=noon(on))
        return_goods(self.session, sold.posted.receipt_id, AskedBack(Wish(), f"B-{on}"), place, currency="ILS")


def test_a_statement_each_quarter_turns_points_into_vouchers_from_150_on_in_steps_of_50(session: Session):
    """1 point a full 1.00, 1 a full 2.00 of fuel; each quarter every 50 points are 0.50, at least 1.50."""
    fuel = {"kind": "money", "points": 1, "per_minor": 2_00, "full": True, "on": {"products": ["FUEL"]}}
    shop = {"kind": "money", "points": 1, "per_minor": 1_00, "full": True}
    statement = QUARTER | {
        "code": "statement", "base": {"counts": "balance"}, "takes": True, "least_minor": 1_50,
        "function": {"kind": "every", "every": 50, "value": 50}, "gives": {"kind": "stored_value"},
    }  # fmt: skip
    club = Printed(session, earning=earning(fuel, shop, excluded={"groups": ["Tobacco"]}), rewards=[statement])
    club.goods("FUEL", minor=1_00)
    club.goods("SMOKE", "Tobacco", 40_00)
    little, much = club.member("2026-01-05"), club.member("2026-01-05")
    club.buys(little, 149_99, "2026-01-10")
    club.buys(little, 40_00, "2026-01-10", sku="SMOKE")
    club.buys(much, 151_50, "2026-01-10")
    club.buys(much, 97_00, "2026-02-10", sku="FUEL", milli=97_000)
    assert (club.balance(little), club.balance(much)) == (149, 151 + 48)
    club.settles("statement", "2026-03-31")
    assert (club.cards(little), club.cards(much)) == ([], [1_50])
    assert (club.balance(little), club.balance(much)) == (149, 49)
    club.buys(little, 1_00, "2026-04-10")
    club.settles("statement", "2026-06-30")
    assert (club.cards(little), club.balance(little)) == ([1_50], 0)


def test_a_chemist_gives_more_on_its_own_brand_to_who_is_over_60(session: Session):
    """3 points a 1.00; 8 on the own brand for whoever is 60; a point is 0.01 and pays whole items only."""
    senior = {
        "kind": "money", "points": 8, "per_minor": 1_00, "on": {"brands": ["Ours"]}, "when": {"min_age": 60},
    }  # fmt: skip
    all_goods = {"kind": "money", "points": 3, "per_minor": 1_00}
    pays = {"worth_points": 1, "worth_minor": 1, "whole_items": True}
    club = Printed(
        session, earning=earning(senior, all_goods), redemption=pays,
        expiry={"rule": {"kind": "inactivity", "months": 12}},
    )  # fmt: skip
    club.branded("CREAM", "Ours", 10_00)
    old = club.born(club.member("2026-01-05"), "1966-03-01")
    young = club.born(club.member("2026-01-05"), "1966-03-02")
    for who, points in ((old, 80), (young, 30)):
        assert club.points(who, 10_00, "2026-03-01", sku="CREAM") == points
        assert club.points(who, 10_00, "2026-03-01") == 30
    assert club.points(young, 10_00, "2026-03-02", sku="CREAM") == 80


def test_a_share_for_regular_goods_and_a_smaller_one_for_reduced_goods(session: Session):
    """5 % on goods at the regular price, 2.5 % on others; 10 % from 500.00 on; rounded down once a receipt."""
    big = {"kind": "money", "points": 10, "per_minor": 100_00, "when": {"least_minor": 500_00}}
    regular = {"kind": "money", "points": 5, "per_minor": 100_00, "excluded": {"reduced": True, "promoted": True}}
    other = {"kind": "money", "points": 25, "per_minor": 1_000_00}
    pays = {"worth_points": 1, "worth_minor": 1_00}
    club = Printed(session, earning=earning(big, regular, other, available={"after_days": 1}), redemption=pays)
    member = club.member("2026-01-05")
    assert [club.points(member, minor, "2026-03-01") for minor in (199_99, 499_99, 500_00)] == [9, 24, 50]


def test_litres_of_the_month_are_worth_more_the_more_they_are(session: Session):
    """From 100 l a month 2 agorot a litre, from 200 l 5; whoever buys less has nothing."""
    fuel = {"products": ["FUEL"]}
    month = {
        "code": "litres", "period": {"every": "month"}, "base": {"counts": "units", "on": fuel}, "rest": "drop",
        "function": {"kind": "percent", "steps": [
            {"from_amount": 100_000, "rate_bp": 200}, {"from_amount": 200_000, "rate_bp": 500}]},
        "paid_on": {"measure": {"counts": "units", "on": fuel}, "per_unit": True},
        "gives": {"kind": "stored_value"}, "issue": {"at": "period_end", "valid_months": 3},
    }  # fmt: skip
    club = Printed(session, rewards=[month])
    club.goods("FUEL", minor=7_00)
    members = [club.member("2026-01-05") for _ in range(3)]
    for who, litres in zip(members, (99.9, 150, 200.5), strict=True):
        milli = round(litres * 1000)
        club.buys(who, 7_00 * milli // 1000, "2026-03-10", sku="FUEL", milli=milli)
    club.settles("litres", "2026-03-31")
    assert [club.cards(each) for each in members] == [[], [3_00], [10_03]]


def test_a_streak_of_four_weeks_brings_a_voucher(session: Session):
    """Who buys for 50.00 in each of four weeks running has 10.00 at the end of the fourth."""
    week = {
        "code": "streak", "period": {"every": "week"}, "function": {"kind": "threshold", "steps": [
            {"at": 50_00, "value": 10_00}]},
        "needs": [{"at_least": 50_00, "periods": 4, "of_them": 4}], "rest": "drop",
        "gives": {"kind": "code"}, "issue": {"at": "period_end", "valid_days": 14},
    }  # fmt: skip
    club = Printed(session, rewards=[week])
    keen, lax = club.member("2026-01-05"), club.member("2026-01-05")
    for on in ("2026-03-03", "2026-03-10", "2026-03-17", "2026-03-24"):
        club.buys(keen, 50_00, on)
        club.buys(lax, 50_00 if on != "2026-03-17" else 49_99, on)
        sunday = day(on).isocalendar()
        club.settles("streak", day(on).fromisocalendar(sunday.year, sunday.week, 7).isoformat())
    assert [each.value for each in club.given(keen)][-1:] == [10_00]
    assert [each.value for each in club.given(lax) if each.value] == []


def test_what_comes_back_of_a_campaign_is_taken_off_the_campaign(session: Session):
    """1 % of the month, double on Sundays; half of what a Sunday sold comes back on a Tuesday."""
    month = {
        "code": "bonus", "period": {"every": "month"}, "rest": "drop", "gives": {"kind": "stored_value"},
        "function": {"kind": "percent", "steps": [{"from_amount": 0, "rate_bp": 100}]},
        "extras": [{"code": "sunday", "when": {"weekdays": [7]}}], "issue": {"at": "period_end"},
    }  # fmt: skip
    club = Printed(session, rewards=[month], excluded={"groups": ["Catering"]})
    club.goods("FEAST", "Catering", 500_00)
    kept, gave_back = club.member("2026-01-05"), club.member("2026-01-05")
    for who in (kept, gave_back):
        club.buys(who, 100_00, "2026-03-08")
        club.buys(who, 500_00, "2026-03-08", sku="FEAST")
    club.back(club.buys(gave_back, 200_00, "2026-03-08"), "2026-03-10")
    club.settles("bonus", "2026-03-31")
    assert club.cards(kept) == club.cards(gave_back) == [2_00]


def test_a_stamp_for_each_50_that_purchases_come_to_together(session: Session):
    """Purchases add up: a stamp for each full 50.00; what is over counts on. Eight stamps are a pizza."""
    stamp = {
        "code": "stamp", "period": {"every": "ever"}, "function": {"kind": "every", "every": 50_00, "value": 1},
        "gives": {"kind": "points"},
    }  # fmt: skip
    pizza = {
        "code": "pizza", "names": {"en": "A pizza"}, "points": 8, "gives": {"kind": "gift", "products": ["PIZZA"]},
    }  # fmt: skip
    club = Printed(session, unit={"names": {"en": "stamps"}}, rewards=[stamp], benefits=[pizza])
    club.goods("PIZZA", minor=60_00)
    member = club.member("2026-01-05")
    seen: list[int] = []
    for minor, on in ((30_00, "2026-03-01"), (30_00, "2026-03-02"), (90_00, "2026-03-03"), (350_00, "2026-03-09")):
        club.buys(member, minor, on)
        club.settles("stamp", on)
        seen.append(club.balance(member))
    assert seen == [0, 1, 3, 10]


def test_two_kinds_of_stamps_are_counted_apart(session: Session):
    """Ten coffees are a coffee and five sandwiches a sandwich, on one card; a return takes its stamps back."""

    def counter(sku: str) -> dict[str, Any]:
        rules = [{"code": f"by-{sku.lower()}", "kind": "unit", "points": 1, "on": {"products": [sku]}}]
        return {"code": sku.lower(), "names": {"en": sku}, "rules": rules}

    def free(sku: str, every: int) -> dict[str, Any]:
        return {
            "code": f"free-{sku.lower()}", "period": {"every": "ever"}, "gives": {"kind": "gift", "products": [sku]},
            "base": {"counts": "counter", "counter": sku.lower()},
            "function": {"kind": "every", "every": every, "value": 1}, "issue": {"valid_months": 3},
        }  # fmt: skip

    club = Printed(
        session, counters=[counter("LATTE"), counter("TOAST")], rewards=[free("LATTE", 10), free("TOAST", 5)]
    )
    club.goods("LATTE", minor=15_00)
    club.goods("TOAST", minor=30_00)
    member = club.member("2026-01-05")

    def settle(on: str) -> list[tuple[str, int]]:
        for rule in ("free-latte", "free-toast"):
            club.settles(rule, on)
        return [(each.rule, each.pieces) for each in club.given(member) if each.value]

    club.buys(member, 9 * 15_00, "2026-03-01", sku="LATTE", milli=9_000)
    sold = club.buys(member, 4 * 30_00, "2026-03-01", sku="TOAST", milli=4_000)
    assert settle("2026-03-01") == []
    club.buys(member, 15_00, "2026-03-02", sku="LATTE")
    assert settle("2026-03-02") == [("free-latte", 1)]
    club.back(sold, "2026-03-03")
    club.buys(member, 4 * 30_00, "2026-03-03", sku="TOAST", milli=4_000)
    assert settle("2026-03-03") == [("free-latte", 1)]
    club.buys(member, 30_00, "2026-03-04", sku="TOAST")
    club.buys(member, 12 * 15_00, "2026-03-04", sku="LATTE", milli=12_000)
    assert sorted(settle("2026-03-04")) == [("free-latte", 1), ("free-latte", 1), ("free-toast", 1)]
    assert session.scalar(sa.select(sa.func.count()).select_from(Coupon)) == 3


def test_each_threshold_of_the_month_has_a_gift_of_its_own(session: Session):
    """At 50.00 a roll, at 100.00 a tenth off to 10.00, at 200.00 5.00; until the month's end, once each."""

    def at(least: int, code: str, gives: dict[str, Any]) -> dict[str, Any]:
        function = {"kind": "threshold", "steps": [{"at": least, "value": gives.get("amount_minor", 1)}]}
        return {
            "code": code, "period": {"every": "month"}, "function": function, "gives": gives, "rest": "drop",
            "issue": {"at": "reached", "valid_until": "month_end"},
        }  # fmt: skip

    club = Printed(session, rewards=[
        at(50_00, "roll", {"kind": "gift", "products": ["ROLL"]}),
        at(100_00, "tenth", {"kind": "discount", "off_bp": 1_000, "cap_minor": 10_00}),
        at(200_00, "five", {"kind": "code", "amount_minor": 5_00}),
    ])  # fmt: skip
    club.goods("ROLL", minor=4_00)
    member = club.member("2026-01-05")
    seen: list[list[str]] = []
    for minor, on in ((49_99, "2026-03-01"), (60_00, "2026-03-02"), (90_01, "2026-03-20"), (50_00, "2026-04-02")):
        club.buys(member, minor, on)
        for rule in ("roll", "tenth", "five"):
            club.settles(rule, on)
        seen.append(sorted(each.rule for each in club.given(member) if each.value))
    assert seen == [[], ["roll", "tenth"], ["five", "roll", "tenth"], ["five", "roll", "roll", "tenth"]]
    days = session.execute(sa.select(Coupon.first_day, Coupon.last_day).order_by(Coupon.id)).all()
    assert [each.last_day for each in days] == [day("2026-03-31")] * 3 + [day("2026-04-30")]


def test_a_flyer_reaches_gold_by_tier_points_or_by_flights_and_is_kept_a_year(session: Session):
    """Tier points a 1.00 of fares; silver from 300 or 10 flights of a member's year, kept 12 months."""
    fares = {"groups": ["Fares"], "products": ["NYC"]}
    tier = {
        "code": "tier",
        "rules": [{"code": "by-fare", "kind": "money", "points": 1, "per_minor": 1_00, "on": fares}],
    }
    flights = {"measure": {"counts": "units", "on": fares}, "at_least": 10_000}
    levels = {
        "measure": {"counts": "counter", "counter": "tier"}, "window": {"every": "member_year"}, "keep": "months",
        "keep_months": 12, "down": "one",
        "levels": [{"code": "BASIC", "at_least": 0}, {"code": "SILVER", "at_least": 300, "instead": [flights]},
                   {"code": "GOLD", "at_least": 1_000}],
    }  # fmt: skip
    awards = {"kind": "money", "points": 5, "per_minor": 1_00}
    club = Printed(session, counters=[tier], levels=levels, earning=earning(awards),
                   redemption={"worth_points": 1_000, "worth_minor": 1_00})  # fmt: skip
    club.goods("HEL", "Fares", 20_00)
    club.goods("NYC", minor=300_00)
    dear, often = club.member("2026-01-05"), club.member("2026-01-05")
    club.buys(dear, 1_000_00, "2026-02-01")
    assert club.level(dear) == "BASIC"
    club.buys(dear, 300_00, "2026-02-02", sku="NYC")
    assert club.level(dear) == "SILVER"
    club.buys(often, 180_00, "2026-02-02", sku="HEL", milli=9_000)
    assert club.level(often) == "BASIC"
    club.buys(often, 20_00, "2026-02-03", sku="HEL")
    assert club.level(often) == "SILVER"


def test_vouchers_wait_for_the_return_days_to_pass(session: Session):
    """3 % of what a half-year brought in vouchers of 10.00; points of the last weeks may come back before."""
    a_batch(session, "VOUCHER", names={"en": "Voucher"}, personal=True)
    half = {
        "code": "half", "period": {"every": "half_year"}, "rest": "carry", "least_minor": 10_00,
        "function": {"kind": "percent", "steps": [
            {"from_amount": 0, "rate_bp": 100}, {"from_amount": 1_000_00, "rate_bp": 300}]},
        "gives": {"kind": "coupon", "batch": "VOUCHER", "denomination_minor": 10_00},
        "issue": {"at": "period_end", "valid_months": 6},
    }  # fmt: skip
    club = Printed(session, rewards=[half])
    member = club.member("2026-01-05")
    club.buys(member, 900_00, "2026-02-01")
    late = club.buys(member, 200_00, "2026-06-20")
    club.settles("half", "2026-06-30")
    assert [(each.value, each.pieces, each.rest_minor) for each in club.given(member)] == [(30_00, 3, 3_00)]
    club.back(late, "2026-07-05")
    club.buys(member, 1_500_00, "2026-08-01")
    club.settles("half", "2026-12-31")
    # 900.00 should have brought 9.00: 24.00 less; 45.00 and the 3.00 carried leave 24.00, two vouchers and 4.00.
    assert [(each.value, each.rest_minor) for each in club.given(member)][-1] == (20_00, 4_00)


@pytest.mark.parametrize(("most", "given", "left"), [(None, 3, 5), (2, 2, 15)])
def test_stamps_for_three_coffees_at_once_are_three_coffees(session: Session, most: int | None, given: int, left: int):
    """Ten stamps are a coffee, overnight; 35 stamps are three of them, or as many as a member can hold."""
    stamp = {"kind": "unit", "points": 1}
    free = {
        "code": "free", "period": {"every": "day"}, "base": {"counts": "balance"}, "takes": True,
        "function": {"kind": "every", "every": 10, "value": 1}, "gives": {"kind": "gift", "products": ["LATTE"]},
        "issue": {"at": "night"},
    }  # fmt: skip
    club = Printed(session, earning=earning(stamp), rewards=[free], most_rewards=most)
    club.goods("LATTE", minor=15_00)
    member = club.member("2026-01-05")
    club.buys(member, 35 * 15_00, "2026-02-01", sku="LATTE", milli=35_000)
    club.settles("free", "2026-02-01")
    assert session.scalar(sa.select(sa.func.count()).select_from(Coupon)) == given
    assert club.balance(member) == left


def test_what_other_means_paid_of_a_line_earns_by_the_next_rule(session: Session):
    """2 points a 1.00 that the chain's own card pays, 1 by anything else; a sale paid with both is shared."""
    own = {"code": "own", "kind": "money", "points": 2, "per_minor": 1_00, "means": ["own_card"]}
    other = {"code": "other", "kind": "money", "points": 1, "per_minor": 1_00}
    club = a_programme(earning={"rules": [own, other]})
    for by, points in (({"own_card": 100}, 200), ({"card": 100}, 100), ({"own_card": 60, "card": 40}, 160)):
        made = earn(club, purchase(100, by=by), MemberFacts())
        assert (made.points, sum(made.by_line.values())) == (points, points)


def test_a_contract_price_earns_nothing_where_the_club_says_so(session: Session):
    buys = {"worth_points": 1, "worth_minor": 1}
    club = Printed(session, earning=earning(PENNY, excluded={"price_lists": ["CONTRACT"]}), redemption=buys)
    club.goods("TOOL", minor=80_00)
    an_entry(session, a_list(session, "CONTRACT", club="CLUB"), sku="TOOL", price_minor=60_00)
    member = club.member("2026-01-05")
    assert club.points(member, 60_00, "2026-03-01", sku="TOOL") == 0
    assert club.points(member, 10_00, "2026-03-01") == 10


@pytest.mark.parametrize("where", ["redemption", "excluded"])
def test_points_pay_neither_what_an_offer_touched_nor_a_contract_price(session: Session, where: str):
    """Of a contract price, two cups of which the second is half off, and a pen, points pay a cup and the pen."""
    without = {"excluded": {"promoted": True, "price_lists": ["CONTRACT"]}}
    pays = {"worth_points": 1, "worth_minor": 1} | (without if where == "redemption" else {})
    rate = {"kind": "money", "points": 1, "per_minor": 1_00}
    club = Printed(session, earning=earning(rate), redemption=pays, **(without if where == "excluded" else {}))
    club.goods("TOOL", minor=80_00)
    club.goods("CUP", minor=10_00)
    an_entry(session, a_list(session, "CONTRACT", club="CLUB"), sku="TOOL", price_minor=60_00)
    half = {"kind": "buy_get", "size": 2, "off_bp": 5_000, "on": {"products": ["CUP"]}}
    a_published_offer(session, "SECOND", rewards=[half])
    member = club.member("2026-01-05")
    club.buys(member, 10_000_00, "2026-02-01")
    asked = Asked(lines=(("TOOL", 1_000), ("CUP", 2_000), ("P500", 1_000)), buyer=Buyer(customer_id=member))
    a_product(session, "P500", price_minor=5_00)
    place = a_place(session, club.till, now=noon("2026-03-01"))
    basket = make_quote(session, asked, place, sale_id="S-1").basket
    assert basket.priced.total_minor == 60_00 + 15_00 + 5_00
    assert [(each.most_points, each.most_minor) for each in basket.redeemable] == [(15_00, 15_00)]


PRINTED = printed()


@pytest.mark.parametrize("club", PRINTED, ids=[each["document"]["code"].lower() for each in PRINTED])
def test_clubs_of_the_north_as_their_chains_print_them(session: Session, club: dict[str, Any]):
    """Each case was reckoned by hand from the printed rules before it was tried."""
    assert [(each.path, each.stops) for each in findings(document(club))] == []
    shop = Shop(session, club)
    for case in club["cases"]:
        try:
            shop.live(case["steps"])
        except AssertionError as error:
            raise AssertionError(f"{case['id']}: {error}") from None
    assert faults(session) == []
