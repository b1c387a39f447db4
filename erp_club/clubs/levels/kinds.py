"""What makes a level another one. Pure."""

from enum import StrEnum


class LevelCause(StrEnum):
    """What made a level another one."""

    FIRST = "first"
    """The membership, or its club, has levels since then."""
    PURCHASE = "purchase"
    RETURN = "return"
    TIME = "time"
    """A period began or ran out; the night says so."""
    BY_HAND = "by_hand"
    BY_HAND_ENDED = "by_hand_ended"
    RULES = "rules"
    """The club's programme changed."""
    MERGE = "merge"
    """Two records of one person became one, or were parted."""
    HOUSEHOLD = "household"
    """Who shares the account changed."""
    PAID = "paid"
    PAID_ENDED = "paid_ended"
    """What was paid for a level came back."""
    EVENT = "event"
    """Points came for an event, and count."""
