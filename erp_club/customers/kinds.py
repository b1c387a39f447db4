"""The kinds of ID documents, and the states of a customer. Pure."""

from enum import StrEnum


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
