"""CSV, packed or not: read as a stream, so that a file of any size needs the same memory."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from erp_club.imports.encodings import find_encoding
from erp_club.imports.table import BLOCK_ROWS, Block, Table, most_unpacked, too_much
from erp_club.kernel.errors import Refused
from erp_club.kernel.text import T

_DELIMITERS = ",;\t"
_SAMPLE_LINES = 50
_GZIP = b"\x1f\x8b"


class CsvTable(Table):
    """Comma, semicolon or tab, whichever makes the first lines a table; quotation marks as in RFC 4180.

    Raises Refused for an empty file, an unreadable encoding, and a packed file that is damaged or ends early.
    """

    def __init__(self, path: Path, *, encoding: str | None) -> None:
        self._packed = _begins_with(path, _GZIP)
        self.encoding = self._find_encoding(path, encoding)
        header, self._skip, delimiter = self._begin(path)
        super().__init__(path, header, delimiter)

    def blocks(self) -> Iterator[Block]:
        """Rows of any number of fields, as the contract of Table says."""
        with self.path.open("rb", buffering=0) as raw, self._text(raw) as stream:
            lines = _Lines(stream)
            yield from self._blocks(raw, lines)

    def _blocks(self, raw: io.FileIO, lines: "_Lines") -> Iterator[Block]:
        reader = csv.reader(lines.each(), delimiter=self.delimiter, strict=True)
        block, last = Block(), list[str]()
        line = 0
        while True:
            begin = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                break
            except csv.Error:
                row = self._broken(block, lines, begin, reader.line_num)
            line = begin
            if line <= self._skip or not row or not (row[0] or any(row)):
                continue
            block.rows.append(row)
            block.lines.append(line)
            if len(block.rows) == BLOCK_ROWS:
                # The last row stays behind: only the file's end tells whether it is whole.
                last, begin = block.rows.pop(), block.lines.pop()
                self.bytes_read = raw.tell()
                yield block
                block = Block([begin], [last], {at: why for at, why in block.broken.items() if at == begin})
        if block.rows:
            self._check_end(block, lines)
        self.bytes_read = self.total_bytes
        yield block

    def _check_end(self, block: Block, lines: "_Lines") -> None:
        block.unterminated = not lines.last.endswith(("\n", "\r"))
        fields, columns, line = len(block.rows[-1]), len(self.header), block.lines[-1]
        if fields < columns:
            raise Refused(
                T(
                    "The file is cut off: its last line, %(line)s, has only %(fields)s of %(columns)s fields and ends "
                    "at the column %(column)s. Fetch it again.",
                    line=line,
                    fields=fields,
                    columns=columns,
                    column=self.header[fields - 1] or fields,
                ),
                code="file-cut-off",
                facts={"line": line},
            )

    def _broken(self, block: Block, lines: "_Lines", begin: int, end: int) -> list[str]:
        """The row of a line whose quotation marks are wrong, as a guess. Where the row runs over lines, or to the end
        of the file, nobody knows any more where rows begin: that is the file's fault."""
        if lines.ended:
            raise Refused(
                T(
                    "The file is cut off: the quotation mark opened in line %(line)s is never closed. Fetch it again, "
                    "or close the quotation mark.",
                    line=begin,
                ),
                code="file-cut-off",
                facts={"line": begin},
            )
        try:
            if begin == end:
                row = next(csv.reader([lines.last], delimiter=self.delimiter))
                block.broken[begin] = T(
                    "A quotation mark inside a quoted field must be written twice, and after the closing one the next "
                    "field begins."
                )
                return row
        except csv.Error:
            pass  # a field longer than any field may be: the quotation mark before it is missing its other half
        raise Refused(
            T(
                "The quotation mark opened in line %(line)s is not closed as it should be; the next one is in line "
                "%(end)s. Correct line %(line)s.",
                line=begin,
                end=end,
            ),
            code="file-quotes",
            facts={"line": begin},
        )

    def _find_encoding(self, path: Path, named: str | None) -> str:
        try:
            return find_encoding(lambda: self._bytes(path), named)
        except EOFError:
            raise Refused(
                T("The file is cut off: %(file)s ends before its packed content does. Fetch it again.", file=path.name),
                code="file-cut-off",
            ) from None
        except (gzip.BadGzipFile, zlib.error):
            raise Refused(
                T("%(file)s can't be unpacked: it is damaged. Fetch it again.", file=path.name), code="file-damaged"
            ) from None

    def _bytes(self, path: Path) -> io.BufferedIOBase:
        return _Unpacked(path) if self._packed else path.open("rb")

    def _text(self, raw: io.FileIO) -> io.TextIOWrapper:
        buffered = io.BufferedReader(raw, 1 << 17)
        unpacked = io.BufferedReader(gzip.GzipFile(fileobj=buffered)) if self._packed else buffered
        return io.TextIOWrapper(unpacked, encoding=self.encoding, newline="")

    def _begin(self, path: Path) -> tuple[list[str], int, str]:
        """The header, the lines down to its end, and the delimiter."""
        with path.open("rb", buffering=0) as raw, self._text(raw) as stream:
            sample = list(islice(stream, _SAMPLE_LINES))
        above = 0
        while above < len(sample) and not sample[above].strip(_DELIMITERS + ' "\ufeff\r\n'):
            above += 1
        hint = sample[above].strip() if above < len(sample) else ""
        named = hint[4:] if hint[:4].lower() == "sep=" and hint[4:] in tuple(_DELIMITERS) else None
        if named:  # Excel's own way to name the delimiter: a line above the header
            above += 1
        if above == len(sample):
            raise Refused(T("%(file)s is empty.", file=path.name), code="file-empty")
        delimiter = named or _delimiter(sample[above:])
        reader = csv.reader(sample[above:], delimiter=delimiter)
        header = next(reader)
        return header, above + reader.line_num, delimiter


class _Unpacked(gzip.GzipFile):
    """A packed file's bytes. Raises Refused where they become far more than such a file should hold."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")
        self._path, self._most = path, most_unpacked(path.stat().st_size)

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        if self.tell() > self._most:
            raise too_much(self._path)
        return data


class _Lines:
    """The lines of a stream; `last` is the line given last, `ended` whether there was no more."""

    def __init__(self, stream: Iterable[str]) -> None:
        self.stream = stream
        self.last = ""
        self.ended = False

    def each(self) -> Iterator[str]:
        for line in self.stream:
            self.last = line
            yield line
        self.ended = True


def _delimiter(sample: list[str]) -> str:
    """The one under which most rows have as many fields as the header; then the one that gives the header most."""

    def score(delimiter: str) -> tuple[bool, float, int]:
        rows = [row for row in csv.reader(sample, delimiter=delimiter) if row]
        fields = len(rows[0])
        return fields > 1, sum(len(row) == fields for row in rows) / len(rows), fields

    return max(_DELIMITERS, key=score)


def _begins_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(magic)) == magic
