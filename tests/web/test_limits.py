"""A flood from one address is slowed down, in the reader's language; a burst isn't."""

# REQ A-01
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from erp_club.kernel.db import Database
from erp_club.kernel.settings import Settings
from web.app import create_app
from web.deps import Shop
from web.limits import MOST_SENDERS, Limit


def test_a_burst_is_let_through_and_a_flood_is_not():
    limit = Limit(60)
    assert [limit.wait("a", 100.0) for _ in range(10)] == [0.0] * 10
    assert limit.wait("a", 100.0) == pytest.approx(1.0)
    assert limit.wait("b", 100.0) == 0.0
    assert limit.wait("a", 101.0) == 0.0
    assert limit.wait("a", 101.0) > 0


def test_a_limit_of_less_than_one_a_burst_lets_one_through():
    limit = Limit(2)
    assert limit.wait("a", 0.0) == 0.0
    assert limit.wait("a", 0.0) == pytest.approx(30.0)
    assert limit.wait("a", 30.0) == 0.0


def test_no_limit_is_no_limit():
    assert not any(Limit(0).wait("a", 0.0) for _ in range(1000))


def test_senders_that_are_long_gone_are_forgotten():
    limit = Limit(600)
    for number in range(MOST_SENDERS):
        limit.wait(str(number), 0.0)
    limit.wait("new", 3600.0)
    assert len(limit._full_at) == 1


def test_who_sends_too_much_is_told_when_to_send_again_in_their_language():
    shop = Shop(Database(sa.make_url("postgresql+psycopg:///none")), Settings(requests_per_minute=1))
    client = TestClient(create_app(shop), client=("192.0.2.1", 1), base_url="https://club.example")
    assert client.get("/healthz").status_code == 200
    told = client.get("/healthz", headers={"Accept-Language": "fi"})
    assert (told.status_code, told.headers["content-type"]) == (429, "application/problem+json")
    assert told.json()["code"] == "too-many-requests"
    assert 30 < int(told.headers["Retry-After"]) == told.json()["retry_after"] <= 60
    assert "Lähetä tämä uudelleen" in told.json()["detail"]
    page = client.get("/sign-in", headers={"Accept": "text/html", "Accept-Language": "sv"})
    assert (page.status_code, page.headers["content-type"]) == (429, "text/html; charset=utf-8")
    assert "content-security-policy" in page.headers
    beside = TestClient(client.app, client=("192.0.2.2", 1), base_url="https://club.example")
    assert beside.get("/healthz").status_code == 200


def test_one_network_of_ipv6_is_one_sender_and_this_machine_is_not_counted():
    shop = Shop(Database(sa.make_url("postgresql+psycopg:///none")), Settings(requests_per_minute=1))
    app = create_app(shop)
    answers = [
        TestClient(app, client=(address, 1), base_url="https://club.example").get("/healthz").status_code
        for address in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "127.0.0.1", "127.0.0.1", "::1", "::1")
    ]
    assert answers == [200, 429, 200, 200, 200, 200, 200]
