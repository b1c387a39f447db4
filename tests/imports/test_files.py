"""Files as people send them: recognised where there is no doubt, refused with line and byte where they are faulty.

REQ I-01
"""

import datetime as dt
import gzip
import re
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
import xlsxwriter

from erp_club.imports.files import open_table
from erp_club.imports.table import Table
from erp_club.kernel.errors import NotFound, Refused

HEBREW = "number,given_name,family_name\nC1,אלחנן,זועבי\nC2,בנימין,לוין\nC3,רחל,בן דוד\n"
FINNISH = "number,given_name,family_name\nC1,Päivi,Mäkelä\nC2,Åsa,Sjöström\nC3,Yrjö,Hyvönen\n"


def written(folder: Path, content: str | bytes, *, encoding: str = "utf-8", name: str = "customers.csv") -> Path:
    path = folder / name
    data = content if isinstance(content, bytes) else content.encode(encoding)
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def rows_of(table: Table) -> list[tuple[int, list[str]]]:
    return [(line, row) for block in table.blocks() for line, row in zip(block.lines, block.rows, strict=True)]


def refusal_of(path: Path, *, encoding: str | None = None) -> Refused:
    with pytest.raises(Refused) as refused:
        rows_of(open_table(path, encoding=encoding))
    return refused.value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1255"])
def test_hebrew_names_are_read_in_every_encoding_a_spreadsheet_saves(tmp_path: Path, encoding: str) -> None:
    table = open_table(written(tmp_path, HEBREW, encoding=encoding))
    assert table.header == ("number", "given_name", "family_name")
    assert rows_of(table) == [
        (2, ["C1", "אלחנן", "זועבי"]),
        (3, ["C2", "בנימין", "לוין"]),
        (4, ["C3", "רחל", "בן דוד"]),
    ]


def test_utf_16_with_the_mark_of_the_other_byte_order_is_read(tmp_path: Path) -> None:
    table = open_table(written(tmp_path, b"\xfe\xff" + HEBREW.encode("utf-16-be")))
    assert table.header[0] == "number"
    assert rows_of(table)[0] == (2, ["C1", "אלחנן", "זועבי"])


def test_finnish_names_in_windows_1252_are_told_from_hebrew(tmp_path: Path) -> None:
    table = open_table(written(tmp_path, FINNISH, encoding="cp1252"))
    assert rows_of(table)[0] == (2, ["C1", "Päivi", "Mäkelä"])
    assert rows_of(table)[2] == (4, ["C3", "Yrjö", "Hyvönen"])


def test_an_encoding_is_found_in_a_packed_file_too(tmp_path: Path) -> None:
    table = open_table(written(tmp_path, HEBREW, encoding="cp1255", name="customers.csv.gz"))
    assert rows_of(table)[1] == (3, ["C2", "בנימין", "לוין"])


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("number,name\nC1,Anna\nC2,ה\n".encode("cp1255"), 3),  # one letter alone: à or ה
        ("number,name\nC1,רחל TVל\n".encode("cp1255"), 2),  # fits neither
        ("number,name\nC1,Ирина\n".encode("cp1251"), 2),  # Russian fits neither
    ],
)
def test_letters_that_fit_both_or_neither_are_asked_for(tmp_path: Path, content: bytes, line: int) -> None:
    refusal = refusal_of(written(tmp_path, content))
    assert refusal.code == "file-encoding"
    assert f"Line {line}" in str(refusal)
    assert "--encoding" in str(refusal)


def test_the_named_encoding_decides_where_the_letters_do_not(tmp_path: Path) -> None:
    path = written(tmp_path, "number,name\nC1,ה\n", encoding="cp1255")
    assert rows_of(open_table(path, encoding="windows-1255")) == [(2, ["C1", "ה"])]
    assert rows_of(open_table(path, encoding="windows-1252")) == [(2, ["C1", "ä"])]


def test_signs_that_both_code_pages_read_alike_need_no_question(tmp_path: Path) -> None:
    path = written(tmp_path, "sku,name\n1,Juice – 2 €\n", encoding="cp1252")
    assert rows_of(open_table(path)) == [(2, ["1", "Juice – 2 €"])]


def test_one_broken_byte_in_a_utf_8_file_is_told_by_line_byte_and_position(tmp_path: Path) -> None:
    before = "number,name\nC1,Mäki\nC2,".encode()
    refusal = refusal_of(written(tmp_path, before + b"L\xf6nn\nC3,Aho\n"))
    assert refusal.code == "file-encoding"
    assert f"Line 3 can't be read as UTF-8: byte 0xF6 at position {len(before) + 1}." in str(refusal)


def test_a_file_that_is_not_in_the_named_encoding_is_refused(tmp_path: Path) -> None:
    refusal = refusal_of(written(tmp_path, HEBREW, encoding="cp1255"), encoding="utf-8")
    assert "Line 2" in str(refusal)
    assert "byte 0xE0" in str(refusal)


@pytest.mark.parametrize("named", ["klingon", "hex"])
def test_an_encoding_nobody_knows_is_refused(tmp_path: Path, named: str) -> None:
    refusal = refusal_of(written(tmp_path, HEBREW), encoding=named)
    assert str(refusal).startswith(f"There is no encoding called {named}.")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_comma_semicolon_and_tab_are_told_apart(tmp_path: Path, delimiter: str) -> None:
    content = 'sku;name;list_price\n1;"Bread; rye, sliced";2.50\n2;Milk, 1 l;1.10\n'
    content = (
        content.replace(";", delimiter) if delimiter != "," else content.replace("Milk, 1 l", "Milk").replace(";", ",")
    )
    table = open_table(written(tmp_path, content))
    assert table.delimiter == delimiter
    assert table.header == ("sku", "name", "list_price")
    assert [row[2] for _, row in rows_of(table)] == ["2.50", "1.10"]


def test_the_line_above_the_header_in_which_excel_names_the_delimiter_is_understood(tmp_path: Path) -> None:
    table = open_table(written(tmp_path, "sep=;\r\nsku;name\r\n1;Bread\r\n"))
    assert table.header == ("sku", "name")
    assert rows_of(table) == [(3, ["1", "Bread"])]


def test_a_line_break_in_a_quoted_field_does_not_shift_the_line_numbers(tmp_path: Path) -> None:
    content = 'number,street,city\r\nC1,"Herzl 5\r\nEntrance ""B""",Haifa\r\n\r\nC2,Aleksi 1,Helsinki\r\n'
    table = open_table(written(tmp_path, content))
    assert rows_of(table) == [
        (2, ["C1", 'Herzl 5\r\nEntrance "B"', "Haifa"]),
        (5, ["C2", "Aleksi 1", "Helsinki"]),
    ]


def test_rows_keep_their_lines_over_many_blocks_and_the_file_can_be_read_again(tmp_path: Path) -> None:
    rows = [[str(number), "x" * (number % 7)] for number in range(20_000)]
    table = open_table(written(tmp_path, "a,b\n" + "".join(f"{a},{b}\n" for a, b in rows), name="big.csv.gz"))
    expected = [(number + 2, row) for number, row in enumerate(rows)]
    assert rows_of(table) == expected
    assert table.bytes_read == table.total_bytes == table.path.stat().st_size
    assert rows_of(table) == expected


def test_progress_grows_while_the_file_is_read(tmp_path: Path) -> None:
    table = open_table(written(tmp_path, "a,b\n" + "some text,more text\n" * 50_000))
    seen = [table.bytes_read for _ in table.blocks()]
    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[-1] == table.total_bytes


@pytest.mark.parametrize("ending", ["", "\n"])
def test_a_last_line_with_too_few_fields_means_that_the_file_is_cut_off(tmp_path: Path, ending: str) -> None:
    refusal = refusal_of(written(tmp_path, "number,given_name,family_name\nC1,Tarja,Lehtinen\nC2,Car" + ending))
    assert refusal.code == "file-cut-off"
    assert "its last line, 3, has only 2 of 3 fields and ends at the column given_name" in str(refusal)


def test_a_quotation_mark_that_is_never_closed_means_that_the_file_is_cut_off(tmp_path: Path) -> None:
    refusal = refusal_of(written(tmp_path, 'number,name\nC1,Tarja\nC2,"Leht'))
    assert refusal.code == "file-cut-off"
    assert "opened in line 3 is never closed" in str(refusal)


def test_a_letter_cut_in_two_means_that_the_file_is_cut_off(tmp_path: Path) -> None:
    refusal = refusal_of(written(tmp_path, "number,name\nC1,רחל\nC2,רחל".encode()[:-1]))
    assert refusal.code == "file-cut-off"
    assert "line 3" in str(refusal)


def test_a_packed_file_that_ends_early_is_refused_before_a_row_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, HEBREW * 1000, name="customers.csv.gz")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(Refused) as refused:
        open_table(path)
    assert refused.value.code == "file-cut-off"


def test_a_packed_file_that_is_damaged_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, HEBREW * 1000, name="customers.csv.gz")
    data = bytearray(path.read_bytes())
    data[-6] ^= 0xFF  # the checksum
    path.write_bytes(bytes(data))
    assert refusal_of(path).code == "file-damaged"


def test_a_packed_file_that_unpacks_to_far_more_than_it_is_is_refused(tmp_path: Path) -> None:
    bomb = written(tmp_path, b"sku,name\n" + b"a" * 60_000_000, name="products.csv.gz")
    assert bomb.stat().st_size < 100_000
    assert refusal_of(bomb).code == "file-unpacks-to-too-much"


def test_a_quotation_mark_that_swallows_lines_is_told_with_both_its_ends(tmp_path: Path) -> None:
    refusal = refusal_of(written(tmp_path, 'sku,name\n1,"Bread\n2,Milk\n3,"Tea"\n4,Oil\n'))
    assert refusal.code == "file-quotes"
    assert "opened in line 2" in str(refusal)
    assert "the next one is in line 4" in str(refusal)


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n", b" ;; \r\n"])
def test_a_file_without_content_is_empty(tmp_path: Path, content: bytes) -> None:
    assert refusal_of(written(tmp_path, content)).code == "file-empty"


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        open_table(tmp_path / "nothing.csv")
    with pytest.raises(NotFound):
        open_table(tmp_path)


def test_cells_of_a_workbook_read_as_they_would_in_a_csv(tmp_path: Path) -> None:
    path = tmp_path / "purchases.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        day, moment = (book.add_format({"num_format": form}) for form in ("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"))
        sheet.write_row(1, 0, ["no", "day", "at", "price", "name", "yes", ""])
        sheet.write_row(3, 0, [31198655051])
        sheet.write_datetime(3, 1, dt.datetime.fromisoformat("2017-01-31"), day)
        sheet.write_datetime(3, 2, dt.datetime.fromisoformat("2017-01-31T12:26:31"), moment)
        sheet.write_row(3, 3, [1.43, "שוקולד", True])
        sheet.write_row(4, 0, ["0012"])
        sheet.write_row(4, 3, [-0.07, "two\nlines", False])
    table = open_table(path)
    assert table.header == ("no", "day", "at", "price", "name", "yes")
    assert rows_of(table) == [
        (4, ["31198655051", "2017-01-31", "2017-01-31T12:26:31", "1.43", "שוקולד", "yes"]),
        (5, ["0012", "", "", "-0.07", "two\nlines", "no"]),
    ]
    assert table.bytes_read == table.total_bytes


@pytest.mark.parametrize("content", [b"PK\x03\x04 and no more", b"sku,name\n1,Bread\n", b"\xd0\xcf\x11\xe0\xa1\xb1"])
def test_what_is_no_workbook_is_refused_as_one(tmp_path: Path, content: bytes) -> None:
    assert refusal_of(written(tmp_path, content, name="products.xlsx")).code == "file-not-xlsx"


def _with_sheet(folder: Path, rows: str, *, strings: int = 0) -> Path:
    """A workbook whose first sheet holds these rows, beside a part of so many bytes of text."""
    path, whole = folder / "products.xlsx", folder / "whole.xlsx"
    with xlsxwriter.Workbook(whole) as book:
        book.add_worksheet().write(0, 0, "sku")
    with ZipFile(whole) as parts, ZipFile(path, "w", ZIP_DEFLATED) as packed:
        for part in parts.namelist():
            content = parts.read(part)
            if part == "xl/worksheets/sheet1.xml":
                content = re.sub(b"<sheetData>.*</sheetData>", f"<sheetData>{rows}</sheetData>".encode(), content)
            packed.writestr(part, content)
        packed.writestr("xl/more.xml", b"a" * strings)
    return path


FIRST = '<row r="1"><c r="A1" t="inlineStr"><is><t>sku</t></is></c></row>'


@pytest.mark.parametrize(
    "rows",
    [
        FIRST + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        FIRST + '<row r="1048576"><c q=">" r=\'XFD1048576\'><v>1</v></c></row>',
        f"<row>{'<c><v>1</v></c>' * 16_000}</row>" + '<row r="1048576"><c><v>1</v></c></row>',
    ],
    ids=["two-corners", "oddly-written", "cells-without-a-place"],
)
def test_a_small_workbook_that_would_fill_the_memory_is_refused_before_it_is_laid_out(tmp_path: Path, rows: str):
    # Laid out, it takes half a terabyte, and the process with it.
    assert refusal_of(_with_sheet(tmp_path, rows)).code == "file-unpacks-to-too-much"


def test_a_workbook_with_a_part_that_unpacks_to_far_too_much_is_refused(tmp_path: Path) -> None:
    assert refusal_of(_with_sheet(tmp_path, FIRST, strings=60_000_000)).code == "file-unpacks-to-too-much"
    broken = _with_sheet(tmp_path, FIRST + '<row a="1" a="2"><c r="A2"><v>1</v></c></row>')
    assert refusal_of(broken).code == "file-not-xlsx"


def test_a_format_down_to_the_last_row_takes_no_room(tmp_path: Path) -> None:
    path = _with_sheet(
        tmp_path, FIRST + '<row r="2"><c r="A2"><v>7</v></c></row><row r="1048576"><c r="XFD1048576"/></row>'
    )
    assert rows_of(open_table(path)) == [(2, ["7"])]
