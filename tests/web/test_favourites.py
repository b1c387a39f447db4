# REQ R-02: what customers like best
import datetime as dt
import html
import re

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.catalogue.commands import ProductChanges, edit_product
from erp_club.customers.models import Customer
from erp_club.organisation.models import Store
from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.catalog import Role
from erp_club.purchases.posting.commands import write_sale
from erp_club.receipts.rollups.commands import roll_all, verify
from tests.make.browser import HTML, a_session_of, signed_in
from tests.make.clubs import a_club, a_customer, a_membership
from tests.make.organisation import somebody
from tests.make.purchases import NOW, a_line, a_product, a_sale, a_till, another_till
from web.cookies import SESSION_COOKIE

DAYS = f"first={NOW.date()}&last={NOW.date()}"


@pytest.fixture
def client_of_shop(client: TestClient, session: Session) -> TestClient:
    """Ann bought bread twice and milk once, for more; Ben each once, and milk for more."""
    till = a_till(session)
    ann, ben = a_customer(session, "ANN"), a_customer(session, "BEN")
    goods = {name: a_product(session, sku=name) for name in ("BREAD", "MILK", "TEA")}
    for name, product in goods.items():
        edit_product(session, product, ProductChanges(group=name), now=NOW, by=SYSTEM)
    sold = (
        (ann, "BREAD", 5_00),
        (ann, "BREAD", 5_00),
        (ann, "MILK", 90_00),
        (ben, "MILK", 9_00),
        (ben, "BREAD", 5_00),
        (0, "TEA", 1_00),
    )
    for number, (who, name, minor) in enumerate(sold):
        sale = a_sale(till, a_line(goods[name], minor), receipt_no=str(number), customer_id=who)
        write_sale(session.connection(), sale, (), now=NOW, by=till.by)
        if number == 2:
            roll_all(session)
    signed_in(client, session)
    return client


def test_a_favourite_is_what_most_purchases_held_and_then_what_was_spent_on(client_of_shop: TestClient):
    told = client_of_shop.get(f"/reports/favourites?{DAYS}").json()
    assert told["customers"] == 2
    assert [(row["name"], row["customers"], row["share_bp"], row["sales_minor"]) for row in told["rows"]] == [
        ("BREAD", 1, 50_00, 10_00),
        ("MILK", 1, 50_00, 9_00),
    ]


@pytest.mark.parametrize("by", ["group", "department", "brand", "product", "store", "year"])
def test_every_kind_has_a_page(client_of_shop: TestClient, by: str):
    assert client_of_shop.get(f"/reports/favourites?by={by}&{DAYS}", headers=HTML).status_code == 200
    stores = client_of_shop.get(f"/reports/favourites?by=store&{DAYS}").json()["rows"]
    assert [row["customers"] for row in stores] == [2]


def test_of_one_customer_it_tells_what_was_bought_most_often_as_does_their_page(
    client_of_shop: TestClient, session: Session
):
    ann = session.scalars(sa.select(Customer.id).where(Customer.number == "ANN")).one()
    told = client_of_shop.get(f"/reports/favourites?by=product&customer={ann}&{DAYS}")
    products = [(row["purchases"], row["sales_minor"]) for row in told.json()["liked"]]
    assert products == [(2, 10_00), (1, 90_00)]
    assert client_of_shop.get(f"/reports/favourites?customer={ann}&{DAYS}", headers=HTML).status_code == 200
    page = client_of_shop.get(f"/customers/{ann}")
    assert [(row["purchases"], row["sales_minor"]) for row in page.json()["likes"]] == products
    assert "Bought most often" in client_of_shop.get(f"/customers/{ann}", headers=HTML).text


def test_what_they_like_best_leads_to_purchases_of_the_same_customers(client_of_shop: TestClient, session: Session):
    club, store = a_club(session), session.scalars(sa.select(Store.id)).one()
    a_membership(session, session.scalars(sa.select(Customer.id).where(Customer.number == "ANN")).one(), club)
    session.commit()
    page = client_of_shop.get(f"/reports/favourites?{DAYS}&club={club}&store={store}", headers=HTML).text
    [link] = re.findall(r'<td><a href="([^"]+)"', page)
    told = client_of_shop.get(html.unescape(link)).json()
    assert (told["total"]["sales_minor"], told["total"]["buyers"]) == (10_00, 1)


@pytest.mark.parametrize("by", ["group", "store"])
def test_of_months_and_years_it_is_kept_and_of_too_many_other_purchases_they_are_offered(
    client_of_shop: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch, by: str
):
    first, last = NOW.date().replace(day=1), (NOW.date().replace(day=1) + dt.timedelta(days=40)).replace(day=1)
    month = f"by={by}&first={first}&last={last - dt.timedelta(days=1)}"
    year = f"by={by}&first={first.replace(month=1)}&last={first.replace(month=12, day=31)}"
    before = client_of_shop.get(f"/reports/favourites?by={by}&{DAYS}").json()["rows"]
    till_of_all, club = session.scalars(sa.select(Store.id)).one(), a_club(session)
    a_membership(session, session.scalars(sa.select(Customer.id).where(Customer.number == "ANN")).one(), club)
    ann_likes = [10_00 if by == "group" else 100_00]
    till = another_till(session, store_code="375", username="other")
    for years in (-2, 2):  # so that these days aren't all on which anything is sold
        sold_at = NOW + dt.timedelta(days=365 * years)
        sale = a_sale(till, a_line(a_product(session, sku=str(years))), receipt_no=str(years), sold_at=sold_at)
        write_sale(session.connection(), sale, (), now=NOW, by=till.by)
    monkeypatch.setattr("web.routes.reports.MOST_RECEIPTS", 1)
    for waits in (True, False):
        for days in (month, year):
            told = client_of_shop.get(f"/reports/favourites?{days}").json()
            assert (told["rows"], told["receipts"]) == (before, 0)
            told = client_of_shop.get(f"/reports/favourites?{days}&store={till_of_all}").json()
            assert (told["rows"], told["receipts"]) == (before, 0)
            told = client_of_shop.get(f"/reports/favourites?{days}&club={club}").json()
            assert ([row["sales_minor"] for row in told["rows"]], told["receipts"]) == (ann_likes, 0)
        told = client_of_shop.get(f"/reports/favourites?by={by}&{DAYS}").json()
        assert (told["rows"], told["receipts"], len(told["whole"])) == ([], 6, 2)
        told = client_of_shop.get(f"/reports/favourites?by={by}&club={club}&{DAYS}").json()
        assert (told["receipts"], told["whole"][0]["url"].endswith(f"&club={club}")) == (3, True)
        if waits:
            roll_all(session)
            assert verify(session) is None
    page = client_of_shop.get(f"/reports/favourites?by={by}&{DAYS}", headers=HTML).text
    assert f'href="/reports/favourites?{month.replace("&", "&amp;")}"' in page
    file = client_of_shop.get(f"/reports/favourites.csv?by={by}&{DAYS}").text
    assert [row.split(",")[1] for row in file.splitlines()[1:]] == [str(row["customers"]) for row in before]
    token = a_session_of(session, somebody(session, Role.MANAGER, store=session.get_one(Store, till.store_id)))
    session.commit()
    client_of_shop.cookies.set(SESSION_COOKIE, token)
    monkeypatch.setattr("web.routes.reports.MOST_RECEIPTS", 0)
    told = client_of_shop.get(f"/reports/favourites?by={by}&first={sold_at.date()}&last={sold_at.date()}").json()
    assert (told["rows"], told["receipts"]) == ([], 1)
    assert told["whole"][0]["url"].endswith(f"&store={till.store_id}")
    told = client_of_shop.get(told["whole"][0]["url"]).json()
    assert (told["receipts"], [row["customers"] for row in told["rows"]]) == (0, [])
