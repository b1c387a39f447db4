# REQ S-02 I-01: lists of customers from a file become segments that only hands change
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.models import Customer
from erp_club.imports.exports import export_file
from erp_club.imports.outcome import Outcome
from erp_club.segments.kinds import SegmentState
from erp_club.segments.models import Segment
from tests.make.clubs import a_customer
from tests.make.files import taken
from tests.make.organisation import a_chain

LISTS = "segment,customer_number\nStaff,1\nStaff,2\nVIP Åbo,2\n"


def take(session: Session, path: Path) -> tuple[Outcome, list[str]]:
    return taken(session, "segment-list", path)


def lists(session: Session) -> set[tuple[str, str]]:
    rows = session.execute(
        sa.text(
            "SELECT g.name, c.number FROM segment_customers s JOIN segments g ON g.id = s.segment_id "
            "JOIN customers c ON c.id = s.customer_id"
        )
    )
    return {(name, number) for name, number in rows}


@pytest.fixture
def file(session: Session, tmp_path: Path) -> Path:
    """A file, and its customers."""
    a_chain(session)
    for number in ("1", "2", "3"):
        a_customer(session, number)
    path = tmp_path / "lists.csv"
    path.write_text(LISTS)
    return path


TAKEN = {("Staff", "1"), ("Staff", "2"), ("VIP Åbo", "2")}


def test_each_name_is_a_frozen_segment_and_the_file_taken_again_changes_nothing(session: Session, file: Path) -> None:
    outcome, refused = take(session, file)
    assert (outcome.read, outcome.taken, refused, lists(session)) == (3, 3, [], TAKEN)
    counted = {row.name: row.customers for row in session.execute(sa.select(Segment.name, Segment.customers))}
    assert counted == {"Staff": 2, "VIP Åbo": 1}
    again, _ = take(session, file)
    assert (again.taken, again.unchanged, lists(session)) == (0, 3, TAKEN)


def test_more_customers_are_added_and_nobody_is_taken_off(session: Session, file: Path) -> None:
    take(session, file)
    file.write_text("segment,customer_number\nStaff,3\n")
    outcome, _ = take(session, file)
    assert (outcome.taken, lists(session)) == (1, TAKEN | {("Staff", "3")})


def test_rows_that_cant_be_are_refused_with_their_reason(session: Session, file: Path) -> None:
    take(session, file)
    session.execute(sa.update(Segment).where(Segment.name == "VIP Åbo").values(state=SegmentState.CLOSED))
    session.execute(
        sa.text("INSERT INTO segments (name, kind, version_no, created_at) VALUES ('Buyers', 'dynamic', 1, now())")
    )
    file.write_text("segment,customer_number\nStaff,9\nVIP Åbo,1\nBuyers,1\nStaff,3\nStaff,3\n,1\n")
    outcome, refused = take(session, file)
    assert (outcome.taken, outcome.refused) == (1, 5)
    for said in ("no customer", "is closed", "asks a question", "line 5", "segment"):
        assert any(said in each for each in refused), (said, refused)


def test_a_merged_customer_is_on_the_list_as_the_survivor(session: Session, file: Path) -> None:
    one, two = session.scalars(sa.select(Customer.id).where(Customer.number.in_(("1", "2"))).order_by(Customer.number))
    session.execute(sa.update(Customer).where(Customer.id == two).values(state="merged", merged_into=one))
    take(session, file)
    assert lists(session) == {("Staff", "1"), ("VIP Åbo", "1")}


def test_an_export_taken_in_again_changes_nothing(session: Session, file: Path, tmp_path: Path) -> None:
    take(session, file)
    out = tmp_path / "out.xlsx"
    assert export_file(session, "segment-list", out) == 3
    again, _ = take(session, out)
    assert (again.unchanged, again.refused, lists(session)) == (3, 0, TAKEN)
