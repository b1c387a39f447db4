"""What is written to the log tells of no person: a thousand ID numbers go through, none comes out."""

# REQ A-02
import logging

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from tests.corpus.shop import SKU, Shop

COUNT = 1_000
ASIDE = ("Idempotency-Key", "Referer", "X-Request-ID", "Approval")
"""Headers in which a number comes along besides."""
AT_ONCE = 1 + len(ASIDE)


def israeli_ids(count: int) -> list[str]:
    """So many valid ID numbers, all different, none of anybody known."""
    made: list[str] = []
    for number in range(30_000_000, 30_000_000 + count):
        steps = [int(digit) * (1 + place % 2) for place, digit in enumerate(str(number))]
        made.append(f"{number}{-sum(step - 9 if step > 9 else step for step in steps) % 10}")
    return made


def _flows(shop: Shop, number: str, name: str) -> list[tuple[str, str, object]]:
    """Every way in for an ID number, right and wrong ones: method, address, body."""
    named = {
        "given_name": name,
        "family_name": "Levi",
        "id_kind": "national_id",
        "id_country": "IL",
        "id_number": number,
    }
    customer = shop.ids["customer_id"]
    return [
        ("POST", "/customers", named),
        ("POST", "/customers", named | {"id_number": number[:-1]}),
        ("POST", "/customers", named | {"birthday": number, "unknown": number}),
        ("PATCH", f"/customers/{customer}", {"id_kind": "national_id", "id_country": "IL", "id_number": number}),
        ("PATCH", f"/customers/{customer}", {"email": number, "mobile": number}),
        ("POST", "/customer-searches", {"text": number}),
        ("POST", "/duplicate-searches", named),
        ("POST", "/audit-searches", {"text": number}),
        ("POST", f"/customers/{customer}/id-number-views", None),
        ("POST", "/baskets/current/entries", {"code": number}),
        ("POST", "/baskets/current/customers", named),
        ("POST", "/baskets/current/coupons", {"code": number}),
        (
            "POST",
            "/quotes",
            {"lines": [{"sku": SKU, "quantity": "1"}], "sale_id": number, "customer": {"number": number}},
        ),
        ("POST", "/balance-enquiries", {"number": number, "pin": number}),
        ("POST", "/sign-in", {"username": number, "password": number}),
        ("POST", "/staff-sessions", {"staff": number, "pin": number}),
        ("POST", "/segment-lists", {"name": number, "numbers": number}),
        ("GET", f"/customers?class_value={number}&club={number}", None),
        ("GET", f"/audit-entries?customer={number}", None),
        ("GET", f"/customers/{number}", None),
        ("GET", f"/customers/{number}.{number}/{number}", None),
        ("GET", "/customers.csv", None),
    ]


def test_a_thousand_id_numbers_go_through_and_none_is_in_the_log(
    client: TestClient, session: Session, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    shop = Shop(client, session)
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.WARNING, "httpx2")  # the test's own client tells what it asks for
    numbers = israeli_ids(COUNT)
    flows = len(_flows(shop, "", ""))
    statuses: set[int] = set()
    for count, (number, *others) in enumerate(zip(*[iter(numbers)] * AT_ONCE, strict=True)):
        method, url, body = _flows(shop, number, f"Noa{'ktlm'[count % 4] * (1 + count // flows)}")[count % flows]
        statuses.add(shop.ask(method, url, body, **dict(zip(ASIDE, others, strict=True))).status_code)
    out, err = capfd.readouterr()
    written = out + err + caplog.text
    assert {200, 201, 404, 422} <= statuses
    assert not any(status >= 500 for status in statuses)
    assert written.count("route=") >= COUNT // AT_ONCE
    assert [number for number in numbers if number in written or number[:-1] in written] == []
