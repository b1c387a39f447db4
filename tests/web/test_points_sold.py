# REQ P-05 P-12 O-05 T-03: points in quotes, sales, receipts and on slips
import itertools
import uuid
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from tests.make.clubs import a_club, a_customer, a_membership, moved
from tests.make.offers import points_that_pay
from tests.make.purchases import Till, a_product, a_till

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


def test_points_pay_a_part_of_the_sale_and_are_on_the_receipt(client: TestClient, till: Till) -> None:
    sold = buy(client, till, 10_00, {"points": 400, "club": "GOLD"})
    assert sold.status_code == 201, sold.text
    assert [(each["points"], each["balance"]) for each in sold.json()["spent"]] == [(400, 101)]
    told = client.get(f"/purchases/{sold.json()['id']}", headers=till.headers).json()
    assert told["spent"] == sold.json()["spent"]
    slip = client.get(f"/purchases/{sold.json()['id']}/slip", headers=till.headers).json()
    assert [(each["points"], each["balance"]) for each in slip["spent"]] == [(400, 101)]
    paper = client.get(f"/purchases/{sold.json()['id']}/slip", headers=till.headers | {"Accept": "text/html"}).text
    assert "400" in paper


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
