"""What a manager should look at, each with its reason, and nothing where nobody did anything."""

# REQ A-02
import datetime as dt
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions.tries.kinds import Kind as Tried
from erp_club.permissions.tries.models import Lockout
from erp_club.stored_value.kinds import MovementKind
from erp_club.stored_value.models import ValueMovement
from tests.corpus.shop import SKU, Shop
from tests.make.browser import HTML


@pytest.fixture
def shop(client: TestClient, session: Session) -> Shop:
    return Shop(client, session)


def found(shop: Shop, kind: str) -> list[dict[str, Any]]:
    view = shop.ask("GET", "/irregularities").json()
    return [each for each in view["found"] if each["kind"] == kind]


def sold(shop: Shop, number: str | None, receipt_no: str) -> int:
    paid = 27_00 if number == "100001" else 30_00
    body = {
        "lines": [{"sku": SKU, "quantity": "1"}], "receipt_no": receipt_no,
        "payments": [{"means": "cash", "amount_minor": paid}],
    }  # fmt: skip
    return shop.made("POST", "/purchases", body | ({"customer": {"number": number}} if number else {}))["id"]


def test_a_quiet_month_has_nothing_to_look_at(shop: Shop) -> None:
    view = shop.ask("GET", "/irregularities").json()
    assert view["found"] == []
    page = shop.ask("GET", "/irregularities", **HTML).text
    assert "Nothing to look at" in page
    assert "ERP_CLUB" not in page, "names of settings are words of whoever runs the server"


def test_many_customers_opened_without_a_sale_are_told(shop: Shop) -> None:
    for number in range(5):
        shop.made("POST", "/customers", {"given_name": "Noa", "family_name": f"Levi {number}", "number": f"9{number}"})
    [told] = found(shop, "opened")
    assert (told["count"], told["staff"]) == (5, "Somebody hq")
    sold(shop, "90", "R-1")
    assert found(shop, "opened") == []  # four of them are not many
    assert "5 customers were opened" not in shop.ask("GET", "/irregularities", **HTML).text


def test_one_customer_in_many_sales_of_a_day_is_told(shop: Shop) -> None:
    for number in range(4):
        assert found(shop, "same_customer") == []
        sold(shop, "100001", f"R-{number}")
    sold(shop, None, "R-9")
    [told] = found(shop, "same_customer")
    assert (told["count"], told["customer"], told["customer_id"]) == (4, "100001", shop.ids["customer_id"])
    assert "in 4 sales" in shop.ask("GET", "/irregularities", **HTML).text


def test_points_given_by_hand_and_used_soon_after_are_told(shop: Shop) -> None:
    shop.made("POST", f"/points-accounts/{shop.ids['account_id']}/adjustments", {"points": 200, "description": "Sorry"})
    assert found(shop, "adjusted") == []
    body = {
        "lines": [{"sku": SKU, "quantity": "1"}], "receipt_no": "R-1", "customer": {"number": "100001"},
        "payments": [{"means": "cash", "amount_minor": 22_00}], "activations": [{"offer": "PAY", "points": 100}],
    }  # fmt: skip
    shop.made("POST", "/purchases", body)
    [told] = found(shop, "adjusted")
    assert (told["count"], told["customer"]) == (100, "100001")
    assert [(each["points"], each["staff"]) for each in told["given"]] == [(200, "Somebody hq")]


def test_one_use_of_points_is_told_once_with_all_that_was_given_by_hand_before_it(shop: Shop) -> None:
    for points in (100, 200, -20):
        body = {"points": points, "description": "Sorry"}
        shop.made("POST", f"/points-accounts/{shop.ids['account_id']}/adjustments", body)
    for number in ("R-1", "R-2"):
        body = {
            "lines": [{"sku": SKU, "quantity": "1"}], "receipt_no": number, "customer": {"number": "100001"},
            "payments": [{"means": "cash", "amount_minor": 22_00}], "activations": [{"offer": "PAY", "points": 100}],
        }  # fmt: skip
        shop.made("POST", "/purchases", body)
    told = found(shop, "adjusted")
    assert [(each["count"], [one["points"] for one in each["given"]]) for each in told] == [(100, [100, 200])] * 2
    page = shop.ask("GET", "/irregularities", **HTML).text
    assert page.count("used soon after: ") == 2
    assert page.count("by Somebody hq, ") == 4


def test_bursts_of_wrong_codes_are_told_with_their_kind(shop: Shop, session: Session) -> None:
    now = dt.datetime.now(dt.UTC)
    place = {"scope": "x", "terminal_id": shop.ids["terminal_id"], "at": now, "until": now}
    session.add_all([Lockout(kind=Tried.COUPONS, **place), Lockout(kind=Tried.COUPONS, **place)])
    session.commit()
    [told] = found(shop, "codes")
    assert (told["count"], told["detail"], told["store"]) == (2, "coupons", "Store 374")
    assert "Locked 2 times" in shop.ask("GET", "/irregularities", **HTML).text


def test_a_gift_card_sold_and_given_back_is_told(shop: Shop, session: Session) -> None:
    receipt = sold(shop, "100001", "R-1")
    movement = ValueMovement(
        customer_id=0, card_id=shop.ids["value_card_id"], seq=2, kind=MovementKind.SOLD, amount_minor=27_00,
        balance_after_minor=127_00, at=dt.datetime.now(dt.UTC), on_date=dt.date(2026, 11, 25),
        receipt_customer_id=shop.ids["customer_id"], receipt_id=receipt,
    )  # fmt: skip
    session.add(movement)
    session.commit()
    assert found(shop, "refunded") == []
    shop.made("POST", f"/purchases/{receipt}/returns", {"reason": "Changed mind"})
    [told] = found(shop, "refunded")
    assert (told["count"], told["thing_id"], told["customer"]) == (0, shop.ids["value_card_id"], "100001")
    assert "within 1 hour" in shop.ask("GET", "/irregularities", **HTML).text


def test_days_that_are_not_asked_for_are_not_shown(shop: Shop) -> None:
    for number in range(4):
        sold(shop, "100001", f"R-{number}")
    view = shop.ask("GET", "/irregularities?first=2020-01-01&last=2020-01-31").json()
    assert (view["found"], view["first"]) == ([], "2020-01-01")
    for days in ("first=1900-01-01&last=2999-12-31", "last=1900-01-01", "first=1900-01-01"):
        assert shop.ask("GET", f"/irregularities?{days}").status_code == 200, days
