"""One's own account: where one is signed in, the password, the PIN and the second factor."""

# REQ A-01 T-05
import datetime as dt
import re

import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions.catalog import Role
from erp_club.permissions.models import StaffSession
from tests.make.browser import HTML, signed_in
from tests.make.organisation import PASSWORD, PIN, a_chain, a_store, a_terminal, code_at, somebody

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"


def _sign_in(client: TestClient, username: str = "hq") -> str:
    body = {"username": username, "password": PASSWORD}
    return client.post("/sign-in", json=body, headers={"User-Agent": FIREFOX}).json()["token"]


def _office(client: TestClient, session: Session) -> None:
    a_chain(session)
    somebody(session, Role.HQ)
    session.commit()
    client.headers["Origin"] = "http://testserver"


def test_the_page_lists_ones_sessions_and_signs_one_out(client: TestClient, session: Session):
    _office(client, session)
    other = _sign_in(client)
    _sign_in(client)
    found = client.get("/account").json()["sessions"]
    assert [each["browser"] for each in found] == ["Firefox, Windows"] * 2
    there = next(each["id"] for each in found if not each["this"])
    page = client.get("/account", headers=HTML).text
    assert f'action="/account/sessions/{there}"' in page
    ended = client.post(f"/account/sessions/{there}", data={"_method": "DELETE"}, headers=HTML)
    assert ended.headers["location"] == "/account"
    assert [each["this"] for each in client.get("/account").json()["sessions"]] == [True]
    client.cookies.clear()
    assert client.get("/account", headers={"Cookie": f"club_session={other}"}).status_code == 401


def test_nobody_ends_the_session_of_another(client: TestClient, session: Session):
    _office(client, session)
    somebody(session, Role.MANAGER)
    session.commit()
    _sign_in(client, "manager")
    theirs = session.scalar(sa.select(StaffSession.id))
    _sign_in(client)
    assert client.delete(f"/account/sessions/{theirs}").status_code == 404


def test_signing_out_everywhere_ends_this_session_too(client: TestClient, session: Session):
    _office(client, session)
    _sign_in(client)
    _sign_in(client)
    assert client.post("/account/sign-outs", headers=HTML).headers["location"] == "/sign-in"
    assert not session.scalars(sa.select(StaffSession)).all()


def test_a_new_password_asks_for_the_present_one_and_ends_the_other_sessions(client: TestClient, session: Session):
    _office(client, session)
    _sign_in(client)
    _sign_in(client)
    body = {"current": "wrong", "password": "a new one, longer"}
    refused = client.post("/account/passwords", data=body, headers=HTML)
    assert refused.status_code == 403
    assert "The password is wrong" in refused.text
    short = client.post("/account/passwords", json={"current": PASSWORD, "password": "short"})
    assert short.status_code == 422
    changed = client.post("/account/passwords", json=body | {"current": PASSWORD})
    assert (changed.status_code, len(changed.json()["sessions"])) == (201, 1)
    assert client.post("/sign-in", json={"username": "hq", "password": PASSWORD}).status_code == 401


def test_guessing_the_present_password_locks_the_name(client: TestClient, session: Session):
    _office(client, session)
    _sign_in(client)
    body = {"current": "wrong", "password": "a new one, longer"}
    assert [client.post("/account/passwords", json=body).status_code for _ in range(5)] == [403] * 4 + [429]


def test_a_cashier_changes_the_pin_at_the_till_and_no_password(client: TestClient, session: Session):
    _office(client, session)
    _, key = a_terminal(session, a_store(session))
    somebody(session)
    session.commit()
    bearer = {"Authorization": f"Bearer {key}"}
    token = client.post("/staff-sessions", json={"staff": "cashier", "pin": PIN}, headers=bearer).json()["token"]
    headers = bearer | {"X-Staff-Session": token}
    assert client.get("/account", headers=headers).json()["sessions"][0]["store"] == "Store 374"
    assert client.get("/account", headers=headers | HTML).status_code == 200
    password = {"current": PASSWORD, "password": "a new one, longer"}
    assert client.post("/account/passwords", json=password, headers=headers).status_code == 409
    assert client.post("/account/pins", json={"current": PIN, "pin": "7391"}, headers=headers).status_code == 201
    assert client.get("/account", headers=headers).status_code == 200


def test_a_second_factor_is_set_up_changed_and_switched_off(client: TestClient, session: Session):
    _office(client, session)
    signed_in(client, session, username="noa")
    begun = client.post("/account/second-factors", headers=HTML)
    assert begun.headers["location"] == "/account/second-factor"
    secret = client.get("/account/second-factor").json()["secret"].replace(" ", "")
    code = code_at(secret, dt.datetime.now(dt.UTC))
    shown = client.post("/account/second-factor", data={"code": code}, headers=HTML)
    assert len(set(re.findall(r"<code>([0-9A-Z]{4}-[0-9A-Z]{4})</code>", shown.text))) == 10
    assert client.get("/account").json()["second_factor"] is True
    # Told once: the secret isn't shown again.
    assert client.get("/account/second-factor", headers=HTML).headers["location"] == "/account"
    first = shown.text
    renewed = client.post("/account/recovery-codes", json={})
    assert not [each for each in renewed.json()["codes"] if each in first]
    assert client.delete("/account/second-factor").json()["second_factor"] is False


def test_where_the_role_asks_for_it_nobody_does_without(client: TestClient, session: Session):
    a_chain(session, second_factor=True)
    signed_in(client, session)
    client.headers["Origin"] = "http://testserver"
    assert client.delete("/account/second-factor").json()["code"] == "second-factor-asked"


def test_last_seen_is_noted_every_few_minutes(client: TestClient, session: Session):
    _office(client, session)
    _sign_in(client)
    before = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=20)
    session.execute(sa.update(StaffSession).values(seen_at=before))
    session.commit()
    client.get("/account")
    seen = session.scalar(sa.select(StaffSession.seen_at))
    assert seen
    assert seen > before
