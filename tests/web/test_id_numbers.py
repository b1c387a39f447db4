# REQ C-04 A-01: which ID numbers are kept, and one of them shown, over HTTP
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.kernel.idempotency import IdempotencyKey
from erp_club.permissions.catalog import Role
from tests.make.customers import a_person, keep_ids_of
from tests.make.office import HTML, form, head_office, send
from tests.make.organisation import PASSWORD, somebody

NUMBER = "355675463"


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    return head_office(client, session)


def test_head_office_shows_a_number_whole_and_nobody_else_does(office: TestClient, session: Session):
    customer_id = a_person(session, id_number=NUMBER)
    somebody(session, Role.MANAGER)
    session.commit()
    url = f"/customers/{customer_id}/id-number-views"
    assert url in office.get(f"/customers/{customer_id}", headers=HTML).text
    told = office.post(url, json={})
    assert told.json() == {"customer_id": customer_id, "id_number": NUMBER}
    assert told.headers["cache-control"] == "no-store"
    part = office.post(url, headers=HTML | {"HX-Request": "true"})
    assert part.text.strip() == f'<span id="id-number"><bdi class="num" dir="ltr">{NUMBER}</bdi></span>'
    assert NUMBER in office.post(url, headers=HTML).text
    token = office.post("/sign-in", json={"username": "manager", "password": PASSWORD}).json()["token"]
    office.cookies.clear()
    office.headers["Cookie"] = f"club_session={token}"
    assert office.post(url, json={}).status_code == 403
    assert url not in office.get(f"/customers/{customer_id}", headers=HTML).text


def test_the_form_of_a_customer_keeps_a_number_that_it_shows_masked(office: TestClient, session: Session):
    customer_id = a_person(session, id_number=NUMBER)
    session.commit()
    page = office.get(f"/customers/{customer_id}/edit", headers=HTML).text
    assert 'value="••••••463"' in page
    assert NUMBER not in page
    typed = {"_method": "PATCH", "given_name": "Yaela", "family_name": "Cohen", "id_kind": "national_id"}
    answer = form(office, f"/customers/{customer_id}", typed | {"id_country": "IL", "id_number": "••••••463"})
    assert answer.status_code == 303
    assert send(office, "POST", f"/customers/{customer_id}/id-number-views").json()["id_number"] == NUMBER


def test_a_refused_form_with_a_number_stands_in_no_table(office: TestClient, session: Session):
    answer = form(office, "/customers", {"given_name": "", "id_number": NUMBER})
    assert answer.status_code == 422
    assert f'value="{NUMBER}"' in answer.text  # whoever typed it gets it back
    session.expire_all()
    assert not [kept for kept in session.query(IdempotencyKey) if NUMBER.encode() in kept.answer]


def test_head_office_decides_on_a_page_what_is_kept(office: TestClient):
    page = office.get("/id-rules", headers=HTML)
    assert page.status_code == 200
    assert "Finland" in page.text
    without = form(
        office,
        "/id-rules",
        {"_method": "PUT", "rules[0].kind": "national_id", "rules[0].country": "FI", "rules[0].kept": "true"},
    )
    assert without.status_code == 422
    assert 'aria-invalid="true"' in without.text
    rule = {"kind": "national_id", "country": "FI", "kept": True, "reason": "We lend money"}
    assert send(office, "PUT", "/id-rules", {"rules": [rule]}).status_code == 200
    [kept] = [each for each in office.get("/id-rules").json()["rules"] if each["country"] == "FI"]
    assert (kept["kept"], kept["reason"], kept["decided_by"]) == (True, "We lend money", "Somebody hq")


def test_the_same_rule_holds_for_machines(office: TestClient, session: Session):
    body = {"given_name": "Aino", "id_country": "FI", "id_number": "131052-308T"}
    refused = send(office, "POST", "/customers", body)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "id_number")
    keep_ids_of(session, "FI")
    session.commit()
    opened = send(office, "POST", "/customers", body)
    assert (opened.status_code, opened.json()["id_number"]) == (201, "••••••••08T")


ZONE = "P<FINERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10"


def test_a_scanned_passport_fills_in_the_form_of_a_new_customer(office: TestClient):
    page = office.get("/customers/new", headers=HTML).text
    assert 'hx-post="/customers/scans"' in page
    typed = {"mobile": "0530302018", "id_kind": "national_id", "id_country": "IL", "id_number": ZONE}
    answer = office.post("/customers/scans", data=typed, headers=HTML)
    assert answer.status_code == 200
    for value in ("Anna Maria", "Eriksson", "L898902C3", "1974-08-12", "0530302018"):
        assert f'value="{value}"' in answer.text
    assert '<option value="passport" selected>' in answer.text
    assert '<option value="FI" selected>' in answer.text
    told = office.post("/customers/scans", json={"id_number": ZONE}).json()["person"]
    assert (told["id_country"], told["birthday"], told["gender"]) == ("FI", "1974-08-12", "F")
    assert office.post("/customers/scans", json={"id_number": ZONE[:-1]}).status_code == 422
