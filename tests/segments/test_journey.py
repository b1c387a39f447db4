"""Segments over the journey's purchases, beside the same questions asked of the raw files in plain Python.

REQ S-01 S-02
"""

import csv
import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.purchases.segment_registry import REGISTRY
from erp_club.receipts.commands import keep_habits
from erp_club.receipts.rollups.commands import make_anew, roll, roll_all, verify
from erp_club.receipts.rollups.queries import waiting
from erp_club.receipts.rollups.sums import PROOFS
from erp_club.segments import queries
from erp_club.segments.compiler import Facts
from erp_club.segments.reading import read_condition
from tests.conftest import OneConnection, as_it_was, rolled_back
from tests.make.files import taken_in
from tests.make.organisation import a_chain
from tests.segments import journey
from tests.segments.evaluation import Person, holds

TREES = int(os.environ.get("ERP_CLUB_TEST_SEGMENTS", "60"))
HOUSEHOLDS = 40
AS_OF = (dt.date(2017, 12, 31), dt.date(2017, 9, 3), dt.date(2018, 2, 28))


def _written(folder: Path, name: str, rows: list[dict[str, str]]) -> Path:
    path = folder / f"{name}.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def loaded(
    engine: sa.Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[OneConnection, dict[str, Person]]]:
    with rolled_back(engine) as database:
        with database.session() as session:
            people = load(session, tmp_path_factory.mktemp("journey"))
            session.commit()
        yield database, people


@pytest.fixture
def session(loaded: tuple[OneConnection, dict[str, Person]]) -> Iterator[Session]:
    with as_it_was(loaded[0]) as made:
        yield made


@pytest.fixture
def shop(loaded: tuple[OneConnection, dict[str, Person]]) -> dict[str, Person]:
    return loaded[1]


def load(session: Session, folder: Path) -> dict[str, Person]:
    """The journey's first households with a few returns, into the database; gives the same as plain rows."""
    a_chain(session)
    customers = journey.rows("customers")[:HOUSEHOLDS]
    known = {row["number"] for row in customers}
    purchases = [row for row in journey.rows("purchases") if row["customer_number"] in known | {""}][:20_000]
    for index, row in enumerate(list(purchases[::97])):
        back = {name: f"-{row[name]}" if row[name].strip("0.") else row[name] for name in ("list_amount", "amount")}
        purchases.append(row | back | {"receipt_no": f"R{index}", "line_no": "1", "quantity": "-1"})
    skus = {row["sku"] for row in purchases}
    products = [row for row in journey.rows("products") if row["sku"] in skus]
    for kind, rows in (("products", products), ("customers", customers), ("purchases", purchases)):
        taken_in(session, _written(folder, kind, rows), kind)
    for each in PROOFS:  # an import adds its receipts up: here they wait again
        session.execute(sa.text(f"DELETE FROM {each.table}"))
    session.execute(sa.text("INSERT INTO receipts_to_roll SELECT customer_id, id FROM receipts"))
    return journey.people(customers, purchases)


@pytest.mark.parametrize("rolled", ["lines", "waiting", "half rolled", "all rolled"])
def test_random_trees_find_the_same_customers_as_the_raw_files(session: Session, shop: dict[str, Person], rolled: str):
    if rolled == "half rolled":
        roll(session, most=500)
        assert waiting(session) > 500
    elif rolled == "all rolled":
        for _ in range(9):
            roll(session, most=60)
        with session.begin_nested() as undone:
            assert make_anew(session) > 500
            assert waiting(session) == 0
            made = sums(session)
            undone.rollback()
        roll_all(session)
        assert verify(session) is None
        assert sums(session) == made
        keep_habits(session, AS_OF[0])
    found_any = 0
    for as_of in AS_OF:
        facts = queries.facts(session, as_of) if rolled != "lines" else Facts(as_of)
        asking = journey.Asking(as_of.toordinal(), shop, as_of)
        for _ in range(TREES // len(AS_OF)):
            document = asking.tree()
            expected = sorted(number for number, person in shop.items() if holds(person, document, as_of))
            found = list(queries.numbers(session, read_condition(document, REGISTRY), facts))
            assert found == expected, document
            found_any += 0 < len(found) < len(shop)
    assert found_any > TREES // 4  # not only trees that hold for nobody, or for everybody


def sums(session: Session) -> dict[str, tuple[list[object], list[object]]]:
    """The rows of each table of sums, and its indexes and constraints."""
    laws = """
        SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema AND tablename = :table
        UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint
         WHERE conrelid = CAST(:table AS regclass) ORDER BY 1"""
    return {
        each.table: (
            list(session.scalars(sa.text(f"SELECT to_jsonb(t)::text FROM {each.table} t ORDER BY 1"))),
            list(session.scalars(sa.text(laws), {"table": each.table})),
        )
        for each in PROOFS
    }
