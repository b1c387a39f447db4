# REQ T-01 V-01 V-02 V-03: prepaid and gift cards at the till's own page
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.purchases.models import Basket
from erp_club.stored_value.issued import commands as issued
from erp_club.stored_value.models import ValueCard
from erp_club.stored_value.verify.queries import wrong_cards
from tests.make.purchases import Till, a_product, a_till
from tests.make.stored_value import NOW, a_gift_card, a_kind, a_prepaid_kind, an_article, held
from tests.web.test_till import HTMX, browser, post, send

MILK = "7290000000017"


@pytest.fixture
def till(session: Session) -> Till:
    made = a_till(session)
    a_product(session, MILK, price_minor=100_03)
    session.commit()
    return made


def scan(client: TestClient, till: Till, code: str) -> None:
    assert send(client, till, "POST", "/baskets/current/entries", {"code": code}).status_code == 200


def test_two_cards_pay_and_cash_the_rounded_rest(client: TestClient, session: Session, till: Till) -> None:
    kind_id = a_kind(session)
    first, second = a_gift_card(session, 30_01, kind_id=kind_id), a_gift_card(session, 20_00, kind_id=kind_id)
    session.commit()
    scan(client, till, MILK)
    for card in (first, second):
        told = send(client, till, "POST", "/baskets/current/value-cards", {"card": card.number})
        assert told.status_code == 200, told.text
    page = told.json()
    assert [each["gives_minor"] for each in page["cards"]] == [30_01, 20_00]
    assert (page["rest_minor"], page["cash_minor"], page["rounding_minor"]) == (50_02, 50_00, -2)
    paid = send(client, till, "POST", "/baskets/current/payments", {"means": "cash", "tendered_minor": 60_00}).json()
    assert paid["paid"]["change_minor"] == 10_00
    assert [each["amount_minor"] for each in paid["paid"]["slip"]["payments"]] == [50_00, 30_01, 20_00]
    assert [held(session, card.key).balance_minor for card in (first, second)] == [0, 0]
    assert wrong_cards(session) == []


def test_a_card_that_covers_all_finishes_the_sale(client: TestClient, session: Session, till: Till) -> None:
    card = a_gift_card(session, 150_00, pin="4711")
    session.commit()
    scan(client, till, MILK)
    assert send(client, till, "POST", "/baskets/current/payments", {"means": "stored_value"}).status_code == 422
    body = {"card": card.number, "card_pin": "4711"}
    assert send(client, till, "POST", "/baskets/current/value-cards", body).json()["rest_minor"] == 0
    assert send(client, till, "POST", "/baskets/current/payments", {"means": "stored_value"}).status_code == 200
    assert held(session, card.key).balance_minor == 49_97


def test_a_card_can_be_left_out_again(client: TestClient, session: Session, till: Till) -> None:
    card = a_gift_card(session)
    session.commit()
    scan(client, till, MILK)
    send(client, till, "POST", "/baskets/current/value-cards", {"card": card.number})
    told = send(client, till, "DELETE", f"/baskets/current/value-cards/{card.key.card_id}").json()
    assert (told["cards"], told["rest_minor"]) == ([], 100_03)


def test_a_ready_card_is_sold_and_a_prepaid_one_loaded_at_the_till(
    client: TestClient, session: Session, till: Till
) -> None:
    kind_id = a_kind(session, amounts_minor=(50_00,), articles=(an_article(session, "FIFTY", price_minor=50_00),))
    issued.new_card(session, kind_id, number="PRINTED001", now=NOW)
    article = an_article(session)
    prepaid = a_gift_card(session, 20_00, kind_id=a_prepaid_kind(session, articles=(article,)))
    session.commit()
    assert send(client, till, "POST", "/baskets/current/card-sales", {"number": "PRINTED001"}).status_code == 409
    scan(client, till, "2*FIFTY")
    told = send(client, till, "POST", "/baskets/current/card-sales", {"number": "printed-001"}).json()
    assert told["sold_cards"] == ["…D001"]
    paid = send(client, till, "POST", "/baskets/current/payments", {"means": "card"}).json()["paid"]["slip"]
    # One is the card that lay ready, the other one is made.
    assert [card["amount_minor"] for card in paid["cards"]] == [50_00, 50_00]
    assert "PRINTED001" in [card["number"] for card in paid["cards"]]
    scan(client, till, f"80*{article}")
    send(client, till, "POST", "/baskets/current/card-sales", {"number": prepaid.number})
    assert send(client, till, "POST", "/baskets/current/payments", {"means": "card"}).status_code == 200
    assert held(session, prepaid.key).balance_minor == 100_00


def test_a_new_card_with_a_pin_keeps_only_its_hash(client: TestClient, session: Session, till: Till) -> None:
    a_kind(session, has_pin=True, articles=(an_article(session),))
    session.commit()
    scan(client, till, "80*GIFT-1")
    assert send(client, till, "POST", "/baskets/current/payments", {"means": "card"}).status_code == 422
    assert send(client, till, "POST", "/baskets/current/card-sales", {"new_pin": "12"}).status_code == 422
    send(client, till, "POST", "/baskets/current/card-sales", {"new_pin": "4711"})
    kept = session.scalars(sa.select(Basket.sold_cards).where(Basket.state == "open")).one()
    assert kept[0]["pin_hash"].startswith("$argon2id$")
    assert send(client, till, "POST", "/baskets/current/payments", {"means": "card"}).status_code == 200
    assert session.scalars(sa.select(ValueCard.pin_hash)).one() == kept[0]["pin_hash"]


def test_the_pages_never_show_a_number_or_pin_that_was_typed(client: TestClient, session: Session, till: Till) -> None:
    card = a_gift_card(session, pin="4711")
    session.commit()
    window = browser(client, till)
    post(window, "/baskets/current/entries", code=MILK)
    assert card.number not in post(window, "/baskets/current/entries", code=card.number).text
    refused = post(window, "/baskets/current/value-cards", card=card.number, card_pin="99887766")
    assert refused.status_code == 422
    assert card.number not in refused.text
    assert "99887766" not in refused.text
    shown = post(window, "/baskets/current/value-cards", card=card.number, card_pin="4711")
    assert f"…{card.number[-4:]}" in shown.text
    assert card.number not in shown.text
    assert client.get("/balance-enquiries/new", headers=HTMX).status_code == 200
