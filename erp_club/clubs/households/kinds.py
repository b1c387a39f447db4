"""The states of an invitation to a household. Pure."""

from enum import StrEnum


class InvitationState(StrEnum):
    """Open until its last day is over; whoever answered or took it back ended it."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
