# REQ P-08 V-01 M-03: before goods are taken back it is shown onto which cards money comes, and which level falls
import itertools
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from erp_club.jobs.verify import wrong_rows
from tests.make.levels import a_club_with_levels, a_member, buys
from tests.make.purchases import Till, a_product, a_till
from tests.make.stored_value import a_gift_card, a_kind
from tests.web.test_till import HTML, browser
from tests.web.test_till import post as post_form

MILK = "7290000000017"
keys = (f"shown-{number}" for number in itertools.count())


@pytest.fixture
def till(session: Session) -> Till:
    return a_till(session)


def post(client: TestClient, till: Till, url: str, **body: Any) -> Response:
    return client.post(url, json=body, headers=till.headers | {"Idempotency-Key": next(keys)})


def test_each_card_that_gets_its_money_back_is_named_with_its_balance(
    client: TestClient, session: Session, till: Till
) -> None:
    a_product(session, MILK, price_minor=25_00)
    kind_id = a_kind(session)
    cards = [a_gift_card(session, minor, kind_id=kind_id) for minor in (60_00, 50_00)]
    first, second = (f"…{card.number[-4:]}" for card in cards)
    session.commit()
    sold = post(
        client, till, "/purchases", receipt_no="CARDS", lines=[{"sku": MILK, "quantity": "4"}],
        payments=[{"means": "stored_value", "card": card.number} for card in cards],
    ).json()  # fmt: skip
    url = f"/purchases/{sold['id']}/returns"
    wish: dict[str, Any] = {"lines": [{"line_no": 1, "quantity": "2"}]}
    shown, booked = post(client, till, url, **wish, preview=True).json(), post(client, till, url, **wish).json()
    assert shown["onto_cards"] == booked["onto_cards"]
    assert [(each["card"], each["amount_minor"], each["balance_minor"]) for each in booked["onto_cards"]] == [
        (second, 40_00, 50_00),
        (first, 10_00, 10_00),
    ]
    slip = client.get(f"/purchases/{booked['id']}/slip", headers=till.headers).json()
    assert [(each["card"], each["amount_minor"], each["balance_minor"]) for each in slip["payments"]] == [
        (first, -10_00, 10_00),
        (second, -40_00, 50_00),
    ]
    rest = post(client, till, url).json()
    assert [(each["card"], each["balance_minor"]) for each in rest["onto_cards"]] == [(first, 60_00)]
    assert not wrong_rows(session)


def test_the_level_that_falls_with_a_return_is_shown_before_and_told_after(
    client: TestClient, session: Session, till: Till
) -> None:
    customer_id, _ = a_member(session, a_club_with_levels(session))
    buys(session, till, customer_id, 300_00)
    bought = buys(session, till, customer_id, 300_00).posted.receipt_id
    session.commit()
    url = f"/purchases/{bought}/returns"
    falls = [{"club": "CLUB", "name": "Club", "before": "Silver", "level": "Bronze", "up": False}]
    assert post(client, till, url, preview=True).json()["levels"] == falls
    level = client.get(f"/customers/{customer_id}/panel", headers=till.headers).json()["memberships"][0]["level"]
    assert level["code"] == "silver", "a preview changes nothing"
    assert post(client, till, url, preview=True, lines=[{"line_no": 1, "quantity": "0.1"}]).json()["levels"] == []
    page = post_form(browser(client, till), url, HTML, whole="true").text
    assert "level <bdi>Silver</bdi> becomes <bdi>Bronze</bdi>." in page
    client.cookies.clear()
    assert post(client, till, url).json()["levels"] == falls
    assert not wrong_rows(session)
