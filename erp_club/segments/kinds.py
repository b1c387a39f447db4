"""The kinds and states of a segment. Pure."""

from enum import StrEnum


class SegmentKind(StrEnum):
    """A dynamic segment is a question, asked again and again; a frozen one is a list that only hands change."""

    DYNAMIC = "dynamic"
    FROZEN = "frozen"


class SegmentState(StrEnum):
    """A closed segment is in nobody's way: it is refreshed no more, and nobody is in it."""

    ACTIVE = "active"
    CLOSED = "closed"
