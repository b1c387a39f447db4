# REQ P-16, P-02, P-04, X-06, W-01: events told over the API give what the clubs' rules say, once, and say why not
import datetime as dt
import uuid
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from erp_club.clubs.levels.models import MembershipLevel
from erp_club.kernel.audit import AuditEntry
from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.catalog import Role
from erp_club.points.models import PointsAccount
from erp_club.points.verify.queries import faults
from erp_club.programmes.commands import load_programme
from erp_club.programmes.welcoming.commands import Welcome, welcome
from erp_club.promotions.coupons.models import Coupon
from tests.make.clubs import a_customer, a_membership
from tests.make.organisation import PASSWORD, somebody
from tests.make.programmes import a_programme
from tests.make.purchases import Till, a_product, a_till

MILK = "7290000000017"
NOW = dt.datetime.now(dt.UTC)
TODAY = NOW.astimezone(ZoneInfo("Asia/Jerusalem")).date()
RULE = {"code": "base", "kind": "money", "points": 1, "per_minor": 100}
REVIEW = {"code": "review", "names": {"en": "A review"}, "event": "review-approved", "points": 20}


class Shop:
    """A member of a club that gives for events, at a till that sells milk for 10.00."""

    def __init__(self, client: TestClient, session: Session, till: Till) -> None:
        self.client, self.session, self.till = client, session, till
        a_product(session, MILK)
        self.number = 0

    def club(self, events: list[dict[str, Any]], **said: Any) -> "Shop":
        earning = {"rules": [RULE], "events": events} | said.pop("earning", {})
        programme = a_programme(earning=earning, **said)
        how: dict[str, Any] = {"currency": "ILS", "language": "he", "now": NOW, "by": SYSTEM, "publish": True}
        self.club_id = load_programme(self.session, programme, today=TODAY - dt.timedelta(days=90), **how).club_id
        self.yael = self.member("100001")
        self.session.commit()
        return self

    def member(self, number: str, *, days_ago: int = 30) -> int:
        customer = a_customer(self.session, number)
        a_membership(self.session, customer, self.club_id, joined_on=TODAY - dt.timedelta(days=days_ago))
        return customer

    def post(self, url: str, body: dict[str, Any]) -> Response:
        return self.client.post(url, json=body, headers=self.till.headers | {"Idempotency-Key": uuid.uuid4().hex})

    def tell(self, event: str, **said: Any) -> Response:
        return self.post("/events", {"event": event, "customer": {"id": self.yael}} | said)

    def gave(self, event: str, **said: Any) -> list[tuple[str, int, str | None]]:
        told = self.tell(event, **said)
        assert told.status_code == 201, told.text
        return [(each["rule"], each["points"], each["why"]) for each in told.json()["gave"]]

    def buy(self, customer: int | None = None, *, quantity: int = 3) -> int:
        self.number += 1
        body = {
            "receipt_no": f"A-{self.number}",
            "customer": {"id": customer or self.yael},
            "lines": [{"sku": MILK, "quantity": str(quantity)}],
            "payments": [{"means": "card", "amount_minor": quantity * 10_00}],
        }
        sold = self.post("/purchases", body)
        assert sold.status_code == 201, sold.text
        return sold.json()["id"]

    def returned(self, purchase_id: int, quantity: int) -> None:
        line = {"line_no": 1, "quantity": str(quantity)}
        back = self.post(f"/purchases/{purchase_id}/returns", {"lines": [line], "reason": "Sour milk"})
        assert back.status_code == 201, back.text

    def balance(self, customer: int | None = None) -> int:
        self.session.expire_all()
        asked = sa.select(PointsAccount.balance).where(PointsAccount.customer_id == (customer or self.yael))
        assert faults(self.session) == []
        return self.session.scalars(asked).one()


@pytest.fixture
def shop(client: TestClient, session: Session) -> Shop:
    return Shop(client, session, a_till(session))


def test_an_approved_review_gives_once_an_order_and_stands_in_the_history_by_its_rule(shop: Shop):
    shop.club([REVIEW])
    order, other = shop.buy(), shop.buy()
    assert shop.gave("review-approved", purchase_id=order) == [("review", 20, None)]
    assert shop.gave("review-approved", purchase_id=order) == [("review", 0, "used_up")]
    assert shop.gave("review-approved", customer=None, purchase_id=other) == [("review", 20, None)]
    assert shop.balance() == 100
    account = shop.session.scalars(sa.select(PointsAccount.id)).one()
    shown = shop.client.get(f"/points-accounts/{account}/movements?kind=event", headers=shop.till.headers).json()
    assert [(each["points"], each["reason"]) for each in shown["movements"]] == [(20, "A review")] * 2
    entry = shop.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "events.tell")).first()
    assert entry is not None
    assert (entry.customer_id, entry.staff_id is not None) == (shop.yael, True)


def test_why_points_moved_is_told_in_the_reader_s_language(shop: Shop):
    shop.club([REVIEW | {"names": {"en": "A review", "he": "ביקורת", "fi": "Arvostelu"}}])
    shop.gave("review-approved", purchase_id=shop.buy())
    account = shop.session.scalars(sa.select(PointsAccount.id)).one()
    url = f"/points-accounts/{account}/movements"
    for language, said in (("he", "ביקורת"), ("fi", "Arvostelu"), ("sv", "A review"), ("en", "A review")):
        headers = shop.till.headers | {"Accept-Language": language}
        (moved,) = shop.client.get(f"{url}?kind=event", headers=headers).json()["movements"]
        assert moved["reason"] == said
        assert said in shop.client.get(f"{url}.csv?kind=event", headers=headers).text


def test_the_same_request_twice_is_told_once(shop: Shop):
    shop.club([REVIEW | {"once": "no"}])
    headers = shop.till.headers | {"Idempotency-Key": "review-1"}
    body = {"event": "review-approved", "customer": {"id": shop.yael}}
    first, second = (shop.client.post("/events", json=body, headers=headers) for _ in range(2))
    assert (first.json(), second.headers["Idempotency-Replayed"]) == (second.json(), "true")
    assert shop.balance() == 20
    assert shop.gave("review-approved") == [("review", 20, None)]


def test_how_often_is_the_rule_s_to_say(shop: Shop):
    often = ("ever", "day", "year", "subject", "no")
    shop.club([REVIEW | {"code": once, "once": once, "most_times": 9} for once in often])
    told = [shop.gave("review-approved", subject=about) for about in ("a", "b", "b")]
    assert {rule: [each[number][1] for each in told] for number, rule in enumerate(often)} == {
        "ever": [20, 0, 0], "day": [20, 0, 0], "year": [20, 0, 0], "subject": [20, 20, 0], "no": [20, 20, 20]
    }  # fmt: skip


def test_what_cannot_be_told_says_which_field(shop: Shop):
    friend = REVIEW | {"code": "friend", "event": "referral"}
    shop.club([REVIEW, friend], earning={"available": {"on_event": "delivered"}})
    noa, review = shop.member("100009"), {"event": "review-approved"}
    shop.session.commit()
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"event": "moon-landing"}, "event"),
        ({"event": "Not A Name"}, "event"),
        (review | {"customer": {"number": "999"}}, "customer.number"),
        (review | {"customer": None}, "customer"),
        (review | {"purchase_id": 999_999}, "purchase_id"),
        (review | {"purchase_id": shop.buy(noa)}, "purchase_id"),
        (review | {"referred": {"id": noa}}, "referred"),
        ({"event": "referral"}, "referred"),
        ({"event": "delivered"}, "purchase_id"),
    ]
    for said, field in wrong:
        refused = shop.tell(**said)
        assert (refused.status_code, [each["field"] for each in refused.json()["errors"]]) == (422, [field]), said


def test_a_return_takes_the_bonus_of_a_review_where_the_rule_says(shop: Shop):
    worth = {"kept": 1, "whole": 100, "any": 10_000}
    shop.club([REVIEW | {"code": each, "returned": each, "points": points} for each, points in worth.items()])
    order = shop.buy(quantity=3)
    shop.gave("review-approved", purchase_id=order)
    assert shop.balance() == 30 + 10_101
    shop.returned(order, 1)
    assert shop.balance() == 20 + 101
    shop.returned(order, 2)
    assert shop.balance() == 1
    assert {each[1:] for each in shop.gave("review-approved", purchase_id=order)} == {(0, "used_up")}


def test_points_wait_for_the_delivery_and_then_can_be_used(shop: Shop):
    shop.club([], earning={"available": {"on_event": "delivered"}})
    order = shop.buy()
    account = shop.session.scalars(sa.select(PointsAccount.id)).one()
    url = f"/points-accounts/{account}/movements"
    before = shop.client.get(url, headers=shop.till.headers).json()["standing"]
    told = shop.tell("delivered", customer=None, purchase_id=order).json()
    after = shop.client.get(url, headers=shop.till.headers).json()["standing"]
    assert (before["available"], before["pending"], told["released"]) == (0, 30, 30)
    assert (after["available"], after["pending"], shop.balance()) == (30, 0, 30)
    assert shop.tell("delivered", purchase_id=order).json()["released"] == 0


FRIENDS = [
    {"code": "brought", "event": "referral", "points": 50, "after_purchase_minor": 20_00, "returned": "whole"},
    {"code": "welcome", "event": "referred", "points": 10, "after_purchase_minor": 0},
]


def test_both_are_rewarded_when_the_friend_first_buys_and_once(shop: Shop):
    shop.club(FRIENDS)
    noa = shop.member("100002")
    shop.session.commit()
    told = shop.tell("referral", referred={"number": "100002"}).json()["gave"]
    assert [(each["customer_id"], each["points"], each["waits"]) for each in told] == [
        (shop.yael, 0, True), (noa, 0, True)
    ]  # fmt: skip
    shop.buy(noa, quantity=1)
    assert (shop.balance(), shop.balance(noa)) == (0, 20)  # the friend's at any purchase, the other's from 20.00 on
    large = shop.buy(noa, quantity=2)
    shop.buy(noa, quantity=2)
    assert (shop.balance(), shop.balance(noa)) == (50, 60)
    shop.returned(large, 2)
    assert (shop.balance(), shop.balance(noa)) == (0, 40)


def test_somebody_is_brought_once_not_by_themselves_and_not_after_they_have_bought(shop: Shop):
    shop.club(FRIENDS)
    noa, dan = shop.member("100002"), shop.member("100003")
    shop.session.commit()
    assert shop.tell("referral", referred={"id": shop.yael}).json()["errors"][0]["field"] == "referred"
    assert shop.tell("referral", referred={"id": noa}).status_code == 201
    again = shop.tell("referral", referred={"id": noa}, customer={"id": dan})
    assert (again.status_code, again.json()["code"]) == (409, "already-referred")
    back = shop.tell("referral", referred={"id": shop.yael}, customer={"id": noa})
    assert back.status_code == 422
    shop.buy(dan)
    assert [why for _, _, why in shop.gave("referral", referred={"id": dan})] == ["wrong_purchase_number"] * 2


def test_gifts_come_at_an_event_at_the_first_purchase_and_points_lift_the_level(shop: Shop):
    levels = {
        "measure": {"counts": "points"},
        "levels": [{"code": "BASIC", "at_least": 0}, {"code": "GOLD", "at_least": 20}],
    }
    off = [{"kind": "discount", "amount_minor": 500}]
    shop.club(
        [REVIEW, {"code": "first", "event": "first_purchase", "points": 7}],
        levels=levels,
        occasions=[
            {"code": "survey", "occasion": "event", "event": "survey", "gives": off},
            {"code": "hello", "occasion": "first_purchase", "gives": off},
        ],
    )
    assert shop.tell("survey").json()["gave"][0]["gift"] is True
    assert shop.gave("survey") == [("survey", 0, "used_up")]
    dan = shop.member("100003", days_ago=0)
    welcome(shop.session, dan, Welcome(TODAY, NOW, SYSTEM))
    shop.session.commit()
    for _ in range(2):
        shop.buy(dan, quantity=1)
    assert shop.balance(dan) == 27
    owners = shop.session.scalars(sa.select(Coupon.customer_id).order_by(Coupon.customer_id)).all()
    assert sorted(owners) == sorted([shop.yael, dan])
    shop.gave("review-approved")
    level = sa.select(MembershipLevel.level).where(MembershipLevel.customer_id == shop.yael)
    assert shop.session.scalars(level).one() == "GOLD"


def test_a_counter_counts_events_for_levels_and_buys_nothing(shop: Shop):
    levels = {
        "measure": {"counts": "counter", "counter": "status"},
        "levels": [{"code": "BASIC", "at_least": 0}, {"code": "GOLD", "at_least": 40}],
    }
    flown = {"code": "flown", "event": "flown", "points": 20, "once": "subject"}
    shop.club([], counters=[{"code": "status", "events": [flown]}], levels=levels)
    asked = sa.select(MembershipLevel.level).where(MembershipLevel.customer_id == shop.yael)
    for flight, level in (("LY1", "BASIC"), ("LY1", "BASIC"), ("LY2", "GOLD")):
        shop.gave("flown", subject=flight)
        shop.session.expire_all()
        assert shop.session.scalars(asked).one() == level
    assert shop.balance() == 0


def test_the_office_tells_of_an_event_on_the_customer_s_page(client: TestClient, session: Session):
    shop = Shop(client, session, a_till(session)).club([REVIEW])
    somebody(session, Role.HQ, username="hq")
    session.commit()
    browser = {"Accept": "text/html", "Origin": "http://testserver"}
    client.post("/sign-in", data={"username": "hq", "password": PASSWORD})
    page = client.get(f"/customers/{shop.yael}/events", headers=browser).text
    assert "Review approved" in page
    form = {"idempotency_key": uuid.uuid4().hex, "customer.id": str(shop.yael), "event": "review-approved"}
    wrong = client.post("/events", data=form | {"purchase_id": "77"}, headers=browser)
    assert (wrong.status_code, "There is no such purchase." in wrong.text) == (422, True)
    form = form | {"idempotency_key": uuid.uuid4().hex, "purchase_id": "", "subject": "", "referred.number": ""}
    done = client.post("/events", data=form, headers=browser, follow_redirects=True)
    assert (done.status_code, "A review" in done.text) == (200, True)
    told = client.get(f"/customers/{shop.yael}/events", headers={"Accept": "application/json"}).json()
    assert [(each["event"], each["gave"][0]["points"]) for each in told["events"]] == [("review-approved", 20)]
