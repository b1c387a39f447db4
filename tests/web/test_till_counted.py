# REQ M-02: only the goods that a club names count towards joining by a purchase, and towards a lower renewal fee
from typing import Any

import pytest

from tests.make.purchases import a_product
from tests.web.test_till_fees import Made, Sale, made, with_fees

__all__ = ["made"]

BREAD = "7290000000024"
BREADS = {"on": {"products": [BREAD]}}


@pytest.fixture
def bakery(made: Made) -> Made:
    def make(**changed: Any) -> Sale:
        sale = made(**changed)
        a_product(sale.session, BREAD, name="Bread", price_minor=20_00)
        sale.session.commit()
        return sale

    return make


def sold(sale: Sale, code: str) -> None:
    assert sale.send("POST", "/entries", {"code": code}).status_code == 200


def test_a_purchase_joins_by_the_goods_that_the_club_names(bakery: Made) -> None:
    sale = bakery(joining={"ways": ["purchase"], "purchase_minor": 40_00, "purchase_of": BREADS}, fees={})
    refused = sale.join().json()
    assert (refused["code"], refused["missing_minor"]) == ("purchase-too-small", 40_00), "64.30 of milk is nothing"
    assert "goods that count" in refused["detail"]
    sold(sale, f"2*{BREAD}")
    assert sale.join().status_code == 200
    sale.send("PATCH", "/lines/2", {"quantity": "1"})
    assert sale.pay().json()["missing_minor"] == 20_00
    sale.send("PATCH", "/lines/2", {"quantity": "2"})
    assert sale.pay().status_code == 200


def test_renewing_costs_less_with_each_step_of_what_counts(bakery: Made) -> None:
    steps = {"off_bp": 5000, "steps": [{"at_least_minor": 60_00, "fee_minor": 3_00}, {"at_least_minor": 80_00}]}
    sale = bakery(**with_fees(joining_minor=0, waiver={"at_least_minor": 40_00, "of": BREADS} | steps))
    sale.join()
    card, membership = sale.shown()["customer"]["card"], sale.held()["membership_id"]

    def told() -> tuple[int, int, int]:
        url = f"/baskets/current/memberships/{membership}/renewals/new"
        shown = sale.client.get(url, headers=sale.till.headers).json()
        return shown["fee_minor"], shown["missing_minor"], shown["then_minor"]

    sale.pay()
    sale.begin(1)
    assert told() == (20_00, 40_00, 10_00), "milk doesn't count"
    for fee, missing, then in [(20_00, 20_00, 10_00), (10_00, 20_00, 3_00), (3_00, 20_00, 0)]:
        sold(sale, BREAD)
        sale.pay()
        sale.begin(1)
        assert told() == (fee, missing, then)
    renewed = sale.send("POST", "/renewals", {"membership_id": membership, "card": card}).json()
    assert [line["amount_minor"] for line in renewed["lines"]] == [6_43, 3_00]
    receipt = sale.pay().json()["paid"]["receipt_id"]
    sale.begin(1)
    assert sale.give_back(receipt, 1).status_code == 201
    assert [each[2] for each in sale.fees()] == [3_00]


def test_bread_that_came_back_and_the_fee_itself_count_for_no_renewal(bakery: Made) -> None:
    of = {"on": {"products": [BREAD, "JOIN"]}}
    sale = bakery(**with_fees(waiver={"at_least_minor": 20_00, "of": of}))
    sale.join()
    sold(sale, BREAD)
    receipt = sale.pay().json()["paid"]["receipt_id"]
    sale.begin(1)
    url = f"/baskets/current/memberships/{sale.held()['membership_id']}/renewals/new"

    def told() -> int:
        return sale.client.get(url, headers=sale.till.headers).json()["missing_minor"]

    assert told() == 0
    assert sale.give_back(receipt, 3).status_code == 201
    assert told() == 20_00
