# REQ N-01: a page that says no names the chain, and leads on in the reader's language
import html
import re
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from tests.make.browser import HTML, form, signed_in
from tests.make.organisation import a_chain


@pytest.fixture
def page(client: TestClient, session: Session) -> TestClient:
    """Somebody of head office who was at the start page, in a shop with pages that fail."""
    a_chain(session)
    signed_in(client, session)
    app: Any = client.app
    assert isinstance(app, FastAPI)
    app.add_api_route("/breaks", _breaks)
    app.add_api_route("/gone", _gone)
    assert client.get("/", headers=HTML).status_code == 200
    return TestClient(
        client.app, raise_server_exceptions=False, follow_redirects=False, cookies=client.cookies, headers=HTML
    )


def test_what_somebody_typed_while_their_session_ended_is_kept_and_sent_again(page: TestClient):
    # REQ A-01
    typed = {"given_name": "Dana", "family_name": 'Levi "שני"', "mobile": "0521234567", "password": "secret-1"}
    cookie = page.cookies["club_session"]
    page.cookies.clear()
    kept = page.post("/customers?from=list", data=form(**typed))
    assert (kept.status_code, "secret-1" in kept.text) == (401, False)
    fields = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', kept.text))
    assert fields.keys() - {"language"} >= {"given_name", "family_name", "mobile", "idempotency_key"}
    assert 'action="/customers?from=list"' in kept.text
    page.cookies.set("club_session", cookie)
    saved = page.post(
        "/customers", data={name: html.unescape(value) for name, value in fields.items() if name != "next"}
    )
    assert (saved.status_code, saved.headers["Location"].startswith("/customers/")) == (303, True), saved.text
    assert "Levi &#34;שני&#34;" in page.get(saved.headers["Location"]).text


def _breaks() -> None:
    raise ZeroDivisionError


def _gone() -> None:
    raise OperationalError("", {}, psycopg.OperationalError("gone"))


@pytest.mark.parametrize(
    ("address", "status"), [("/nothing-here", 404), ("/customers/999999", 404), ("/breaks?x=1", 500), ("/gone", 503)]
)
def test_a_refusal_names_the_chain_and_stays_where_it_is_when_the_language_changes(
    page: TestClient, address: str, status: int
):
    told = page.get(address)
    assert told.status_code == status
    assert "· Carmel</title>" in told.text
    assert "ERP Club" not in told.text
    assert f'name="next" value="{address}"' in told.text
    assert (f'href="{address}">Try again' in told.text) is (status >= 500)


def test_a_person_whose_form_came_from_elsewhere_reads_it_on_a_page_in_their_language(page: TestClient):
    headers = HTML | {"Origin": "https://elsewhere.example", "Accept-Language": "fi"}
    told = page.post("/customers", data={"given_name": "Dana"}, headers=headers)
    assert (told.status_code, told.headers["Content-Type"]) == (403, "text/html; charset=utf-8")
    assert "omilta sivuiltamme" in told.text
    machine = page.post("/customers", json={}, headers=headers | {"Accept": "application/json"})
    assert (machine.status_code, machine.json()["code"]) == (403, "cross-site")
