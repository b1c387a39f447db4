# REQ D-01: head office keeps the catalogue
import itertools
import re
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product
from erp_club.kernel.audit import AuditEntry
from erp_club.permissions.catalog import Role
from tests.make.organisation import PASSWORD, a_chain, somebody
from tests.make.purchases import a_product

HTML = {"Accept": "text/html", "Origin": "http://testserver"}
keys = (f"key-{number}" for number in itertools.count())
MILK = {"sku": "7290000000017", "name": "חלב", "list_price_minor": 7_10, "vat_bp": 1800, "group": "Dairy"}


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


def send(client: TestClient, method: str, url: str, body: dict[str, Any]) -> Response:
    return client.request(method, url, json=body, headers={"Idempotency-Key": next(keys)})


def form(client: TestClient, url: str, body: dict[str, Any]) -> Response:
    return client.post(url, data=body | {"idempotency_key": next(keys)}, headers=HTML)


def test_a_product_is_opened_with_a_group_of_a_new_name(office: TestClient) -> None:
    told = send(office, "POST", "/products", MILK)
    assert told.status_code == 201, told.text
    second = send(office, "POST", "/products", MILK | {"sku": "2", "name": "Yoghurt"}).json()
    assert (told.json()["group"], second["group"], told.json()["list_price_minor"]) == ("Dairy", "Dairy", 7_10)
    page = office.get("/products").json()
    assert [group["name"] for group in page["groups"]] == ["Dairy"]


def test_a_code_is_taken_once(office: TestClient) -> None:
    send(office, "POST", "/products", MILK)
    again = send(office, "POST", "/products", MILK)
    assert (again.status_code, again.json()["code"]) == (409, "sku-taken")


def test_a_form_opens_and_changes_a_product(office: TestClient) -> None:
    typed = {"sku": "5", "name": "Bread", "list_price": "12,5", "vat_percent": "18", "earns_points": ["false", "true"]}
    opened = form(office, "/products", typed)
    assert opened.status_code == 303, opened.text
    url = opened.headers["location"]
    product = office.get(url, headers={"Accept": "application/json"}).json()
    assert (product["list_price_minor"], product["vat_bp"], product["earns_points"]) == (12_50, 1800, True)
    changed = form(office, url, {"_method": "PATCH", "name": "Rye", "brand": "Own", "earns_points": "false"})
    assert changed.status_code == 303, changed.text
    product = office.get(url, headers={"Accept": "application/json"}).json()
    assert (product["name"], product["brand"], product["earns_points"]) == ("Rye", "Own", False)
    assert (product["list_price_minor"], product["sku"]) == (12_50, "5")


def test_an_amount_stands_in_a_field_as_the_language_writes_it(office: TestClient, session: Session) -> None:  # N-01
    product_id = a_product(session, price_minor=12_50)
    session.commit()

    def field(language: str) -> str | None:
        page = office.get(f"/products/{product_id}/edit", headers=HTML | {"Accept-Language": language}).text
        found = re.search(r'name="list_price"[^>]* value="([^"]*)"', page)
        return found and found[1]

    assert [field(each) for each in ("en", "he", "fi", "sv")] == ["12.50", "12.50", "12,50", "12,50"]


def test_a_wrong_form_comes_back_as_it_was_typed(office: TestClient) -> None:
    answer = form(office, "/products", {"sku": "5", "name": "Bread", "list_price": "much"})
    assert answer.status_code == 422
    assert 'value="much"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    missing = form(office, "/products", {"sku": "5", "name": "Bread", "list_price": "1"})
    assert missing.status_code == 422


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"list_price_minor": -1}, "list_price_minor"),
        ({"vat_bp": 10_001}, "vat_bp"),
        ({"kind": "gift_card"}, "earns_points"),
        ({"sku": "9"}, "sku"),
        ({"name": "\x00"}, "name"),
    ],
)
def test_what_is_wrong_with_a_change_is_told_at_its_field(
    office: TestClient, session: Session, changes: dict[str, Any], field: str
) -> None:
    product_id = a_product(session)
    session.commit()
    answer = send(office, "PATCH", f"/products/{product_id}", changes)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]


def test_a_gift_card_is_no_goods_and_earns_nothing(office: TestClient, session: Session) -> None:
    product_id = a_product(session)
    session.commit()
    changed = send(office, "PATCH", f"/products/{product_id}", {"kind": "gift_card", "earns_points": False})
    assert (changed.json()["kind"], changed.json()["earns_points"]) == ("gift_card", False)


def test_a_change_leaves_a_trace_of_what_it_changed(office: TestClient, session: Session) -> None:
    product_id = a_product(session, name="Milk", price_minor=10_00)
    session.commit()
    send(office, "PATCH", f"/products/{product_id}", {"name": "Milk", "list_price_minor": 11_00, "group": "Dairy"})
    entry = session.execute(sa.select(AuditEntry).where(AuditEntry.entity == "product")).scalar_one()
    assert entry.before == {"list_price_minor": 10_00, "group": None}
    assert entry.after == {"list_price_minor": 11_00, "group": "Dairy"}


def test_products_are_found_by_code_name_and_group_and_sorted(office: TestClient, session: Session) -> None:
    for sku, name, price in (("100", "Milk 100%", 7_00), ("101", "Milk", 6_00), ("200", "Bread", 9_00)):
        a_product(session, sku, name=name, price_minor=price)
    session.commit()

    def found(query: str) -> list[str]:
        return [each["sku"] for each in office.get(f"/products{query}").json()["products"]]

    assert found("") == found("?text=") == ["200", "101", "100"]
    assert found("?text=milk&group=") == ["101", "100"]
    assert found("?text=100%25") == ["100"]
    assert found("?text=20") == ["200"]
    assert found("?sort=list_price_minor&direction=desc") == ["200", "100", "101"]
    assert found("?group=99") == []
    lines = office.get("/products.csv?text=milk&sort=sku").content.decode("utf-8-sig").splitlines()
    assert lines[1].startswith("100,Milk 100%,,,,7.00,18.00,yes,goods")
    assert office.get("/products.xlsx").status_code == 200


def test_every_page_of_the_catalogue_is_drawn(office: TestClient, session: Session) -> None:
    product_id = a_product(session, name="<b>Milk</b>")
    session.commit()
    for url in ("/products", "/products/new", f"/products/{product_id}", f"/products/{product_id}/edit"):
        page = office.get(url, headers=HTML)
        assert page.status_code == 200, url
        assert "<b>Milk" not in page.text
    assert office.get("/products/999999", headers=HTML).status_code == 404


def test_what_nobody_has_described_yet_shows_no_price(client: TestClient, session: Session) -> None:
    a_chain(session)
    somebody(session, Role.HQ)
    session.execute(sa.update(Product).where(Product.id == a_product(session, price_minor=0)).values(stub=True))
    session.commit()
    assert client.post("/sign-in", data={"username": "hq", "password": PASSWORD}).status_code == 201
    page = client.get("/products", headers={"Accept": "text/html"}).text
    assert ("Not described yet" in page, "0.00" in page) == (True, False)
