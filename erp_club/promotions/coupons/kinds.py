"""The states of batches and coupons, and who holds what nobody does. Pure."""

from enum import StrEnum


class BatchState(StrEnum):
    """Of an active batch coupons are issued and taken; of a closed one only taken; of a blocked one neither."""

    ACTIVE = "active"
    CLOSED = "closed"
    BLOCKED = "blocked"


class CouponState(StrEnum):
    """A blocked coupon is taken nowhere until it is unblocked; one that was taken back is taken nowhere for good."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    TAKEN_BACK = "taken_back"
    """What it was given for came back."""


ANYBODY = 0
"""The customer that bearer coupons stand under: the one of sales whose buyer nobody knows."""
