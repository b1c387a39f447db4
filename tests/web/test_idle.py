"""A till that was left alone shows nothing, on whichever page, until somebody signs on again."""

# REQ T-05 A-01
import datetime as dt

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions.catalog import Role
from erp_club.permissions.models import StaffSession
from tests.make.browser import HTML, signed_in
from tests.make.organisation import PIN, a_chain, a_store, a_terminal, somebody


@pytest.fixture
def till(client: TestClient, session: Session) -> TestClient:
    """A browser that is a till, at which a manager has signed on."""
    a_chain(session)
    _, key = a_terminal(session, a_store(session))
    somebody(session, Role.MANAGER)
    session.commit()
    client.post("/terminal-enrolments", data={"key": key}, headers=HTML)
    client.post("/staff-sessions", data={"staff": "manager", "pin": PIN}, headers=HTML)
    return client


def left_alone(session: Session, minutes: int) -> None:
    seen = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=minutes)
    session.execute(sa.update(StaffSession).values(seen_at=seen))
    session.commit()


@pytest.mark.parametrize("url", ["/account", "/approvals", "/till"])
def test_whichever_page_is_opened_after_a_pause_asks_for_the_pin(till: TestClient, session: Session, url: str):
    assert "Somebody manager" in till.get(url, headers=HTML).text
    left_alone(session, 14)
    assert "Somebody manager" in till.get(url, headers=HTML).text
    left_alone(session, 16)
    shown = till.get(url, headers=HTML, follow_redirects=True)
    assert 'name="pin"' in shown.text
    assert "Somebody manager" not in shown.text
    assert session.scalar(sa.select(sa.func.count()).select_from(StaffSession)) == 0


def test_a_page_of_who_signed_on_by_pin_locks_itself_and_one_of_the_office_doesnt(till: TestClient, session: Session):
    assert 'data-idle="10"' in till.get("/account", headers=HTML).text
    till.cookies.clear()
    signed_in(till, session)
    assert "data-idle" not in till.get("/account", headers=HTML).text
    left_alone(session, 60)
    assert till.get("/account", headers=HTML).status_code == 200


def test_a_machines_till_locks_its_own_screen(client: TestClient, session: Session):
    a_chain(session)
    _, key = a_terminal(session, a_store(session))
    somebody(session)
    session.commit()
    headers = {"Authorization": f"Bearer {key}"}
    token = client.post("/staff-sessions", json={"staff": "cashier", "pin": PIN}, headers=headers).json()["token"]
    left_alone(session, 60)
    searched = client.post("/customer-searches", json={"text": "5"}, headers=headers | {"X-Staff-Session": token})
    assert searched.status_code == 200
