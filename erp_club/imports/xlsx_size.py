"""How much a workbook unpacks to, looked at before the reader lays it out: few kilobytes may say they are terabytes."""

from pathlib import Path
from typing import IO
from xml.parsers import expat
from zipfile import ZipFile

from erp_club.imports.table import most_unpacked, too_much

MOST_CELLS = 40_000_000
"""The reader lays a sheet out whole, down to its last row and to its last column, 32 bytes a cell, and takes the
process along where there is no memory for that. A million rows of 40 columns may be; two cells in two corners are 17
thousand million."""

_CHUNK = 1 << 20
_OF_SHEET = b"sheetData"


def check_size(path: Path) -> None:
    """Raises Refused for a workbook that would unpack to more than is to be held, BadZipFile for what is none.

    What a part is said to unpack to is believed: reading one that unpacks to more raises BadZipFile.
    """
    with ZipFile(path) as parts:
        if sum(part.file_size for part in parts.infolist()) > most_unpacked(path.stat().st_size):
            raise too_much(path)
        for part in parts.infolist():
            with parts.open(part) as stream:
                if _Extent().of(stream) > MOST_CELLS:
                    raise too_much(path)


class _Extent:
    """The last row and column of a sheet where anything stands. Cells that don't say where they are come in turn."""

    def __init__(self) -> None:
        self.rows = self.columns = self._row = self._column = 0

    def of(self, stream: IO[bytes]) -> int:
        """How many cells the sheet is laid out in; 0 for a part that is none. Raises ExpatError for a broken one."""
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._begun
        broken: expat.ExpatError | None = None
        before = b""
        while chunk := stream.read(_CHUNK):
            if broken is None:
                try:
                    parser.Parse(chunk)
                except expat.ExpatError as error:  # a picture; drawings aren't always well-formed either
                    broken = error
            if broken is not None and _OF_SHEET in before + chunk:
                raise broken
            before = chunk
        return self.rows * self.columns

    def _begun(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        if tag in ("v", "is", "f"):
            self.rows, self.columns = max(self.rows, self._row), max(self.columns, self._column)
        elif tag == "c":
            letters = attributes.get("r", "").rstrip("0123456789")
            if letters:
                self._row, self._column = int(attributes["r"][len(letters) :] or 0), _column_no(letters)
            else:
                self._column += 1
        elif tag == "row":
            self._row, self._column = int(attributes.get("r") or self._row + 1), 0


def _column_no(letters: str) -> int:
    number = 0
    for letter in letters[:7].upper():
        number = number * 26 + ord(letter) - 64
    return number
