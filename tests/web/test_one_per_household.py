# REQ M-09: where a household has one membership, whoever lives with a member joins theirs, without a fee
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.models import Customer
from erp_club.permissions.catalog import Role
from erp_club.permissions.models import Staff
from erp_club.points.models import PointsAccount
from tests.make.customers import a_person
from tests.web.test_till import send
from tests.web.test_till_fees import Made, Sale, made

__all__ = ["made"]

SHARED: dict[str, Any] = {"household": {"most_persons": 3, "same_address": True, "one_per_household": True}}


def lives(session: Session, customer: int, street: str, city: str = "Haifa") -> int:
    row = session.get_one(Customer, customer)
    row.street, row.postcode, row.city = street, "3300000", city
    session.commit()
    return customer


@pytest.fixture
def sale(made: Made) -> Sale:
    """Yael has joined, for the fee, from 5 Palm Street."""
    sale = made(**SHARED)
    lives(sale.session, sale.yael, "5 Palm Street")
    assert sale.join().status_code == 200
    assert sale.pay().status_code == 200
    return sale


def number(sale: Sale, customer: int) -> str:
    return sale.session.scalars(sa.select(Customer.number).where(Customer.id == customer)).one()


def buying(sale: Sale, street: str, name: str = "Noa") -> int:
    other = lives(sale.session, a_person(sale.session, given_name=name), street)
    assert sale.send("PUT", "/customer", {"customer_id": other}).status_code == 200
    return other


def test_who_lives_with_a_member_joins_their_membership_at_the_till(sale: Sale) -> None:
    other = buying(sale, "5 PALM street")
    refused = sale.join()
    assert (refused.status_code, refused.json()["code"]) == (409, "household-has-member")
    wrong = sale.send("POST", "/memberships", {"club_id": sale.club_id, "household_of": "999999"})
    assert [each["field"] for each in wrong.json()["errors"]] == ["household_of"]
    main = {"club_id": sale.club_id, "household_of": number(sale, sale.yael)}
    # It links two memberships, whose points both use then.
    sale.session.execute(sa.update(Staff).values(role=Role.CASHIER.value))
    sale.session.commit()
    unlinked = sale.send("POST", "/memberships", main).json()
    assert (unlinked["code"], unlinked["permission"]) == ("not-permitted", "households.link")
    sale.session.execute(sa.update(Staff).values(role=Role.MANAGER.value))
    sale.session.commit()
    joined = sale.send("POST", "/memberships", main)
    assert joined.status_code == 200, joined.text
    assert joined.json()["lines"] == [], "nothing is paid for it"
    held = sale.session.execute(
        sa.text("SELECT points_holder_id FROM memberships WHERE customer_id = :id"), {"id": other}
    ).scalar_one()
    assert held == sale.yael
    sale.begin()
    sale.send("PUT", "/customer", {"customer_id": other})
    sale.send("DELETE", "")


def test_the_till_asks_for_the_main_member_and_who_lives_elsewhere_joins_alone(sale: Sale) -> None:
    buying(sale, "5 Palm Street")
    html = sale.till.headers | {"Accept": "text/html", "Idempotency-Key": "household-1"}
    page = sale.client.post("/baskets/current/memberships", data={"club_id": sale.club_id}, headers=html)
    assert page.status_code == 409
    assert 'name="household_of"' in page.text
    without = sale.till.headers | {"Accept": "text/html", "Idempotency-Key": "household-2"}
    clubless = sale.client.post("/baskets/current/memberships", data={"household_of": "\t"}, headers=without)
    assert clubless.status_code == 422
    buying(sale, "6 Palm Street", "Dana")
    assert sale.join().status_code == 200


def test_the_back_office_joins_a_household_too_and_only_as_far_as_its_rule_goes(sale: Sale) -> None:
    other = lives(sale.session, a_person(sale.session, given_name="Noa"), "5 Palm Street")
    far = lives(sale.session, a_person(sale.session, given_name="Dana"), "9 Oak Street")

    def joins(customer: int, **said: str) -> Any:
        return send(sale.client, sale.till, "POST", f"/customers/{customer}/memberships", {"club": "PAID"} | said)

    assert joins(other).json()["code"] == "household-has-member"
    elsewhere = joins(far, household_of=number(sale, sale.yael))
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (409, "household-address")
    nobody = joins(other, household_of=number(sale, far))
    assert [each["field"] for each in nobody.json()["errors"]] == ["household_of"]
    shared = joins(other, household_of=number(sale, sale.yael))
    account = sale.session.scalars(sa.select(PointsAccount.id).where(PointsAccount.customer_id == sale.yael)).one()
    assert (shared.status_code, shared.json()["points_account_id"]) == (201, account), shared.text
