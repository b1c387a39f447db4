# REQ T-01 T-02 T-03 T-05: the till over HTTP, as a page and as JSON
import datetime as dt
import uuid
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy import event
from sqlalchemy.orm import Session

from erp_club.permissions.catalog import Role
from erp_club.permissions.models import StaffSession
from tests.make.clubs import a_club, a_membership
from tests.make.customers import a_person
from tests.make.organisation import PIN, somebody
from tests.make.purchases import Till, a_product, a_till

MILK = "7290000000017"
HTML = {"Accept": "text/html"}
HTMX = {"Accept": "text/html", "HX-Request": "true"}
FORM = {"Origin": "http://testserver"}


@pytest.fixture
def till(session: Session) -> Till:
    made = a_till(session)
    a_product(session, MILK, price_minor=6_43)
    session.commit()
    return made


def machine(till: Till, key: str | None = None) -> dict[str, str]:
    return till.headers | {"Idempotency-Key": key or uuid.uuid4().hex}


def send(client: TestClient, till: Till, method: str, url: str, body: dict[str, Any] | None = None) -> httpx2.Response:
    return client.request(method, url, json=body or {}, headers=machine(till))


def browser(client: TestClient, till: Till) -> TestClient:
    """The same client with a browser's cookies: enrolled, and signed on by PIN."""
    key = till.headers["Authorization"].removeprefix("Bearer ")
    assert client.post("/terminal-enrolments", data={"key": key}, headers=HTML | FORM).status_code == 303
    answer = client.post("/staff-sessions", data={"staff": "cashier", "pin": PIN}, headers=HTML | FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/till")
    return client


def post(client: TestClient, url: str, headers: dict[str, str] = HTMX, **fields: object) -> httpx2.Response:
    return client.post(url, data=fields | {"idempotency_key": uuid.uuid4().hex}, headers=headers | FORM)


def test_a_browser_becomes_a_till_signs_on_and_sees_the_basket(client: TestClient, till: Till):
    assert "/terminal-enrolments" in client.get("/till", headers=HTML).text
    key = till.headers["Authorization"].removeprefix("Bearer ")
    client.post("/terminal-enrolments", data={"key": key}, headers=HTML | FORM)
    assert "/staff-sessions" in client.get("/till", headers=HTML).text
    browser(client, till)
    assert 'id="scan"' in client.get("/till", headers=HTML).text


def test_a_till_whose_page_was_closed_is_locked_when_it_is_opened_long_after(
    client: TestClient, session: Session, till: Till
):
    def unused_for(minutes: int) -> None:
        seen = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=minutes)
        session.execute(sa.update(StaffSession).values(seen_at=seen))
        session.commit()

    browser(client, till)
    unused_for(14)
    assert 'id="scan"' in client.get("/till", headers=HTML).text
    unused_for(16)
    token = client.cookies["club_session"]
    assert 'name="pin"' in client.get("/till", headers=HTML).text
    assert "/staff-sessions" in client.get("/till", headers=HTML).text
    client.cookies.set("club_session", token)
    assert client.get("/till", headers={"Accept": "application/json"}).status_code == 401
    # A till that isn't a browser locks its own screen.
    assert client.get("/till", headers=till.headers | {"Accept": "application/json"}).status_code == 200


def test_a_machine_sells_through_the_same_basket(client: TestClient, till: Till):
    scanned = send(client, till, "POST", "/baskets/current/entries", {"code": f"2*{MILK}"})
    assert scanned.status_code == 200
    line = scanned.json()["lines"][0]
    assert (line["quantity"], line["price_minor"], line["amount_minor"]) == ("2", 6_43, 12_86)
    assert "quantity_milli" not in line
    changed = send(client, till, "PATCH", "/baskets/current/lines/1", {"quantity": "0.5"})
    assert (changed.json()["lines"][0]["quantity"], changed.json()["total_minor"]) == ("0.5", 3_22)
    paid = send(client, till, "POST", "/baskets/current/payments", {"means": "cash", "tendered_minor": 5_00})
    assert (paid.json()["paid"]["due_minor"], paid.json()["paid"]["change_minor"]) == (3_20, 1_80)
    assert paid.json()["lines"] == []


def test_a_scan_sent_again_under_its_key_counts_once(client: TestClient, till: Till):
    first, again = (
        client.post("/baskets/current/entries", json={"code": MILK}, headers=machine(till, "scan-1")) for _ in "12"
    )
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.json() == again.json()
    assert client.get("/till", headers=till.headers).json()["items"] == 1


def test_a_payment_sent_again_under_its_key_posts_once(client: TestClient, till: Till):
    send(client, till, "POST", "/baskets/current/entries", {"code": MILK})
    first, again = (
        client.post("/baskets/current/payments", json={"means": "card"}, headers=machine(till, "pay-1")) for _ in "12"
    )
    assert first.json()["paid"]["receipt_id"] == again.json()["paid"]["receipt_id"]
    refused = send(client, till, "POST", "/baskets/current/payments", {"means": "card"})
    assert (refused.status_code, refused.json()["code"]) == (409, "basket-empty")


def test_a_reload_shows_the_same_basket_and_the_change_still_due(client: TestClient, till: Till):
    browser(client, till)
    post(client, "/baskets/current/entries", code=MILK)
    assert "Milk" in client.get("/till", headers=HTML).text
    post(client, "/baskets/current/payments", means="cash", tendered="10")
    assert "3.60" in client.get("/till", headers=HTML).text
    post(client, "/baskets")
    # Whoever pressed Enter twice still sees what goes back, until the next sale has begun.
    after = client.get("/till", headers=HTML).text
    assert 'id="paid"' not in after
    assert "3.60" in after
    post(client, "/baskets/current/entries", code=MILK)
    assert "3.60" not in client.get("/till", headers=HTML).text


def test_a_scan_asks_the_database_few_things(client: TestClient, session: Session, till: Till):
    send(client, till, "POST", "/baskets/current/entries", {"code": MILK})
    asked: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    engine = session.connection().engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        send(client, till, "POST", "/baskets/current/entries", {"code": MILK})
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len([each for each in asked if "SAVEPOINT" not in each]) <= 9, asked


def test_an_unknown_code_is_told_beside_the_basket(client: TestClient, till: Till):
    browser(client, till)
    post(client, "/baskets/current/entries", code=MILK)
    answer = post(client, "/baskets/current/entries", code="7290011234562")
    assert answer.status_code == 422
    assert 'id="till"' in answer.text
    assert "7290011234562" in answer.text
    assert "Milk" in answer.text


def test_a_product_that_only_a_file_has_named_is_not_sold_for_nothing(client: TestClient, session: Session, till: Till):
    a_product(session, "90909", name="90909", price_minor=0, stub=True)
    session.commit()
    for code in ("90909", "3*90909"):
        refused = send(client, till, "POST", "/baskets/current/entries", {"code": code})
        assert (refused.status_code, refused.json()["code"]) == (422, "price-needed")
        assert refused.json()["detail"] == "90909 has no price yet. Give it one under Products, or ask head office."
    assert client.get("/till", headers=till.headers).json()["lines"] == []


def test_an_item_leaves_the_basket_by_a_minus_before_its_code(client: TestClient, till: Till):
    def entered(code: str) -> Any:
        return send(client, till, "POST", "/baskets/current/entries", {"code": code}).json()

    assert entered(f"5*{MILK}")["items"] == 5
    assert entered(f"-{MILK}")["lines"][0]["quantity"] == "4"
    assert entered(f"-2*{MILK}")["hot"] == 1
    assert entered(f"-3*{MILK}")["lines"] == []
    assert entered(f"-{MILK}")["code"] == "not-in-basket"
    assert entered("-NOTHING")["code"] == "unknown-code"


def test_what_a_customer_has_in_cash_pays_a_part_and_a_bank_card_the_rest(client: TestClient, till: Till):
    def paid(**body: object) -> Any:
        return send(client, till, "POST", "/baskets/current/payments", {"means": "card", **body}).json()

    send(client, till, "POST", "/baskets/current/entries", {"code": f"3*{MILK}"})
    assert "coins" in paid(tendered="5.03")["errors"][0]["message"]
    assert "covers" in paid(tendered="19.30")["errors"][0]["message"]
    slip = paid(tendered="5", expected_card_minor=19_29)["paid"]["slip"]
    assert {each["means"]: each["amount_minor"] for each in slip["payments"]} == {"cash": 5_00, "card": 14_29}
    assert (slip["total_minor"], slip["rounding_minor"]) == (19_29, 0)


def test_somebody_nobody_knows_is_offered_as_new(client: TestClient, till: Till):
    browser(client, till)
    answer = post(client, "/baskets/current/entries", code="052-111 2222")
    assert 'name="phone" value="052-111 2222"' in answer.text


def test_a_payment_cards_number_is_neither_kept_nor_shown(client: TestClient, till: Till):
    browser(client, till)
    answer = post(client, "/baskets/current/entries", code=";4111111111111111=2512?")
    assert answer.status_code == 422
    assert "4111" not in answer.text
    assert "4111" not in client.get("/till", headers=HTML).text


def test_a_new_member_is_opened_joined_and_identified_in_the_sale(client: TestClient, session: Session, till: Till):
    club = a_club(session)
    session.commit()
    body = {
        "mobile": "0526961785",
        "given_name": "Noa",
        "family_name": "Levi",
        "card": "12345678",
        "clubs": {club: True},
    }
    opened = send(client, till, "POST", "/baskets/current/customers", body)
    assert opened.status_code == 200, opened.text
    member = opened.json()["customer"]
    assert (member["given_name"], member["card"], member["memberships"][0]["state"]) == ("Noa", "12345678", "valid")
    scanned = send(client, till, "POST", "/baskets/current/entries", {"code": f"10*{MILK}"})
    assert scanned.json()["customer"]["memberships"][0]["earns"] == 6
    paid = send(client, till, "POST", "/baskets/current/payments", {"means": "card"})
    assert paid.json()["paid"]["slip"]["earned"][0]["points"] == 6
    assert paid.json()["paid"]["slip"]["customer"] == "Noa L."


def test_a_new_member_with_a_fault_gets_the_dialog_back_as_it_was_filled(client: TestClient, till: Till):
    browser(client, till)
    answer = post(client, "/baskets/current/customers", mobile="05", given_name="Noa", family_name="Levi")
    assert answer.status_code == 422
    assert 'id="new-customer"' in answer.text
    assert 'value="Noa"' in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_a_scanned_document_of_nobody_fills_in_the_new_member(client: TestClient, till: Till):
    zone = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10"
    browser(client, till)
    page = post(client, "/baskets/current/entries", code=zone)
    assert f'name="id_zone" value="{zone.replace("<", "&lt;")}"' in page.text
    assert f"“{zone[:5]}" not in page.text, "what a document says isn't told back"
    form = post(client, "/baskets/current/customers/offers", id_zone=zone, phone="", given_name="", family_name="")
    assert form.status_code == 200
    assert 'value="Eriksson"' in form.text
    assert 'value="Anna Maria"' in form.text
    misread = post(client, "/baskets/current/entries", code=zone.replace("L8", "L9"))
    assert (misread.status_code, "were misread" in misread.text, "id_zone" in misread.text) == (422, True, False)


def test_a_card_that_somebody_has_opens_nobody(client: TestClient, till: Till):
    for name in ("Noa", "Dana"):
        body = {"given_name": name, "card": "12345678"}
        answer = send(client, till, "POST", "/baskets/current/customers", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "card-taken")
    assert send(client, till, "POST", "/baskets/current/entries", {"code": "Dana"}).json()["code"] == "nobody-found"


def test_joining_needs_somebody_who_joins(client: TestClient, session: Session, till: Till):
    club = a_club(session)
    session.commit()
    answer = send(client, till, "POST", "/baskets/current/memberships", {"club_id": club})
    assert (answer.status_code, answer.json()["code"]) == (409, "customer-needed")


def test_somebody_in_no_club_is_shown_those_that_may_be_joined(client: TestClient, session: Session, till: Till):
    a_person(session, given_name="Noa")
    club = a_club(session, "GOLD")
    session.commit()
    page = post(browser(client, till), "/baskets/current/entries", code="Noa")
    assert page.status_code == 200
    assert f'name="club_id" value="{club}"' in page.text


def test_the_next_cashier_finds_the_basket_and_nothing_else_of_the_former(
    client: TestClient, session: Session, till: Till
):
    somebody(session, Role.CASHIER, username="dana")
    session.commit()
    browser(client, till)
    post(client, "/baskets/current/entries", code=MILK)
    post(client, "/baskets/current/payments", means="cash", tendered="10")
    post(client, "/baskets/current/entries", code=MILK)
    assert client.post("/sign-out", headers=HTML | FORM).headers["location"] == "/till"
    assert "Milk" not in client.get("/till", headers=HTML).text
    client.post("/staff-sessions", data={"staff": "dana", "pin": PIN}, headers=HTML | FORM)
    assert "Milk" in client.get("/till", headers=HTML).text
    post(client, "/baskets/current/holds")
    assert "3.60" not in client.get("/till", headers=HTML).text


def test_without_script_every_form_leads_back_to_the_till(client: TestClient, session: Session, till: Till):
    a_person(session, given_name="Noa")
    a_person(session, given_name="Noam")
    session.commit()
    browser(client, till)
    scanned = post(client, "/baskets/current/entries", HTML, code=MILK)
    assert (scanned.status_code, scanned.headers["location"]) == (303, "/till")
    fewer = post(client, "/baskets/current/lines/1", HTML, _method="PATCH", change="-1")
    assert fewer.status_code == 303
    choose = post(client, "/baskets/current/entries", HTML, code="noa")
    assert choose.status_code == 200
    assert choose.text.count('name="customer_id"') == 2
    assert '<form method="post" action="/baskets/current/payments"' not in choose.text
    empty = client.get("/baskets/current/payments/new", headers=HTML)
    assert empty.status_code == 409


def test_an_amount_that_is_none_comes_back_in_the_dialog(client: TestClient, till: Till):
    browser(client, till)
    post(client, "/baskets/current/entries", code=MILK)
    for tendered in ("ten", "5"):
        answer = post(client, "/baskets/current/payments", tendered=tendered)
        assert answer.status_code == 422
        assert 'id="payment"' in answer.text
        assert f'value="{tendered}"' in answer.text


def test_the_last_receipt_is_shown_again(client: TestClient, till: Till):
    browser(client, till)
    nothing = client.get("/till/receipt", headers=HTMX)
    assert (nothing.status_code, nothing.headers["HX-Retarget"]) == (409, "#till")
    post(client, "/baskets/current/entries", code=MILK)
    post(client, "/baskets/current/payments", means="card")
    assert "T1-000001" in client.get("/till/receipt", headers=HTMX).text
    receipt_id = client.get("/till/receipt", headers={"Accept": "application/json"}).json()["receipt_id"]
    assert "T1-000001" in client.get(f"/purchases/{receipt_id}/slip", headers=HTML).text


def test_what_a_till_shows_of_a_customer_is_there_for_machines(client: TestClient, session: Session, till: Till):
    noa = a_person(session, given_name="Noa")
    session.commit()
    panel = client.get(f"/customers/{noa}/panel", headers=till.headers)
    assert (panel.status_code, panel.json()["given_name"]) == (200, "Noa")
    assert client.get("/customers/999999/panel", headers=till.headers).status_code == 404


def test_an_ended_membership_is_renewed_in_the_sale_and_earns(client: TestClient, session: Session, till: Till):
    noa, dana, club = a_person(session, given_name="Noa"), a_person(session, given_name="Dana"), a_club(session)
    ended = a_membership(session, noa, club, joined_on=dt.date(2024, 1, 1))
    session.commit()
    send(client, till, "POST", "/baskets/current/entries", {"code": f"10*{MILK}"})
    body = {"membership_id": ended.membership_id, "card": ended.card_number}
    send(client, till, "PUT", "/baskets/current/customer", {"customer_id": dana})
    assert send(client, till, "POST", "/baskets/current/renewals", body).json()["code"] == "customer-needed"
    before = send(client, till, "PUT", "/baskets/current/customer", {"customer_id": noa}).json()
    after = send(client, till, "POST", "/baskets/current/renewals", body).json()
    [was], [now] = before["customer"]["memberships"], after["customer"]["memberships"]
    assert (was["state"], was["earns"], was["renewable"]) == ("expired", 0, True)
    assert (now["state"], now["earns"], now["renewable"]) == ("valid", 6, False)


def test_holding_a_sale_does_not_bring_the_receipt_before_back(client: TestClient, till: Till):
    send(client, till, "POST", "/baskets/current/entries", {"code": MILK})
    assert send(client, till, "POST", "/baskets/current/payments", {"means": "card"}).json()["paid"]
    send(client, till, "POST", "/baskets/current/entries", {"code": MILK})
    assert send(client, till, "POST", "/baskets/current/holds").json()["paid"] is None


def test_a_basket_paid_meanwhile_shows_the_till_and_not_the_dialog(client: TestClient, till: Till):
    browser(client, till)
    post(client, "/baskets/current/entries", code=MILK)
    changed = post(client, "/baskets/current/payments", expected_minor=1)
    assert (changed.status_code, changed.headers["HX-Retarget"]) == (409, "#dialog")
    assert post(client, "/baskets/current/payments", means="card").status_code == 200
    again = post(client, "/baskets/current/payments", means="card")
    assert (again.status_code, again.headers["HX-Retarget"]) == (409, "#till")
    assert 'id="till"' in again.text
