# REQ T-03 O-01 O-06 O-07 O-08 L-01: a till asks what a basket costs
import itertools
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from tests.make.clubs import a_club, a_customer, a_membership
from tests.make.coupons import a_batch, some_coupons
from tests.make.offers import a_published_offer
from tests.make.purchases import Till, a_product, a_till
from tests.make.wire import statements

MILK, BREAD = "7290000000017", "7290000000024"
keys = (f"key-{number}" for number in itertools.count())


@pytest.fixture
def till(session: Session) -> Till:
    made = a_till(session)
    a_product(session, MILK, price_minor=10_04)
    a_product(session, BREAD, price_minor=5_50, name="לחם")
    session.commit()
    return made


def basket(**changes: Any) -> dict[str, Any]:
    return {"sale_id": "s1", "lines": [{"sku": MILK, "quantity": "3"}, {"sku": BREAD, "quantity": "0.500"}]} | changes


def ask(client: TestClient, till: Till, body: object, *, explain: str = "") -> Response:
    return client.post(f"/quotes{explain}", json=body, headers=till.headers)


def test_a_basket_without_offers_costs_its_list_prices(client: TestClient, till: Till) -> None:
    told = ask(client, till, basket()).json()
    assert (told["list_minor"], told["discount_minor"], told["total_minor"]) == (32_87, 0, 32_87)
    assert told["due_minor"] == {"cash": 32_90, "card": 32_87}
    assert [(line["sku"], line["quantity"], line["total_minor"]) for line in told["lines"]] == [
        (MILK, "3", 30_12),
        (BREAD, "0.5", 2_75),
    ]
    assert (told["applied"], told["refused"], told["hints"], told["club_savings"]) == ([], [], [], None)


def test_an_offer_is_told_with_what_it_took_off_each_line(client: TestClient, session: Session, till: Till) -> None:
    a_published_offer(session)
    session.commit()
    told = ask(client, till, basket()).json()
    assert (told["discount_minor"], told["total_minor"]) == (3_29, 29_58)
    [applied] = told["applied"]
    assert (applied["offer"], applied["version"], applied["name"], applied["amount_minor"]) == (
        "TENTH",
        1,
        "A tenth off",
        3_29,
    )
    assert [line["discounts"][0]["amount_minor"] for line in told["lines"]] == [3_01, 28]


def test_a_quote_takes_four_queries_at_most_whatever_it_asks(client: TestClient, session: Session, till: Till) -> None:
    a_membership(session, a_customer(session), a_club(session))
    for number in range(30):
        a_published_offer(session, f"LIMITED-{number}", limits={"uses": 100 + number})
    a_batch(session)
    [code] = some_coupons(session)
    session.commit()
    ask(client, till, basket())
    for body in (basket(), basket(customer={"number": "100001"}), basket(coupons=[code])):
        with statements(session) as sent:
            assert ask(client, till, body).status_code == 201
        assert len([each for each in sent if "SAVEPOINT" not in each]) <= 4, sent
