"""The states of a member's card. Pure."""

from enum import StrEnum


class CardState(StrEnum):
    """Only an active card identifies; the others are told apart when they are read."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    LOST = "lost"
    REPLACED = "replaced"
