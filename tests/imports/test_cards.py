# REQ K-01 I-01: member cards of another system are taken over, change by file, and go out again
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.cards.models import Card
from erp_club.customers.models import Customer
from erp_club.imports.exports import export_file
from erp_club.imports.outcome import Outcome
from erp_club.kernel.audit import AuditEntry, AuditValues
from tests.make.clubs import a_club, a_customer
from tests.make.files import taken
from tests.make.organisation import NOW, a_chain

CARDS = """card,customer_number,club,state
2900000000018,1,,
29000000-0002 5,1,gold,blocked
70001234,2,,lost
"""


def take(session: Session, path: Path) -> tuple[Outcome, list[str]]:
    return taken(session, "cards", path)


def cards(session: Session) -> set[tuple[str, str, str, str | None]]:
    return {
        (number, customer, state, club)
        for number, customer, state, club in session.execute(
            sa.text(
                "SELECT k.number, c.number, k.state, b.code FROM cards k JOIN customers c ON c.id = k.customer_id "
                "LEFT JOIN clubs b ON b.id = k.club_id"
            )
        )
    }


@pytest.fixture
def file(session: Session, tmp_path: Path) -> Path:
    """A file, and its two customers."""
    a_chain(session)
    a_club(session)
    for number in ("1", "2"):
        a_customer(session, number)
    path = tmp_path / "cards.csv"
    path.write_text(CARDS)
    return path


TAKEN = {
    ("2900000000018", "1", "active", None),
    ("2900000000025", "1", "blocked", "GOLD"),
    ("70001234", "2", "lost", None),
}


def test_cards_are_handed_out_once_with_club_and_state(session: Session, file: Path) -> None:
    outcome, refused = take(session, file)
    assert (outcome.read, outcome.taken, refused, cards(session)) == (3, 3, [], TAKEN)
    again, _ = take(session, file)
    assert (again.taken, again.unchanged, cards(session)) == (0, 3, TAKEN)


def test_a_card_that_is_there_takes_the_state_of_the_file_and_its_history_says_so(session: Session, file: Path) -> None:
    take(session, file)
    file.write_text("card,customer_number,club,state\n2900000000018,1,,lost\n")
    outcome, _ = take(session, file)
    assert (outcome.taken, outcome.unchanged) == (1, 0)
    assert ("2900000000018", "1", "lost", None) in cards(session)
    told = session.execute(
        sa.select(AuditValues.before, AuditValues.after)
        .join(AuditEntry, AuditEntry.id == AuditValues.entry_id)
        .where(AuditEntry.action == "card.change")
    ).one()
    assert (told.before["state"], told.after["state"], told.after["card"]) == ("active", "lost", "2900000000018")


def test_rows_that_cant_be_are_refused_with_their_reason(session: Session, file: Path) -> None:
    take(session, file)
    session.execute(sa.update(Card).where(Card.number == "70001234").values(state="replaced"))
    file.write_text(
        "card,customer_number,club,state\n2900000000018,2,,\n70009999,9,,\n70009998,1,SILVER,\n1234,1,,\n"
        "70009997,1,,gone\n70001234,2,,active\n70009996,2,,\n70009996,1,,\n"
    )
    outcome, refused = take(session, file)
    assert (outcome.taken, outcome.refused) == (1, 7)
    for said in ("Customer 1 has", "no customer", "no club", "8 to 19", "gone", "stays so", "line 8"):
        assert any(said in each for each in refused), (said, refused)


def test_a_merged_customers_row_is_a_row_of_the_survivor(session: Session, file: Path) -> None:
    one, two = session.scalars(sa.select(Customer.id).where(Customer.number.in_(("1", "2"))).order_by(Customer.number))
    session.execute(sa.update(Customer).where(Customer.id == two).values(state="merged", merged_into=one))
    outcome, _ = take(session, file)
    assert (outcome.taken, {card[1] for card in cards(session)}) == (3, {"1"})
    assert NOW in session.scalars(sa.select(Card.issued_at)).all()


@pytest.mark.parametrize("name", ["out.csv", "out.xlsx"])
def test_an_export_taken_in_again_changes_nothing(session: Session, file: Path, tmp_path: Path, name: str) -> None:
    take(session, file)
    out = tmp_path / name
    assert export_file(session, "cards", out) == 3
    again, _ = take(session, out)
    assert (again.unchanged, again.refused, cards(session)) == (3, 0, TAKEN)
