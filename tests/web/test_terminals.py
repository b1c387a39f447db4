"""Becoming a till over the wire: by key, by a manager's one-time code; and working in several stores."""

# REQ A-01 T-05
import datetime as dt
import re

from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions.approvals.models import Approval
from erp_club.permissions.catalog import Role
from tests.make.browser import HTML, form, json_headers, signed_in
from tests.make.organisation import PASSWORD, PIN, a_chain, a_store, a_terminal, somebody


def _code(client: TestClient, till: int) -> str:
    shown = client.post(f"/terminals/{till}/codes", headers=HTML)
    assert shown.status_code == 201
    found = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", shown.text)
    assert found
    return found[0]


def test_a_manager_makes_a_code_that_turns_one_browser_into_the_till(client: TestClient, session: Session):
    a_chain(session)
    till, _ = a_terminal(session, a_store(session))
    signed_in(client, session, Role.MANAGER)
    code = _code(client, till)
    client.cookies.clear()
    enrolled = client.post("/terminal-enrolments", data={"key": code.lower()}, headers=HTML)
    assert (enrolled.status_code, enrolled.headers["location"]) == (303, "/till")
    assert "Sign on" in client.get("/till", headers=HTML).text
    client.cookies.clear()
    again = client.post("/terminal-enrolments", data={"key": code}, headers=HTML)
    assert again.status_code == 401
    assert "Ask for a new one" in again.text


def test_a_machine_fetches_its_key_with_a_code_and_the_old_key_works_beside_it(client: TestClient, session: Session):
    a_chain(session)
    till, old = a_terminal(session, a_store(session))
    somebody(session)
    signed_in(client, session)
    code = _code(client, till)
    client.cookies.clear()
    fetched = client.post("/terminal-keys", json={"code": code})
    assert fetched.status_code == 201
    assert fetched.json()["old_key_until"]
    for key in (old, fetched.json()["key"]):
        signed = client.post(
            "/staff-sessions", json={"staff": "cashier", "pin": PIN}, headers={"Authorization": f"Bearer {key}"}
        )
        assert signed.status_code == 201
    assert client.post("/terminal-keys", json={"code": code}).json()["code"] == "terminal-code-unknown"


def test_a_manager_makes_codes_for_the_own_store_only(client: TestClient, session: Session):
    a_chain(session)
    home, other = a_store(session, "1"), a_store(session, "2")
    tills = [a_terminal(session, store)[0] for store in (home, other)]
    manager = signed_in(client, session, Role.MANAGER)
    at_desk = client.cookies["club_session"]
    client.cookies.clear()
    signed_in(client, session)
    client.patch(f"/staff/{manager}", json={"store_id": home.id}, headers=json_headers())
    client.cookies.clear()
    client.cookies.set("club_session", at_desk)
    answers = [client.post(f"/terminals/{till}/codes", headers=json_headers()).status_code for till in (*tills, 999)]
    assert answers == [201, 404, 404]


def test_codes_cannot_be_guessed(client: TestClient, session: Session):
    a_chain(session)
    session.commit()
    answers = [client.post("/terminal-keys", json={"code": f"AAAA-AAA{n}"}).status_code for n in range(10)]
    answers += [client.post("/terminal-enrolments", json={"key": f"wrong {n}"}).status_code for n in range(11)]
    assert answers == [401] * 19 + [429] * 2


def test_the_key_before_works_for_as_long_as_was_asked_and_can_be_ended(client: TestClient, session: Session):
    a_chain(session)
    store = a_store(session)
    till, _ = a_terminal(session, store)
    signed_in(client, session)
    shown = client.post(f"/terminals/{till}/keys", data={"keep_old_hours": "24"}, headers=HTML)
    assert (shown.status_code, "The key of before works until" in shown.text) == (201, True)
    assert "End the old key" in client.get(f"/stores/{store.id}", headers=HTML).text
    ended = client.post(f"/terminals/{till}/old-key-endings", data=form(), headers=HTML)
    assert (ended.status_code, ended.headers["location"]) == (303, f"/stores/{store.id}")
    assert "End the old key" not in client.get(f"/stores/{store.id}", headers=HTML).text
    wrong = client.post(f"/terminals/{till}/keys", json={"keep_old_hours": 5}, headers=json_headers())
    assert wrong.status_code == 422
    wrong = client.post(f"/terminals/{till}/keys", data={"keep_old_hours": "5"}, headers=HTML)
    assert (wrong.status_code, "Make a new key" in wrong.text) == (422, True)


def test_who_works_elsewhere_is_told_so_after_the_right_pin(client: TestClient, session: Session):
    a_chain(session)
    home, other = a_store(session, "1"), a_store(session, "2")
    _, key = a_terminal(session, other)
    cashier = somebody(session, store=home)
    session.commit()
    headers = {"Authorization": f"Bearer {key}"}
    body = {"staff": "cashier", "pin": PIN}
    refused = client.post("/staff-sessions", json=body, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "not-assigned")
    wrong = client.post("/staff-sessions", json=body | {"pin": "0000"}, headers=headers)
    assert (wrong.status_code, wrong.json()["code"]) == (401, "sign-in-wrong")
    signed_in(client, session)
    page = client.get(f"/staff/{cashier}", headers=HTML).text
    assert "Also works in" in page
    saved = client.post(f"/staff/{cashier}/stores", data=form(**{"stores[]": str(other.id)}), headers=HTML)
    assert (saved.status_code, saved.headers["location"]) == (303, f"/staff/{cashier}")
    assert client.post(f"/staff/{cashier}/stores", json={"stores": [999]}, headers=json_headers()).status_code == 422
    client.cookies.clear()
    assert client.post("/staff-sessions", json=body, headers=headers).status_code == 201


def test_a_password_makes_nobody_a_cashier_of_a_store_where_they_dont_work(client: TestClient, session: Session):
    a_chain(session)
    home, other = a_store(session, "1"), a_store(session, "2")
    _, key = a_terminal(session, other)
    somebody(session, Role.MANAGER, store=home)
    somebody(session, store=other)
    session.commit()
    token = client.post("/sign-in", json={"username": "manager", "password": PASSWORD}).json()["token"]
    client.cookies.clear()
    headers = {"Authorization": f"Bearer {key}"}
    theirs = headers | {"X-Staff-Session": token}
    refused = client.post("/baskets", headers=theirs | {"Idempotency-Key": "1"})
    assert (refused.status_code, refused.json()["code"]) == (403, "not-assigned")
    quoted = client.post("/quotes", json={"lines": [{"sku": "1", "quantity": "1"}], "sale_id": "S"}, headers=theirs)
    assert (quoted.status_code, quoted.json()["code"]) == (403, "not-assigned")
    # In the office they see what they see at home, and the till waits for who works there.
    assert client.get("/staff", headers=theirs).status_code == 200
    client.cookies.set("club_session", token)
    client.post("/terminal-enrolments", data={"key": key}, headers=HTML)
    assert 'name="pin"' in client.get("/till", headers=HTML).text
    signed = client.post("/staff-sessions", data={"staff": "cashier", "pin": PIN}, headers=HTML)
    assert (signed.status_code, signed.headers["location"]) == (303, "/till")
    assert 'id="scan"' in client.get("/till", headers=HTML).text


def test_what_reaches_ones_own_store_reaches_no_other_by_its_till(client: TestClient, session: Session):
    a_chain(session)
    home, other = a_store(session, "1"), a_store(session, "2")
    _, key = a_terminal(session, other)
    somebody(session, Role.MANAGER, store=home)
    asker = somebody(session, store=other)
    session.add(
        Approval(
            token_hash=b"1", action="sales.return", amount=100, about="receipt:1", store_id=other.id, asked_by=asker,
            asked_at=dt.datetime.now(dt.UTC), ends_at=dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5),
        )
    )  # fmt: skip
    session.commit()
    token = client.post("/sign-in", json={"username": "manager", "password": PASSWORD}).json()["token"]
    client.cookies.clear()
    theirs = {"Authorization": f"Bearer {key}", "X-Staff-Session": token}
    assert client.get("/approvals", headers=theirs).json() == {"waiting": [], "decided": [], "customers": {}}
