# REQ T-01 T-04 O-04 O-09 O-11: offers, coupons, choices and questions at the till
import re
import uuid
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions.actors import SYSTEM
from erp_club.promotions.commands import pause_offer
from erp_club.promotions.coupons.models import Coupon, CouponCode
from erp_club.receipts.models import ReceiptOffer
from tests.make.clubs import a_club, a_membership, moved
from tests.make.coupons import a_batch, checked, some_coupons
from tests.make.customers import a_person
from tests.make.offers import NOW, a_published_offer
from tests.make.pricelists import a_list, an_entry
from tests.make.purchases import Till, a_product, a_till
from tests.make.stored_value import a_gift_card

MILK, CUP, TIN = "7290000000017", "7290000000024", "7290000000031"
HTML = {"Accept": "text/html"}
FORM = {"Origin": "http://testserver"}


@pytest.fixture
def till(session: Session) -> Till:
    made = a_till(session)
    a_product(session, MILK, price_minor=10_00)
    a_product(session, CUP, price_minor=12_00, name="Cup")
    a_product(session, TIN, price_minor=8_00, name="Tin")
    session.commit()
    return made


def send(client: TestClient, till: Till, method: str, url: str, **body: Any) -> httpx2.Response:
    headers = till.headers | {"Idempotency-Key": uuid.uuid4().hex}
    return client.request(method, url, json=body, headers=headers)


def told(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return answer.json()


def scan(client: TestClient, till: Till, code: str = MILK) -> dict[str, Any]:
    return told(send(client, till, "POST", "/baskets/current/entries", code=code))


def by_hand(session: Session, code: str = "HAND", **said: Any) -> None:
    a_published_offer(session, code, names={"en": "By hand"}, activation={"by": "cashier"}, **said)
    session.commit()


def a_coupon(session: Session, **said: Any) -> str:
    a_batch(session)
    [code] = some_coupons(session)
    reward = {"kind": "amount", "value_minor": 5_00}
    a_published_offer(session, "FIVE", rewards=[reward], activation={"by": "coupon", "batch": "WINTER"}, **said)
    session.commit()
    return code


def test_every_scan_prices_the_basket_with_the_offers_under_their_lines(
    client: TestClient, session: Session, till: Till
) -> None:
    a_published_offer(session)
    session.commit()
    view = scan(client, till)
    [line] = view["lines"]
    assert (line["list_minor"], line["amount_minor"]) == (10_00, 9_00)
    assert line["discounts"] == [{"offer": "TENTH", "name": "A tenth off", "amount_minor": 1_00, "quantity": "1"}]
    assert (view["saved_minor"], view["total_minor"]) == (1_00, 9_00)
    paid = told(send(client, till, "POST", "/baskets/current/payments", means="card", expected_card_minor=9_00))
    assert paid["paid"]["due_minor"] == 9_00
    [discount] = paid["paid"]["slip"]["lines"][0]["discounts"]
    assert (discount["names"]["en"], discount["amount_minor"]) == ("A tenth off", 1_00)
    assert paid["paid"]["slip"]["saved_minor"] == 1_00


def test_identifying_a_member_brings_the_price_list_with_the_regular_price_beside(
    client: TestClient, session: Session, till: Till
) -> None:
    noa = a_person(session, given_name="Noa")
    a_membership(session, noa, a_club(session))
    session.execute(sa.text("UPDATE membership_periods SET validity = daterange('2020-01-01', NULL)"))
    an_entry(session, a_list(session), sku=MILK, price_minor=8_50)
    session.commit()
    before = scan(client, till)
    assert before["benefits"]["club_savings"]["amount_minor"] == 1_50
    after = told(send(client, till, "PUT", "/baskets/current/customer", customer_id=noa))
    [line] = after["lines"]
    assert (line["regular_minor"], line["price_minor"], line["amount_minor"]) == (10_00, 8_50, 8_50)
    assert (after["saved_minor"], after["benefits"]["club_savings"]) == (1_50, None)


def test_the_cashier_is_told_what_one_more_would_bring(client: TestClient, session: Session, till: Till) -> None:
    a_published_offer(session, "MORE", names={"en": "Three for two"}, when={"quantity": 3})
    slots = [{"on": {"products": [sku]}, "quantity": 1} for sku in (CUP, TIN)]
    breakfast = {"kind": "bundle", "slots": slots, "price_minor": 15_00}
    a_published_offer(session, "PAIR", names={"en": "Breakfast"}, rewards=[breakfast])
    session.commit()
    [hint] = scan(client, till, f"2*{MILK}")["benefits"]["hints"]
    assert (hint["offer"], hint["missing"]) == ("MORE", 1)
    assert "Three for two" in hint["words"]
    pair = next(each for each in scan(client, till, CUP)["benefits"]["hints"] if each["offer"] == "PAIR")
    # 12.00 and, by the catalogue, 8.00 for 15.00.
    assert (pair["missing"], pair["gain_minor"]) == (1, 5_00)
    assert pair["words"] == "1 more for \u2068Breakfast\u2069, which saves ₪5.00. Missing: 1 unit of \u2068Tin\u2069."


def test_an_offer_of_the_cashier_gives_nothing_until_it_is_chosen(
    client: TestClient, session: Session, till: Till
) -> None:
    by_hand(session)
    view = scan(client, till)
    assert view["total_minor"] == 10_00
    [offer] = view["benefits"]["offers"]
    assert (offer["offer"], offer["chosen"], offer["gain_minor"]) == ("HAND", False, 1_00)
    chosen = told(send(client, till, "POST", "/baskets/current/activations", offer="HAND"))
    assert (chosen["total_minor"], chosen["benefits"]["offers"][0]["chosen"]) == (9_00, True)
    back = told(send(client, till, "DELETE", "/baskets/current/activations/HAND"))
    assert back["total_minor"] == 10_00
    assert send(client, till, "POST", "/baskets/current/activations", offer="NONE").json()["code"] == "offer-unknown"


def test_what_an_offer_costs_in_points_is_said_before_it_is_chosen(
    client: TestClient, session: Session, till: Till
) -> None:  # REQ O-05
    club_id = a_club(session)
    noa, ida = (a_person(session, given_name=name) for name in ("Noa", "Ida"))
    for each in (noa, ida):
        moved(session, each, a_membership(session, each, club_id).points_account_id, 80)
    by_hand(session)
    five = {"kind": "amount", "value_minor": 5_00}
    starts = {"by": "cashier", "points": 50}
    a_published_offer(session, "POINTS", names={"en": "For points"}, rewards=[five], activation=starts)
    session.commit()
    scan(client, till)
    view = told(send(client, till, "PUT", "/baskets/current/customer", customer_id=noa))
    [offer] = [each for each in view["benefits"]["offers"] if each["offer"] == "POINTS"]
    assert (offer["gain_minor"], offer["cost_points"]) == (5_00, 50)
    page = client.get("/baskets/current/offers", headers=till.headers | HTML).text
    assert "costs 50 points" in re.sub("<[^>]+>", "", page)
    for code in ("POINTS", "HAND"):
        assert told(send(client, till, "POST", "/baskets/current/activations", offer=code))
    # Nobody has asked for the points of somebody else.
    view = told(send(client, till, "PUT", "/baskets/current/customer", customer_id=ida))
    assert {each["offer"]: each["chosen"] for each in view["benefits"]["offers"]} == {"POINTS": False, "HAND": True}


def test_an_offer_that_cannot_apply_says_why(client: TestClient, session: Session, till: Till) -> None:
    by_hand(session, when={"amount_minor": 50_00})
    scan(client, till)
    send(client, till, "POST", "/baskets/current/activations", offer="HAND")
    view = told(client.get("/baskets/current/offers", headers=till.headers))
    assert view["offers"][0]["words"] == "₪40.00 more is needed."


def test_a_coupon_goes_into_the_one_field_or_its_own(client: TestClient, session: Session, till: Till) -> None:
    code = a_coupon(session)
    scan(client, till)
    view = scan(client, till, code.lower())
    assert view["total_minor"] == 5_00
    [coupon] = view["benefits"]["coupons"]
    assert (coupon["gives"], coupon["amount_minor"]) == (True, 5_00)
    assert scan(client, till, code)["benefits"]["coupons"] == view["benefits"]["coupons"], (
        "entered twice it is there once"
    )
    without = told(send(client, till, "DELETE", "/baskets/current/coupons/1"))
    assert (without["total_minor"], without["benefits"]["coupons"]) == (10_00, [])
    again = told(send(client, till, "POST", "/baskets/current/coupons", code=code))
    assert again["total_minor"] == 5_00
    told(send(client, till, "POST", "/baskets/current/payments", means="card"))
    assert session.scalar(sa.select(Coupon.used)) == 1


def test_a_coupon_whose_code_begins_like_a_quantity_is_a_coupon(
    client: TestClient, session: Session, till: Till
) -> None:
    a_coupon(session)
    code = checked("3XY5KAA55YRE")
    session.execute(sa.update(CouponCode).values(code=code))
    session.commit()
    scan(client, till)
    assert scan(client, till, code)["total_minor"] == 5_00


def test_a_coupon_that_is_none_is_refused_and_ten_of_them_close_the_field(
    client: TestClient, session: Session, till: Till
) -> None:
    scan(client, till)
    for number in range(10):
        refused = send(client, till, "POST", "/baskets/current/coupons", code=f"WRONG-{number}")
        assert (refused.status_code, refused.json()["code"]) == (422, "coupon-refused")
        assert refused.json()["errors"][0]["field"] == "code"
    locked = send(client, till, "POST", "/baskets/current/coupons", code="WRONG-10")
    assert (locked.status_code, locked.json()["code"]) == (429, "coupon-entry-locked")
    assert scan(client, till)["total_minor"] == 20_00


def test_a_coupon_that_lacks_something_says_what(client: TestClient, session: Session, till: Till) -> None:
    code = a_coupon(session, when={"amount_minor": 30_00})
    scan(client, till)
    [coupon] = scan(client, till, code)["benefits"]["coupons"]
    assert (coupon["gives"], coupon["words"]) == (False, "₪20.00 more is needed.")


def test_a_members_own_coupons_are_shown_and_used_only_if_chosen(
    client: TestClient, session: Session, till: Till
) -> None:
    noa = a_person(session, given_name="Noa")
    a_batch(session, personal=True)
    [code] = some_coupons(session, customer_id=noa)
    reward = {"kind": "amount", "value_minor": 5_00}
    a_published_offer(session, "FIVE", rewards=[reward], activation={"by": "coupon", "batch": "WINTER"})
    session.commit()
    scan(client, till)
    view = told(send(client, till, "PUT", "/baskets/current/customer", customer_id=noa))
    assert ([each["code"] for each in view["customer"]["coupons"]], view["total_minor"]) == ([code], 10_00)
    used = told(send(client, till, "POST", "/baskets/current/coupons", code=code))
    assert used["total_minor"] == 5_00
    assert client.get("/till", headers=till.headers).json()["customer"]["coupons"] == []


def test_of_what_a_coupon_may_be_used_for_the_customer_chooses_one(  # REQ B-01
    client: TestClient, session: Session, till: Till
) -> None:
    """5.00 off, a fifth off, or 300 points; unless somebody chooses it is what takes off most, and never both."""
    code = a_coupon(session, names={"en": "Five"}, combination={"group": "PARTY", "per": "order"})
    club = a_club(session)
    noa = a_person(session, given_name="Noa")
    a_membership(session, noa, club)
    others = {
        "FIFTH": {"kind": "percent", "value_bp": 2_000},
        "STARS": {"kind": "points", "club": "GOLD", "bonus": 300},
    }
    for offer, reward in others.items():
        a_published_offer(
            session, offer, names={"en": offer}, rewards=[reward], activation={"by": "coupon", "batch": "WINTER"},
            combination={"group": "PARTY", "per": "order"},
        )  # fmt: skip
    session.commit()
    scan(client, till)
    told(send(client, till, "PUT", "/baskets/current/customer", customer_id=noa))
    view = scan(client, till, code)
    assert view["total_minor"] == 5_00
    shown = {each["offer"]: (each["gain_minor"], each["points"], each["chosen"]) for each in view["benefits"]["offers"]}
    assert shown == {"FIVE": (5_00, 0, False), "FIFTH": (2_00, 0, False), "STARS": (0, 300, False)}
    view = told(send(client, till, "POST", "/baskets/current/activations", offer="FIFTH"))
    assert view["total_minor"] == 8_00
    view = told(send(client, till, "POST", "/baskets/current/activations", offer="STARS"))
    assert view["total_minor"] == 10_00
    assert [each["chosen"] for each in view["benefits"]["offers"] if each["offer"] == "STARS"] == [True]
    view = told(send(client, till, "DELETE", "/baskets/current/activations/STARS"))
    assert view["total_minor"] == 8_00


def test_the_code_of_an_offer_is_entered_like_a_coupon(client: TestClient, session: Session, till: Till) -> None:
    a_published_offer(session, "SUMMER", activation={"by": "code", "code": "SUMMER26"})
    session.commit()
    scan(client, till)
    assert scan(client, till, "summer26")["total_minor"] == 9_00


def test_a_free_choice_stays_open_until_it_is_made(client: TestClient, session: Session, till: Till) -> None:
    a_published_offer(session, "GIFT", rewards=[{"kind": "gift", "products": [CUP, TIN]}])
    session.commit()
    view = scan(client, till)
    assert view["gifts"] == []
    [pending] = view["benefits"]["pending"]
    assert [each["name"] for each in pending["choices"]] == ["Cup", "Tin"]
    view = told(send(client, till, "POST", "/baskets/current/choices", offer="GIFT", product=TIN))
    assert [(each["sku"], each["list_minor"]) for each in view["gifts"]] == [(TIN, 8_00)]
    assert (view["total_minor"], view["benefits"]["pending"]) == (10_00, [])
    paid = told(send(client, till, "POST", "/baskets/current/payments", means="card"))
    assert [line["added"] for line in paid["paid"]["slip"]["lines"]] == [False, True]


def test_what_an_offer_asks_is_answered_by_the_cashier(client: TestClient, session: Session, till: Till) -> None:
    asks = {"confirm": "PARTY", "question": {"en": "A party of two?"}}
    a_published_offer(session, when=asks)
    session.commit()
    view = scan(client, till)
    [question] = view["benefits"]["questions"]
    assert (question["words"], question["confirmed"], view["total_minor"]) == ("A party of two?", False, 10_00)
    yes = told(send(client, till, "POST", "/baskets/current/answers", question="PARTY"))
    assert (yes["total_minor"], yes["benefits"]["questions"][0]["confirmed"]) == (9_00, True)
    no = told(send(client, till, "POST", "/baskets/current/answers", question="PARTY", yes=False))
    assert no["total_minor"] == 10_00


def test_a_sale_on_hold_keeps_its_coupons_and_choices(client: TestClient, session: Session, till: Till) -> None:
    by_hand(session)
    code = a_coupon(session)
    scan(client, till, f"2*{MILK}")
    scan(client, till, code)
    send(client, till, "POST", "/baskets/current/activations", offer="HAND")
    before = client.get("/till", headers=till.headers).json()
    held = told(send(client, till, "POST", "/baskets/current/holds"))
    assert held["benefits"]["coupons"] == []
    assert [each["total_minor"] for each in held["held"]] == [before["total_minor"]]
    back = told(send(client, till, "POST", f"/baskets/{held['held'][0]['basket_id']}/resumptions"))
    assert (back["total_minor"], back["benefits"]) == (before["total_minor"], before["benefits"])


def test_an_offer_that_hangs_on_the_means_is_in_the_price_when_it_is_paid(
    client: TestClient, session: Session, till: Till
) -> None:
    a_published_offer(session, when={"means": ["card"]})
    session.commit()
    scan(client, till)
    due = told(client.get("/baskets/current/payments/new", headers=till.headers))
    assert (due["total_minor"], due["cash_total_minor"]) == (9_00, 10_00)
    told(send(client, till, "POST", "/baskets/current/payments", means="card", expected_card_minor=9_00))
    assert session.scalar(sa.select(sa.func.count()).select_from(ReceiptOffer)) == 1


def test_several_means_pay_what_the_offers_make_of_them_together(  # REQ O-02
    client: TestClient, session: Session, till: Till
) -> None:
    """Shown before it is paid: 1.00 off where cash pays a part, 3.00 off where a card alone pays."""
    for code, off, when in (("COINS", 1_00, {"means": ["cash"]}), ("CARD", 3_00, {"means": ["card"], "alone": True})):
        rewards, stackable = [{"kind": "amount", "value_minor": off}], {"mode": "stackable"}
        a_published_offer(session, code, rewards=rewards, when=when, combination=stackable)
    session.commit()
    scan(client, till)
    due = told(client.get("/baskets/current/payments/new", headers=till.headers))
    totals = {name: due[name] for name in ("total_minor", "cash_total_minor", "both_total_minor")}
    assert totals == {"total_minor": 7_00, "cash_total_minor": 9_00, "both_total_minor": 9_00}
    shown = {"expected_minor": 9_00, "expected_card_minor": 7_00, "expected_both_minor": 9_00}
    paid = told(send(client, till, "POST", "/baskets/current/payments", means="card", tendered_minor=4_00, **shown))
    payments = {each["means"]: each["amount_minor"] for each in paid["paid"]["slip"]["payments"]}
    assert payments == {"cash": 4_00, "card": 5_00}


def test_an_offer_hangs_on_no_means_that_has_nothing_to_pay(  # REQ O-02 V-02
    client: TestClient, session: Session, till: Till
) -> None:
    """With 2.00 off by card a gift card of 19.00 would pay all 18.00, and no bank card anything."""
    rewards = [{"kind": "amount", "value_minor": 2_00}]
    a_published_offer(session, rewards=rewards, when={"means": ["card"]})
    by_gift_card = a_published_offer(session, "GIFT", rewards=rewards, when={"means": ["stored_value"]})
    card = a_gift_card(session, 19_00)
    session.commit()
    payments = [{"means": "stored_value", "card": card.number}, {"means": "cash", "amount_minor": 20_00}]
    body = {"receipt_no": "A-1", "lines": [{"sku": MILK, "quantity": "2"}], "payments": payments}
    sold = client.post("/purchases", json=body, headers=till.headers | {"Idempotency-Key": "1"})
    assert (sold.status_code, sold.json()["total_minor"]) == (201, 20_00), sold.text
    pause_offer(session, by_gift_card, now=NOW, by=SYSTEM)
    session.commit()
    for _ in range(2):
        scan(client, till)
    due = told(send(client, till, "POST", "/baskets/current/value-cards", card=card.number))
    assert (due["total_minor"], due["rest_minor"], due["cash_minor"]) == (20_00, 1_00, 1_00)
    paid = told(send(client, till, "POST", "/baskets/current/payments", means="card", expected_card_minor=20_00))
    assert {each["amount_minor"] for each in paid["paid"]["slip"]["payments"]} == {19_00, 1_00}


def test_a_price_that_changed_before_paying_is_shown_first(client: TestClient, session: Session, till: Till) -> None:
    scan(client, till)
    a_published_offer(session)
    session.commit()
    late = send(client, till, "POST", "/baskets/current/payments", means="card", expected_card_minor=10_00)
    assert (late.status_code, late.json()["code"], late.json()["total_minor"]) == (409, "total-changed", 9_00)


def test_without_script_offers_and_coupons_have_pages_of_their_own(
    client: TestClient, session: Session, till: Till
) -> None:
    by_hand(session)
    scan(client, till)
    page = client.get("/baskets/current/offers", headers=till.headers | HTML)
    assert 'action="/baskets/current/activations"' in page.text
    entry = client.get("/baskets/current/coupons/new", headers=till.headers | HTML)
    assert 'action="/baskets/current/coupons"' in entry.text
    key = uuid.uuid4().hex
    wrong = client.post(
        "/baskets/current/coupons", data={"code": "WRONG", "idempotency_key": key}, headers=till.headers | HTML | FORM
    )
    assert wrong.status_code == 422
    assert 'aria-invalid="true"' in wrong.text
