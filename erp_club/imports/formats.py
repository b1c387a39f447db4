"""A kind of file as a table of columns, and how a file is read by it: a block of rows at a time, column by column.

Cells are parsed here and not in the database, so that a refusal is made where its line and column are known, and all
kinds share one way. It is fast because every column remembers what its texts mean: stores, dates and prices recur.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from re import Pattern

from erp_club.imports.table import TRIM, Block, Table
from erp_club.imports.values import Bad, shown
from erp_club.kernel.errors import Refused
from erp_club.kernel.text import TN, T, Text

OWN_COLUMNS = ("line", "reason")
"""What a file of refused rows has beside its rows' own columns; read again, they mean nothing."""

_REMEMBERED = 100_000

Values = list[object]
RowFault = tuple[int, str, Text]
"""Row (its place in the batch, from 0), column and sentence."""


@dataclass(frozen=True, slots=True)
class Column:
    """`needed`: the file must have it. `filled`: no cell of it may be empty; an empty one is None else. `whole`: how
    its text looks when nothing is missing at its end, where that can be told."""

    name: str
    parse: Callable[[str], object]
    needed: bool = True
    filled: bool = False
    whole: Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file. `families` are columns that head office names, by prefix (`club:`). `key` may not come twice in a
    file. Rows with the same `group` are taken or refused together. `check` finds what is wrong between columns.

    The keys of a file are kept in memory, about 150 bytes each: a kind with millions of rows leaves `key` empty and
    looks for repeats where it is staged.
    """

    kind: str
    columns: tuple[Column, ...]
    families: tuple[Column, ...] = ()
    key: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    check: Callable[[Mapping[str, Values]], Iterable[RowFault]] | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row isn't taken. `line` is where it begins, `column` and `value` what is wrong, if it is one cell."""

    line: int
    column: str | None
    value: str
    text: Text


@dataclass(slots=True)
class Batch:
    """Some thousand rows of the file. `values[c][r]` is the cell of `Reading.columns[c]` in the row that begins in
    `lines[r]`. `refusals` are in the order of lines, one or more a refused row; `refused_groups` gives, for each
    refused row of a format with a group, its line and what its group's cells say (None: can't be read)."""

    lines: list[int]
    values: list[Values]
    refusals: list[Refusal] = field(default_factory=list[Refusal])
    refused_groups: list[tuple[int, tuple[object, ...]]] = field(default_factory=list[tuple[int, tuple[object, ...]]])


class _Cells(dict[str, object]):
    """What the texts of one column mean, by text; a Bad stands for what can't be taken."""

    def __init__(self, column: Column, name: str, position: int) -> None:
        super().__init__()
        self.column = column
        self.name = name
        self.position = position
        self.any_bad = False

    def __missing__(self, raw: str) -> object:
        trimmed = raw.strip(TRIM)
        value: object = None
        try:
            if trimmed:
                value = self.column.parse(trimmed)
            elif self.column.filled:
                raise Bad(T("The value is missing."))
        except Bad as bad:
            value, self.any_bad = bad, True
        self[raw] = value
        return value

    def forget(self) -> None:
        """Keeps memory flat in a file whose texts never recur."""
        if len(self) > _REMEMBERED:
            self.clear()
            self.any_bad = False


class Reading:
    """A table read as one kind. `columns` are those of the format that the file has, in the format's order, then the
    families' in the file's order; `unknown` are the file's others. Raises Refused where there is no header, or a column
    is missing or stands twice."""

    def __init__(self, table: Table, form: Format) -> None:
        self.table = table
        self.form = form
        self._cells = _matched(table, form)
        self.columns = tuple(cells.name for cells in self._cells)
        known = {cells.position for cells in self._cells}
        self.unknown = tuple(
            name
            for position, name in enumerate(table.header)
            if position not in known and name and name.casefold() not in OWN_COLUMNS
        )
        self._first_lines: dict[tuple[object, ...], int] = {}

    @property
    def warnings(self) -> tuple[Text, ...]:
        """What the user should know though the file can be taken."""
        if not self.unknown:
            return ()
        return (T("These columns are not known and are passed over: %(columns)s.", columns=", ".join(self.unknown)),)

    def batches(self) -> Iterator[Batch]:
        """The whole file, one batch in memory at a time. Raises Refused where the file is cut off."""
        self._first_lines.clear()
        for block in self.table.blocks():
            yield self._batch(block)
            for cells in self._cells:
                cells.forget()

    def _batch(self, block: Block) -> Batch:
        faults = dict[int, list[Refusal]]()
        self._check_shape(block, faults)
        good = block
        if faults:
            kept = [line not in faults for line in block.lines]
            good = Block(list(compress(block.lines, kept)), list(compress(block.rows, kept)))
        batch = Batch(good.lines, self._parsed(good.rows))
        self._check_cells(batch, good.rows, faults)
        if block.unterminated:
            self._check_last_cell(block, faults)
        self._drop(batch, faults)
        if self.form.check:
            for row, column, why in self.form.check(dict(zip(self.columns, batch.values, strict=True))):
                faults.setdefault(batch.lines[row], []).append(Refusal(batch.lines[row], column, "", why))
            self._drop(batch, faults)
        if self.form.key:
            self._check_key(batch, faults)
            self._drop(batch, faults)
        batch.refusals = [refusal for line in sorted(faults) for refusal in faults[line]]
        if faults and self.form.group:
            batch.refused_groups = [
                (line, self._group(row)) for line, row in zip(block.lines, block.rows, strict=True) if line in faults
            ]
        return batch

    def _parsed(self, rows: Sequence[list[str]]) -> list[Values]:
        by_column = list(zip(*rows, strict=True)) if rows else [()] * len(self.table.header)
        return [list(map(cells.__getitem__, by_column[cells.position])) for cells in self._cells]

    def _check_shape(self, block: Block, faults: dict[int, list[Refusal]]) -> None:
        width = len(self.table.header)
        if not block.broken and set(map(len, block.rows)) <= {width}:
            return
        for line, row in zip(block.lines, block.rows, strict=True):
            if line in block.broken:
                why = block.broken[line]
            elif len(row) < width:
                why = T("The row has only %(fields)s of %(columns)s fields.", fields=len(row), columns=width)
            elif len(row) > width:
                why = T(
                    "The row has %(fields)s fields, the header %(columns)s columns: perhaps a text with a separator in "
                    "it has no quotation marks.",
                    fields=len(row),
                    columns=width,
                )
            else:
                continue
            faults[line] = [Refusal(line, None, "", why)]

    def _check_cells(self, batch: Batch, rows: Sequence[list[str]], faults: dict[int, list[Refusal]]) -> None:
        for cells, values in zip(self._cells, batch.values, strict=True):
            if not cells.any_bad:
                continue
            for line, row, value in zip(batch.lines, rows, values, strict=True):
                if isinstance(value, Bad):
                    refusal = Refusal(line, cells.name, row[cells.position], value.text)
                    faults.setdefault(line, []).append(refusal)

    def _check_last_cell(self, block: Block, faults: dict[int, list[Refusal]]) -> None:
        """Where the last line has no end, its last cell may be a part of what it should be."""
        line, row = block.lines[-1], block.rows[-1]
        for cells in self._cells:
            if cells.position != len(row) - 1:
                continue
            bad = any(refusal.column == cells.name for refusal in faults.get(line, ()))
            if bad or (cells.column.whole and not cells.column.whole.fullmatch(row[-1])):
                raise Refused(
                    T(
                        "The file is cut off: its last line, %(line)s, breaks off in the column %(column)s at "
                        "“%(value)s”. Fetch it again, or complete that line and end it with a line break.",
                        line=line,
                        column=cells.name,
                        value=shown(row[-1]),
                    ),
                    code="file-cut-off",
                    facts={"line": line},
                )

    def _check_key(self, batch: Batch, faults: dict[int, list[Refusal]]) -> None:
        places = [self.columns.index(name) for name in self.form.key]
        keys = list(zip(*(batch.values[place] for place in places), strict=True))
        first_lines = self._first_lines
        for line, key in zip(batch.lines, keys, strict=True):
            first = first_lines.setdefault(key, line)
            if first != line:
                value = " / ".join(map(str, key))
                why = T("“%(value)s” stands already in line %(first)s.", value=shown(value), first=first)
                faults[line] = [Refusal(line, self.form.key[-1], value, why)]

    def _group(self, row: list[str]) -> tuple[object, ...]:
        """Read also from a row with too few or too many fields: what stands left of the fault is right."""
        found: list[object] = []
        for name in self.form.group:
            cells = self._cells[self.columns.index(name)]
            value = cells[row[cells.position]] if cells.position < len(row) else None
            found.append(None if isinstance(value, Bad) else value)
        return tuple(found)

    @staticmethod
    def _drop(batch: Batch, faults: Mapping[int, object]) -> None:
        if not faults:
            return
        kept = [line not in faults for line in batch.lines]
        if not all(kept):
            batch.lines = list(compress(batch.lines, kept))
            batch.values = [list(compress(values, kept)) for values in batch.values]


def _matched(table: Table, form: Format) -> list[_Cells]:
    positions = _positions(table, form)
    cells = [_Cells(column, column.name, positions[column.name]) for column in form.columns if column.name in positions]
    for position, name in enumerate(table.header):
        for family in form.families:
            prefix, member = name[: len(family.name)], name[len(family.name) :].strip()
            if prefix.casefold() == family.name and member:
                cells.append(_Cells(family, family.name + member, position))
    return cells


def _positions(table: Table, form: Format) -> dict[str, int]:
    """Where the columns of the header stand, by their name in small letters. Refuses a header that is none, that names
    a column twice, or that lacks one."""
    positions = {name.casefold(): position for position, name in reversed(list(enumerate(table.header))) if name}
    missing = [column.name for column in form.columns if column.needed and column.name not in positions]
    if missing and not any(column.name in positions for column in form.columns):
        raise Refused(
            T(
                "%(file)s has no header for %(kind)s: its first line is “%(found)s”. It should name the columns "
                "%(columns)s.",
                file=table.path.name,
                kind=form.kind,
                found=shown(", ".join(table.header)),
                columns=", ".join(missing),
            ),
            code="file-no-header",
        )
    for position, name in enumerate(table.header):
        if name and positions[name.casefold()] != position:
            raise Refused(
                T(
                    "The column %(column)s stands in the header twice: as column %(first)s and column %(second)s. "
                    "Take one of them out.",
                    column=name,
                    first=positions[name.casefold()] + 1,
                    second=position + 1,
                ),
                code="file-column-twice",
                facts={"column": name},
            )
    if missing:
        raise Refused(
            TN(
                "%(file)s lacks the column %(missing)s. Its columns are: %(found)s.",
                "%(file)s lacks the columns %(missing)s. Its columns are: %(found)s.",
                len(missing),
                file=table.path.name,
                missing=", ".join(missing),
                found=", ".join(filter(None, table.header)),
            ),
            code="file-column-missing",
            facts={"columns": missing},
        )
    return positions
