# REQ R-06 I-02: views of lists and reports that people keep and share
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions.catalog import Role
from tests.make.office import HTML, form, head_office, send
from tests.make.organisation import PASSWORD, somebody

BY_STORE = "/reports/purchases?by=store&first=2026-01-01&last=2026-03-31"


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    somebody_else = head_office(client, session)
    somebody(session, Role.HQ, username="colleague")
    session.commit()
    return somebody_else


def signed_in(client: TestClient, username: str) -> TestClient:
    told = client.post("/sign-in", json={"username": username, "password": PASSWORD})
    client.cookies.clear()
    client.headers["Cookie"] = f"club_session={told.json()['token']}"
    return client


def saved(office: TestClient, **other: object) -> dict[str, object]:
    told = send(office, "POST", "/saved-views", {"name": "First quarter", "address": BY_STORE} | other)
    assert told.status_code == 201, told.text
    return told.json()


def names(office: TestClient) -> list[str]:
    return [each["name"] for each in office.get("/saved-views").json()["views"]]


def test_a_view_is_saved_opened_renamed_deleted_and_had_back(office: TestClient):
    typed = {"name": "First quarter", "address": f"{BY_STORE}&page=3", "shared": "true"}
    assert form(office, "/saved-views", typed).headers["location"] == BY_STORE
    assert ">First quarter<" in office.get("/reports/purchases", headers=HTML).text
    view = office.get("/saved-views").json()["views"][0]
    assert (view["url"], view["shared"], view["own"]) == (BY_STORE, True, True)
    url = f"/saved-views/{view['id']}"
    assert 'value="First quarter"' in office.get(f"{url}/edit", headers=HTML).text
    assert form(office, url, {"_method": "PATCH", "name": "Spring", "shared": "false"}).status_code == 303
    gone = form(office, url, {"_method": "DELETE"}).headers["location"]
    assert names(office) == []
    assert f'action="{url}/restorations"' in office.get(gone, headers=HTML).text
    assert form(office, f"{url}/restorations").status_code == 303
    assert names(office) == ["Spring"]


def test_colleagues_open_what_is_shared_and_change_nothing(office: TestClient):
    view = saved(office, shared=True)
    saved(office, name="Only mine")
    colleague = signed_in(office, "colleague")
    assert names(colleague) == ["First quarter"]
    assert saved(colleague)["own"]
    for method, url in (("PATCH", ""), ("DELETE", ""), ("POST", "/restorations")):
        assert send(colleague, method, f"/saved-views/{view['id']}{url}").status_code == 404
    assert "Only mine" not in colleague.get("/reports/purchases", headers=HTML).text


def test_a_name_stands_once_on_a_page_and_what_has_no_views_is_refused(office: TestClient):
    view = saved(office)
    for name, field in (("first QUARTER", "name"), (" ", "name"), ("x" * 101, "name"), ("\x00", "name")):
        told = send(office, "POST", "/saved-views", {"name": name, "address": BY_STORE})
        assert (told.status_code in {409, 422}, told.json()["errors"][0]["field"]) == (True, field), name
    for address in (
        "/account",
        "//elsewhere.example/customers",
        "",
        "/customers?a=" + "b" * 2_000,
        "/customers?\x00",
    ):
        told = send(office, "POST", "/saved-views", {"name": "Other", "address": address})
        assert (told.status_code, told.json()["errors"][0]["field"]) == (422, "address"), address
    assert send(office, "DELETE", f"/saved-views/{view['id']}").status_code == 200
    saved(office)
    assert send(office, "POST", f"/saved-views/{view['id']}/restorations").status_code == 409
    typed = form(office, "/saved-views", {"name": "First quarter", "address": BY_STORE})
    assert typed.status_code == 409
    assert 'value="/reports/purchases?by=store' in typed.text
