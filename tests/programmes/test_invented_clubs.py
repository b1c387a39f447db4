# REQ M-02 M-03 M-09 M-11 P-01 P-05 P-09 P-15 P-16: clubs of eight trades as documents, acted, and reckoned by hand
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.kinds import ProductKind
from erp_club.catalogue.models import Product, ProductGroup
from erp_club.clubs.levels.models import MembershipLevel
from erp_club.points.verify.queries import faults
from erp_club.programmes.engine.checks import findings
from erp_club.programmes.sentences.programme import sentences
from erp_club.promotions.coupons.models import Coupon
from erp_club.purchases.returns.commands import Asked as AskedBack
from erp_club.purchases.returns.commands import return_goods
from erp_club.purchases.returns.facts import Wish
from tests.make.coupons import a_batch
from tests.make.programmes import a_programme, day
from tests.make.purchases import a_place, a_product
from tests.programmes.test_clubs_act import share
from tests.programmes.test_conversions import noon
from tests.programmes.test_more_clubs import PENNY, Club, earning

MONTH: dict[str, Any] = {"period": {"every": "month"}, "issue": {"at": "period_end"}}
VOUCHER = {"kind": "coupon", "batch": "VOUCHER", "denomination_minor": 2_50}


class Trade(Club):
    """A club that nothing is wrong with, and goods with their groups."""

    def __init__(self, session: Session, **said: Any) -> None:
        made = a_programme(**said)
        assert findings(made) == ()
        assert len(sentences(made)) > 5
        super().__init__(session, **said)

    def goods(self, sku: str, group: str | None = None, minor: int = 10_00, **said: Any) -> str:
        a_product(self.session, sku, price_minor=minor, **said)
        if group is not None:
            row = ProductGroup(name=group)
            self.session.add(row)
            self.session.flush()
            self.session.execute(sa.update(Product).where(Product.sku == sku).values(group_id=row.id))
        return sku

    def level(self, customer: int) -> str | None:
        return self.session.scalar(sa.select(MembershipLevel.level).where(MembershipLevel.customer_id == customer))

    def values(self, customer: int) -> list[int]:
        assert faults(self.session) == []
        return [each.value for each in self.given(customer)]


def test_fuel_by_the_litre_with_levels_by_litres(session: Session):
    """2 points a full litre, 3 on gold; silver from 100 and gold from 250 litres a year; the shop gives 1 for 10.00."""
    fuel = {"products": ["DIESEL"]}
    litres = {"kind": "unit", "points": 2, "on": fuel}
    gold = {"kind": "unit", "points": 3, "on": fuel, "when": {"levels": ["GOLD"]}}
    shop = {"kind": "money", "points": 1, "per_minor": 10_00, "full": True}
    codes = (("BLUE", 0), ("SILVER", 100_000), ("GOLD", 250_000))
    levels = {
        "measure": {"counts": "units", "on": fuel}, "window": {"every": "year"}, "keep": "next_window",
        "levels": [{"code": code, "at_least": least} for code, least in codes],
    }  # fmt: skip
    pays = {"worth_points": 100, "worth_minor": 1_00, "step": 100}
    club = Trade(session, earning=earning(gold, litres, shop), levels=levels, redemption=pays)
    club.goods("DIESEL", minor=7_00)
    member = club.member("2026-01-05")
    earned = [club.points(member, 420_00, "2026-01-10", sku="DIESEL", milli=60_000)]
    earned.append(club.points(member, 318_50, "2026-02-10", sku="DIESEL", milli=45_500))
    assert club.level(member) == "SILVER"
    earned.append(club.points(member, 1_085_00, "2026-03-10", sku="DIESEL", milli=155_000))
    assert club.level(member) == "GOLD"
    earned.append(club.points(member, 76_30, "2026-03-20", sku="DIESEL", milli=10_900))
    earned.append(club.points(member, 39_90, "2026-03-21"))
    assert earned == [120, 90, 310, 30, 3]


def test_a_pharmacy_family_saves_together_and_nothing_on_prescriptions(session: Session):
    """1 point for each full 10.00 but on prescriptions; each month 50 points become 5.00, 120 points 15.00."""
    codes = {"kind": "threshold", "steps": [{"at": 50, "value": 5_00}, {"at": 120, "value": 15_00}]}
    code = MONTH | {
        "code": "code", "base": {"counts": "balance"}, "function": codes, "takes": True,
        "gives": {"kind": "code"},
    }  # fmt: skip
    full = {"kind": "money", "points": 1, "per_minor": 10_00, "full": True}
    club = Trade(
        session, earning=earning(full, excluded={"groups": ["Prescriptions"]}), rewards=[code],
        household={"most_persons": 5}, expiry={"rule": {"kind": "months", "months": 12, "to_month_end": True}},
    )  # fmt: skip
    club.goods("PILLS", "Prescriptions", 500_00)
    main, child = club.member("2026-01-05"), club.member("2026-01-05")
    share(session, main, child)
    club.buys(main, 409_90, "2026-01-10")
    club.buys(child, 299_00, "2026-01-20")
    club.buys(main, 500_00, "2026-01-21", sku="PILLS")
    assert club.balance(main) == 40 + 29
    club.settles("code", "2026-01-31")
    assert (club.values(main), club.balance(main)) == ([5_00], 19)
    club.buys(child, 1_010_00, "2026-02-02")
    club.settles("code", "2026-02-28")
    assert (club.values(main), club.balance(main)) == ([5_00, 15_00], 0)


def test_a_coffee_shop_gives_half_a_stamp_for_an_espresso(session: Session):
    """A stamp a coffee, half of one an espresso; ten are a coffee, overnight; a return takes its stamp back."""
    stamps = [
        {"kind": "unit", "points": points, "on": {"products": [sku]}} for sku, points in (("LATTE", 2), ("SHOT", 1))
    ]
    free = {
        "code": "free", "period": {"every": "day"}, "base": {"counts": "balance"}, "takes": True,
        "function": {"kind": "every", "every": 20, "value": 1}, "gives": {"kind": "gift", "products": ["LATTE"]},
        "issue": {"at": "night", "valid_days": 30},
    }  # fmt: skip
    club = Trade(session, unit={"names": {"en": "stamps"}, "scale": 2}, earning=earning(*stamps), rewards=[free])
    club.goods("LATTE", minor=15_00)
    club.goods("SHOT", minor=8_00)
    member = club.member("2026-01-05")
    sold = club.buys(member, 90_00, "2026-01-10", sku="LATTE", milli=6_000)
    club.buys(member, 56_00, "2026-01-11", sku="SHOT", milli=7_000)
    assert club.balance(member) == 12 + 7
    club.settles("free", "2026-01-11")
    assert session.scalars(sa.select(Coupon.id)).all() == []
    club.buys(member, 15_00, "2026-01-12", sku="LATTE")
    club.settles("free", "2026-01-12")
    assert club.balance(member) == 1
    coupon = session.execute(sa.select(Coupon.customer_id, Coupon.last_day)).one()
    assert tuple(coupon) == (member, day("2026-02-12"))
    place = a_place(session, club.till, now=noon("2026-01-14"))
    return_goods(session, sold.posted.receipt_id, AskedBack(Wish(), "B1"), place, currency="ILS")
    assert club.balance(member) == 1 - 12


def test_a_department_store_doubles_on_club_days_and_with_its_own_card(session: Session):
    """1 point a 1.00, double on the 1st of a month and 10 on top from 200.00 on; 1.5 on what its own card paid."""
    days = {"kind": "times", "factor_bp": 20_000, "when": {"month_days": [1]}}
    big = {"kind": "extra", "points": 10, "when": {"least_minor": 200_00}}
    paid = {"kind": "money", "points": 1, "per_minor": 200, "stands": "on_top", "means": ["card"]}
    pays = {"worth_points": 100, "worth_minor": 1_00, "most_bp": 5_000}
    club = Trade(session, earning=earning(PENNY, days, big, paid, excluded={"reduced": True}), redemption=pays)
    member = club.member("2026-01-05")
    assert club.points(member, 100_00, "2026-01-10") == 100 + 50
    assert club.points(member, 250_00, "2026-02-01") == 2 * (250 + 125) + 10


def test_a_hardware_store_pays_a_dividend_once_a_year(session: Session):
    """2.5 % of the year without tool hire and gift cards, at least 5.00, to who is a member at its end."""
    year = {
        "code": "dividend", "period": {"every": "year"}, "function": {"kind": "declared", "rate_bp": 250},
        "base": {"excluded": {"groups": ["Tool hire"]}}, "gives": {"kind": "stored_value"}, "least_minor": 5_00,
        "rest": "drop", "issue": {"at": "period_end", "valid_months": 12},
    }  # fmt: skip
    club = Trade(session, rewards=[year])
    club.goods("DRILL", "Tool hire", 300_00)
    club.goods("CARD", minor=100_00, kind=ProductKind.GIFT_CARD, earns=False)
    much, little = club.member("2026-02-01"), club.member("2026-02-01")
    sold = club.buys(much, 400_00, "2026-03-01")
    for minor, on, sku in (
        (1_234_56, "2026-06-01", None),
        (300_00, "2026-06-02", "DRILL"),
        (100_00, "2026-06-03", "CARD"),
    ):
        club.buys(much, minor, on, sku=sku)
    club.buys(little, 199_00, "2026-06-01")
    place = a_place(session, club.till, now=noon("2026-12-20"))
    return_goods(session, sold.posted.receipt_id, AskedBack(Wish(), "B1"), place, currency="ILS")
    club.settles("dividend", "2026-12-31")
    assert (club.values(much), club.values(little)) == ([30_86], [0])
    assert club.cards(much) == [30_86]


def test_a_supermarket_gives_vouchers_of_a_denomination_to_who_comes_each_month(session: Session):
    """1 % of the month in vouchers of 2.50, the rest carried; only with 100.00 in two of the last three months."""
    reward = MONTH | {
        "code": "vouchers", "function": {"kind": "percent", "steps": [{"from_amount": 0, "rate_bp": 100}]},
        "gives": VOUCHER, "needs": [{"at_least": 100_00, "periods": 3, "of_them": 2}],
        "issue": {"at": "period_end", "valid_months": 2},
    }  # fmt: skip
    a_batch(session, "VOUCHER", personal=True)
    club = Trade(session, rewards=[reward])
    member = club.member("2026-01-05")
    for minor, month, last in ((400_00, 1, 31), (620_00, 2, 28), (90_00, 3, 31), (190_00, 4, 30)):
        club.buys(member, minor, f"2026-0{month}-10")
        club.settles("vouchers", f"2026-0{month}-{last}")
    # January alone isn't two months. 6.20: two vouchers, 1.20 left; 2.10: none; 4.00: one, 1.50 left.
    assert club.values(member) == [0, 5_00, 0, 2_50]
    assert [each.rest_minor for each in club.given(member)] == [0, 1_20, 2_10, 1_50]
    assert session.scalars(sa.select(sa.func.count()).select_from(Coupon)).one() == 3


def test_a_fashion_chain_gives_at_milestones_and_keeps_the_level_of_last_year(session: Session):
    """At 500.00 a code of 20.00, at each 1,000.00 one of 50.00; VIP from 1,500.00 a year, kept through the next."""
    stones = [
        {"code": "first", "at": 500_00, "gives": [{"kind": "code", "amount_minor": 20_00}]},
        {"code": "each", "at": 1_000_00, "every": True, "gives": [{"kind": "code", "amount_minor": 50_00}]},
    ]
    levels = {
        "window": {"every": "year"}, "keep": "next_window", "milestones": stones,
        "levels": [{"code": "BASIC", "at_least": 0}, {"code": "VIP", "at_least": 1_500_00}],
    }  # fmt: skip
    club = Trade(session, levels=levels)
    member = club.member("2026-01-05")
    seen: list[tuple[int, str | None]] = []
    for minor, on in ((499_00, "2026-02-01"), (1_00, "2026-02-02"), (900_00, "2026-03-01"), (700_00, "2026-04-01")):
        club.buys(member, minor, on)
        codes = session.scalars(sa.select(sa.func.count()).select_from(Coupon)).one()
        seen.append((codes, club.level(member)))
    assert seen == [(0, "BASIC"), (1, "BASIC"), (2, "BASIC"), (3, "VIP")]
    assert sorted(club.values(member)) == [20_00, 50_00, 50_00]


@pytest.mark.parametrize(("visits", "value"), [(2, 0), (3, 30), (7, 60)])
def test_a_book_shop_counts_club_days(session: Session, visits: int, value: int):
    """30 points for each three days of a quarter with a purchase of books; two receipts of a day are one."""
    quarter = {
        "code": "days", "period": {"every": "quarter"}, "base": {"counts": "visits", "on": {"groups": ["Books"]}},
        "function": {"kind": "every", "every": 3, "value": 30}, "gives": {"kind": "points"}, "rest": "drop",
        "issue": {"at": "period_end"},
    }  # fmt: skip
    pays = {"worth_points": 10, "worth_minor": 1_00}
    club = Trade(session, visit="day", rewards=[quarter], redemption=pays)
    club.goods("NOVEL", "Books", 40_00)
    member = club.member("2026-01-05")
    for number in range(visits):
        for _ in range(2):
            club.buys(member, 40_00, f"2026-01-{10 + number}", sku="NOVEL")
    club.buys(member, 40_00, "2026-02-20")
    club.settles("days", "2026-03-31")
    assert club.values(member) == ([value] if value else [0])
    assert club.balance(member) == value
