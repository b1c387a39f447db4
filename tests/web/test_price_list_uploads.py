"""Price lists sent as a file: shown first, then changed exactly as shown.

REQ L-02, I-01
"""

import base64
import io
import itertools
from typing import Any

import pytest
import sqlalchemy as sa
import xlsxwriter
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from erp_club.kernel.audit import AuditEntry
from erp_club.pricelists.models import PriceList, PriceListEntry, PriceListUpload
from tests.make.browser import HTML, signed_in
from tests.make.clubs import a_club
from tests.make.organisation import a_chain, a_store
from tests.make.pricelists import a_list, an_entry
from tests.make.purchases import a_product

keys = (f"key-{number}" for number in itertools.count())
FILE = """list,club,sku,price
GOLD-26,GOLD,milk,8.20
GOLD-26,GOLD,bread,5.00
GOLD-26,GOLD,salt,2.00
GOLD-26,GOLD,beer,free
"""


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    """Head office at its desk; GOLD-26 sells milk at 8.50 and salt at 2.00, of a regular 10.00."""
    a_chain(session)
    a_club(session)
    a_store(session)
    for sku in ("milk", "bread", "salt"):
        a_product(session, sku, name=sku.title())
    gold = a_list(session)
    an_entry(session, gold, sku="milk", price_minor=8_50)
    an_entry(session, gold, sku="salt", price_minor=2_00)
    signed_in(client, session)
    client.headers["Origin"] = "http://testserver"
    return client


def sent(client: TestClient, content: bytes | str = FILE, *, name: str = "gold.csv") -> str:
    """Send a file as a browser does; gives the preview's address."""
    answer = posted(client, content, name=name)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def posted(client: TestClient, content: bytes | str, *, name: str = "gold.csv", **more: str) -> Response:
    raw = content.encode() if isinstance(content, str) else content
    return client.post(
        "/price-list-uploads",
        data={"idempotency_key": next(keys), **more},
        files={"file": (name, raw)},
        headers=HTML,
    )


def form(client: TestClient, url: str) -> Response:
    return client.post(url, data={"idempotency_key": next(keys)}, headers=HTML)


def shown(client: TestClient, url: str) -> Any:
    answer = client.get(url)
    assert answer.status_code == 200, answer.text
    return answer.json()


def prices(session: Session) -> list[int | None]:
    return list(session.scalars(sa.select(PriceListEntry.price_minor).order_by(PriceListEntry.id)))


def test_a_preview_shows_what_is_new_changed_unchanged_and_refused_and_changes_nothing(
    office: TestClient, session: Session
):
    page = shown(office, sent(office))
    assert page["counts"] == {"read": 4, "new": 1, "changed": 1, "unchanged": 1, "refused": 1, "lists": 0}
    assert [(row["line"], row["outcome"], row["old_price_minor"], row["price_minor"]) for row in page["rows"]] == [
        (2, "changed", 8_50, 8_20),
        (3, "new", None, 5_00),
        (4, "unchanged", 2_00, 2_00),
        (5, "refused", None, None),
    ]
    assert page["rows"][0]["example"]["off_bp"] == 1800
    assert (page["rows"][3]["column"], page["rows"][3]["value"]) == ("price", "free")
    assert "is no amount" in page["rows"][3]["why"]
    assert prices(session) == [8_50, 2_00]


def test_what_was_shown_is_done_once_confirmed_and_both_are_in_the_log(office: TestClient, session: Session):
    url = sent(office)
    assert form(office, f"{url}/confirmations").status_code == 303
    assert prices(session) == [8_20, 2_00, 5_00]
    page = shown(office, url)
    assert page["applied_at"] is not None
    assert len(page["rows"]) == 4
    again = form(office, f"{url}/confirmations")
    assert again.status_code == 409
    trace = session.scalars(
        sa.select(AuditEntry).where(AuditEntry.entity.in_(["import", "price_list"])).order_by(AuditEntry.id)
    )
    assert [(entry.action, (entry.after or {})["file"]) for entry in trace] == [
        ("import.preview", "gold.csv"),
        ("price_list.import", "gold.csv"),
        ("import.take", "gold.csv"),
    ]
    assert session.scalar(sa.select(PriceListUpload.content)) is None


def test_an_import_is_undone_as_a_whole_while_its_prices_are_as_it_made_them(office: TestClient, session: Session):
    url = sent(office)
    unsent = form(office, f"{url}/undoings")
    assert unsent.status_code == 409
    assert "This file wasn&#39;t imported" in unsent.text
    form(office, f"{url}/confirmations")
    assert prices(session) == [8_20, 2_00, 5_00]
    [milk] = session.scalars(sa.select(PriceListEntry).where(PriceListEntry.price_minor == 8_20))
    milk.price_minor = 8_10
    session.commit()
    assert form(office, f"{url}/undoings").status_code == 409
    assert prices(session) == [8_10, 2_00, 5_00]
    session.execute(sa.update(PriceListEntry).where(PriceListEntry.id == milk.id).values(price_minor=8_20))
    session.commit()
    assert form(office, f"{url}/undoings").status_code == 303
    assert prices(session) == [8_50, 2_00]
    assert "undid this import on" in office.get(url, headers=HTML).text
    assert form(office, f"{url}/undoings").status_code == 409
    undone = session.scalars(sa.select(AuditEntry.after).where(AuditEntry.action == "price_list.undo")).one()
    assert undone == {"file": "gold.csv", "prices_removed": 1, "prices_changed": 1}
    again = sent(office)
    assert shown(office, again)["counts"]["new"] == 1


def test_a_preview_of_prices_that_have_changed_meanwhile_is_refused_and_shown_again(
    office: TestClient, session: Session
):
    url = sent(office)
    session.execute(sa.update(PriceListEntry).where(PriceListEntry.price_minor == 8_50).values(price_minor=8_40))
    session.commit()
    stale = form(office, f"{url}/confirmations")
    assert stale.status_code == 409
    assert "Prices have changed since this preview." in stale.text
    assert prices(session) == [8_40, 2_00]
    assert form(office, f"{url}/previews").status_code == 303
    assert shown(office, url)["rows"][0]["old_price_minor"] == 8_40
    assert form(office, f"{url}/confirmations").status_code == 303
    assert prices(session) == [8_20, 2_00, 5_00]


def test_a_list_that_was_closed_meanwhile_is_changed_no_more(office: TestClient, session: Session):
    url = sent(office)
    session.execute(sa.update(PriceList).values(state="closed"))
    session.commit()
    assert form(office, f"{url}/confirmations").status_code == 409
    assert prices(session) == [8_50, 2_00]


def test_a_new_list_is_opened_only_when_confirmed(office: TestClient, session: Session):
    url = sent(office, "list,segment,percent\nSTAFF,Staff,10\n")
    assert shown(office, url)["counts"]["lists"] == 1
    assert session.scalars(sa.select(PriceList.code)).all() == ["GOLD-26"]
    form(office, f"{url}/confirmations")
    assert session.execute(sa.select(PriceList.code, PriceList.state).order_by(PriceList.id)).all()[1:] == [
        ("STAFF", "published")
    ]


def test_a_machine_sends_the_file_in_base64(office: TestClient):
    def send(body: dict[str, Any]) -> Response:
        return office.post("/price-list-uploads", json=body, headers={"Idempotency-Key": next(keys)})

    told = send({"file": {"name": "gold.csv", "content": base64.b64encode(FILE.encode()).decode()}})
    assert told.status_code == 201, told.text
    assert told.json()["counts"]["changed"] == 1
    assert send({"file": {"name": "gold.csv", "content": "§"}}).status_code == 422
    assert send({}).status_code == 422


def test_a_workbook_is_taken_as_well(office: TestClient):
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["list", "sku", "price"])
        sheet.write_row(1, 0, ["GOLD-26", "milk", 8.5])
    assert shown(office, sent(office, file.getvalue(), name="gold.xlsx"))["counts"]["unchanged"] == 1


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "is empty"),
        ("sku,price\nmilk,1\n", "lacks the column list"),
        ("a,b\n1,2\n", "has no header"),
        (b"PK\x03\x04nonsense", "no XLSX workbook"),
        ('list,sku\nA,"b\n', "quotation mark"),
    ],
)
def test_a_faulty_file_is_refused_with_its_reason(office: TestClient, session: Session, content: Any, why: str):
    answer = posted(office, content)
    assert answer.status_code == 422
    assert why in answer.text
    assert session.scalar(sa.select(sa.func.count()).select_from(PriceListUpload)) == 0


def test_a_form_without_a_file_comes_back(office: TestClient):
    answer = office.post(
        "/price-list-uploads", data={"idempotency_key": next(keys)}, files={"file": ("", b"")}, headers=HTML
    )
    assert answer.status_code == 422
    assert 'id="e-f-file"' in answer.text


def test_a_long_file_is_taken_and_a_longer_one_refused(office: TestClient):
    rows = "".join(f"GOLD-26,GOLD,p{number:06},{number % 90 + 1}.00\n" for number in range(60_000))
    assert len(rows) > 1_000_000
    url = sent(office, "list,club,sku,price\n" + rows)
    assert shown(office, url)["counts"]["new"] == 60_000
    assert posted(office, "x" * 8_000_001).status_code == 413
    assert office.post("/price-lists", content=b"x" * 1_000_001, headers=HTML).status_code == 413


def test_letters_that_are_not_clear_are_named(office: TestClient):
    raw = FILE.replace("bread", "לחם").encode("cp1255")
    assert posted(office, raw).status_code in {303, 422}
    answer = posted(office, raw, encoding="windows-1255")
    assert answer.status_code == 303, answer.text
    assert shown(office, answer.headers["location"])["rows"][1]["sku"] == "לחם"


def test_every_kind_of_row_is_listed_exported_and_drawn(office: TestClient):
    url = sent(office, name="../<b>gold.csv")
    for outcome in ("new", "changed", "unchanged", "refused"):
        page = shown(office, f"{url}?outcome={outcome}")
        assert [row["outcome"] for row in page["rows"]] == [outcome]
        drawn = office.get(f"{url}?outcome={outcome}", headers=HTML)
        assert drawn.status_code == 200
        assert "<b>gold" not in drawn.text
    lines = office.get(f"{url}/rows.csv?outcome=refused").content.decode("utf-8-sig").splitlines()
    assert lines[1].startswith("5,,,")
    assert "free" in lines[1]
    assert office.get("/price-list-uploads/new", headers=HTML).status_code == 200
    assert office.get("/price-list-uploads/999999", headers=HTML).status_code == 404


def test_a_preview_that_nobody_confirmed_is_forgotten(office: TestClient, session: Session):
    url = sent(office)
    session.execute(sa.text("UPDATE price_list_uploads SET at = at - interval '8 days'"))
    session.commit()
    sent(office)
    assert office.get(url).status_code == 404
