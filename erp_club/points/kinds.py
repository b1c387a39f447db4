"""Why points moved, and the states of an account. Pure."""

from enum import StrEnum


class MovementKind(StrEnum):
    """Why points moved."""

    EARNED = "earned"
    EVENT = "event"
    """Given for something other than a purchase: joining, a review, an event told over the API."""
    GIFT = "gift"
    OPENING = "opening"
    """A balance brought from another system."""
    REDEEMED = "redeemed"
    CONVERTED = "converted"
    """Made into a code, a coupon or money of another kind."""
    RETURNED = "returned"
    """Taken back, since what earned them came back."""
    REFUNDED = "refunded"
    """Given back, since what they paid for came back."""
    RELEASED = "released"
    """Pending points became available by an event; the balance stays."""
    EXPIRED = "expired"
    RESET = "reset"
    ADJUSTED = "adjusted"
    TRANSFERRED = "transferred"
    """To or from another account, by a merge or a link of memberships."""
    ENDED = "ended"
    """The membership was ended, and its points with it."""
    RESTORED = "restored"
    """The ending was undone."""
    UNDONE = "undone"
    """A job's movement was undone."""


class AccountState(StrEnum):
    """A frozen account keeps its points, and nobody uses them; a closed one belongs to a membership that was ended."""

    OPEN = "open"
    FROZEN = "frozen"
    CLOSED = "closed"
