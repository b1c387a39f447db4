# REQ C-01 C-02 K-01 M-06 T-01 A-01: the customer of a sale is changed at the till, and their cards given and replaced
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.customers.forms.commands import set_form
from erp_club.customers.forms.rules import FormField, Place
from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.catalog import Role
from erp_club.permissions.models import Staff
from tests.make.clubs import a_card
from tests.make.customers import a_person
from tests.make.purchases import NOW, Till, a_till
from tests.web.test_till import HTML, HTMX, browser, post, send

CARDS = "/baskets/current/member-cards"
DETAILS = "/baskets/current/customer"
OWN, READY = "2900000000018", "7290000000022"


@pytest.fixture
def till(session: Session) -> Till:
    made = a_till(session, role=Role.MANAGER)
    session.commit()
    return made


@pytest.fixture
def yael(client: TestClient, session: Session, till: Till) -> int:
    """The customer of the sale, who has a card."""
    made = a_person(session, given_name="Yael", mobile="0541234567", consent_sms=False)
    a_card(session, made, OWN)
    session.commit()
    send(client, till, "PUT", DETAILS, {"customer_id": made})
    return made


def cards(client: TestClient, till: Till) -> dict[str, tuple[int, str]]:
    """The id and the state of each card of the sale's customer, by its number."""
    told = client.get(CARDS, headers=till.headers).json()
    return {each["number"]: (each["id"], each["state"]) for each in told["cards"]}


def test_a_lost_card_is_reported_and_replaced_by_one_that_lies_ready(client: TestClient, till: Till, yael: int) -> None:
    card, _ = cards(client, till)[OWN]
    assert send(client, till, "POST", f"{CARDS}/{card}/losses").json()["state"] == "lost"
    short = send(client, till, "POST", f"{CARDS}/{card}/replacements", {"number": "12"})
    assert (short.status_code, short.json()["errors"][0]["field"]) == (422, "card")
    made = send(client, till, "POST", f"{CARDS}/{card}/replacements", {"number": READY})
    assert (made.status_code, made.json()["number"], made.json()["customer_id"]) == (201, READY, yael)
    assert {number: state for number, (_, state) in cards(client, till).items()} == {OWN: "replaced", READY: "active"}
    told = send(client, till, "POST", "/baskets/current/entries", {"code": OWN})
    assert (told.status_code, told.json()["code"]) == (409, "card-replaced")
    assert send(client, till, "POST", "/baskets/current/entries", {"code": READY}).json()["customer"]["number"]


def test_a_card_is_blocked_and_released_and_one_more_is_given(client: TestClient, till: Till, yael: int) -> None:
    card, _ = cards(client, till)[OWN]
    assert send(client, till, "POST", f"{CARDS}/{card}/blocks").json()["state"] == "blocked"
    assert send(client, till, "POST", "/baskets/current/entries", {"code": OWN}).json()["code"] == "card-blocked"
    assert send(client, till, "POST", f"{CARDS}/{card}/releases").json()["state"] == "active"
    assert send(client, till, "POST", CARDS).json()["customer_id"] == yael
    assert len(cards(client, till)) == 2


def test_only_the_cards_of_the_sale_s_customer_are_changed(
    client: TestClient, session: Session, till: Till, yael: int
) -> None:
    other = a_person(session, given_name="Dana")
    a_card(session, other, READY)
    session.commit()
    assert yael != other
    theirs = client.get(f"/customers/{other}/cards", headers=till.headers).json()["cards"][0]["id"]
    for noun in ("losses", "blocks", "releases", "replacements"):
        refused = send(client, till, "POST", f"{CARDS}/{theirs}/{noun}")
        assert (refused.status_code, refused.json()["code"]) == (404, "card-unknown"), noun
    send(client, till, "DELETE", DETAILS)
    assert send(client, till, "POST", CARDS).json()["code"] == "customer-needed"
    assert client.get(CARDS, headers=till.headers).json()["code"] == "customer-needed"


def test_each_action_has_a_permission_of_its_own(client: TestClient, session: Session, till: Till, yael: int) -> None:
    assert till.by.staff_id is not None
    session.get_one(Staff, till.by.staff_id).role = Role.CASHIER
    session.commit()
    card, _ = cards(client, till)[OWN]
    assert send(client, till, "POST", f"{CARDS}/{card}/blocks").status_code == 403
    assert send(client, till, "PATCH", DETAILS, {"city": "Haifa"}).status_code == 403
    assert client.get(f"{DETAILS}/edit", headers=till.headers).status_code == 403
    assert send(client, till, "POST", f"{CARDS}/{card}/losses").status_code == 201
    assert client.get(f"/customers/{yael}", headers=till.headers).json()["customer"]["city"] is None


def test_the_details_are_those_of_the_till_s_form_and_are_changed_there(
    client: TestClient, session: Session, till: Till, yael: int
) -> None:
    shown = [FormField("mobile", required=True), FormField("given_name"), FormField("family_name"), FormField("city")]
    set_form(session, Place.TILL, shown, now=NOW, by=SYSTEM)
    session.commit()
    told = client.get(f"{DETAILS}/edit", headers=till.headers).json()
    assert [each["name"] for each in told["fields"]] == ["mobile", "given_name", "family_name", "city"]
    seen = told["person"]["changed_at"]
    none = send(client, till, "PATCH", DETAILS, {"mobile": None})
    assert (none.status_code, none.json()["errors"][0]["field"]) == (422, "mobile")
    done = send(client, till, "PATCH", DETAILS, {"city": "Haifa", "mobile": "054-7654321", "changed_at": seen})
    assert (done.status_code, done.json()["customer"]["mobile"]) == (200, "+972547654321")
    stale = send(client, till, "PATCH", DETAILS, {"city": "Eilat", "changed_at": seen})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale")
    kept = client.get(f"/customers/{yael}", headers=till.headers).json()["customer"]
    assert (kept["city"], kept["consent_sms"]) == ("Haifa", False)


def test_the_dialogs_say_what_is_wrong_beside_the_field(client: TestClient, till: Till, yael: int) -> None:
    page = browser(client, till)
    opened = page.get(f"{DETAILS}/edit", headers=HTMX).text
    assert 'name="mobile"' in opened
    refused = post(page, DETAILS, _method="PATCH", mobile="054", given_name="Yael", family_name="Cohen")
    assert (refused.status_code, refused.headers["HX-Retarget"]) == (422, "#dialog")
    assert 'id="e-f-mobile"' in refused.text
    assert 'value="054"' in refused.text
    saved = post(page, DETAILS, _method="PATCH", mobile="0547654321", given_name="Yael", family_name="Cohen")
    assert (saved.status_code, "054-765-4321" in saved.text) == (200, True)
    card, _ = cards(client, till)[OWN]
    wrong = post(page, f"{CARDS}/{card}/replacements", number="12")
    assert (wrong.status_code, 'id="e-f-number"' in wrong.text, 'value="12"' in wrong.text) == (422, True, False)
    done = post(page, f"{CARDS}/{card}/replacements", number=READY)
    assert (done.status_code, done.headers["HX-Retarget"], READY in done.text) == (201, "#dialog", True)


def test_without_script_the_dialogs_are_pages(client: TestClient, till: Till, yael: int) -> None:
    page = browser(client, till)
    assert CARDS in page.get("/baskets/current/memberships", headers=HTML).text
    card, _ = cards(client, till)[OWN]
    assert f"{CARDS}/{card}/replacements" in page.get(f"{CARDS}/{card}/replacements/new", headers=HTML).text
    done = post(page, f"{CARDS}/{card}/losses", headers=HTML)
    assert (done.status_code, done.headers["location"]) == (303, CARDS)
    assert f"{DETAILS}" in page.get(f"{DETAILS}/edit", headers=HTML).text
    saved = post(page, DETAILS, headers=HTML, _method="PATCH", city="Haifa")
    assert (saved.status_code, saved.headers["location"]) == (303, "/till")
    assert page.get(f"/customers/{yael}", headers=till.headers).json()["customer"]["city"] == "Haifa"
