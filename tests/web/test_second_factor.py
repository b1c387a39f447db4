"""Signing in with a second factor, and showing once more who one is."""

# REQ A-01 A-02
import datetime as dt
import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from erp_club.kernel.audit import AuditEntry
from erp_club.kernel.db import Database
from erp_club.permissions import commands
from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.catalog import Role
from erp_club.permissions.factors import commands as factors
from erp_club.permissions.factors.models import RecoveryCode, SecondFactor
from erp_club.permissions.factors.queries import new_secret_of
from erp_club.permissions.kinds import Due
from erp_club.permissions.models import StaffSession
from tests.house.routes import walk
from tests.make.browser import HTML, form, json_headers, signed_in
from tests.make.clubs import a_club, a_customer, a_membership, moved
from tests.make.organisation import NOW, PASSWORD, PIN, a_chain, a_store, a_terminal, code_at, somebody
from web.declared import Fresh

OFFICE = {"username": "hq", "password": PASSWORD}


def a_factor(session: Session, staff_id: int, *, at: dt.datetime) -> tuple[str, list[str]]:
    """The secret of the person's app, confirmed a minute before, and their recovery codes."""
    factors.begin(session, staff_id)
    secret = new_secret_of(session, staff_id)
    assert secret
    before = at - dt.timedelta(minutes=1)
    recovery = factors.confirm(session, staff_id, code_at(secret, before), now=before, by=SYSTEM)
    session.commit()
    return secret, recovery


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _wrong(secret: str) -> str:
    """Six digits that the app shows at no moment near."""
    near = {code_at(secret, _now() + dt.timedelta(seconds=30 * step)) for step in range(-3, 4)}
    return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in near)


def _stale(session: Session) -> None:
    """As if everybody had shown who they are an hour ago."""
    session.execute(sa.update(StaffSession).values(proven_at=_now() - dt.timedelta(hours=1)))
    session.commit()


def _hidden(page: Response) -> dict[str, str]:
    """The hidden fields of the form that asks who it is."""
    asking = page.text.partition('id="who"')[2].partition("</form>")[0]
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', asking)
    return {name: unescape(value) for name, value in found}


def test_a_role_that_asks_for_it_sets_up_a_second_factor_at_the_first_sign_in(client: TestClient, session: Session):
    a_chain(session, second_factor=True)
    staff_id = somebody(session, Role.HQ)
    session.commit()
    machine = client.post("/sign-in", json=OFFICE)
    assert (machine.status_code, machine.json()["code"]) == (401, "second-factor-missing")
    led = client.post("/sign-in", data=OFFICE, headers=HTML)
    assert (led.status_code, led.headers["location"]) == (303, "/sign-in/second-factor")
    # Nothing opens between the two steps.
    assert client.get("/", headers=HTML).headers["location"] == "/sign-in"
    page = client.get("/sign-in/second-factor", headers=HTML)
    assert "data:image/svg+xml" in page.text
    secret = re.search(r"<code><bdi[^>]*>([A-Z2-7 ]{39})</bdi></code>", page.text)
    assert secret, page.text
    wrong = client.post("/sign-in/second-factors", data={"code": _wrong(secret[1].replace(" ", ""))}, headers=HTML)
    assert wrong.status_code == 401
    assert secret[1] in wrong.text
    code = code_at(secret[1].replace(" ", ""), _now())
    shown = client.post("/sign-in/second-factors", data={"code": code}, headers=HTML)
    assert shown.status_code == 201
    recovery = re.findall(r"<code>([0-9A-Z]{4}-[0-9A-Z]{4})</code>", shown.text)
    assert len(recovery) == factors.RECOVERY_CODES
    assert client.get("/", headers=HTML).status_code == 200
    kept = session.get_one(SecondFactor, staff_id, populate_existing=True)
    assert kept.sealed
    assert secret[1].replace(" ", "").encode() not in kept.sealed
    assert not any(
        code.encode() in row.code_hash for row in session.scalars(sa.select(RecoveryCode)) for code in recovery
    )
    assert session.scalar(sa.select(AuditEntry.staff_id).where(AuditEntry.action == "staff.factor-set")) == staff_id


def test_a_code_opens_once_and_so_does_a_recovery_code(client: TestClient, session: Session):
    a_chain(session)
    secret, recovery = a_factor(session, somebody(session, Role.HQ), at=_now())
    client.headers["Origin"] = "http://testserver"
    assert client.post("/sign-in", json=OFFICE).json()["code"] == "code-needed"
    code = code_at(secret, _now())
    assert client.post("/sign-in", json=OFFICE | {"code": code}).status_code == 201
    again = client.post("/sign-in", json=OFFICE | {"code": code})
    assert (again.status_code, again.json()["code"]) == (401, "code-wrong")
    assert client.post("/sign-in", json=OFFICE | {"code": recovery[3].lower()}).status_code == 201
    assert client.post("/sign-in", json=OFFICE | {"code": recovery[3]}).status_code == 401


def test_the_page_of_the_second_step_asks_for_the_code_and_lets_in(client: TestClient, session: Session):
    a_chain(session)
    secret, _ = a_factor(session, somebody(session, Role.HQ), at=_now())
    led = client.post("/sign-in", data=OFFICE, headers=HTML)
    assert (led.status_code, led.headers["location"]) == (303, "/sign-in/code")
    assert "one-time-code" in client.get("/sign-in/code", headers=HTML).text
    wrong = client.post("/sign-in/codes", data={"code": _wrong(secret)}, headers=HTML)
    assert wrong.status_code == 401
    assert "This code is wrong" in wrong.text
    code = code_at(secret, _now())
    assert client.post("/sign-in/codes", data={"code": code}, headers=HTML).headers["location"] == "/"
    assert client.get("/", headers=HTML).status_code == 200
    # The step is used up; who comes back begins again.
    assert client.get("/sign-in/code", headers=HTML).headers["location"] == "/sign-in"


def test_wrong_codes_and_wrong_passwords_are_counted_together(client: TestClient, session: Session):
    a_chain(session)
    secret, _ = a_factor(session, somebody(session, Role.HQ), at=_now())
    wrong = OFFICE | {"code": _wrong(secret)}
    answers = [client.post("/sign-in", json=wrong).status_code for _ in range(3)]
    assert client.post("/sign-in", json=OFFICE).json()["code"] == "code-needed"  # a right password forgets nothing
    answers += [client.post("/sign-in", json=OFFICE | {"password": "no"}).status_code for _ in range(2)]
    assert answers == [401] * 4 + [429]
    right = OFFICE | {"code": code_at(secret, _now())}
    assert client.post("/sign-in", json=right).status_code == 429


def test_of_many_who_send_one_code_at_once_one_gets_in(committed: Database):
    with committed.session() as session:
        a_chain(session)
        staff_id = somebody(session, Role.HQ)
        secret, _ = a_factor(session, staff_id, at=NOW)

    def send(_: int) -> bool:
        with committed.session() as session:
            took = factors.take_code(session, staff_id, code_at(secret, NOW), now=NOW)
            session.commit()
            return took

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(send, range(16))) == 1


def test_a_code_is_taken_half_a_minute_late_and_not_a_minute(session: Session):
    a_chain(session)
    staff_id = somebody(session, Role.HQ)
    secret, _ = a_factor(session, staff_id, at=NOW - dt.timedelta(hours=1))
    minute, half = dt.timedelta(seconds=60), dt.timedelta(seconds=30)
    assert not factors.take_code(session, staff_id, code_at(secret, NOW), now=NOW + minute)
    assert not factors.take_code(session, staff_id, code_at(secret, NOW + minute), now=NOW)
    assert factors.take_code(session, staff_id, code_at(secret, NOW), now=NOW + half)


def test_head_office_takes_a_lost_second_factor_away(client: TestClient, session: Session):
    a_chain(session)
    manager = somebody(session, Role.MANAGER)
    secret, _ = a_factor(session, manager, at=_now())
    entry = commands.sign_in(
        session, username="manager", password=PASSWORD, code=code_at(secret, _now()), now=_now(), hours=1
    )
    assert entry.due is None
    signed_in(client, session)
    assert "Take the second factor away" in client.get(f"/staff/{manager}", headers=HTML).text
    reset = client.post(f"/staff/{manager}/second-factor-resets", headers=json_headers())
    assert (reset.status_code, reset.json()["has_factor"]) == (201, False)
    assert not session.scalars(sa.select(StaffSession).where(StaffSession.staff_id == manager)).all()
    assert session.scalar(sa.select(AuditEntry.entity_id).where(AuditEntry.action == "staff.factor-reset"))
    again = commands.sign_in(session, username="manager", password=PASSWORD, now=_now(), hours=1)
    assert again.due is None


def test_a_role_that_begins_to_ask_signs_out_whoever_has_no_second_factor(client: TestClient, session: Session):
    a_chain(session)
    somebody(session, Role.MANAGER)
    commands.sign_in(session, username="manager", password=PASSWORD, now=_now(), hours=1)
    signed_in(client, session)
    told = client.patch("/roles/manager", json={"second_factor": True}, headers=json_headers())
    assert (told.status_code, told.json()["second_factor"]) == (200, True)
    assert len(session.scalars(sa.select(StaffSession)).all()) == 1
    entry = commands.sign_in(session, username="manager", password=PASSWORD, now=_now(), hours=1)
    assert entry.due is Due.FACTOR


def test_a_new_role_asks_for_a_second_factor(client: TestClient, session: Session):
    a_chain(session)
    signed_in(client, session)
    made = client.post("/roles", json={"name": "Buyers", "copy_of": "manager"}, headers=json_headers())
    assert made.json()["second_factor"] is True
    told = client.patch(f"/roles/{made.json()['code']}", json={"second_factor": False}, headers=json_headers())
    assert told.json()["second_factor"] is False


ASKS_ALWAYS = {
    "account.factor", "account.factor.begin", "account.factor.confirm", "account.factor.off", "account.recovery",
    "file_imports.new", "file_imports.take",
    "grants.change", "id_numbers.reveal", "roles.add", "roles.close", "roles.rename", "staff.add",
    "staff.member.activate", "staff.member.deactivate", "staff.member.edit", "staff.member.factor",
    "staff.member.password", "staff.member.pin", "staff.member.stores",
}  # fmt: skip
OPEN_FILES = {"file_imports.columns", "offers.offer.document", "programmes.programme.file"}
"""What an offer or a club does, which stands on its page, and the columns of a file: they say nothing of anybody."""
ASKS_WHEN_BIG = {
    "points.adjust",
    "points.adjust.undo",
    "stored_value.adjust",
    "stored_value.give",
    "stored_value.refund",
}


def test_these_routes_ask_who_somebody_is_once_more():
    asking = {when: {each.name for each in walk() if each.declared and each.declared.fresh is when} for when in Fresh}
    files = {each.name for each in walk() if each.answers_file} - OPEN_FILES
    assert len(files) >= 20
    assert asking == {Fresh.ALWAYS: ASKS_ALWAYS | files, Fresh.BIG: ASKS_WHEN_BIG}


def test_a_machine_is_told_what_to_send_and_goes_on_under_the_same_key(client: TestClient, session: Session):
    a_chain(session)
    signed_in(client, session)
    _stale(session)
    headers = json_headers()
    refused = client.post("/roles", json={"name": "Buyers"}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "proof-needed")
    proof = refused.json()["proof"]
    assert proof == {"method": "POST", "url": "/proofs", "field": "proof", "means": "password"}
    wrong = client.post("/proofs", json={"proof": "no"}, headers=json_headers())
    assert (wrong.status_code, wrong.json()["code"]) == (403, "proof-wrong")
    assert client.post("/proofs", json={"proof": PASSWORD}, headers=json_headers()).status_code == 201
    assert client.post("/roles", json={"name": "Buyers"}, headers=headers).status_code == 201


def test_a_person_enters_the_password_and_what_they_typed_goes_on(client: TestClient, session: Session):
    a_chain(session)
    signed_in(client, session)
    _stale(session)
    asked = client.post("/roles", data=form(name='"Buyers" & others'), headers=HTML)
    assert asked.status_code == 403
    assert "Enter your password" in asked.text
    carried = _hidden(asked)
    wrong = client.post("/roles", data=carried | {"proof": "no"}, headers=HTML)
    assert wrong.status_code == 403
    assert "The password is wrong" in wrong.text
    done = client.post("/roles", data=_hidden(wrong) | {"proof": PASSWORD}, headers=HTML)
    assert done.status_code == 303, done.text
    assert '"Buyers" & others' in [role["name"] for role in client.get("/grants").json()["all_roles"]]


def test_a_file_is_taken_out_after_the_code(client: TestClient, session: Session):
    a_chain(session)
    secret, _ = a_factor(session, signed_in(client, session), at=_now())
    _stale(session)
    asked = client.get("/customers.csv?text=a", headers=HTML)
    assert (asked.status_code, _hidden(asked)["next"]) == (403, "/customers.csv?text=a")
    wrong = client.post("/proofs", data=_hidden(asked) | {"proof": PASSWORD}, headers=HTML)
    assert (wrong.status_code, _hidden(wrong)["next"]) == (403, "/customers.csv?text=a")
    shown = client.post("/proofs", data=_hidden(wrong) | {"proof": code_at(secret, _now())}, headers=HTML)
    assert 'content="0; url=/customers.csv?text=a"' in shown.text
    assert client.get("/customers.csv?text=a", headers=HTML).status_code == 200
    elsewhere = client.post("/proofs", data={"proof": "x", "next": "//zq7.example/"}, headers=HTML)
    assert "zq7" not in elsewhere.text


def test_five_wrong_proofs_lock_as_five_wrong_passwords_do(client: TestClient, session: Session):
    a_chain(session)
    signed_in(client, session)
    answers = [client.post("/proofs", json={"proof": "no"}, headers=json_headers()).status_code for _ in range(5)]
    assert answers == [403] * 4 + [429]
    assert client.post("/sign-in", json=OFFICE, headers=json_headers()).status_code == 429
    # Whoever has typed much has it still when the time is over.
    locked = client.post("/roles", data=form(name="Buyers", proof=PASSWORD), headers=HTML)
    assert (locked.status_code, _hidden(locked).get("name")) == (429, "Buyers")
    assert "Too many wrong tries" in locked.text
    taking = client.post("/proofs", data=form(next="/customers.csv", proof=PASSWORD), headers=HTML)
    assert (taking.status_code, _hidden(taking).get("next")) == (429, "/customers.csv")


def test_at_a_till_the_pin_is_asked_for(client: TestClient, session: Session):
    a_chain(session)
    _, key = a_terminal(session, a_store(session))
    somebody(session, Role.MANAGER)
    session.commit()
    bearer = {"Authorization": f"Bearer {key}"}
    token = client.post("/staff-sessions", json={"staff": "manager", "pin": PIN}, headers=bearer).json()["token"]
    headers = bearer | {"X-Staff-Session": token}
    assert client.post("/proofs", json={"proof": PASSWORD}, headers=headers).status_code == 403
    assert client.post("/proofs", json={"proof": PIN}, headers=headers).status_code == 201
    refused = client.post("/account/second-factors", json={}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "office-only")


@pytest.mark.parametrize(("points", "asked"), [(1000, False), (-1001, True)])
def test_a_big_change_of_points_asks_once_more(client: TestClient, session: Session, points: int, asked: bool):
    a_chain(session)
    customer_id = a_customer(session)
    joined = a_membership(session, customer_id, a_club(session))
    moved(session, customer_id, joined.points_account_id, 5000, on=NOW.date())
    signed_in(client, session)
    _stale(session)
    body = {"points": points, "description": "Goodwill"}
    answer = client.post(f"/points-accounts/{joined.points_account_id}/adjustments", json=body, headers=json_headers())
    assert (answer.status_code, answer.json().get("code")) == ((403, "proof-needed") if asked else (201, None))
