"""`erp-club segment count`.

REQ S-01 S-05
"""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from erp_club.kernel.db import Database
from erp_club.permissions.actors import SYSTEM
from erp_club.receipts.rollups.models import CustomerSummary
from erp_club.segments import commands
from erp_club.segments.commands import Settings
from tests.make.clubs import NOW, TODAY, a_customer
from tests.make.organisation import a_chain
from web.cli import main


@pytest.fixture
def folder(committed: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder; the console finds the test's database by its environment."""
    monkeypatch.setenv("ERP_CLUB_DATABASE_URL", committed.url.render_as_string(hide_password=False))
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    with committed.session() as session:
        a_chain(session)
        for number in ("C2", "C10", "C1"):
            a_customer(session, number)
        session.commit()
    return tmp_path


def count(folder: Path, document: Any, *options: str) -> Result:
    path = folder / "segment.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return CliRunner().invoke(main, ["segment", "count", str(path), *options])


def test_the_count_is_printed_and_the_numbers_written(folder: Path):
    document = {"name": "Ones", "where": {"field": "number", "op": "in", "value": ["C1", "C10", "X"]}}
    numbers = folder / "numbers.csv"
    told = count(folder, document, "--as-of", "2017-12-31", "--numbers", str(numbers))
    assert (told.exit_code, told.output) == (0, "2\n")
    assert numbers.read_text(encoding="utf-8") == "customer_number\nC1\nC10\n"
    assert count(folder, {"name": "All", "where": {"all": []}}).output == "3\n"


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"name": "x", "where": {"any": [{"field": "shoe", "op": "eq", "value": 1}]}}, "where.any[0].field"),
        ("{", "This isn't valid JSON."),
        ('{"name": "x", "where": ' + '{"not": ' * 100_000, "nested too deep"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(folder: Path, document: Any, told: str):
    result = count(folder, document)
    assert result.exit_code == 2
    assert told in result.output


def test_sums_are_proved_against_the_lines(folder: Path, committed: Database):
    def verify() -> Result:
        return CliRunner().invoke(main, ["segment", "verify"])

    assert (verify().exit_code, verify().output) == (0, "Every sum is what the lines come to.\n")
    with committed.session() as session:
        row = CustomerSummary(customer_id=1, purchases=1, returns=0, spend_minor=5, quantity_milli=1)
        session.add(row)
        session.commit()
    assert verify().exit_code == 1
    assert "customer_summaries" in verify().output
    assert CliRunner().invoke(main, ["segment", "rebuild"]).exit_code == 0
    assert verify().exit_code == 0


def test_a_file_may_speak_of_saved_segments(folder: Path, committed: Database):
    with committed.session() as session:
        commands.take_list(session, Settings("Staff"), ["C1", "C2"], today=TODAY, now=NOW, by=SYSTEM)
        session.commit()
    document = {"name": "x", "where": {"not": {"field": "segment", "op": "eq", "value": "Staff"}}}
    assert count(folder, document).output == "1\n"
    unknown = count(folder, {"name": "x", "where": {"field": "segment", "op": "eq", "value": "Nobody"}})
    assert unknown.exit_code == 2
    assert "Nobody" in unknown.output
