"""The states of a points programme. Pure."""

from enum import StrEnum


class ProgrammeState(StrEnum):
    """A withdrawn programme is run no more."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"
