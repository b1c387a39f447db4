# REQ V-01 V-02 V-03 A-01 A-02: prepaid and gift cards in the back office, and what a bearer may ask
import io
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from erp_club.clubs.models import Club
from erp_club.kernel.audit import AuditEntry
from erp_club.permissions.catalog import Role
from erp_club.stored_value.kinds import CardState
from erp_club.stored_value.models import ValueCard
from erp_club.stored_value.numbers import spoken
from erp_club.stored_value.products.queries import product_by_code
from tests.make.browser import HTML, form, json_headers, signed_in
from tests.make.clubs import a_club, a_customer
from tests.make.organisation import a_chain
from tests.make.stored_value import a_gift_card, a_kind, a_prepaid_kind, an_article, held, paid

GIFT: dict[str, Any] = {"code": "gift", "names": {"en": "Gift card"}, "valid_months": 60}


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    a_chain(session)
    signed_in(client, session)
    return client


def post(client: TestClient, path: str, body: object = None) -> Response:
    return client.post(path, json=body, headers=json_headers())


def number_of(session: Session, card_id: int) -> str:
    return session.scalars(sa.select(ValueCard.number).where(ValueCard.id == card_id)).one()


def test_a_kind_is_set_up_changed_and_sold_no_more(office: TestClient, session: Session) -> None:
    article = an_article(session)
    session.commit()
    made = post(office, "/card-products", GIFT | {"amounts": "50 100,50", "articles": article})
    assert made.status_code == 201, made.text
    kind = made.json()
    assert (kind["code"], kind["amounts_minor"], kind["articles"]) == ("GIFT", [50_00, 100_50], ["GIFT-1"])
    url = f"/card-products/{kind['id']}"
    changed = office.patch(url, json={"version": 1, "valid_months": None, "has_pin": True}, headers=json_headers())
    assert (changed.status_code, changed.json()["valid_months"], changed.json()["has_pin"]) == (200, None, True)
    assert office.patch(url, json={"version": 1, "has_pin": False}, headers=json_headers()).json()["code"] == "stale"
    assert post(office, f"{url}/closures").json()["state"] == "closed"
    assert (
        post(office, "/stored-value-cards", {"product": "GIFT", "amount": "50", "reason": "A gift"}).json()["code"]
        == "card-product-closed"
    )
    assert post(office, f"{url}/openings").json()["state"] == "active"
    assert session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)).all()[-4:] == [
        "card_product.create",
        "card_product.change",
        "card_product.close",
        "card_product.open",
    ]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"valid_months": 59}, "valid_months"),
        ({"names": {"he": "כרטיס"}}, "names.en"),
        ({"least_minor": 5, "most_minor": 4}, "least_minor"),
        ({"amounts_minor": [5]}, "amounts_minor"),
        ({"amounts": "ten"}, "amounts"),
        ({"articles": ["NOBODYS"]}, "articles"),
        ({"code": "a b"}, "code"),
        ({"valid_months": "\u0661\u0662.5"}, "valid_months"),
        ({"articles": ["MILK"]}, "articles"),
    ],
)
def test_a_kind_that_cant_be_is_refused_beside_its_field(
    office: TestClient, session: Session, wrong: dict[str, Any], field: str
) -> None:
    from tests.make.purchases import a_product

    a_product(session, "MILK")
    session.commit()
    refused = post(office, "/card-products", GIFT | wrong)
    assert refused.status_code == 422
    assert field in [each["field"] for each in refused.json()["errors"]]


def test_what_cards_hang_on_stays_once_cards_are_out(office: TestClient, session: Session) -> None:
    kind_id = a_kind(session)
    a_gift_card(session, kind_id=kind_id)
    session.commit()
    for change in ({"kind": "prepaid"}, {"vat_at": "sale"}, {"code": "OTHER"}):
        refused = office.patch(f"/card-products/{kind_id}", json={"version": 1} | change, headers=json_headers())
        assert refused.json()["code"] == "card-product-fixed"


def test_a_card_is_given_to_a_customer_once_however_often_the_request_comes(
    office: TestClient, session: Session
) -> None:
    customer_id = a_customer(session)
    a_kind(session)
    session.commit()
    body = {"product": "GIFT", "amount_minor": 50_00, "reason": "Joined today", "customer_id": customer_id}
    headers = json_headers()
    first, again = (office.post("/stored-value-cards", json=body, headers=headers) for _ in range(2))
    assert first.status_code == 201
    assert again.content == first.content
    card = first.json()
    assert (card["balance_minor"], card["customer_id"], len(card["whole_number"])) == (50_00, customer_id, 21)
    assert session.scalar(sa.select(sa.func.count()).select_from(ValueCard)) == 1
    shown = office.post("/stored-value-cards", data=form(product="GIFT", amount="20", reason="Joy"), headers=HTML)
    made = spoken(number_of(session, int(shown.headers["location"].rpartition("/")[2])))
    assert (shown.status_code, made in shown.text) == (201, True), "or nobody would ever know it"
    assert made not in office.get(shown.headers["location"], headers=HTML).text


def test_a_list_tells_only_the_ends_of_numbers_and_goes_out_as_a_file(office: TestClient, session: Session) -> None:
    kind_id = a_kind(session)
    cards = [a_gift_card(session, 10_00 * number, kind_id=kind_id) for number in range(1, 4)]
    paid(session, cards[0].key, 10_00)
    session.commit()
    page = office.get("/stored-value-cards?sort=balance&direction=desc").json()
    assert [card["balance_minor"] for card in page["cards"]] == [30_00, 20_00, 0]
    assert [card["number"] for card in page["cards"]] == [f"…{cards[at].number[-4:]}" for at in (2, 1, 0)]
    assert len(office.get("/stored-value-cards?standing=empty").json()["cards"]) == 1
    assert len(office.get("/stored-value-cards?ends_before=2031-11-23").json()["cards"]) == 2
    text = office.get("/stored-value-cards.csv?standing=usable").content.decode("utf-8-sig")
    assert len(text.splitlines()) == 3
    assert not any(card.number in text for card in cards)
    assert io.BytesIO(office.get("/stored-value-cards.xlsx").content).read(2) == b"PK"


def test_a_card_is_found_by_its_whole_number_which_stands_in_no_address(office: TestClient, session: Session) -> None:
    card = a_gift_card(session)
    session.commit()
    found = office.post("/stored-value-card-searches", data={"number": f" {card.number} "}, headers=HTML)
    assert (found.status_code, found.headers["location"]) == (303, f"/stored-value-cards/{card.key.card_id}")
    assert post(office, "/stored-value-card-searches", {"number": "4711"}).json() == {"card": None}


def test_a_card_is_blocked_released_lost_and_moved(office: TestClient, session: Session) -> None:
    card = a_gift_card(session, 80_00)
    session.commit()
    url = f"/stored-value-cards/{card.key.card_id}"
    assert post(office, f"{url}/blocks").json()["standing"] == "blocked"
    assert post(office, f"{url}/blocks").json()["code"] == "card-is-so"
    assert post(office, f"{url}/releases").json()["standing"] == "usable"
    assert post(office, f"{url}/losses").json()["standing"] == "lost"
    new = post(office, f"{url}/replacements").json()
    assert new["balance_minor"] == 80_00
    assert held(session, card.key).state is CardState.CLOSED
    page = office.get(url).json()
    assert page["card"]["replaced_by"] == new["id"]
    assert [each["action"] for each in page["switches"]] == ["replace", "lose", "release", "block"]


def test_a_card_is_loaded_put_right_and_refunded(office: TestClient, session: Session) -> None:
    card = a_gift_card(session, 80_00, kind_id=a_prepaid_kind(session))
    payment = paid(session, card.key, 50_00)
    session.commit()
    url = f"/stored-value-cards/{card.key.card_id}"
    assert post(office, f"{url}/loads", {"amount": "20"}).json()["balance_minor"] == 50_00
    assert post(office, f"{url}/refunds", {"payment": payment.seq, "amount_minor": 10_00}).status_code == 201
    assert post(office, f"{url}/refunds", {"payment": payment.seq, "amount_minor": 40_01}).status_code == 409
    put = post(office, f"{url}/adjustments", {"amount": "-5.50", "reason": "Counted twice"})
    assert put.json()["balance_minor"] == 54_50
    assert post(office, f"{url}/adjustments", {"amount": "0", "reason": "Nothing"}).status_code == 422
    rows = office.get(f"{url}/movements.csv").content.decode("utf-8-sig").splitlines()
    assert [row.split(",")[1] for row in rows[1:]] == ["adjusted", "refunded", "loaded", "paid", "given"]


def test_a_payment_is_given_back_on_a_page_up_to_what_is_left(client: TestClient, session: Session) -> None:
    card = a_gift_card(session, 800_00)
    payment = paid(session, card.key, 600_00)
    a_chain(session)
    signed_in(client, session, Role.MANAGER)
    url = f"/stored-value-cards/{card.key.card_id}"
    link = f"{url}/refunds/new?payment={payment.seq}"
    assert link in client.get(url, headers=HTML).text
    told = client.get(link).json()
    assert (told["payment"], told["left_minor"]) == (payment.seq, 600_00)
    assert client.get(f"{url}/refunds/new?payment=1").status_code == 404  # what the card was given with

    def send(amount: str) -> Any:
        body = form(payment=str(payment.seq), amount=amount, reason="Charged twice")
        return client.post(f"{url}/refunds", data=body, headers=HTML)

    wrong = send("600.01")
    assert (wrong.status_code, 'value="600.01"' in wrong.text) == (409, True)
    assert send("60.00").headers["location"] == url
    row = client.get(url).json()["movements"][0]
    assert (row["kind"], row["amount_minor"], row["reason"]) == ("refunded", 60_00, "Charged twice")
    assert client.get(link).json()["left_minor"] == 540_00
    entry = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "value_card.refund")).one()
    assert entry.after == {"amount_minor": 60_00, "payment": payment.seq, "reason": "Charged twice"}


def test_an_enquiry_tells_a_bearer_what_can_be_used(office: TestClient, session: Session) -> None:
    card = a_gift_card(session, 80_00, pin="4711")
    session.commit()
    told = post(office, "/balance-enquiries", {"number": card.number, "pin": "4711"}).json()
    assert (told["balance_minor"], told["card"]) == (80_00, f"…{card.number[-4:]}")
    lot = {"first_day": None, "last_day": "2031-11-22", "remaining_minor": 80_00, "ended": False}
    assert told["lots"] == [lot]


def test_an_unknown_number_and_a_wrong_pin_are_answered_with_the_same_words(
    office: TestClient, session: Session
) -> None:
    card = a_gift_card(session, pin="4711")
    session.commit()
    answers = [
        post(office, "/balance-enquiries", body)
        for body in ({"number": "9" * 21, "pin": "1"}, {"number": card.number, "pin": "1"}, {"number": card.number})
    ]
    told = [{name: value for name, value in each.json().items() if name != "request_id"} for each in answers]
    assert [each.status_code for each in answers] == [422] * 3
    assert told[0] == told[1] == told[2]
    assert {name.lower() for name in answers[0].headers} == {name.lower() for name in answers[1].headers}


def test_too_many_wrong_entries_are_throttled_and_say_for_how_long(office: TestClient) -> None:
    answers = [post(office, "/balance-enquiries", {"number": f"NOBODYS{number}"}) for number in range(11)]
    assert [each.status_code for each in answers] == [422] * 10 + [429]
    assert answers[-1].headers["retry-after"] == "600"


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.CASHIER, {"loads"}),
        (Role.MANAGER, {"loads", "refunds", "blocks", "replacements", "give"}),
        (Role.HQ, {"loads", "refunds", "blocks", "replacements", "give", "adjustments", "kinds"}),
    ],
)
def test_each_role_does_with_cards_what_it_may(client: TestClient, session: Session, role: Role, may: set[str]) -> None:
    a_chain(session)
    signed_in(client, session, role)
    asked = {
        "loads": "/stored-value-cards/4711/loads",
        "refunds": "/stored-value-cards/4711/refunds",
        "blocks": "/stored-value-cards/4711/blocks",
        "replacements": "/stored-value-cards/4711/replacements",
        "adjustments": "/stored-value-cards/4711/adjustments",
        "give": "/stored-value-cards",
        "kinds": "/card-products",
    }
    assert {what for what, path in asked.items() if post(client, path, {}).status_code != 403} == may


@pytest.mark.parametrize("language", ["en", "he", "fi", "sv"])
def test_every_page_of_cards_can_be_read(office: TestClient, session: Session, language: str) -> None:
    kind_id = a_prepaid_kind(session, has_pin=True)
    from erp_club.permissions.actors import SYSTEM
    from erp_club.stored_value.issued import commands
    from tests.make.stored_value import NOW, TODAY, ToIssue

    wanted = ToIssue(kind_id, 40_00, pin="4711", customer_id=a_customer(session))
    card = commands.give_card(session, wanted, reason="Birthday", now=NOW, today=TODAY, by=SYSTEM).card
    payment = paid(session, card.key, 10_00)
    session.commit()
    office.cookies.set("language", language)
    for path in (
        "/stored-value-cards",
        f"/stored-value-cards/{card.key.card_id}",
        "/stored-value-cards/new",
        f"/stored-value-cards/{card.key.card_id}/refunds/new?payment={payment.seq}",
        "/card-products",
        "/card-products/new",
        f"/card-products/{kind_id}/edit",
        "/balance-enquiries/new",
    ):
        page = office.get(path, headers=HTML)
        assert page.status_code == 200, path
        assert card.number not in page.text


def test_forms_come_back_with_what_was_wrong_and_never_with_a_pin(office: TestClient, session: Session) -> None:
    a_kind(session, has_pin=True)
    session.commit()
    typed = form(product="GIFT", amount="5", reason="Gift", pin="123456789")
    refused = office.post("/stored-value-cards", data=typed, headers=HTML)
    assert refused.status_code == 422
    assert "123456789" not in refused.text
    asked = office.post("/balance-enquiries", data={"number": "4711", "pin": "987654"}, headers=HTML)
    assert asked.status_code == 422
    assert "987654" not in asked.text
    made = form(code="NEW", **{"names.en": "New", "valid_months": "60", "least": "10", "most": "500"})
    assert office.post("/card-products", data=made, headers=HTML).status_code == 303
    kind = product_by_code(session, "NEW")
    changed = form(_method="PATCH", version="1", valid_months="", amounts="20 50", has_pin="true", articles="")
    assert office.post(f"/card-products/{kind.id}", data=changed, headers=HTML).status_code == 303
    kind = product_by_code(session, "NEW")
    assert (kind.valid_months, kind.amounts_minor, kind.has_pin) == (None, (20_00, 50_00), True)


def test_a_cards_history_names_the_club_that_gave_it_in_the_readers_language(
    office: TestClient, session: Session
) -> None:
    club_id = a_club(session)
    names = session.get_one(Club, club_id).names
    a_kind(session)
    session.commit()
    given = post(office, "/stored-value-cards", {"product": "GIFT", "amount": "50", "reason": names["en"]}).json()
    page = office.get(f"/stored-value-cards/{given['id']}", headers=HTML | {"Accept-Language": "he"}).text
    assert names["he"] in page
    assert names["en"] not in page
