"""The kinds and states of what a membership costs. Pure."""

from enum import StrEnum


class FeeKind(StrEnum):
    """What is paid for."""

    JOINING = "joining"
    RENEWAL = "renewal"
    UPGRADE = "upgrade"


class FeeState(StrEnum):
    """Due until the sale is paid; cancelled with its line, and returned with it."""

    DUE = "due"
    PAID = "paid"
    CANCELLED = "cancelled"
    RETURNED = "returned"
