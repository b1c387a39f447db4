# REQ C-05 C-06 C-10: searching by name over HTTP, by whatever people type and are called
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions.catalog import Role
from tests.make.customers import a_person
from tests.make.organisation import a_chain, somebody
from tests.web.test_customers import signed_in

JSON, HTML = {"Accept": "application/json"}, {"Accept": "text/html"}
CALLED = [
    ("O'Brien", "Maeve"), ("גרשון־לוי", "רבקה"), ("Nguyễn", "Văn An"), ("Null", "None"), ("X", "Æ"),
    ("b" * 200, "a" * 200), ("Co\u202ehen", "Ya\u200bel"),
    ("<b>", "&amp;"), ("%s", "{0}"), ("王", "小明"), ("ﷺ", "'"), ("1st", "R2-D2"),
]  # fmt: skip


@pytest.fixture
def hq(client: TestClient, session: Session) -> TestClient:
    a_chain(session)
    somebody(session, Role.HQ)
    session.commit()
    return signed_in(client, Role.HQ)


@pytest.mark.parametrize(("family", "given"), CALLED)
def test_whoever_is_opened_is_found_again(hq: TestClient, session: Session, family: str, given: str):
    customer_id = a_person(session, family_name=family, given_name=given)
    session.commit()
    for typed in (f"{given} {family}"[:200], f"{family} {given}"[:200], given, family):
        for accept in (JSON, HTML):
            answer = hq.post("/customer-searches", data={"text": typed}, headers=accept)
            assert answer.status_code == 200, typed
    found = hq.post("/customer-searches", json={"text": f"{family} {given}"[:200]}, headers=JSON).json()["found"]
    assert [each["customer_id"] for each in found] == [customer_id]
