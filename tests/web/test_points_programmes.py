# REQ P-10 A-01 A-03: head office sets a programme up, sees whom it touches, and runs it; over a limit a second person
import csv

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.jobs import runner
from erp_club.kernel.db import Database
from erp_club.kernel.settings import Settings
from erp_club.permissions.catalog import Role
from erp_club.points.models import PointsAccount
from tests.make.clubs import a_club
from tests.make.office import HTML, form, head_office, send
from tests.make.organisation import PASSWORD, somebody
from tests.points.test_expiry import a_member, earned
from web.app import create_app
from web.deps import Shop


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    return with_points(client, session)


def with_points(client: TestClient, session: Session) -> TestClient:
    """Head office, and a member with more points than a programme moves without an approval."""
    office = head_office(client, session)
    earned(session, a_member(session, "100001", a_club(session)), 120_000, last_day=None)
    session.commit()
    return office


def set_up(office: TestClient, **other: object) -> int:
    club_id = office.get("/points-programmes/new").json()["clubs"][0]["id"]
    told = send(office, "POST", "/points-programmes", {"name": "Spring", "club_id": club_id, "effect": "zero"} | other)
    assert told.status_code == 201, told.text
    return told.json()["programme"]["id"]


def test_a_programme_shows_whom_it_touches_before_it_runs(office: TestClient) -> None:
    programme_id = set_up(office, effect="percent", percent="-10", numbers="100001, 100002")
    page = office.get(f"/points-programmes/{programme_id}", headers=HTML)
    assert page.status_code == 200
    assert "100001" in page.text
    assert "No customer has these numbers:" in page.text
    assert office.get(page.url.path).json()["unknown"] == ["100002"]
    assert "₪600.00" in page.text
    counts = {each["name"]: each["number"] for each in office.get(page.url.path).json()["preview"]["counts"]}
    assert counts == {"accounts": 1, "given": 0, "taken": 12_000}
    run = send(office, "POST", f"/points-programmes/{programme_id}/runs").json()
    assert (run["state"], run["dry_run"]) == ("queued", False)
    assert send(office, "POST", f"/points-programmes/{programme_id}/runs").json()["id"] == run["id"]
    assert send(office, "POST", f"/points-programmes/{programme_id}/runs", {"dry_run": True}).json()["dry_run"]
    assert "Spring" in office.get("/points-programmes", headers=HTML).text


def test_the_programmes_are_taken_out_as_a_file(office: TestClient) -> None:
    # REQ I-02
    set_up(office, effect="percent", percent="-10", numbers="100001, 100002")
    set_up(office, name="Autumn", effect="add", points="50", joined_from="2026-01-01")
    assert 'href="/points-programmes.xlsx"' in office.get("/points-programmes", headers=HTML).text
    told = list(csv.DictReader(office.get("/points-programmes.csv").content.decode("utf-8-sig").splitlines()))
    assert [(each["name"], each["effect"], each["amount"], each["customers"]) for each in told] == [
        ("Autumn", "add", "50", ""), ("Spring", "percent", "-10.00", "2")
    ]  # fmt: skip
    assert (told[0]["joined_from"], told[0]["club"], told[0]["state"]) == ("2026-01-01", "Gold club", "open")
    assert office.get("/points-programmes.xlsx").content[:2] == b"PK"


def test_a_programme_can_be_for_those_in_a_segment(office: TestClient, session: Session) -> None:
    club_id = office.get("/points-programmes/new").json()["clubs"][0]["id"]
    earned(session, a_member(session, "100002", club_id), 50, last_day=None)
    session.commit()
    lists = {"name": "Gone quiet", "numbers": "100002"}
    segment_id = send(office, "POST", "/segment-lists", lists).json()["id"]
    assert "Gone quiet" in office.get("/points-programmes/new", headers=HTML).text
    url = f"/points-programmes/{set_up(office, segment_id=segment_id)}"
    counts = {each["name"]: each["number"] for each in office.get(url).json()["preview"]["counts"]}
    assert counts == {"accounts": 1, "given": 0, "taken": 50}
    assert f'href="/segments/{segment_id}"' in office.get(url, headers=HTML).text


def test_over_the_limit_a_run_waits_until_somebody_else_says_yes(committed: Database) -> None:
    with TestClient(create_app(Shop(committed, Settings())), follow_redirects=False) as client:
        with committed.session() as session:
            office = with_points(client, session)
            somebody(session, Role.HQ, username="second")
            session.commit()
        url = f"/points-programmes/{set_up(office, effect='percent', percent='-100')}"
        assert "waits until somebody else approves it" in office.get(url, headers=HTML).text
        run = f"/job-runs/{send(office, 'POST', f'{url}/runs').json()['id']}"
        runner.work_waiting(committed)
        assert office.get(run).json()["state"] == "awaits"
        assert send(office, "POST", f"{run}/decisions", {"approve": True}).json()["code"] == "second-person-needed"
        for page in ("/jobs", run):
            shown = office.get(page, headers=HTML).text
            assert "Awaits approval" in shown
            assert "/decisions" not in shown, "who asked is shown no button"
        token = office.post("/sign-in", json={"username": "second", "password": PASSWORD}).json()["token"]
        office.cookies.clear()
        office.headers["Cookie"] = f"club_session={token}"
        assert "1 run of a job waits for your approval." in office.get("/", headers=HTML).text
        assert office.get("/jobs").json()["waiting"][0]["yours"]
        assert f"{run}/decisions" in office.get("/jobs", headers=HTML).text
        assert form(office, f"{run}/decisions", {"approve": "true"}).status_code == 303
        assert "Approved by" in office.get(run, headers=HTML).text
        assert send(office, "POST", f"{run}/decisions", {"approve": True}).json()["code"] == "job-run-not-waiting"
        runner.work_waiting(committed)
        assert office.get(run).json()["state"] == "done"
        with committed.session() as session:
            account_id = session.scalars(sa.select(PointsAccount.id)).one()
        history = office.get(f"/points-accounts/{account_id}/movements?kind=adjusted", headers=HTML).text
        assert 'Programme of points <span class="dim"><bdi>Spring' in history


def test_what_was_typed_wrong_comes_back_beside_its_field(office: TestClient) -> None:
    assert office.get("/points-programmes/new", headers=HTML).status_code == 200
    refused = form(
        office, "/points-programmes", {"name": "Spring", "club_id": "1", "effect": "percent", "run_on": "2020-01-01"}
    )
    assert refused.status_code == 422
    for told in ("Say how many.", "This day is over already.", 'value="Spring"'):
        assert told in refused.text
    club_id = office.get("/points-programmes/new").json()["clubs"][0]["id"]
    for wrong in (
        {"points": 10**12, "effect": "add"},
        {"percent": "-101", "effect": "percent"},
        {"effect": "fish"},
        {"numbers": "\x00"},
        {"club_id": 2**31 - 1},
        {"segment_id": 2**31 - 1},
    ):
        body = {"name": "Spring", "club_id": club_id, "effect": "zero"} | wrong
        assert send(office, "POST", "/points-programmes", body).status_code in {404, 422}, wrong


def test_a_withdrawn_programme_runs_no_more(office: TestClient) -> None:
    url = f"/points-programmes/{set_up(office)}"
    assert form(office, f"{url}/withdrawals").status_code == 303
    assert send(office, "POST", f"{url}/runs").status_code == 409
    assert "Withdrawn" in office.get(url, headers=HTML).text
    assert office.get("/points-programmes/7777").status_code == 404
