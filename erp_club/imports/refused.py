"""The file of refused rows: what somebody corrects and imports again."""

import csv
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path

from erp_club.imports.formats import OWN_COLUMNS, Refusal
from erp_club.imports.table import Table
from erp_club.kernel.errors import Unavailable
from erp_club.kernel.text import T, Text


def refused_path(path: Path) -> Path:
    """`purchases.csv.gz` → `purchases.csv.gz.refused.csv`, beside it."""
    return path.with_name(path.name + ".refused.csv")


def write_refused(table: Table, refusals: Iterable[Refusal], *, say: Callable[[Text], str]) -> Path | None:
    """Write the rows of `refusals` (in the order of lines) with their line and reason in two more columns.

    The rows are read from the file a second time, so that no run keeps them in memory. UTF-8 with the byte order mark
    that spreadsheets need, the delimiter of the file; it can be imported as it is. Without refusals an earlier run's
    file is taken away and None returned. Raises Unavailable where the file can't be written.
    """
    path = refused_path(table.path)
    by_line = groupby(refusals, key=lambda refusal: refusal.line)
    first = next(by_line, None)
    try:
        if first is None:
            path.unlink(missing_ok=True)
            return None
        with path.open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(stream, delimiter=table.delimiter)
            own = [place for place, name in enumerate(table.header) if name.casefold() not in OWN_COLUMNS]
            writer.writerow([*(table.header[place] for place in own), *OWN_COLUMNS])
            rows = _rows(table)
            group: tuple[int, Iterator[Refusal]] | None = first
            while group is not None:
                line, reasons = group
                row = next(row for at, row in rows if at == line)
                cells = [row[place] if place < len(row) else "" for place in own]
                reason = " ".join(_reason(refusal, say) for refusal in reasons)
                # Fields beyond the header's stand behind the reason, where they shift nothing.
                writer.writerow([*cells, line, reason, *row[len(table.header) :]])
                group = next(by_line, None)
    except OSError as error:
        raise Unavailable(
            T("%(file)s can't be written: %(reason)s.", file=str(path), reason=error.strerror or str(error)),
            code="file-not-writable",
        ) from error
    return path


def _reason(refusal: Refusal, say: Callable[[Text], str]) -> str:
    why = say(refusal.text)
    return f"{refusal.column}: {why}" if refusal.column else why


def _rows(table: Table) -> Iterator[tuple[int, list[str]]]:
    for block in table.blocks():
        yield from zip(block.lines, block.rows, strict=True)
