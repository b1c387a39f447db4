# REQ O-09 I-02: batches of coupons in the back office
import datetime as dt
import itertools

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions.catalog import Role
from tests.make.coupons import a_batch, some_coupons
from tests.make.organisation import PASSWORD, a_chain, somebody

HTML = {"Accept": "text/html", "Origin": "http://testserver"}
keys = (f"key-{number}" for number in itertools.count())


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    a_chain(session)
    somebody(session, Role.HQ)
    session.commit()
    token = client.post("/sign-in", json={"username": "hq", "password": PASSWORD}).json()["token"]
    client.cookies.clear()
    client.headers["Cookie"] = f"club_session={token}"
    client.headers["Origin"] = "http://testserver"
    return client


def test_batches_are_listed_filtered_and_sorted(office: TestClient, session: Session) -> None:
    a_batch(session, "WINTER", valid_to=dt.date(2020, 1, 31))
    a_batch(session, "SPRING", personal=True, valid_from=dt.date(2999, 1, 1))
    a_batch(session, "ALWAYS", most=100)
    some_coupons(session, 3, "ALWAYS")
    session.commit()

    def found(query: str = "") -> list[str]:
        return [each["code"] for each in office.get(f"/coupon-batches{query}").json()["batches"]]

    assert found("?sort=code") == ["ALWAYS", "SPRING", "WINTER"]
    assert found("?sort=issued&direction=desc")[0] == "ALWAYS"
    assert found("?standing=current") == ["ALWAYS"]
    assert found("?standing=coming") == ["SPRING"]
    assert found("?standing=ended") == ["WINTER"]
    assert found("?standing=blocked") == []
    assert found("?personal=true&text=") == ["SPRING"]
    assert found("?text=inter") == ["WINTER"]
    assert found("?text=always%20coup") == ["ALWAYS"]
    assert found("?text=%25") == []
    first = office.get("/coupon-batches?text=always").json()["batches"][0]
    assert (first["issued"], first["left"], first["used"], first["standing"]) == (3, 97, 0, "current")
    lines = office.get("/coupon-batches.csv?sort=code").content.decode("utf-8-sig").splitlines()
    assert lines[1].startswith("ALWAYS,Always coupons,active,no,1,,,,,100,3,0")
    assert office.get("/coupon-batches.xlsx").status_code == 200


def test_the_list_is_drawn_empty_full_and_without_a_match(office: TestClient, session: Session) -> None:
    assert "No coupons yet" in office.get("/coupon-batches", headers=HTML).text
    a_batch(session, days_from_issue=30, names={"en": "<b>Winter</b>"})
    session.commit()
    page = office.get("/coupon-batches", headers=HTML).text
    assert "30 days from issue" in page
    assert "<b>Winter" not in page
    assert "Nothing matches" in office.get("/coupon-batches?text=zzz", headers=HTML).text
