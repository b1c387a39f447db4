# REQ M-11 P-01 P-03 P-16: what real clubs print on paper comes out at the till, from the document alone
import itertools
import uuid
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions.actors import SYSTEM
from erp_club.programmes import commands, documents
from erp_club.programmes.engine.programme import Programme
from tests.make.clubs import a_customer, a_membership
from tests.make.offers import NOW, TODAY
from tests.make.programmes import example
from tests.make.purchases import Till, a_product, a_till, sells_in_the_web
from tests.make.stored_value import a_gift_card
from tests.web.test_till import send

numbers = itertools.count(1)


def a_member(session: Session, name: str) -> int:
    """A customer in one of the example clubs, whose amounts are taken for those of the shop."""
    club = Programme.model_validate(documents.whole(example(name)) | {"currency": "ILS"})
    how: dict[str, Any] = {"currency": "ILS", "language": "he", "today": TODAY, "now": NOW, "by": SYSTEM}
    loaded = commands.load_programme(session, club, publish=True, **how)
    customer_id = a_customer(session)
    a_membership(session, customer_id, loaded.club_id)
    session.commit()
    return customer_id


@pytest.fixture
def till(session: Session) -> Till:
    made = a_till(session)
    session.commit()
    return made


def points(
    client: TestClient, session: Session, till: Till, customer_id: int, minor: int, by: dict[str, int] | None = None
) -> int:
    number = next(numbers)
    a_product(session, f"P{number}", price_minor=minor)
    session.commit()
    body = {
        "receipt_no": f"R-{number}",
        "customer": {"id": customer_id},
        "lines": [{"sku": f"P{number}", "quantity": "1"}],
        "payments": [{"means": means, "amount_minor": part} for means, part in (by or {"card": minor}).items()],
    }
    headers = till.headers | {"Idempotency-Key": uuid.uuid4().hex}
    answer = client.post("/purchases", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return sum(each["points"] for each in answer.json()["earned"])


CASES = [
    ("bagel_cafe", [(300_00, 21), (400_00, 28), (100_00, 7)]),
    ("team_sportia", [(2_400_00, 2400)]),
    ("waterstones", [(4_99, 0), (7_99, 1), (10_00, 2), (16_99, 2), (34_50, 6)]),
]


@pytest.mark.parametrize(("name", "sales"), CASES, ids=[each[0] for each in CASES])
def test_a_club_earns_as_it_is_printed(
    client: TestClient, session: Session, till: Till, name: str, sales: list[tuple[int, int]]
) -> None:
    customer_id = a_member(session, name)
    assert [points(client, session, till, customer_id, minor) for minor, _ in sales] == [each for _, each in sales]


def test_a_club_of_the_web_shop_earns_only_there(client: TestClient, session: Session, till: Till) -> None:
    customer_id = a_member(session, "oro_oro")
    assert points(client, session, till, customer_id, 200_00) == 0
    sells_in_the_web(session, till)
    assert points(client, session, till, customer_id, 200_00) == 10


def test_what_other_means_paid_earns_nothing(client: TestClient, session: Session, till: Till) -> None:
    customer_id = a_member(session, "oro_oro")
    sells_in_the_web(session, till)
    assert points(client, session, till, customer_id, 200_00, {"card": 120_00, "cash": 80_00}) == 6
    assert points(client, session, till, customer_id, 200_00, {"cash": 80_00, "card": 120_00}) == 6
    assert points(client, session, till, customer_id, 200_00, {"cash": 200_00}) == 0


def test_a_quoted_sale_earns_by_how_it_was_paid_at_last(client: TestClient, session: Session, till: Till) -> None:
    customer_id = a_member(session, "oro_oro")
    sells_in_the_web(session, till)
    a_product(session, "LAMP", price_minor=200_00)
    session.commit()
    basket = {"customer": {"id": customer_id}, "lines": [{"sku": "LAMP", "quantity": "1"}]}
    asked = basket | {"sale_id": "S-1", "means": ["card", "cash"]}
    quote = client.post("/quotes", json=asked, headers=till.headers | {"Idempotency-Key": uuid.uuid4().hex}).json()
    payments = [{"means": "card", "amount_minor": 120_00}, {"means": "cash", "amount_minor": 80_00}]
    sale = basket | {"receipt_no": "Q-1", "sale_id": "S-1", "quote_id": quote["id"], "payments": payments}
    told = client.post("/purchases", json=sale, headers=till.headers | {"Idempotency-Key": uuid.uuid4().hex})
    assert told.status_code == 201, told.text
    assert [each["points"] for each in told.json()["earned"]] == [6]
    cash = basket | {"receipt_no": "Q-2", "payments": [{"means": "cash", "amount_minor": 200_00}]}
    nothing = client.post("/purchases", json=cash, headers=till.headers | {"Idempotency-Key": uuid.uuid4().hex})
    explained = [
        client.get(f"/purchases/{each.json()['id']}", headers=till.headers).json()["explained"]
        for each in (told, nothing)
    ]
    assert [(each["points"], each["why"]) for (club,) in explained for each in club["rules"]] == [
        (6, None), (0, "Only with another means of payment."),
    ]  # fmt: skip


def test_a_gift_card_of_the_basket_takes_its_part_from_what_earns(
    client: TestClient, session: Session, till: Till
) -> None:
    customer_id = a_member(session, "team_sportia")
    card = a_gift_card(session, 80_00)
    a_product(session, "BALL", price_minor=200_00)
    session.commit()
    send(client, till, "POST", "/baskets/current/entries", {"code": "BALL"})
    send(client, till, "PUT", "/baskets/current/customer", {"customer_id": customer_id})
    send(client, till, "POST", "/baskets/current/value-cards", {"card": card.number})
    paid = send(client, till, "POST", "/baskets/current/payments", {"means": "card"}).json()["paid"]["slip"]
    assert [each["points"] for each in paid["earned"]] == [120]
