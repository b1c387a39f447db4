# REQ P-16 T-03: a till names any means of payment, and rules know it by its name
import uuid
from typing import Any

import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.points.models import PointsAccount
from erp_club.programmes.past.queries import receipts_of
from erp_club.receipts.models import ReceiptPayment
from tests.make.purchases import Till, a_product, sells_in_the_web
from tests.web.test_programmes_sold import a_member, points, till

__all__ = ["till"]


def balance(session: Session, customer_id: int) -> int:
    session.expire_all()
    return session.scalars(sa.select(PointsAccount.balance).where(PointsAccount.customer_id == customer_id)).one()


def post(client: TestClient, till: Till, url: str, body: dict[str, Any]) -> Any:
    return client.post(url, json=body, headers=till.headers | {"Idempotency-Key": uuid.uuid4().hex})


def test_points_are_earned_by_the_means_that_the_club_names(client: TestClient, session: Session, till: Till) -> None:
    """5 % of what a card, PayPal or Bit pays; nothing by another means."""
    customer_id = a_member(session, "oro_oro")
    sells_in_the_web(session, till)
    sold = [("bit", 10), ("paypal", 10), ("card", 10), ("bank_transfer", 0), ("invoice", 0)]
    for means, earned in sold:
        assert points(client, session, till, customer_id, 200_00, {means: 200_00}) == earned, means
    assert points(client, session, till, customer_id, 200_00, {"bit": 120_00, "invoice": 80_00}) == 6
    assert points(client, session, till, customer_id, 200_00, {"invoice": 80_00, "bit": 120_00}) == 6
    kept = session.execute(sa.select(ReceiptPayment.means, ReceiptPayment.called).distinct()).all()
    assert {tuple(each) for each in kept} == {
        ("card", name) for name in ("bit", "paypal", None, "bank_transfer", "invoice")
    }
    past = receipts_of(session, None, [customer_id])[customer_id]
    assert {tender.means for each in past for tender in each.purchase.tenders} == {name for name, _ in sold}


def test_what_a_named_means_paid_is_told_on_the_receipt_and_comes_back_with_its_points(
    client: TestClient, session: Session, till: Till
) -> None:
    customer_id = a_member(session, "oro_oro")
    sells_in_the_web(session, till)
    a_product(session, "COAT", price_minor=200_00)
    session.commit()
    body = {
        "receipt_no": "N-1", "customer": {"id": customer_id}, "lines": [{"sku": "COAT", "quantity": "1"}],
        "payments": [{"means": "bit", "amount_minor": 200_00}],
    }  # fmt: skip
    sold = post(client, till, "/purchases", body)
    assert sold.status_code == 201, sold.text
    assert [(each["means"], each["amount_minor"]) for each in sold.json()["payments"]] == [("bit", 200_00)]
    assert balance(session, customer_id) == 10
    back = post(client, till, f"/purchases/{sold.json()['id']}/returns", {})
    assert back.status_code == 201, back.text
    assert back.json()["refunds"] == [{"means": "bit", "amount_minor": 200_00}]
    assert balance(session, customer_id) == 0


def test_goods_that_several_means_paid_come_back_by_each_of_them_in_parts_too(
    client: TestClient, session: Session, till: Till
) -> None:
    sells_in_the_web(session, till)
    a_product(session, "COAT", price_minor=200_00)
    a_product(session, "SOCKS", price_minor=30_00)
    session.commit()
    paid = {"bit": 250_00, "card": 100_00, "paypal": 50_00}
    body = {
        "receipt_no": "N-1", "lines": [{"sku": "COAT", "quantity": "2"}],
        "payments": [{"means": means, "amount_minor": minor} for means, minor in paid.items()],
    }  # fmt: skip
    bought = f"/purchases/{post(client, till, '/purchases', body).json()['id']}"
    first = post(client, till, f"{bought}/returns", {"lines": [{"line_no": 1, "quantity": "1"}]}).json()
    assert by_name(first["refunds"]) == {"card": 100_00, "bit": 100_00}
    # Bit's 150.00 and PayPal's 50.00 are left: the socks are paid with Bit, and the rest goes back to both.
    goods = {"lines": [{"sku": "SOCKS", "quantity": "1"}]}
    made = post(client, till, f"{bought}/exchanges", {"receipt_no": "N-2", "goods": goods, "pay": "cash"})
    assert made.status_code == 201, made.text
    told = made.json()
    assert by_name(told["returned"]["refunds"]) == {"bit": 150_00, "paypal": 50_00}
    assert by_name(told["sold"]["payments"]) == {"bit": 30_00}
    assert (by_name(told["settlement"]), told["due_minor"]) == ({"bit": -120_00, "paypal": -50_00}, -170_00)


def by_name(payments: Any) -> dict[str, int]:
    return {each["means"]: each["amount_minor"] for each in payments}


def test_a_quote_tells_what_a_named_means_will_earn(client: TestClient, session: Session, till: Till) -> None:
    customer_id = a_member(session, "oro_oro")
    sells_in_the_web(session, till)
    a_product(session, "COAT", price_minor=200_00)
    session.commit()

    def quoted(*means: str) -> Any:
        basket = {"customer": {"id": customer_id}, "lines": [{"sku": "COAT", "quantity": "1"}]}
        return post(client, till, "/quotes", basket | {"sale_id": f"S-{'-'.join(means)}", "means": list(means)})

    assert [sum(each["points"] for each in quoted(means).json()["earned"]) for means in ("bit", "cheque")] == [10, 0]
    assert quoted("points").status_code == quoted("Bit Pay").status_code == 422


def test_a_till_without_the_net_names_them_too(client: TestClient, session: Session, till: Till) -> None:
    customer_id = a_member(session, "oro_oro")
    sells_in_the_web(session, till)
    a_product(session, "COAT", price_minor=200_00)
    session.commit()
    sale = {
        "receipt_no": "U-1", "sold_at": "2026-11-20T10:00:00+02:00", "customer": {"id": customer_id},
        "lines": [{"sku": "COAT", "quantity": "1", "amount_minor": 200_00}],
        "payments": [{"means": "bit", "amount_minor": 200_00}],
    }  # fmt: skip
    taken = post(client, till, "/purchase-uploads", {"purchases": [sale]})
    assert taken.status_code == 201, taken.text
    assert session.scalars(sa.select(ReceiptPayment.called)).all() == ["bit"]
    wrong = sale | {"receipt_no": "U-2", "payments": [{"means": "points", "amount_minor": 200_00}]}
    assert post(client, till, "/purchase-uploads", {"purchases": [wrong]}).status_code == 422
