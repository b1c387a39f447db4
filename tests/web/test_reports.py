# REQ R-01 R-06: reports on pages, as files, and within the reader's stores
import csv
import datetime as dt
import io

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.kernel.audit import AuditEntry
from erp_club.organisation.models import Store
from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.catalog import Role
from erp_club.permissions.models import Staff
from erp_club.permissions.workplaces.models import StaffStore
from erp_club.promotions.models import OfferDayUses, OfferUses
from erp_club.purchases.posting.commands import write_sale
from erp_club.segments.commands import Settings, take_list
from tests.make.birthdays import a_plan
from tests.make.clubs import a_club, a_customer
from tests.make.offers import a_published_offer
from tests.make.organisation import PASSWORD, a_store, somebody
from tests.make.purchases import NOW, Till, a_line, a_product, a_sale, a_till, another_till

HTML = {"Accept": "text/html"}
DAYS = f"first={NOW.date()}&last={NOW.date()}"


@pytest.fixture
def till(session: Session) -> Till:
    """A day of sales in two stores: 12.00 and 5.00 in this one, 3.00 in the other."""
    till = a_till(session)
    other = another_till(session, store_code="406", username="other")
    customer, product = a_customer(session, "C1"), a_product(session, sku="MILK")
    for number, at, minor, who in (("1", till, 12_00, customer), ("2", till, 5_00, 0), ("3", other, 3_00, customer)):
        sale = a_sale(at, a_line(product, minor), receipt_no=number, customer_id=who)
        write_sale(session.connection(), sale, (), now=NOW, by=at.by)
    somebody(session, Role.HQ)
    somebody(session, Role.MANAGER, store=session.get_one(Store, till.store_id))
    session.commit()
    return till


def signed_in(client: TestClient, username: str) -> TestClient:
    token = client.post("/sign-in", json={"username": username, "password": PASSWORD}).json()["token"]
    client.cookies.clear()
    client.headers["Cookie"] = f"club_session={token}"
    return client


@pytest.fixture
def office(client: TestClient, till: Till) -> TestClient:
    return signed_in(client, "hq")


def test_a_report_tells_its_total_its_rows_and_what_it_is_compared_with(office: TestClient):
    told = office.get(f"/reports/purchases?by=store&against=before&{DAYS}").json()
    assert (told["total"]["sales_minor"], told["total"]["identified_bp"]) == (20_00, 75_00)
    assert [(row["code"], row["figures"]["receipts"]) for row in told["rows"]] == [("374", 2), ("406", 1)]
    assert [each["which"] for each in told["compared"]] == ["before", "year_before"]
    assert told["rows"][0]["then"]["receipts"] == 0


def test_whoever_names_no_days_sees_the_latest_year_with_sales(office: TestClient):
    told = office.get("/reports/purchases").json()
    assert (told["first"], told["last"], len(told["rows"])) == ("2026-01-01", "2026-12-31", 12)
    assert told["total"]["receipts"] == 3


@pytest.mark.parametrize(
    "by",
    ["year", "month", "week", "day", "store", "department", "group", "brand", "product", "club", "segment", "customer",
     "cashier"],
)  # fmt: skip
def test_every_kind_of_rows_has_a_page_and_a_file(office: TestClient, by: str):
    page = office.get(f"/reports/purchases?by={by}&against=year_before&measure=average&{DAYS}", headers=HTML)
    assert page.status_code == 200
    assert office.get(f"/reports/purchases.xlsx?by={by}&{DAYS}").status_code == 200
    file = office.get(f"/reports/purchases.csv?by={by}&{DAYS}").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(file)))
    assert (rows[-1]["name"], rows[-1]["sales"], rows[-1]["receipts"]) == ("Total", "20.00", "3")


@pytest.mark.parametrize("by", ["month", "store", "group", "product", "club", "customer", "cashier"])
def test_a_file_of_a_compared_report_holds_the_other_period_beside_each_row(office: TestClient, by: str):
    day = NOW.date()
    after = f"by={by}&against=before&first={day + dt.timedelta(days=1)}&last={day + dt.timedelta(days=1)}"
    told = {side: office.get(f"/reports/purchases?{query}").json() for side, query in
            (("now", f"by={by}&against=before&first={day}&last={day}"), ("after", after))}  # fmt: skip
    rows = _compared_file(office, f"by={by}&against=before&first={day}&last={day}")
    assert len(rows) == len(told["now"]["rows"]) + 1
    for row, shown in zip(rows, told["now"]["rows"], strict=False):
        then = shown["then"]
        assert (row["before_sales"], row["before_receipts"]) == (minor_text(then["sales_minor"]), str(then["receipts"]))
    total = _compared_file(office, after)[-1]
    assert (total["name"], total["sales"], total["before_sales"], total["before_receipts"]) == (
        "Total",
        "0.00",
        "20.00",
        "3",
    )
    assert total["sales_change_percent"] == "-100.00"
    plain = _compared_file(office, f"by={by}&first={day}&last={day}")
    assert not [name for name in plain[0] if name.startswith("before_")]


def _compared_file(office: TestClient, query: str) -> list[dict[str, str]]:
    text = office.get(f"/reports/purchases.csv?{query}").content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def minor_text(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02}"


def test_a_row_leads_down_to_the_receipts(office: TestClient):
    months = office.get("/reports/purchases?by=year").json()["rows"][0]["url"]
    assert "by=month" in months
    (day,) = office.get(f"/reports/purchases?by=day&{DAYS}").json()["rows"]
    behind = office.get(day["url"]).json()
    assert sorted(row["receipt_no"] for row in behind["purchases"]) == ["1", "2", "3"]
    assert sum(row["total_minor"] for row in behind["purchases"]) == 20_00
    assert office.get(day["url"], headers=HTML).status_code == 200


def test_a_single_day_is_told_once_above_a_report(office: TestClient):
    day = f'datetime="{NOW.date()}"'
    one, two = (
        office.get(f"/reports/purchases?by=store&first={first}&last={NOW.date()}", headers=HTML).text
        for first in (NOW.date(), NOW.date() - dt.timedelta(days=1))
    )
    heads = [page.split("</h1>")[1].split("</header>")[0] for page in (one, two)]
    assert [head.count(day) for head in heads] == [1, 1]
    assert [head.count("–") for head in heads] == [0, 1]


def test_a_product_is_named_by_its_code(office: TestClient):
    assert office.get(f"/reports/purchases?sku=MILK&{DAYS}").json()["total"]["sales_minor"] == 20_00
    assert office.get(f"/reports/purchases?sku=NONE&{DAYS}").status_code == 422
    page = office.get(f"/reports/purchases?sku=NONE&{DAYS}", headers={"Accept": "text/html"})
    assert "as its code or in its name" in page.text, "what is wrong, and not that some field is"
    assert 'href="/reports/purchases"' in page.text
    assert office.get(f"/reports/purchases?club=999&{DAYS}").status_code == 404
    assert office.get("/reports/purchases?first=2026-02-01&last=2026-01-01").status_code == 422


def test_a_manager_sees_the_figures_of_the_own_store_only(client: TestClient, till: Till, session: Session):
    other = a_store(session, "500")
    session.commit()
    manager = signed_in(client, "manager")
    told = manager.get(f"/reports/purchases?by=store&{DAYS}").json()
    assert (told["total"]["sales_minor"], [row["code"] for row in told["rows"]]) == (17_00, ["374"])
    assert manager.get(f"/reports/purchases?store={other.id}").status_code == 403
    assert "/reports/liability" not in manager.get(f"/reports/purchases?{DAYS}", headers=HTML).text
    assert "3" not in [
        row["receipt_no"] for row in manager.get(f"/reports/purchases/receipts?{DAYS}").json()["purchases"]
    ]


@pytest.mark.parametrize(("username", "sales"), [("hq", [17_00, 3_00]), ("manager", [17_00, None])])
def test_a_manager_is_told_the_sales_of_the_own_store_on_its_page_only(
    client: TestClient, till: Till, session: Session, username: str, sales: list[int | None]
):
    other = session.scalars(sa.select(Store).where(Store.code == "406")).one()
    who = signed_in(client, username)
    told = [who.get(f"/stores/{store_id}?year={NOW.year}").json() for store_id in (till.store_id, other.id)]
    assert [each["sales_minor"] for each in told] == sales
    assert [len(each["months"]) for each in told] == [0 if each is None else 12 for each in sales]
    page = who.get(f"/stores/{other.id}", headers=HTML).text
    assert ('id="sales"' in page) is (username == "hq")
    assert 'id="tills"' in page


@pytest.mark.parametrize(("username", "uses", "stores"), [("hq", 7, 2), ("manager", 2, 1)])
def test_a_manager_is_told_of_an_offer_what_it_gave_in_the_own_store(
    client: TestClient, till: Till, session: Session, username: str, uses: int, stores: int
):
    offer = a_published_offer(session)
    other = session.scalars(sa.select(Store).where(Store.code == "406")).one()
    for store_id, times in ((till.store_id, 2), (other.id, 5)):
        session.add(OfferDayUses(offer_id=offer, day=NOW.date(), store_id=store_id, uses=times, baskets=times,
                                 given_minor=times * 100))  # fmt: skip
    session.execute(sa.update(OfferUses).where(OfferUses.offer_id == offer).values(uses=7, given_minor=7_00))
    session.commit()
    who = signed_in(client, username)
    (line,) = who.get("/offers?sort=uses").json()["offers"]
    told = who.get(f"/offers/{offer}").json()
    assert [(each["uses"], each["given_minor"]) for each in (line, told)] == [(uses, uses * 100)] * 2
    assert ([day["uses"] for day in told["days"]], len(told["stores"])) == ([uses], stores)
    assert who.get("/offers.csv").text.strip().endswith(f",{uses},{uses}.00")
    assert who.get(f"/offers/{offer}", headers=HTML).status_code == 200


def test_a_manager_of_two_stores_sees_both_and_chooses_among_them(client: TestClient, till: Till, session: Session):
    person = session.scalars(sa.select(Staff).where(Staff.username == "manager")).one()
    second = session.scalars(sa.select(Store).where(Store.code == "406")).one()
    third = a_store(session, "500")
    since = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    session.add(StaffStore(staff_id=person.id, store_id=second.id, valid_from=since))
    session.commit()
    manager = signed_in(client, "manager")
    told = manager.get(f"/reports/purchases?by=store&{DAYS}").json()
    assert (told["total"]["sales_minor"], [row["code"] for row in told["rows"]]) == (20_00, ["374", "406"])
    assert manager.get(f"/reports/purchases?store={second.id}&{DAYS}").json()["total"]["sales_minor"] == 3_00
    assert manager.get(f"/reports/purchases?store={third.id}&{DAYS}").status_code == 403
    typed = manager.get(f"/reports/purchases?store_name=406&club=&{DAYS}")
    assert typed.json()["total"]["sales_minor"] == 3_00
    assert manager.get(f"/reports/purchases?store_name=500&{DAYS}").json()["errors"][0]["field"] == "store_name"
    chip = manager.get(f"/reports/purchases?store_name=406&{DAYS}", headers=HTML).text
    assert f'href="/reports/purchases?{DAYS.replace("&", "&amp;")}"' in chip
    page = manager.get(f"/reports/purchases?{DAYS}", headers=HTML).text
    assert f'<option value="{second.id}"' in page
    assert f'<option value="{third.id}"' not in page
    assert manager.get("/?year=2026").json()["sales_minor"] == 20_00


def test_a_cashier_sees_no_reports(client: TestClient, till: Till):
    assert signed_in(client, "cashier").get("/reports/purchases").status_code == 403


@pytest.mark.parametrize(
    ("address", "header"),
    [
        ("/reports/customers", "from_purchases,to_purchases,customers,sales"),
        ("/reports/customers?table=tenths", "tenth,customers,sales,share_percent,cumulated_percent"),
        ("/reports/customers?table=cohorts", "first_month,customers,months_later,bought,share_percent"),
        ("/reports/favourites?by=store", "name,customers,share_percent,sales"),
        ("/reports/offers", "kind,code,name,receipts"),
        ("/clubs/{club}/results", "figure,first_day,count,amount"),
        ("/segments", "name,kind,state,customers"),
        ("/birthday-plans", "code,name,state,club"),
    ],
)
def test_every_report_and_list_is_taken_out_as_a_file_and_it_is_kept_by_whom(
    office: TestClient, session: Session, address: str, header: str
):
    # REQ I-02 R-02 R-03 R-05
    club = a_club(session)
    take_list(session, Settings("Ours", "", False), ["C1"], today=NOW.date(), now=NOW, by=SYSTEM)
    a_plan(session, club)
    session.commit()
    path, _, query = address.format(club=club).partition("?")
    asked = f"{query}&{DAYS}"
    assert f"{path}.xlsx" in office.get(f"{path}?{asked}&text=O", headers=HTML).text
    file = office.get(f"{path}.csv?{asked}")
    assert file.status_code == 200, file.text
    lines = file.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith(header)
    assert len(lines) > 1 or path == "/reports/offers" or "cohorts" in query
    assert office.get(f"{path}.xlsx?{asked}").status_code == 200
    asked_for = sa.select(AuditEntry).where(AuditEntry.action == "list.export")
    told = session.scalars(asked_for.order_by(AuditEntry.id)).all()
    assert [each.after["file"] for each in told if each.after] == ["csv", "xlsx"]


def test_files_of_reports_say_what_their_pages_say(office: TestClient, session: Session):
    page = office.get(f"/reports/favourites?by=store&{DAYS}").json()
    rows = list(csv.DictReader(io.StringIO(_file(office, f"/reports/favourites.csv?by=store&{DAYS}"))))
    assert [(row["name"], int(row["customers"])) for row in rows] == [
        (each["name"], each["customers"]) for each in page["rows"]
    ]
    often = list(csv.DictReader(io.StringIO(_file(office, f"/reports/customers.csv?{DAYS}"))))
    assert [(row["customers"], row["sales"]) for row in often if row["customers"] != "0"] == [("1", "15.00")]


def _file(office: TestClient, address: str) -> str:
    return office.get(address).content.decode("utf-8-sig")
