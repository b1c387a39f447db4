# REQ M-09: households by machine and by form, each act behind its own permission
from dataclasses import dataclass

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions.catalog import Role
from tests.make import browser
from tests.make.clubs import a_customer, a_membership, moved
from tests.make.households import a_family, a_household_club
from tests.web.test_clubs import HTML, send, signed_in, submit


@dataclass
class Home:
    """Two members of a club, with 30 and 12 points: their memberships, and the addresses of their households."""

    customer: int
    parent: int
    child: int

    @property
    def url(self) -> str:
        return f"/memberships/{self.parent}/household"

    @property
    def theirs(self) -> str:
        return f"/memberships/{self.child}/household"


PARENT, CHILD = "100001", "100002"


@pytest.fixture
def home(session: Session) -> Home:
    club_id = a_household_club(session, invitation_days=7, leaver="equal_share", redeems="named")
    made: list[int] = []
    for number, points in ((PARENT, 30), (CHILD, 12)):
        customer = a_customer(session, number)
        joined = a_membership(session, customer, club_id)
        moved(session, customer, joined.points_account_id, points)
        made.append(joined.membership_id)
    session.commit()
    return Home(customer, *made)


def test_one_is_invited_accepts_uses_points_leads_and_leaves(client: TestClient, session: Session, home: Home) -> None:
    signed_in(client, session)
    invited = send(client, f"{home.url}/invitations", {"customer": CHILD})
    assert (invited.status_code, invited.json()["members"]) == (201, [])
    (asked,) = client.get(home.theirs).json()["invitations"]
    assert (asked["is_ours"], asked["number"]) == (False, PARENT)

    accepted = send(client, f"/household-invitations/{asked['id']}/acceptances")
    told = client.get(home.url).json()
    assert (accepted.status_code, told["balance"]) == (201, 42)
    assert [(each["own_points"], each["is_main"], each["redeems"]) for each in told["members"]] == [
        (30, True, True),
        (12, False, False),
    ]
    named = send(client, f"{home.theirs}/redeemers", {"may_redeem": True})
    assert [each["redeems"] for each in named.json()["members"]] == [True, True]

    assert send(client, f"{home.theirs}/leaders").status_code == 201
    refused = send(client, f"{home.theirs}/departures")
    assert (refused.status_code, refused.json()["code"]) == (409, "household-main")
    assert client.get(f"{home.url}/departures/new").json()["points"] == 21
    assert send(client, f"{home.url}/departures").status_code == 201
    assert (client.get(home.url).json()["balance"], client.get(home.theirs).json()["balance"]) == (21, 21)
    assert len(client.get(home.url).json()["former"]) == 4


def test_one_is_linked_by_a_card_that_holds(client: TestClient, session: Session, home: Home) -> None:
    signed_in(client, session)
    child = client.get(home.theirs).json()["customer_id"]
    card = client.get(f"/customers/{child}/cards").json()["cards"][0]
    assert send(client, f"/cards/{card['id']}/losses").status_code == 201
    refused = send(client, f"{home.url}/members", {"customer": card["number"]})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "customer")
    assert send(client, f"/cards/{card['id']}/releases").status_code == 201
    linked = send(client, f"{home.url}/members", {"customer": card["number"]})
    assert (linked.status_code, [each["number"] for each in linked.json()["members"]]) == (201, [PARENT, CHILD])


# REQ P-12 M-09
def test_a_receipt_tells_the_points_in_a_household_that_the_buyer_has_left(
    client: TestClient, session: Session
) -> None:
    family = a_family(session)
    main, other = family.join(100, 0)
    before = family.buys(other, 5_00).posted.receipt_id
    session.commit()
    browser.signed_in(client, session)
    numbers = ["200001", "200002"]
    assert send(client, f"/memberships/{main}/household/members", {"customer": numbers[1]}).status_code == 201
    sold = family.buys(other, 30_00, points=10).posted.receipt_id
    session.commit()

    def told(receipt: int) -> list[tuple[str, int, str | None]]:
        purchase = client.get(f"/purchases/{receipt}").json()
        return [
            (kind, each["points"], each["whose"] and each["whose"]["number"])
            for kind in ("earned", "spent")
            for each in purchase[kind]
        ]

    assert told(before) == [("earned", 5, None)]
    assert told(sold) == [("earned", 29, None), ("spent", 10, None)]
    assert send(client, f"/memberships/{other}/household/departures").status_code == 201
    assert told(sold) == [("earned", 29, numbers[0]), ("spent", 10, numbers[0])]
    page = client.get(f"/purchases/{sold}", headers=HTML).text
    assert "in the household of" in page
    assert "29" in client.get(f"/purchases/{sold}/slip", headers=HTML).text

    third = a_customer(session, "300001")
    session.commit()
    assert send(client, f"/customers/{third}/merges", {"merged_id": family.customer(other)}).status_code == 201
    assert told(before)[0][:2] == ("earned", 5)
    assert told(sold) == [("earned", 29, numbers[0]), ("spent", 10, numbers[0])]


def test_the_same_key_links_once(client: TestClient, session: Session, home: Home) -> None:
    signed_in(client, session)
    body = {"customer": CHILD}
    first, again = (send(client, f"{home.url}/members", body, key="link-one") for _ in range(2))
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())


def test_the_page_shows_the_members_and_keeps_what_was_typed(client: TestClient, session: Session, home: Home) -> None:
    signed_in(client, session)
    page = submit(client, f"{home.url}/members", {"customer": "999999"})
    assert page.status_code == 422
    assert 'value="999999"' in page.text
    linked = submit(client, f"{home.url}/members", {"customer": CHILD})
    assert (linked.status_code, linked.headers["location"]) == (303, home.url)
    shown = client.get(home.url, headers=HTML).text
    assert "Main member" in shown
    assert CHILD in shown
    leaving = client.get(f"{home.theirs}/departures/new", headers=HTML).text
    assert "Takes along" in leaving
    assert "/household" in client.get(f"/customers/{home.customer}", headers=HTML).text


def test_a_cashier_changes_no_household(client: TestClient, session: Session, home: Home) -> None:
    signed_in(client, session, role=Role.CASHIER)
    for path in ("members", "invitations", "departures", "leaders", "redeemers"):
        assert send(client, f"{home.url}/{path}", {"customer": "1"}).status_code == 403, path


def test_what_is_not_there_is_not_found(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    assert client.get("/memberships/999/household").status_code == 404
    assert send(client, "/household-invitations/999/refusals").status_code == 404
