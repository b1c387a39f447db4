# REQ M-02: a member may choose how long a membership lasts, at its own price, when joining and when renewing
import datetime as dt
from typing import Any

import pytest

from tests.web.test_till_fees import Made, Sale, made, with_fees

__all__ = ["made"]

TWO_YEARS = {"months": 24, "joining_minor": 60_00, "renewal_minor": 35_00}


def joined(sale: Sale, months: int | None = None) -> Any:
    return sale.send("POST", "/memberships", {"club_id": sale.club_id, "months": months})


def years_of(sale: Sale) -> float:
    """For how many years the membership holds from today on."""
    until = dt.date.fromisoformat(sale.held()["valid_until"])
    return round((until - dt.datetime.now(dt.UTC).date()).days / 365.25, 1)


def told(sale: Sale) -> dict[str, Any]:
    url = f"/baskets/current/memberships/{sale.held()['membership_id']}/renewals/new"
    return sale.client.get(url, headers=sale.till.headers).json()


def renewed(sale: Sale, months: int | None) -> Any:
    card, membership = sale.shown()["customer"]["card"], sale.held()["membership_id"]
    return sale.send("POST", "/renewals", {"membership_id": membership, "card": card, "months": months})


@pytest.mark.parametrize("begins", ["at_once", "paid"])
def test_whoever_chooses_two_years_pays_for_two_and_is_a_member_for_two(made: Made, begins: str) -> None:
    sale = made(**with_fees(terms=[TWO_YEARS]), joining={"begins": begins})
    (club,) = sale.shown()["customer"]["clubs"]
    assert club["lengths"] == [{"months": 24, "joining_minor": 60_00}]
    refused = joined(sale, 36).json()
    assert refused["errors"][0]["field"] == "months"
    (_, fee) = joined(sale, 24).json()["lines"]
    assert fee["amount_minor"] == 60_00
    assert sale.pay().status_code == 200
    sale.begin()
    assert years_of(sale) == 2


def test_renewing_offers_each_length_with_its_last_day_and_price(made: Made) -> None:
    sale = made(**with_fees(terms=[TWO_YEARS]))
    joined(sale)
    sale.pay()
    sale.begin()
    shown, year = told(sale), dt.date.fromisoformat(sale.held()["valid_until"])
    assert (shown["fee_minor"], shown["valid_until"]) == (20_00, str(year.replace(year=year.year + 1)))
    (longer,) = shown["lengths"]
    assert (longer["months"], longer["fee_minor"]) == (24, 35_00)
    (_, fee) = renewed(sale, 24).json()["lines"]
    assert fee["amount_minor"] == 35_00
    assert sale.pay().status_code == 200
    sale.begin()
    assert sale.held()["valid_until"] == longer["valid_until"]


@pytest.mark.parametrize(("waived", "costs"), [(True, 0), (False, 35_00)])
def test_purchases_make_a_chosen_term_cheaper_only_where_the_club_lets_them(
    made: Made, waived: bool, costs: int
) -> None:
    sale = made(**with_fees(terms=[TWO_YEARS | {"waived": waived}], waiver={"at_least_minor": 50_00}))
    joined(sale)
    sale.pay()
    sale.begin()
    assert told(sale)["fee_minor"] == 0
    assert told(sale)["lengths"][0]["fee_minor"] == costs


def test_a_sale_that_makes_joining_cheaper_does_so_for_the_length_that_was_chosen(made: Made) -> None:
    sale = made(**with_fees(terms=[TWO_YEARS], joining_waiver={"at_least_minor": 60_00, "off_bp": 5000}))
    joined(sale, 24)
    assert sale.shown()["lines"][1]["amount_minor"] == 30_00
