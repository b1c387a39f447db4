"""Wrong tries over the wire: the lock, its notice and its list."""

# REQ A-01 T-05
import asyncio

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions.catalog import Role
from tests.make.browser import HTML, form, json_headers, signed_in
from tests.make.organisation import PASSWORD, PIN, a_chain, a_store, a_terminal, somebody


def _wrong(client: TestClient, name: str = "cashier", *, times: int = 5) -> list[int]:
    body = {"username": name, "password": "wrong"}
    return [client.post("/sign-in", json=body).status_code for _ in range(times)]


def test_the_sixth_try_is_not_looked_at_and_the_answer_says_how_long(client: TestClient, session: Session):
    a_chain(session)
    somebody(session)
    session.commit()
    assert _wrong(client) == [401] * 4 + [429]
    locked = client.post("/sign-in", json={"username": "cashier", "password": PASSWORD})
    assert (locked.status_code, locked.json()["code"]) == (429, "sign-in-locked")
    assert 800 < int(locked.headers["Retry-After"]) <= 900
    page = client.post("/sign-in", data={"username": "cashier", "password": PASSWORD}, headers=HTML)
    assert page.status_code == 429
    assert "Too many wrong tries. Wait 15 min" in page.text


def test_known_and_unknown_names_are_answered_alike(client: TestClient, session: Session):
    a_chain(session)
    somebody(session)
    session.commit()
    told: list[list[tuple[int, dict[str, object]]]] = []
    for name in ("cashier", "nobody"):
        answers = [client.post("/sign-in", json={"username": name, "password": "wrong"}) for _ in range(7)]
        told.append([(each.status_code, each.json() | {"request_id": "", "retry_after": 0}) for each in answers])
    assert told[0] == told[1]


def test_five_wrong_pins_lock_the_pin_and_not_the_password(client: TestClient, session: Session):
    a_chain(session)
    _, key = a_terminal(session, a_store(session))
    somebody(session, Role.MANAGER)
    session.commit()
    headers = {"Authorization": f"Bearer {key}"}
    answers = [
        client.post("/staff-sessions", json={"staff": "manager", "pin": "0000"}, headers=headers).status_code
        for _ in range(5)
    ]
    assert answers == [401] * 4 + [429]
    assert client.post("/staff-sessions", json={"staff": "manager", "pin": PIN}, headers=headers).status_code == 429
    assert client.post("/sign-in", json={"username": "manager", "password": PASSWORD}).status_code == 201


def test_a_lock_stands_on_the_first_page_and_head_office_opens_it(client: TestClient, session: Session):
    a_chain(session)
    somebody(session)
    session.commit()
    _wrong(client)
    _wrong(client, "no such name")
    signed_in(client, session)
    home = client.get("/", headers=HTML).text
    assert "2 locks after wrong tries since yesterday" in home
    page = client.get("/lockouts", headers=HTML).text
    assert "Somebody cashier" in page
    assert "A name that nobody has" in page
    lockout = client.get("/lockouts").json()["lockouts"][1]
    assert (lockout["staff"], lockout["holds"]) == ("Somebody cashier", True)
    opened = client.post(f"/lockouts/{lockout['id']}/openings", data=form(), headers=HTML)
    assert (opened.status_code, opened.headers["location"]) == (303, "/lockouts")
    assert client.get("/lockouts").json()["lockouts"][1]["opened_by"] == "Somebody hq"
    assert client.post("/lockouts/999/openings", json={}, headers=json_headers()).status_code == 404
    client.cookies.clear()
    assert client.post("/sign-in", json={"username": "cashier", "password": PASSWORD}).status_code == 201


def test_who_was_locked_reads_it_after_signing_in(client: TestClient, session: Session):
    a_chain(session)
    boss = signed_in(client, session)
    assert "Your sign-in was locked" not in client.get("/", headers=HTML).text
    client.cookies.clear()
    _wrong(client, "hq")
    signed_in(client, session, username="other")
    client.post(f"/lockouts/{client.get('/lockouts').json()['lockouts'][0]['id']}/openings", headers=json_headers())
    client.cookies.clear()
    assert client.post("/sign-in", json={"username": "hq", "password": PASSWORD}).status_code == 201
    assert client.get("/").json()["own_locks"], boss
    assert "Your sign-in was locked" in client.get("/", headers=HTML).text


def test_a_manager_opens_the_locks_of_the_own_store_only(client: TestClient, session: Session):
    a_chain(session)
    home, other = a_store(session, "1"), a_store(session, "2")
    for username, store in (("here", home), ("there", other)):
        somebody(session, username=username, store=store)
    session.commit()
    _wrong(client, "here")
    _wrong(client, "there")
    manager = somebody(session, Role.MANAGER, username="boss", store=home)
    assert manager
    session.commit()
    client.post("/sign-in", json={"username": "boss", "password": PASSWORD})
    (seen,) = client.get("/lockouts").json()["lockouts"]
    answers = [
        client.post(f"/lockouts/{number}/openings", json={}, headers=json_headers()).status_code
        for number in (seen["id"], seen["id"] + 1, seen["id"] - 1)
    ]
    assert answers == [201, 404, 404]


@pytest.mark.parametrize("path", ["/sign-in", "/staff-sessions"])
def test_secrets_wait_their_turn_and_nothing_else_does(client: TestClient, session: Session, path: str):
    a_chain(session)
    session.commit()
    assert isinstance(client.app, FastAPI)
    client.app.state.turns = asyncio.Semaphore(0)
    assert client.get("/sign-in").status_code == 200
    with pytest.raises(asyncio.TimeoutError):
        _within_a_moment(client.app, path)


def _within_a_moment(app: FastAPI, path: str) -> None:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(_message: object) -> None:
        raise AssertionError("it was answered")

    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}

    async def ask() -> None:
        await asyncio.wait_for(app(scope, receive, send), 0.2)

    asyncio.run(ask())
