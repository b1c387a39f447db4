# REQ M-02: a membership that begins when it is confirmed by message gives nothing before the answer is told
from typing import Any

from tests.make.customers import a_person
from tests.web.test_till import send
from tests.web.test_till_fees import Made, made

__all__ = ["made"]

CONFIRMED: dict[str, Any] = {"joining": {"begins": "confirmed"}}


def test_a_paid_membership_waits_for_the_answer_and_holds_from_then_on(made: Made) -> None:
    sale = made(**CONFIRMED)
    sale.join()
    membership = sale.held()["membership_id"]
    url = f"/memberships/{membership}/confirmations"
    early = sale.send("POST", url)
    assert (early.status_code, early.json()["code"]) == (409, "membership-waiting")
    assert sale.pay().status_code == 200
    sale.begin()
    assert (sale.held()["state"], sale.held()["earns"]) == ("waiting", 0)
    confirmed = sale.send("POST", url)
    assert confirmed.status_code == 200, confirmed.text
    assert (sale.held()["state"], sale.held()["earns"]) == ("valid", 64)
    again = sale.send("POST", url)
    assert (again.status_code, again.json()["code"]) == (409, "not-waiting")


def test_an_answer_that_a_gateway_tells_begins_a_membership_that_costs_nothing(made: Made) -> None:
    gift = {"code": "hello", "occasion": "joining", "gives": [{"kind": "points", "points": 25}]}
    sale = made(**CONFIRMED, fees={}, occasions=[gift])
    other = a_person(sale.session, given_name="Noa")
    sale.session.commit()
    joined = send(sale.client, sale.till, "POST", f"/customers/{other}/memberships", {"club": "PAID"}).json()
    url = f"/memberships/{joined['membership_id']}/confirmations"
    shown = sale.client.get(f"/customers/{other}/memberships", headers=sale.till.headers).json()["memberships"]
    assert [(each["state"], each["balance"]) for each in shown] == [("waiting", 0)]
    begun = send(sale.client, sale.till, "POST", url)
    assert begun.status_code == 201, begun.text
    shown = sale.client.get(f"/customers/{other}/memberships", headers=sale.till.headers).json()["memberships"]
    assert [(each["state"], each["balance"]) for each in shown] == [("valid", 25)], "and the gift for joining comes"


def test_a_membership_that_begins_otherwise_is_not_confirmed(made: Made) -> None:
    sale = made(joining={"begins": "paid"})
    sale.join()
    refused = sale.send("POST", f"/memberships/{sale.held()['membership_id']}/confirmations")
    assert refused.json()["code"] == "not-waiting"
    assert sale.held()["state"] == "waiting"
