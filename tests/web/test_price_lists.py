"""Price lists in the back office and over JSON.

REQ L-01
"""

import itertools
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from tests.make.browser import HTML, signed_in
from tests.make.clubs import a_club
from tests.make.organisation import a_chain, a_store
from tests.make.pricelists import a_list, an_entry, in_group
from tests.make.purchases import a_product

keys = (f"key-{number}" for number in itertools.count())


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    """Head office at its desk: the club GOLD, the store 374, milk (10.00, in the group DAIRY) and bread."""
    a_chain(session)
    a_club(session)
    a_store(session)
    for sku in ("milk", "bread"):
        a_product(session, sku, name=sku.title())
    in_group(session, "milk", "DAIRY")
    signed_in(client, session)
    client.headers["Origin"] = "http://testserver"
    return client


def send(client: TestClient, method: str, url: str, body: dict[str, Any] | None = None) -> Response:
    return client.request(method, url, json=body, headers={"Idempotency-Key": next(keys)})


def form(client: TestClient, url: str, body: dict[str, Any]) -> Response:
    return client.post(url, data=body | {"idempotency_key": next(keys)}, headers=HTML)


def found(client: TestClient, url: str) -> Any:
    answer = client.get(url)
    assert answer.status_code == 200, answer.text
    return answer.json()


def a_staff_list(client: TestClient) -> str:
    body = {"code": "STAFF", "names": {"en": "Staff prices"}, "segment": "Staff"}
    return send(client, "POST", "/price-lists", body).headers["location"]


def test_a_list_is_set_up_by_a_form_filled_and_published(office: TestClient):
    club_id = found(office, "/clubs")["clubs"][0]["id"]
    typed = {"code": "GOLD-26", "names.en": "Gold prices", "names.he": "מחירי זהב", "club_id": str(club_id)}
    typed |= {"always": "false", "all_stores": "true", "first": "2026-11-01"}
    opened = form(office, "/price-lists", typed)
    assert opened.status_code == 303, opened.text
    url = opened.headers["location"]
    shown = found(office, url)["price_list"]
    assert (shown["state"], shown["club"], shown["stores"], shown["first"]) == ("draft", "GOLD", None, "2026-11-01")
    assert 'value="milk"' in office.get(f"{url}/prices/new?sku=ilk", headers=HTML).text
    price = {"sku": "Mil", "price": "8,50", "group": "", "percent": ""}
    assert form(office, f"{url}/prices", price | {"sku": "tea"}).status_code == 422
    assert form(office, f"{url}/prices", price).status_code == 303
    assert form(office, f"{url}/publications", {}).status_code == 303
    page = found(office, url)
    assert page["price_list"]["state"] == "published"
    assert page["prices"][0]["example"] == {
        "product": "Milk",
        "regular_minor": 10_00,
        "pays_minor": 8_50,
        "off_bp": 1500,
    }


def test_a_list_may_hold_in_some_stores(office: TestClient, session: Session):
    other = a_store(session, "406")
    session.commit()
    url = a_staff_list(office)
    ticked = {"_method": "PATCH", "version": "1", "all_stores": "false", "stores[]": [str(other.id)]}
    assert form(office, url, ticked).status_code == 303
    assert found(office, url)["price_list"]["stores"] == ["Store 406"]
    nothing = form(office, url, {"_method": "PATCH", "version": "2", "all_stores": "false"})
    assert nothing.status_code == 422
    assert "Choose at least one store" in nothing.text
    assert send(office, "PATCH", url, {"version": 2, "stores": None}).json()["stores"] is None


def test_of_many_stores_those_chosen_and_those_looked_for_can_be_ticked(office: TestClient, session: Session):
    ids = {code: a_store(session, code).id for code in map(str, range(700, 740))}
    session.commit()
    page = office.get(f"/price-lists/new?find=73&code=MANY&stores[]={ids['701']}", headers=HTML).text
    ticks = re.findall(r'name="stores\[\]" value="(\d+)"( checked)?', page)
    assert ticks == [(str(ids["701"]), " checked"), *((str(ids[f"73{last}"]), "") for last in range(10))]
    assert 'value="MANY"' in page
    body = {"code": "MANY", "names.en": "Many", "segment": "Staff", "all_stores": "false", "find": "73"}
    assert form(office, "/price-lists", body | {"stores[]": [str(ids["701"])]}).status_code == 303


@pytest.mark.parametrize(
    "url",
    [
        *("/customers?store={}", "/purchases?store_name={}", "/audit-entries?store_name={}"),
        *("/entitlement-uses?store_name={}", "/grants/holders?action=staff.view&store_name={}"),
    ],
)
def test_lists_are_narrowed_to_a_store_by_its_name_where_there_are_many(office: TestClient, session: Session, url: str):
    for code in range(700, 740):
        a_store(session, str(code))
    session.commit()
    choices = office.get("/store-choices?store=STORE 73").json()["stores"]
    assert [each["typed"] for each in choices] == [f"Store 73{last}" for last in range(10)]
    page = office.get(url.format("store 731"), headers=HTML).text
    assert ('value="Store 731"' in page, page.count("<option") < 200) == (True, True)
    several, nothing = (office.get(url.format(typed), headers=HTML) for typed in ("Store 73", "Harbour"))
    assert (several.status_code, nothing.status_code) == (422, 422)
    told = several.text.translate(dict.fromkeys(map(ord, "\u2068\u2069")))
    assert ("Store 730 · 730; Store 731 · 731" in told, "Harbour" in nothing.text) == (True, True)


def test_forms_take_a_store_by_its_name_where_there_are_many(office: TestClient, session: Session):
    ids = {code: a_store(session, code).id for code in map(str, range(700, 740))}
    session.commit()
    url = a_staff_list(office)
    for page in ("/staff/new", "/customers/new", f"{url}/prices/new"):
        drawn = office.get(page, headers=HTML).text
        assert ('list="found-stores"' in drawn, "Store 731" in drawn) == (True, False), page
    dana = {"username": "dana", "name": "Dana", "role": "cashier"}
    assert form(office, "/staff", dana | {"store_name": "Store 73"}).status_code == 422
    person = form(office, "/staff", dana | {"store_name": "store 731"}).headers["location"]
    assert found(office, person)["staff"]["store_id"] == ids["731"]
    ticks = office.get(f"{person}?find=70&stores[]={ids['712']}", headers=HTML).text
    assert ticks.count('name="stores[]"') == 11
    assert form(office, f"{person}/stores", {"stores[]": [str(ids["712"])], "find": "70"}).status_code == 303
    assert found(office, person)["further"] == [ids["712"]]
    change = {"_method": "PATCH", "name": "Dana", "role": "cashier"}
    assert form(office, person, change).status_code == 303
    assert found(office, person)["staff"]["store_id"] == ids["731"]
    assert send(office, "PATCH", person, {"store_id": ids["733"], "store_name": None}).json()["store_id"] == ids["733"]
    assert form(office, person, change | {"store_name": ""}).status_code == 303
    assert found(office, person)["staff"]["store_id"] is None
    member = {"given_name": "Tal", "family_name": "Levi"}
    nowhere = form(office, "/customers", member | {"home_store": "Harbour"})
    assert (nowhere.status_code, 'id="e-f-home_store"' in nowhere.text) == (422, True)
    opened = form(office, "/customers", member | {"home_store": "Store 705"}).headers["location"]
    assert "Store 705" in office.get(opened, headers=HTML).text
    assert form(office, f"{url}/prices", {"sku": "milk", "price": "8,50", "store_name": "739"}).status_code == 303
    assert found(office, url)["prices"][0]["store"] == "Store 739"


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"code": ""}, "code"),
        ({"names.en": ""}, "names-en"),
        ({"segment": ""}, "club_id"),
        ({"level": "Silver"}, "segment"),
        ({"first": "2026-02-01", "last": "2026-01-01"}, "last"),
        ({"first": "soon"}, "first"),
        ({"club_id": "99999999999"}, "club_id"),
    ],
)
def test_a_wrong_form_comes_back_with_the_fault_beside_its_field(office: TestClient, typed: dict[str, str], field: str):
    body = {"code": "STAFF", "names.en": "Staff", "segment": "Staff", "all_stores": "true"}
    answer = form(office, "/price-lists", body | typed)
    assert answer.status_code == 422
    assert f'id="e-f-{field}"' in answer.text


def test_a_stale_form_is_refused_and_shows_what_is_stored(office: TestClient):
    url = a_staff_list(office)
    assert send(office, "PATCH", url, {"version": 1, "always": True}).status_code == 200
    answer = form(office, url, {"_method": "PATCH", "version": "1", "names.en": "Mine"})
    assert answer.status_code == 409
    assert 'value="Mine"' in answer.text
    assert "even where another price is lower" in answer.text


def test_a_price_is_changed_and_removed_by_form(office: TestClient):
    url = a_staff_list(office)
    price = send(office, "POST", f"{url}/prices", {"group": "DAIRY", "off_bp": 1000}).json()
    assert price["example"]["pays_minor"] == 9_00
    at = f"{url}/prices/{price['id']}"
    typed = {"_method": "PATCH", "sku": "", "group": "DAIRY", "price": "", "percent": "12.5", "last": "2026-12-31"}
    changed = form(office, at, typed | {"seen.off_bp": "1000", "seen.price_minor": ""})
    assert changed.status_code == 303, changed.text
    shown = found(office, url)["prices"][0]
    assert (shown["off_bp"], shown["last"], shown["group"]) == (1250, "2026-12-31", "DAIRY")
    late = form(office, at, typed | {"percent": "20", "seen.off_bp": "1000", "seen.price_minor": ""})
    assert late.status_code == 409
    assert form(office, at, {"_method": "DELETE"}).status_code == 303
    assert found(office, url)["prices"] == []
    assert [each["action"] for each in found(office, url)["changes"]] == [
        "price_list.remove_price",
        "price_list.change_price",
        "price_list.add_price",
        "price_list.create",
    ]


def test_a_removed_price_is_had_back_from_the_page_that_follows(office: TestClient):
    url = a_staff_list(office)
    price = send(office, "POST", f"{url}/prices", {"sku": "milk", "price_minor": 8_50}).json()
    removed = form(office, f"{url}/prices/{price['id']}", {"_method": "DELETE"})
    page = office.get(removed.headers["location"], headers=HTML).text
    back = f"{url}/prices/{price['id']}/restorations"
    assert "Removed from the list" in page
    assert f'action="{back}"' in page
    key = {"idempotency_key": "back"}
    first, again = (office.post(back, data=key, headers=HTML) for _ in range(2))
    assert (first.status_code, first.headers["location"]) == (303, url)
    assert again.headers["idempotency-replayed"] == "true"
    assert form(office, back, {}).status_code == 303, "another click changes nothing"
    assert [each["id"] for each in found(office, url)["prices"]] == [price["id"]]
    assert [each["action"] for each in found(office, url)["changes"]][:2] == [
        "price_list.restore_price",
        "price_list.remove_price",
    ]
    assert back not in office.get(removed.headers["location"], headers=HTML).text


def test_undoing_leads_back_to_the_prices_that_were_looked_at(office: TestClient):
    url = a_staff_list(office)
    price = send(office, "POST", f"{url}/prices", {"sku": "milk", "price_minor": 8_50}).json()
    assert send(office, "DELETE", f"{url}/prices/{price['id']}").status_code == 200
    looked_at = f"http://testserver{url}?text=milk&removed={price['id']}"
    undone = office.post(
        f"{url}/prices/{price['id']}/restorations",
        data={"idempotency_key": next(keys)},
        headers=HTML | {"Referer": looked_at},
    )
    assert (undone.status_code, undone.headers["location"]) == (303, f"{url}?text=milk")


def test_undoing_says_when_another_price_stands_there(office: TestClient):
    url = a_staff_list(office)
    price = send(office, "POST", f"{url}/prices", {"sku": "milk", "price_minor": 8_50}).json()
    assert send(office, "DELETE", f"{url}/prices/{price['id']}").status_code == 200
    send(office, "POST", f"{url}/prices", {"sku": "milk", "price_minor": 8_00})
    refused = form(office, f"{url}/prices/{price['id']}/restorations", {})
    assert refused.status_code == 409
    assert "This list says already what this costs on some of these days." in refused.text


def test_a_dialog_leads_back_to_the_prices_that_were_looked_at(office: TestClient):
    url = a_staff_list(office)
    for behind, leads_to in (
        (f"http://testserver{url}?text=milk&page=2", f"{url}?text=milk&page=2"),
        (f"http://testserver{url}", url),
        (f"http://testserver{url}?removed=1&text=milk", f"{url}?text=milk"),
        ("http://elsewhere/price-lists?x=1", url),
    ):
        price = send(office, "POST", f"{url}/prices", {"sku": "milk", "off_bp": 1000}).json()
        headers = HTML | {"HX-Request": "true", "HX-Current-URL": behind}
        body = {"_method": "DELETE", "idempotency_key": next(keys)}
        answer = office.post(f"{url}/prices/{price['id']}", data=body, headers=headers)
        joined = "&" if "?" in leads_to else "?"
        assert answer.headers["hx-redirect"] == f"{leads_to}{joined}removed={price['id']}"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"sku": "beer", "price_minor": 1}, "sku"),
        ({"group": "TOYS", "off_bp": 1}, "group"),
        ({"sku": "milk"}, "price_minor"),
        ({"sku": "milk", "price_minor": 1, "off_bp": 1}, "off_bp"),
        ({"sku": "milk", "group": "DAIRY", "off_bp": 1}, "group"),
        ({"off_bp": 10_001}, "off_bp"),
        ({"price_minor": -1}, "price_minor"),
        ({"off_bp": 1, "store_id": 2**31 - 1}, "store_id"),
        ({"off_bp": 1, "store_id": 2**40}, "store_id"),
        ({"off_bp": 1, "colour": "red"}, "colour"),
        ({"off_bp": 1, "last": "9999-12-31"}, "last"),
    ],
)
def test_what_is_wrong_with_a_price_is_told_at_its_field(office: TestClient, body: dict[str, Any], field: str):
    answer = send(office, "POST", f"{a_staff_list(office)}/prices", body)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]


def test_a_second_price_for_the_same_days_is_refused(office: TestClient):
    url = a_staff_list(office)
    send(office, "POST", f"{url}/prices", {"sku": "milk", "off_bp": 1000})
    again = send(office, "POST", f"{url}/prices", {"sku": "milk", "price_minor": 5_00})
    assert (again.status_code, again.json()["code"]) == (409, "price-said-twice")


def test_lists_and_prices_are_found_sorted_and_exported(office: TestClient, session: Session):
    gold = a_list(session)
    an_entry(session, gold, sku="milk", price_minor=8_00)
    an_entry(session, gold, sku="bread", off_bp=1000)
    an_entry(session, gold, group="DAIRY")
    an_entry(session, gold)
    session.commit()
    a_staff_list(office)

    def codes(query: str) -> list[str]:
        return [each["code"] for each in found(office, f"/price-lists{query}")["price_lists"]]

    def skus(query: str) -> list[str | None]:
        return [each["sku"] for each in found(office, f"/price-lists/{gold}{query}")["prices"]]

    assert codes("") == ["GOLD-26", "STAFF"]
    assert codes("?text=staff") == codes("?status=draft") == ["STAFF"]
    assert codes("?sort=entries&direction=desc") == ["GOLD-26", "STAFF"]
    assert codes("?club=") == ["GOLD-26", "STAFF"]
    assert skus("") == [None, None, "bread", "milk"]
    assert skus("?text=mil") == ["milk"]
    assert skus("?text=dairy") == [None]
    assert skus("?sort=price&direction=desc")[0] == "milk"
    assert skus("?on=2026-11-22") == [None, None, "bread", "milk"]
    lines = office.get(f"/price-lists/{gold}/prices.csv?text=milk").content.decode("utf-8-sig").splitlines()
    assert lines == [
        "list,club,level,segment,sku,group,price,percent,from,to,store,always",
        "GOLD-26,GOLD,,,milk,,8.00,,,,,no",
    ]
    assert (
        office.get("/price-lists.csv").content.decode("utf-8-sig").splitlines()[1].startswith("GOLD-26,GOLD-26 prices")
    )
    assert office.get(f"/price-lists/{gold}/prices.xlsx").status_code == 200


def test_a_products_page_tells_which_lists_price_it(office: TestClient, session: Session):
    gold = a_list(session)
    an_entry(session, gold, sku="milk", price_minor=8_00)
    an_entry(session, gold, group="DAIRY", off_bp=500)
    session.commit()
    milk, bread = (found(office, f"/products?text={sku}")["products"][0]["id"] for sku in ("milk", "bread"))
    told = found(office, f"/products/{milk}")["list_prices"]
    assert [(each["price_list"]["code"], each["price"]["example"]["pays_minor"]) for each in told] == [
        ("GOLD-26", 8_00),
        ("GOLD-26", 9_50),
    ]
    assert found(office, f"/products/{bread}")["list_prices"] == []
    assert "GOLD-26 prices" in office.get(f"/products/{milk}", headers=HTML).text


def test_every_page_is_drawn_with_who_gets_the_prices(office: TestClient, session: Session):
    gold = a_list(session, "<b>GOLD", level="Silver", first=None)
    price_id = an_entry(session, gold, sku="milk", price_minor=8_00, store="374")
    session.commit()
    a_staff_list(office)
    for url in (
        "/price-lists", "/price-lists?text=nothing", "/price-lists/new", f"/price-lists/{gold}",
        f"/price-lists/{gold}/edit", f"/price-lists/{gold}/closures/new", f"/price-lists/{gold}/prices/new",
        f"/price-lists/{gold}/prices/{price_id}/edit", "/audit-entries?entity=price_list",
    ):  # fmt: skip
        page = office.get(url, headers=HTML)
        assert page.status_code == 200, url
        assert "<b>GOLD" not in page.text
    page = office.get(f"/price-lists/{gold}", headers=HTML).text
    assert "at the level <bdi>Silver</bdi> buy at these prices." in page
    assert office.get("/price-lists/999999", headers=HTML).status_code == 404
    assert office.get(f"/price-lists/{gold}/prices/999999/edit", headers=HTML).status_code == 404
