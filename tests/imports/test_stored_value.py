# REQ V-01 V-02: cards of another system are taken over with what is on them, and go out again
import datetime as dt
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.imports.exports import export_file
from erp_club.imports.outcome import Outcome
from erp_club.stored_value.models import ValueCard
from erp_club.stored_value.proof.commands import Entered, prove
from erp_club.stored_value.queries import key_by_number
from erp_club.stored_value.verify.queries import wrong_cards
from tests.make.files import taken
from tests.make.organisation import NOW, a_chain
from tests.make.stored_value import held

CARDS = """number,pin,kind,balance,last_day,state
1234-5678,4711,gift,50.00,2030-01-31,active
1234-5678,4711,gift,20.00,,active
AB0001,,prepaid,7.50,,blocked
AB0002,,gift,0.00,,new
"""


def take(session: Session, path: Path) -> tuple[Outcome, list[str]]:
    return taken(session, "stored-value", path)


@pytest.fixture
def file(session: Session, tmp_path: Path) -> Path:
    a_chain(session)
    path = tmp_path / "cards.csv"
    path.write_text(CARDS)
    return path


def test_cards_are_taken_over_with_their_money_and_pins_and_once_only(session: Session, file: Path) -> None:
    outcome, refused = take(session, file)
    assert (outcome.read, outcome.taken, outcome.refused, refused) == (4, 4, 0, [])
    key = key_by_number(session, "12345678")
    assert key is not None
    assert {(lot.last_day, lot.remaining) for lot in held(session, key).lots} == {
        (dt.date(2030, 1, 31), 50_00),
        (None, 20_00),
    }
    assert prove(session, [Entered("1234 5678", "4711")], scope="terminal:1", now=NOW).refusal is None
    again, _ = take(session, file)
    assert (again.taken, again.unchanged, again.refused) == (0, 4, 0)
    assert wrong_cards(session) == []


def test_rows_that_cant_be_are_refused_with_their_card(session: Session, file: Path) -> None:
    take(session, file)
    file.write_text(
        "number,pin,kind,balance,last_day,state\n"
        "12345678,4711,gift,51.00,2030-01-31,active\n"
        "CC01,,gift,-1.00,,active\n"
        "CC02,,gift,1.00,,new\n"
        "CC03,12,gift,1.00,,active\n"
        "CC04,,gift,1.00,,active\n"
        "CC04,,gift,2.00,,active\n"
    )
    outcome, refused = take(session, file)
    assert (outcome.read, outcome.taken, outcome.refused) == (6, 0, 6)
    assert len(refused) == 5
    assert session.scalar(sa.select(sa.func.count()).select_from(ValueCard)) == 3


@pytest.mark.parametrize("name", ["out.csv", "out.xlsx"])
def test_an_export_taken_in_again_changes_nothing(session: Session, file: Path, tmp_path: Path, name: str) -> None:
    take(session, file)
    out = tmp_path / name
    assert export_file(session, "stored-value", out) == 4
    outcome, refused = take(session, out)
    assert (outcome.taken, outcome.unchanged, refused) == (0, 4, [])
