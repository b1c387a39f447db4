"""XLSX: the first sheet with anything on it, its typed cells in the same text forms that a CSV has."""

import datetime as dt
import zlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from xml.parsers.expat import ExpatError
from zipfile import BadZipFile

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from erp_club.imports.table import BLOCK_ROWS, Block, Table
from erp_club.imports.xlsx_size import check_size
from erp_club.kernel.errors import Refused
from erp_club.kernel.text import T

_DAMAGED = (CalamineError, BadZipFile, EOFError, ExpatError, NotImplementedError, RuntimeError, ValueError, zlib.error)
"""What the workbook's parts are read by says of one that is damaged, locked, or packed in another way."""

Cell = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta


class XlsxTable(Table):
    """Lines are the sheet's row numbers. A time of exactly midnight reads as its date: the format doesn't tell them
    apart. Raises Refused for what is no XLSX, and for an empty workbook."""

    def __init__(self, path: Path) -> None:
        self._sheet = _first_sheet(path)
        for skip, row in enumerate(self._sheet.iter_rows(), start=1):
            if any(cell != "" for cell in row):
                self._skip = skip
                super().__init__(path, _without_empty_end([as_text(cell) for cell in row]), ",")
                return
        raise Refused(T("%(file)s is empty.", file=path.name), code="file-empty")

    def blocks(self) -> Iterator[Block]:
        """Rows as wide as the header, or wider where something stands beyond it."""
        block, columns = Block(), len(self.header)
        height = max(self._sheet.total_height, 1)
        for line, cells in enumerate(self._sheet.iter_rows(), start=1):
            if line <= self._skip:
                continue
            row = [as_text(cell) for cell in cells]
            if not any(row):
                continue
            # The sheet is as wide as its widest row: empty cells beyond the header are nobody's.
            block.rows.append(row if len(row) == columns else row[:columns] + _without_empty_end(row[columns:]))
            block.lines.append(line)
            if len(block.rows) == BLOCK_ROWS:
                self.bytes_read = self.total_bytes * line // height
                yield block
                block = Block()
        self.bytes_read = self.total_bytes
        yield block


def as_text(cell: Cell) -> str:
    """A cell as a CSV has it: `2026-01-31`, `2026-01-31T09:30:00`, `12` for 12.0, `1.43` to the 15 digits that a
    spreadsheet keeps, `yes` and `no`."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, float):
        return format(Decimal(f"{cell:.15g}"), "f")
    if isinstance(cell, dt.timedelta):
        return str(cell)
    return cell.isoformat()


def _without_empty_end(cells: list[str]) -> list[str]:
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return cells[:end]


def _first_sheet(path: Path) -> CalamineSheet:
    try:
        check_size(path)
        with path.open("rb") as stream:
            book = CalamineWorkbook.from_filelike(stream)
            for position, sheet in enumerate(book.sheets_metadata):
                if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible:
                    rows = book.get_sheet_by_index(position)
                    if rows.total_height:
                        return rows
    except _DAMAGED:
        raise Refused(
            T("%(file)s is no XLSX workbook, or it is damaged. Save it again as XLSX or as CSV.", file=path.name),
            code="file-not-xlsx",
        ) from None
    raise Refused(T("%(file)s is empty.", file=path.name), code="file-empty")
