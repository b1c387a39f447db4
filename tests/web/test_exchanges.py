# REQ P-08 T-03: goods come back and others are bought with one settlement, at the till and for tills of other makes
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from erp_club.purchases.credit import NO_CREDIT, Credit, others
from erp_club.purchases.sale import Payment
from erp_club.receipts.kinds import Means
from erp_club.receipts.models import Receipt, ReceiptExchange
from tests.make.purchases import Till
from tests.web.test_returns import BREAD, BROWSER, MILK, a_purchase, balance, keys, member, post, till

__all__ = ["till"]
CARD = [{"means": "card", "amount_minor": 32_87}]


def exchange(client: TestClient, till: Till, bought: int, **body: Any) -> Response:
    return post(client, till, f"/purchases/{bought}/exchanges", body)


def goods(sku: str, quantity: str = "1", **more: Any) -> dict[str, Any]:
    return {"lines": [{"sku": sku, "quantity": quantity}]} | more


def receipts(session: Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(Receipt)) or 0


def test_milk_is_exchanged_for_bread_on_one_receipt_and_only_the_difference_is_paid(
    client: TestClient, session: Session, till: Till
) -> None:
    member(session)
    bought = a_purchase(client, till, customer={"number": "100001"})
    asked: dict[str, Any] = {
        "receipt_no": "1-X1",
        "lines": [{"line_no": 1, "quantity": "1"}],
        "goods": goods(BREAD, "3", customer={"number": "100001"}),
        "pay": "cash",
    }
    before, points = receipts(session), balance(session)
    shown = exchange(client, till, bought, **asked, preview=True)
    assert shown.status_code == 200, shown.text
    assert (receipts(session), balance(session)) == (before, points)
    made = exchange(client, till, bought, **asked, expected_due_minor=shown.json()["due_minor"])
    assert made.status_code == 201, made.text
    told = made.json()
    # 10.04 comes back and pays by bank card, as it came; 16.50 is bought, and 6.46 are paid in coins: 6.50.
    assert told["settlement"] == [{"means": "cash", "amount_minor": 6_50}]
    assert (told["due_minor"], told["returned"]["total_minor"], told["sold"]["total_minor"]) == (6_50, 10_04, 16_50)
    assert [(each["means"], each["amount_minor"]) for each in told["sold"]["payments"]] == [
        ("card", 10_04),
        ("cash", 6_50),
    ]
    assert {k: told[k] for k in ("settlement", "due_minor")} == {
        k: shown.json()[k] for k in ("settlement", "due_minor")
    }
    # What is left of the old receipt earns 22, the new goods 16.
    assert balance(session) == 22 + 16
    assert session.scalar(sa.select(sa.func.count()).select_from(ReceiptExchange)) == 1


def test_both_sides_are_one_slip(client: TestClient, till: Till) -> None:
    bought = a_purchase(client, till)
    asked = {"receipt_no": "1-X2", "lines": [{"line_no": 1, "quantity": "1"}], "goods": goods(BREAD, "3")}
    made = exchange(client, till, bought, **asked).json()
    slips = [
        client.get(f"/purchases/{each}/slip", headers=till.headers).json()
        for each in (made["sold"]["id"], made["returned"]["id"])
    ]
    assert slips[0] == slips[1]
    assert [line["amount_minor"] for line in slips[0]["lines"]] == [-10_04, 16_50]
    assert (slips[0]["receipt_no"], slips[0]["exchange"], slips[0]["total_minor"]) == ("1-X2", True, 6_46)
    assert [(each["means"], each["amount_minor"]) for each in slips[0]["payments"]] == [("cash", 6_50)]


def test_cheaper_goods_give_the_rest_back_the_way_it_was_paid(client: TestClient, till: Till) -> None:
    bought = a_purchase(client, till)
    asked = {"receipt_no": "1-X3", "lines": [{"line_no": 1, "quantity": "2"}], "goods": goods(BREAD)}
    made = exchange(client, till, bought, **asked).json()
    assert made["settlement"] == [{"means": "card", "amount_minor": -(20_08 - 5_50)}]
    # The new goods count as paid by bank card: returned, they give no cash.
    back = post(client, till, f"/purchases/{made['sold']['id']}/returns", {})
    assert back.json()["refunds"] == [{"means": "card", "amount_minor": 5_50}]


def test_goods_of_an_exchange_can_be_exchanged_again_and_what_came_back_can_not(client: TestClient, till: Till) -> None:
    bought = a_purchase(client, till)
    first = exchange(
        client, till, bought, receipt_no="1-X4", lines=[{"line_no": 2, "quantity": "0.5"}], goods=goods(MILK)
    ).json()
    again = exchange(client, till, first["sold"]["id"], receipt_no="1-X5", goods=goods(BREAD))
    assert again.status_code == 201, again.text
    of_return = exchange(client, till, first["returned"]["id"], receipt_no="1-X6", goods=goods(BREAD))
    assert (of_return.status_code, of_return.json()["code"]) == (409, "is-a-return")


def test_the_same_exchange_sent_twice_is_made_once(client: TestClient, session: Session, till: Till) -> None:
    bought, key = a_purchase(client, till), next(keys)
    asked = {"receipt_no": "1-X7", "lines": [{"line_no": 1, "quantity": "1"}], "goods": goods(BREAD)}
    first, second = (post(client, till, f"/purchases/{bought}/exchanges", asked, key=key) for _ in range(2))
    assert first.json() == second.json()
    assert receipts(session) == 3
    under_its_number = exchange(client, till, bought, **asked)
    assert (under_its_number.status_code, under_its_number.json()["code"]) == (409, "receipt-exists")
    assert receipts(session) == 3


def test_where_the_new_goods_can_not_be_sold_nothing_comes_back(
    client: TestClient, session: Session, till: Till
) -> None:
    bought = a_purchase(client, till)
    refused = exchange(client, till, bought, receipt_no="1-X8", goods=goods("0000"))
    assert refused.status_code == 422
    other = exchange(client, till, bought, receipt_no="1-X8", goods=goods(BREAD), expected_due_minor=1)
    assert (other.status_code, other.json()["code"]) == (409, "total-changed")
    unnumbered = exchange(client, till, bought, goods=goods(BREAD))
    assert unnumbered.status_code == 422
    assert receipts(session) == 1


def test_the_till_exchanges_for_the_sale_on_its_screen(client: TestClient, session: Session, till: Till) -> None:
    bought = a_purchase(client, till)
    empty = exchange(client, till, bought, lines=[{"line_no": 1, "quantity": "1"}])
    assert (empty.status_code, empty.json()["code"]) == (409, "basket-empty")
    assert post(client, till, "/baskets/current/entries", {"code": BREAD}).status_code == 200
    headers = till.headers | BROWSER | {"HX-Request": "true"}
    page = client.get(f"/purchases/{bought}/returns/new", headers=headers).text
    assert f"/purchases/{bought}/exchanges" in page
    form = {"lines[0].line_no": "1", "lines[0].quantity": "1", "means": "", "reason": "Too cold"}
    url = f"/purchases/{bought}/exchanges"
    shown = client.post(url, data=form | {"preview": "true"}, headers=headers | {"Idempotency-Key": next(keys)})
    assert shown.status_code == 200, shown.text
    assert 'name="expected_due_minor" value="-454"' in shown.text
    assert 'name="reason" value="Too cold"' in shown.text
    assert receipts(session) == 1
    form |= {"expected_due_minor": "-454", "pay": "cash"}
    made = client.post(url, data=form, headers=headers | {"Idempotency-Key": next(keys)})
    assert made.status_code == 200, made.text
    assert 'id="slip-exchange"' in made.text
    till_now = client.get("/till", headers=till.headers).json()
    assert till_now["lines"] == []
    assert receipts(session) == 3


@pytest.mark.parametrize(
    ("credit", "total", "rest", "paid"),
    [
        (NO_CREDIT, 10_03, Means.CASH, {Means.CASH: 10_00}),
        (NO_CREDIT, 10_03, Means.CARD, {Means.CARD: 10_03}),
        (Credit(card_minor=20_00, cash_minor=10_10), 40_00, Means.CARD, {Means.CARD: 29_90, Means.CASH: 10_10}),
        (Credit(card_minor=20_00, cash_minor=10_10), 40_00, Means.CASH, {Means.CARD: 20_00, Means.CASH: 20_00}),
        (Credit(card_minor=20_00, cash_minor=10_10), 15_00, Means.CASH, {Means.CARD: 15_00}),
        (Credit(cash_minor=50_10), 30_03, Means.CARD, {Means.CASH: 30_00}),
        (Credit(card_minor=5_00), 0, Means.CASH, {}),
    ],
    ids=["cash", "card", "rest by card", "rest in cash", "more than enough", "coins only", "for nothing"],
)
def test_what_came_back_pays_first_and_by_its_own_means(
    credit: Credit, total: int, rest: Means, paid: dict[Means, int]
) -> None:
    made = others((), credit, total, rest, "ILS")
    assert {each.means: each.amount_minor for each in made} == paid


def test_cards_that_pay_leave_less_for_the_credit() -> None:
    by_card = (Payment(Means.STORED_VALUE, 30_00, (1, 1)),)
    assert others(by_card, Credit(card_minor=20_00), 40_00, Means.CASH, "ILS") == [Payment(Means.CARD, 10_00)]
