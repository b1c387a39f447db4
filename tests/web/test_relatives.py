# REQ C-09: relatives, customers or not, told from both sides
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions.catalog import Role
from tests.make.clubs import a_customer
from tests.web.test_clubs import HTML, send, signed_in, submit


def told(client: TestClient, customer_id: int) -> list[tuple[str, str, str | None]]:
    rows = client.get(f"/customers/{customer_id}/relatives").json()["relatives"]
    return [(each["kind"], each["name"], each["birthday"]) for each in rows]


def test_a_relative_may_be_nobodys_customer(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    yael = a_customer(session)
    session.commit()
    url = f"/customers/{yael}/relatives"
    assert send(client, url, {"kind": "child", "name": " Dana  Cohen ", "birthday": "22.2.2016"}).status_code == 201
    assert told(client, yael) == [("child", "Dana Cohen", "2016-02-22")]
    again = send(client, url, {"kind": "other", "name": "dana cohen", "birthday": "2016-02-22"})
    assert (again.status_code, again.json()["code"]) == (409, "relative-known")
    assert send(client, url, {"kind": "child", "name": "Dana Cohen", "birthday": "2018-03-01"}).status_code == 201
    (kept, twin) = client.get(url).json()["relatives"]
    assert send(client, f"{url}/{twin['id']}", method="DELETE").status_code == 200
    assert send(client, f"{url}/{kept['id']}", method="DELETE").json()["relatives"] == []
    assert send(client, f"{url}/{kept['id']}", method="DELETE").status_code == 404


def test_two_customers_are_told_from_both_sides(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    yael, dana = a_customer(session), a_customer(session, "100002", given_name="Dana")
    session.commit()
    send(client, f"/customers/{dana}", {"birthday": "2016-02-22"}, method="PATCH")
    assert send(client, f"/customers/{yael}/relatives", {"kind": "child", "number": "100002"}).status_code == 201
    assert told(client, yael) == [("child", "Dana Cohen", "2016-02-22")]
    assert told(client, dana) == [("parent", "Yael Cohen", None)]
    again = send(client, f"/customers/{yael}/relatives", {"kind": "other", "number": "100002"})
    assert (again.status_code, again.json()["code"]) == (409, "relative-known")
    assert send(client, f"/customers/{dana}/relatives", {"kind": "parent", "number": "100001"}).status_code == 201
    assert told(client, dana) == [("parent", "Yael Cohen", None)], "one link however often it is told"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "child"}, "name"),
        ({"kind": "child", "name": "Dana", "number": "100002"}, "name"),
        ({"kind": "child", "name": "Dana", "birthday": "2999-01-01"}, "birthday"),
        ({"kind": "child", "name": "Dana", "birthday": "yesterday"}, "birthday"),
        ({"kind": "child", "number": "100001"}, "number"),
        ({"kind": "child", "number": "nobody"}, "number"),
        ({"kind": "neighbour", "name": "Dana"}, "kind"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(
    client: TestClient, session: Session, body: dict[str, str], field: str
) -> None:
    signed_in(client, session)
    yael = a_customer(session)
    session.commit()
    refused = send(client, f"/customers/{yael}/relatives", body)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    assert told(client, yael) == []


def test_nobody_has_relatives_who_is_nobody(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    for nobody in (0, 999_999):
        assert send(client, f"/customers/{nobody}/relatives", {"kind": "child", "name": "Dana"}).status_code == 404
        assert client.get(f"/customers/{nobody}/relatives").status_code == 404


def test_a_cashier_sees_relatives_and_changes_none(client: TestClient, session: Session) -> None:
    signed_in(client, session, Role.CASHIER)
    yael = a_customer(session)
    session.commit()
    assert send(client, f"/customers/{yael}/relatives", {"kind": "child", "name": "Dana"}).status_code == 403
    assert "Add a relative" not in client.get(f"/customers/{yael}/relatives", headers=HTML).text


@pytest.mark.parametrize("language", ["he", "fi", "sv", "en"])
def test_the_card_of_relatives_is_drawn_in_every_language(client: TestClient, session: Session, language: str) -> None:
    signed_in(client, session)
    yael = a_customer(session)
    session.commit()
    client.cookies.set("language", language)
    added = submit(client, f"/customers/{yael}/relatives", {"kind": "spouse", "name": "דן"}, htmx=True)
    assert (added.status_code, 'id="relatives"' in added.text, "דן" in added.text) == (201, True, True)
    refused = submit(client, f"/customers/{yael}/relatives", {"kind": "spouse"}, htmx=True)
    assert (refused.status_code, 'id="relatives"' in refused.text) == (422, True)
    page = client.get(f"/customers/{yael}", headers=HTML)
    assert (page.status_code, f'lang="{language}"' in page.text) == (200, True)
