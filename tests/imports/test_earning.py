"""Points for imported purchases are those that a till would have given, sale by sale.

REQ I-01, P-01, P-12
"""

import datetime as dt
import random
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs import commands as clubs
from erp_club.clubs.kinds import ClubState
from erp_club.clubs.models import Membership, MembershipEvent
from erp_club.clubs.periods import Span
from erp_club.clubs.queries import memberships
from erp_club.customers.models import Customer
from erp_club.kernel.errors import Conflict, NotFound, Refused
from erp_club.permissions.actors import SYSTEM
from erp_club.points.models import PointsAccount, PointsMovement
from erp_club.points.rules import points_for
from erp_club.programmes.commands import load_programme
from tests.make.clubs import NOW, a_club, a_customer, a_membership, moved
from tests.make.files import a_file, taken_in
from tests.make.organisation import a_chain
from tests.make.programmes import a_programme

JOINED = dt.date(2017, 6, 1)
DAYS = [dt.date(2017, 5, 31), JOINED, dt.date(2018, 5, 31), dt.date(2018, 6, 1)]


def purchases(folder: Path, seed: int) -> tuple[Path, list[dict[str, str]]]:
    """Sales of two members and a stranger, around the first and the last day of a year's membership."""
    chance = random.Random(seed)
    rows: list[dict[str, str]] = []
    for receipt in range(300):
        day, customer = chance.choice(DAYS), chance.choice(["C1", "C2", ""])
        back = chance.random() < 0.15
        for line in range(1, chance.randint(1, 4) + 1):
            amount = f"{'-' if back else ''}{chance.randint(0, 3000) / 100:.2f}"
            rows.append(
                {
                    "receipt_no": f"R{receipt}", "sold_at": f"{day}T{receipt % 24:02}:00:00", "line_no": str(line),
                    "customer_number": customer, "sku": chance.choice(["goods", "deposit"]),
                    "quantity": "-1" if back else "1", "list_amount": amount, "amount": amount,
                }
            )  # fmt: skip
    return a_file(folder, "purchases", *rows), rows


def expected(rows: list[dict[str, str]], customer: str) -> list[tuple[str, int]]:
    """Receipt and points in the order of the sales, by the pure rule of 1 point for each 10.00."""
    receipts: dict[tuple[str, str], int] = {}
    for row in rows:
        in_time = JOINED.isoformat() <= row["sold_at"][:10] <= "2018-05-31"
        if row["customer_number"] == customer and in_time:
            key = (row["sold_at"], row["receipt_no"])
            paid = round(float(row["amount"]) * 100) if row["sku"] == "goods" else 0
            receipts[key] = receipts.get(key, 0) + paid
    earned = [(number, points_for(minor, 1, 1000)) for (_, number), minor in receipts.items()]
    order = {number: at for at, number in receipts}
    return sorted(((n, points) for n, points in earned if points), key=lambda each: (order[each[0]], int(each[0][1:])))


@pytest.mark.parametrize("seed", [1, 2])
def test_points_equal_those_of_the_rule_sale_by_sale(session: Session, tmp_path: Path, seed: int):
    a_chain(session)
    club_id = a_club(session, "GOLD")
    deposit = {"sku": "deposit", "kind": "deposit"}
    taken_in(session, a_file(tmp_path, "products", {"sku": "goods"}, deposit, more="kind"), "products")
    held = {
        number: a_membership(session, a_customer(session, number), club_id, joined_on=JOINED) for number in ("C1", "C2")
    }
    customer = session.scalars(
        sa.select(PointsAccount.customer_id).where(PointsAccount.id == held["C1"].points_account_id)
    ).one()
    moved(session, customer, held["C1"].points_account_id, 100, 50)
    path, rows = purchases(tmp_path, seed)
    taken_in(session, path, "purchases", earn=("GOLD",))
    for number, before in (("C1", [100, 50]), ("C2", [])):
        account_id = held[number].points_account_id
        movements = session.execute(
            sa.select(PointsMovement.seq, PointsMovement.points, PointsMovement.balance_after, PointsMovement.at)
            .where(PointsMovement.account_id == account_id)
            .order_by(PointsMovement.seq)
        ).all()
        points = [*before, *(each for _, each in expected(rows, number))]
        assert len(points) > len(before) + 15
        assert [row.points for row in movements] == points
        assert [row.seq for row in movements] == list(range(1, len(points) + 1))
        assert [row.balance_after for row in movements] == [sum(points[: n + 1]) for n in range(len(points))]
        new = [row.at for row in movements[len(before) :]]
        assert new == sorted(new)
        account = session.execute(
            sa.select(PointsAccount.balance, PointsAccount.last_seq).where(PointsAccount.id == account_id)
        ).one()
        assert account == (sum(points), len(points))


def test_known_receipts_earn_nothing_again(session: Session, tmp_path: Path):
    a_chain(session)
    joined = a_membership(session, a_customer(session, "C1"), a_club(session, "GOLD"), joined_on=JOINED)
    path = a_file(tmp_path, "purchases", {"customer_number": "C1", "amount": "20.00", "list_amount": "20.00"})
    taken_in(session, path, "purchases", earn=("GOLD",))
    taken_in(session, path, "purchases", earn=("GOLD",))
    balance = sa.select(PointsAccount.balance).where(PointsAccount.id == joined.points_account_id)
    assert session.scalars(balance).one() == 2


def test_without_earn_nothing_is_earned(session: Session, tmp_path: Path):
    a_chain(session)
    a_membership(session, a_customer(session, "C1"), a_club(session, "GOLD"), joined_on=JOINED)
    path = a_file(tmp_path, "purchases", {"customer_number": "C1", "amount": "20.00", "list_amount": "20.00"})
    taken_in(session, path, "purchases")
    assert session.scalars(sa.select(PointsMovement.seq)).all() == []


def test_a_club_that_is_not_known_or_not_open_gives_no_points(session: Session, tmp_path: Path):
    a_chain(session)
    a_club(session, "DRAFT", state=ClubState.DRAFT)
    path = a_file(tmp_path, "purchases", {})
    with pytest.raises(NotFound, match="GOLD"):
        taken_in(session, path, "purchases", earn=("GOLD",))
    with pytest.raises(Conflict, match="DRAFT"):
        taken_in(session, path, "purchases", earn=("DRAFT",))
    with pytest.raises(Refused, match="--earn"):
        taken_in(session, a_file(tmp_path, "products", {"sku": "1"}), "products", earn=("DRAFT",))


def test_imported_purchases_move_a_sliding_term_as_those_of_a_till(session: Session, tmp_path: Path):
    # REQ M-02, I-01
    a_chain(session)
    how: dict[str, Any] = {"currency": "ILS", "language": "en", "now": NOW, "by": SYSTEM, "publish": True}
    club = a_programme(term={"kind": "sliding", "months": 3, "least_minor": 10_00})
    club_id = load_programme(session, club, today=dt.date(2020, 1, 1), **how).club_id
    member = a_customer(session)
    span = Span(dt.date(2026, 1, 1), dt.date(2026, 3, 31))
    clubs.join_club(session, member, club_id=club_id, today=span.first, now=NOW, by=SYSTEM, span=span)
    number = session.scalars(sa.select(Customer.number).where(Customer.id == member)).one()
    bought = {"2026-03-20": "10.00", "2026-06-10": "25.00", "2026-06-30": "9.99", "2026-10-01": "50.00"}
    rows = [
        {"receipt_no": on, "sold_at": f"{on}T10:00:00", "line_no": "1", "customer_number": number, "sku": "goods",
         "quantity": "1", "list_amount": amount, "amount": amount}
        for on, amount in bought.items()
    ]  # fmt: skip
    taken_in(session, a_file(tmp_path, "purchases", *rows), "purchases", earn=(club.code,))
    (held,) = memberships(session, member, today=dt.date(2026, 7, 1))
    assert held.spans == (Span(span.first, dt.date(2026, 9, 9)),), "moved in June; in October it was over"
    events = session.execute(sa.select(MembershipEvent.on_date, MembershipEvent.receipt_id).order_by("on_date")).all()
    assert [str(each.on_date) for each in events] == ["2026-03-20", "2026-06-10"]
    assert all(each.receipt_id for each in events)


def test_imported_purchases_earn_by_the_programme_as_those_of_a_till(session: Session, tmp_path: Path):
    # REQ P-01, M-09, I-01: stamps by the piece, and a rate that grows within the month of all who share the account
    a_chain(session)
    taken_in(session, a_file(tmp_path, "products", {"sku": "coffee"}, {"sku": "goods"}), "products")
    growing = {"period": {"every": "month"}, "steps": [{"from_minor": 100_00, "points": 2}]}
    rules = [
        {"code": "cup", "kind": "unit", "points": 7, "on": {"products": ["coffee"]}},
        {"code": "rate", "kind": "money", "points": 1, "per_minor": 1_00, "growing": growing},
    ]
    club = a_programme(earning={"rules": rules})
    how: dict[str, Any] = {"currency": "ILS", "language": "en", "now": NOW, "by": SYSTEM, "publish": True}
    club_id = load_programme(session, club, today=dt.date(2020, 1, 1), **how).club_id
    main_member, other = a_customer(session, "C1"), a_customer(session, "C2")
    joined = a_membership(session, main_member, club_id, joined_on=JOINED)
    a_membership(session, other, club_id, joined_on=JOINED)
    shares = {"points_holder_id": main_member, "points_account_id": joined.points_account_id}
    session.execute(sa.update(Membership).where(Membership.customer_id == other).values(shares))
    bought = (("1", "2026-03-02", "C1", "coffee", "3", "45.00"), ("2", "2026-03-03", "C1", "goods", "1", "80.00"),
              ("3", "2026-03-09", "C1", "goods", "1", "50.00"), ("4", "2026-04-01", "C1", "goods", "1", "50.00"),
              ("5", "2026-04-02", "C2", "goods", "1", "70.00"))  # fmt: skip
    rows = [
        {"receipt_no": no, "sold_at": f"{on}T10:00:00", "line_no": "1", "customer_number": who, "sku": sku,
         "quantity": quantity, "list_amount": amount, "amount": amount}
        for no, on, who, sku, quantity, amount in bought
    ]  # fmt: skip
    taken_in(session, a_file(tmp_path, "purchases", *rows), "purchases", earn=("CLUB",))
    earned = sa.select(PointsMovement.points).where(PointsMovement.account_id == joined.points_account_id)
    assert session.scalars(earned.order_by(PointsMovement.seq)).all() == [21, 80, 20 + 2 * 30, 50, 50 + 2 * 20]
