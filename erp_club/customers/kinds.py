"""The kinds of ID documents, the languages people speak, and the states of a customer. Pure."""

from enum import StrEnum

from babel import Locale


class IdKind(StrEnum):
    """What kind of document identifies a person."""

    NATIONAL_ID = "national_id"
    PASSPORT = "passport"
    NONE = "none"


class CustomerState(StrEnum):
    """`merged` customers lead to the one they became; `erased` ones keep their row for the books, found by nobody."""

    ACTIVE = "active"
    MERGED = "merged"
    ERASED = "erased"


LANGUAGES = frozenset(code for code in map(str, Locale("en").languages) if len(code) == 2)
"""ISO 639-1, two letters each, as Babel names them."""
