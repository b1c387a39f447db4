# REQ M-02 M-12: where nothing is sold, a club is joined and renewed by its programme, and fees are paid at a till
import datetime as dt
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions.actors import SYSTEM
from erp_club.programmes.commands import load_programme
from erp_club.programmes.engine.programme import Programme
from tests.make.clubs import NOW
from tests.make.customers import a_person
from tests.make.office import head_office, send

DOCUMENT: dict[str, Any] = {
    "code": "OWN",
    "names": {"en": "Own club"},
    "currency": "ILS",
    "term": {"kind": "months", "months": 12},
    "earning": {"rules": [{"kind": "money", "code": "rate", "points": 1, "per_minor": 100}]},
}
FEES = {"joining_minor": 36_50, "joining_product": "FEE", "renewal_minor": 20_00, "renewal_product": "FEE"}


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    return head_office(client, session)


def loaded(session: Session, **said: Any) -> int:
    how: dict[str, Any] = {"currency": "ILS", "language": "he", "now": NOW, "by": SYSTEM, "publish": True}
    club = load_programme(session, Programme.model_validate(DOCUMENT | said), today=dt.date(2020, 1, 1), **how)
    session.commit()
    return club.club_id


def joined(office: TestClient, session: Session, club_id: int) -> Any:
    yael = a_person(session, given_name="Yael")
    session.commit()
    return send(office, "POST", f"/customers/{yael}/memberships", {"club_id": club_id})


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"fees": FEES}, "fee-at-till"),
        ({"joining": {"eligibility": {"min_age": 18}}}, "may-not-join"),
        ({"joining": {"ways": ["purchase"], "purchase_minor": 100_00}}, "purchase-too-small"),
    ],
)
def test_what_the_programme_asks_is_asked_there_too(
    office: TestClient, session: Session, said: dict[str, Any], code: str
) -> None:
    refused = joined(office, session, loaded(session, **said))
    assert (refused.status_code, refused.json()["code"]) == (409, code)


def test_a_membership_holds_for_the_programme_s_term_and_renews_when_that_may_be(
    office: TestClient, session: Session
) -> None:
    term = {"kind": "date", "last_day": "2099-12-31"}
    made = joined(office, session, loaded(session, term=term, renewal={"earliest_days": 30}))
    assert (made.status_code, made.json()["valid_until"]) == (201, "2099-12-31")
    refused = send(office, "POST", f"/memberships/{made.json()['membership_id']}/renewals")
    assert (refused.status_code, refused.json()["code"]) == (409, "too-early")


def test_a_renewal_that_costs_something_is_paid_at_a_till_and_one_that_costs_nothing_is_not(
    office: TestClient, session: Session
) -> None:
    club_id = loaded(session, fees={"renewal_minor": 20_00, "renewal_product": "FEE"})
    url = f"/memberships/{joined(office, session, club_id).json()['membership_id']}/renewals"
    refused = send(office, "POST", url)
    assert (refused.status_code, refused.json()["code"]) == (409, "fee-at-till")
    free = joined(office, session, loaded(session, code="FREE")).json()["membership_id"]
    assert send(office, "POST", f"/memberships/{free}/renewals").status_code == 201
