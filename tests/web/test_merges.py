# REQ C-08: merging over HTTP, as pages and as JSON
import datetime as dt

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.clubs.models import Membership
from erp_club.permissions.catalog import GRANTS, Permission, Role
from tests.make.clubs import a_card, a_club, a_membership
from tests.make.customers import a_person
from tests.make.office import HTML, form, head_office, send
from tests.make.organisation import a_store
from tests.make.purchases import a_product, a_till_in

JSON = {"Accept": "application/json"}
TODAY = dt.date(2026, 11, 22)


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    return head_office(client, session)


@pytest.fixture
def two(session: Session, office: TestClient) -> tuple[int, int]:
    survivor = a_person(session, number="S1", city="Haifa", consent_sms=True)
    merged = a_person(session, number="M1", given_name="Yaeli", email="yaeli@example.org", consent_sms=False)
    a_card(session, merged, "2900000000018")
    a_membership(session, merged, a_club(session))
    session.commit()
    return survivor, merged


def test_the_preview_shows_both_field_by_field_and_what_moves(office: TestClient, two: tuple[int, int]):
    survivor, merged = two
    told = send(office, "POST", f"/customers/{survivor}/merge-previews", {"number": "m1"})
    assert told.status_code == 200, told.text
    view = told.json()
    assert (view["survivor"]["customer_id"], view["merged"]["customer_id"]) == two
    assert (view["cards"], view["receipts"], [each["both"] for each in view["clubs"]]) == (1, 0, [False])
    fields = {each["name"]: (each["ours"], each["theirs"], each["take"]) for each in view["fields"]}
    assert fields["given_name"] == ("Yael", "Yaeli", False)
    assert fields["email"] == ("", "yaeli@example.org", True)
    page = office.post(f"/customers/{survivor}/merge-previews", data={"merged_id": merged}, headers=HTML)
    assert 'name="take[]" value="email" checked' in page.text


def preview(office: TestClient, survivor: int, merged: int) -> list[str | None]:
    """What stands in the way of a merge, club by club."""
    told = send(office, "POST", f"/customers/{survivor}/merge-previews", {"merged_id": merged})
    return [club["obstacle"] for club in told.json()["clubs"]]


def test_the_preview_says_what_has_to_be_settled_first(office: TestClient, two: tuple[int, int], session: Session):
    survivor, merged = two
    club_id = session.scalars(sa.select(Membership.club_id)).one()
    held = a_membership(session, survivor, club_id)
    session.commit()
    assert preview(office, survivor, merged) == [None]
    for state, says in (("paused", "paused"), ("waiting", "still to be paid")):
        session.execute(
            sa.update(Membership).where(Membership.id == held.membership_id).values(state=state, state_on=TODAY)
        )
        session.commit()
        for one, other in ((survivor, merged), (merged, survivor)):
            (obstacle,) = preview(office, one, other)
            assert obstacle is not None
            assert says in obstacle
            refused = send(office, "POST", f"/customers/{one}/merges", {"merged_id": other})
            assert (refused.status_code, refused.json()["detail"]) == (409, obstacle)
    page = office.post(f"/customers/{survivor}/merge-previews", data={"merged_id": merged}, headers=HTML).text
    assert "be merged yet" in page
    assert 'class="btn pri"' not in page
    open_again = sa.update(Membership).where(Membership.id == held.membership_id)
    session.execute(open_again.values(state="open", state_on=None, joined_on=TODAY))
    theirs = session.scalars(sa.select(Membership.id).where(Membership.customer_id == merged)).one()
    send(office, "POST", f"/memberships/{theirs}/extensions", {"until": "2090-01-01"})
    assert send(office, "POST", f"/customers/{survivor}/merges", {"merged_id": merged}).status_code == 201
    in_hebrew = office.get(f"/customers/{survivor}/memberships", headers=HTML | {"Accept-Language": "he"}).text
    assert "מוזגו לאדם אחד" in in_hebrew
    assert "Merged" not in in_hebrew
    for page in (f"/customers/{survivor}/access-file", f"/customers/{survivor}?tab=changes"):
        assert "Merged" not in office.get(page, headers=HTML | {"Accept-Language": "he"}).text, page


def test_a_page_merges_and_the_old_address_leads_on(office: TestClient, two: tuple[int, int]):
    survivor, merged = two
    made = form(office, f"/customers/{survivor}/merges", {"merged_id": str(merged), "take[]": "email"})
    assert (made.status_code, made.headers["location"]) == (303, f"/customers/{survivor}")
    person = office.get(f"/customers/{survivor}").json()["customer"]
    assert (person["email"], person["given_name"], person["consent_sms"]) == ("yaeli@example.org", "Yael", False)
    led = office.get(f"/customers/{merged}?tab=points", headers=HTML)
    assert (led.status_code, led.headers["location"]) == (308, f"/customers/{survivor}?tab=points")
    led = office.get(f"/customers/{merged}/panel", headers=JSON)
    assert (led.status_code, led.json()["customer_id"]) == (200, survivor)
    led = office.get(f"/customers/{merged}", headers=JSON)
    assert (led.status_code, led.json()["customer_id"]) == (308, survivor)


def test_a_change_of_the_old_id_is_led_on_under_its_key_too(office: TestClient, two: tuple[int, int]):
    survivor, merged = two
    send(office, "POST", f"/customers/{survivor}/merges", {"merged_id": merged})
    led = office.patch(f"/customers/{merged}", json={"city": "Eilat"}, headers={"Idempotency-Key": "once"})
    assert led.status_code == 308
    again = office.patch(led.headers["location"], json={"city": "Eilat"}, headers={"Idempotency-Key": "once"})
    assert (again.status_code, again.json()["city"]) == (200, "Eilat")


def test_a_merge_is_shown_and_undone_on_the_page(office: TestClient, two: tuple[int, int]):
    survivor, merged = two
    merge_id = send(office, "POST", f"/customers/{survivor}/merges", {"merged_id": merged}).json()["merge_id"]
    assert f"/merges/{merge_id}/undoings/new" in office.get(f"/customers/{survivor}/merges", headers=HTML).text
    url = f"/merges/{merge_id}/undoings/new"
    told = office.get(url).json()
    (club,) = told["clubs"]
    assert (club["ours"], club["theirs"]["state"], told["obstacle"]) == (None, "valid", None)
    assert told == office.get(url).json(), "looking changes nothing"
    assert "Comes back: " in office.get(url, headers=HTML | {"Accept-Language": "en"}).text
    parted = form(office, f"/merges/{merge_id}/undoings")
    assert (parted.status_code, parted.headers["location"]) == (303, f"/customers/{merged}")
    assert office.get(f"/customers/{merged}").json()["customer"]["card"] == "2900000000018"
    changes = office.get(f"/customers/{survivor}?tab=changes").json()["changes"]
    assert [each["action"] for each in changes][:2] == ["customer.unmerge", "customer.merge"]
    assert send(office, "POST", f"/merges/{merge_id}/undoings").json()["code"] == "merge-undone"
    assert "undone" in office.get(url).json()["obstacle"]


def test_the_form_says_what_is_wrong_beside_the_number(office: TestClient, two: tuple[int, int]):
    survivor, _ = two
    told = office.post(f"/customers/{survivor}/merge-previews", data={"number": "nobody"}, headers=HTML)
    assert (told.status_code, "No living customer has this number." in told.text) == (422, True)
    assert send(office, "POST", f"/customers/{survivor}/merge-previews", {"number": "S1"}).status_code == 422
    assert send(office, "POST", f"/customers/{survivor}/merges", {"merged_id": 1, "take": ["state"]}).status_code == 422


def test_a_till_sells_to_the_one_who_is_left_whatever_number_it_knows(
    session: Session, office: TestClient, two: tuple[int, int]
):
    survivor, merged = two
    send(office, "POST", f"/customers/{survivor}/merges", {"merged_id": merged})
    a_product(session, "7290000000017", price_minor=100_00)
    till = a_till_in(session, a_store(session, "374").id, username="till-cashier")
    session.commit()
    office.cookies.clear()
    del office.headers["Cookie"]
    for number, who in enumerate(({"id": merged}, {"number": "M1"}, {"card": "2900000000018"})):
        body = {
            "receipt_no": f"9-{number}",
            "customer": who,
            "lines": [{"sku": "7290000000017", "quantity": "1"}],
            "payments": [{"means": "card", "amount_minor": 100_00}],
        }
        sold = office.post("/purchases", json=body, headers=till.headers | {"Idempotency-Key": f"k{number}"})
        assert sold.status_code == 201, sold.text
        assert [each["balance"] for each in sold.json()["earned"]] == [10 * (number + 1)]


def test_only_head_office_merges():
    assert [role for role in Role if Permission.PEOPLE_MERGE in GRANTS[role]] == [Role.HQ]
