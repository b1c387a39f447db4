# REQ C-02 C-03 I-02: head office's own fields over HTTP
import csv
import io

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from tests.make.office import HTML, form, head_office, send

COLOURS = {"name": "Colours", "kind": "choices", "choices": [{"code": "R", "labels": {"en": "Red"}}, {"code": "B"}]}


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    made = head_office(client, session)
    typed = {"name": "Size", "kind": "number", "labels.en": "Shoe size", "choices[0].code": ""}
    assert form(made, "/classification-fields", typed).status_code == 303
    assert send(made, "POST", "/classification-fields", COLOURS).status_code == 201
    return made


def test_head_office_defines_changes_and_removes_fields(office: TestClient):
    page = office.get("/classification-fields", headers=HTML | {"Accept-Language": "en"}).text
    assert "Shoe size" in page
    assert "class:Colours" in page
    assert office.get("/classification-fields/Size/edit", headers=HTML).status_code == 200
    assert office.get("/classification-fields/Nothing/edit", headers=HTML).status_code == 404
    assert send(office, "PUT", "/classification-fields/Size", {"labels": {"fi": "Koko"}}).status_code == 200
    wrong = form(office, "/classification-fields", {"name": "Pet", "kind": "choice"})
    assert wrong.status_code == 422
    assert 'aria-invalid="true"' in wrong.text
    assert send(office, "DELETE", "/classification-fields/Size").status_code == 200
    assert [each["name"] for each in office.get("/classification-fields").json()["fields"]] == ["Colours"]


def test_a_form_asks_them_keeps_them_and_empties_them(office: TestClient):
    page = office.get("/customers/new", headers=HTML | {"Accept-Language": "en"}).text
    assert 'name="classes.Size"' in page
    assert 'name="classes.Colours.R"' in page
    typed = {"given_name": "Dana", "classes.Size": "39,5", "classes.Colours._": "", "classes.Colours.R": "true"}
    url = form(office, "/customers", typed).headers["location"]
    assert office.get(url).json()["customer"]["classifications"] == {"Colours": "R", "Size": "39.5"}
    record = office.get(url, headers=HTML | {"Accept-Language": "en"}).text
    assert "Shoe size" in record
    assert "Red" in record
    emptied = {"_method": "PATCH", "given_name": "Dana", "classes.Size": "", "classes.Colours._": ""}
    assert form(office, url, emptied).status_code == 303
    assert office.get(url).json()["customer"]["classifications"] == {}
    again = form(office, "/customers", typed | {"classes.Size": "big"})
    assert again.status_code == 422
    assert 'value="big"' in again.text


def test_the_same_rules_hold_for_machines(office: TestClient):
    told = send(office, "POST", "/customers", {"given_name": "Dana", "classes": {"Size": "39", "Colours": ["B", "R"]}})
    assert told.json()["classifications"] == {"Colours": "R;B", "Size": "39"}
    refused = send(office, "POST", "/customers", {"given_name": "Dan", "classes": {"Colours": "green"}})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "classes.Colours")


def test_the_list_is_narrowed_by_them_and_the_file_tells_them(office: TestClient):
    for name, classes in (("A", {"Size": "39", "Colours": ["R", "B"]}), ("B", {"Size": "3"}), ("C", {})):
        send(office, "POST", "/customers", {"number": name, "given_name": name, "classes": classes})
    found = {
        "class_name=Size": ["A", "B"],
        "class_name=Size&class_value=3": ["B"],
        "class_name=Colours&class_value=b": ["A"],
        "class_name=Colours&class_value=G": [],
    }
    for asked, numbers in found.items():
        assert [each["number"] for each in office.get(f"/customers?{asked}").json()["customers"]] == numbers
    assert 'name="class_value"' in office.get("/customers", headers=HTML).text
    rows = list(csv.DictReader(io.StringIO(office.get("/customers.csv").content.decode("utf-8-sig"))))
    assert [(row["class:Size"], row["class:Colours"]) for row in rows] == [("39", "R;B"), ("3", ""), ("", "")]
