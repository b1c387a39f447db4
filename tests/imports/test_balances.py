# REQ P-12 I-01: balances of another system are taken over as opening lots, once, and go out again
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.imports.exports import export_file
from erp_club.imports.outcome import Outcome
from erp_club.points.kinds import MovementKind
from erp_club.points.models import PointsAccount, PointsMovement
from erp_club.points.verify.queries import faults
from tests.make.clubs import a_club, a_customer, a_membership, moved
from tests.make.files import taken
from tests.make.organisation import a_chain

BALANCES = """customer_number,club,points,last_day
1,GOLD,100,2027-06-30
1,GOLD,20,
2,GOLD,7,2027-01-31
"""


def take(session: Session, path: Path) -> tuple[Outcome, list[str]]:
    return taken(session, "balances", path)


@pytest.fixture
def file(session: Session, tmp_path: Path) -> Path:
    """A file, and its two members."""
    a_chain(session)
    club_id = a_club(session)
    for number in ("1", "2"):
        a_membership(session, a_customer(session, number), club_id)
    path = tmp_path / "balances.csv"
    path.write_text(BALANCES)
    return path


def balances(session: Session) -> list[int]:
    return list(session.scalars(sa.select(PointsAccount.balance).order_by(PointsAccount.id)))


def test_balances_open_a_lot_for_each_row_and_once_only(session: Session, file: Path) -> None:
    outcome, refused = take(session, file)
    assert (outcome.read, outcome.taken, outcome.refused, refused) == (3, 3, 0, [])
    assert (balances(session), faults(session)) == ([120, 7], [])
    assert set(session.scalars(sa.select(PointsMovement.kind))) == {MovementKind.OPENING}
    again, _ = take(session, file)
    assert (again.taken, again.unchanged, balances(session)) == (0, 3, [120, 7])


def test_a_file_taken_again_after_points_were_used_changes_nothing(session: Session, file: Path) -> None:
    take(session, file)
    account, holder = session.execute(sa.select(PointsAccount.id, PointsAccount.customer_id)).first() or (0, 0)
    moved(session, holder, account, -50)
    again, _ = take(session, file)
    assert (again.unchanged, balances(session)) == (3, [70, 7])


def test_rows_that_cant_be_are_refused_with_their_reason(session: Session, file: Path) -> None:
    take(session, file)
    noa = a_customer(session, "3")
    assert noa
    file.write_text(
        "customer_number,club,points,last_day\n1,GOLD,99,\n9,GOLD,5,\n2,SILVER,5,\n3,GOLD,5,\n2,GOLD,-4,\n2,GOLD,1.5,\n"
    )
    outcome, refused = take(session, file)
    assert (outcome.taken, outcome.refused, balances(session)) == (0, 6, [120, 7])
    for said in ("other points", "no customer", "no club", "no member", "-4", "1.5"):
        assert any(said in each for each in refused), (said, refused)


@pytest.mark.parametrize("name", ["out.csv", "out.xlsx"])
def test_an_export_taken_in_again_changes_nothing(session: Session, file: Path, tmp_path: Path, name: str) -> None:
    take(session, file)
    out = tmp_path / name
    assert export_file(session, "balances", out) == 3
    again, _ = take(session, out)
    assert (again.unchanged, again.taken) == (3, 0)
