"""The back office's first page."""

# REQ R-01
import datetime as dt
import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.catalog import Role
from erp_club.reports.years import shown_year
from tests.make.browser import HTML, signed_in
from tests.make.clubs import a_club, a_customer, a_membership
from tests.make.organisation import PASSWORD, a_chain, a_store, somebody
from tests.make.purchases import a_receipt
from web.navigation import navigation


def _sold(session: Session, store_id: int, *days: str) -> None:
    for number, day in enumerate(days):
        a_receipt(session, store_id, f"{day}-{number}", day, 10_00)


def test_a_chain_that_has_sold_nothing_is_told_how_to_begin(client: TestClient, session: Session):
    a_chain(session)
    signed_in(client, session)
    page = client.get("/", headers=HTML).text
    assert "No sales yet" in page
    assert 'href="/file-imports/new?kind=products"' in page
    view = client.get("/").json()
    assert (view["year"], [step["done"] for step in view["steps"]]) == (None, [False] * 6)
    a_store(session)
    a_customer(session, "C1")
    done = {step["name"] for step in client.get("/").json()["steps"] if step["done"]}
    assert done == {"store", "customer"}


def test_of_many_clubs_the_ten_with_the_most_members_are_shown(client: TestClient, session: Session):
    a_chain(session)
    _sold(session, a_store(session).id, "2017-01-31")
    clubs = [a_club(session, f"CLUB{number:02}") for number in range(12)]
    a_membership(session, a_customer(session, "C1"), clubs[-1])
    signed_in(client, session)
    assert len(client.get("/").json()["clubs"]) == 12
    page = client.get("/", headers=HTML).text
    shown = re.findall(r'href="/clubs/(\d+)"', page)
    assert (len(shown), shown[0]) == (10, str(clubs[-1]))
    assert '<a href="/clubs">All clubs</a>' in page


def test_the_figures_are_those_of_the_year_shown(client: TestClient, session: Session):
    a_chain(session)
    best, other = a_store(session), a_store(session, "375")
    _sold(session, best.id, "2017-01-31", "2017-02-01", "2017-12-31", "2018-01-01")
    _sold(session, other.id, "2017-02-28")
    signed_in(client, session)
    view = client.get("/").json()
    assert (view["year"], view["years"]) == (2017, [2018, 2017])
    assert (view["receipts"], view["sales_minor"], view["identified_bp"]) == (4, 40_00, 0)
    assert [month["receipts"] for month in view["months"]] == [1, 2, *[0] * 9, 1]
    assert [(store["store_id"], store["receipts"]) for store in view["stores"]] == [(best.id, 3), (other.id, 1)]
    later = client.get("/?year=2018", headers=HTML).text
    assert 'href="/?year=2017"' in later
    assert "₪10.00" in later


def test_the_share_of_known_customers_is_that_of_the_reports_and_of_the_store(client: TestClient, session: Session):
    a_chain(session)
    store, other = a_store(session), a_store(session, "375")
    customer = a_customer(session, "C1")
    a_receipt(session, store.id, "1", "2017-02-01", 30_00, customer_id=customer)
    a_receipt(session, store.id, "2", "2017-02-01", 10_00)
    a_receipt(session, other.id, "3", "2017-03-01", 60_00)
    signed_in(client, session)
    pages = [client.get("/").json(), client.get("/reports/purchases").json()["total"]]
    assert [page["identified_bp"] for page in pages] == [30_00, 30_00]
    pages = [
        client.get(f"/stores/{store.id}").json(),
        client.get(f"/reports/purchases?store={store.id}").json()["total"],
    ]
    assert [page["identified_bp"] for page in pages] == [75_00, 75_00]
    assert [page["average_minor"] for page in pages] == [20_00, 20_00]


def test_a_manager_sees_the_sales_of_the_own_store_only(client: TestClient, session: Session):
    a_chain(session)
    store, other = a_store(session), a_store(session, "375")
    a_receipt(session, store.id, "1", "2017-02-01", 30_00, customer_id=a_customer(session, "C1"))
    a_receipt(session, other.id, "2", "2017-03-01", 60_00)
    somebody(session, Role.MANAGER, store=store)
    session.commit()
    signed = client.post("/sign-in", json={"username": "manager", "password": PASSWORD}).json()
    client.headers["Cookie"] = f"club_session={signed['token']}"
    view = client.get("/").json()
    assert (view["receipts"], view["sales_minor"], view["identified_bp"]) == (1, 30_00, 100_00)
    assert [each["store_id"] for each in view["stores"]] == [store.id]
    assert "/reports/liability" not in client.get("/", headers=HTML).text, "what is owed in points belongs to no store"
    assert [month["sales_minor"] for month in view["months"]][:4] == [0, 30_00, 0, 0]


def test_a_cashier_who_opens_the_first_page_is_led_to_the_till(client: TestClient, session: Session):
    a_chain(session)
    signed_in(client, session, Role.CASHIER)
    led = client.get("/", headers=HTML)
    assert (led.status_code, led.headers["location"]) == (303, "/till")
    assert client.get("/").status_code == 403


def test_a_visitor_is_led_to_sign_in(client: TestClient, session: Session):
    a_chain(session)
    session.commit()
    led = client.get("/", headers=HTML)
    assert (led.status_code, led.headers["location"]) == (303, "/sign-in")


def test_the_demos_logins_stand_on_its_sign_in_page_only(client: TestClient, session: Session):
    chain = a_chain(session)
    session.commit()
    assert "demo-club" not in client.get("/sign-in", headers=HTML).text
    chain.is_demo = True
    session.commit()
    page = client.get("/sign-in", headers=HTML).text
    assert "demo-club" in page
    assert "2580" in page
    assert page.count('action="/sign-in"') == 4


@pytest.mark.parametrize(
    ("months", "year"),
    [
        ([], None),
        (["2026-11-01"], 2026),
        (["2017-01-01", "2017-02-01", "2026-11-01"], 2017),
        (["2025-12-01", "2026-01-01"], 2026),
        (["2025-11-01", "2025-12-01", "2026-01-01", "2026-02-01"], 2026),
    ],
)
def test_a_year_with_one_month_of_sales_says_nothing_yet(months: list[str], year: int | None):
    assert shown_year(map(dt.date.fromisoformat, months)) == year


@pytest.mark.parametrize(
    ("path", "entry"),
    [
        ("/offers/7/edit", "/offers"),
        ("/forecasts/1", "/offers"),
        ("/price-list-uploads/new", "/price-lists"),
        ("/reports/offers", "/reports/purchases"),
        ("/account", None),
        ("/", "/"),
    ],
)
def test_the_menu_marks_what_a_page_belongs_to(path: str, entry: str | None):
    marked = [item.url for section in navigation(SYSTEM, path) for item in section.items if item.current]
    assert marked == ([entry] if entry else [])
