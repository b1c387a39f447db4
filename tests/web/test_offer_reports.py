# REQ R-02 R-05: how customers buy and what offers did, on pages
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.birthday.models import BirthdayGrant
from erp_club.permissions.catalog import Role
from erp_club.promotions.coupons.models import Coupon, CouponUse
from erp_club.purchases.posting.commands import write_sale
from erp_club.receipts.models import Receipt, ReceiptOffer
from tests.make.birthdays import NOW as PLANNED
from tests.make.birthdays import a_celebrant, a_plan, granted
from tests.make.clubs import a_club, a_customer
from tests.make.offers import a_published_offer
from tests.make.organisation import PASSWORD, somebody
from tests.make.purchases import NOW, Till, a_line, a_product, a_receipt, a_sale, a_till

HTML = {"Accept": "text/html"}
DAYS = f"first={NOW.date()}&last={NOW.date()}"


@pytest.fixture
def till(session: Session) -> Till:
    """Baskets of 9.00 and 12.00 with an offer that took 1.00 off each, and one of 5.00 without."""
    till = a_till(session)
    customer, product = a_customer(session, "C1"), a_product(session)
    offer = a_published_offer(session)
    for number, minor, who in (("1", 9_00, customer), ("2", 12_00, 0), ("3", 5_00, customer)):
        sale = a_sale(till, a_line(product, minor), receipt_no=number, customer_id=who)
        write_sale(session.connection(), sale, (), now=NOW, by=till.by)
    for row in session.scalars(sa.select(Receipt).where(Receipt.total_minor > 5_00)):
        session.add(
            ReceiptOffer(
                customer_id=row.customer_id, receipt_id=row.id, offer_id=offer, version_no=1, times=2, amount_minor=1_00
            )
        )
    somebody(session, Role.HQ)
    session.commit()
    return till


@pytest.fixture
def office(client: TestClient, till: Till) -> TestClient:
    token = client.post("/sign-in", json={"username": "hq", "password": PASSWORD}).json()["token"]
    client.cookies.clear()
    client.headers["Cookie"] = f"club_session={token}"
    return client


def test_an_offer_tells_its_uses_its_discount_and_the_baskets_with_and_without_it(office: TestClient):
    (row,) = office.get(f"/reports/offers?{DAYS}").json()["results"]
    assert (row["code"], row["receipts"], row["uses"], row["discount_minor"], row["buyers"]) == ("TENTH", 2, 4, 2_00, 1)
    assert (row["average_minor"], row["without_minor"], row["more_bp"]) == (10_50, 5_00, 11_000)
    assert office.get(f"/reports/offers?{DAYS}", headers=HTML).status_code == 200


def test_the_offers_of_today_are_told_first_beside_years_of_sales_before(office: TestClient, session: Session):
    store_id = session.scalars(sa.select(Receipt.store_id)).first() or 0
    for day in ("2024-03-01", "2024-04-01"):
        a_receipt(session, store_id, day, day, 5_00)
    session.commit()
    (row,) = office.get("/reports/offers").json()["results"]
    assert row["discount_minor"] == 2_00
    report = f"/reports/offers?offer={row['key']}"
    assert f'href="{report}"' in office.get(f"/offers/{row['key']}", headers=HTML).text
    assert [each["discount_minor"] for each in office.get(report).json()["results"]] == [2_00]


def test_an_offer_is_told_by_store(office: TestClient):
    (row,) = office.get(f"/reports/offers?{DAYS}").json()["results"]
    told = office.get(row["url"]).json()
    assert [(each["code"], each["discount_minor"], each["without_minor"]) for each in told["results"]] == [
        ("374", 2_00, 5_00)
    ]
    assert office.get(row["url"], headers=HTML).status_code == 200
    assert office.get("/reports/offers?offer=999").status_code == 404


def test_the_page_of_customers_tells_who_is_new_and_how_often_they_bought(office: TestClient):
    told = office.get(f"/reports/customers?{DAYS}").json()
    assert told["movement"] == {
        "buyers": 1, "new": 1, "returning": 0, "lost": 0, "bought_before": 0, "kept_bp": None,
    }  # fmt: skip
    assert [row["customers"] for row in told["frequency"]] == [0, 1, 0, 0, 0, 0, 0]
    assert told["tenths"][0]["sales_minor"] == 14_00
    whole = office.get("/reports/customers?first=2026-11-01&last=2026-12-31")
    assert whole.json()["cohorts"][0]["bought"] == [
        {"customers": 1, "share_bp": 10_000}, {"customers": 0, "share_bp": 0},
    ]  # fmt: skip
    assert office.get("/reports/customers?first=2026-11-01&last=2026-12-31", headers=HTML).status_code == 200
    assert office.get("/reports/customers?first=2000-01-01&last=2000-12-31", headers=HTML).status_code == 200


def test_birthday_plans_tell_what_they_gave_and_what_was_bought_with_it(office: TestClient, session: Session):
    # REQ B-01
    day = PLANNED.date()
    club_id = a_club(session, months=None)
    plan_id = a_plan(session, club_id, code="BDAY")
    a_celebrant(session, day.replace(year=1992), number="100001", club_id=club_id)
    granted(session, plan_id, day)
    grant = session.scalars(sa.select(BirthdayGrant)).one()
    receipt = session.scalars(sa.select(Receipt).where(Receipt.receipt_no == "2")).one()
    batch = session.scalars(sa.select(Coupon.batch_id).where(Coupon.id == grant.coupon_id)).one()
    session.add(
        CouponUse(
            customer_id=grant.owner_id, coupon_id=grant.coupon_id, use_no=1, batch_id=batch, given_minor=1_00,
            receipt_customer_id=receipt.customer_id, receipt_id=receipt.id, at=NOW,
        )
    )  # fmt: skip
    session.commit()
    first, last = min(day, NOW.date()), max(day, NOW.date())
    told = office.get(f"/reports/offers?first={first}&last={last}").json()["plans"]
    assert [(row["code"], row["given"], row["uses"], row["given_minor"], row["average_minor"]) for row in told] == [
        ("BDAY", 1, 1, 1_00, 12_00)
    ]
    of_store = office.get(f"/reports/offers?{DAYS}&store={receipt.store_id}")
    assert [(row["given"], row["uses"]) for row in of_store.json()["plans"]] == [(None, 1)]
    assert office.get(f"/reports/offers?{DAYS}", headers=HTML).text.count("BDAY") == 1
