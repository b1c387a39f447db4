"""What the dictionary keeps of a word. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from erp_club.customers.names.keys import stored_keys
from erp_club.customers.names.scripts import heard
from erp_club.customers.names.sounds import NUMBERS
from erp_club.customers.names.spelling import surface

NAMES_VERSION = 3
"""Raise it when a table, the keys or the way names are taken apart change: `erp-club names rekey` then writes what is
stale."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A word with its surface, its sounds by number and its keys."""

    word: str
    surface: str
    sounds: bytes
    keys: tuple[int, ...]


def entry(word: str) -> Entry:
    """The entry of a word as `spelling.index_words` gives it."""
    return Entry(word, surface(word), sounds(word), stored_keys(word))


def sounds(word: str) -> bytes:
    """A word's sounds by number."""
    return bytes(NUMBERS[sound] for sound in heard(word))


def array_text(numbers: Iterable[int]) -> str:
    """Numbers as PostgreSQL writes an array; arrays of different lengths can't be sent as one array of arrays."""
    return f"{{{','.join(map(str, numbers))}}}"
