# REQ M-02 P-18 A-01: a club's programme over the web: read in sentences, written as a document, kept as versions
import json

from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions.catalog import Role
from erp_club.programmes import documents
from tests.make.clubs import a_club
from tests.make.programmes import example
from tests.web.test_clubs import HTML, send, signed_in, submit

DOCUMENT = documents.brief(example("bagel_cafe")) | {"code": "GOLD"}


def test_head_office_writes_a_programme_and_reads_it_in_sentences(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    url = f"/clubs/{a_club(session)}/programme"
    session.commit()
    before = client.get(url).json()
    assert before["sections"] == []
    assert before["document"]["earning"]["rules"][0]["kind"] == "money"
    made = send(client, url, DOCUMENT)
    assert made.status_code == 201
    assert made.json()["document"] == DOCUMENT
    unknown = [each["text"] for each in made.json()["warnings"] if each["path"] == "excluded.groups"]
    assert unknown == [f"No product group is called “{name}” yet." for name in ("Catering", "Delicatessen")]
    text = client.get(url, headers=HTML).text
    assert "Only with a balance of 30 points." in text
    assert "In force" in text
    assert send(client, url, DOCUMENT).json()["versions"] == made.json()["versions"]


def test_a_fault_stands_beside_the_document_that_was_typed(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    url = f"/clubs/{a_club(session)}/programme"
    session.commit()
    wrong = json.dumps(DOCUMENT | {"channels": {"joining": []}})
    answer = submit(client, url, {"document": wrong})
    assert answer.status_code == 422
    assert "Nobody can join: name at least one channel." in answer.text
    assert send(client, url, DOCUMENT | {"code": "OTHER"}).status_code == 422
    assert client.get(url).json()["versions"] == []


def test_a_cashier_may_not_write_a_programme(client: TestClient, session: Session) -> None:
    signed_in(client, session, Role.CASHIER)
    url = f"/clubs/{a_club(session)}/programme"
    session.commit()
    assert send(client, url, DOCUMENT).status_code == 403


def test_the_schema_is_published(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    assert client.get("/schemas/programme.json").json() == json.loads(json.dumps(documents.schema()))
