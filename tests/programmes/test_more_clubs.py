# REQ P-01, P-05, P-15, P-16, M-11: rules that clubs print and that hang on what was bought before, acted at the till
import datetime as dt
import random
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Department, Product
from erp_club.permissions.actors import SYSTEM
from erp_club.points.models import PointsLot
from erp_club.programmes import commands
from erp_club.programmes.engine.expiry import last_day
from erp_club.programmes.events.commands import tell_event
from erp_club.programmes.events.told import At, Happened
from erp_club.promotions.coupons.models import Coupon
from erp_club.promotions.models import StoredOffer
from erp_club.purchases.asked import Asked
from erp_club.purchases.facts import gather
from erp_club.purchases.pricing import price_basket
from erp_club.purchases.quotes.told import Buyer
from erp_club.purchases.redeeming import redeemable
from erp_club.purchases.returns.commands import Asked as AskedBack
from erp_club.purchases.returns.commands import return_goods
from erp_club.purchases.returns.facts import Wish
from erp_club.reports.what_if import what_if
from tests.make.programmes import a_programme, day
from tests.make.purchases import a_place, a_product, a_till
from tests.programmes.test_clubs_act import Chain

PENNY = {"kind": "money", "points": 1, "per_minor": 100}


class Club(Chain):
    """A chain with a club of these rules since the beginning of the year."""

    def __init__(self, session: Session, **said: Any) -> None:
        self.session, self.till = session, a_till(session)
        start = dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC)
        club = a_programme(switch={"effective_from": "2026-01-01"}, **said)
        how: dict[str, Any] = {"currency": "ILS", "language": "he", "today": start.date(), "now": start, "by": SYSTEM}
        self.club_id = commands.load_programme(session, club, publish=True, **how).club_id

    def points(self, customer: int, minor: int, on: str, **said: Any) -> int:
        before = self.balance(customer)
        self.buys(customer, minor, on, **said)
        return self.balance(customer) - before


def earning(*rules: dict[str, Any], **said: Any) -> dict[str, Any]:
    return {"rules": [{"code": f"rule-{number}", **each} for number, each in enumerate(rules)]} | said


def test_a_rate_grows_with_what_was_bought_in_the_month_and_begins_anew_in_the_next(session: Session):
    """1 % up to 100.00 a month, 2 % from there to 500.00, 3 % above."""
    steps = [{"from_minor": 100_00, "points": 2}, {"from_minor": 500_00, "points": 3}]
    club = Club(session, earning=earning(PENNY | {"growing": {"period": {"every": "month"}, "steps": steps}}))
    member = club.member("2026-02-01")
    bought = [(80_00, "2026-03-02"), (40_00, "2026-03-09"), (400_00, "2026-03-20"), (50_00, "2026-04-01")]
    assert [club.points(member, minor, on) for minor, on in bought] == [80, 20 + 40, 2 * 380 + 3 * 20, 50]


def test_ceilings_of_a_day_and_one_stamp_a_visit_count_what_was_bought_before(session: Session):
    visit = {"kind": "visit", "visit": "day", "points": 10, "least_minor": 20_00, "stands": "on_top"}
    club = Club(session, earning=earning(PENNY | {"most_points_day": 50}, visit))
    member = club.member("2026-02-01")
    bought = [(10_00, "2026-03-02"), (30_00, "2026-03-02"), (40_00, "2026-03-02"), (40_00, "2026-03-03")]
    assert [club.points(member, minor, on) for minor, on in bought] == [10, 30 + 10, 10, 40 + 10]


def test_a_first_purchase_counts_double_without_any_offer_in_the_shop(session: Session):
    twice = {"kind": "times", "factor_bp": 20_000, "when": {"last_purchase": 1}}
    club = Club(session, earning=earning(PENNY, twice))
    member = club.member("2026-02-01")
    assert [club.points(member, 10_00, "2026-03-02") for _ in range(2)] == [20, 10]


def test_points_pay_by_the_document_alone_on_what_it_names(session: Session):
    """100 points 5.00, from 30.00 on, half of it at most, never for wine."""
    pays = {
        "worth_points": 100, "worth_minor": 5_00, "step": 100, "most_bp": 5_000, "least_purchase_minor": 30_00,
        "excluded": {"departments": ["Wine"]},
    }  # fmt: skip
    club = Club(session, earning=earning(PENNY), redemption=pays)
    member = club.member("2026-02-01")
    club.buys(member, 1_000_00, "2026-03-02")
    for sku, minor in (("BREAD", 60_00), ("ROLL", 20_00), ("WINE", 60_00)):
        a_product(session, sku, price_minor=minor)
    wine = Department(name="Wine")
    session.add(wine)
    session.flush()
    session.execute(sa.update(Product).where(Product.sku == "WINE").values(department_id=wine.id))

    def most(*skus: str) -> list[int]:
        at = dt.datetime.combine(day("2026-03-05"), dt.time(12), dt.UTC)
        asked = Asked(lines=tuple((sku, 1000) for sku in skus), buyer=Buyer(customer_id=member))
        return [each.most_points for each in redeemable(gather(session, asked, a_place(session, club.till, now=at)))]

    assert [most("BREAD"), most("ROLL"), most("WINE"), most("BREAD", "WINE")] == [[600], [0], [0], [600]]
    assert session.scalars(sa.select(StoredOffer.code)).all() == ["CLUB.PAY-WITH-POINTS"]


def test_what_does_not_suffice_in_a_period_is_counted_on_in_the_next(session: Session):
    """For each full 500.00 a voucher of 25.00; beside it 1 % of the month, paid from 5.00 on."""
    every = {"kind": "every", "every": 500_00, "value": 25_00}
    percent = {"kind": "percent", "steps": [{"from_amount": 0, "rate_bp": 100}]}
    month = {"period": {"every": "month"}, "gives": {"kind": "payout"}, "issue": {"at": "period_end"}}
    voucher, bonus = {"code": "voucher", "function": every}, {"code": "bonus", "function": percent, "least_minor": 500}
    club = Club(session, rewards=[month | voucher, month | bonus])
    member = club.member("2026-02-01")
    for minor, on, last in ((400_00, "2026-03-02", "2026-03-31"), (200_00, "2026-04-02", "2026-04-30")):
        club.buys(member, minor, on)
        for rule in ("voucher", "bonus"):
            club.settles(rule, last)
    given = sorted((each.rule, each.last_on.month, each.value) for each in club.given(member))
    assert given == [("bonus", 3, 0), ("bonus", 4, 6_00), ("voucher", 3, 0), ("voucher", 4, 25_00)]


def test_a_share_of_a_purchase_that_a_level_gives_is_had_with_a_coupon(session: Session):
    levels = {
        "window": {"every": "year"},
        "levels": [
            {"code": "BASIC", "at_least": 0},
            {"code": "GOLD", "at_least": 100_00, "gives": [{"kind": "discount", "off_bp": 2_000}]},
        ],
    }
    club = Club(session, levels=levels)
    member = club.member("2026-02-01")
    club.buys(member, 100_00, "2026-03-02")
    code = session.scalars(sa.select(Coupon.code).where(Coupon.customer_id == member)).one()
    a_product(session, "BREAD", price_minor=50_00)
    asked = Asked(lines=(("BREAD", 1000),), buyer=Buyer(customer_id=member), coupons=(code,))
    at = dt.datetime(2026, 3, 5, 12, tzinfo=dt.UTC)
    assert price_basket(session, asked, a_place(session, club.till, now=at)).priced.total_minor == 40_00


def test_points_of_a_calendar_year_expire_together(session: Session):
    """Earned in 2026, gone after 31 March 2027, whether it was in January or in December."""
    rule = {"kind": "each_year", "last_day": {"month": 3, "day": 31}, "years_after": 1, "of_calendar_year": True}
    club = Club(session, earning=earning(PENNY), expiry={"rule": rule})
    member = club.member("2026-01-01")
    for on in ("2026-01-05", "2026-11-20"):
        club.buys(member, 10_00, on)
    assert session.scalars(sa.select(PointsLot.last_day).distinct()).all() == [day("2027-03-31")]
    held = a_programme(expiry={"rule": rule}).expiry.rule
    assert [last_day(held, day(on)) for on in ("2026-01-05", "2026-12-31")] == [day("2027-03-31")] * 2


@pytest.mark.parametrize("seed", range(3))
def test_replaying_the_history_comes_to_what_was_posted(session: Session, seed: int):
    """Whatever was bought and brought back, whole or in part, by rules that hang on the purchases before."""
    draw = random.Random(seed)
    growing = {"period": {"every": "month"}, "steps": [{"from_minor": 100_00, "points": 3}]}
    visit = {"kind": "visit", "visit": "day", "points": 5, "least_minor": 20_00, "stands": "on_top"}
    rules = earning(PENNY | {"growing": growing, "most_points_day": 250}, visit)
    club = Club(session, earning=rules)
    member = club.member("2026-02-01")
    on, sold = day("2026-02-01"), list[int]()
    for _ in range(12):
        on += dt.timedelta(days=draw.choice((0, 0, 1, 9)))
        if sold and draw.random() < 0.2:
            at = dt.datetime.combine(on, dt.time(12), dt.UTC)
            part = draw.choice((None, ((1, 1000),)))
            back = AskedBack(Wish(part), f"B{seed}-{len(sold)}-{part is None}")
            receipt = sold.pop() if part is None else sold[-1]
            return_goods(session, receipt, back, a_place(session, club.till, now=at), currency="ILS")
            if part is not None:
                sold.pop()
        else:
            pieces = draw.randint(2, 4)
            minor = draw.randint(1, 50) * 100 * pieces
            sold.append(club.buys(member, minor, on.isoformat(), milli=1000 * pieces).posted.receipt_id)
    held = a_programme(switch={"effective_from": "2026-01-01"}, earning=rules)
    assert what_if(session, held, None, today=on, progress=lambda *_: None).tried.points == club.balance(member)


def test_a_reward_for_what_a_counter_counts_asks_events_as_well_as_purchases(session: Session):
    """A star for each 50.00, two for a workout: ten stars of a month are 10.00, once."""
    stars = {
        "code": "stars",
        "rules": [{"kind": "money", "code": "by-money", "points": 1, "per_minor": 50_00, "full": True}],
        "events": [{"code": "by-workout", "event": "workout", "points": 2}],
    }
    month = {
        "code": "ten-stars", "base": {"counts": "counter", "counter": "stars"}, "gives": {"kind": "payout"},
        "function": {"kind": "every", "every": 10, "value": 10_00}, "issue": {"at": "period_end"},
    }  # fmt: skip
    club = Club(session, counters=[stars], rewards=[month])
    active, idle = club.member("2026-02-01"), club.member("2026-02-01")
    for member in (active, idle):
        club.buys(member, 320_00, "2026-03-02")
    for on in ("2026-03-05", "2026-03-19", "2026-04-01"):
        local = dt.datetime.fromisoformat(f"{on}T10:00:00")
        tell_event(session, Happened("workout", active, on), At(local, local.replace(tzinfo=dt.UTC), SYSTEM))
    club.settles("ten-stars", "2026-03-31")
    assert [(each.base, each.value) for each in club.given(active)] == [(6 + 2 + 2, 10_00)]
    assert [(each.base, each.value) for each in club.given(idle)] == [(6, 0)]


def test_no_more_rewards_are_given_than_a_member_can_hold_unused(session: Session):
    """Ten stamps are a coffee; who holds two unused coffees keeps the stamps until one is used."""
    coffee = {
        "code": "coffee", "period": {"every": "day"}, "base": {"counts": "balance"}, "takes": True,
        "function": {"kind": "every", "every": 10, "value": 1}, "gives": {"kind": "gift", "products": ["COFFEE"]},
        "issue": {"at": "night", "valid_months": 3},
    }  # fmt: skip
    club = Club(session, earning=earning(PENNY), rewards=[coffee], most_rewards=2)
    member = club.member("2026-02-01")
    left: list[int] = []
    for number in range(1, 4):
        club.buys(member, 12_00, f"2026-03-0{number}")
        club.settles("coffee", f"2026-03-0{number}")
        left.append(club.balance(member))
    assert left == [2, 4, 16]
    assert session.scalars(sa.select(Coupon.customer_id)).all() == [member] * 2
    first = sa.select(Coupon.id).order_by(Coupon.id).limit(1).scalar_subquery()
    session.execute(sa.update(Coupon).where(Coupon.id == first).values(used=1))
    club.settles("coffee", "2026-03-04")
    assert club.balance(member) == 6
    assert len(session.scalars(sa.select(Coupon.id)).all()) == 3


def test_a_gift_for_an_event_waits_for_room_too(session: Session):
    gift = {
        "code": "gift", "occasion": "event", "event": "workout", "gives": [{"kind": "discount", "amount_minor": 10_00}],
    }  # fmt: skip
    club = Club(session, occasions=[gift], most_rewards=1)
    member = club.member("2026-02-01")
    why: list[str | None] = []
    for on in ("2026-03-05", "2026-03-06"):
        local = dt.datetime.fromisoformat(f"{on}T10:00:00")
        at = At(local, local.replace(tzinfo=dt.UTC), SYSTEM)
        (gave,) = tell_event(session, Happened("workout", member, on), at).gave
        why.append(gave.why)
    assert why == [None, "too_many_unused"]
