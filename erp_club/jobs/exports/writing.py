"""Who writes a long file, and in what pieces it is kept.

What stands in it is what its address answers with: the same request, done again by a worker. How that is done is the
web's affair, which says so with `write_with`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Written:
    """What an address answered: status, headers, and how many rows and bytes of the file there were."""

    status: int
    headers: Mapping[str, str]
    rows: int
    bytes: int


class Writer(Protocol):
    """Asks an address in somebody's name and language; `put` takes its answer in pieces, `told` how many rows."""

    def __call__(
        self, *, staff_id: int, path: str, query: str, language: str, put: Callable[[bytes], None],
        told: Callable[[int], None],
    ) -> Written: ...  # fmt: skip


_WRITERS: list[Writer] = []


def write_with(writer: Writer) -> None:
    """Say who writes files in this process."""
    _WRITERS[:] = [writer]


def writer() -> Writer:
    """Who writes files in this process."""
    return _WRITERS[0]


class Parts:
    """Pieces of any size become parts of one size, each kept as soon as it is full."""

    def __init__(self, keep: Callable[[int, bytes], None], *, size: int) -> None:
        self._keep = keep
        self._size = size
        self._waiting = bytearray()
        self._no = 0

    def put(self, piece: bytes) -> None:
        """Take a piece."""
        self._waiting += piece
        while len(self._waiting) >= self._size:
            self._cut(self._size)

    def end(self) -> None:
        """Keep what is left."""
        if self._waiting:
            self._cut(len(self._waiting))

    def _cut(self, size: int) -> None:
        self._keep(self._no, bytes(self._waiting[:size]))
        del self._waiting[:size]
        self._no += 1
