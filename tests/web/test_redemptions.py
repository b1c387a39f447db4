# REQ P-06 P-18 T-04 A-01: what has a price in points, and the charity, at the till, by machine and at head office
from typing import Any

import pytest
import sqlalchemy as sa

from erp_club.permissions.catalog import Role
from erp_club.programmes.rewards.models import PeriodSettlement
from erp_club.promotions.coupons.models import Coupon
from tests.make.browser import HTML, form, signed_in
from tests.make.coupons import a_batch
from tests.web.test_till import HTMX, MILK, browser, post, send
from tests.web.test_till_fees import Made, Sale, made

__all__ = ["made"]

TREAT = {"code": "treat", "names": {"en": "Next time"}, "points": 50, "gives": {"kind": "coupon", "batch": "NEXT"}}
CLUB: dict[str, Any] = {
    "fees": {},
    "benefits": [TREAT],
    "charity": {"names": {"en": "Red Cross"}, "least_points": 10, "step": 5},
}


@pytest.fixture
def sale(made: Made) -> Sale:
    """Yael, who has 64 points, is buying one milk."""
    sale = made(**CLUB)
    a_batch(sale.session, "NEXT", personal=True)
    sale.session.commit()
    sale.join()
    assert sale.pay().status_code == 200
    sale.begin(1)
    return sale


def url(sale: Sale) -> str:
    return f"/memberships/{sale.held()['membership_id']}/redemptions"


def coupons(sale: Sale) -> list[str]:
    sale.session.expire_all()
    return list(sale.session.scalars(sa.select(Coupon.state).order_by(Coupon.id)))


def test_the_till_shows_what_can_be_had_and_gives_it(sale: Sale) -> None:
    (told,) = sale.send("GET", "/points").json()["redemptions"]
    assert [(each["code"], each["points"], each["why"]) for each in told["benefits"]] == [("treat", 50, None)]
    assert (told["points"], told["charity"]["least_points"]) == (64, 10)
    wanted = {"membership_id": told["membership_id"], "benefit": "treat"}
    had = sale.send("POST", "/redemptions", wanted)
    assert had.status_code == 200, had.text
    assert (sale.held()["balance"], coupons(sale)) == (14, ["active"])
    assert sale.send("POST", "/redemptions", wanted).json()["code"] == "not-now"
    row = sale.session.scalars(sa.select(PeriodSettlement.id)).one()
    back = sale.send("POST", f"/redemptions/{told['membership_id']}/{row}/withdrawals")
    assert back.status_code == 200, back.text
    assert (sale.held()["balance"], coupons(sale)) == (64, ["taken_back"])


def test_a_person_gives_points_in_the_dialog_of_the_till(sale: Sale) -> None:
    membership = sale.held()["membership_id"]
    person = browser(sale.client, sale.till)
    page = person.get("/baskets/current/points", headers=HTMX)
    assert "Next time" in page.text
    assert "Red Cross" in page.text
    done = post(person, "/baskets/current/redemptions", membership_id=membership, benefit="treat")
    assert done.status_code == 200, done.text
    assert (coupons(sale), "withdrawals" in done.headers["HX-Trigger"]) == (["active"], True)
    wrong = post(person, "/baskets/current/redemptions", membership_id=membership, points="12")
    assert wrong.status_code == 422
    assert "another number of points" in wrong.text
    given = post(person, "/baskets/current/redemptions", membership_id=membership, points="10")
    assert given.status_code == 200
    assert sale.held()["balance"] == 4


def test_points_of_somebody_else_are_not_given(sale: Sale) -> None:
    membership = sale.held()["membership_id"]
    sale.send("DELETE", "/customer")
    refused = sale.send("POST", "/redemptions", {"membership_id": membership, "benefit": "treat"})
    assert (refused.status_code, refused.json()["code"]) == (409, "customer-needed")
    assert coupons(sale) == []


def test_a_machine_has_it_once_under_one_key_and_sees_what_was_had(sale: Sale) -> None:
    where = url(sale)
    headers = sale.till.headers | {"Idempotency-Key": "once"}
    first, again = (sale.client.post(where, json={"benefit": "treat"}, headers=headers) for _ in range(2))
    assert (first.status_code, first.json()["points"], first.json()["balance"]) == (201, 50, 14)
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")
    told = sale.client.get(where, headers=sale.till.headers).json()
    assert [(each["rule"], each["points"], len(each["codes"])) for each in told["had"]] == [("treat", 50, 1)]
    undone = send(sale.client, sale.till, "POST", f"{where}/{first.json()['id']}/withdrawals")
    assert (undone.status_code, undone.json()["points"], undone.json()["balance"]) == (201, -50, 64)
    for body in ({}, {"benefit": "treat", "points": 10}, {"benefit": "none"}, {"points": 12}):
        assert send(sale.client, sale.till, "POST", where, body).status_code == 422, body
    missing = send(sale.client, sale.till, "POST", f"{where}/999999/withdrawals")
    assert (missing.status_code, missing.json()["code"]) == (404, "redemption-unknown")
    assert coupons(sale) == ["taken_back"]


def test_head_office_sees_and_gives_the_same_and_the_rewards_page_sums_the_charity(sale: Sale) -> None:
    where, club_id = url(sale), sale.club_id
    office = sale.client
    office.cookies.clear()
    signed_in(office, sale.session, Role.HQ)
    page = office.get(where, headers=HTML)
    assert page.status_code == 200
    assert "Next time" in page.text
    done = office.post(where, data=form(points="25"), headers=HTML)
    assert done.status_code == 303, done.text
    assert "Red Cross" in office.get(where, headers=HTML).text
    rewards = office.get(f"/clubs/{club_id}/rewards", headers={"Accept": "application/json"}).json()
    (line,) = [each for each in rewards["periods"] if each["rule"] == "charity"]
    assert (line["form"], line["value"], line["names"]) == ("charity", 25, {"en": "Red Cross"})
    told = office.get(f"/clubs/{club_id}/rewards/charity/{line['last_on']}", headers=HTML)
    assert told.status_code == 200
    assert "Yael" in told.text


def test_a_coupon_that_tills_use_by_themselves_is_in_the_quote_of_any_till(made: Made) -> None:
    # REQ T-03, P-15: joining, too, may give what is used by itself
    hello = {"code": "hello", "occasion": "joining", "gives": [{"kind": "discount", "amount_minor": 5_00}],
             "issue": {"automatic": True}}  # fmt: skip
    sale = made(fees={}, occasions=[hello])
    sale.join()
    asked: dict[str, Any] = {"sale_id": "s1", "customer": {"id": sale.yael}, "lines": [{"sku": MILK, "quantity": "10"}]}
    quoted = send(sale.client, sale.till, "POST", "/quotes", asked).json()
    assert quoted["total_minor"] == 64_30 - 5_00, quoted
    without = send(sale.client, sale.till, "POST", "/quotes", asked | {"automatic_coupons": False}).json()
    assert without["total_minor"] == 64_30
