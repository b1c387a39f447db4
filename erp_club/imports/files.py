"""Opening a file that somebody sends: CSV or XLSX, told apart by their content."""

from pathlib import Path

from erp_club.imports.csv_file import CsvTable
from erp_club.imports.table import Table
from erp_club.imports.xlsx_file import XlsxTable
from erp_club.kernel.errors import NotFound, Refused, Unavailable
from erp_club.kernel.text import T

_ZIP = b"PK\x03\x04"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"


def open_table(path: Path, *, encoding: str | None = None) -> Table:
    """The table in a CSV (packed by gzip or not) or XLSX file.

    `encoding` is the user's word for a CSV; None recognises it. A CSV is read through once, so that a letter that can't
    be read, or a packed file that ends early, is known before anything is done. Raises Refused for every fault of the
    file, NotFound where there is none, Unavailable where it may not be read.
    """
    try:
        if not path.is_file():
            raise NotFound(T("There is no file %(file)s.", file=str(path)), code="file-missing")
        with path.open("rb") as stream:
            magic = stream.read(4)
        if magic == _OLD_EXCEL:
            raise Refused(
                T("%(file)s is a workbook of the old kind. Save it as XLSX or as CSV.", file=path.name),
                code="file-not-xlsx",
            )
        if magic == _ZIP or path.suffix.lower() == ".xlsx":
            return XlsxTable(path)
        return CsvTable(path, encoding=encoding)
    except PermissionError:
        raise Unavailable(T("%(file)s may not be read by this user.", file=str(path)), code="file-forbidden") from None
