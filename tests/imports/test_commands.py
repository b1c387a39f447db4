"""The commands import and export, from the command line to the committed rows.

REQ I-01
"""

import csv
import gzip
import shlex
import threading
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from sqlalchemy.orm import Session

from erp_club.imports import commands, staging
from erp_club.imports.exports import export_file
from erp_club.imports.files import open_table
from erp_club.imports.formats import Reading
from erp_club.imports.kinds import KINDS
from erp_club.kernel.db import Database
from erp_club.permissions.actors import SYSTEM
from tests.make.clubs import a_club
from tests.make.files import Quiet, a_file
from tests.make.organisation import NOW, a_chain
from web.cli import main

TABLES = (
    "products", "product_groups", "brands", "departments", "customers", "name_words", "customer_name_words",
    "consent_changes", "cards", "memberships", "membership_periods", "points_accounts", "points_movements", "stores",
    "receipts", "receipt_lines", "receipt_numbers", "audit_entries",
)  # fmt: skip


@pytest.fixture
def shop(committed: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A committed database with a chain and a club, that the console finds by its environment."""
    with committed.session() as session:
        a_chain(session)
        a_club(session, "GOLD")
        session.commit()
    monkeypatch.setenv("ERP_CLUB_DATABASE_URL", committed.url.render_as_string(hide_password=False))
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    return committed


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def rows_in(database: Database) -> dict[str, int]:
    with database.session() as session:
        return {table: session.scalar(sa.text(f"SELECT count(*) FROM {table}")) or 0 for table in TABLES}


def whole_shop(folder: Path) -> dict[str, Path]:
    """One file of each kind, with one bad row or receipt in each."""
    rachel = {"id_kind": "national_id", "id_country": "IL", "id_number": "306016924", "mobile": "0549656164"}
    customers = (
        {"number": "C1", "card": "2900000000117", "consent_sms": "no", "club:GOLD": "2017-01-01", "class:Size": "38"}
        | rachel,
        {"number": "C2", "home_store": "406", "given_name": 'Anna "Ann", the second'},
        {"number": "C3", "email": "nobody"},
    )
    purchases = (
        {"customer_number": "C1", "amount": "25.00", "list_amount": "30.00"},
        {"customer_number": "C1", "line_no": "2", "sku": "unheard of", "quantity": "0.755"},
        {"receipt_no": "8", "sold_at": "2017-07-02T23:30:00"},
        {"receipt_no": "9", "quantity": "many"},
        {"receipt_no": "9", "line_no": "2"},
    )
    return {
        "products": a_file(folder, "products", {"sku": "1"}, {"sku": "2", "list_price": "free"}),
        "customers": a_file(folder, "customers", *customers, more="club:GOLD,class:Size"),
        "purchases": a_file(folder, "purchases", *purchases),
    }


def test_files_are_taken_and_everything_else_is_told(shop: Database, tmp_path: Path):
    files = whole_shop(tmp_path)
    products = run("import", "products", str(files["products"]))
    assert products.exit_code == 0
    assert "2 rows read: 1 taken, 0 unchanged, 1 refused." in products.stdout
    assert "Line 3, column list_price: “free” is no amount." in products.stdout
    customers = run("import", "customers", str(files["customers"]))
    assert "3 rows read: 2 taken, 0 unchanged, 1 refused." in customers.stdout
    assert "Line 4, column email:" in customers.stdout
    purchases = run("import", "purchases", str(files["purchases"]), "--earn", "GOLD")
    assert "5 rows read: 3 taken, 0 unchanged, 2 refused." in purchases.stdout
    assert "Line 5, column quantity: “many” is no quantity." in purchases.stdout
    assert "Line 6: Line 5 of the same receipt is refused" in purchases.stdout
    assert "2 points were earned." in purchases.stdout
    counts = rows_in(shop)
    assert (counts["products"], counts["customers"], counts["receipts"], counts["receipt_lines"]) == (2, 3, 2, 3)
    before = rows_in(shop)
    for kind, path in files.items():
        assert "0 taken" in run("import", kind, str(path)).stdout
    assert rows_in(shop) == before


def test_an_import_before_there_is_a_chain_tells_the_command_that_names_one(
    committed: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("ERP_CLUB_DATABASE_URL", committed.url.render_as_string(hide_password=False))
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    file = str(a_file(tmp_path, "customers", {"number": "C1"}))
    refused = run("import", "customers", file)
    assert refused.exit_code == 2
    assert "This installation has no chain yet." in refused.stderr
    _, told, command = refused.stderr.partition("erp-club chain ")
    assert told
    assert run("chain", *shlex.split(command.partition(",")[0])).exit_code == 0
    assert "1 row read: 1 taken" in run("import", "customers", file).stdout


def test_refused_rows_are_kept_corrected_and_taken(shop: Database, tmp_path: Path):
    run(
        "import",
        "purchases",
        str(a_file(tmp_path, "purchases", {"quantity": "many"}, {"line_no": "2"}, {"receipt_no": "8"})),
    )
    kept = tmp_path / "purchases.csv.refused.csv"
    with kept.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["line"], row["quantity"]) for row in rows] == [("2", "many"), ("3", "1")]
    assert rows[0]["reason"].startswith("quantity: “many” is no quantity.")
    kept.write_text(kept.read_text(encoding="utf-8-sig").replace(",many,", ",1,"), encoding="utf-8")
    assert "2 rows read: 2 taken, 0 unchanged, 0 refused." in run("import", "purchases", str(kept)).stdout
    assert rows_in(shop)["receipts"] == 2


def test_a_dry_run_tells_all_and_keeps_nothing(shop: Database, tmp_path: Path):
    before = rows_in(shop)
    for kind, path in whole_shop(tmp_path).items():
        told = run("import", kind, str(path), "--dry-run")
        assert told.exit_code == 0
        assert "nothing has been kept" in told.stdout
        if kind == "products":
            assert "1 taken" in told.stdout
    assert rows_in(shop) == before


def test_unknown_columns_are_named(shop: Database, tmp_path: Path):
    path = a_file(tmp_path, "products", {"sku": "1", "Colour": "red"}, more="Colour")
    assert "not known and are passed over: Colour." in run("import", "products", str(path)).stdout


def faulty(folder: Path) -> dict[str, tuple[Path, str]]:
    """Files that are refused as a whole, with what is said of each."""
    good = a_file(folder, "purchases", {}, {"receipt_no": "8"}).read_text(encoding="utf-8")
    header, first, _ = good.splitlines()
    one_letter = good.replace("406", "40ה")
    said = {
        "cut.csv": (good[:-20].encode(), "The file is cut off"),
        "half.csv.gz": (gzip.compress(good.encode() * 400)[:-30], "The file is cut off"),
        "unclear.csv": (one_letter.encode("cp1255"), "--encoding"),
        "headless.csv": (first.encode() + b"\n", "has no header"),
        "narrow.csv": (good.replace(",amount", ",paid").encode(), "lacks the column amount"),
        "twice.csv": (good.replace(header, header.replace("list_amount", "amount")).encode(), "twice"),
        "empty.csv": (b"", "is empty"),
    }
    found: dict[str, tuple[Path, str]] = {}
    for name, (content, why) in said.items():
        (folder / name).write_bytes(content)
        found[name] = (folder / name, why)
    return found


def test_a_faulty_file_is_refused_and_nothing_is_half_done(shop: Database, tmp_path: Path):
    before = rows_in(shop)
    files = faulty(tmp_path)
    assert len(files) == 7
    for path, why in files.values():
        told = run("import", "purchases", str(path))
        assert told.exit_code == 2, path.name
        assert why in told.stderr
        assert rows_in(shop) == before


def test_a_named_encoding_is_believed(shop: Database, tmp_path: Path):
    path = a_file(tmp_path, "products", {"sku": "1", "name": "ה"})
    path.write_bytes(path.read_text(encoding="utf-8").encode("cp1255"))
    assert run("import", "products", str(path)).exit_code == 2
    assert run("import", "products", str(path), "--encoding", "windows-1255").exit_code == 0
    with shop.session() as session:
        assert session.execute(sa.text("SELECT name FROM products")).scalars().all() == ["ה"]


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".xlsx"])
def test_importing_an_export_changes_nothing(shop: Database, tmp_path: Path, ending: str):
    for kind, path in whole_shop(tmp_path).items():
        run("import", kind, str(path))
    before = rows_in(shop)
    for kind, rows in (("products", 1), ("customers", 2), ("purchases", 3)):
        out = tmp_path / f"out-{kind}{ending}"
        told = run("export", kind, str(out))
        assert told.exit_code == 0, told.output
        said = "1 row" if rows == 1 else f"{rows} rows"
        assert f"{said} {'is' if rows == 1 else 'are'} in" in told.stdout
        again = run("import", kind, str(out))
        assert f"{said} read: 0 taken, {rows} unchanged, 0 refused." in again.stdout
    after = rows_in(shop)
    # That they were taken out is kept, of each kind.
    assert after == before | {"audit_entries": before["audit_entries"] + 3}


def test_an_export_says_what_was_imported(session: Session, tmp_path: Path):
    a_chain(session)
    path = a_file(
        tmp_path, "purchases", {}, {"receipt_no": "8", "quantity": "-0.5", "list_amount": "-2.00", "amount": "-2.00"}
    )
    commands.import_file(session, Reading(open_table(path), KINDS["purchases"]), progress=Quiet(), now=NOW, by=SYSTEM)
    out = tmp_path / "out.csv"
    assert export_file(session, "purchases", out) == 2
    assert out.read_text(encoding="utf-8-sig").split() == path.read_text(encoding="utf-8").split()


def test_an_export_that_cannot_be_written_is_told(shop: Database, tmp_path: Path):
    told = run("export", "products", str(tmp_path / "nowhere" / "out.csv"))
    assert told.exit_code == 2
    assert "can't be written" in told.stderr


@pytest.mark.parametrize(
    ("stopped", "told"),
    [
        (psycopg.errors.DiskFull("could not extend file"), "The disk that holds the database is full. Make room"),
        (psycopg.errors.AdminShutdown("terminating connection\nDETAIL: Noa Levi"), "answering: terminating connection"),
    ],
)
def test_an_import_that_the_database_stops_is_told_and_leaves_nothing(
    shop: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: Exception, told: str
):
    def stop(*_: object, **__: object) -> None:
        raise stopped

    before = rows_in(shop)
    monkeypatch.setattr(staging, "copy", stop)
    result = run("import", "products", str(whole_shop(tmp_path)["products"]))
    assert result.exit_code == 2
    assert told in result.stderr
    assert "Noa Levi" not in result.stderr
    assert rows_in(shop) == before


def test_of_two_imports_at_once_the_second_waits_and_finds_it_done(shop: Database, tmp_path: Path):
    path = a_file(tmp_path, "purchases", {}, {"receipt_no": "8"})
    waits = threading.Event()
    outcomes: list[tuple[int, int]] = []

    class Watched(Quiet):
        def phase(self, doing: object) -> None:
            if "Another import" in str(doing):
                waits.set()

    def second() -> None:
        with shop.session() as session:
            reading = Reading(open_table(path), KINDS["purchases"])
            outcome = commands.import_file(session, reading, progress=Watched(), now=NOW, by=SYSTEM)
            outcomes.append((outcome.taken, outcome.unchanged))
            session.commit()

    with shop.session() as session:
        reading = Reading(open_table(path), KINDS["purchases"])
        commands.import_file(session, reading, progress=Quiet(), now=NOW, by=SYSTEM)
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(timeout=20)
        session.commit()
    thread.join(timeout=20)
    assert outcomes == [(0, 2)]
    assert rows_in(shop)["receipts"] == 2
