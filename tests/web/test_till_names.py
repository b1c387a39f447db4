# REQ T-01 N-01: goods and people that are called so at the till, and the receipt in the customer's language
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from tests.make.customers import a_person
from tests.make.purchases import Till, a_product, a_till
from tests.web.test_till import HTMX, MILK, browser, post, send


@pytest.fixture
def till(session: Session) -> Till:
    made = a_till(session)
    a_product(session, MILK, price_minor=6_43)
    session.commit()
    return made


def test_an_item_is_found_by_words_of_its_name_and_its_price_is_told_without_selling_it(
    client: TestClient, session: Session, till: Till
):
    a_product(session, "BREAD", name="BREAD:ITALIAN/FRENCH", price_minor=9_00)
    a_product(session, "ROLLS", name="French rolls", price_minor=4_00)
    a_product(session, "HE", name="צ׳יפס תפוצ׳יפס", price_minor=5_00)
    a_person(session, given_name="Milka", family_name="French")
    session.commit()

    def entered(code: str) -> Any:
        return send(client, till, "POST", "/baskets/current/entries", {"code": code}).json()

    def told(code: str) -> list[tuple[str, int]]:
        answer = entered(code)
        assert answer["lines"] == []
        return [(each["entry"], each["price_minor"]) for each in answer["products"]]

    assert told("ital bread") == [("BREAD", 9_00)]
    assert told("תפוצ") == [("HE", 5_00)]
    assert told("2*french") == [("2*ROLLS", 4_00), ("2*BREAD", 9_00)]
    assert told("?french") == [("ROLLS", 4_00), ("BREAD", 9_00)]
    assert told(f"?{MILK}") == told("?milk") == [(MILK, 6_43)]
    assert entered("?rye")["code"] == "unknown-code"
    assert entered("?")["code"] == "item-needed"
    # Whoever is called so is meant before the goods that are only among other words called so.
    a_product(session, "COFFEE", name="Coffee filters", price_minor=3_00)
    a_product(session, "CUPS", name="Cups for coffee", price_minor=2_00)
    people = [a_person(session, given_name=f"Ann {each}", family_name="Coffey") for each in "ABCDE"]
    session.commit()
    both = entered("coff")
    assert [each["entry"] for each in both["products"]] == ["COFFEE"]
    assert len(both["choices"]) == 4 < len(people)
    assert both["more_choices"]
    assert entered("coffey")["products"] == []
    assert entered("milka")["customer"]["given_name"] == "Milka"


def test_the_receipt_is_printed_in_the_customers_language_on_a_page_in_the_cashiers(
    client: TestClient, session: Session, till: Till
):
    a_person(session, given_name="Aino", family_name="Virtanen", language="fi")
    session.commit()
    browser(client, till)
    for code in ("aino virtanen", MILK):
        post(client, "/baskets/current/entries", code=code)
    page = post(client, "/baskets/current/payments", means="cash").text
    before, slip, after = re.split(r"<article|</article>", page)
    assert 'lang="fi"' in slip
    assert ("Yhteensä" in slip, "Total" in slip) == (True, False)
    assert "Paid" in before
    assert "Receipt" in after
    last = client.get("/till/receipt", headers=HTMX).text
    assert ("Yhteensä" in last, "Close" in last) == (True, True)
