# REQ A-01 T-05: signing in and on
import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions.catalog import Role
from tests.make.organisation import PASSWORD, PIN, a_chain, a_store, a_terminal, somebody
from web.forms import FORM

HTML = {"Accept": "text/html"}


def test_head_office_signs_in_and_out(client: TestClient, session: Session) -> None:
    a_chain(session)
    somebody(session, Role.HQ)
    session.commit()
    answer = client.post("/sign-in", data={"username": "HQ", "password": PASSWORD}, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "HttpOnly" in answer.headers["set-cookie"]
    gone = client.post("/sign-out", headers=HTML | {"Origin": "http://testserver"})
    assert (gone.status_code, gone.headers["location"]) == (303, "/sign-in")


def test_a_wrong_password_gives_the_form_again_without_it(client: TestClient, session: Session) -> None:
    a_chain(session)
    somebody(session, Role.HQ)
    session.commit()
    answer = client.post("/sign-in", data={"username": "hq", "password": "wrong!"}, headers=HTML)
    assert answer.status_code == 401
    assert 'value="hq"' in answer.text
    assert "wrong!" not in answer.text


def test_a_till_of_another_make_signs_its_cashier_on(client: TestClient, session: Session) -> None:
    a_chain(session)
    _, key = a_terminal(session, a_store(session))
    somebody(session)
    session.commit()
    answer = client.post(
        "/staff-sessions", json={"staff": "cashier", "pin": PIN}, headers={"Authorization": f"Bearer {key}"}
    )
    assert answer.status_code == 201
    assert answer.json()["token"].startswith("staff_")
    refused = client.post(
        "/staff-sessions", json={"staff": "cashier", "pin": "0000"}, headers={"Authorization": f"Bearer {key}"}
    )
    assert (refused.status_code, refused.json()["code"]) == (401, "sign-in-wrong")


def test_a_post_from_another_site_is_refused(client: TestClient, session: Session) -> None:
    a_chain(session)
    somebody(session, Role.HQ)
    session.commit()
    body = {"username": "hq", "password": PASSWORD}
    assert client.post("/sign-in", data=body, headers={"Origin": "https://evil.test"}).status_code == 403
    assert client.post("/sign-in", data=body, headers={"Sec-Fetch-Site": "same-site"}).status_code == 403
    assert client.post("/sign-in", data=body, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 201
    assert "201" in client.get("/openapi.json").json()["paths"]["/sign-in"]["post"]["responses"]


@pytest.mark.parametrize(
    ("asked", "led"),
    [
        ("/customers?sort=number", "/customers?sort=number"),
        ("https://evil.test", "/"),
        ("//evil.test", "/"),
        ("/\\evil.test", "/"),
        ("/\t/evil.test", "/"),
        ("/\r\nSet-Cookie: a=b", "/"),
        ("/דף", "/"),
    ],
)
def test_choosing_a_language_leads_back_to_a_page_of_ours(
    client: TestClient, session: Session, asked: str, led: str
) -> None:
    a_chain(session)
    session.commit()
    answer = client.post("/preferences", data={"language": "he", "next": asked}, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, led)


def test_a_form_that_was_cut_off_changes_nothing(client: TestClient) -> None:
    sent = [{"type": "http.request", "body": b"language=he", "more_body": True}, {"type": "http.disconnect"}]
    answered: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return sent.pop(0)

    async def send(message: Any) -> None:
        answered.append(message)

    headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"content-length", b"40")]
    scope = {"type": "http", "method": "POST", "path": "/preferences", "query_string": b"", "headers": headers}

    async def post() -> None:
        await client.app(scope, receive, send)

    asyncio.run(post())
    assert answered[0]["status"] == 400


def test_a_body_beyond_the_limit_is_a_problem_like_any_other(client: TestClient) -> None:
    for content in (b"x" * 1_000_001, (b"x" for _ in range(1_000_001))):
        answer = client.post("/preferences", content=content, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
        assert "content-security-policy" in answer.headers
    answer = client.post("/preferences", content="&" * 10_001, headers=HTML | {"Content-Type": FORM})
    assert (answer.status_code, answer.headers["content-type"]) == (413, "text/html; charset=utf-8")


def test_the_answer_to_a_crash_has_the_headers_too(client: TestClient) -> None:
    def crash() -> None:
        raise ZeroDivisionError

    assert isinstance(client.app, FastAPI)
    client.app.add_api_route("/crash", crash)
    answer = TestClient(client.app, raise_server_exceptions=False).get("/crash")
    assert answer.status_code == 500
    assert "content-security-policy" in answer.headers
    assert answer.headers["x-request-id"] == answer.json()["request_id"]


def test_a_page_answers_head_as_it_answers_get(client: TestClient, session: Session) -> None:
    a_chain(session)
    session.commit()
    assert client.head("/sign-in", headers=HTML).status_code == 200
    assert client.head("/nowhere").status_code == 404
