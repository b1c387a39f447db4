# REQ C-10: everything held about a person is told, and an erased one can be found nowhere
import datetime as dt
from pathlib import Path
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from erp_club.imports.exports import export_file
from erp_club.jobs.verify import wrong_rows
from erp_club.kernel.audit_seals import entries_not_as_sealed, seal_entries
from erp_club.kernel.db import Database
from erp_club.kernel.ledger_seals import movements_not_as_sealed, seal_movements
from erp_club.people.access.queries import access_file
from erp_club.people.erasure import noted
from erp_club.people.erasure.commands import erase_again, erase_customer
from erp_club.permissions.actors import SYSTEM
from erp_club.points.seals import POINTS_LEDGER
from erp_club.receipts.rollups.commands import roll_all
from erp_club.tables import metadata
from tests.make.clubs import NOW, a_card, a_club, a_membership
from tests.make.customers import a_person
from tests.make.files import a_file, taken_in
from tests.make.office import HTML, form, head_office, send
from tests.make.organisation import a_store
from tests.make.purchases import a_product, a_till_in

TOLD = {
    "given_name": "Zipporah",
    "family_name": "O'Quellenberg",
    "given_name_2": "ציפורהלה",
    "mobile": "0530302018",
    "email": "zipporah@quellenberg.example",
    "street": "Nonesuchweg 71",
    "id_kind": "national_id",
    "id_country": "IL",
    "id_number": "355675463",
    "own_id": "FOB-ZQ-77",
    "birthday": "1979-02-22",
    "consent_advertising": True,
}
CARD = "2900000007772"
SECRETS = (
    "Zipporah", "Zippy", "Quellenberg", "ציפורהלה", "530302018", "zipporah@", "Nonesuchweg", "355675463", "FOB-ZQ-77",
    CARD, "Moshe Oldname",
)  # fmt: skip


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    return head_office(client, session)


@pytest.fixture
def zipporah(session: Session, office: TestClient) -> int:
    """Opened, changed, merged, with card, relative, membership, points and receipts: at the office and at a till."""
    club = a_club(session)
    a_product(session, "7290000000017", price_minor=100_00)
    till = a_till_in(session, a_store(session, "374").id, username="till-cashier")
    session.commit()
    opened = send(office, "POST", "/customers", TOLD)
    assert opened.status_code == 201, opened.text
    customer_id = opened.json()["customer_id"]
    assert send(office, "PATCH", f"/customers/{customer_id}", {"given_name": "Zippy"}).status_code == 200
    assert send(office, "PATCH", f"/customers/{customer_id}", {"given_name": "Zipporah"}).status_code == 200
    relative = {"kind": "spouse", "name": "Moshe Oldname"}
    assert send(office, "POST", f"/customers/{customer_id}/relatives", relative).status_code == 201
    a_membership(session, customer_id, club)
    other = a_person(session, number="M1", given_name="Zippy", family_name="Quellenberg")
    session.commit()
    merged = send(office, "POST", f"/customers/{customer_id}/merges", {"merged_id": other, "take": ["family_name"]})
    assert merged.status_code == 201, merged.text
    a_card(session, customer_id, CARD)
    session.commit()
    body = {
        "receipt_no": "9-1",
        "customer": {"card": CARD},
        "lines": [{"sku": "7290000000017", "quantity": "1"}],
        "payments": [{"means": "card", "amount_minor": 100_00}],
    }
    cookie = office.headers.pop("Cookie", None)
    sold = office.post("/purchases", json=body, headers=till.headers | {"Idempotency-Key": "sale"})
    assert sold.status_code == 201, sold.text
    # The refusal repeats what was typed, which is a name that nobody else has.
    typed = {"code": "Quellenberg who isn't found"}
    nobody = office.post("/baskets/current/entries", json=typed, headers=till.headers | {"Idempotency-Key": "typed"})
    assert (nobody.status_code, nobody.json()["code"]) == (422, "nobody-found"), nobody.text
    if cookie is not None:
        office.headers["Cookie"] = cookie
    return customer_id


def rows_with(session: Session, secret: str) -> list[str]:
    """The tables with a row that holds the text, in any column: plain, in JSON, or as bytes."""
    asked = "SELECT count(*) FROM {} t WHERE t::text ILIKE :plain OR t::text LIKE :bytes"
    given = {"plain": f"%{secret}%", "bytes": f"%{secret.encode().hex()}%"}
    return [name for name in metadata.tables if session.scalar(sa.text(asked.format(name)), given)]


def test_the_erased_stand_in_no_table_and_in_no_export(
    session: Session, office: TestClient, zipporah: int, tmp_path: Path
):
    kept = {secret: rows_with(session, secret) for secret in SECRETS}
    assert [secret for secret, tables in kept.items() if not tables] == [TOLD["id_number"]], "it is sealed"
    roll_all(session)
    session.commit()
    page = office.get(f"/customers/{zipporah}/erasures/new", headers=HTML)
    assert page.status_code == 200, page.text
    number = office.get(f"/customers/{zipporah}/erasures/new").json()["customer"]["number"]
    wrong = send(office, "POST", f"/customers/{zipporah}/erasures", {"number": "no", "points": 10})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "number")
    changed = send(office, "POST", f"/customers/{zipporah}/erasures", {"number": number, "points": 11})
    assert (changed.status_code, changed.json()["code"]) == (409, "points-changed")
    done = form(office, f"/customers/{zipporah}/erasures", {"number": number, "points": "10"})
    assert (done.status_code, done.headers["location"]) == (303, "/customers")
    session.expire_all()
    assert {secret: rows_with(session, secret) for secret in SECRETS} == {secret: [] for secret in SECRETS}
    for kind in ("customers", "purchases"):
        file = tmp_path / f"{kind}.csv"
        export_file(session, kind, file)
        told = file.read_text(encoding="utf-8")
        assert not any(secret in told for secret in (*SECRETS, number)), kind
    assert session.scalar(sa.text("SELECT sum(total_minor) FROM receipts")) == 100_00
    assert wrong_rows(session) == []
    assert office.get(f"/customers/{zipporah}").status_code == 404
    again = office.post("/customers", json=TOLD, headers={"Idempotency-Key": "anew"})
    assert again.status_code == 201, again.text


def test_words_that_somebody_typed_about_the_erased_are_gone_and_the_ledgers_stay_proved(
    session: Session, office: TestClient, zipporah: int
):
    said = "Zipporah O'Quellenberg (zipporah@quellenberg.example) asked for it"
    asked = "SELECT points_account_id, m.id, (SELECT id FROM receipts) FROM memberships m WHERE customer_id = :id"
    account, membership, receipt = session.execute(sa.text(asked), {"id": zipporah}).one()
    number = office.get(f"/customers/{zipporah}/erasures/new").json()["customer"]["number"]
    for url, body in {
        f"/points-accounts/{account}/adjustments": {"points": 50, "description": said},
        f"/purchases/{receipt}/returns": {"lines": [{"line_no": 1, "quantity": "1"}], "reason": said},
        f"/memberships/{membership}/pauses": {"reason": said},
        "/segments": {
            "name": "Friends",
            "notes": said,
            "where": {"field": "number", "op": "in", "value": [number, "X9"]},
        },
    }.items():
        told = send(office, "POST", url, body)
        assert told.status_code in {200, 201}, (url, told.text)
    seal_points(session)
    kept = {table for secret in ("quellenberg.example", "Zipporah O") for table in rows_with(session, secret)}
    assert {"points_movements", "receipt_returns", "membership_events", "segments", "audit_values"} <= kept
    assert "segment_versions" in rows_with(session, f'"{number}"')
    points = office.get(f"/customers/{zipporah}/erasures/new").json()["points"]
    done = send(office, "POST", f"/customers/{zipporah}/erasures", {"number": number, "points": points})
    assert done.status_code == 201, done.text
    session.expire_all()
    assert {secret: rows_with(session, secret) for secret in (*SECRETS, f'"{number}"')} == {
        secret: [] for secret in (*SECRETS, f'"{number}"')
    }
    seal_points(session)
    assert movements_not_as_sealed(session, POINTS_LEDGER) == []
    assert wrong_rows(session) == []
    assert session.scalar(sa.text("SELECT sum(points) FROM points_movements WHERE kind = 'adjusted'")) == 50
    session.execute(sa.text("SELECT set_config('erp_club.erasing', 'off', true)"))
    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.execute(sa.text("UPDATE points_movements SET reason = 'other'"))
    session.execute(sa.text("ALTER TABLE points_movements DISABLE TRIGGER append_only"))
    session.execute(sa.text("UPDATE points_movements SET points = points + 1 WHERE kind = 'adjusted'"))
    assert [each.table for each in movements_not_as_sealed(session, POINTS_LEDGER)] == ["points_movements"]


def test_views_that_somebody_saved_of_the_erased_are_gone(session: Session, office: TestClient, zipporah: int):
    number = office.get(f"/customers/{zipporah}/erasures/new").json()["customer"]["number"]
    asked = urlencode({"q": "ציפורהלה O'Quellenberg"})
    addresses = {
        "Zipporah O'Quellenberg": "/purchases",
        "Hers": f"/purchases?customer={number}",
        "Changes": f"/audit-entries?{asked}",
        "All": "/purchases?customer=X9",
    }
    for name, address in addresses.items():
        assert send(office, "POST", "/saved-views", {"name": name, "address": address}).status_code == 201
    erase_again(session, [zipporah], today=NOW.date(), now=NOW, by=SYSTEM)
    assert [each["name"] for each in office.get("/saved-views").json()["views"]] == ["All"]
    assert rows_with(session, number) == []


def seal_points(session: Session) -> None:
    seal_movements(session, POINTS_LEDGER, after=None, now=NOW, limit=1_000)
    assert movements_not_as_sealed(session, POINTS_LEDGER) == []


def test_whoever_was_erased_since_a_backup_is_erased_again(session: Session, office: TestClient, zipporah: int):
    other = a_person(session, number="X9")
    done, left = erase_again(session, [zipporah, 987_654], today=NOW.date(), now=NOW, by=SYSTEM)
    assert (done, left) == (1, [])
    assert {secret: rows_with(session, secret) for secret in SECRETS} == {secret: [] for secret in SECRETS}
    assert office.get(f"/customers/{other}").status_code == 200
    assert erase_again(session, [zipporah], today=NOW.date(), now=NOW, by=SYSTEM) == (0, [])


def test_an_erasure_is_noted_beside_the_database_once_it_is_committed(committed: Database, tmp_path: Path):
    with committed.session(info={"keyring": committed.keyring, "home": tmp_path}) as session:
        yael = a_person(session)
        session.commit()
        erase_customer(session, yael, points=0, today=NOW.date(), now=NOW, by=SYSTEM)
        session.rollback()
        assert noted.noted(tmp_path / noted.NAME) == set()
        erase_customer(session, yael, points=0, today=NOW.date(), now=NOW, by=SYSTEM)
        session.commit()
    assert noted.noted(tmp_path / noted.NAME) == {yael}


def test_what_a_file_told_of_the_erased_is_gone_as_well(session: Session, office: TestClient, tmp_path: Path):
    row = {"number": "C1", "given_name": "Zipporah", "family_name": "O'Quellenberg", "email": TOLD["email"]}
    taken_in(session, a_file(tmp_path, "customers", row), "customers")
    taken_in(session, a_file(tmp_path, "customers", row | {"given_name": "Zippy"}), "customers")
    session.commit()
    # The hashes of what the file told are such as every entry has: sealing takes them, and proving finds no fault.
    seal_entries(session, now=NOW, limit=1_000)
    assert list(entries_not_as_sealed(session)) == []
    customer_id = session.scalar(sa.text("SELECT id FROM customers WHERE number = 'C1'"))
    done = send(office, "POST", f"/customers/{customer_id}/erasures", {"number": "C1", "points": 0})
    assert done.status_code == 201, done.text
    for secret in ("Zipporah", "Zippy", "Quellenberg", "zipporah@"):
        assert [table for table in rows_with(session, secret) if "audit" in table] == []
    assert list(entries_not_as_sealed(session)) == []


def test_a_repeat_of_what_opened_the_erased_opens_nobody(session: Session, office: TestClient):
    body = TOLD | {"id_number": None, "id_kind": "none", "id_country": None, "own_id": None}
    customer_id = office.post("/customers", json=body, headers={"Idempotency-Key": "o"}).json()["customer_id"]
    number = office.get(f"/customers/{customer_id}/erasures/new").json()["customer"]["number"]
    erased = send(office, "POST", f"/customers/{customer_id}/erasures", {"number": number, "points": 0})
    assert erased.status_code == 201, erased.text
    again = office.post("/customers", json=body, headers={"Idempotency-Key": "o"})
    assert (again.status_code, again.json()["code"]) == (410, "customer-erased")


def test_the_access_file_tells_all_rows_with_the_id_number_whole(office: TestClient, zipporah: int):
    told = office.get(f"/customers/{zipporah}/access-file")
    assert told.status_code == 200, told.text
    rows = told.json()["rows"]
    assert {"355675463", "Zipporah", CARD, "Moshe Oldname"} <= set(_texts(rows))
    assert {"customers", "cards", "memberships", "points_movements", "receipts", "receipt_lines", "consent_changes",
            "customer_relatives", "customer_merges"} <= rows.keys()  # fmt: skip
    assert rows["receipts"][0]["store_named"] == "374"
    assert not {name for row in rows["customers"] for name in row if name.endswith(("_hash", "_sealed"))}


def test_the_access_file_is_a_page_to_read_and_to_print_too(session: Session, office: TestClient, zipporah: int):
    sister = a_person(session, number="M2", given_name="Gittel", family_name="Nearby")
    became = a_person(session, number="M3", given_name="Gitty", family_name="Elsewhere")
    session.commit()
    relative = {"kind": "other", "number": "M2"}
    assert send(office, "POST", f"/customers/{zipporah}/relatives", relative).status_code == 201
    assert "<bdi>Gittel Nearby</bdi>" in office.get(f"/customers/{zipporah}/access-file", headers=HTML).text
    for others, named in ((True, "Gitty Elsewhere"), (False, "M3")):
        if others:
            assert send(office, "POST", f"/customers/{became}/merges", {"merged_id": sister}).status_code == 201
        rows = access_file(session, zipporah, others=others)["customer_relatives"]
        assert {row["relative_named"] for row in rows} == {"Moshe Oldname", named}
    page = office.get(f"/customers/{zipporah}/access-file", headers=HTML)
    assert page.status_code == 200, page.text
    for told in ("Zipporah", "355675463", CARD, "Moshe Oldname", "Nonesuchweg 71", "100.00", "9-1", "data-print"):
        assert told in page.text, told
    file = office.get(f"/customers/{zipporah}/access-file?file=true", headers=HTML)
    assert file.headers["content-type"] == "application/json"
    assert file.json()["rows"]["membership_periods"][0]["validity_first"] < "2027"


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [str(value)]


def test_a_sale_that_is_open_stands_in_the_way(session: Session, office: TestClient, zipporah: int):
    session.execute(
        sa.text(
            "INSERT INTO baskets (id, terminal_id, state, customer_id, staff_id, opened_at) "
            "SELECT gen_random_uuid(), t.id, 'held', :customer, s.id, :now FROM terminals t, staff s LIMIT 1"
        ),
        {"customer": zipporah, "now": dt.datetime(2026, 11, 22, tzinfo=dt.UTC)},
    )
    session.commit()
    view = office.get(f"/customers/{zipporah}/erasures/new").json()
    assert len(view["obstacles"]) == 1
    told = send(office, "POST", f"/customers/{zipporah}/erasures", {"number": view["customer"]["number"], "points": 10})
    assert (told.status_code, told.json()["code"]) == (409, "erasure-refused")
