# REQ P-12: every balance, debt and lot follows from the movements, and a changed row is named
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from erp_club.kernel.db import Database
from erp_club.points.verify.queries import faults
from erp_club.programmes.households.commands import leave, link_members
from tests.jobs.test_seals import around_the_triggers
from tests.make.clubs import a_club, a_customer, a_membership, moved
from tests.make.households import WHEN, a_family
from web.cli import main


@pytest.mark.parametrize(
    ("change", "table", "column"),
    [
        ("UPDATE points_movements SET points = points + 1 WHERE seq = 2", "points_movement_lots", "points"),
        ("UPDATE points_movements SET balance_after = 7 WHERE seq = 2", "points_movements", "balance_after"),
        ("UPDATE points_movement_lots SET points = points + 1 WHERE seq = 1", "points_lots", "remaining"),
        ("UPDATE points_lots SET earned = earned + 5, remaining = remaining + 5", "points_lots", "remaining"),
        ("UPDATE points_lots SET earned = earned + 5", "points_lots", "earned"),
        ("UPDATE points_lots SET last_day = DATE '2030-01-01'", "points_lots", "last_day"),
        ("UPDATE points_lots SET available_on = available_on - 1", "points_lots", "available_on"),
        ("UPDATE points_lot_terms SET available_on = available_on - 1", "points_lots", "available_on"),
        ("DELETE FROM points_lot_terms", "points_lots", "available_on"),
        ("UPDATE points_accounts SET redeemed_on = current_date", "points_accounts", "redeemed_on"),
        ("UPDATE points_accounts SET redeemed_that_day = 9", "points_accounts", "redeemed_that_day"),
        ("UPDATE points_accounts SET balance = balance + 1", "points_accounts", "balance"),
        ("UPDATE points_accounts SET debt = debt + 1", "points_accounts", "debt"),
        ("UPDATE points_accounts SET last_seq = last_seq + 1", "points_accounts", "last_seq"),
    ],
)
def test_a_row_that_somebody_changed_around_the_triggers_is_named(
    session: Session, change: str, table: str, column: str
) -> None:
    yael = a_customer(session)
    account = a_membership(session, yael, a_club(session)).points_account_id
    moved(session, yael, account, 100, -130, 50)
    assert faults(session) == []
    around_the_triggers(session, change)
    found = faults(session)
    assert (table, column) in {(fault.table, fault.column) for fault in found}
    assert all(fault.key.startswith(f"{yael}/{account}") for fault in found)


def test_what_was_used_on_a_day_is_proven_of_accounts_of_their_own_of_people_who_share_another_one(
    session: Session,
) -> None:
    family = a_family(session)
    main, other = family.join(100, 50)
    link_members(session, main, other, when=WHEN)
    family.buys(other, 100_00, points=20)
    leave(session, other, when=WHEN)
    yael = family.customer(main)
    alone = a_membership(session, yael, a_club(session, "TEA")).points_account_id
    assert faults(session) == []
    around_the_triggers(session, f"UPDATE points_accounts SET redeemed_that_day = 9 WHERE id = {alone}")
    assert [(fault.key, fault.column) for fault in faults(session)] == [(f"{yael}/{alone}", "redeemed_that_day")]


def test_the_console_names_the_row_and_ends_with_1(
    committed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:  # REQ A-04
    monkeypatch.setenv("ERP_CLUB_DATABASE_URL", committed.url.render_as_string(hide_password=False))
    with committed.session() as session:
        yael = a_customer(session)
        account = a_membership(session, yael, a_club(session)).points_account_id
        moved(session, yael, account, 100)
        session.commit()
    assert CliRunner().invoke(main, ["ledger", "verify"]).exit_code == 0
    with committed.session() as session:
        session.execute(sa.text("UPDATE points_accounts SET balance = 101"))
        session.commit()
    said = CliRunner().invoke(main, ["ledger", "verify"])
    assert (said.exit_code, f"points_accounts {yael}/{account}: balance is 101" in said.output) == (1, True), (
        said.output
    )


def test_no_movement_and_no_part_comes_in_without_what_it_belongs_to(session: Session) -> None:
    at = "SELECT 1, 99, 1, 'adjusted', 5, 5, now(), current_date, 1"
    columns = "(customer_id, account_id, seq, kind, points, balance_after, at, on_date, by_customer_id)"
    for row in (
        f"points_movements {columns} {at}",
        "points_movement_lots (customer_id, account_id, seq, lot_id, points) VALUES (1, 99, 1, 1, 5)",
    ):
        with pytest.raises(IntegrityError, match="belongs to no row"), session.begin_nested():
            session.execute(sa.text(f"INSERT INTO {row}"))
    yael = a_customer(session)
    moved(session, yael, a_membership(session, yael, a_club(session)).points_account_id, 100)
    for change in (
        *("DELETE FROM points_accounts", "UPDATE points_accounts SET id = id + 1"),
        *("DELETE FROM points_lots", "UPDATE points_lots SET last_day = current_date"),
        *("DELETE FROM points_lot_terms", "UPDATE points_lot_terms SET last_day = current_date"),
    ):
        with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
            session.execute(sa.text(change))
