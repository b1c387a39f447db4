"""What is counted when it is tried in vain. Pure."""

from enum import StrEnum


class Kind(StrEnum):
    """What was tried too often: a name's password or PIN, many names from one place, numbers that are worth money."""

    PASSWORD = "password"  # noqa: S105 - a word
    PIN = "pin"
    PLACE = "place"
    CARDS = "cards"
    COUPONS = "coupons"
