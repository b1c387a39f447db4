"""Price lists from files: opened, added to and changed, refused by line.

REQ L-02, I-01
"""

import datetime as dt
from pathlib import Path

import pytest
import sqlalchemy as sa
import xlsxwriter
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product
from erp_club.imports.exports import export_file
from erp_club.kernel.audit import AuditEntry
from erp_club.kernel.errors import Refused
from erp_club.organisation.models import Store
from erp_club.pricelists import queries
from erp_club.pricelists.kinds import PriceListState
from erp_club.pricelists.models import PriceList
from tests.make.clubs import a_club
from tests.make.files import a_file, counted, taken_in, told
from tests.make.organisation import a_chain, a_store
from tests.make.pricelists import a_list, an_entry, in_group
from tests.make.purchases import a_product

DAY = dt.date(2026, 11, 22)
KIND = "price-list"
Entries = list[tuple[str | None, str | None, str | None, int | None, int | None, str]]


@pytest.fixture
def shop(session: Session) -> Session:
    """Milk (in the group DAIRY) and bread, the club GOLD and the store 374."""
    a_chain(session)
    a_club(session)
    a_store(session, "374")
    for sku in ("milk", "bread"):
        a_product(session, sku)
    in_group(session, "milk", "DAIRY")
    return session


def entries(session: Session, code: str = "GOLD-26") -> Entries:
    """Product, group, store, price, share off and days of a list's entries, as they were added."""
    rows = session.execute(
        sa.text(
            "SELECT p.sku, g.name, s.code, e.price_minor, e.off_bp, e.validity::text FROM price_list_entries e "
            "JOIN price_lists l ON l.id = e.price_list_id AND l.code = :code "
            "LEFT JOIN products p ON p.id = e.product_id "
            "LEFT JOIN product_groups g ON g.id = e.group_id LEFT JOIN stores s ON s.id = e.store_id ORDER BY e.id"
        ),
        {"code": code},
    )
    return [(*row,) for row in rows]


def take(session: Session, folder: Path, *rows: dict[str, str], more: str = "") -> tuple[int, int, int]:
    """Import rows; gives how many were taken, unchanged and refused."""
    return counted(taken_in(session, a_file(folder, KIND, *rows, more=more), KIND))


MANY = (
    {"sku": "milk", "price": "8.50"},
    {"group": "DAIRY", "percent": "12.5", "from": "2026-11-01", "to": "2026-11-30"},
    {"percent": "5%", "store": "374"},
)


def test_a_list_that_is_new_is_opened_and_holds_at_once(shop: Session, tmp_path: Path):
    assert take(shop, tmp_path, *MANY) == (3, 0, 0)
    assert entries(shop) == [
        ("milk", None, None, 8_50, None, "(,)"),
        (None, "DAIRY", None, None, 1250, "[2026-11-01,2026-12-01)"),
        (None, None, "374", None, 500, "(,)"),
    ]
    made = shop.scalars(sa.select(PriceList)).one()
    assert (made.state, made.names["en"], made.all_stores, made.always) == ("published", "GOLD-26", True, False)
    found = queries.prices_for(shop, products=["milk"], clubs={"GOLD": None}, store="374", day=DAY)
    assert len(found) == 3


def test_importing_a_price_list_again_changes_nothing(shop: Session, tmp_path: Path):
    take(shop, tmp_path, *MANY)
    before = entries(shop), shop.scalars(sa.select(AuditEntry.id)).all()
    assert take(shop, tmp_path, *MANY) == (0, 3, 0)
    assert (entries(shop), shop.scalars(sa.select(AuditEntry.id)).all()) == before


def test_a_row_changes_the_entry_with_its_list_product_store_and_first_day(shop: Session, tmp_path: Path):
    take(shop, tmp_path, *MANY)
    changed = (
        {"sku": "milk", "price": "8.20"},
        {"group": "DAIRY", "percent": "12.5", "from": "2026-11-01", "to": "2026-12-31"},
        {"percent": "5", "store": "374"},
        {"sku": "milk", "percent": "20", "store": "374"},
    )
    assert take(shop, tmp_path, *changed) == (3, 1, 0)
    assert entries(shop) == [
        ("milk", None, None, 8_20, None, "(,)"),
        (None, "DAIRY", None, None, 1250, "[2026-11-01,2027-01-01)"),
        (None, None, "374", None, 500, "(,)"),
        ("milk", None, "374", None, 2000, "(,)"),
    ]


def test_one_file_ends_a_price_and_begins_the_next(shop: Session, tmp_path: Path):
    take(shop, tmp_path, {"sku": "milk", "price": "8.50"})
    rows = (
        {"sku": "milk", "price": "9.00", "from": "2027-01-01"},
        {"sku": "milk", "price": "8.50", "to": "2026-12-31"},
    )
    assert take(shop, tmp_path, *rows) == (2, 0, 0)
    assert [entry[-1] for entry in entries(shop)] == ["(,2027-01-01)", "[2027-01-01,)"]


def test_days_move_between_prices_in_one_file(shop: Session, tmp_path: Path):
    first = ({"sku": "milk", "price": "8", "from": "2026-01-01", "to": "2026-01-31"},)
    second = ({"sku": "milk", "price": "9", "from": "2026-02-01", "to": "2026-03-31"},)
    take(shop, tmp_path, *first, *second)
    longer = ({"sku": "milk", "price": "8", "from": "2026-01-01", "to": "2026-02-14"},)
    assert take(shop, tmp_path, *longer) == (0, 0, 1)
    assert told(shop)[0][:2] == (2, "from")
    later = ({"sku": "milk", "price": "9", "from": "2026-02-15", "to": "2026-03-31"},)
    assert take(shop, tmp_path, *longer, *later) == (0, 0, 2)


def test_two_rows_that_say_two_things_of_one_day_are_refused_by_line(shop: Session, tmp_path: Path):
    rows = (
        {"sku": "milk", "price": "8.50"},
        {"sku": "milk", "price": "8.60"},
        {"sku": "milk", "price": "8.70", "from": "2026-12-01"},
        {"sku": "milk", "price": "8.80", "store": "374"},
    )
    assert take(shop, tmp_path, *rows) == (2, 0, 2)
    assert [(line, column) for line, column, _ in told(shop)] == [(3, "from"), (4, "from")]
    assert "Line 2 says" in told(shop)[0][2]


def test_a_refused_row_leaves_its_entry_which_may_refuse_another(shop: Session, tmp_path: Path):
    take(shop, tmp_path, {"sku": "milk", "price": "8", "from": "2026-01-01"})
    rows = (
        {"sku": "milk", "price": "dear", "from": "2026-01-01", "to": "2026-06-30"},
        {"sku": "milk", "price": "9", "from": "2026-07-01"},
    )
    assert take(shop, tmp_path, *rows) == (0, 0, 2)
    assert [(line, column) for line, column, _ in told(shop)] == [(2, "price"), (3, "from")]


def test_a_row_of_a_list_for_somebody_else_is_refused(shop: Session, tmp_path: Path):
    a_club(shop, "GREEN")
    an_entry(shop, a_list(shop, level="Silver"), sku="milk")
    rows = (
        {"sku": "bread", "percent": "5", "level": "Silver"},
        {"sku": "bread", "percent": "5", "store": "374"},
        {"sku": "bread", "percent": "5", "club": "GREEN"},
        {"percent": "5", "club": ""},
    )
    assert take(shop, tmp_path, *rows, more="level") == (2, 0, 2)
    assert [(line, column) for line, column, _ in told(shop)] == [(3, "club"), (4, "club")]


def test_lists_may_be_for_a_level_or_a_customer_group(shop: Session, tmp_path: Path):
    rows = (
        {"list": "A", "club": "gold", "level": "Silver", "percent": "5"},
        {"list": "B", "club": "", "segment": "Staff", "percent": "10", "always": "yes"},
        {"list": "B", "club": "", "sku": "milk", "percent": "15"},
        {"list": "C", "club": "", "level": "Top", "percent": "20"},
    )
    assert take(shop, tmp_path, *rows, more="level,segment,always") == (4, 0, 0)
    made = {each.code: each for each in shop.scalars(sa.select(PriceList))}
    assert (made["A"].level, made["A"].club_id is not None) == ("Silver", True)
    assert (made["B"].segment, made["B"].club_id, made["B"].always) == ("Staff", None, True)
    assert (made["C"].level, made["C"].club_id) == ("Top", None)


@pytest.mark.parametrize(
    ("row", "column", "why"),
    [
        ({"list": ""}, "list", "The value is missing."),
        ({"club": "NOBODY"}, "club", "There is no club with the code NOBODY."),
        ({"club": ""}, "club", "is new"),
        ({"group": "TOYS"}, "group", "There is no product group TOYS."),
        ({"sku": "milk", "group": "DAIRY"}, "group", "a product and a group"),
        ({"percent": ""}, "price", "The price is missing."),
        ({"price": "1.00"}, "percent", "a price and a percentage"),
        ({"percent": "", "price": "-1"}, "price", "below 0"),
        ({"percent": "", "price": "₪9"}, "price", "is no amount"),
        ({"percent": "101"}, "percent", "no percentage from 0 to 100"),
        ({"percent": "0.15"}, "percent", "Write 15 for 15 %."),
        ({"from": "1.1.2026"}, "from", "is no date"),
        ({"from": "2026-02-29"}, "from", "There is no such day."),
        ({"from": "2026-02-01", "to": "2026-01-31"}, "to", "before the first"),
        ({"segment": "Staff"}, "segment", "Leave one of them empty."),
        ({"always": "maybe"}, "always", "neither yes nor no"),
    ],
)
def test_what_is_wrong_with_a_row_is_told_with_its_line_and_column(
    shop: Session, tmp_path: Path, row: dict[str, str], column: str, why: str
):
    assert take(shop, tmp_path, {"list": "B", "percent": "5"}, {"percent": "10"} | row, more="segment,always") == (
        1,
        0,
        1,
    )
    ((line, at, sentence),) = told(shop)
    assert (line, at) == (3, column)
    assert why in sentence


def test_unknown_stores_and_products_are_created_and_marked_so(shop: Session, tmp_path: Path):
    rows = ({"sku": "new", "price": "5", "store": "999"}, {"sku": "bad", "price": "?"}, {"sku": "new", "price": "6"})
    outcome = taken_in(shop, a_file(tmp_path, KIND, *rows), KIND)
    assert counted(outcome) == (2, 0, 1)
    assert shop.scalars(sa.select(Product.sku).where(Product.stub)).all() == ["new"]
    assert shop.scalars(sa.select(Store.code).where(Store.stub)).all() == ["999"]
    assert {"1 unknown store was created.", "1 unknown product was created."} <= set(map(str, outcome.notes))


def test_a_closed_list_takes_no_more_prices(shop: Session, tmp_path: Path):
    an_entry(shop, a_list(shop, state=PriceListState.CLOSED), sku="milk", price_minor=8_50)
    assert take(shop, tmp_path, {"sku": "milk", "price": "8.50"}, {"sku": "bread", "price": "5"}) == (0, 1, 1)
    assert told(shop)[0][:2] == (3, "list")


def test_a_draft_takes_prices_and_stays_a_draft(shop: Session, tmp_path: Path):
    a_list(shop, state=PriceListState.DRAFT)
    assert take(shop, tmp_path, {"sku": "milk", "price": "8.50"}) == (1, 0, 0)
    assert shop.scalars(sa.select(PriceList.state)).all() == ["draft"]


def test_every_list_keeps_what_a_file_changed_in_its_history(shop: Session, tmp_path: Path):
    take(shop, tmp_path, *MANY)
    trace = shop.execute(
        sa.select(AuditEntry.action, AuditEntry.after).where(AuditEntry.entity == "price_list").order_by(AuditEntry.id)
    ).all()
    assert [action for action, _ in trace] == ["price_list.create", "price_list.import"]
    assert trace[1].after == {"file": "price-list.csv", "prices_added": 3, "prices_changed": 0}


def test_a_workbook_says_the_same_as_a_csv(shop: Session, tmp_path: Path):
    path = tmp_path / "prices.xlsx"
    with xlsxwriter.Workbook(str(path), {"remove_timezone": True}) as book:
        sheet, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, ["list", "club", "sku", "price", "percent", "from"])
        sheet.write_row(1, 0, ["GOLD-26", "GOLD", "milk", 8.5])
        sheet.write_datetime(1, 5, dt.datetime(2026, 11, 1, tzinfo=dt.UTC), day)
        sheet.write_row(2, 0, ["GOLD-26", "GOLD", "bread", None, 12.5])
    assert counted(taken_in(shop, path, KIND)) == (2, 0, 0)
    assert [entry[3:] for entry in entries(shop)] == [(8_50, None, "[2026-11-01,)"), (None, 1250, "(,)")]


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".xlsx"])
def test_importing_an_export_of_price_lists_changes_nothing(shop: Session, tmp_path: Path, ending: str):
    take(shop, tmp_path, *MANY)
    an_entry(shop, a_list(shop, "DRAFT", state=PriceListState.DRAFT), sku="milk")
    out = tmp_path / f"out{ending}"
    assert export_file(shop, KIND, out) == 3
    assert counted(taken_in(shop, out, KIND)) == (0, 3, 0)


def test_a_file_without_a_list_is_refused_as_a_whole(shop: Session, tmp_path: Path):
    (tmp_path / "prices.csv").write_text("sku,price\nmilk,8.50\n", encoding="utf-8")
    with pytest.raises(Refused) as refused:
        taken_in(shop, tmp_path / "prices.csv", KIND)
    assert refused.value.code == "file-column-missing"
