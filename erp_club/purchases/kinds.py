"""The states of a basket at a till. Pure."""

from enum import StrEnum


class BasketState(StrEnum):
    """One basket a terminal is open; held ones wait to be taken up again, and a dropped one may be for a while."""

    OPEN = "open"
    HELD = "held"
    DROPPED = "dropped"
    PAID = "paid"
