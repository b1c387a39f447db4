# REQ I-01: a file sent from the browser is checked first, and taken exactly as it was checked
import itertools

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product
from erp_club.imports import sent
from erp_club.imports.kinds import KINDS
from erp_club.kernel.audit import AuditEntry
from erp_club.permissions.catalog import Role
from tests.make.browser import HTML, signed_in
from tests.make.clubs import a_club, a_customer, a_membership
from tests.make.organisation import a_chain, a_store

keys = (f"file-{number}" for number in itertools.count())
PRODUCTS = """sku,name,group,department,brand,list_price,vat_percent
milk,Milk,DAIRY,FOOD,,10.00,17.0
bread,Bread,BAKERY,FOOD,,free,17.0
salt,Salt,SPICE,FOOD,,2.00,17.0
"""


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    a_chain(session)
    a_store(session)
    signed_in(client, session)
    client.headers["Origin"] = "http://testserver"
    return client


def posted(
    client: TestClient, kind: str, content: str, *, html: bool = False, earn: str | None = None, **more: str
) -> Response:
    return client.post(
        "/file-imports",
        data={"idempotency_key": next(keys), "kind": kind, **more} | ({} if earn is None else {"earn[]": earn}),
        files={"file": (f"{kind}.csv", content.encode())},
        headers=HTML if html else {"Accept": "application/json"},
    )


def skus(session: Session) -> list[str]:
    return list(session.scalars(sa.select(Product.sku).order_by(Product.id)))


def test_a_check_tells_what_a_file_would_do_and_keeps_nothing(office: TestClient, session: Session):
    told = posted(office, "products", PRODUCTS, dry_run="true").json()["told"]
    assert (told["read"], told["taken"], told["unchanged"], told["refused"]) == (3, 2, 0, 1)
    assert [(each["line"], each["column"], each["value"]) for each in told["refusals"]] == [(3, "list_price", "free")]
    assert "no amount" in told["refusals"][0]["why"]
    assert skus(session) == []
    assert session.scalar(sa.select(sa.func.count()).where(AuditEntry.entity == "import")) == 0


def test_what_was_checked_is_taken_once_and_another_file_is_not(office: TestClient, session: Session):
    digest = posted(office, "products", PRODUCTS, dry_run="true").json()["told"]["digest"]
    other = posted(office, "products", PRODUCTS + "tea,Tea,TEA,FOOD,,3.00,17.0\n", checked=digest)
    assert (other.status_code, other.json()["code"], skus(session)) == (409, "file-not-checked", [])
    told = posted(office, "products", PRODUCTS, checked=digest).json()["told"]
    assert (told["kept"], told["taken"], skus(session)) == (True, 2, ["milk", "salt"])
    told = posted(office, "products", PRODUCTS).json()["told"]
    assert (told["taken"], told["unchanged"]) == (0, 2)


def test_the_page_shows_refusals_and_offers_the_import_and_faults_of_the_file_stand_there(office: TestClient):
    page = posted(office, "products", PRODUCTS, html=True, dry_run="true").text
    assert 'name="checked"' in page
    assert "Rows that are refused" in page
    faulty = posted(office, "products", "sku,name\nmilk,Milk\n", html=True, dry_run="true")
    assert faulty.status_code == 422
    assert "list_price" in faulty.text
    missing = office.post("/file-imports", data={"idempotency_key": next(keys), "kind": "cards"}, headers=HTML)
    assert missing.status_code == 422
    assert "#f-file" in missing.text


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "price-list"])
def test_each_kind_has_a_page_and_an_empty_file_that_can_be_filled_in(office: TestClient, kind: str):
    assert f'value="{kind}"' in office.get(f"/file-imports/new?kind={kind}", headers=HTML).text
    header = office.get(f"/file-imports/columns.csv?kind={kind}").content.decode("utf-8-sig")
    told = posted(office, kind, header, dry_run="true")
    assert (told.status_code, told.json()["told"]["read"]) == (200, 0)


def test_receipts_earn_where_it_is_said(office: TestClient, session: Session):
    a_membership(session, a_customer(session, "C1"), a_club(session))
    session.commit()
    posted(office, "products", PRODUCTS)
    receipts = (
        "receipt_no,store,sold_at,customer_number,line_no,sku,quantity,list_amount,amount\n"
        "1,374,2026-11-01T10:00:00,C1,1,milk,1,10.00,10.00\n"
    )
    told = posted(office, "purchases", receipts, earn="GOLD").json()["told"]
    assert told["taken"] == 1


def test_a_file_that_nobody_would_wait_for_is_sent_to_the_console(office: TestClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sent, "MOST_ROWS", 1)
    refused = posted(office, "products", PRODUCTS)
    assert refused.status_code == 422
    assert "erp-club import products FILE" in refused.json()["errors"][0]["message"]


def test_who_may_not_import_is_refused(client: TestClient, session: Session):
    a_chain(session)
    signed_in(client, session, Role.MANAGER)
    client.headers["Origin"] = "http://testserver"
    assert posted(client, "products", PRODUCTS).status_code == 403
