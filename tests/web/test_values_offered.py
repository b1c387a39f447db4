# REQ C-03 C-04: a value that isn't among those that a field has is refused, with the field and what it may be
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from tests.make.customers import a_person
from tests.make.files import a_file, taken_in, told
from tests.make.office import HTML, form, head_office, send

WRONG = {
    "language": ("xx", "en, fi, he, sv"),
    "gender": ("Q", "F, M, X"),
    "country": ("ZZ", "IL"),
    "id_kind": ("visa", "national_id, passport, none"),
}


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    return head_office(client, session)


@pytest.mark.parametrize(("field", "value", "offered"), [(name, *said) for name, said in WRONG.items()])
def test_a_customer_has_only_values_that_there_are(
    session: Session, office: TestClient, field: str, value: str, offered: str
):
    known = a_person(session, number="X9")
    session.commit()
    body = {"given_name": "Yael", "family_name": "Cohen", field: value}
    if field == "id_kind":
        body["id_number"] = "355675463"
    for method, url in (("POST", "/customers"), ("PATCH", f"/customers/{known}")):
        refused = send(office, method, url, body)
        assert refused.status_code == 422, refused.text
        (error,) = refused.json()["errors"]
        assert error["field"] == field
        assert offered in error["message"]
    page = form(office, "/customers", body)
    assert page.status_code == 422
    assert offered in page.text
    assert f'id="f-{field}"' in page.text


def test_a_file_has_only_languages_that_there_are(session: Session, office: TestClient, tmp_path):
    row = {"number": "C1", "given_name": "Rachel", "family_name": "Reznik", "language": "xx"}
    taken_in(session, a_file(tmp_path, "customers", row, row | {"number": "C2", "language": "RU"}), "customers")
    ((_, column, text),) = told(session)
    assert (column, "ISO 639-1: en, fi, he, sv" in str(text)) == ("language", True)


def test_each_route_tells_what_it_takes(office: TestClient):
    refused = send(office, "POST", "/file-imports", {"kind": "people", "file": {"name": "a.csv", "content": ""}})
    assert refused.status_code == 422
    told = {each["field"]: each["message"] for each in refused.json()["errors"]}
    assert told["kind"].startswith("Choose one of these: products, customers")
    assert office.get("/customers/new", headers=HTML).status_code == 200
