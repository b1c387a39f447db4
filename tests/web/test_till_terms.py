# REQ M-02 P-08: a sliding term moves on with each purchase that is large enough, and back with what is returned
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from erp_club.clubs.models import MembershipEvent, MembershipPeriod
from erp_club.kernel.dates import add_months
from tests.web.test_till import send
from tests.web.test_till_fees import Made, Sale, made

__all__ = ["made"]

SLIDING = {"kind": "sliding", "months": 6, "least_minor": 50_00}


@pytest.fixture
def member(made: Made) -> Sale:
    """Yael, whose membership of six months from each purchase of 50.00 ends in ten days, is buying milk for 64.30."""
    sale = made(term=SLIDING, fees={})
    sale.join()
    first: dt.date = sale.session.scalars(sa.select(sa.func.lower(MembershipPeriod.validity))).one()
    days: Any = sa.func.daterange(first - dt.timedelta(days=100), first + dt.timedelta(days=11))
    sale.session.execute(sa.update(MembershipPeriod).values(validity=days))
    sale.session.commit()
    return sale


def ends_in(sale: Sale) -> dt.timedelta:
    return dt.date.fromisoformat(sale.held()["valid_until"]) - today(sale)


def timeline(sale: Sale, accept: str = "application/json") -> Any:
    return sale.client.get(f"/customers/{sale.yael}/memberships", headers=sale.till.headers | {"Accept": accept})


def today(sale: Sale) -> dt.date:
    return dt.date.fromisoformat(timeline(sale).json()["today"])


def sell(sale: Sale, items: int = 0) -> int:
    if items:
        sale.begin(items)
    return sale.pay().json()["paid"]["receipt_id"]


TEN_DAYS = dt.timedelta(days=10)


def moved(sale: Sale) -> dt.timedelta:
    """How far from today a purchase of today moves the end."""
    day = today(sale)
    return add_months(day, 6) - dt.timedelta(days=1) - day


def test_a_purchase_moves_the_end_and_its_return_moves_it_back(member: Sale) -> None:
    assert ends_in(member) == TEN_DAYS
    receipt = sell(member)
    member.begin()
    assert ends_in(member) == moved(member)
    assert member.give_back(receipt).status_code == 201
    assert ends_in(member) == TEN_DAYS
    back, on = timeline(member).json()["memberships"][0]["events"]
    assert [back["kind"], on["kind"], on["receipt_id"]] == ["moved", "moved", receipt]
    assert (on["valid_until"] > back["valid_until"], back["receipt_id"] > receipt) == (True, True)
    assert f"/purchases/{receipt}" in timeline(member, "text/html").text


def test_a_purchase_that_is_too_small_moves_nothing(member: Sale) -> None:
    member.send("PATCH", "/lines/1", {"quantity": "7"})
    sell(member)
    member.begin()
    assert ends_in(member) == TEN_DAYS
    assert member.session.scalar(sa.select(sa.func.count()).select_from(MembershipEvent)) == 0


def test_a_part_that_comes_back_moves_the_end_only_where_too_little_is_left(member: Sale) -> None:
    receipt = sell(member)
    some = {"lines": [{"line_no": 1, "quantity": "2"}]}
    assert send(member.client, member.till, "POST", f"/purchases/{receipt}/returns", some).status_code == 201
    member.begin()
    assert ends_in(member) == moved(member), "51.44 is left"
    assert send(member.client, member.till, "POST", f"/purchases/{receipt}/returns", some).status_code == 201
    assert ends_in(member) == TEN_DAYS


def test_another_purchase_of_the_day_keeps_the_end_where_it_is(member: Sale) -> None:
    first, second = sell(member), sell(member, 10)
    assert send(member.client, member.till, "POST", f"/purchases/{first}/cancellations").status_code == 201
    member.begin()
    assert ends_in(member) == moved(member)
    assert send(member.client, member.till, "POST", f"/purchases/{second}/cancellations").status_code == 201
    assert ends_in(member) == TEN_DAYS


def test_an_extension_after_the_purchase_stays_when_the_goods_come_back(member: Sale) -> None:
    receipt = sell(member)
    member.begin()
    membership = member.held()["membership_id"]
    until = str(today(member) + dt.timedelta(days=400))
    assert member.send("POST", f"/memberships/{membership}/extensions", {"until": until}).status_code == 200
    assert member.give_back(receipt).status_code == 201
    assert (member.held()["valid_until"], member.held()["next_from"]) == (until, None), "without a gap"
    sell(member)
    member.begin()
    assert member.held()["valid_until"] == until, "a purchase never makes it shorter"
