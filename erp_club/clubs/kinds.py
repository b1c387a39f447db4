"""The states of clubs and memberships, their terms, and what happens to a membership. Pure."""

from enum import StrEnum


class ClubState(StrEnum):
    """A draft gives nothing; a published club can't be deleted, only closed."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CLOSED = "closed"


class TermKind(StrEnum):
    """How long a membership lasts: a number of months, or for life."""

    MONTHS = "months"
    LIFETIME = "lifetime"


class PeriodKind(StrEnum):
    """What opened a period of a membership."""

    JOINING = "joining"
    RENEWAL = "renewal"
    EXTENSION = "extension"
    RESUMPTION = "resumption"
    CORRECTION = "correction"


class MembershipState(StrEnum):
    """Open: its periods say when it holds, and it expires by time alone. Paused and ended ones hold no day to come.

    Waiting: it was joined in a sale, and begins when that is paid.
    """

    OPEN = "open"
    PAUSED = "paused"
    ENDED = "ended"
    WAITING = "waiting"


class EventKind(StrEnum):
    """What changed the days of a membership other than a new period."""

    PAUSE = "pause"
    RESUMPTION = "resumption"
    TERMINATION = "termination"
    RESTORATION = "restoration"
    CORRECTION = "correction"
    MOVED = "moved"
    """A purchase moved the end of a sliding term, or what was returned moved it back."""
