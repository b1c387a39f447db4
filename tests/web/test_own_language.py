# REQ N-01: a chain's own language comes first, and only in it a name is asked for
import re
import uuid

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions.catalog import Role
from tests.make.clubs import a_club
from tests.make.organisation import PASSWORD, a_chain, somebody

HTML = {"Accept": "text/html", "Origin": "http://testserver", "Accept-Language": "en"}
FORMS = {
    "/clubs": {"earn_points": "1", "earn_per": "10", "worth_points": "100", "worth": "5", "term_kind": "lifetime"},
    "/coupon-batches": {"uses": "1"},
    "/price-lists": {"level": "Silver", "all_stores": "true"},
    "/card-products": {"valid_months": "60", "least": "10", "most": "500"},
    "/birthday-plans": {"gift": "points", "points": "100"},
}


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    a_chain(session).language = "he"
    somebody(session, Role.HQ)
    session.commit()
    assert client.post("/sign-in", data={"username": "hq", "password": PASSWORD}).status_code == 201
    return client


def form(office: TestClient, url: str, fields: dict[str, str]) -> tuple[int, str]:
    answer = office.post(url, data={"idempotency_key": uuid.uuid4().hex} | fields, headers=HTML)
    return answer.status_code, answer.headers.get("location", answer.text)


@pytest.mark.parametrize("url", FORMS)
def test_in_a_chain_that_speaks_hebrew_a_hebrew_name_is_enough(office: TestClient, session: Session, url: str) -> None:
    club_id = a_club(session)
    session.commit()
    fields = FORMS[url] | {"code": "OWN"} | ({"club": str(club_id)} if url == "/birthday-plans" else {})
    status, again = form(office, url, fields | {"names.en": "Only English"})
    assert status == 422
    assert re.findall(r'id="e-f-(names-..)"', again) == ["names-he"]
    assert re.findall(r'<input[^>]* name="names\.(..)"', again) == ["he", "fi", "sv", "en"]
    assert re.findall(r'name="names\.(..)"[^>]* required', again) == ["he"]
    status, made = form(office, url, fields | {"names.he": "שלנו"})
    assert (status, form(office, url, fields | {"names.he": "שלנו"})[0]) == (303, 409), made
    assert "שלנו" in office.get(url, headers=HTML).text
    if url != "/card-products":
        assert "שלנו" in office.get(f"{url}.csv").text


@pytest.mark.parametrize(
    "url", ["/consent-wordings", "/classification-fields/new", "/customer-forms", "/offers/new?kind=percent"]
)
def test_where_texts_are_asked_for_in_all_languages_the_chains_own_comes_first(
    client: TestClient, session: Session, url: str
) -> None:
    a_chain(session).language = "sv"
    somebody(session, Role.HQ)
    session.commit()
    assert client.post("/sign-in", data={"username": "hq", "password": PASSWORD}).status_code == 201
    page = client.get(url, headers=HTML).text
    asked = re.findall(r'<(?:input|textarea)[^>]* lang="(..)"', page)
    assert asked[:4] == ["sv", "he", "fi", "en"]
