# REQ O-08 O-12: an offer is tried on a basket or a past receipt before it is published
import datetime as dt
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from tests.make.browser import HTML, form, json_headers, signed_in
from tests.make.clubs import a_club, a_customer, a_membership
from tests.make.offers import a_draft, a_published_offer
from tests.make.organisation import a_chain, a_store
from tests.make.purchases import a_product
from tests.reports.test_forecast import bought

MILK = "7290000000017"


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    a_chain(session)
    signed_in(client, session)
    a_store(session)
    a_product(session)
    session.commit()
    return client


def tried(client: TestClient, offer_id: int, **body: Any) -> dict[str, Any]:
    answer = client.post(f"/offers/{offer_id}/trials", json=body, headers=json_headers())
    assert answer.status_code == 200, answer.text
    return answer.json()["outcome"]


def test_a_draft_is_tried_on_a_basket_beside_all_in_force(office: TestClient, session: Session) -> None:
    a_published_offer(session, "FIFTH", rewards=[{"kind": "percent", "value_bp": 2000}])
    draft = a_draft(session, "HALF", rewards=[{"kind": "percent", "value_bp": 5000}])
    session.commit()
    outcome = tried(office, draft, lines=[{"sku": MILK, "quantity": "2"}])
    assert (outcome["before_minor"], outcome["after_minor"], outcome["saved_minor"]) == (16_00, 10_00, 6_00)
    assert outcome["lines"][0]["by"] == ["A tenth off"]
    assert [(each["code"], each["tried"], bool(each["word"])) for each in outcome["offers"]] == [
        ("HALF", True, False),
        ("FIFTH", False, True),
    ]


def test_why_it_gave_nothing_is_said(office: TestClient, session: Session) -> None:
    draft = a_draft(session, when={"amount_minor": 50_00})
    session.commit()
    outcome = tried(office, draft, lines=[{"sku": MILK}])
    assert outcome["saved_minor"] == 0
    assert "40.00" in outcome["offers"][0]["word"]
    assert outcome["hints"]


def test_it_is_tried_as_a_member_at_another_hour(office: TestClient, session: Session) -> None:
    a_club(session)
    when = {"all": [{"clubs": ["GOLD"]}, {"from_time": "18:00", "to_time": "20:00"}]}
    draft = a_draft(session, when=when, activation={"by": "code", "code": "SAVE"})
    session.commit()
    lines = [{"sku": MILK}]
    assert tried(office, draft, lines=lines)["saved_minor"] == 0
    assert tried(office, draft, lines=lines, club="GOLD", day="2026-11-22", hour="18:30")["saved_minor"] == 1_00
    assert tried(office, draft, lines=lines, club="GOLD", day="2026-11-22", hour="20:00")["saved_minor"] == 0


def test_a_past_receipt_is_tried_with_its_customer_and_amounts(office: TestClient, session: Session) -> None:
    gold, yael = a_club(session), a_customer(session)
    a_membership(session, yael, gold, joined_on=dt.date(2026, 1, 1))
    store, product = a_store(session, "500").id, a_product(session, "500")
    bought(session, store, product, minor=30_00, units=2, customer=yael)
    draft = a_draft(session, when={"all": [{"clubs": ["GOLD"]}, {"stores": ["500"]}]})
    session.commit()
    outcome = tried(office, draft, receipt_no="R0")
    assert (outcome["before_minor"], outcome["saved_minor"]) == (60_00, 6_00)
    assert outcome["at"].startswith("2026-10-05T12:00")


def test_a_gift_of_a_draft_comes_into_the_basket(office: TestClient, session: Session) -> None:
    a_product(session, "GIFT", name="Mug")
    draft = a_draft(session, rewards=[{"kind": "gift", "products": ["GIFT"]}])
    session.commit()
    lines = tried(office, draft, lines=[{"sku": MILK}])["lines"]
    assert [(line["name"], line["gift"], line["total_minor"]) for line in lines] == [
        ("Milk", False, 10_00),
        ("Mug", True, 0),
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "lines"),
        ({"lines": [{"sku": "NONE"}]}, "lines[0].sku"),
        ({"lines": [{"sku": MILK, "quantity": "0"}]}, "lines[0].quantity"),
        ({"receipt_no": "gone"}, "receipt_no"),
        ({"lines": [{"sku": MILK}], "club": "NONE"}, "club"),
        ({"lines": [{"sku": MILK}], "store_id": 999999}, "store_id"),
        ({"lines": [{"sku": MILK}], "customer_number": "nobody"}, "customer.number"),
        ({"items": "one two three"}, "items"),
    ],
)
def test_what_isnt_known_is_told_at_its_field(
    office: TestClient, session: Session, body: dict[str, Any], field: str
) -> None:
    draft = a_draft(session)
    session.commit()
    answer = office.post(f"/offers/{draft}/trials", json=body, headers=json_headers())
    assert answer.status_code == 422, answer.text
    assert [each["field"] for each in answer.json()["errors"]] == [field]


def test_the_page_takes_products_by_their_name(office: TestClient, session: Session) -> None:
    for sku, name in (("T1", "Green tea"), ("T2", "Black tea")):
        a_product(session, sku, name=name)
    draft = a_draft(session)
    session.commit()
    assert 'value="Green tea · T1"' in office.get(f"/offers/{draft}/trials/new?lines[2].sku=een", headers=HTML).text

    def page(*typed: tuple[str, str]) -> str:
        lines = {f"lines[{place}].sku": sku for place, (sku, _) in enumerate(typed)}
        lines |= {f"lines[{place}].quantity": quantity for place, (_, quantity) in enumerate(typed)}
        return office.post(f"/offers/{draft}/trials", data=form(**lines), headers=HTML).text

    assert 'id="e-f-lines-2-sku"' in page(("milk", ""), ("", ""), ("tea", "3"))
    tried = page(("milk", ""), ("", ""), ("Black tea · T2", "3"))
    assert "Black tea</" in tried
    assert re.findall(r'name="lines\[(\d)\].sku" value="([^"]+)"', tried) == [("0", "milk"), ("2", "Black tea · T2")]


def test_the_page_takes_codes_as_lines_of_text(office: TestClient, session: Session) -> None:
    draft = a_draft(session)
    session.commit()
    assert office.get(f"/offers/{draft}/trials/new", headers=HTML).status_code == 200
    page = office.post(f"/offers/{draft}/trials", data=form(items=f"{MILK} 3\n\n{MILK} x 0,5"), headers=HTML)
    assert page.status_code == 200, page.text
    assert "3.50" in page.text
    assert f"{MILK} 3" in page.text
    unknown = office.post(f"/offers/{draft}/trials", data=form(items="NONE 1", customer_number=""), headers=HTML)
    assert unknown.status_code == 422
    assert re.search(r'<textarea[^>]*name="items"[^>]*aria-invalid="true"', unknown.text)
