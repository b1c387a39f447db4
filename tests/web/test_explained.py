# REQ P-03 P-01: the till says which rule gives how many points, and why another gives none
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from tests.make.levels import a_club_with_levels, a_member
from tests.make.purchases import Till, a_product, a_till
from tests.web.test_till import HTML, browser, send


@pytest.fixture
def till(session: Session) -> Till:
    return a_till(session)


def test_each_rule_is_told_with_its_points_or_its_reason(client: TestClient, session: Session, till: Till) -> None:
    gold = {"kind": "times", "code": "gold", "factor_bp": 20_000, "when": {"levels": ["gold"]}, "names": {"en": "Gold"}}
    tea = {"kind": "extra", "code": "tea", "points": 5, "on": {"groups": ["Tea"]}}
    member = a_member(session, a_club_with_levels(session, rules=(gold, tea)))
    a_product(session, "LAMP", price_minor=200_00)
    session.commit()
    send(client, till, "POST", "/baskets/current/entries", {"code": "LAMP"})
    told = send(client, till, "PUT", "/baskets/current/customer", {"customer_id": member[0]}).json()
    rules = told["customer"]["memberships"][0]["earned_by"]
    assert [(each["rule"], each["points"], each["why"]) for each in rules] == [
        ("tenth", 20, None),
        ("gold", 0, "Only for another level of the club."),
    ]
    page = browser(client, till).get("/till", headers=HTML).text
    assert "1 point for" in page
    assert "Only for another level of the club." in page
