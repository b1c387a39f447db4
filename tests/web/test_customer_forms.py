# REQ C-02 A-02: head office decides what the form of a new customer shows and needs, for each place
import uuid

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.customers.forms.rules import FIELDS, Place, default_form
from erp_club.kernel.audit import AuditEntry
from erp_club.permissions.catalog import Role
from tests.make.organisation import PIN, a_chain, a_store, a_terminal, somebody
from tests.make.purchases import a_till_in
from tests.web.test_clubs import HTML, send, signed_in, submit


def keyed() -> dict[str, str]:
    return {"Idempotency-Key": uuid.uuid4().hex}


def decide(client: TestClient, place: str, *fields: dict[str, object]):
    return send(client, f"/customer-forms/{place}", {"fields": list(fields)}, method="PUT")


def a_field(name: str, *, required: bool = False, **more: object) -> dict[str, object]:
    return {"name": name, "shown": True, "required": required, **more}


def opened(client: TestClient, **fields: str):
    return send(client, "/customers", fields)


def test_the_form_of_the_office_shows_just_what_was_decided(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    fields = (a_field("email", required=True, help={"en": "We send receipts there."}), a_field("family_name"))
    assert decide(client, "office", *fields).status_code == 200
    page = client.get("/customers/new", headers=HTML).text
    assert [name for name in FIELDS if f'id="f-{name}"' in page] == ["family_name", "email"]
    assert "We send receipts there." in page
    refused = opened(client, family_name="Cohen")
    assert (refused.status_code, [each["field"] for each in refused.json()["errors"]]) == (422, ["email"])
    assert opened(client, family_name="Cohen", email="y@example.org", city="Haifa").status_code == 201


def test_what_is_needed_can_not_be_emptied_later(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    made = opened(client, family_name="Cohen", mobile="0526961785").json()["customer_id"]
    decide(client, "office", a_field("family_name"), a_field("mobile", required=True), a_field("email", required=True))
    emptied = send(client, f"/customers/{made}", {"mobile": None}, method="PATCH")
    assert (emptied.status_code, [each["field"] for each in emptied.json()["errors"]]) == (422, ["mobile"])
    renamed = send(client, f"/customers/{made}", {"family_name": "Levi"}, method="PATCH")
    assert renamed.status_code == 200, "whoever was opened before isn't asked for the e-mail now"


def test_the_till_follows_its_own_form_by_page_and_by_machine(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    assert decide(client, "till", a_field("given_name"), a_field("birthday", required=True)).status_code == 200
    client.cookies.clear()
    _, key = a_terminal(session, a_store(session))
    somebody(session)
    session.commit()
    till = {"Authorization": f"Bearer {key}"}
    token = client.post("/staff-sessions", json={"staff": "cashier", "pin": PIN}, headers=till).json()["token"]
    till |= {"X-Staff-Session": token}
    dialog = client.get("/baskets/current/customers/new", headers=till | HTML).text
    assert [name for name in FIELDS if f'id="f-{name}"' in dialog] == ["given_name", "birthday"]
    for url in ("/customers", "/baskets/current/customers"):
        refused = client.post(url, json={"given_name": "Yael"}, headers=till | keyed())
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "birthday"), url
    body = {"given_name": "Yael", "birthday": "1990-02-03"}
    assert client.post("/customers", json=body, headers=till | keyed()).status_code == 201


def test_a_web_shop_follows_the_form_that_customers_fill_in_themselves(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    till = a_till_in(session, a_store(session, "1").id, username="till-cashier")
    web = a_till_in(session, a_store(session, "2").id, username="web-shop")
    session.execute(sa.text("UPDATE stores SET channel = 'web' WHERE code = '2'"))
    session.commit()
    decide(client, "self", a_field("family_name"), a_field("email", required=True))
    client.cookies.clear()
    body = {"family_name": "Cohen"}
    refused = client.post("/customers", json=body, headers=web.headers | keyed())
    assert (refused.status_code, [each["field"] for each in refused.json()["errors"]]) == (422, ["email"])
    asked = client.get("/customers/new", headers=web.headers).json()["fields"]
    assert [(each["name"], each["required"]) for each in asked] == [("family_name", False), ("email", True)]
    assert client.post("/customers", json=body, headers=till.headers | keyed()).status_code == 201


def test_what_can_not_be_a_form_is_told_at_its_field(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    for fields, field in (
        ([{"name": "family_name", "shown": True}, {"name": "email", "required": True}], "fields[1].required"),
        ([{"name": "family_name", "shown": True}, {"name": "shoe_size"}], "fields[1].name"),
        ([{"name": "email", "shown": True}], "fields"),
        ([a_field("family_name"), a_field("family_name")], "fields[1].name"),
    ):
        refused = decide(client, "office", *fields)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    kept = client.get("/customer-forms/office").json()["fields"]
    assert [each["name"] for each in kept if each["shown"]] == [
        each.name for each in default_form(Place.OFFICE) if each.shown
    ]


def test_the_page_decides_order_and_texts_and_it_is_kept_who_did(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    typed = {"_method": "PUT"}
    for number, (name, position, shown) in enumerate(
        (("family_name", 2, True), ("mobile", 1, True), ("city", 3, False))
    ):
        typed |= {f"fields[{number}].name": name, f"fields[{number}].position": str(position)}
        typed |= {f"fields[{number}].shown": "true"} if shown else {}
    done = submit(client, "/customer-forms/self", typed | {"fields[1].help.he": "כולל קידומת"})
    assert (done.status_code, done.headers["location"]) == (303, "/customer-forms/self")
    kept = client.get("/customer-forms/self").json()["fields"]
    assert [(each["name"], each["help"]) for each in kept if each["shown"]] == [
        ("mobile", {"he": "כולל קידומת"}),
        ("family_name", {}),
    ]
    entry = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "customer-form.change")).one()
    assert (entry.entity_id, entry.after and entry.after["shown"]) == ("self", ["mobile", "family_name"])
    refused = submit(client, "/customer-forms/self", {"_method": "PUT", "fields[0].name": "mobile"})
    assert refused.status_code == 422
    assert "Show a field for a name" in refused.text


def test_only_head_office_decides(client: TestClient, session: Session) -> None:
    signed_in(client, session, Role.MANAGER)
    assert decide(client, "office", a_field("family_name")).status_code == 403
    assert client.get("/customer-forms/till").status_code == 403


@pytest.mark.parametrize("language", ["he", "fi", "sv", "en"])
def test_the_forms_are_shown_in_every_language(client: TestClient, session: Session, language: str) -> None:
    signed_in(client, session)
    client.cookies.set("language", language)
    for url in ("/customer-forms", "/customer-forms/till", "/customer-forms/self", "/customers/new"):
        page = client.get(url, headers=HTML)
        assert (page.status_code, f'lang="{language}"' in page.text) == (200, True)


def test_a_chain_that_has_decided_nothing_asks_little_at_the_till(client: TestClient, session: Session) -> None:
    a_chain(session)
    assert [each.name for each in default_form(Place.TILL) if each.shown] == [
        "mobile",
        "given_name",
        "family_name",
        "consent_sms",
    ]
    assert not any(each.required for place in Place for each in default_form(place))
