# REQ O-09 V-03 T-03: wrong codes over the wire, and a coupon whose rest is used next time
import itertools
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from erp_club.promotions.coupons.codes import new_codes
from erp_club.promotions.coupons.models import Coupon, WrongCode
from tests.make.clubs import a_customer
from tests.make.coupons import a_batch, some_coupons
from tests.make.offers import a_published_offer
from tests.make.purchases import Till, a_product, a_till, a_till_in

MILK = "7290000000017"
numbers = itertools.count(1)
BY_COUPON = {"by": "coupon", "batch": "WINTER"}


@pytest.fixture
def till(session: Session) -> Till:
    made = a_till(session)
    a_product(session, MILK, price_minor=20_00)
    a_batch(session)
    a_published_offer(session, "FIVE", rewards=[{"kind": "amount", "value_minor": 5_00}], activation=BY_COUPON)
    session.commit()
    return made


def quote(client: TestClient, till: Till, *codes: str, sale_id: str = "s1", **changes: Any) -> Response:
    body = {"sale_id": sale_id, "lines": [{"sku": MILK, "quantity": "1"}], "coupons": list(codes)} | changes
    return client.post("/quotes", json=body, headers=till.headers)


def buy(client: TestClient, till: Till, by_card: int, *codes: str, **changes: Any) -> Response:
    body = {
        "sale_id": "s1",
        "receipt_no": f"A-{next(numbers)}",
        "lines": [{"sku": MILK, "quantity": "1"}],
        "payments": [{"means": "card", "amount_minor": by_card}] if by_card else [],
        "coupons": list(codes),
    } | changes
    return client.post("/purchases", json=body, headers=till.headers | {"Idempotency-Key": uuid.uuid4().hex})


def test_ten_wrong_codes_lock_the_till_and_no_other(client: TestClient, session: Session, till: Till) -> None:
    held, good = some_coupons(session, 2)
    beside = a_till_in(session, till.store_id, username="beside")
    session.commit()
    assert quote(client, till, held, sale_id="held").json()["total_minor"] == 15_00
    for code in new_codes(10):
        assert quote(client, till, code).status_code == 201
    locked = quote(client, till, good)
    assert (locked.status_code, locked.json()["code"]) == (429, "coupon-entry-locked")
    assert 0 < int(locked.headers["Retry-After"]) == locked.json()["retry_after"] <= 600
    assert quote(client, till, held, sale_id="held").json()["total_minor"] == 15_00
    assert quote(client, till).status_code == 201
    assert quote(client, beside, good).json()["total_minor"] == 15_00


def test_a_basket_priced_again_and_again_counts_its_wrong_code_once(client: TestClient, till: Till) -> None:
    code = next(new_codes(1))
    assert {quote(client, till, code, code.lower()).status_code for _ in range(15)} == {201}


def test_a_wrong_code_counts_though_the_sale_is_refused(client: TestClient, session: Session, till: Till) -> None:
    refused = [buy(client, till, 1, code).status_code for code in new_codes(10)]
    assert set(refused) & {201} == set()
    assert session.scalar(sa.select(sa.func.count()).select_from(WrongCode)) == 10
    assert quote(client, till, *new_codes(1)).status_code == 429


def test_a_foreign_a_used_and_an_unknown_code_are_answered_alike(
    client: TestClient, session: Session, till: Till
) -> None:
    a_batch(session, "HERS", personal=True)
    (used,) = some_coupons(session)
    (hers,) = some_coupons(session, code="HERS", customer_id=a_customer(session))
    session.commit()
    assert buy(client, till, 15_00, used).status_code == 201
    answers = [quote(client, till, code).json() for code in (used, hers, next(new_codes(1)))]
    told = [sorted(each["reason"] for each in answer["refused"]) for answer in answers]
    assert told == [["code_needed", "unknown_code"]] * 3


def test_whose_own_coupons_are_used_up_locks_no_till_by_showing_them_again(
    client: TestClient, session: Session, till: Till
) -> None:
    a_batch(session, "HERS", personal=True)
    yael = {"number": "100009"}
    hers = some_coupons(session, 6, code="HERS", customer_id=a_customer(session, yael["number"]))
    bearer = some_coupons(session, 6)
    session.execute(sa.update(Coupon).where(Coupon.code.in_(hers)).values(used=1))
    session.commit()
    for code in bearer:
        assert buy(client, till, 15_00, code, customer=yael).status_code == 201
    unknown = sorted(each["reason"] for each in quote(client, till, *new_codes(1)).json()["refused"])
    for code in (*hers, *bearer):
        again = quote(client, till, code, customer=yael)
        assert sorted(each["reason"] for each in again.json()["refused"]) == unknown
    # To nobody known they are as wrong as any: one unknown code before, and nine more.
    assert {quote(client, till, code).status_code for code in (*hers, *bearer)[:9]} == {201}
    assert quote(client, till, bearer[-1]).status_code == 429


def test_what_is_left_of_a_voucher_is_taken_off_the_next_purchase(
    client: TestClient, session: Session, till: Till
) -> None:
    a_batch(session, "VOUCHER", uses=10, worth_minor=30_00)
    reward = {"kind": "amount", "value_minor": 30_00}
    a_published_offer(session, "THIRTY", rewards=[reward], activation={"by": "coupon", "batch": "VOUCHER"})
    (code,) = some_coupons(session, code="VOUCHER")
    session.commit()
    assert quote(client, till, code).json()["total_minor"] == 0
    first = buy(client, till, 0, code)
    assert first.status_code == 201, first.text
    assert buy(client, till, 10_00, code).status_code == 201
    assert session.execute(sa.select(Coupon.used, Coupon.given_minor)).one() == (2, 30_00)
    assert quote(client, till, code).json()["total_minor"] == 20_00
