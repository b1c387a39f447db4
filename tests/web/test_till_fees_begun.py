# REQ M-01 M-02: when a membership begins whose joining costs something, or nothing
import datetime as dt

import sqlalchemy as sa

from erp_club.purchases.fees.models import MembershipFee
from tests.web.test_till import send
from tests.web.test_till_fees import Made, made

__all__ = ["made"]


def test_a_membership_that_begins_when_paid_gives_nothing_in_its_own_sale_and_holds_from_then_on(made: Made) -> None:
    # REQ M-01, M-02
    sale = made(joining={"begins": "paid"})
    joined = sale.join().json()
    assert [line["amount_minor"] for line in joined["lines"]] == [64_30, 36_50]
    assert (sale.held()["state"], sale.held()["earns"], sale.held()["valid_until"]) == ("waiting", 0, None)
    assert (sale.join().json()["code"], sale.held()["renewable"]) == ("membership-waiting", False)
    page = sale.client.get("/till", headers=sale.till.headers | {"Accept": "text/html"}).text
    assert "begins when this sale is paid" in page
    # As if the sale had been on hold since yesterday.
    fee = sale.session.scalars(sa.select(MembershipFee)).one()
    day = fee.first
    fee.first, fee.last = day - dt.timedelta(days=1), day + dt.timedelta(days=363)
    sale.session.commit()
    assert sale.pay().status_code == 200
    sale.begin()
    held = sale.held()
    assert (held["state"], held["balance"], held["earns"]) == ("valid", 0, 64)
    assert held["valid_until"] == str(day + dt.timedelta(days=364)), "a year from the payment"
    sale.session.expire_all()
    assert sale.session.scalars(sa.select(MembershipFee.first)).one() == day


def test_a_membership_whose_fee_is_never_paid_never_began(made: Made) -> None:
    sale = made(joining={"begins": "paid"})
    number = sale.join().json()["lines"][1]["line_no"]
    membership = sale.held()["membership_id"]
    paused = send(sale.client, sale.till, "POST", f"/memberships/{membership}/pauses", {"reason": "Abroad"})
    assert paused.json()["code"] == "membership-waiting"
    sale.send("DELETE", f"/lines/{number}")
    assert (sale.held()["state"], sale.fees()) == ("ended", [("joining", "cancelled", 36_50, 0)])
    undone = send(sale.client, sale.till, "POST", f"/memberships/{membership}/restorations")
    assert undone.json()["code"] == "not-undoable"
    assert sale.join().status_code == 200
    assert sale.held()["state"] == "waiting"


def test_a_joining_that_costs_nothing_begins_at_once_whatever_the_club_says(made: Made) -> None:
    sale = made(joining={"begins": "paid"}, fees={})
    sale.join()
    assert (sale.held()["state"], sale.held()["earns"]) == ("valid", 64)
