"""Stores and tills, as pages and as JSON."""

# REQ A-02 M-11 T-05
import io
import uuid

import python_calamine
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.kernel.idempotency import IdempotencyKey
from erp_club.organisation.models import Store, Terminal
from erp_club.permissions.catalog import Role
from erp_club.permissions.models import StaffSession
from tests.make.browser import HTML, form, json_headers, signed_in
from tests.make.organisation import a_chain, a_store, a_terminal
from tests.make.purchases import a_receipt


def test_head_office_opens_a_store_and_describes_it(client: TestClient, session: Session):
    a_chain(session)
    signed_in(client, session)
    made = client.post("/stores", data=form(code="12", name="Kamppi", time_zone="Europe/Helsinki"), headers=HTML)
    assert made.status_code == 303
    url = made.headers["location"]
    page = client.get(url, headers=HTML)
    assert "Kamppi" in page.text
    changed = client.post(url, data=form(_method="PATCH", name="Kamppi 2", city="Helsinki"), headers=HTML)
    assert (changed.status_code, changed.headers["location"]) == (303, url)
    cleared = client.post(url, data=form(_method="PATCH", name="Kamppi 2", city=""), headers=HTML)
    assert cleared.status_code == 303
    store = session.scalars(sa.select(Store)).one()
    assert (store.code, store.name, store.city, store.time_zone) == ("12", "Kamppi 2", None, "Europe/Helsinki")


def test_the_form_comes_back_with_what_was_typed(client: TestClient, session: Session):
    a_chain(session)
    a_store(session, "12")
    signed_in(client, session)
    again = client.post("/stores", data=form(code="12", name="Kamppi <1>"), headers=HTML)
    assert again.status_code == 409
    assert 'value="Kamppi &lt;1&gt;"' in again.text
    assert "already" in again.text
    zone = client.post("/stores", data=form(code="13", name="Kamppi", time_zone="Moon"), headers=HTML)
    assert zone.status_code == 422
    assert 'aria-invalid="true"' in zone.text


def test_a_store_is_made_a_web_shop_and_its_tills_say_so(client: TestClient, session: Session):
    a_chain(session)
    signed_in(client, session)
    made = client.post("/stores", json={"code": "W", "name": "Web", "channel": "web"}, headers=json_headers())
    assert (made.status_code, made.json()["channel"]) == (201, "web")
    url = f"/stores/{made.json()['id']}"
    assert "Web shop" in client.get(url, headers=HTML).text
    assert client.post(url, data=form(_method="PATCH", name="Web", channel="store"), headers=HTML).status_code == 303
    assert "Web shop" not in client.get(url, headers=HTML).text
    wrong = client.post(url, data=form(_method="PATCH", name="Web", channel="fax"), headers=HTML)
    assert wrong.status_code == 422
    assert session.get_one(Store, made.json()["id"], populate_existing=True).channel == "store"


def test_a_name_cannot_be_emptied(client: TestClient, session: Session):
    a_chain(session)
    store = a_store(session)
    signed_in(client, session)
    answer = client.post(f"/stores/{store.id}", data=form(_method="PATCH", name=" "), headers=HTML)
    assert answer.status_code == 422
    assert session.get_one(Store, store.id, populate_existing=True).name == "Store 374"


def test_a_till_gets_its_key_once(client: TestClient, session: Session):
    a_chain(session)
    store = a_store(session)
    signed_in(client, session)
    opened = client.post(f"/stores/{store.id}/terminals", json={"name": "Front"}, headers=json_headers())
    assert opened.status_code == 201
    assert set(opened.json()) == {"id", "store_id", "active"}
    till = opened.json()["id"]
    asked = client.get(f"/terminals/{till}/keys/new", headers=HTML)
    assert "Make a new key" in asked.text
    shown = client.post(f"/terminals/{till}/keys", headers=HTML)
    assert shown.status_code == 201
    key = client.post(f"/terminals/{till}/keys", headers=json_headers()).json()["key"]
    assert key.startswith("till_")
    assert key not in shown.text
    kept = session.scalars(sa.select(IdempotencyKey.answer)).all()
    assert kept
    assert not [answer for answer in kept if b"till_" in answer]
    client.cookies.clear()
    with_key, sign_on = {"Authorization": f"Bearer {key}"}, {"staff": "hq", "pin": "2580"}
    assert client.post("/staff-sessions", json=sign_on, headers=with_key).status_code == 201
    signed_in(client, session, Role.HQ, username="other")
    at_till = sa.select(sa.func.count()).where(StaffSession.terminal_id == till)
    assert session.scalar(at_till) == 1
    client.post(f"/terminals/{till}/closures", headers=json_headers())
    assert session.scalar(at_till) == 0, "opened again with a new key it would still be theirs"
    page = client.get(f"/stores/{store.id}", headers=HTML).text
    assert "Closed" in page
    assert f"/terminals/{till}/openings" in page
    client.cookies.clear()
    assert client.post("/staff-sessions", json=sign_on, headers=with_key).status_code == 401


def test_a_repeat_opens_no_second_till(client: TestClient, session: Session):
    a_chain(session)
    store = a_store(session)
    signed_in(client, session)
    headers = json_headers()
    first, second = (client.post(f"/stores/{store.id}/terminals", json={}, headers=headers) for _ in range(2))
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    assert session.scalars(sa.select(sa.func.count()).select_from(Terminal)).one() == 1


def test_a_key_tells_bodies_apart_where_the_route_takes_none(client: TestClient, session: Session):
    a_chain(session)
    signed_in(client, session)
    till_id, _ = a_terminal(session, a_store(session))
    headers = json_headers()
    closed, again, other = (
        client.post(f"/terminals/{till_id}/closures", headers=headers, json=body) for body in ({}, {}, {"why": "sold"})
    )
    assert (closed.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


def test_a_store_shows_what_it_sold_and_when_each_till_sold_last(client: TestClient, session: Session):
    a_chain(session)
    store, other = a_store(session), a_store(session, "375")
    terminal_id, _ = a_terminal(session, store)
    for number, (day, where, minor) in enumerate(
        [("2017-01-31", store, 10_00), ("2017-03-01", store, 5_50), ("2018-01-01", store, 99), ("2017-03-02", other, 7)]
    ):
        a_receipt(session, where.id, str(number), day, minor, terminal_id=terminal_id if where is store else None)
    signed_in(client, session)
    view = client.get(f"/stores/{store.id}").json()
    assert (view["year"], view["years"], view["receipts"], view["sales_minor"]) == (2017, [2018, 2017], 2, 15_50)
    assert [month["sales_minor"] for month in view["months"]][:4] == [10_00, 0, 5_50, 0]
    assert view["tills"][0]["last_sale_at"].startswith("2018-01-01")
    later = client.get(f"/stores/{store.id}?year=2018", headers=HTML)
    assert 'aria-current="true">2018' in later.text


def test_the_list_searches_sorts_pages_and_exports(client: TestClient, session: Session):
    a_chain(session)
    for number in range(60):
        a_store(session, f"{number:03}")
    session.add(Store(code="X", name="=1+1", city="Espoo", time_zone="Europe/Helsinki", stub=True))
    session.flush()
    signed_in(client, session)
    first = client.get("/stores").json()
    assert (len(first["stores"]), first["state"]["total"], first["state"]["pages"]) == (50, 61, 2)
    codes = [store["code"] for store in client.get("/stores?sort=code&direction=desc&page=2").json()["stores"]]
    assert codes == [f"{number:03}" for number in range(10, -1, -1)]
    part = client.get("/stores?text=espoo", headers={"HX-Request": "true"})
    assert part.text.strip().startswith('<section class="card" id="stores"')
    assert "=1+1" in part.text
    lines = client.get("/stores.csv?text=espoo").text.splitlines()
    assert lines[1:] == ["X,'=1+1,Espoo,Europe/Helsinki,0"]
    book = python_calamine.load_workbook(io.BytesIO(client.get("/stores.xlsx").content))
    rows = book.get_sheet_by_index(0).to_python()
    assert (len(rows), rows[0][0]) == (62, "code")
    assert "Nothing matches" in client.get("/stores?text=zzz", headers=HTML).text


def test_a_number_that_no_store_has_is_not_found(client: TestClient, session: Session):
    a_chain(session)
    signed_in(client, session)
    for number in ("9", str(2**40), "-1", "x"):
        assert client.get(f"/stores/{number}").status_code in {404, 422}
    key = {"Idempotency-Key": uuid.uuid4().hex, "Origin": "http://testserver"}
    assert client.patch(f"/stores/{2**40}", json={"name": "x"}, headers=key).status_code == 404
