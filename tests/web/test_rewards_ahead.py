# REQ P-15 P-03 N-01: the till and the office tell what a period brings if nothing more is bought
import calendar
import datetime as dt
from typing import Any

import pytest
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from tests.make.rewards import Shop


@pytest.fixture
def shop(session: Session) -> Shop:
    return Shop(session)


def today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def last() -> dt.date:
    return today().replace(day=calendar.monthrange(today().year, today().month)[1])


def ahead(client: TestClient, shop: Shop, customer: int) -> dict[str, Any]:
    panel = client.get(f"/customers/{customer}/panel", headers=shop.till.headers).json()
    (reward,) = panel["memberships"][0]["rewards"]
    return reward


def test_a_till_of_another_make_reads_what_the_month_brings_and_what_the_next_step_needs(
    client: TestClient, shop: Shop
):  # fmt: skip
    yael = shop.member()
    shop.buys(yael, 49_00, today().isoformat())
    told = ahead(client, shop, yael)
    assert (told["rule"], told["last"], told["counted"], told["value"]) == ("bonus", last().isoformat(), 49_00, 0)
    assert (told["missing"], told["next_value"], told["next_rate_bp"]) == (1_00, 50, 100)
    shop.buys(yael, 451_00, today().isoformat())
    told = ahead(client, shop, yael)
    assert (told["value"], told["missing"]) == (15_00, None)


@pytest.mark.parametrize(
    ("language", "stands", "more"),
    [
        ("en", "as it stands", "more for"),
        ("he", "לפי המצב כעת", "לקבלת"),
        ("fi", "jos tilanne ei muutu", "vielä"),
        ("sv", "som det ser ut nu", "till för"),
    ],
)
def test_the_office_says_it_in_a_line(client: TestClient, shop: Shop, language: str, stands: str, more: str):
    yael = shop.member()
    shop.buys(yael, 100_00, today().isoformat())
    asked = shop.till.headers | {"Accept": "text/html", "Accept-Language": language}
    page = client.get(f"/customers/{yael}/memberships", headers=asked)
    assert page.status_code == 200
    assert stands in page.text
    assert more in page.text
    assert "1.00" in page.text or "1,00" in page.text
