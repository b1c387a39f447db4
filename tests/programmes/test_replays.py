# REQ P-18, P-01, M-03, P-15: whatever the rules and whatever was bought, replaying the history comes to what was posted
import datetime as dt
import random
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product, ProductGroup
from erp_club.clubs.levels.models import MembershipLevel
from erp_club.jobs.declared import Run
from erp_club.jobs.levels import LEVELS as NIGHTLY
from erp_club.permissions.actors import SYSTEM
from erp_club.programmes.engine.checks import stops
from erp_club.programmes.engine.programme import Programme
from erp_club.purchases.asked import Asked
from erp_club.purchases.commands import sell
from erp_club.purchases.plans import paid_by_means
from erp_club.purchases.quotes.told import Buyer
from erp_club.purchases.returns.commands import Asked as AskedBack
from erp_club.purchases.returns.commands import return_goods
from erp_club.purchases.returns.facts import Wish
from erp_club.purchases.sale import Payment
from erp_club.purchases.settled import Order
from erp_club.receipts.kinds import Means
from erp_club.reports.what_if import what_if
from tests.make.programmes import a_programme, day
from tests.make.purchases import a_place, a_product, another_till
from tests.programmes.test_more_clubs import Club

SKUS = {"TEA": 7_00, "MUG": 19_90, "POT": 84_50}
BANDS = [{"from_minor": 5_00, "points": 1}, {"from_minor": 30_00, "points": 2, "per_minor": 10_00}]
LEVELS = [{"code": "BASE", "at_least": 0}, {"code": "GOLD", "at_least": 4}, {"code": "TOP", "at_least": 90_00}]
Draw = random.Random


def some(draw: Draw, **said: Any) -> dict[str, Any]:
    """Some of these parameters."""
    return {name: value for name, value in said.items() if draw.random() < 0.25}


def goods(draw: Draw) -> dict[str, Any]:
    return draw.choice(({}, {}, {"groups": ["Drinks"]}, {"products": ["MUG"]}, {"without_products": ["POT"]}))


def when(draw: Draw) -> dict[str, Any]:
    return some(
        draw, weekdays=draw.sample(range(1, 8), 4), stores=["SECOND"], without_stores=["SECOND"], least_minor=20_00,
        most_minor=150_00, first_purchase=2, last_purchase=6, joined_within_days=20, joined_for_days=3,
        levels=["GOLD"], means=["cash"], without_days=["2026-02-10/2026-02-12"],
    ) | draw.choice(({}, {}, {}, {"from_time": "11:00", "to_time": "13:00"}))  # fmt: skip


def rule(draw: Draw, number: int) -> dict[str, Any]:
    period = {"every": draw.choice(("day", "week", "month", "year", "member_year"))}
    step = {"from_minor": 60_00, "points": 3}
    growing = {"period": period, "steps": [step], "reach": draw.choice(("each_part", "before", "after"))}
    own = draw.choice((
        {"kind": "money", "points": draw.randint(1, 9), "per_minor": draw.choice((10, 100, 1_000)),
         "full": draw.random() < 0.4} | some(draw, least_minor=15_00, growing=growing),
        {"kind": "table", "bands": BANDS},
        {"kind": "visit", "points": 5, "visit": draw.choice(("receipt", "day"))} | some(draw, least_minor=25_00),
        {"kind": "unit", "points": 1, "per_milli": draw.choice((1_000, 3_000)), "full": draw.random() < 0.5},
        {"kind": "times", "factor_bp": draw.choice((0, 15_000, 20_000, 30_000)), "stands": "on_top"},
        {"kind": "extra", "points": 7, "stands": "on_top"},
    ))  # fmt: skip
    bounds = some(draw, most_points=40, most_points_day=60, most_points_month=200, means=["card"])
    if own["kind"] not in {"times", "extra"}:
        bounds |= some(draw, stands="on_top")
    excluded = some(draw, products=["POT"], means=["cash"])
    return {"code": f"rule-{number}", "on": goods(draw), "excluded": excluded, "when": when(draw)} | own | bounds


def measure(draw: Draw, *counts: str) -> dict[str, Any]:
    return {"counts": draw.choice(counts), "on": goods(draw)} | some(
        draw, means=["card"], when={"weekdays": [1, 2, 3, 4]}
    )


def document(draw: Draw) -> dict[str, Any]:
    """Any rules of which a club may be made, of those that past receipts are enough for."""
    counts = ("spend", "points", "purchases", "visits", "units")
    levels = {
        "measure": measure(draw, *counts),
        "window": {"every": draw.choice(("month", "quarter", "year", "member_year", "ever"))},
        "levels": LEVELS,
        "up": draw.choice(("at_once", "next_day", "next_period")),
        "keep": draw.choice(("while", "window_end", "next_window", "ever")),
        "down": draw.choice(("one", "reached")),
    } | some(draw, grace_days=5, restart="reached")  # fmt: skip
    function = draw.choice((
        {"kind": "percent", "steps": [{"from_amount": 1, "rate_bp": 100}, {"from_amount": 9_000, "rate_bp": 350}],
         "on": draw.choice(("whole", "each_step"))},
        {"kind": "threshold", "steps": [{"at": 2, "value": 100}, {"at": 80_00, "value": 500}],
         "reached": draw.choice(("highest", "each"))},
        {"kind": "every", "every": draw.choice((3, 50_00)), "value": 250},
    ))  # fmt: skip
    reward = {
        "code": "reward", "base": measure(draw, *counts), "function": function, "gives": {"kind": "payout"},
        "period": {"every": draw.choice(("week", "month", "member_year"))}, "issue": {"at": "period_end"},
        "rest": draw.choice(("carry", "drop")),
    } | some(draw, least_minor=120, most_minor=600, rounding="down")  # fmt: skip
    if reward["base"]["counts"] != "units" and draw.random() < 0.3 and function["kind"] == "percent":
        reward["extras"] = [{"code": "extra", "on": {"groups": ["Drinks"]}, "times_bp": 20_000}]
    earning = {
        "rules": [rule(draw, number) for number in range(draw.randint(1, 4))],
        "rounding": draw.choice(("down", "up", "half_up")),
        "several": draw.choice(("highest", "added", "multiplied")),
    } | some(
        draw, most_points=90, most_points_day=120, before_discounts=True, without_vat=True,
        excluded={"groups": ["Drinks"]},
    )  # fmt: skip
    club = {"visit": draw.choice(("receipt", "day")), "earning": earning, "rewards": [reward]}
    return club | some(draw, levels=levels)


def a_document(draw: Draw) -> dict[str, Any]:
    """One that may be published."""
    while True:
        said = document(draw)
        if ("levels" in said or not _names_levels(said)) and not stops(a_programme(**said)):
            return said


def _names_levels(said: dict[str, Any]) -> bool:
    return any("levels" in each["when"] for each in said["earning"]["rules"])


class Shop(Club):
    """Two stores that sell three things, and somebody who buys and brings back."""

    def __init__(self, session: Session, draw: Draw, said: dict[str, Any]) -> None:
        super().__init__(session, **said)
        self.draw, self.no, self.sold = draw, 0, list[tuple[int, int]]()
        self.tills = (self.till, another_till(session, store_code="SECOND", username="second"))
        for sku, minor in SKUS.items():
            a_product(session, sku, price_minor=minor)
        drinks = ProductGroup(name="Drinks")
        session.add(drinks)
        session.flush()
        session.execute(sa.update(Product).where(Product.sku == "TEA").values(group_id=drinks.id))

    def nights(self, first: dt.date, last: dt.date) -> None:
        """The job that lets levels begin and end, in each night between two days."""
        for days in range(1, (last - first).days + 1):
            on = first + dt.timedelta(days=days)
            run = Run(1, "levels", on, {}, SYSTEM, dt.datetime.combine(on, dt.time(1), dt.UTC))
            NIGHTLY.batch(self.session, run, None)

    def happens(self, member: int, at: dt.datetime) -> None:
        """They buy something, or bring something back."""
        self.no += 1
        place = replace(a_place(self.session, self.draw.choice(self.tills), now=at), sold_at=at)
        if self.sold and self.draw.random() < 0.2:
            receipt, lines = self.sold.pop(self.draw.randrange(len(self.sold)))
            part = ((self.draw.randint(1, lines), 1_000),) if self.draw.random() < 0.6 else None
            return_goods(self.session, receipt, AskedBack(Wish(part), f"B{self.no}"), place, currency="ILS")
            return
        skus = self.draw.sample(list(SKUS), self.draw.randint(1, 3))
        lines = tuple((sku, 1_000 * self.draw.randint(1, 4)) for sku in skus)
        total = sum(SKUS[sku] * milli // 1_000 for sku, milli in lines)
        cash = self.draw.choice((0, 0, total, 10 * self.draw.randint(1, total // 10)))
        paid = [Payment(Means.CASH, cash)] * bool(cash) + [Payment(Means.CARD, total - cash)] * (cash < total)
        shares = paid_by_means(paid)
        asked = Asked(lines=lines, buyer=Buyer(customer_id=member), means=tuple(dict(shares)), paid=shares)
        made = sell(self.session, Order(f"R{self.no}", asked, tuple(paid)), place, currency="ILS")
        self.sold.append((made.posted.receipt_id, len(lines)))


@pytest.mark.parametrize("seed", [0, 21, 88, 119])
def test_whatever_the_rules_a_replay_comes_to_what_was_posted(session: Session, seed: int):
    draw = Draw(seed)
    said = a_document(draw)
    shop = Shop(session, draw, said)
    member = shop.member("2026-02-03")
    at = dt.datetime(2026, 2, 3, 9, tzinfo=dt.UTC)
    for _ in range(14):
        later = at + draw.choice((dt.timedelta(minutes=50), dt.timedelta(hours=3), dt.timedelta(days=1)))
        if later.hour > 18:
            later = dt.datetime.combine(later + dt.timedelta(days=draw.choice((1, 4))), dt.time(8), dt.UTC)
        shop.nights(at.date(), later.date())
        at = later
        shop.happens(member, at)
    held: Programme = a_programme(switch={"effective_from": "2026-01-01"}, **said)
    told = what_if(session, held, None, today=at.date(), progress=lambda *_: None).tried
    assert told.points == shop.balance(member), said
    if held.levels is not None:
        level = session.scalar(sa.select(MembershipLevel.level).where(MembershipLevel.customer_id == member))
        assert {code: 1 for code, count in told.levels.items() if count} == {level: 1}, said


def test_a_return_brings_no_points_where_what_is_left_would_have_earned_more(session: Session):
    """A point a piece from 20.00 on, below that 2 for 10.00: of two mugs, 2 points, one comes back, and 2 stay."""
    piece = {"code": "piece", "kind": "unit", "points": 1, "when": {"least_minor": 20_00}}
    money = {"code": "money", "kind": "money", "points": 2, "per_minor": 10_00}
    said = {"earning": {"rules": [piece, money]}}
    shop = Shop(session, Draw(0), said)
    member = shop.member("2026-02-03")
    sold = shop.buys(member, 39_80, "2026-02-04", sku="MUG", milli=2_000)
    place = a_place(session, shop.till, now=dt.datetime(2026, 2, 5, 12, tzinfo=dt.UTC))
    return_goods(session, sold.posted.receipt_id, AskedBack(Wish(((1, 1_000),)), "B1"), place, currency="ILS")
    held = a_programme(switch={"effective_from": "2026-01-01"}, **said)
    told = what_if(session, held, None, today=day("2026-02-06"), progress=lambda *_: None).tried
    assert (shop.balance(member), told.points) == (2, 2)
