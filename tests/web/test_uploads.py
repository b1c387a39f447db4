# REQ T-03: sales that were made offline come hours later, out of order and twice; each is booked once, none is dropped
import datetime as dt
import itertools
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from erp_club.permissions.catalog import Permission, Role
from erp_club.points.models import PointsAccount
from erp_club.promotions.coupons.models import Coupon
from erp_club.purchases.uploads.kinds import Cause
from erp_club.receipts.models import Receipt, ReceiptOffer
from erp_club.stored_value.models import ValueCard
from tests.make.clubs import a_club, a_customer, a_membership, moved
from tests.make.coupons import a_batch, some_coupons
from tests.make.offers import a_published_offer, points_that_pay
from tests.make.organisation import PASSWORD, somebody
from tests.make.purchases import Till, a_product, a_till
from tests.make.stored_value import a_kind, an_article
from tests.web.test_till_approvals import limit
from web.i18n import say
from web.views.uploads import conflict_words

MILK, BREAD = "7290000000017", "7290000000024"
BROWSER = {"Accept": "text/html", "Origin": "http://testserver"}
keys = (f"key-{number}" for number in itertools.count())
HOURS_AGO = dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(hours=5)


@pytest.fixture
def till(session: Session) -> Till:
    made = a_till(session)
    a_product(session, MILK, price_minor=10_04)
    a_product(session, BREAD, price_minor=5_50, name="Bread")
    session.commit()
    return made


def a_sale(receipt_no: str, minutes: int = 0, **changes: Any) -> dict[str, Any]:
    """A carton of milk, sold at our price hours ago."""
    return {
        "receipt_no": receipt_no,
        "sold_at": (HOURS_AGO + dt.timedelta(minutes=minutes)).isoformat(),
        "lines": [{"sku": MILK, "quantity": "1", "amount_minor": 10_04}],
        "payments": [{"means": "card", "amount_minor": 10_04}],
    } | changes


def priced(amount: int, sku: str = MILK) -> dict[str, Any]:
    return {
        "lines": [{"sku": sku, "quantity": "1", "amount_minor": amount}],
        "payments": [{"means": "card", "amount_minor": amount}],
    }


def send(client: TestClient, till: Till, *sales: dict[str, Any], key: str | None = None) -> Response:
    headers = till.headers | {"Idempotency-Key": key or next(keys)}
    answer = client.post("/purchase-uploads", json={"purchases": sales}, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer


def told(answer: Response) -> list[tuple[str, str, list[str]]]:
    """(number, what became of it, causes) by sale."""
    return [
        (each["receipt_no"], each["state"], [fault["cause"] for fault in each["conflicts"]])
        for each in answer.json()["purchases"]
    ]


def receipts(session: Session) -> list[str]:
    return list(session.scalars(sa.select(Receipt.receipt_no).order_by(Receipt.sold_at)))


def member(session: Session) -> int:
    customer_id = a_customer(session, "100001")
    a_membership(session, customer_id, a_club(session), joined_on=dt.date(2020, 1, 1))
    session.execute(sa.text("UPDATE membership_periods SET validity = daterange('2020-01-01', NULL)"))
    session.execute(sa.text("UPDATE clubs SET earn_per_minor = 100"))
    session.commit()
    return customer_id


def test_sales_out_of_order_are_each_booked_once_however_often_they_come(
    client: TestClient, session: Session, till: Till
) -> None:
    member(session)
    late, early = a_sale("O-2", 10, customer={"number": "100001"}), a_sale("O-1", customer={"number": "100001"})
    first = send(client, till, late, early)
    assert told(first) == [("O-2", "booked", []), ("O-1", "booked", [])]
    assert receipts(session) == ["O-1", "O-2"]
    again = send(client, till, early, a_sale("O-3", 20), late, late)
    assert [state for _, state, _ in told(again)] == ["known", "booked", "known", "known"]
    assert (again.json()["booked"], again.json()["known"]) == (1, 3)
    assert receipts(session) == ["O-1", "O-2", "O-3"]
    assert session.scalar(sa.select(PointsAccount.balance)) == 20
    sold = client.get(f"/purchases/{first.json()['purchases'][1]['id']}", headers=till.headers).json()
    assert dt.datetime.fromisoformat(sold["sold_at"]) == HOURS_AGO


def test_a_sale_that_was_sold_online_before_is_known(client: TestClient, till: Till) -> None:
    body = {k: v for k, v in a_sale("O-1").items() if k != "lines"} | {"lines": [{"sku": MILK, "quantity": "1"}]}
    assert client.post("/purchases", json=body, headers=till.headers | {"Idempotency-Key": "a"}).status_code == 201
    assert told(send(client, till, a_sale("O-1"))) == [("O-1", "known", [])]


def test_another_sale_under_a_taken_number_is_kept_in_the_list(
    client: TestClient, session: Session, till: Till
) -> None:
    send(client, till, a_sale("O-1"))
    for _ in range(2):
        other = send(client, till, a_sale("O-1", **priced(5_50, BREAD)))
        assert told(other) == [("O-1", "kept", ["receipt_differs"])]
    assert receipts(session) == ["O-1"]
    assert session.scalar(sa.text("SELECT count(*) FROM upload_conflicts")) == 1
    assert session.scalar(sa.text("SELECT document->'lines'->0->>'sku' FROM upload_conflicts")) == BREAD


def test_a_sale_at_another_price_is_booked_as_the_till_made_it(
    client: TestClient, session: Session, till: Till
) -> None:
    member(session)
    done = send(client, till, a_sale("O-1", customer={"number": "100001"}, **priced(8_00)))
    assert told(done) == [("O-1", "booked", ["price"])]
    assert done.json()["purchases"][0]["conflicts"][0]["facts"] == {"ours_minor": 10_04, "theirs_minor": 8_00}
    assert session.scalar(sa.select(Receipt.total_minor)) == 8_00
    assert session.scalar(sa.select(PointsAccount.balance)) == 8


def test_offers_that_the_till_reckoned_as_we_do_stand_on_the_receipt(
    client: TestClient, session: Session, till: Till
) -> None:
    a_published_offer(session)
    session.commit()
    assert told(send(client, till, a_sale("O-1", **priced(9_04)))) == [("O-1", "booked", [])]
    assert session.scalar(sa.select(ReceiptOffer.amount_minor)) == 1_00


def test_unknown_goods_and_customers_are_booked_and_told(client: TestClient, session: Session, till: Till) -> None:
    odd = a_sale("O-1", customer={"number": "nobody"}, **priced(3_00, "NEW-1"))
    [(_, state, causes)] = told(send(client, till, odd))
    assert (state, causes) == ("booked", ["customer_unknown", "product_unknown", "price"])
    assert session.execute(sa.select(Receipt.customer_id, Receipt.total_minor)).one() == (0, 3_00)
    assert session.scalar(sa.text("SELECT stub FROM products WHERE sku = 'NEW-1'")) is True


def test_a_sale_under_the_old_id_of_a_merged_customer_is_the_survivors(
    client: TestClient, session: Session, till: Till
) -> None:
    survivor, merged = member(session), a_customer(session, "100002")
    session.execute(
        sa.text("UPDATE customers SET state = 'merged', merged_into = :survivor WHERE id = :merged"),
        {"survivor": survivor, "merged": merged},
    )
    session.commit()
    sent = send(client, till, a_sale("O-1", customer={"id": merged}), a_sale("O-2", 10, customer={"number": "100002"}))
    assert told(sent) == [("O-1", "booked", []), ("O-2", "booked", [])]
    assert set(session.scalars(sa.select(Receipt.customer_id))) == {survivor}
    assert session.scalar(sa.select(PointsAccount.balance)) == 20


def test_a_coupon_of_two_offline_tills_is_used_once_and_the_second_sale_told(
    client: TestClient, session: Session, till: Till
) -> None:
    a_batch(session)
    [code] = some_coupons(session)
    reward = {"kind": "amount", "value_minor": 1_00}
    a_published_offer(session, "ONE", rewards=[reward], activation={"by": "coupon", "batch": "WINTER"})
    session.commit()
    sales = [a_sale(f"O-{n}", n, coupons=[code], **priced(9_04)) for n in (1, 2)]
    # The cashier isn't told whether a code was ever good; head office is.
    assert told(send(client, till, *sales)) == [("O-1", "booked", []), ("O-2", "booked", ["coupon_refused"])]
    assert session.scalar(sa.text("SELECT cause FROM upload_conflicts")) == "coupon_used"
    assert session.scalar(sa.select(Coupon.used)) == 1
    assert receipts(session) == ["O-1", "O-2"]


def test_a_coupon_that_is_not_good_is_told_of_though_it_changed_no_price(
    client: TestClient, session: Session, till: Till
) -> None:
    sent = send(client, till, a_sale("O-1", coupons=["NO-SUCH-COUPON"], **priced(10_04)))
    assert told(sent) == [("O-1", "booked", ["coupon_refused"])]


def test_a_good_coupon_is_used_though_the_price_is_another(client: TestClient, session: Session, till: Till) -> None:
    a_batch(session)
    [code] = some_coupons(session)
    reward = {"kind": "amount", "value_minor": 1_00}
    a_published_offer(session, "ONE", rewards=[reward], activation={"by": "coupon", "batch": "WINTER"})
    session.commit()
    assert told(send(client, till, a_sale("O-1", coupons=[code], **priced(8_00)))) == [("O-1", "booked", ["price"])]
    assert session.scalar(sa.select(Coupon.used)) == 1


def test_a_limit_that_was_exceeded_is_told(client: TestClient, session: Session, till: Till) -> None:
    a_published_offer(session, limits={"uses": 1})
    session.commit()
    sales = [a_sale(f"O-{n}", n, **priced(9_04)) for n in (1, 2)]
    assert told(send(client, till, *sales)) == [("O-1", "booked", []), ("O-2", "booked", ["limit_exceeded"])]


def test_a_card_that_was_sold_offline_is_told_of_and_stops_no_other_sale(
    client: TestClient, session: Session, till: Till
) -> None:
    # REQ V-02
    a_kind(session, "PINNED", has_pin=True, articles=(an_article(session),))
    session.commit()
    goods = [{"sku": "GIFT-1", "quantity": "50", "amount_minor": 50_00}]
    card = a_sale("A-1", lines=goods, payments=[{"means": "card", "amount_minor": 50_00}])
    answer = send(client, till, card, a_sale("A-2"))
    assert [causes for _, _, causes in told(answer)] == [["card_not_made"], []]
    assert receipts(session) == ["A-1", "A-2"]
    assert session.scalar(sa.select(sa.func.count()).select_from(ValueCard)) == 0
    url = f"/purchases/{answer.json()['purchases'][0]['id']}/returns"
    refused = client.post(url, json={}, headers=till.headers | {"Idempotency-Key": "back"})
    assert (refused.status_code, refused.json()["code"]) == (409, "stored-value-not-made")


def test_points_that_a_cashier_may_not_use_alone_are_used_offline_and_told_of(
    client: TestClient, session: Session, till: Till
) -> None:
    # REQ T-04 A-01
    yael = a_customer(session)
    moved(session, yael, a_membership(session, yael, a_club(session)).points_account_id, 200)
    points_that_pay(session)
    limit(session, Role.CASHIER, Permission.POINTS_REDEEM, per_day=50)
    session.commit()

    def paying(receipt_no: str, points: int) -> dict[str, Any]:
        claim = {"customer": {"number": "100001"}, "activations": [{"offer": "PAY", "points": points}]}
        return a_sale(receipt_no, **priced(10_04 - 5 * points), **claim)

    answer = send(client, till, paying("A-1", 40), paying("A-2", 40))
    assert [causes for _, _, causes in told(answer)] == [[], ["not_alone"]]
    facts = answer.json()["purchases"][1]["conflicts"][0]["facts"]
    assert facts == {"action": "points.redeem", "amount": 40}
    words = say(conflict_words(Cause.NOT_ALONE, facts, "ILS"))
    assert words == "The cashier may not do this alone, or not so much of it: Let a customer pay with points."


def test_payments_and_times_that_cannot_be_are_told(client: TestClient, session: Session, till: Till) -> None:
    short = a_sale("O-1", payments=[{"means": "card", "amount_minor": 9_00}])
    old = a_sale("O-2") | {"sold_at": "2020-01-01T10:00:00+02:00"}
    assert [causes for _, _, causes in told(send(client, till, short, old))] == [["payments_differ"], ["time"]]
    assert receipts(session) == ["O-2", "O-1"]


def test_goods_that_a_card_nobody_named_paid_offline_come_back_for_cash(client: TestClient, till: Till) -> None:
    """REQ T-03"""
    paid = [{"means": "stored_value", "amount_minor": 4_00}, {"means": "card", "amount_minor": 6_04}]
    sent = send(client, till, a_sale("O-1", payments=paid))
    assert told(sent) == [("O-1", "booked", ["payment_unchecked"])]
    headers = till.headers | {"Idempotency-Key": "back"}
    back = client.post(f"/purchases/{sent.json()['purchases'][0]['id']}/returns", json={}, headers=headers)
    assert back.status_code == 201, back.text
    given = {each["means"]: each["amount_minor"] for each in back.json()["refunds"]}
    assert given == {"cash": 4_00, "card": 6_04}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"receipt_no": ""}, "purchases[0].receipt_no"),
        ({"sold_at": "2026-11-25T10:00:00"}, "purchases[0].sold_at"),
        ({"lines": []}, "purchases[0].lines"),
        ({"lines": [{"sku": MILK, "quantity": "-1", "amount_minor": 1}]}, "purchases[0].lines[0].quantity"),
        ({"lines": [{"sku": MILK, "quantity": "1", "amount_minor": -1}]}, "purchases[0].lines[0].amount_minor"),
        ({"customer": {}}, "purchases[0].customer"),
        ({"payments": [{"means": "A cheque", "amount_minor": 1}]}, "purchases[0].payments[0].means"),
    ],
)
def test_what_is_no_sale_is_refused_at_its_field(
    client: TestClient, till: Till, changes: dict[str, Any], field: str
) -> None:
    body = {"purchases": [a_sale("O-1") | changes]}
    answer = client.post("/purchase-uploads", json=body, headers=till.headers | {"Idempotency-Key": next(keys)})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]


def test_head_office_looks_through_what_did_not_fit(client: TestClient, session: Session, till: Till) -> None:
    send(client, till, a_sale("O-1", **priced(8_00)), a_sale("O-2", 5, customer={"number": "nobody"}))
    somebody(session, Role.HQ, username="hq")
    session.commit()
    client.post("/sign-in", data={"username": "hq", "password": PASSWORD})
    listed = client.get("/upload-conflicts", headers={"Accept": "application/json"}).json()
    assert [(each["receipt_no"], each["cause"]) for each in listed["conflicts"]] == [
        ("O-2", "customer_unknown"),
        ("O-1", "price"),
    ]
    told = client.get("/upload-conflicts?store_name=nowhere", headers={"Accept": "application/json"})
    assert (told.status_code, told.json()["errors"][0]["field"]) == (422, "store_name")
    only = client.get("/upload-conflicts?cause=price", headers={"Accept": "application/json"}).json()["conflicts"]
    assert [each["receipt_no"] for each in only] == ["O-1"]
    page = client.get("/upload-conflicts", headers=BROWSER)
    assert "our price is" in page.text
    file = client.get("/upload-conflicts.csv")
    assert len(file.text.splitlines()) == 3
    url = f"/upload-conflicts/{only[0]['id']}/acknowledgements"
    done = client.post(url, data={"idempotency_key": "seen"}, headers=BROWSER | {"HX-Request": "true"})
    assert done.status_code == 200
    assert f'id="conflict-{only[0]["id"]}"' in done.text
    left = client.get("/upload-conflicts", headers={"Accept": "application/json"}).json()["conflicts"]
    assert [each["receipt_no"] for each in left] == ["O-2"]
    seen = client.get("/upload-conflicts?seen=yes", headers={"Accept": "application/json"}).json()["conflicts"]
    assert [(each["receipt_no"], each["seen_by"]) for each in seen] == [("O-1", "Somebody hq")]
    assert (
        client.post(
            "/upload-conflicts/999999/acknowledgements", data={"idempotency_key": "x"}, headers=BROWSER
        ).status_code
        == 404
    )
