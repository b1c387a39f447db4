# REQ C-01 C-03 C-04 C-05 A-01 A-02 I-02: customers as pages for people and JSON for machines
import csv
import io
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from python_calamine import load_workbook
from sqlalchemy.orm import Session

from erp_club.customers.models import Customer
from erp_club.kernel.audit import AuditEntry
from erp_club.permissions.catalog import Role
from erp_club.permissions.grants.models import RoleGrant
from tests.make.clubs import a_card, a_club
from tests.make.customers import a_person
from tests.make.organisation import PASSWORD, a_chain, a_store, somebody
from tests.make.purchases import a_product, a_receipt

HTML = {"Accept": "text/html"}
HTMX = HTML | {"HX-Request": "true"}
JSON = {"Accept": "application/json"}
SECRET_ID = "355675463"


@pytest.fixture
def yael(session: Session) -> int:
    a_chain(session)
    a_store(session, "374")
    for role in Role:
        somebody(session, role)
    customer_id = a_person(
        session,
        number="C000005",
        mobile="0530302018",
        email="yael@example.org",
        id_number=SECRET_ID,
        city="Haifa",
        home_store="374",
        language="he",
        birthday="1979-02-22",
        consent_sms=True,
    )
    session.commit()
    return customer_id


@pytest.fixture
def hq(client: TestClient, yael: int) -> TestClient:
    return signed_in(client, Role.HQ)


def signed_in(client: TestClient, role: Role) -> TestClient:
    client.cookies.clear()
    answer = client.post("/sign-in", json={"username": role.value, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    client.headers["Origin"] = "http://testserver"
    return client


def write(client: TestClient, method: str, url: str, body: Any, **headers: str) -> Any:
    return client.request(method, url, json=body, headers=JSON | {"Idempotency-Key": uuid.uuid4().hex} | headers)


def post(client: TestClient, url: str, form: dict[str, str], **headers: str) -> Any:
    return client.post(url, data={"idempotency_key": uuid.uuid4().hex} | form, headers=HTML | headers)


def numbers(answer: Any) -> list[str]:
    return [row["number"] for row in answer.json()["customers"]]


def test_a_customer_is_opened_and_read_as_json(hq: TestClient, session: Session):
    opened = write(hq, "POST", "/customers", {"given_name": "Dana", "mobile": "050 123 4567", "consent_sms": False})
    assert opened.status_code == 201
    customer_id = opened.json()["customer_id"]
    assert opened.headers["location"] == f"/customers/{customer_id}"
    assert (opened.json()["mobile"], opened.json()["consent_sms"]) == ("+972501234567", False)
    record = hq.get(f"/customers/{customer_id}", headers=JSON).json()
    assert record["customer"]["given_name"] == "Dana"
    assert (record["points"], record["memberships"]["memberships"], record["year"]["year"]) == ([], [], None)
    panel = hq.get(f"/customers/{customer_id}/panel", headers=JSON).json()
    assert (panel["given_name"], panel["mobile"], panel["memberships"]) == ("Dana", "+972501234567", [])


def test_the_same_request_opens_one_customer(hq: TestClient, session: Session):
    body = {"given_name": "Dana"}
    first = hq.post("/customers", json=body, headers=JSON | {"Idempotency-Key": "k1"})
    again = hq.post("/customers", json=body, headers=JSON | {"Idempotency-Key": "k1"})
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert session.scalar(sa.select(sa.func.count()).where(Customer.given_name == "Dana")) == 1


def test_a_form_opens_a_customer_and_leads_to_the_record(hq: TestClient):
    page = hq.get("/customers/new", headers=HTML)
    assert page.status_code == 200
    assert 'name="idempotency_key"' in page.text
    form = {"given_name": "Dana", "family_name": "", "id_kind": "national_id", "id_number": "", "id_country": "IL"}
    answer = post(
        hq, "/customers", form | {"birthday": "1990-01-31", "consent_advertising": "true", "home_store": "374"}
    )
    assert answer.status_code == 303, answer.text
    page = hq.get(answer.headers["location"], headers=HTML)
    assert page.status_code == 200
    assert "Dana" in page.text
    assert "31 Jan 1990" in page.text


def test_a_refused_form_comes_back_as_typed_with_each_fault_beside_its_field(hq: TestClient):
    answer = post(hq, "/customers", {"given_name": "Dana", "mobile": "053", "email": "a@b", "id_number": "355675464"})
    assert answer.status_code == 422
    for name, typed in (("mobile", "053"), ("email", "a@b"), ("id_number", "355675464")):
        assert f'id="e-f-{name}"' in answer.text
        assert f'value="{typed}"' in answer.text
    assert "The check digit is wrong" in answer.text
    assert answer.text.count('aria-invalid="true"') == 3
    taken = post(hq, "/customers", {"given_name": "Dana", "id_number": SECRET_ID})
    assert taken.status_code == 409
    assert "Customer C000005 has this ID number already" in taken.text
    assert post(hq, "/customers", {"given_name": "Dana", "family_name": "", "own_id": "fob-9"}).status_code == 303
    alike = post(hq, "/customers", {"given_name": "Noa", "family_name": "", "own_id": "FOB-9"})
    assert alike.status_code == 409
    assert 'id="e-f-own_id"' in alike.text
    assert "uses this identifier already" in alike.text


def test_a_machine_gets_each_fault_as_a_problem(hq: TestClient):
    answer = write(hq, "POST", "/customers", {"mobile": "053", "nickname": "x"})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert [error["field"] for error in answer.json()["errors"]] == ["nickname"]
    answer = write(hq, "POST", "/customers", {"mobile": "053"})
    assert {error["field"] for error in answer.json()["errors"]} == {"mobile", "family_name"}
    taken = write(hq, "POST", "/customers", {"given_name": "D", "id_number": SECRET_ID})
    assert (taken.status_code, taken.json()["code"]) == (409, "id-taken")


@pytest.mark.parametrize("typed", ["a\x00b", "\ud800"])
def test_what_no_table_can_hold_is_refused(hq: TestClient, typed: str):
    body = f'{{"given_name": "{typed.encode("unicode_escape").decode().replace("x00", "u0000")}"}}'
    headers = JSON | {"Idempotency-Key": uuid.uuid4().hex, "Content-Type": "application/json"}
    assert hq.post("/customers", content=body, headers=headers).status_code == 422
    search = hq.post("/customer-searches", content=body.replace("given_name", "text"), headers=headers)
    assert search.status_code == 422


def test_a_card_of_the_record_is_changed_in_place(hq: TestClient, yael: int, session: Session):
    form = hq.get(f"/customers/{yael}/edit?part=contact", headers=HTMX)
    assert form.text.lstrip().startswith('<section class="card" id="contact"')
    assert 'value="+972530302018"' in form.text
    typed = {"_method": "PATCH", "mobile": "054-123 4567", "email": "", "city": "Acre"}
    answer = post(hq, f"/customers/{yael}?part=contact", typed, **{"HX-Request": "true"})
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<section class="card" id="contact"')
    kept = hq.get(f"/customers/{yael}", headers=JSON).json()["customer"]
    assert (kept["mobile"], kept["email"], kept["city"]) == ("+972541234567", None, "Acre")
    assert kept["id_number"] == "••••••463"  # of another card: untouched
    edited = sa.select(AuditEntry).where(AuditEntry.action == "customer.edit")
    entry = session.scalars(edited.order_by(AuditEntry.id.desc()).limit(1)).one()
    assert set(entry.after or {}) == {"mobile", "email", "city"}


def test_a_wrong_change_gives_the_card_again(hq: TestClient, yael: int):
    typed = {"_method": "PATCH", "mobile": "05", "email": "yael@example.org"}
    answer = post(hq, f"/customers/{yael}?part=contact", typed, **{"HX-Request": "true"})
    assert answer.status_code == 422
    assert answer.text.lstrip().startswith('<section class="card" id="contact"')
    assert 'value="05"' in answer.text
    assert 'id="e-f-mobile"' in answer.text


@pytest.mark.parametrize("part", ["", "?part=contact", "?part=person", "?part=consents"])
def test_every_form_works_without_script(hq: TestClient, yael: int, part: str):
    page = hq.get(f"/customers/{yael}/edit{part}", headers=HTML)
    assert page.text.startswith("<!doctype html>")
    assert f'action="/customers/{yael}{part}"' in page.text
    answer = post(hq, f"/customers/{yael}{part}", {"_method": "PATCH", "given_name": "Ya'el", "consent_sms": "false"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/customers/{yael}")
    refused = post(hq, f"/customers/{yael}{part}", {"_method": "PATCH", "mobile": "1"})
    assert refused.status_code == 422
    assert refused.text.startswith("<!doctype html>")


def test_a_machine_changes_what_it_names_and_empties_by_null(hq: TestClient, yael: int):
    answer = write(hq, "PATCH", f"/customers/{yael}", {"city": None, "given_name": "Yaela"})
    assert answer.status_code == 200
    assert (answer.json()["city"], answer.json()["given_name"], answer.json()["mobile"]) == (
        None,
        "Yaela",
        "+972530302018",
    )
    for emptied in (None, "", " ", "\x01\x02\x7f"):
        refused = write(hq, "PATCH", f"/customers/{yael}", {"number": emptied})
        assert refused.status_code == 422
        assert refused.json()["errors"] == [{"field": "number", "message": "A customer keeps a number. Enter one."}]
    assert write(hq, "PATCH", "/customers/0", {"city": "x"}).status_code == 404
    assert write(hq, "PATCH", "/customers/99999999999999999999", {"city": "x"}).status_code == 404


def test_the_record_has_its_tabs(hq: TestClient, yael: int):
    for tab in ("overview", "points", "purchases", "changes"):
        page = hq.get(f"/customers/{yael}?tab={tab}", headers=HTML)
        assert page.status_code == 200, page.text
        assert "Yael Cohen" in page.text
        assert page.text.count('aria-current="page"') >= 2
    changes = hq.get(f"/customers/{yael}?tab=changes", headers=JSON).json()["changes"]
    assert [entry["action"] for entry in changes] == ["customer.open"]
    assert hq.get(f"/customers/{yael}?tab=secrets", headers=HTML).status_code == 422
    for gone in ("/customers/0", "/customers/123456789"):
        assert hq.get(gone, headers=JSON).json()["code"] == "customer-unknown"
        assert hq.get(gone, headers=HTML).status_code == 404


def test_names_of_any_direction_stand_isolated(hq: TestClient, session: Session):
    customer_id = a_person(session, given_name="<b>\u202eדן", family_name="O'Brien")
    session.commit()
    page = hq.get(f"/customers/{customer_id}", headers=HTML)
    assert "<bdi>&lt;b&gt;דן O&#39;Brien</bdi>" in page.text
    assert "\u202e" not in page.text


def test_one_box_leads_a_person_to_the_customer(hq: TestClient, yael: int):
    for typed in ("C000005", "053-0302018", SECRET_ID, "yael@example.org"):
        answer = hq.post("/customer-searches", data={"text": typed}, headers=HTML)
        assert (answer.status_code, answer.headers.get("location")) == (303, f"/customers/{yael}"), typed
    page = hq.post("/customer-searches", data={"text": "coh"}, headers=HTML)
    assert page.status_code == 200
    assert f'href="/customers/{yael}"' in page.text
    nobody = hq.post("/customer-searches", data={"text": "<zzz>"}, headers=HTML)
    assert "Nobody found" in nobody.text
    assert 'value="&lt;zzz&gt;"' in nobody.text
    assert hq.post("/customer-searches", data={"text": " "}, headers=HTML).status_code == 422


def test_the_box_finds_other_pages_of_those_who_may_open_them(client: TestClient, session: Session, yael: int):
    product, club = a_product(session, "WINE-7", name="Red wine"), a_club(session, "VINO")
    a_receipt(session, a_store(session, "78").id, "W-1", "2026-11-20", 5_00)
    session.commit()
    signed_in(client, Role.HQ)

    def asked(typed: str) -> Any:
        return client.post("/customer-searches", data={"text": typed}, headers=HTML)

    receipt = session.scalar(sa.text("SELECT id FROM receipts"))
    for typed, url in (("W-1", f"/purchases/{receipt}"), ("wine-7", None), ("WINE-7", f"/products/{product}")):
        assert asked(typed).headers.get("location") == url, typed
    pages = asked("stores")
    assert pages.headers.get("location") == "/stores", "a page by its name in the menu"
    assert f'href="/clubs/{club}"' in asked("vin").text or asked("vin").headers["location"] == f"/clubs/{club}"
    assert 'href="/staff/' in asked("somebody").text
    signed_in(client, Role.CASHIER)
    assert 'href="/staff/' not in asked("somebody").text


def test_who_may_not_see_customers_finds_them_with_the_end_of_the_phone(
    client: TestClient, yael: int, session: Session
):
    view = RoleGrant.role == "cashier", RoleGrant.action == "customers.view"
    session.execute(sa.update(RoleGrant).where(*view).values(valid_to=RoleGrant.valid_from))
    session.commit()
    signed_in(client, Role.CASHIER)
    found = client.post("/customer-searches", json={"text": "yael cohen"}, headers=JSON).json()["found"]
    assert [(each["number"], each["mobile"]) for each in found] == [("C000005", "•••• 2018")]
    page = client.post("/customer-searches", data={"text": "yael cohen"}, headers=HTML).text
    assert "•••• 2018" in page
    assert "0302018" not in page


def test_a_machine_gets_what_was_found(hq: TestClient, yael: int, session: Session):
    a_card(session, yael, "2900000000056")
    session.commit()
    answer = hq.post("/customer-searches", json={"text": "2900000000056"}, headers=JSON)
    assert answer.json() == {
        "text": "2900000000056",
        "found": [
            {
                "customer_id": yael,
                "number": "C000005",
                "given_name": "Yael",
                "family_name": "Cohen",
                "city": "Haifa",
                "mobile": "+972530302018",
                "card": "2900000000056",
                "kind_matched": "card",
                "exact": True,
            }
        ],
        "more": False,
    }


def test_the_list_is_filtered_and_sorted_by_its_address(hq: TestClient, session: Session, yael: int):
    a_person(session, number="A1", given_name="Dan", family_name="Aalto", language="fi", birthday="1990-05-01")
    session.commit()
    assert numbers(hq.get("/customers", headers=JSON)) == ["A1", "C000005"]
    assert numbers(hq.get("/customers?sort=number&direction=desc", headers=JSON)) == ["C000005", "A1"]
    assert numbers(hq.get("/customers?sort=opened&direction=desc", headers=JSON)) == ["A1", "C000005"]
    for query in ("store=374", "language=he", "consent=sms", "birthday_month=2", "opened_from=2026-11-22&store=374"):
        assert numbers(hq.get(f"/customers?{query}", headers=JSON)) == ["C000005"], query
    for query in ("store=nowhere", "club=NONE", "opened_to=2026-11-21", "bought_from=2017-01-01", "membership=valid"):
        assert numbers(hq.get(f"/customers?{query}", headers=JSON)) == [], query
    for query in ("membership=none&club=&store=", "opened_from=1900-01-01&opened_to=2999-12-31"):
        assert len(numbers(hq.get(f"/customers?{query}", headers=JSON))) == 2, query
    state = hq.get("/customers?per_page=1&page=7", headers=JSON).json()["state"]
    assert (state["page"], state["pages"], state["total"]) == (2, 2, 2)


def test_the_page_of_the_list_says_its_filters_and_how_to_leave_them(hq: TestClient, session: Session):
    a_club(session, code="GOLD")
    session.commit()
    page = hq.get("/customers?club=GOLD&store=374", headers=HTML).text
    assert "Nothing matches" in page
    assert 'href="/customers?store=374"' in page
    assert 'href="/customers?club=GOLD"' in page
    part = hq.get("/customers?sort=number", headers=HTMX).text
    assert part.lstrip().startswith('<div id="customers">')
    assert "<html" not in part
    assert hq.get("/customers?bought_from=yesterday", headers=HTML).status_code == 422


def test_what_is_filtered_goes_into_a_file(hq: TestClient, session: Session, yael: int):
    a_person(session, number="A1", given_name="=2+2", family_name="Aalto")
    session.commit()
    answer = hq.get("/customers.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert [row["number"] for row in rows] == ["A1", "C000005"]
    assert rows[0]["given_name"] == "'=2+2"
    assert (rows[1]["mobile"], rows[1]["birthday"], rows[1]["home_store"]) == ("+972530302018", "1979-02-22", "374")
    assert (rows[1]["consent_sms"], rows[1]["consent_post"], rows[1]["id_number"]) == ("yes", "", SECRET_ID)
    book = hq.get("/customers.xlsx?language=he")
    sheet = load_workbook(io.BytesIO(book.content)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in sheet] == ["number", "C000005"]
    entry = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert (entry.action, entry.after) == (
        "customer.export",
        {"file": "xlsx", "language": "he", "id_numbers": True},
    )


@pytest.mark.parametrize("role", Role)
def test_everybody_sees_the_last_digits_of_an_id_only(client: TestClient, yael: int, role: Role):
    signed_in(client, role)
    record = client.get(f"/customers/{yael}", headers=JSON)
    assert record.json()["customer"]["id_number"] == "••••••463"
    assert SECRET_ID not in record.text
    assert SECRET_ID not in client.get(f"/customers/{yael}", headers=HTML).text
    assert SECRET_ID not in client.get(f"/customers/{yael}/panel", headers=JSON).text
    assert SECRET_ID not in client.get(f"/customers/{yael}/parts/person", headers=HTMX).text


def test_each_role_does_what_it_may_and_no_more(client: TestClient, yael: int):
    wanted = {
        ("GET", "/customers/new"): set(Role),
        ("GET", f"/customers/{yael}"): set(Role),
        ("GET", f"/customers/{yael}?tab=changes"): {Role.HQ, Role.MANAGER},
        ("GET", f"/customers/{yael}/edit"): {Role.HQ, Role.MANAGER},
        ("PATCH", f"/customers/{yael}"): {Role.HQ, Role.MANAGER},
        ("GET", "/customers.csv"): {Role.HQ},
    }
    for role in Role:
        signed_in(client, role)
        for (method, url), roles in wanted.items():
            answer = write(client, method, url, {"city": "Acre"} if method == "PATCH" else None)
            assert answer.status_code == (200 if role in roles else 403), (role, method, url)
    client.cookies.clear()
    for method, url in wanted:
        assert write(client, method, url, {"city": "Acre"}).status_code in {401, 403}


def test_a_change_somebody_else_came_before_is_refused_until_it_was_seen(hq: TestClient, yael: int):
    seen = hq.get(f"/customers/{yael}", headers=JSON).json()["customer"]["changed_at"]
    first = write(hq, "PATCH", f"/customers/{yael}", {"city": "Eilat", "changed_at": seen})
    assert first.status_code == 200, first.text
    late = write(hq, "PATCH", f"/customers/{yael}", {"street": "Herzl 1", "changed_at": seen})
    assert (late.status_code, late.json()["code"]) == (409, "stale")
    again = write(hq, "PATCH", f"/customers/{yael}", {"street": "Herzl 1", "changed_at": first.json()["changed_at"]})
    assert (again.json()["street"], again.json()["city"]) == ("Herzl 1", "Eilat")


def test_a_stale_form_comes_back_with_what_was_typed_and_the_newer_state(hq: TestClient, yael: int):
    form = {
        "_method": "PATCH",
        "city": "Eilat",
        "changed_at": "2020-01-01T00:00:00+00:00",
        "idempotency_key": "stale-1",
    }
    answer = hq.post(f"/customers/{yael}?part=contact", data=form, headers=HTMX)
    assert answer.status_code == 409
    assert 'value="Eilat"' in answer.text
    assert "Somebody changed this customer" in answer.text
    assert "2020-01-01T00:00:00" not in answer.text
