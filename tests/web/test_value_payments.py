# REQ V-01 V-02 V-03 T-06: prepaid and gift cards pay in a sale, and are sold and loaded by one
import datetime as dt
import itertools
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from erp_club.kernel.db import Database
from erp_club.kernel.settings import Settings
from erp_club.people.erasure.commands import erase_customer
from erp_club.permissions.actors import SYSTEM
from erp_club.receipts.models import Receipt, ReceiptPayment
from erp_club.reports.purchases.asked import Asked, By
from erp_club.reports.purchases.cards import cards_sold
from erp_club.reports.purchases.queries import total
from erp_club.stored_value.commands import refund_receipt
from erp_club.stored_value.issued.commands import refund_payment, set_card_state
from erp_club.stored_value.kinds import CardState
from erp_club.stored_value.models import ValueCard
from erp_club.stored_value.queries import cards_of_receipt, payments_of
from erp_club.stored_value.verify.queries import wrong_cards
from tests.make.clubs import a_club, a_customer, a_membership
from tests.make.purchases import Till, a_product, a_till
from tests.make.stored_value import NOW, a_cause, a_gift_card, a_kind, a_prepaid_kind, an_article, held
from web.app import create_app
from web.deps import Shop

MILK = "7290000000017"
keys = (f"value-{number}" for number in itertools.count())
numbers = (f"1-{number:06}" for number in itertools.count(1))


@pytest.fixture
def till(session: Session) -> Till:
    made = a_till(session)
    a_product(session, MILK, price_minor=100_03)
    session.commit()
    return made


def post(
    client: TestClient, till: Till, payments: list[dict[str, Any]], *, key: str | None = None, **more: Any
) -> Response:
    body: dict[str, Any] = {"receipt_no": next(numbers), "lines": [{"sku": MILK, "quantity": "1"}]}
    headers = till.headers | {"Idempotency-Key": key or next(keys)}
    return client.post("/purchases", json=body | {"payments": payments} | more, headers=headers)


def by(number: str, amount_minor: int | None = None, pin: str | None = None) -> dict[str, Any]:
    said = {"means": "stored_value", "card": number, "amount_minor": amount_minor, "pin": pin}
    return {name: value for name, value in said.items() if value is not None}


def test_a_card_pays_the_whole_and_the_answer_says_what_is_left(
    client: TestClient, session: Session, till: Till
) -> None:
    card = a_gift_card(session, 150_00)
    session.commit()
    told = post(client, till, [by(card.number)]).json()
    assert told["payments"] == [
        {"means": "stored_value", "amount_minor": 100_03, "card": f"…{card.number[-4:]}", "balance_minor": 49_97}
    ]
    assert told["rounding_minor"] == 0
    assert held(session, card.key).balance_minor == 49_97
    shown = client.get(f"/purchases/{told['id']}", headers=till.headers).json()
    assert shown["payments"] == told["payments"]
    assert wrong_cards(session) == []


def test_several_cards_give_in_the_order_given_and_cash_pays_the_rounded_rest(
    client: TestClient, session: Session, till: Till
) -> None:
    kind_id = a_kind(session)
    first, second = a_gift_card(session, 30_01, kind_id=kind_id), a_gift_card(session, 20_00, kind_id=kind_id)
    session.commit()
    told = post(client, till, [by(first.number), {"means": "cash", "amount_minor": 50_00}, by(second.number)]).json()
    # 100.03 less 50.00 in cash: the cards give 50.03 of which they have 50.01; 0.02 are rounded off.
    assert [(each["means"], each["amount_minor"], each["balance_minor"]) for each in told["payments"]] == [
        ("cash", 50_00, None),
        ("stored_value", 30_01, 0),
        ("stored_value", 20_00, 0),
    ]
    assert told["rounding_minor"] == -2


def test_a_card_gives_the_amount_that_was_said_and_another_one_the_rest(
    client: TestClient, session: Session, till: Till
) -> None:
    kind_id = a_kind(session)
    first, second = a_gift_card(session, 90_00, kind_id=kind_id), a_gift_card(session, 90_00, kind_id=kind_id)
    session.commit()
    told = post(client, till, [by(first.number), by(second.number, 40_00)]).json()
    assert [each["amount_minor"] for each in told["payments"]] == [60_03, 40_00]
    refused = post(client, till, [by(first.number), by(second.number, 50_01)])
    assert (refused.status_code, refused.json()["code"]) == (409, "stored-value-too-little")
    assert (refused.json()["available_minor"], refused.json()["card"]) == (50_00, f"…{second.number[-4:]}")
    assert [each["field"] for each in refused.json()["errors"]] == ["payments[1].card"]


def test_what_cards_dont_cover_is_told_with_what_each_would_give(
    client: TestClient, session: Session, till: Till
) -> None:
    card = a_gift_card(session, 30_00)
    session.commit()
    refused = post(client, till, [by(card.number)])
    assert (refused.status_code, refused.json()["code"]) == (422, "payments-differ")
    assert refused.json()["cards"] == [{"card": f"…{card.number[-4:]}", "amount_minor": 30_00}]
    assert refused.json()["rest_minor"] == {"cash": 70_00, "card": 70_03}
    assert held(session, card.key).balance_minor == 30_00
    assert post(client, till, [by(card.number), {"means": "card", "amount_minor": 70_03}]).status_code == 201


def test_a_repeat_takes_nothing_twice(client: TestClient, session: Session, till: Till) -> None:
    card = a_gift_card(session, 150_00)
    session.commit()
    body = {"receipt_no": "9-000009"}
    first = post(client, till, [by(card.number)], key="once", **body)
    again = post(client, till, [by(card.number)], key="once", **body)
    assert (again.headers["idempotency-replayed"], again.content) == ("true", first.content)
    assert held(session, card.key).balance_minor == 49_97


def test_a_card_is_money_and_no_discount_so_the_sale_earns_on_all_of_it(
    client: TestClient, session: Session, till: Till
) -> None:
    customer_id = a_customer(session)
    a_membership(session, customer_id, a_club(session, months=None))
    card = a_gift_card(session, 150_00)
    session.commit()
    told = post(client, till, [by(card.number)], customer={"id": customer_id}).json()
    assert (told["total_minor"], told["discount_minor"], told["earned"][0]["points"]) == (100_03, 0, 10)


@pytest.mark.parametrize(
    "payment",
    [
        {"means": "stored_value"},
        {"means": "cash"},
        {"means": "cash", "amount_minor": 1, "card": "1"},
        {"means": "card", "amount_minor": 1, "pin": "1"},
        {"means": "stored_value", "card": "", "amount_minor": 1},
        {"means": "stored_value", "card": "\u0000", "amount_minor": 1},
        {"means": "stored_value", "card": "1", "amount_minor": 0},
    ],
)
def test_a_payment_that_says_too_little_or_too_much_is_refused(
    client: TestClient, till: Till, payment: dict[str, Any]
) -> None:
    assert post(client, till, [payment]).status_code == 422


def test_an_article_sold_makes_a_card_good_and_earns_nothing(client: TestClient, session: Session, till: Till) -> None:
    customer_id = a_customer(session)
    a_membership(session, customer_id, a_club(session, months=None))
    a_kind(session, articles=(an_article(session),))
    session.commit()
    told = post(
        client,
        till,
        [{"means": "card", "amount_minor": 75_50}],
        lines=[{"sku": "GIFT-1", "quantity": "75.5"}],
        customer={"id": customer_id},
    ).json()
    (card,) = told["cards"]
    assert (card["amount_minor"], card["kind"], len(card["number"])) == (75_50, "gift", 21)
    assert told["earned"] == []
    asked = client.post("/balance-enquiries", json={"number": card["number"]}, headers=till.headers)
    assert (asked.status_code, asked.json()["balance_minor"]) == (200, 75_50)
    slip = client.get(f"/purchases/{told['id']}/slip", headers=till.headers).json()
    assert slip["cards"][0]["number"] == card["number"]
    assert client.get(f"/purchases/{told['id']}", headers=till.headers).json()["cards"][0]["number"][0] == "…"


def test_each_unit_of_a_fixed_amount_is_a_card(client: TestClient, session: Session, till: Till) -> None:
    article = an_article(session, price_minor=50_00)
    a_kind(session, amounts_minor=(50_00, 100_00), articles=(article,))
    session.commit()
    told = post(
        client, till, [{"means": "card", "amount_minor": 150_00}], lines=[{"sku": article, "quantity": "3"}]
    ).json()
    assert [card["amount_minor"] for card in told["cards"]] == [50_00] * 3
    assert len({card["number"] for card in told["cards"]}) == 3


def test_a_prepaid_card_is_loaded_with_its_article_and_pays_in_the_next_sale(
    client: TestClient, session: Session, till: Till
) -> None:
    article = an_article(session)
    card = a_gift_card(session, 20_00, kind_id=a_prepaid_kind(session, articles=(article,)))
    session.commit()
    told = post(
        client,
        till,
        [{"means": "card", "amount_minor": 90_00}],
        lines=[{"sku": article, "quantity": "90"}],
        cards=[{"sku": article, "number": card.number}],
    ).json()
    assert (told["cards"][0]["amount_minor"], told["cards"][0]["balance_minor"]) == (90_00, 110_00)
    assert post(client, till, [by(card.number)]).status_code == 201
    assert held(session, card.key).balance_minor == 9_97


def test_cards_that_dont_come_to_their_articles_amount_are_refused_and_nothing_is_sold(
    client: TestClient, session: Session, till: Till
) -> None:
    article = an_article(session)
    a_kind(session, has_pin=True, articles=(article,))
    session.commit()
    paid, lines = [{"means": "card", "amount_minor": 90_00}], [{"sku": article, "quantity": "90"}]
    for cards, code in (
        ([{"sku": article, "amount_minor": 80_00, "pin": "1234"}], "cards-differ"),
        ([{"sku": MILK, "amount_minor": 90_00}], "invalid"),
        ([{"sku": article}], "invalid"),
        ([{"sku": article, "pin": "12"}], "invalid"),
        ([{"sku": article, "number": "4711"}], "stored-value-not-ready"),
    ):
        assert post(client, till, paid, lines=lines, cards=cards).json()["code"] == code
    assert session.scalar(sa.select(sa.func.count()).select_from(Receipt)) == 0
    sold = post(client, till, paid, lines=lines, cards=[{"sku": article, "pin": "1234"}]).json()["cards"][0]
    assert post(client, till, [by(sold["number"], 80_00), {"means": "card", "amount_minor": 20_03}]).status_code == 422
    right = [by(sold["number"], 80_00, "1234"), {"means": "card", "amount_minor": 20_03}]
    assert post(client, till, right).status_code == 201


def test_a_sale_is_refunded_to_the_cards_that_paid_the_last_one_first(
    client: TestClient, session: Session, till: Till
) -> None:
    kind_id = a_kind(session)
    first, second = a_gift_card(session, 60_00, kind_id=kind_id), a_gift_card(session, 60_00, kind_id=kind_id)
    session.commit()
    told = post(client, till, [by(first.number), by(second.number)]).json()
    receipt = (0, told["id"])
    made = refund_receipt(session, receipt, 50_03, cause=a_cause())
    assert sorted(moved.amount_minor for moved in made) == [10_00, 40_03]
    assert sum(each.left_minor for each in payments_of(session, receipt)) == 50_00
    assert len(cards_of_receipt(session, receipt)) == 2
    assert wrong_cards(session) == []


def back(client: TestClient, till: Till, bought: int, **wish: Any) -> Response:
    headers = till.headers | {"Idempotency-Key": next(keys)}
    return client.post(f"/purchases/{bought}/returns", json=wish, headers=headers)


def test_the_article_of_a_card_comes_back_only_with_what_lies_on_the_card(
    client: TestClient, session: Session, till: Till
) -> None:
    article = an_article(session, price_minor=50_00)
    a_kind(session, amounts_minor=(50_00,), articles=(article,))
    session.commit()
    sold = [{"sku": article, "quantity": "3"}]
    told = post(client, till, [{"means": "card", "amount_minor": 150_00}], lines=sold).json()
    first = told["cards"][0]
    spent = post(client, till, [by(first["number"]), {"means": "card", "amount_minor": 50_03}])
    assert spent.status_code == 201, spent.text
    refused = back(client, till, told["id"])
    assert (refused.status_code, refused.json()["code"]) == (409, "stored-value-used")
    assert refused.json()["left_minor"] == 100_00
    assert back(client, till, told["id"], lines=[{"line_no": 1, "quantity": "2"}]).status_code == 201
    session.expire_all()
    assert session.scalar(sa.select(sa.func.sum(ValueCard.balance_minor))) == 0
    # What the used card had paid comes back onto it; then it can come back too.
    assert back(client, till, spent.json()["id"]).status_code == 201
    assert back(client, till, told["id"]).status_code == 201
    session.expire_all()
    assert session.scalar(sa.select(sa.func.sum(ValueCard.balance_minor))) == 0
    assert wrong_cards(session) == []


@pytest.mark.parametrize("state", [CardState.BLOCKED, CardState.LOST])
def test_what_a_card_paid_goes_back_onto_it_whatever_has_become_of_it_and_never_out_in_cash(
    client: TestClient, session: Session, till: Till, state: CardState
) -> None:
    card = a_gift_card(session, 60_00)
    session.commit()
    bought = post(client, till, [by(card.number), {"means": "card", "amount_minor": 40_03}]).json()["id"]
    set_card_state(session, card.key.card_id, state, now=NOW, by=SYSTEM)
    session.commit()
    told = back(client, till, bought, means="cash").json()
    assert {each["means"]: each["amount_minor"] for each in told["refunds"]} == {"stored_value": 60_00, "cash": 40_00}
    session.expire_all()
    assert (held(session, card.key).balance_minor, held(session, card.key).state) == (60_00, state)


@pytest.mark.parametrize("means", [{}, {"means": "card"}])
@pytest.mark.parametrize("parts", [["3"], ["1", "1", "1"], ["2", "1"]])
def test_what_was_given_back_by_hand_doesnt_go_back_again_with_the_goods(
    client: TestClient, session: Session, till: Till, means: dict[str, str], parts: list[str]
) -> None:
    card = a_gift_card(session, 200_00)
    session.commit()
    lines = [{"sku": MILK, "quantity": "3"}]
    bought = post(client, till, [by(card.number), {"means": "card", "amount_minor": 100_09}], lines=lines).json()["id"]
    (paid,) = payments_of(session, (0, bought))
    given = {"reason": "Charged twice", "now": NOW, "today": NOW.date(), "by": SYSTEM}
    refund_payment(session, card.key.card_id, paid.seq, 30_00, **given)
    session.commit()
    told = [back(client, till, bought, lines=[{"line_no": 1, "quantity": each}], **means).json() for each in parts]
    paid_back: Counter[str] = Counter()
    for each in told:
        paid_back.update({refund["means"]: refund["amount_minor"] for refund in each["refunds"]})
        assert each["total_minor"] - each["by_hand_minor"] == each["paid_back_minor"]
    assert paid_back == {"stored_value": 170_00, "card": 100_09}
    session.expire_all()
    assert held(session, card.key).balance_minor == 200_00
    assert wrong_cards(session) == []


def test_what_the_card_of_an_erased_customer_paid_goes_back_onto_it_for_whoever_holds_it(
    client: TestClient, session: Session, till: Till
) -> None:
    buyer = a_customer(session, "100001")
    card = a_gift_card(session, 60_00, customer_id=buyer)
    session.commit()
    paid = [by(card.number), {"means": "card", "amount_minor": 40_03}]
    bought = post(client, till, paid, customer={"number": "100001"}).json()["id"]
    erase_customer(session, buyer, points=0, today=NOW.date(), now=NOW, by=SYSTEM)
    session.commit()
    told = back(client, till, bought).json()
    assert {each["means"]: each["amount_minor"] for each in told["refunds"]} == {"stored_value": 60_00, "card": 40_03}
    session.expire_all()
    assert (held(session, card.key).balance_minor, held(session, card.key).state) == (60_00, CardState.ACTIVE)
    assert post(client, till, [by(card.number), {"means": "card", "amount_minor": 40_03}]).status_code == 201
    assert wrong_cards(session) == []


def test_in_an_exchange_the_card_gets_its_money_first_and_can_pay_again(
    client: TestClient, session: Session, till: Till
) -> None:
    card = a_gift_card(session, 100_03)
    session.commit()
    bought = post(client, till, [by(card.number)]).json()["id"]
    goods = {"lines": [{"sku": MILK, "quantity": "1"}], "payments": [by(card.number)]}
    headers = till.headers | {"Idempotency-Key": next(keys)}
    asked = {"receipt_no": next(numbers), "goods": goods}
    told = client.post(f"/purchases/{bought}/exchanges", json=asked, headers=headers).json()
    assert (told["due_minor"], told["settlement"]) == (0, [])
    session.expire_all()
    assert held(session, card.key).balance_minor == 0
    assert wrong_cards(session) == []


def test_what_is_paid_with_a_card_is_turnover_once(client: TestClient, session: Session, till: Till) -> None:
    a_kind(session, articles=(an_article(session),))
    session.commit()
    lines = [{"sku": "GIFT-1", "quantity": "200"}]
    card = post(client, till, [{"means": "card", "amount_minor": 200_00}], lines=lines).json()["cards"][0]
    post(client, till, [by(card["number"])])
    today = dt.datetime.now(dt.UTC).date()
    asked = Asked(by=By.DAY, first=today - dt.timedelta(1), last=today + dt.timedelta(1))
    assert (total(session, asked).sales_minor, cards_sold(session, asked)) == (300_03, 200_00)
    assert cards_sold(session, replace(asked, store_id=till.store_id)) == 200_00
    assert cards_sold(session, replace(asked, store_id=till.store_id + 1)) == 0
    assert cards_sold(session, replace(asked, club_id=1)) is None


def test_a_receipts_payments_are_one_for_each_card(client: TestClient, session: Session, till: Till) -> None:
    kind_id = a_kind(session)
    cards = [a_gift_card(session, 60_00, kind_id=kind_id) for _ in range(2)]
    session.commit()
    post(client, till, [by(card.number) for card in cards])
    rows = session.execute(sa.select(ReceiptPayment.means, ReceiptPayment.amount_minor)).all()
    assert sorted(map(tuple, rows)) == [("stored_value", 40_03), ("stored_value", 60_00)]


def test_wrong_pins_are_counted_although_the_sale_is_refused(committed: Database) -> None:
    with committed.session() as session:
        till = a_till(session)
        a_product(session, MILK, price_minor=100_03)
        card = a_gift_card(session, 150_00, pin="4711")
        session.commit()
    app = create_app(Shop(committed, Settings()))
    with TestClient(app, base_url="http://testserver") as client:
        for attempt in range(5):
            wrong = post(client, till, [by(card.number, pin=f"00{attempt:02}")])
            assert (wrong.status_code, wrong.json()["code"]) == (422, "stored-value-refused")
        locked = post(client, till, [by(card.number, pin="4711")])
        assert locked.json()["code"] == "stored-value-refused"
        # A repeat is answered as before and counts nothing.
        body = {"receipt_no": "7-1"}
        first = post(client, till, [by("NOBODYS", pin="1")], key="again", **body)
        assert post(client, till, [by("NOBODYS", pin="1")], key="again", **body).content == first.content
    with committed.session() as session:
        assert session.scalar(sa.select(ValueCard.wrong_pins)) == 5
        assert session.scalar(sa.select(sa.func.count()).select_from(Receipt)) == 0
