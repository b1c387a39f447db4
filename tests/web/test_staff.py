"""The staff's pages: who may work, and no secret on any of them."""

# REQ A-01 A-02
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.kernel.idempotency import IdempotencyKey
from erp_club.permissions.catalog import Role
from erp_club.permissions.models import Staff
from tests.make.browser import HTML, form, json_headers, signed_in
from tests.make.organisation import a_chain, a_store, somebody


def test_head_office_opens_somebody_who_then_signs_in(client: TestClient, session: Session):
    a_chain(session)
    store = a_store(session)
    signed_in(client, session)
    made = client.post(
        "/staff",
        data=form(
            username="Dana",
            name="Dana Levi",
            role="manager",
            store_id=str(store.id),
            language="he",
            password="blue kettle 9",
            pin="4711",
        ),
        headers=HTML,
    )
    assert made.status_code == 303
    page = client.get(made.headers["location"], headers=HTML)
    assert "Dana Levi" in page.text
    assert "blue kettle 9" not in page.text
    client.cookies.clear()
    signed = client.post("/sign-in", json={"username": "dana", "password": "blue kettle 9"})
    assert signed.status_code == 201


def test_the_form_comes_back_without_the_secrets(client: TestClient, session: Session):
    a_chain(session)
    signed_in(client, session)
    again = client.post(
        "/staff", data=form(username="dana", name="Dana", role="cashier", password="kettle9", pin="12x"), headers=HTML
    )
    assert again.status_code == 422
    assert 'value="dana"' in again.text
    assert "kettle9" not in again.text
    assert "12x" not in again.text
    assert again.text.count("aria-invalid") == 2


def test_no_request_with_a_secret_is_kept(client: TestClient, session: Session):
    a_chain(session)
    me = signed_in(client, session)
    cashier = somebody(session)
    session.commit()
    for url, body in (
        ("/staff", {"username": "dana", "name": "Dana", "role": "cashier", "pin": "4711"}),
        (f"/staff/{cashier}/pins", {"pin": "4711"}),
        (f"/staff/{cashier}/passwords", {"password": "blue kettle 9"}),
    ):
        answer = client.post(url, json=body, headers=json_headers())
        assert answer.status_code == 201
        assert not {"password", "pin", "password_hash", "pin_hash"} & set(answer.json())
    assert session.scalars(sa.select(IdempotencyKey.key)).all() == []
    client.patch(f"/staff/{me}", json={"name": "Noa"}, headers=json_headers())
    assert len(session.scalars(sa.select(IdempotencyKey.key)).all()) == 1


def test_a_change_says_only_what_changes(client: TestClient, session: Session):
    a_chain(session)
    store = a_store(session)
    signed_in(client, session)
    cashier = somebody(session, store=store)
    session.commit()
    changed = client.patch(f"/staff/{cashier}", json={"name": "Dana"}, headers=json_headers())
    assert (changed.json()["name"], changed.json()["store_id"]) == ("Dana", store.id)
    body = form(_method="PATCH", name="Dana", role="manager", store_id="", language="")
    assert client.post(f"/staff/{cashier}", data=body, headers=HTML).status_code == 303
    person = session.get_one(Staff, cashier, populate_existing=True)
    assert (person.role, person.store_id) == (Role.MANAGER, None)


def test_switching_off_ends_the_session_at_once_and_not_ones_own(client: TestClient, session: Session):
    a_chain(session)
    me = signed_in(client, session)
    assert client.post(f"/staff/{me}/deactivations", headers=json_headers()).json()["code"] == "not-oneself"
    other = somebody(session, Role.HQ, username="other")
    session.commit()
    assert client.post(f"/staff/{other}/deactivations", headers=json_headers()).json()["active"] is False
    page = client.get("/staff", headers=HTML).text
    assert "Switched off" in page
    demoted = client.post(f"/staff/{me}", data=form(_method="PATCH", name="Me", role="cashier"), headers=HTML)
    assert demoted.status_code == 409
    assert "gives others their roles" in demoted.text
    assert client.post(f"/staff/{other}/activations", headers=json_headers()).json()["active"] is True


def test_changing_ones_own_password_asks_to_sign_in_again(client: TestClient, session: Session):
    a_chain(session)
    me = signed_in(client, session)
    done = client.post(f"/staff/{me}/passwords", data={"password": "blue kettle 9"}, headers=HTML)
    assert done.status_code == 303
    assert client.get(done.headers["location"], headers=HTML).headers["location"] == "/sign-in"


def test_a_manager_reads_and_changes_nothing(client: TestClient, session: Session):
    a_chain(session)
    me = signed_in(client, session, Role.MANAGER)
    page = client.get(f"/staff/{me}", headers=HTML)
    assert page.status_code == 200
    assert "/passwords" not in page.text
    assert client.post(f"/staff/{me}/pins", json={"pin": "1111"}, headers=json_headers()).status_code == 403


def test_the_list_finds_by_name_and_user_name(client: TestClient, session: Session):
    a_chain(session)
    signed_in(client, session)
    somebody(session, username="dana")
    session.commit()
    assert [each["username"] for each in client.get("/staff?text=DAN").json()["staff"]] == ["dana"]
    assert client.get("/staff?text=%25").json()["staff"] == []


def test_the_list_is_narrowed_by_store_role_and_state_and_goes_into_a_file(client: TestClient, session: Session):
    a_chain(session)
    near, far = a_store(session), a_store(session, "375")
    signed_in(client, session)
    somebody(session, Role.CASHIER, username="dana", store=near)
    somebody(session, Role.CASHIER, username="gil", store=far)
    somebody(session, Role.MANAGER, username="tal", store=near)
    session.commit()
    for query, wanted in (
        (f"store={near.id}", {"dana", "tal"}),
        (f"store={near.id}&role=cashier", {"dana"}),
        ("role=cashier&active=true", {"dana", "gil"}),
        ("active=false", set[str]()),
        ("store_name=375", {"gil"}),
    ):
        assert {each["username"] for each in client.get(f"/staff?{query}").json()["staff"]} == wanted, query
    assert client.get("/staff?store_name=nowhere").status_code == 422
    assert "Nothing matches" in client.get("/staff?active=false", headers=HTML).text
    lines = client.get(f"/staff.csv?store={far.id}").content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("username,name,role,store")
    assert [line.split(",")[0] for line in lines[1:]] == ["gil"]
