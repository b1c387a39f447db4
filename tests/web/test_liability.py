# REQ P-14 R-06: the report of points outstanding over the web
import re

from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions.catalog import Role
from tests.make.organisation import PASSWORD, a_store, somebody
from tests.web.test_points import HTML, an_account


def test_head_office_reads_what_is_outstanding_and_that_it_equals_the_ledger(
    client: TestClient, session: Session
) -> None:
    an_account(client, session, 5_000, -1_200)
    told = client.get("/reports/liability", params={"first": "2017-01-01"}).json()
    (club,) = told["clubs"]
    assert (club["outstanding"]["points"], club["closing"]["points"], club["difference"]) == (3_800, 3_800, 0)
    moved = {each["way"]: each["points"] for each in club["moved"]}
    assert sum(moved.values()) + club["opening"]["points"] == 3_800
    assert sum(each["points"] for each in club["ages"]) == sum(each["points"] for each in club["months"]) == 3_800
    page = re.sub(r"</?bdi[^>]*>", "", client.get("/reports/liability", headers=HTML).text)
    assert "Equals the ledger to the point" in page
    lines = client.get("/reports/liability.csv").text.splitlines()
    assert lines[0].removeprefix("\ufeff") == "club,age_months,ends_in,points,worth"
    assert ",24+,,3800," in lines[1]


def test_bounds_that_can_not_be_are_refused_and_a_past_period_is_not_compared(
    client: TestClient, session: Session
) -> None:
    an_account(client, session, 5_000)
    wrong = client.get("/reports/liability", params={"first": "2026-02-01", "last": "2026-01-01"})
    assert wrong.status_code == 422
    past = client.get("/reports/liability", params={"first": "2016-01-01", "last": "2016-12-31"}).json()
    assert [(each["closing"]["points"], each["difference"]) for each in past["clubs"]] == [(0, None)]
    assert client.get("/reports/liability", params={"club": "999"}).json()["clubs"] == []


def test_whoever_sees_one_store_only_does_not_read_it(client: TestClient, session: Session) -> None:
    an_account(client, session, 5_000)
    somebody(session, Role.MANAGER, username="boss", store=a_store(session))
    session.commit()
    client.cookies.clear()
    client.post("/sign-in", data={"username": "boss", "password": PASSWORD})
    assert client.get("/reports/liability").status_code == 403
