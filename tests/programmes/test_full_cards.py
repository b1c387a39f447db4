# REQ P-15, M-11: a card of so many purchases pays for the next one, up to what those have cost on average
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.models import Membership
from erp_club.programmes.engine.ahead import NextStep
from erp_club.programmes.engine.checks import findings
from erp_club.programmes.engine.parts import Counts, Measure
from erp_club.programmes.engine.rewards import PeriodReward
from erp_club.programmes.engine.settle import PeriodFacts, settle
from erp_club.programmes.rewards.outlook.queries import rewards_ahead
from erp_club.promotions.coupons.models import Coupon, CouponBatch
from erp_club.purchases.asked import Asked
from erp_club.purchases.pricing import price_basket
from erp_club.purchases.quotes.told import Buyer
from erp_club.purchases.returns.commands import Asked as AskedBack
from erp_club.purchases.returns.commands import return_goods
from erp_club.purchases.returns.facts import Wish
from erp_club.reports.what_if import what_if
from tests.make.programmes import a_programme, day
from tests.make.purchases import a_place, a_product
from tests.programmes.test_more_clubs import Club

CARD: dict[str, Any] = {
    "code": "card", "period": {"every": "ever"}, "base": {"counts": "purchases"},
    "function": {"kind": "average", "every": 3}, "gives": {"kind": "discount", "units": 1},
}  # fmt: skip


def worths(session: Session) -> list[int]:
    """What the codes that were given take off, in their order."""
    rows = session.execute(
        sa.select(CouponBatch.code).join(Coupon, Coupon.batch_id == CouponBatch.id).order_by(Coupon.id)
    )
    return [int(code.rpartition("-")[2]) for (code,) in rows]


def test_three_purchases_pay_for_the_fourth_up_to_their_average(session: Session):
    club = Club(session, rewards=[CARD])
    member = club.member("2026-02-01")
    for number, minor in enumerate((10_00, 12_00, 15_00, 40_00, 20_00), start=1):
        club.buys(member, minor, f"2026-03-0{number}")
    assert worths(session) == [12_33]
    club.buys(member, 30_00, "2026-03-06")
    assert worths(session) == [12_33, 30_00]
    assert [(each.base, each.value, each.pieces) for each in club.given(member)] == [(3, 12_33, 1), (6, 30_00, 1)]


def test_the_full_card_takes_its_worth_off_one_of_the_next_and_never_more_than_that_costs(session: Session):
    club = Club(session, rewards=[CARD])
    member = club.member("2026-02-01")
    for number in range(1, 4):
        club.buys(member, 15_00, f"2026-03-0{number}")
    code = session.scalars(sa.select(Coupon.code)).one()
    at = a_place(session, club.till, now=dt.datetime(2026, 3, 5, 12, tzinfo=dt.UTC))
    left: list[int] = []
    for sku, minor in (("SMALL", 10_00), ("LARGE", 60_00)):
        a_product(session, sku, price_minor=minor)
        asked = Asked(lines=((sku, 1000),), buyer=Buyer(customer_id=member), coupons=(code,))
        left.append(price_basket(session, asked, at).priced.total_minor)
    assert left == [0, 45_00]


def test_two_cards_that_one_purchase_fills_are_two_codes(session: Session):
    by_piece = CARD | {"base": {"counts": "units"}, "function": {"kind": "average", "every": 10_000}}
    club = Club(session, rewards=[by_piece])
    member = club.member("2026-02-01")
    club.buys(member, 40_00, "2026-03-01", sku="CUP", milli=4_000)
    club.buys(member, 160_00, "2026-03-02", sku="MUG", milli=16_000)
    assert worths(session) == [10_00, 10_00]
    assert [each.pieces for each in club.given(member)] == [2]


def test_what_came_back_fills_no_card(session: Session):
    club = Club(session, rewards=[CARD])
    member = club.member("2026-02-01")
    first = club.buys(member, 90_00, "2026-03-01")
    club.buys(member, 10_00, "2026-03-02")
    at = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
    return_goods(
        session, first.posted.receipt_id, AskedBack(Wish(), "B1"), a_place(session, club.till, now=at), currency="ILS"
    )
    club.buys(member, 11_00, "2026-03-04")
    assert worths(session) == []
    club.buys(member, 12_00, "2026-03-05")
    assert worths(session) == [11_00]


def test_who_holds_as_many_as_can_be_held_gets_the_next_card_when_one_is_used(session: Session):
    club = Club(session, rewards=[CARD | {"issue": {"at": "night"}}], most_rewards=1)
    member = club.member("2026-02-01")
    for number, minor in enumerate((10_00, 10_00, 10_00, 20_00, 20_00, 20_00), start=1):
        club.buys(member, minor, f"2026-03-0{number}")
        club.settles("card", f"2026-03-0{number}")
    assert worths(session) == [10_00]
    session.execute(sa.update(Coupon).values(used=1))
    club.settles("card", "2026-03-07")
    assert worths(session) == [10_00, 20_00]


@pytest.mark.parametrize("gives", [{"kind": "code"}, {"kind": "stored_value"}, {"kind": "gift", "products": ["MUG"]}])
def test_an_amount_or_a_thing_for_every_ten_waits_for_room_too(session: Session, gives: dict[str, Any]):
    every = {"kind": "every", "every": 100_00, "value": 5_00}
    rule = {"code": "every", "period": {"every": "ever"}, "function": every, "gives": gives, "issue": {"at": "night"}}
    club = Club(session, rewards=[rule], most_rewards=1)
    member = club.member("2026-02-01")
    for number in range(1, 4):
        club.buys(member, 100_00, f"2026-03-0{number}")
        club.settles("every", f"2026-03-0{number}")
    assert [each.value for each in club.given(member) if each.value] == [5_00]


def test_what_if_fills_the_same_cards(session: Session):
    club = Club(session, rewards=[CARD])
    member = club.member("2026-02-01")
    for number, minor in enumerate((10_00, 12_00, 15_00, 40_00, 20_00, 30_00, 7_00), start=1):
        club.buys(member, minor, f"2026-03-0{number}")
    tried = a_programme(switch={"effective_from": "2026-01-01"}, rewards=[CARD])
    told = what_if(session, tried, None, today=day("2026-03-31"), progress=lambda *_: None)
    assert told.tried.rewards == {"card": sum(each.value for each in club.given(member))}


def test_a_member_sees_how_many_purchases_the_card_still_needs(session: Session):
    club = Club(session, rewards=[CARD])
    member = club.member("2026-02-01")
    club.buys(member, 10_00, "2026-03-01")
    membership = session.scalars(sa.select(Membership.id).where(Membership.customer_id == member)).one()
    (ahead,) = rewards_ahead(session, club.club_id, membership, on=day("2026-03-31"))
    assert ahead.next == NextStep(missing=2, value=10_00, rate_bp=None)


def test_a_purchase_that_two_cards_share_is_parted():
    by_piece = {"base": Measure(counts=Counts.UNITS), "function": {"kind": "average", "every": 2_000}}
    rule = PeriodReward.model_validate(CARD | by_piece)
    made = settle(rule, PeriodFacts(4_000, paid_for=((1_000, 10_00), (2_000, 40_00), (1_000, 31_00))))
    assert (made.value, made.pieces) == (15_00 + 25_50, 2)


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({"base": {"counts": "spend"}}, "rewards[0].base.counts"),
        ({"gives": {"kind": "points"}}, "rewards[0].gives"),
        ({"gives": {"kind": "gift", "products": ["MUG"]}}, "rewards[0].gives"),
        ({"period": {"every": "year"}}, "rewards[0].rest"),
        ({"period": {"every": "year"}, "rest": "drop"}, None),
    ],
)
def test_a_card_that_can_not_be_is_named(said: dict[str, Any], path: str | None):
    assert [each.path for each in findings(a_programme(rewards=[CARD | said])) if each.stops] == [path] * bool(path)
