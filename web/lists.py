"""Lists as pages and as files: what the address says of sorting and paging, and the same rows as CSV and XLSX."""

import csv
import datetime as dt
import io
import re
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Any, Literal, Self
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ConfigDict, Field, computed_field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

Direction = Literal["asc", "desc"]
Cell = str | int | Decimal | dt.date | dt.datetime | bool | None

PER_PAGE = 50
MOST_PER_PAGE = 200
MOST_PAGES = 2_000
"""Pages are reached by OFFSET; behind this one filters find faster than leafing."""
COUNTED = PER_PAGE * MOST_PAGES
"""How far a list counts: `count(*)` over `LIMIT COUNTED + 1` rows stays quick however large the table is."""


class ListState(BaseModel):
    """Which rows of a list are shown: parsed from the address, within bounds, and able to write addresses.

    `total` counts the rows that match, up to `COUNTED`; `more` says that there are still more than that.
    """

    model_config = ConfigDict(frozen=True)

    sort: str
    direction: Direction
    page: int
    per_page: int
    total: int = 0
    more: bool = False
    path: str = Field(exclude=True)
    query: tuple[tuple[str, str], ...] = Field(exclude=True)

    @computed_field
    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // self.per_page))

    @property
    def descending(self) -> bool:
        """The direction as a query wants it."""
        return self.direction == "desc"

    @property
    def offset(self) -> int:
        """How many rows stand before this page."""
        return (self.page - 1) * self.per_page

    def counted(self, total: int, *, most: int = COUNTED) -> Self:
        """The same once the rows are counted, `most` of them listed: a page behind the last becomes that one."""
        known = min(total, most)
        last = max(1, -(-known // self.per_page))
        return self.model_copy(update={"total": known, "more": total > most, "page": min(self.page, last)})

    def url(self, **changes: object) -> str:
        """This list's address with some parameters set (None takes one out); filters not named stay as they are.

        A list of values is set as often as it has values. Another filter or order begins at the first page only where
        `page=1` says so.
        """
        kept = [(name, value) for name, value in self.query if name not in changes]
        for name, value in changes.items():
            values = value if isinstance(value, (list, tuple)) else (value,)
            kept += [(name, str(each)) for each in values if each is not None and each != ""]
        kept = [(name, value) for name, value in kept if (name, value) != ("page", "1")]
        return f"{self.path}?{urlencode(kept)}" if kept else self.path

    def export_url(self, suffix: str) -> str:
        """The address of all matching rows as a file: `/customers?club=GOLD&page=3` as `/customers.csv?club=GOLD`."""
        kept = [(name, value) for name, value in self.query if name not in {"page", "per_page"}]
        return f"{self.path}.{suffix}?{urlencode(kept)}" if kept else f"{self.path}.{suffix}"


def list_state(request: Request, *, sorts: Sequence[str], direction: Direction = "asc") -> ListState:
    """The state that the address asks for. `sorts` are the columns it may name, the first one is the usual one.

    `direction` is the usual one's. What makes no sense counts as not said: an address is typed and kept by people.
    """
    asked = request.query_params
    sort = asked.get("sort", "")
    usual = sort not in sorts
    way = asked.get("direction", "")
    return ListState(
        sort=sorts[0] if usual else sort,
        direction="desc" if way == "desc" else "asc" if way == "asc" else direction if usual else "asc",
        page=_number(asked.get("page"), 1, MOST_PAGES),
        per_page=_number(asked.get("per_page"), PER_PAGE, MOST_PER_PAGE),
        path=request.url.path,
        query=tuple((name, value) for name, value in asked.multi_items() if value),
    )


def _number(raw: str | None, usual: int, most: int) -> int:
    if raw is None or not re.fullmatch(r"[0-9]{1,9}", raw) or int(raw) < 1:
        return usual
    return min(int(raw), most)


# Files. Both are written whole before the first byte leaves: the rows come through a transaction that ends with the
# route, and a fault half-way must be an error, not a file that looks complete. Memory stays small all the same.

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILE_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "All matching rows as a file.", "content": {CSV: {}, XLSX: {}}}
}
"""What a route that answers with a file says of itself in the API's description."""
XLSX_ROWS = 1_048_576
_IN_MEMORY = 1_000_000
_CHUNK = 64 * 1024
_FORMULA = re.compile(r"[=+\-@\t\r]")
_PHONE = re.compile(r"\+[0-9]{4,15}")


MOST_AT_ONCE = 5_000
"""Rows of a file that a person waits for; a worker writes longer ones (web/exports.py)."""


@dataclass(frozen=True, slots=True)
class Writing:
    """A worker writes the file for this member of staff; `told` hears now and then how many rows there are."""

    staff_id: int
    told: Callable[[int], None]


WRITING: ContextVar[Writing | None] = ContextVar("writing", default=None)


class LongFile(Exception):
    """The file has more rows than anybody should wait for."""


def stream_file(filename: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """`name.csv` or `name.xlsx`, by the file's name. Raises LongFile unless a worker writes it."""
    write, media_type = (_write_xlsx, XLSX) if filename.endswith(".xlsx") else (_write_csv, CSV)
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed once it is sent
    try:
        with closing(_counted(rows)) as counted:
            write(file, header, counted)
    except BaseException:
        file.close()
        raise
    return _send(file, filename, media_type)


def _counted(rows: Iterable[Sequence[Cell]]) -> Generator[Sequence[Cell]]:
    writing, count = WRITING.get(), 0
    try:
        for count, row in enumerate(rows, start=1):
            if count > MOST_AT_ONCE and writing is None:
                raise LongFile
            if writing is not None and count % MOST_AT_ONCE == 0:
                writing.told(count)
            yield row
        if writing is not None:
            writing.told(count)
    finally:
        if isinstance(rows, Generator):
            rows.close()  # its cursor ends before the transaction does


def _write_csv(file: IO[bytes], header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """The rows as UTF-8 CSV with BOM, which Excel needs to see the encoding.

    Dates and times are ISO 8601, yes and no are `yes` and `no`. A text that a spreadsheet would take for a formula gets
    an apostrophe in front (CWE-1236); a phone number in E.164 is none.
    """
    text = io.TextIOWrapper(file, "utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([_csv_cell(cell) for cell in row] for row in rows)
    text.flush()
    text.detach()


def _csv_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, (dt.date, dt.datetime)):
        return cell.isoformat()
    if isinstance(cell, str) and _FORMULA.match(cell) and not _PHONE.fullmatch(cell):
        return f"'{cell}"
    return str(cell)


def _write_xlsx(file: IO[bytes], header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """The rows as XLSX with typed cells: texts are texts (never formulas), numbers numbers, dates dates.

    Times lose their offset, which the format can't hold: pass them in the zone that the reader expects. What goes
    beyond a sheet's rows goes on in the next sheet.
    """
    import xlsxwriter  # for whoever exports a sheet, not for every start

    with xlsxwriter.Workbook(file, {"constant_memory": True, "remove_timezone": True}) as book:
        _write_sheets(book, header, rows)


def _write_sheets(book: Any, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    day, moment = (book.add_format({"num_format": form}) for form in ("yyyy-mm-dd", "yyyy-mm-dd hh:mm"))
    sheet, at = _sheet(book, header), 1
    for row in rows:
        if at == XLSX_ROWS:
            sheet, at = _sheet(book, header), 1
        for column, cell in enumerate(row):
            _write_cell(sheet, at, column, cell, day, moment)
        at += 1


def _sheet(book: Any, header: Sequence[str]) -> Any:
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(header) - 1, 16)
    bold = book.add_format({"bold": True})
    for column, title in enumerate(header):
        sheet.write_string(0, column, title, bold)
    return sheet


def _write_cell(sheet: Any, row: int, column: int, cell: Cell, day: Any, moment: Any) -> None:
    match cell:
        case None:
            return
        case bool():
            sheet.write_string(row, column, "yes" if cell else "no")
        case dt.datetime():
            sheet.write_datetime(row, column, cell, moment)
        case dt.date():
            sheet.write_datetime(row, column, cell, day)
        case str():
            sheet.write_string(row, column, cell)
        case _:
            sheet.write_number(row, column, cell)


def _send(file: IO[bytes], filename: str, media_type: str) -> Response:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(filename)}",
        "Content-Length": str(size),
    }
    return StreamingResponse(_chunks(file), 200, headers, media_type)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk
