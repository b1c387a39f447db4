# REQ P-05 P-12 O-05 T-03: points in quotes, sales, receipts and on slips
import itertools
import re
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from erp_club.clubs.models import Club, Membership
from erp_club.clubs.rules import Paying, RulesDocument
from erp_club.clubs.setup.commands import add_rules
from erp_club.permissions.actors import SYSTEM
from tests.make.clubs import a_club, a_customer, a_membership, moved
from tests.make.offers import a_published_offer, points_that_pay
from tests.make.purchases import NOW, Till, a_product, a_till

MILK = "7290000000017"
numbers = itertools.count(1)


@pytest.fixture
def till(session: Session) -> Till:
    made = a_till(session)
    a_product(session, MILK)
    yael = a_customer(session)
    account = a_membership(session, yael, a_club(session)).points_account_id
    moved(session, yael, account, 500)
    points_that_pay(session)
    session.commit()
    return made


def basket(**changes: Any) -> dict[str, Any]:
    return {"customer": {"number": "100001"}, "lines": [{"sku": MILK, "quantity": "3"}]} | changes


def buy(client: TestClient, till: Till, by_card: int, points: dict[str, Any], **changes: Any) -> Response:
    payments = [{"means": "points"} | points, {"means": "card", "amount_minor": by_card}]
    body = basket(receipt_no=f"A-{next(numbers)}", payments=payments, **changes)
    return client.post("/purchases", json=body, headers=till.headers | {"Idempotency-Key": uuid.uuid4().hex})


def test_a_quote_tells_what_points_would_pay(client: TestClient, till: Till) -> None:
    told = client.post("/quotes", json=basket(sale_id="s1"), headers=till.headers).json()
    assert told["redeemable"] == [
        {
            "offer": "PAY",
            "name": "Pay with points",
            "club": "GOLD",
            "unit": {"names": {}, "one": {}, "scale": 1},
            "available": 500,
            "most_points": 500,
            "most_minor": 25_00,
            "worth_points": 1,
            "worth_minor": 5,
            "step": 1,
            "least": 1,
            "used": 0,
            "missing": None,
            "ceiling": "balance",
            "words": "all that are there",
        }
    ]
    chosen = client.post("/quotes", json=basket(sale_id="s1", points=[{"points": 400}]), headers=till.headers).json()
    assert (chosen["total_minor"], chosen["points_used"]) == (10_00, 400)


def test_a_till_is_told_what_keeps_points_from_paying_and_how_far_the_next_benefit_is(
    client: TestClient, session: Session, till: Till
) -> None:
    """REQ P-03 P-05"""
    costing = {"by": "cashier", "points": 620, "club": "GOLD"}
    a_published_offer(session, "MUG", names={"en": "A mug"}, activation=costing)
    club_id = session.scalars(sa.select(Club.id)).one()
    rules = RulesDocument(paying=Paying(max_share_bp=5000, min_points=200))
    add_rules(session, club_id, rules, effective_from=NOW.date(), now=NOW, by=SYSTEM)
    session.commit()
    told = client.post("/quotes", json=basket(sale_id="s1"), headers=till.headers).json()["redeemable"]
    assert [(each["most_points"], each["ceiling"], each["least"]) for each in told] == [(300, "share", 200)]
    small = basket(sale_id="s2", lines=[{"sku": MILK, "quantity": "1"}])
    (told,) = client.post("/quotes", json=small, headers=till.headers).json()["redeemable"]
    assert (told["most_points"], told["words"]) == (
        0, "This basket takes fewer points than have to be used at once.",
    )  # fmt: skip
    customer_id = session.scalars(sa.select(Membership.customer_id)).one()
    (held,) = client.get(f"/customers/{customer_id}/panel", headers=till.headers).json()["memberships"]
    assert held["next_benefit"] == {"offer": "MUG", "names": {"en": "A mug"}, "missing": 120}


def test_points_pay_a_part_of_the_sale_and_are_on_the_receipt(client: TestClient, till: Till) -> None:
    sold = buy(client, till, 10_00, {"points": 400, "club": "GOLD"})
    assert sold.status_code == 201, sold.text
    assert [(each["points"], each["balance"]) for each in sold.json()["spent"]] == [(400, 101)]
    told = client.get(f"/purchases/{sold.json()['id']}", headers=till.headers).json()
    assert told["spent"] == [each | {"whose": None} for each in sold.json()["spent"]]
    slip = client.get(f"/purchases/{sold.json()['id']}/slip", headers=till.headers).json()
    assert [(each["points"], each["balance"]) for each in slip["spent"]] == [(400, 101)]
    paper = client.get(f"/purchases/{sold.json()['id']}/slip", headers=till.headers | {"Accept": "text/html"}).text
    told = [line for line in re.sub("<[^>]*>", "", paper).splitlines() if "Gold club" in line]
    assert told == ["    Gold club: 400 points used", "    Gold club: +1 point, new balance 101"]


def test_a_quoted_sale_takes_the_points_that_it_was_quoted_with(client: TestClient, till: Till) -> None:
    asked = basket(sale_id="s1", points=[{"points": 400}])
    quoted = client.post("/quotes", json=asked, headers=till.headers).json()
    sold = buy(client, till, quoted["total_minor"], {"points": 400}, quote_id=quoted["id"])
    assert sold.status_code == 201, sold.text


def test_points_that_are_not_there_are_refused_beside_the_payments(client: TestClient, till: Till) -> None:
    short = buy(client, till, 4_95, {"points": 501})
    assert (short.status_code, short.json()["code"]) == (409, "points-too-few")
    again = client.get("/purchases", headers=till.headers)
    assert again.json()["purchases"] == []


@pytest.mark.parametrize(
    "payment", [{"points": 0}, {"points": 5, "amount_minor": 100}, {"amount_minor": 100}, {"points": "many"}, {}]
)
def test_a_payment_in_points_says_how_many(client: TestClient, till: Till, payment: dict[str, Any]) -> None:
    assert buy(client, till, 10_00, payment).status_code == 422


def test_points_of_a_club_that_takes_none_do_not_pay(client: TestClient, till: Till) -> None:
    sold = buy(client, till, 10_00, {"points": 400, "club": "GREEN"})
    assert (sold.status_code, sold.json()["code"]) == (422, "points-not-taken")


def test_the_till_asks_which_of_two_ways_points_are_to_pay(client: TestClient, session: Session, till: Till) -> None:
    points_that_pay(session, "PAYMORE", worth_minor=6)
    session.commit()
    here = till.headers | {"Idempotency-Key": uuid.uuid4().hex}
    for code in ("100001", MILK):
        here |= {"Idempotency-Key": uuid.uuid4().hex}
        assert client.post("/baskets/current/entries", json={"code": code}, headers=here).status_code == 200
    page = client.get("/baskets/current/points", headers=till.headers | {"Accept": "text/html"})
    assert page.status_code == 200
    ways = [each for each in page.text.split("<input ") if 'name="offer"' in each]
    assert ["checked" in each.partition(">")[0] for each in ways] == [True, False]


def test_where_points_are_a_means_of_payment_the_tax_is_that_of_the_goods(
    client: TestClient, session: Session, till: Till
) -> None:
    """REQ P-05 T-03: sold and brought back, the tax is that of 30.00, though points paid 20.00 of it."""
    club_id = session.scalars(sa.select(Club.id)).one()
    rules = RulesDocument(paying=Paying(taxed=True))
    add_rules(session, club_id, rules, effective_from=NOW.date(), now=NOW, by=SYSTEM)
    session.commit()
    quoted = client.post("/quotes", json=basket(sale_id="s1", points=[{"points": 400}]), headers=till.headers).json()
    sold = buy(client, till, 10_00, {"points": 400}).json()
    receipt = client.get(f"/purchases/{sold['id']}", headers=till.headers).json()
    assert (receipt["total_minor"], receipt["lines"][0]["tax_minor"], quoted["tax_minor"]) == (10_00, 4_58, 4_58)
    headers = till.headers | {"Idempotency-Key": uuid.uuid4().hex}
    back = client.post(f"/purchases/{sold['id']}/returns", json={"receipt_no": "R-1"}, headers=headers).json()
    returned = client.get(f"/purchases/{back['id']}", headers=till.headers).json()
    assert (returned["total_minor"], returned["lines"][0]["tax_minor"]) == (-10_00, -4_58)
