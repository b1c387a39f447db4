# REQ M-03 P-03: the level of a member on the customer's page, at the till and as JSON
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions.catalog import Role
from tests.make.browser import signed_in
from tests.make.levels import a_club_with_levels, a_member, buys
from tests.make.purchases import Till, a_till
from tests.web.test_till import HTML, browser, post, send


@pytest.fixture
def till(session: Session) -> Till:
    return a_till(session)


@pytest.fixture
def member(session: Session, till: Till) -> tuple[int, int]:
    """A member who has bought for 600.00."""
    made = a_member(session, a_club_with_levels(session))
    buys(session, till, made[0], 600_00)
    session.commit()
    return made


def in_the_office(client: TestClient, session: Session) -> TestClient:
    signed_in(client, session, Role.MANAGER)
    return client


def test_the_till_shows_the_level_and_what_the_next_needs(
    client: TestClient, session: Session, till: Till, member: tuple[int, int]
):
    level = client.get(f"/customers/{member[0]}/panel", headers=till.headers).json()["memberships"][0]["level"]
    assert (level["code"], level["missing"], level["next"]["code"]) == ("silver", 400_00, "gold")
    send(client, till, "PUT", "/baskets/current/customer", {"customer_id": member[0]})
    page = browser(client, till).get("/till", headers=HTML).text
    assert "Silver" in page
    assert "more for <bdi>Gold</bdi>" in page


def test_a_manager_gives_a_level_with_a_reason_and_takes_it_back(
    client: TestClient, session: Session, member: tuple[int, int]
):
    office = in_the_office(client, session)
    url = f"/memberships/{member[1]}/levels"
    assert "Give a level" in office.get(f"{url}/new", headers=HTML).text
    refused = post(office, url, level="gold", until="2020-01-01", reason="")
    assert refused.status_code == 422
    assert "This day is over already." in refused.text
    given = post(office, url, level="gold", until="2026-12-10", reason="A complaint")
    assert given.status_code == 201
    assert "A complaint" in given.text
    back = post(office, url, _method="DELETE")
    assert back.status_code == 201, back.text
    history = office.get(f"/customers/{member[0]}/memberships", headers={"Accept": "application/json"}).json()
    assert [each["cause"] for each in history["memberships"][0]["levels"]][:2] == ["by_hand_ended", "by_hand"]


def test_a_cashier_gives_no_level(client: TestClient, till: Till, member: tuple[int, int]):
    refused = send(client, till, "POST", f"/memberships/{member[1]}/levels", {"level": "gold", "reason": "For fun"})
    assert refused.status_code == 403
