# REQ P-02 P-16 T-01 A-01: a cashier records an event of the sale's customer, and sees what it gives and gave
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions.catalog import Permission
from erp_club.permissions.grants.models import RoleGrant
from tests.make.purchases import a_till
from tests.web.test_events import REVIEW, Shop
from tests.web.test_till import send

HTML = {"Accept": "text/html"}


@pytest.fixture
def shop(client: TestClient, session: Session) -> Shop:
    return Shop(client, session, a_till(session))


def till(shop: Shop, method: str, url: str, body: dict[str, Any] | None = None) -> Any:
    return send(shop.client, shop.till, method, f"/baskets/current{url}", body)


def identified(shop: Shop) -> Shop:
    assert till(shop, "PUT", "/customer", {"customer_id": shop.yael}).status_code == 200
    return shop


def test_the_till_shows_what_each_event_gives_and_records_it_for_the_sale_s_customer(shop: Shop) -> None:
    shop.club([REVIEW, {"code": "hello", "event": "joining", "points": 5}])
    order = shop.buy()
    told = till(identified(shop), "GET", "/events/new").json()
    (known,) = told["known"]
    assert (known["event"], known["gives"][0][:24]) == ("review-approved", "20 points for the event ")
    assert [each["receipt_id"] for each in told["recent"]] == [order], "joining the product tells of itself"
    recorded = till(shop, "POST", "/events", {"event": "review-approved", "purchase_id": order})
    assert recorded.status_code == 200, recorded.text
    assert recorded.json()["customer"]["memberships"][0]["balance"] == shop.balance() == 50
    till(shop, "POST", "/events", {"event": "review-approved", "purchase_id": order})
    assert shop.balance() == 50, "once an order"


def test_a_person_reads_in_the_dialog_what_is_given_and_afterwards_what_was(shop: Shop) -> None:
    identified(shop.club([REVIEW]))
    headers = shop.till.headers | HTML | {"HX-Request": "true", "Accept-Language": "en"}
    dialog = shop.client.get("/baskets/current/events/new", headers=headers).text
    assert "20 points for the event" in dialog
    form = {"event": "review-approved", "purchase_id": "", "referred": "", "subject": "order-1"}
    for key, said in (("one", "Given: 20 points."), ("two", "It was given before.")):
        posted = headers | {"Idempotency-Key": f"event-{key}"}
        answer = shop.client.post("/baskets/current/events", data=form, headers=posted)
        assert answer.status_code == 200, answer.text
        assert said in answer.headers["HX-Trigger"]
    wrong = headers | {"Idempotency-Key": "event-three"}
    refused = shop.client.post("/baskets/current/events", data=form | {"event": "moon"}, headers=wrong)
    assert (refused.status_code, refused.headers["HX-Retarget"]) == (422, "#dialog")
    assert "moon" in refused.text


def test_a_friend_is_named_by_number_or_card(shop: Shop) -> None:
    shop.club([REVIEW | {"code": "friend", "event": "referral"}])
    noa = shop.member("100009")
    shop.session.commit()
    identified(shop)
    assert till(shop, "POST", "/events", {"event": "referral", "referred": "nobody"}).status_code == 422
    assert till(shop, "POST", "/events", {"event": "referral", "referred": "100009"}).status_code == 200
    assert (shop.balance(), noa > 0) == (20, True)


def test_nothing_is_recorded_without_a_customer_or_the_permission(client: TestClient, session: Session) -> None:
    shop = Shop(client, session, a_till(session)).club([REVIEW])
    body = {"event": "review-approved"}
    assert till(shop, "POST", "/events", body).json()["code"] == "customer-needed"
    identified(shop)
    gone = sa.update(RoleGrant).where(RoleGrant.action == Permission.EVENTS_TELL).values(valid_to=sa.func.now())
    session.execute(gone)
    session.commit()
    assert till(shop, "POST", "/events", body).status_code == 403
    assert till(shop, "GET", "/events/new").status_code == 403
    assert shop.balance() == 0
