"""Purchases from files: receipts are taken whole or refused whole, and known ones passed over.

REQ I-01
"""

import datetime as dt
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product
from erp_club.kernel.errors import Unavailable
from erp_club.organisation.models import Store
from erp_club.receipts.models import Receipt, ReceiptLine, ReceiptNumber
from tests.make.clubs import a_customer
from tests.make.files import a_file, counted, taken_in, told
from tests.make.organisation import a_chain, a_store


def numbers(session: Session) -> list[str]:
    return list(session.scalars(sa.select(Receipt.receipt_no).order_by(Receipt.receipt_no)))


def test_a_receipt_stands_in_the_stores_own_time(session: Session, tmp_path: Path):
    a_chain(session)
    customer_id = a_customer(session, "C1")
    a_store(session, "406", time_zone="Europe/Helsinki")
    row = {"customer_number": "C1", "sold_at": "2017-07-01T00:30:00"}
    path = a_file(tmp_path, "purchases", row, row | {"line_no": "2", "quantity": "0.755", "list_amount": "2.00"})
    assert counted(taken_in(session, path, "purchases")) == (2, 0, 0)
    receipt = session.scalars(sa.select(Receipt)).one()
    assert receipt.customer_id == customer_id
    assert receipt.sold_at == dt.datetime(2017, 6, 30, 21, 30, tzinfo=dt.UTC)
    assert receipt.sold_on == dt.date(2017, 7, 1)
    assert (receipt.list_minor, receipt.total_minor, receipt.source) == (358, 286, "import")
    lines = session.execute(
        sa.select(ReceiptLine.line_no, ReceiptLine.quantity_milli, ReceiptLine.amount_minor).order_by(
            ReceiptLine.line_no
        )
    ).all()
    assert lines == [(1, 1000, 143), (2, 755, 143)]


def test_unknown_stores_and_products_are_created_and_marked(session: Session, tmp_path: Path):
    a_chain(session)
    outcome = taken_in(session, a_file(tmp_path, "purchases", {"sku": "9"}), "purchases")
    assert session.execute(sa.select(Store.code, Store.stub, Store.time_zone)).all() == [
        ("406", True, "Asia/Jerusalem")
    ]
    assert session.execute(sa.select(Product.sku, Product.stub)).all() == [("9", True)]
    assert {"1 unknown store was created.", "1 unknown product was created."} <= set(map(str, outcome.notes))


def test_a_receipt_of_nobody_known_belongs_to_customer_0(session: Session, tmp_path: Path):
    a_chain(session)
    taken_in(session, a_file(tmp_path, "purchases", {}), "purchases")
    assert session.scalars(sa.select(Receipt.customer_id)).all() == [0]


def test_a_return_has_everything_below_0(session: Session, tmp_path: Path):
    a_chain(session)
    row = {"quantity": "-1", "list_amount": "-1.58", "amount": "-1.43"}
    taken_in(session, a_file(tmp_path, "purchases", row), "purchases")
    assert session.scalars(sa.select(Receipt.total_minor)).all() == [-143]


def test_importing_purchases_again_changes_nothing(session: Session, tmp_path: Path):
    a_chain(session)
    path = a_file(tmp_path, "purchases", {}, {"line_no": "2"}, {"receipt_no": "8"})
    assert counted(taken_in(session, path, "purchases")) == (3, 0, 0)
    outcome = taken_in(session, path, "purchases")
    assert counted(outcome) == (0, 3, 0)
    assert "2 receipts were known already." in map(str, outcome.notes)
    assert numbers(session) == ["7", "8"]


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "1.42"},
        {"quantity": "2"},
        {"sku": "2"},
        {"sold_at": "2017-07-01T12:26:31"},
        {"line_no": "2"},
        {"customer_number": "C1"},
        {"list_amount": "1.59"},
    ],
)
def test_a_known_receipt_with_other_content_is_refused(session: Session, tmp_path: Path, change: dict[str, str]):
    a_chain(session)
    a_customer(session, "C1")
    taken_in(session, a_file(tmp_path, "purchases", {}), "purchases")
    path = a_file(tmp_path, "purchases", change, {"receipt_no": "8"})
    assert counted(taken_in(session, path, "purchases")) == (1, 0, 1)
    assert [(line, column) for line, column, _ in told(session)] == [(2, "receipt_no")]
    assert session.scalars(sa.select(ReceiptLine.amount_minor)).all() == [143, 143]


def test_the_same_number_in_another_store_is_another_receipt(session: Session, tmp_path: Path):
    a_chain(session)
    path = a_file(tmp_path, "purchases", {}, {"store": "292"})
    assert counted(taken_in(session, path, "purchases")) == (2, 0, 0)


def test_a_receipt_that_a_till_posted_is_told_by_its_rows(session: Session, tmp_path: Path):
    a_chain(session)
    path = a_file(tmp_path, "purchases", {"customer_number": ""})
    taken_in(session, path, "purchases")
    original = session.scalars(sa.select(Receipt)).one()
    columns = {column.key: getattr(original, column.key) for column in Receipt.__table__.columns if column.key != "id"}
    receipt_id = session.scalar(sa.insert(Receipt).values(columns | {"receipt_no": "T1-8"}).returning(Receipt.id))
    line = session.scalars(sa.select(ReceiptLine)).one()
    copied = {column.key: getattr(line, column.key) for column in ReceiptLine.__table__.columns}
    session.execute(sa.insert(ReceiptLine).values(copied | {"receipt_id": receipt_id}))
    session.execute(
        sa.insert(ReceiptNumber).values(
            store_id=original.store_id, receipt_no="T1-8", customer_id=0, receipt_id=receipt_id, content_hash=b"till"
        )
    )
    same = a_file(tmp_path, "purchases", {"receipt_no": "T1-8"})
    assert counted(taken_in(session, same, "purchases")) == (0, 1, 0)
    other = a_file(tmp_path, "purchases", {"receipt_no": "T1-8", "amount": "1.40"})
    assert counted(taken_in(session, other, "purchases")) == (0, 0, 1)


def test_a_bad_row_refuses_its_whole_receipt_and_no_other(session: Session, tmp_path: Path):
    a_chain(session)
    rows = ({}, {"line_no": "2", "amount": "free"}, {"line_no": "3"}, {"receipt_no": "8"})
    assert counted(taken_in(session, a_file(tmp_path, "purchases", *rows), "purchases")) == (1, 0, 3)
    assert numbers(session) == ["8"]
    assert told(session) == [
        (2, None, "Line 3 of the same receipt is refused: a receipt is taken whole or not at all."),
        (3, "amount", "“free” is no amount. Write it like 12.50, without thousands separator or currency."),
        (4, None, "Line 3 of the same receipt is refused: a receipt is taken whole or not at all."),
    ]


@pytest.mark.parametrize(
    ("change", "column", "why"),
    [
        ({}, "line_no", "The line number 1 stands already in line 2 of the file, in the same receipt."),
        (
            {"line_no": "2", "sold_at": "2017-07-01T12:26:31"},
            "sold_at",
            "The time isn't that of line 2, which belongs to the same receipt.",
        ),
        (
            {"line_no": "2", "customer_number": "C1"},
            "customer_number",
            "The customer isn't that of line 2, which belongs to the same receipt.",
        ),
    ],
)
def test_lines_that_contradict_their_receipt_are_told(
    session: Session, tmp_path: Path, change: dict[str, str], column: str, why: str
):
    a_chain(session)
    a_customer(session, "C1")
    path = a_file(tmp_path, "purchases", {}, {"receipt_no": "8"}, change)
    assert counted(taken_in(session, path, "purchases")) == (1, 0, 2)
    assert (4, column, why) in told(session)
    assert numbers(session) == ["8"]


@pytest.mark.parametrize("number", ["C2", "0"])
def test_a_customer_nobody_knows_is_told(session: Session, tmp_path: Path, number: str):
    a_chain(session)
    path = a_file(tmp_path, "purchases", {"customer_number": number})
    assert counted(taken_in(session, path, "purchases")) == (0, 0, 1)
    why = f"No customer has the number {number}. Import the customers first."
    assert told(session) == [(2, "customer_number", why)]
    assert session.scalars(sa.select(Store.id)).all() == []


def test_a_sale_that_is_still_to_come_is_refused(session: Session, tmp_path: Path):
    a_chain(session)
    path = a_file(tmp_path, "purchases", {"sold_at": "2026-11-24T10:00:00"}, {"receipt_no": "8"})
    assert counted(taken_in(session, path, "purchases")) == (1, 0, 1)
    assert told(session) == [(2, "sold_at", "The time 2026-11-24T10:00:00 is still to come.")]


def test_what_is_refused_creates_no_store_and_no_product(session: Session, tmp_path: Path):
    a_chain(session)
    taken_in(session, a_file(tmp_path, "purchases", {"amount": "x"}), "purchases")
    assert session.scalars(sa.select(Store.id)).all() == []
    assert session.scalars(sa.select(Product.id)).all() == []


def test_without_a_chain_nothing_can_be_imported(session: Session, tmp_path: Path):
    with pytest.raises(Unavailable, match="erp-club chain"):
        taken_in(session, a_file(tmp_path, "purchases", {}), "purchases")
