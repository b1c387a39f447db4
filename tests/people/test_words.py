# REQ C-10: wherever staff typed who somebody is, an erasure takes it out, and leaves what else stands there
import datetime as dt
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, Range
from sqlalchemy.orm import Session

from erp_club.jobs.verify import wrong_rows
from erp_club.kernel.audit_seals import entries_not_as_sealed, seal_entries
from erp_club.kernel.ledger_seals import movements_not_as_sealed, seal_movements
from erp_club.people.erasure.commands import erase_again
from erp_club.people.erasure.words.places import SWEPT, How
from erp_club.people.erasure.words.queries import plain
from erp_club.people.erasure.words.scrubbing import Scrubber, Secrets
from erp_club.permissions.actors import SYSTEM
from erp_club.points.seals import POINTS_LEDGER
from erp_club.programmes.commands import load_programme
from erp_club.tables import metadata
from tests.make.clubs import NOW, a_card, a_club, a_membership
from tests.make.customers import a_person
from tests.make.office import head_office, send
from tests.make.programmes import a_programme
from tests.people.test_erasing import rows_with, seal_points

ZIPPORAH = {
    "given_name": "Zipporah", "family_name": "O'Quellenberg-Nguyễn", "given_name_2": "ציפורהלה",
    "family_name_2": "גרשון־לוי", "mobile": "0530302018", "email": "zipporah@quellenberg.example",
    "id_kind": "national_id", "id_country": "IL", "id_number": "355675463", "own_id": "FOB-ZQ-77",
}  # fmt: skip
CARD = "2900000007772"
SAID = (
    "Ask zipporah o’quellenberg nguyen, O'QUELLENBERG ZIPPORAH or לציפורהלה גרשון לוי (+972 53-030-2018, 053 0302018, "
    "Zipporah@Quellenberg.example, 35567546-3, 2900 0000 0777 2, fob-zq-77)\nbefore noon. Zipporah Zimmermann stays."
)
LEFT = "Ask –, – or – (–, –, –, –, –, –)\nbefore noon. Zipporah Zimmermann stays."
SHORT = "For Zipporah O'Quellenberg, before noon"
SECRETS = ("quellenberg", "nguyen,", "גרשון", "0302018", "030-2018", "35567546-3", "0777 2", "zq-77")


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    return head_office(client, session)


@pytest.fixture
def zipporah(session: Session, office: TestClient) -> int:
    opened = send(office, "POST", "/customers", ZIPPORAH)
    assert opened.status_code == 201, opened.text
    customer_id: int = opened.json()["customer_id"]
    a_card(session, customer_id, CARD)
    session.commit()
    return customer_id


def erase(session: Session, customer_id: int) -> None:
    assert erase_again(session, [customer_id], today=NOW.date(), now=NOW, by=SYSTEM) == (1, [])
    session.expire_all()


def found(session: Session) -> dict[str, list[str]]:
    return {secret: tables for secret in SECRETS if (tables := rows_with(session, secret))}


def test_an_erased_person_stands_in_none_of_the_places_where_somebody_can_type(session: Session, zipporah: int):
    other = a_person(session, number="X9", given_name="Zipporah", family_name="Zimmermann")
    session.execute(sa.text("SET LOCAL session_replication_role = replica"))  # neither triggers nor foreign keys
    filled: dict[str, Any] = {}
    for name in sorted({each.partition(".")[0] for each in SWEPT if not each.startswith("export")}):
        filled |= fill(session, metadata.tables[name], other)
    assert filled.keys() >= {each for each, how in SWEPT.items() if how is not How.ROW}
    assert {"segments", "offer_versions", "points_movements", "audit_entries", "job_log"} <= set(
        rows_with(session, "Quellenberg")
    )
    erase(session, zipporah)
    assert found(session) == {}
    for place, (key, told) in filled.items():
        name, _, column = place.partition(".")
        row = sa.text(f'SELECT "{column}" FROM {name} t WHERE {key}')
        if name != "price_list_uploads" and SWEPT[place] in {How.WORDS, How.TERMS, How.LEDGER, How.TRACE, How.DOCUMENT}:
            assert session.scalar(row) == left(told), place


def fill(session: Session, table: sa.Table, other: int) -> Iterator[tuple[str, tuple[str, Any]]] | dict[str, Any]:
    """A row of another customer's, or of nobody's, in which every swept column names the person."""
    for check in [each for each in table.constraints if isinstance(each, sa.CheckConstraint)]:
        session.execute(sa.text(f"ALTER TABLE {table.name} DROP CONSTRAINT IF EXISTS {check.name}"))
    given: dict[str, Any] = {}
    for column in table.c:
        how = SWEPT.get(f"{table.name}.{column.name}")
        if how is not None:
            given[column.name] = told_by(column, how)
        elif column.name == "customer_id":
            given[column.name] = other
        elif not column.nullable and column.server_default is None and column.identity is None:
            given[column.name] = usual(column)
    columns = ", ".join(f'"{name}"' for name in given)
    values = ", ".join(f":{name}" for name in given)
    bound = [sa.bindparam(name, type_=kind(table.c[name])) for name in given]
    key = list(table.primary_key.columns)
    row = session.execute(
        sa.text(
            f"INSERT INTO {table.name} ({columns}) VALUES ({values}) RETURNING {', '.join(each.name for each in key)}"
        ).bindparams(*bound),
        given,
    ).one()
    where = " AND ".join(f"{each.name} = {value!r}" for each, value in zip(key, row, strict=True))
    return {
        f"{table.name}.{name}": (where, given[name]) for name in given if f"{table.name}.{name}" in SWEPT
    }  # fmt: skip


def told_by(column: sa.Column[Any], how: How) -> Any:
    if isinstance(plain(column), JSONB):
        return {"en": SAID, "he": "אין"} if how is How.TERMS else {"told": [SAID, {"n": 35567546}]}
    if how in {How.NAME, How.CODE}:
        return SHORT
    return SAID.encode() if isinstance(column.type, sa.LargeBinary) else SAID


def left(told: Any) -> Any:
    match told:
        case str():
            return LEFT if told == SAID else told
        case list():
            return [left(each) for each in told]
        case dict():
            return {key: left(each) for key, each in told.items()}
        case _:
            return told


def kind(column: sa.Column[Any]) -> Any:
    return column.type if isinstance(column.type, sa.LargeBinary | ARRAY | sa.DateTime | sa.Date) else (
        plain(column) if isinstance(plain(column), JSONB) or isinstance(column.type, sa.String) else column.type
    )  # fmt: skip


_numbers = itertools.count(900_000)


def usual(column: sa.Column[Any]) -> Any:
    number = next(_numbers)
    match column.type:
        case sa.Boolean():
            return False
        case sa.SmallInteger():
            return number % 30_000
        case sa.Integer():
            return number
        case sa.DateTime():
            return NOW
        case sa.Date():
            return NOW.date()
        case sa.LargeBinary():
            return bytes(32)
        case ARRAY():
            return []
        case sa.Uuid():
            return f"00000000-0000-0000-0000-{number:012}"
        case sa.String() as text:
            return str(number)[-(text.length or 9) :]
        case other if "RANGE" in type(other).__name__:
            return Range(dt.date(2026, 1, 1), dt.date(2027, 1, 1))
        case _:
            return {}


def test_what_is_left_of_the_trace_and_of_others_movements_stays_proven(
    session: Session, office: TestClient, zipporah: int
):
    other = a_person(session, number="X9", given_name="Avigail", family_name="Zimmermann")
    account = a_membership(session, other, a_club(session)).points_account_id
    session.commit()
    ways = {
        "/segments": {"name": "Friends of Zipporah O'Quellenberg", "notes": SAID,
                      "where": {"field": "number", "op": "in", "value": ["X9"]}},
        f"/points-accounts/{account}/adjustments": {"points": 50, "description": SHORT},
        f"/customers/{other}/relatives": {"kind": "child", "name": "Zipporah O'Quellenberg"},
    }  # fmt: skip
    for url, body in ways.items():
        told = send(office, "POST", url, body)
        assert told.status_code in {200, 201}, (url, told.text)
    seal_entries(session, now=NOW, limit=1_000)
    seal_points(session)
    # One more that waits for its seal.
    assert send(office, "POST", "/segments", ways["/segments"] | {"name": "Zipporah O'Quellenberg"}).status_code == 201
    erase(session, zipporah)
    assert found(session) == {}
    names = session.scalars(sa.text("SELECT name FROM segments ORDER BY id")).all()
    assert [name.rpartition(" (")[0] for name in names] == ["Friends of –", "–"]
    reasons = sa.text("SELECT reason FROM points_movements WHERE reason IS NOT NULL")
    assert session.scalars(reasons).all() == ["For –, before noon"]
    assert session.scalar(sa.text("SELECT count(*) FROM customer_relatives")) == 0
    for _ in range(2):
        seal_entries(session, now=NOW, limit=1_000)
        seal_movements(session, POINTS_LEDGER, after=None, now=NOW, limit=1_000)
        assert entries_not_as_sealed(session) == []
        assert movements_not_as_sealed(session, POINTS_LEDGER) == []
        assert wrong_rows(session) == []
        # Whoever is erased after her, of whom the same texts tell, changes the same rows once more.
        named = a_person(session, number="Zimmermann-1", given_name="Before", family_name="Noon")
        erase(session, named)
        assert rows_with(session, "before noon") == []


def test_whoever_changes_what_an_erasure_left_of_an_entry_is_found(session: Session, office: TestClient, zipporah: int):
    body = {"name": "Zipporah O'Quellenberg", "where": {"field": "number", "op": "in", "value": ["X9"]}}
    assert send(office, "POST", "/segments", body).status_code == 201
    seal_entries(session, now=NOW, limit=1_000)
    erase(session, zipporah)
    assert entries_not_as_sealed(session) == []
    # In the very transaction of an erasure, by whoever has the database and not the keys.
    session.execute(sa.text("UPDATE audit_entries SET after = '{\"name\": \"other\"}' WHERE action = 'segment.create'"))
    assert [each.table for each in entries_not_as_sealed(session)] == ["audit_entries"]


def test_a_name_that_many_bear_stays_and_so_do_short_identifiers():
    told = Scrubber(
        Secrets(given=frozenset({"Anna"}), family=frozenset({"Li"}), codes=frozenset({"1234", "Gold", "M1"}))
    )
    for text in ("Anna asked", "Li's", "1234 points", "Gold", "Gold 1234", "Anna Levi", "M1 and M12", "Annali"):
        assert told.line(text) == text
    assert told.line("Anna Li, Li Anna, anna b. li and Ánna Lin") == "–, –, – and –"


def test_several_who_are_erased_together_lose_their_own_names_only(session: Session, office: TestClient, zipporah: int):
    yael = a_person(session, number="Y5", given_name="Yael", family_name="Zimmermann")
    body = {"name": "Friends", "where": {"field": "number", "op": "in", "value": ["X9"]}}
    said = "Yael Zimmermann, Zipporah O'Quellenberg-Nguyen, Yael O'Quellenberg-Nguyen and Zipporah Zimmermann"
    assert send(office, "POST", "/segments", body | {"notes": said}).status_code == 201
    assert erase_again(session, [zipporah, yael], today=NOW.date(), now=NOW, by=SYSTEM) == (2, [])
    session.expire_all()
    left = "–, –, Yael O'Quellenberg-Nguyen and Zipporah Zimmermann"
    assert session.scalar(sa.text("SELECT notes FROM segments")) == left


def test_a_club_and_goods_that_are_called_as_the_erased_are_found_by_their_rules_as_before(
    session: Session, office: TestClient
):
    rose = a_person(session, number="R7", given_name="Rose", family_name="Garden")
    milk = {"sku": "7290000000017", "name": "Milk", "list_price_minor": 100, "vat_bp": 0, "group": "Rose Garden"}
    assert send(office, "POST", "/products", milk).status_code == 201
    rate = {"code": "rose-garden", "kind": "money", "points": 1, "per_minor": 100, "on": {"groups": ["Rose Garden"]}}
    made = a_programme(code="ROSE-GARDEN", names={"en": "Rose Garden and friends"}, earning={"rules": [rate]})
    load_programme(session, made, today=NOW.date(), currency="ILS", language="en", now=NOW, by=SYSTEM, publish=True)
    bought = {"metric": "spend", "of": {"group": ["Rose Garden"]}, "op": "ge", "value": 1}
    leaves = [("club", "in", ["ROSE-GARDEN"]), ("number", "ne", "R7")]
    asked = {"all": [*({"field": field, "op": op, "value": value} for field, op, value in leaves), bought]}
    assert send(office, "POST", "/segments", {"name": "Buyers", "where": asked}).status_code == 201
    session.commit()
    erase(session, rose)
    document = session.scalar(sa.text("SELECT document FROM programme_versions"))
    assert (document["code"], document["names"]["en"]) == ("ROSE-GARDEN", "– and friends")
    rule = document["earning"]["rules"][0]
    assert (rule["code"], rule["on"]["groups"]) == ("rose-garden", ["Rose Garden"])
    club, number, bought = session.scalar(sa.text("SELECT condition FROM segment_versions"))["all"]
    assert (club["value"], bought["of"]["group"], number["value"]) == (["ROSE-GARDEN"], ["Rose Garden"], "–")
