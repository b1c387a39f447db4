"""Rows of the three kinds: what is taken, and what is refused with its line and column.

REQ I-01
"""

import csv
import datetime as dt
from pathlib import Path

import pytest
import xlsxwriter

from erp_club.imports.files import open_table
from erp_club.imports.formats import Reading, Refusal
from erp_club.imports.kinds import CUSTOMERS, KINDS, PRODUCTS, PURCHASES
from erp_club.imports.refused import refused_path, write_refused
from erp_club.kernel.errors import Refused

PURCHASE_HEADER = "receipt_no,store,sold_at,customer_number,line_no,sku,quantity,list_amount,amount"
PRODUCT_HEADER = "sku,name,group,department,brand,list_price,vat_percent"


def read(folder: Path, kind: str, *lines: str, name: str = "file.csv") -> Reading:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Reading(open_table(path), KINDS[kind])


def taken(reading: Reading) -> list[tuple[object, ...]]:
    return [row for batch in reading.batches() for row in zip(*batch.values, strict=True)]


def refused(reading: Reading) -> list[Refusal]:
    return [refusal for batch in reading.batches() for refusal in batch.refusals]


def places(reading: Reading) -> list[tuple[int, str | None]]:
    return [(refusal.line, refusal.column) for refusal in refused(reading)]


def purchase(**cells: str) -> str:
    row = {
        "receipt_no": "7", "store": "406", "sold_at": "2017-01-01T12:26:30", "customer_number": "C1", "line_no": "1",
        "sku": "26093", "quantity": "1", "list_amount": "1.58", "amount": "1.43",
    }  # fmt: skip
    return ",".join((row | cells).values())


def product(**cells: str) -> str:
    row = {
        "sku": "1", "name": "Bread", "group": "BREAD", "department": "PASTRY", "brand": "Private",
        "list_price": "1.59", "vat_percent": "17",
    }  # fmt: skip
    return ",".join((row | cells).values())


def customer(**cells: str) -> str:
    row = dict.fromkeys((column.name for column in CUSTOMERS.columns if column.needed), "") | {
        "number": "C1", "given_name": "רחל", "family_name": "רזניק",
    }  # fmt: skip
    return ",".join((row | cells).values())


CUSTOMER_HEADER = ",".join(column.name for column in CUSTOMERS.columns if column.needed)


def test_a_line_of_a_receipt_is_read_to_the_last_agora(tmp_path: Path) -> None:
    reading = read(tmp_path, "purchases", PURCHASE_HEADER, purchase(quantity="0.755", customer_number=""))
    assert taken(reading) == [
        ("7", "406", dt.datetime.fromisoformat("2017-01-01T12:26:30"), None, 1, "26093", 755, 158, 143),
    ]
    assert refused(reading) == []


def test_columns_may_stand_in_any_order_and_unknown_ones_are_named(tmp_path: Path) -> None:
    lines = ("vat_percent;Colour;brand;list_price;department;group;NAME;sku", "25.5;red;Own;12,50;D;G;Bread;1")
    reading = read(tmp_path, "products", *lines)
    assert taken(reading) == [("1", "Bread", "G", "D", "Own", 1250, 2550)]
    assert [str(warning) for warning in reading.warnings] == [
        "These columns are not known and are passed over: Colour."
    ]


def test_clubs_classes_and_optional_columns_of_a_customer_are_read(tmp_path: Path) -> None:
    header = CUSTOMER_HEADER + ",anniversary,club:BABY,Class: Shoe size"
    row = customer(gender="f", birthday="1982-03-03", consent_sms="כן", consent_post="Nej", language="HE")
    reading = read(tmp_path, "customers", header, row + ",2010-06-01,2020-01-31,38", customer(number="C2") + ",,,")
    first, second = ({name: row[place] for place, name in enumerate(reading.columns)} for row in taken(reading))
    assert first["gender"] == "F"
    assert first["birthday"] == dt.date(1982, 3, 3)
    assert (first["consent_sms"], first["consent_post"], first["consent_email"]) == (True, False, None)
    assert first["language"] == "he"
    assert first["anniversary"] == dt.date(2010, 6, 1)
    assert (first["club:BABY"], first["class:Shoe size"]) == (dt.date(2020, 1, 31), "38")
    assert (second["club:BABY"], second["class:Shoe size"]) == (None, None)
    assert "own_id" not in first


def test_a_workbook_is_taken_like_a_csv(tmp_path: Path) -> None:
    path = tmp_path / "purchases.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet.write_row(0, 0, PURCHASE_HEADER.split(","))
        sheet.write_row(1, 0, [31198655051, 406, "", "C1", 1, 1041453, 1, 1.5, 1.43])
        sheet.write_datetime(1, 2, dt.datetime.fromisoformat("2017-01-01T12:26"), moment)
    reading = Reading(open_table(path), PURCHASES)
    assert taken(reading) == [
        ("31198655051", "406", dt.datetime.fromisoformat("2017-01-01T12:26"), "C1", 1, "1041453", 1000, 150, 143),
    ]


@pytest.mark.parametrize(
    ("cells", "column", "says"),
    [
        ({"sold_at": "2017-02-30T10:00:00"}, "sold_at", "There is no such day."),
        ({"sold_at": "2017-02-28T25:00:00"}, "sold_at", "is no time"),
        ({"sold_at": "31/01/2017 10:00"}, "sold_at", "is no time"),
        ({"sold_at": "2017-01-31T10:00:00+02:00"}, "sold_at", "names an offset"),
        ({"sold_at": "2017-01-31T10:00Z"}, "sold_at", "names an offset"),
        ({"quantity": "1.2345"}, "quantity", "is no quantity"),
        ({"quantity": "2 kg"}, "quantity", "is no quantity"),
        ({"amount": "1.234"}, "amount", "is no amount"),
        ({"amount": "₪ 5"}, "amount", "is no amount"),
        ({"amount": "٣.٥٠"}, "amount", "is no amount"),
        ({"amount": "1e3"}, "amount", "is no amount"),
        ({"list_amount": "-1.58"}, "list_amount", "below 0"),
        ({"amount": "-1.43"}, "amount", "below 0"),
        ({"quantity": "-1", "list_amount": "-1.58"}, "amount", "The quantity is below 0"),
        ({"line_no": "0"}, "line_no", "is no line number"),
        ({"receipt_no": " "}, "receipt_no", "is missing"),
        ({"sku": ""}, "sku", "is missing"),
        ({"store": "4\x0006"}, "store", "invisible character"),
    ],
)
def test_a_bad_cell_of_a_receipt_is_told_by_line_and_column(
    tmp_path: Path, cells: dict[str, str], column: str, says: str
) -> None:
    reading = read(
        tmp_path,
        "purchases",
        PURCHASE_HEADER,
        purchase(),
        purchase(**cells),
        purchase(),
    )
    (refusal,) = refused(reading)
    assert (refusal.line, refusal.column) == (3, column)
    assert says in str(refusal.text)
    assert len(taken(reading)) == 2


@pytest.mark.parametrize(
    ("cells", "column", "says"),
    [
        ({"list_price": "-3.00"}, "list_price", "The price -3.00 is below 0."),
        ({"list_price": "1,234.50"}, None, "perhaps a text with a separator in it has no quotation marks"),
        ({"list_price": '"1,234.50"'}, "list_price", "is no amount"),
        ({"vat_percent": "117"}, "vat_percent", "is no percentage"),
        ({"name": ""}, "name", "is missing"),
        ({"name": '"Big" bread'}, None, "A quotation mark inside a quoted field"),
    ],
)
def test_a_bad_cell_of_a_product_is_told_by_line_and_column(
    tmp_path: Path, cells: dict[str, str], column: str | None, says: str
) -> None:
    reading = read(tmp_path, "products", PRODUCT_HEADER, product(**cells), product(sku="2"))
    (refusal,) = refused(reading)
    assert (refusal.line, refusal.column) == (2, column)
    assert says in str(refusal.text)
    assert [row[0] for row in taken(reading)] == ["2"]


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"birthday": "1979-13-01"}, "birthday"),
        ({"birthday": "0079-02-22"}, "birthday"),
        ({"birthday": "22.2.1979"}, "birthday"),
        ({"consent_sms": "maybe"}, "consent_sms"),
        ({"gender": "Q"}, "gender"),
        ({"language": "Hebrew"}, "language"),
        ({"id_number": "355675463"}, "id_kind"),
        ({"id_kind": "national_id", "id_country": "IL"}, "id_number"),
        ({"id_kind": "passport", "id_number": "X1"}, "id_country"),
        ({"given_name": "", "family_name": ""}, "family_name"),
    ],
)
def test_a_bad_cell_of_a_customer_is_told_by_line_and_column(
    tmp_path: Path, cells: dict[str, str], column: str
) -> None:
    assert places(read(tmp_path, "customers", CUSTOMER_HEADER, customer(**cells))) == [(2, column)]


def test_every_bad_cell_of_a_row_is_told_and_the_row_counted_once(tmp_path: Path) -> None:
    reading = read(tmp_path, "products", PRODUCT_HEADER, product(name="", list_price="x", vat_percent="y"), product())
    assert places(reading) == [(2, "name"), (2, "list_price"), (2, "vat_percent")]
    assert len(taken(reading)) == 1


def test_a_product_that_comes_twice_is_refused_the_second_time_with_the_line_of_the_first(tmp_path: Path) -> None:
    rows = [product(sku=str(number)) for number in range(10_000)]
    reading = read(tmp_path, "products", PRODUCT_HEADER, *rows, product(sku=" 17 ", name="Milk"))
    (refusal,) = refused(reading)
    assert (refusal.line, refusal.column) == (10_002, "sku")
    assert str(refusal.text) == "“17” stands already in line 19."
    assert len(taken(reading)) == 10_000


def test_only_goods_can_earn_points(tmp_path: Path) -> None:
    header = PRODUCT_HEADER + ",earns_points,kind"
    reading = read(tmp_path, "products", header, product() + ",yes,delivery", product(sku="2") + ",no,Deposit")
    assert places(reading) == [(2, "earns_points")]
    assert taken(reading)[0][-2:] == (False, "deposit")


def test_the_receipt_of_a_refused_row_is_named(tmp_path: Path) -> None:
    lines = [purchase(), purchase(amount="x"), "8,406,2017-01-01", purchase(store=""), purchase()]
    reading = read(tmp_path, "purchases", PURCHASE_HEADER, *lines)
    (batch,) = reading.batches()
    assert batch.refused_groups == [(3, ("406", "7")), (4, ("406", "8")), (5, (None, "7"))]
    assert batch.lines == [2, 6]
    assert str(batch.refusals[1].text) == "The row has only 3 of 9 fields."


def test_a_missing_column_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(Refused) as error:
        read(tmp_path, "products", "sku,name,group,department,brand,price", "1,Bread,G,D,B,1.00")
    assert error.value.code == "file-column-missing"
    assert "lacks the columns list_price, vat_percent." in str(error.value)
    assert "sku, name, group, department, brand, price" in str(error.value)


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused) as error:
        read(tmp_path, "products", PRODUCT_HEADER + ",SKU", product() + ",2")
    assert error.value.code == "file-column-twice"
    assert "The column SKU stands in the header twice: as column 1 and column 8." in str(error.value)


def test_a_file_without_a_header_is_told_from_one_with_a_missing_column(tmp_path: Path) -> None:
    with pytest.raises(Refused) as error:
        read(tmp_path, "purchases", purchase(), purchase())
    assert error.value.code == "file-no-header"
    assert "7, 406, 2017-01-01T12:26:30" in str(error.value)


@pytest.mark.parametrize("end", ["1.4", "1.", "1"])
def test_an_amount_at_which_the_file_breaks_off_is_not_taken_for_a_smaller_one(tmp_path: Path, end: str) -> None:
    path = tmp_path / "purchases.csv"
    path.write_text("\n".join([PURCHASE_HEADER, purchase(), purchase(amount=end)]), encoding="utf-8")
    reading = Reading(open_table(path), PURCHASES)
    with pytest.raises(Refused) as error:
        refused(reading)
    assert error.value.code == "file-cut-off"
    assert f"its last line, 3, breaks off in the column amount at “{end}”" in str(error.value)


def test_a_last_line_without_a_line_break_is_taken_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "purchases.csv"
    path.write_text(f"{PURCHASE_HEADER}\n{purchase()}\n{purchase()}", encoding="utf-8")
    assert len(taken(Reading(open_table(path), PURCHASES))) == 2


def test_refused_rows_can_be_corrected_and_imported_again(tmp_path: Path) -> None:
    rows = [
        product(name="שוקו"),
        product(sku="2", name='"Tea, green"', list_price="x", vat_percent="y"),
        product(sku="3"),
        product(sku="4") + ",5",
    ]
    reading = read(tmp_path, "products", PRODUCT_HEADER, *rows, product(sku="5"), name="products.csv.gz.csv")
    path = write_refused(reading.table, refused(reading), say=str)
    assert path == refused_path(reading.table.path)
    assert path is not None
    assert path.name == "products.csv.gz.csv.refused.csv"
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header, first, second = csv.reader(stream)
    assert header == [*PRODUCT_HEADER.split(","), "line", "reason"]
    assert first[:2] == ["2", "Tea, green"]
    assert first[7] == "3"
    assert first[8].startswith("list_price: “x” is no amount.")
    assert "vat_percent: “y” is no percentage" in first[8]
    assert second[7] == "5"

    path.write_text(path.read_text(encoding="utf-8-sig").replace(",x,y,", ",1.10,17,"), encoding="utf-8")
    again = Reading(open_table(path), PRODUCTS)
    assert again.warnings == ()
    assert [row[0] for row in taken(again)] == ["2"]


def test_a_run_without_refusals_takes_the_file_of_an_earlier_one_away(tmp_path: Path) -> None:
    reading = read(tmp_path, "products", PRODUCT_HEADER, product())
    refused_path(reading.table.path).write_text("old", encoding="utf-8")
    assert write_refused(reading.table, [], say=str) is None
    assert not refused_path(reading.table.path).exists()
