"""Head office at its desk, over the wire, and the batches of coupons that it sets up."""

import itertools
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from erp_club.permissions.catalog import Role
from tests.make.organisation import PASSWORD, a_chain, somebody

HTML = {"Accept": "text/html", "Origin": "http://testserver"}
WINTER = {"code": "winter-26", "names": {"en": "Winter", "he": "חורף"}, "prefix": "vak", "days_from_issue": 30}
_keys = (f"key-{number}" for number in itertools.count())


def head_office(client: TestClient, session: Session) -> TestClient:
    """The client, signed in as head office of a new chain."""
    a_chain(session)
    somebody(session, Role.HQ)
    session.commit()
    token = client.post("/sign-in", json={"username": "hq", "password": PASSWORD}).json()["token"]
    client.cookies.clear()
    client.headers["Cookie"] = f"club_session={token}"
    client.headers["Origin"] = "http://testserver"
    return client


def send(client: TestClient, method: str, url: str, body: dict[str, Any] | None = None) -> Response:
    return client.request(method, url, json=body or {}, headers={"Idempotency-Key": next(_keys)})


def form(client: TestClient, url: str, body: dict[str, Any] | None = None) -> Response:
    return client.post(url, data=(body or {}) | {"idempotency_key": next(_keys)}, headers=HTML)


def a_set_up_batch(office: TestClient, **other: Any) -> int:
    """A batch named WINTER-26 whose coupons hold for 30 days, and what else the test says."""
    told = send(office, "POST", "/coupon-batches", WINTER | other)
    assert told.status_code == 201, told.text
    return told.json()["id"]
