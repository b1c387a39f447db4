# REQ M-01 M-02 M-06 A-01: clubs and memberships over the web
import re
import uuid
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.clubs import queries
from erp_club.clubs.kinds import ClubState
from erp_club.permissions.catalog import Role
from tests.make.clubs import TODAY, a_card, a_club, a_customer, a_membership
from tests.make.organisation import PASSWORD, PIN, a_chain, a_store, a_terminal, somebody

HTML = {"Accept": "text/html", "Origin": "http://testserver"}
JSON = {"Origin": "http://testserver"}
HTMX = HTML | {"HX-Request": "true"}
NEW = {
    "code": "gold",
    "names": {"en": "Gold", "he": "זהב"},
    "earn_points": 1,
    "earn_per_minor": 1000,
    "worth_points": 100,
    "worth_minor": 500,
    "term_kind": "months",
    "term_months": 12,
}


def signed_in(client: TestClient, session: Session, role: Role = Role.HQ) -> TestClient:
    """The client with somebody of this role signed in, in a chain whose language is English."""
    a_chain(session)
    somebody(session, role)
    session.commit()
    assert client.post("/sign-in", data={"username": role.value, "password": PASSWORD}).status_code == 201
    return client


def send(client: TestClient, url: str, body: Any = None, *, method: str = "POST", key: str = "") -> httpx2.Response:
    headers = JSON | {"Idempotency-Key": key or uuid.uuid4().hex}
    return client.request(method, url, json=body, headers=headers)


def submit(client: TestClient, url: str, fields: dict[str, Any], *, htmx: bool = False) -> httpx2.Response:
    return client.post(url, data={"idempotency_key": uuid.uuid4().hex} | fields, headers=HTMX if htmx else HTML)


def test_head_office_sets_up_publishes_and_closes_a_club(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    made = send(client, "/clubs", NEW)
    assert made.status_code == 201
    club_id = made.json()["id"]
    assert made.headers["location"] == f"/clubs/{club_id}"
    assert (made.json()["code"], made.json()["state"], made.json()["currency"]) == ("GOLD", "draft", "ILS")
    assert send(client, f"/clubs/{club_id}/publications").json()["state"] == "published"
    assert client.get("/clubs").json()["clubs"][0]["state"] == "published"
    assert send(client, f"/clubs/{club_id}/closures").json()["state"] == "closed"
    again = send(client, f"/clubs/{club_id}/publications")
    assert (again.status_code, again.json()["code"]) == (409, "club-not-draft")


def test_the_form_takes_amounts_as_they_are_typed(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    fields = {
        "code": "GOLD",
        "names.en": "Gold",
        "names.fi": "",
        "earn_points": "1",
        "earn_per": "10,00",
        "worth_points": "100",
        "worth": "5",
        "term_kind": "lifetime",
        "term_months": "",
    }
    made = submit(client, "/clubs", fields)
    assert made.status_code == 303
    (club,) = queries.clubs(session)
    assert (club.earn_per_minor, club.worth_minor, club.term_months, club.names) == (1000, 500, None, {"en": "Gold"})
    assert made.headers["location"] == f"/clubs/{club.id}"


def test_a_form_with_faults_comes_back_as_it_was_typed(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    fields = {
        "code": "GO LD",
        "names.en": "Gold & Co",
        "earn_points": "1",
        "earn_per": "0",
        "worth_points": "100",
        "term_kind": "months",
    }
    again = submit(client, "/clubs", fields)
    assert again.status_code == 422
    assert 'value="Gold &amp; Co"' in again.text
    assert 'id="e-f-worth"' in again.text
    fields["worth"] = "5"
    again = submit(client, "/clubs", fields)
    for field in ("code", "earn_per", "term_months"):
        assert f'id="e-f-{field}"' in again.text
    assert queries.clubs(session) == []


def test_a_change_needs_the_version_it_was_made_from(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    gold = a_club(session)
    session.commit()
    version = client.get(f"/clubs/{gold}").json()["club"]["version"]
    changed = send(client, f"/clubs/{gold}", {"version": version, "earn_points": 2}, method="PATCH")
    assert (changed.status_code, changed.json()["earn_points"], changed.json()["version"]) == (200, 2, version + 1)
    stale = send(client, f"/clubs/{gold}", {"version": version, "earn_points": 3}, method="PATCH")
    assert (stale.status_code, stale.json()["code"]) == (409, "stale")
    fields = {
        "_method": "PATCH",
        "version": str(version),
        "names.en": "My gold",
        "names.he": "",
        "earn_points": "3",
        "earn_per": "10",
        "worth_points": "100",
        "worth": "5",
        "term_kind": "months",
        "term_months": "6",
    }
    form = submit(client, f"/clubs/{gold}", fields, htmx=True)
    assert form.status_code == 409
    assert form.text.count('id="settings"') == 1
    assert 'value="My gold"' in form.text, "what was typed is kept"
    assert f'name="version" value="{version + 1}"' in form.text, "saving again is a decision about what is there now"
    assert queries.club(session, gold).earn_points == 2
    saved = submit(client, f"/clubs/{gold}", fields | {"version": str(version + 1)})
    assert (saved.status_code, saved.headers["location"]) == (303, f"/clubs/{gold}")
    row = queries.club(session, gold)
    assert (row.names, row.earn_points, row.term_months) == ({"en": "My gold"}, 3, 6)


def test_a_chain_in_hebrew_needs_the_hebrew_name(client: TestClient, session: Session) -> None:
    a_chain(session).language = "he"
    somebody(session, Role.HQ)
    session.commit()
    client.post("/sign-in", data={"username": "hq", "password": PASSWORD})
    refused = send(client, "/clubs", NEW | {"names": {"en": "Gold"}})
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == ["names.he"]


def test_the_pages_of_clubs_are_drawn(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    assert "No clubs yet" in client.get("/clubs", headers=HTML).text
    gold = a_club(session)
    a_club(session, "DRAFT", months=None, state=ClubState.DRAFT)
    a_membership(session, a_customer(session), gold)
    session.commit()
    listed = client.get("/clubs", headers=HTML).text
    assert "Gold club" in listed
    assert "point for each" in listed
    page = client.get(f"/clubs/{gold}", headers=HTML).text
    for words in ("Members today", "Outstanding", "New members by month", "Close the club"):
        assert words in page
    assert "1 member stops earning" in client.get(f"/clubs/{gold}/closures/new", headers=HTML).text
    assert 'value="10.00"' in client.get(f"/clubs/{gold}/edit", headers=HTML).text
    assert client.get(f"/clubs/{gold}/edit", headers=HTMX).text.lstrip().startswith("<section")
    assert "Set up the draft" in client.get("/clubs/new", headers=HTML).text
    assert client.get("/clubs/999999", headers=HTML).status_code == 404
    assert client.get("/clubs/abc", headers=HTML).status_code == 404


def test_the_list_of_clubs_goes_into_a_file(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    a_club(session)
    session.commit()
    rows = client.get("/clubs.csv").text.splitlines()
    assert rows[1] == "GOLD,Gold club,published,1,10.00,100,5.00,ILS,12,0,0,0.00"
    assert client.get("/clubs.xlsx").content.startswith(b"PK")


def test_who_may_not_edit_clubs_neither_sees_the_button_nor_gets_through(client: TestClient, session: Session) -> None:
    signed_in(client, session, Role.MANAGER)
    gold = a_club(session, state=ClubState.DRAFT)
    session.commit()
    assert "/publications" not in client.get(f"/clubs/{gold}", headers=HTML).text
    refused = submit(client, f"/clubs/{gold}/publications", {})
    assert refused.status_code == 403
    assert "Gold club" not in refused.text
    assert send(client, "/clubs", NEW).status_code == 403


def test_nobody_sees_a_stored_form_by_sending_it_wrong(client: TestClient, session: Session) -> None:
    a_chain(session)
    gold = a_club(session)
    session.commit()
    refused = submit(client, f"/clubs/{gold}", {"_method": "PATCH"})
    assert (refused.status_code, refused.headers["location"]) == (303, "/sign-in")
    assert "Gold club" not in submit(client, f"/clubs/{gold}", {"_method": "PATCH", "name": "x"}).text
    by_htmx = submit(client, f"/clubs/{gold}", {"_method": "PATCH"}, htmx=True)
    assert by_htmx.status_code == 401
    assert "Gold club" not in by_htmx.text


# Memberships


def test_a_till_joins_a_customer_by_the_clubs_code(client: TestClient, session: Session) -> None:
    a_chain(session)
    _, key = a_terminal(session, a_store(session))
    somebody(session)
    yael, gold = a_customer(session), a_club(session)
    session.commit()
    till = {"Authorization": f"Bearer {key}"}
    token = client.post("/staff-sessions", json={"staff": "cashier", "pin": PIN}, headers=till).json()["token"]
    till |= {"X-Staff-Session": token, "Idempotency-Key": "join-1"}
    url = f"/customers/{yael}/memberships"
    joined = client.post(url, json={"club": "gold"}, headers=till)
    assert joined.status_code == 201
    made = joined.json()
    assert set(made) == {"membership_id", "points_account_id", "card", "valid_until"}
    again = client.post(url, json={"club": "gold"}, headers=till)
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (made, "true")
    twice = client.post(url, json={"club_id": gold}, headers=till | {"Idempotency-Key": "join-2"})
    assert (twice.status_code, twice.json()["code"], twice.json()["membership_id"]) == (
        409,
        "already-member",
        made["membership_id"],
    )
    (row,) = client.get(url, headers=till).json()["memberships"]
    assert (row["code"], row["state"], row["valid_until"]) == ("GOLD", "valid", made["valid_until"])


def test_which_club_has_to_be_said_once(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    yael, gold = a_customer(session), a_club(session)
    session.commit()
    for body in ({}, {"club": "GOLD", "club_id": gold}):
        refused = send(client, f"/customers/{yael}/memberships", body)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "club")
    assert send(client, f"/customers/{yael}/memberships", {"club": "NONE"}).status_code == 404
    assert send(client, "/customers/999999/memberships", {"club": "GOLD"}).status_code == 404
    assert client.get("/customers/999999/memberships").status_code == 404


def test_the_same_key_twice_renews_once_and_another_key_renews_again(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    yael = a_customer(session)
    membership = a_membership(session, yael, a_club(session)).membership_id
    session.commit()
    url = f"/memberships/{membership}/renewals"
    first, repeat = send(client, url, key="k1"), send(client, url, key="k1")
    assert first.json()["valid_until"] == repeat.json()["valid_until"] == "2028-11-21"
    assert send(client, url, key="k2").json()["valid_until"] == "2029-11-21"
    (row,) = queries.memberships(session, yael, today=TODAY)
    assert len(row.periods) == 3


def test_a_renewal_with_a_card_of_somebody_else_changes_nothing(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    yael, dana = a_customer(session), a_customer(session, "100002")
    membership = a_membership(session, yael, a_club(session)).membership_id
    card = a_card(session, dana, "7290000000015")
    session.commit()
    refused = send(client, f"/memberships/{membership}/renewals", {"card": card})
    assert (refused.status_code, refused.json()["code"]) == (409, "card-of-another")
    (row,) = queries.memberships(session, yael, today=TODAY)
    assert len(row.periods) == 1


def test_a_day_that_is_too_early_comes_back_in_the_dialog(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    membership = a_membership(session, a_customer(session), a_club(session)).membership_id
    session.commit()
    url = f"/memberships/{membership}/extensions"
    refused = submit(client, url, {"until": "2027-11-21"}, htmx=True)
    assert refused.status_code == 422
    assert 'id="extend-membership"' in refused.text
    assert "until 21 Nov 2027 already" in refused.text
    assert submit(client, url, {}).status_code == 422
    done = submit(client, url, {"until": "2027-12-31"}, htmx=True)
    assert done.status_code == 201
    assert 'id="memberships"' in done.text
    assert "31 Dec 2027" in done.headers["hx-trigger"]


def test_the_region_of_memberships_shows_what_one_may_do(client: TestClient, session: Session) -> None:
    signed_in(client, session, Role.CASHIER)
    yael = a_customer(session)
    gold, life = a_club(session), a_club(session, "LIFE", months=None)
    membership = a_membership(session, yael, gold).membership_id
    session.commit()
    url = f"/customers/{yael}/memberships"
    page = client.get(url, headers=HTML).text
    assert f"/memberships/{membership}/renewals" in page
    assert "extensions/new" not in page, "a cashier doesn't extend"
    joined = submit(client, url, {"club": "LIFE"}, htmx=True)
    assert joined.status_code == 201
    assert re.search(r'<section[^>]* id="memberships"', joined.text)
    assert "<option" not in joined.text, "no club is left to join"
    assert joined.text.count("/renewals") == 1, "what is for life isn't renewed"
    refused = submit(client, url, {"club": "LIFE"}, htmx=True)
    assert refused.status_code == 409
    assert "for life already" in refused.text
    assert submit(client, url, {"club_id": str(life)}).status_code == 409
    assert submit(client, f"/memberships/{membership}/extensions", {"until": "2030-01-01"}).status_code == 403


def test_somebody_without_a_membership_is_offered_the_clubs(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    yael = a_customer(session)
    session.commit()
    url = f"/customers/{yael}/memberships"
    assert "There is no club to join yet" in client.get(url, headers=HTML).text
    a_club(session)
    session.commit()
    assert '<option value="GOLD">' in client.get(url, headers=HTML).text
    plain = submit(client, url, {"club": "GOLD"})
    assert (plain.status_code, plain.headers["location"]) == (303, f"/customers/{yael}")


@pytest.mark.parametrize("language", ["he", "fi", "sv", "en"])
def test_the_pages_are_drawn_in_every_language(client: TestClient, session: Session, language: str) -> None:
    signed_in(client, session)
    yael, gold = a_customer(session), a_club(session)
    membership = a_membership(session, yael, gold).membership_id
    session.commit()
    client.cookies.set("language", language)
    for url in (
        "/clubs",
        f"/clubs/{gold}",
        f"/customers/{yael}/memberships",
        f"/memberships/{membership}/extensions/new",
    ):
        page = client.get(url, headers=HTML)
        assert page.status_code == 200
        assert f'lang="{language}"' in page.text
