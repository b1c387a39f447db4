# REQ P-15 T-01: what a period brought is used by the till itself where the club's rule says so, money and coupons alike
from typing import Any

import pytest
import sqlalchemy as sa

from erp_club.purchases.models import Basket
from erp_club.stored_value.models import ValueCard
from tests.make.stored_value import a_kind
from tests.web.test_till_fees import Made, Sale, made

__all__ = ["made"]


def bonus(gives: str, *, automatic: bool) -> dict[str, Any]:
    every = {"kind": "every", "every": 50, "value": 10_00}
    return {
        "code": "bonus", "period": {"every": "member_year"}, "base": {"counts": "points"}, "function": every,
        "gives": {"kind": gives}, "takes": True, "issue": {"automatic": automatic, "part_use": True},
    }  # fmt: skip


def earned(made: Made, gives: str, *, automatic: bool = True) -> Sale:
    """Yael has bought for 64.30 as a member: 64 points, and at once 10.00 for 50 of them."""
    sale = made(fees={}, rewards=[bonus(gives, automatic=automatic)])
    a_kind(sale.session, has_pin=False, least_minor=1_00, most_minor=1_000_00)
    sale.session.commit()
    sale.join()
    assert sale.pay().status_code == 200
    return sale


def paying(sale: Sale) -> list[int]:
    sale.session.expire_all()
    return next(iter(sale.session.scalars(sa.select(Basket.paying_cards).where(Basket.state == "open"))), [])


def test_money_that_a_period_brought_pays_by_itself_as_far_as_it_goes(made: Made) -> None:
    sale = earned(made, "stored_value")
    card = sale.session.scalars(sa.select(ValueCard.id)).one()
    sale.begin(1)
    assert paying(sale) == [card]
    assert sale.pay().status_code == 200
    sale.session.expire_all()
    assert sale.session.scalars(sa.select(ValueCard.balance_minor)).one() == 10_00 - 6_43
    sale.begin(1)
    sale.send("DELETE", "/customer")
    assert paying(sale) == [], "nobody else pays with it"
    sale.begin(1)
    assert sale.pay().status_code == 200
    sale.begin(1)
    assert paying(sale) == [], "and it is used up"


def test_a_code_that_a_period_brought_is_entered_by_itself(made: Made) -> None:
    sale = earned(made, "code")
    sale.begin(10)
    assert sale.shown()["total_minor"] == 64_30 - 10_00


@pytest.mark.parametrize("gives", ["stored_value", "code"])
def test_without_that_rule_the_cashier_says_when(made: Made, gives: str) -> None:
    sale = earned(made, gives, automatic=False)
    sale.begin(10)
    assert (sale.shown()["total_minor"], paying(sale)) == (64_30, [])
