# REQ M-13: what a membership gives directly is used at the till, once each, and its count comes from dated rows
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.kernel.audit import AuditEntry
from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.catalog import Role
from erp_club.programmes.commands import load_programme
from erp_club.programmes.engine.programme import Programme
from erp_club.purchases.entitlements.models import EntitlementUse
from tests.make.clubs import NOW, a_membership
from tests.make.customers import a_person
from tests.make.purchases import a_product, a_till, a_till_in
from tests.web.test_till import MILK, send
from tests.web.test_till_fees import Sale

COFFEE = "7290000000024"
DOCUMENT: dict[str, Any] = {
    "code": "CAFE",
    "names": {"en": "Cafe club"},
    "currency": "ILS",
    "earning": {"rules": [{"kind": "money", "code": "rate", "points": 1, "per_minor": 100}]},
    "entitlements": [
        {
            "code": "coffee",
            "names": {"en": "Free coffee"},
            "gives": {"kind": "gift", "products": [COFFEE]},
            "count": 2,
            "period": {"every": "year"},
        }
    ],
}


def used(sale: Sale) -> Any:
    membership = sale.held()["membership_id"]
    return sale.send("POST", "/entitlements", {"membership_id": membership, "entitlement": "coffee"})


def left(sale: Sale) -> int:
    (each,) = sale.shown()["customer"]["entitlements"]
    return each["left"]


@pytest.fixture
def sale(client: TestClient, session: Session) -> Sale:
    till = a_till(session, role=Role.MANAGER)
    a_product(session, MILK, price_minor=6_43)
    a_product(session, COFFEE, name="Coffee", price_minor=12_00)
    made = Sale(client, till, session, a_person(session, given_name="Yael"))
    how: dict[str, Any] = {"currency": "ILS", "language": "he", "now": NOW, "by": SYSTEM, "publish": True}
    loaded = load_programme(session, Programme.model_validate(DOCUMENT), today=NOW.date().replace(year=2020), **how)
    a_membership(session, made.yael, loaded.club_id, joined_on=NOW.date().replace(year=2020))
    session.commit()
    made.begin()
    return made


def test_a_use_is_a_line_that_costs_and_earns_nothing_and_counts_down(sale: Sale) -> None:
    assert left(sale) == 2
    page = used(sale).json()
    assert [line["amount_minor"] for line in page["lines"]] == [64_30, 0]
    assert (page["total_minor"], sale.held()["earns"], left(sale)) == (64_30, 64, 1)
    assert sale.pay().status_code == 200
    sale.begin()
    assert left(sale) == 1


@pytest.mark.parametrize("channels", [{"benefits": ["web"]}, {"stores": ["500"]}, {"without_stores": ["374"]}])
def test_where_the_club_gives_nothing_no_entitlement_is_shown_or_used(sale: Sale, channels: dict[str, Any]) -> None:
    # REQ M-12
    how: dict[str, Any] = {"currency": "ILS", "language": "he", "now": NOW, "by": SYSTEM, "publish": True}
    hidden = Programme.model_validate(DOCUMENT | {"channels": channels})
    load_programme(sale.session, hidden, today=NOW.date().replace(year=2021), **how)
    sale.session.commit()
    assert sale.shown()["customer"]["entitlements"] == []
    assert (used(sale).status_code, used(sale).json()["code"]) == (409, "entitlement-unknown")


def test_what_is_used_up_is_refused_until_the_next_period(sale: Sale) -> None:
    used(sale)
    used(sale)
    refused = used(sale)
    assert (refused.status_code, refused.json()["code"], left(sale)) == (409, "entitlement-used-up", 0)
    # As if both had been used a year ago: nothing has to be granted anew.
    for each in sale.session.scalars(sa.select(EntitlementUse)):
        each.first = each.first.replace(year=each.first.year - 1)
    sale.session.commit()
    assert left(sale) == 2


@pytest.mark.parametrize("how", ["line", "customer", "sale"])
def test_a_use_that_is_taken_out_of_the_sale_can_be_used_again(sale: Sale, how: str) -> None:
    number = used(sale).json()["lines"][1]["line_no"]
    refused = sale.send("PATCH", f"/lines/{number}", {"quantity": "2"})
    assert (refused.status_code, refused.json()["code"]) == (422, "quantity")
    urls = {"line": f"/lines/{number}", "customer": "/customer", "sale": ""}
    assert sale.send("DELETE", urls[how]).status_code == 200
    sale.send("PUT", "/customer", {"customer_id": sale.yael})
    assert left(sale) == 2


def test_goods_that_come_back_give_the_use_back(sale: Sale) -> None:
    used(sale)
    receipt = sale.pay().json()["paid"]["receipt_id"]
    assert sale.give_back(receipt, 1).status_code == 201
    sale.begin()
    assert left(sale) == 1, "the milk isn't the coffee"
    assert sale.give_back(receipt, 2).status_code == 201
    assert left(sale) == 2
    told = sale.client.get(f"/customers/{sale.yael}/memberships", headers=sale.till.headers).json()
    assert [(each["product"], each["came_back"]) for each in told["uses"]] == [("Coffee", True)]


def test_a_sale_of_free_coffee_alone_is_paid_with_nothing(sale: Sale) -> None:
    sale.send("DELETE", "/lines/1")
    used(sale)
    assert sale.pay().json()["paid"]["slip"]["total_minor"] == 0


def test_the_last_use_goes_to_the_till_that_asked_first(client: TestClient, session: Session, sale: Sale) -> None:
    till = a_till_in(session, sale.till.store_id, username="second", role=Role.MANAGER)
    other = Sale(client, till, session, sale.yael)
    session.commit()
    other.begin()
    used(sale)
    assert used(other).status_code == 200
    assert used(sale).json()["code"] == "entitlement-used-up"
    assert other.pay().status_code == 200
    assert sale.pay().status_code == 200


def test_a_membership_that_ended_meanwhile_gives_nothing(sale: Sale) -> None:
    used(sale)
    membership = sale.held()["membership_id"]
    send(sale.client, sale.till, "POST", f"/memberships/{membership}/terminations", {"points_lost": 0})
    assert sale.pay().json()["code"] == "entitlement-gone"
    assert used(sale).json()["code"] == "entitlement-unknown"


SERVICES: dict[str, Any] = DOCUMENT | {
    "entitlements": [
        {
            "code": "alteration",
            "names": {"en": "Free alteration", "he": "תיקון חינם"},
            "gives": {"kind": "service"},
            "count": 2,
            "period": {"every": "year"},
        }
    ]
}


@pytest.fixture
def tailor(sale: Sale) -> Sale:
    """The same sale in a club that gives two free alterations a year, and no coffee."""
    how: dict[str, Any] = {"currency": "ILS", "language": "he", "now": NOW, "by": SYSTEM, "publish": True}
    load_programme(sale.session, Programme.model_validate(SERVICES), today=NOW.date().replace(year=2021), **how)
    sale.session.commit()
    return sale


def altered(sale: Sale) -> Any:
    membership = sale.held()["membership_id"]
    return sale.send("POST", "/entitlements", {"membership_id": membership, "entitlement": "alteration"})


def listed(sale: Sale, query: str = "") -> dict[str, Any]:
    return sale.client.get(f"/entitlement-uses{query}", headers=sale.till.headers).json()


def test_a_service_is_used_without_a_line_and_counted_down(tailor: Sale) -> None:
    assert [(each["is_service"], each["products"]) for each in tailor.shown()["customer"]["entitlements"]] == [
        (True, [])
    ]
    page = altered(tailor).json()
    assert ([line["sku"] for line in page["lines"]], left(tailor)) == ([MILK], 1)
    tailor.send("DELETE", "/customer")
    tailor.begin()
    assert left(tailor) == 1, "it doesn't hang on the sale"
    altered(tailor)
    assert altered(tailor).json()["code"] == "entitlement-used-up"


def test_the_use_of_a_service_is_undone_once_and_can_be_had_again(tailor: Sale) -> None:
    altered(tailor)
    (use,) = listed(tailor)["uses"]
    assert (use["undoable"], use["names"]["en"], use["use_no"]) == (True, "Free alteration", 1)
    undone = tailor.send("POST", f"/entitlement-uses/{use['id']}/withdrawals")
    assert (undone.status_code, left(tailor)) == (200, 2)
    again = send(tailor.client, tailor.till, "POST", f"/entitlement-uses/{use['id']}/withdrawals")
    assert (again.status_code, again.json()["code"]) == (409, "use-not-undoable")
    unknown = send(tailor.client, tailor.till, "POST", "/entitlement-uses/999999/withdrawals")
    assert unknown.status_code == 404
    actions = tailor.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id.desc()).limit(2))
    assert list(actions) == ["entitlement.give_back", "entitlement.use"]


def test_a_service_is_used_where_nothing_is_sold_and_the_same_key_uses_it_once(tailor: Sale) -> None:
    membership = tailor.held()["membership_id"]
    url, body = f"/memberships/{membership}/entitlement-uses", {"entitlement": "alteration"}
    headers = tailor.till.headers | {"Idempotency-Key": "one"}
    first, second = (tailor.client.post(url, json=body, headers=headers) for _ in range(2))
    assert (first.status_code, second.json(), left(tailor)) == (201, first.json(), 1)
    goods = send(tailor.client, tailor.till, "POST", url, {"entitlement": "coffee"})
    assert goods.json()["code"] == "entitlement-unknown"
    page = tailor.client.get(
        f"/customers/{tailor.yael}/memberships", headers=tailor.till.headers | {"Accept": "text/html"}
    )
    assert f"/memberships/{membership}/entitlement-uses" in page.text


def test_the_list_says_what_is_given_to_how_many_and_what_was_used_of_it(tailor: Sale) -> None:
    altered(tailor)
    altered(tailor)
    page = listed(tailor)
    (given,) = page["given"]
    assert (given["members"], given["count"], given["used"], given["came_back"]) == (1, 2, 2, 0)
    tailor.send("POST", f"/entitlement-uses/{page['uses'][0]['id']}/withdrawals")
    assert [len(listed(tailor, f"?state={state}")["uses"]) for state in ("used", "back")] == [1, 1]
    assert listed(tailor, "?entitlement=coffee")["uses"] == []
    assert len(listed(tailor, f"?customer={page['uses'][0]['number']}&club=CAFE")["uses"]) == 2
    assert listed(tailor, "?last=2020-01-01")["uses"] == listed(tailor, "?club=NONE")["uses"] == []
    for suffix in ("csv", "xlsx"):
        assert tailor.client.get(f"/entitlement-uses.{suffix}", headers=tailor.till.headers).status_code == 200
        for state in ("a%00b", "gone"):
            refused = tailor.client.get(f"/entitlement-uses.{suffix}?state={state}", headers=tailor.till.headers)
            assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "state")
    rows = tailor.client.get("/entitlement-uses.csv?state=back", headers=tailor.till.headers).text.splitlines()
    assert [row.split(",")[1] for row in rows[1:]] == ["alteration"]
    html = tailor.client.get("/entitlement-uses", headers=tailor.till.headers | {"Accept": "text/html"})
    assert "Free alteration" in html.text


def test_joining_gives_uses_of_a_service_that_end_first_and_are_used_first(sale: Sale) -> None:
    (service,) = SERVICES["entitlements"]
    welcome = {
        "code": "welcome",
        "occasion": "joining",
        "gives": [{"kind": "entitlement", "entitlement": "alteration", "count": 2}],
        "issue": {"valid_days": 7},
    }
    club = Programme.model_validate(
        SERVICES
        | {
            "code": "NEWCLUB",
            "names": {"en": "New club"},
            "entitlements": [service | {"count": 1}],
            "occasions": [welcome],
        }
    )
    how: dict[str, Any] = {"currency": "ILS", "language": "he", "now": NOW, "by": SYSTEM, "publish": True}
    sale.club_id = load_programme(sale.session, club, today=NOW.date().replace(year=2020), **how).club_id
    sale.session.commit()
    sale.join()
    mine = sale.shown()["customer"]["memberships"]
    membership = next(each["membership_id"] for each in mine if each["names"]["en"] == "New club")

    def counts() -> list[int]:
        every = sale.shown()["customer"]["entitlements"]
        return sorted(each["left"] for each in every if each["membership_id"] == membership)

    assert counts() == [1, 2]
    body = {"membership_id": membership, "entitlement": "alteration"}
    assert [sale.send("POST", "/entitlements", body).status_code for _ in range(4)] == [200, 200, 200, 409]
    given = next(each for each in listed(sale)["given"] if each["code"] == "alteration")
    assert (given["granted"], given["used"]) == (2, 3)


def test_a_use_waits_for_its_minutes_after_the_last_one(sale: Sale, session: Session) -> None:
    club = Programme.model_validate(
        DOCUMENT | {"entitlements": [DOCUMENT["entitlements"][0] | {"count": None, "apart_minutes": 120}]}
    )
    how: dict[str, Any] = {"currency": "ILS", "language": "he", "now": NOW, "by": SYSTEM, "publish": True}
    load_programme(session, club, today=NOW.date().replace(year=2020), **how)
    session.commit()
    assert used(sale).status_code == 200
    refused = used(sale)
    assert (refused.status_code, refused.json()["code"]) == (409, "entitlement-too-soon")
    assert "minutes" in refused.json()["detail"]
    session.execute(sa.update(EntitlementUse).values(at=EntitlementUse.at - dt.timedelta(minutes=120)))
    session.commit()
    assert used(sale).status_code == 200
