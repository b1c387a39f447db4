# REQ X-01 N-01: wordings of consents and their history over HTTP
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from tests.make.customers import a_person
from tests.make.office import HTML, form, head_office, send


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    return head_office(client, session)


def test_head_office_words_a_consent_and_forms_ask_it(office: TestClient):
    assert "texts.he" in office.get("/consent-wordings", headers=HTML).text
    typed = {"_method": "PUT", "texts.en": "Yes, text me", "texts.he": "כן, שלחו לי"}
    assert form(office, "/consent-wordings/sms", typed).status_code == 303
    page = office.get("/consent-wordings").json()
    [sms] = [each for each in page["channels"] if each["channel"] == "sms"]
    assert (sms["current"]["version"], sms["current"]["texts"]["en"]) == (1, "Yes, text me")
    assert "Yes, text me" in office.get("/customers/new", headers=HTML | {"Accept-Language": "en"}).text
    assert form(office, "/consent-wordings/sms", {"_method": "PUT", "texts.en": ""}).status_code == 422
    assert send(office, "PUT", "/consent-wordings/fax", {"texts": {"en": "x"}}).status_code == 404


def test_the_page_of_a_customer_leads_to_all_that_they_have_said(office: TestClient, session: Session):
    silent = a_person(session)
    session.commit()
    send(office, "PUT", "/consent-wordings/sms", {"texts": {"en": "Yes, text me", "he": "כן"}})
    opened = form(office, "/customers", {"given_name": "Dana", "consent_sms": "true"})
    customer_id = int(opened.headers["location"].rpartition("/")[2])
    send(office, "PATCH", f"/customers/{customer_id}", {"consent_sms": False})
    url = f"/customers/{customer_id}/consents"
    assert url in office.get(f"/customers/{customer_id}", headers=HTML).text
    said = office.get(url).json()["said"]
    # A machine shows what it will: nobody knows what was read there.
    assert [(each["given"], each["version"]) for each in said] == [(False, None), (True, 1)]
    assert "Yes, text me" in office.get(url, headers=HTML | {"Accept-Language": "en"}).text
    assert office.get(f"/customers/{silent}/consents", headers=HTML).status_code == 200
    assert office.get("/customers/999999/consents").status_code == 404
