"""A file as a table: a header, and rows of text with the line that each begins in."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from erp_club.kernel.errors import Refused
from erp_club.kernel.text import T, Text

BLOCK_ROWS = 4096
MOST_TIMES, MOST_LITTLE = 30, 50_000_000

TRIM = " \t\r\n\v\f\xa0\ufeff\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""What is cut from both ends of a cell: spaces, and the invisible marks of direction that come along with Hebrew."""


@dataclass(slots=True)
class Block:
    """Some thousand rows in the order of the file; `rows[i]` begins in line `lines[i]` (from 1, the header's included).

    `rows` are as they are in the file: any number of fields. `broken` says of a line why its quotation marks can't be
    read; its row is then a guess. `unterminated`: the last row is the file's last, and no line end follows it.
    """

    lines: list[int] = field(default_factory=list[int])
    rows: list[list[str]] = field(default_factory=list[list[str]])
    broken: dict[int, Text] = field(default_factory=dict[int, Text])
    unterminated: bool = False


class Table(ABC):
    """A readable file. `header` is trimmed; `total_bytes` and `bytes_read` are of the file as
    it lies on the disk, for a progress bar; `delimiter` is what a CSV written back should use."""

    def __init__(self, path: Path, header: list[str], delimiter: str) -> None:
        self.path = path
        self.header = tuple(name.strip(TRIM) for name in header)
        self.delimiter = delimiter
        self.total_bytes = path.stat().st_size
        self.bytes_read = 0

    @abstractmethod
    def blocks(self) -> Iterator[Block]:
        """All rows below the header but empty ones, from the beginning at every call; only one block is held in memory.

        Raises Refused where the file is cut off or its quotation marks hide where rows end.
        """


def most_unpacked(size: int) -> int:
    """To how many bytes a packed file of `size` may unpack: tables are packed to a tenth, hardly to a thirtieth."""
    return MOST_LITTLE + MOST_TIMES * size


def too_much(path: Path) -> Refused:
    """The refusal of a file that unpacks to more than any table of its size."""
    return Refused(
        T(
            "%(file)s unpacks to far more than its size lets expect. Save it again, or send it unpacked.",
            file=path.name,
        ),
        code="file-unpacks-to-too-much",
    )
