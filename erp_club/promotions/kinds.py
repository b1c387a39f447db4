"""The states of an offer. Pure."""

from enum import StrEnum


class OfferState(StrEnum):
    """What head office has decided; whether the dates have come or gone is told by `standing.py`.

    A draft has never been published. A paused offer gives nothing until it is resumed; an ended one never again.
    """

    DRAFT = "draft"
    PUBLISHED = "published"
    PAUSED = "paused"
    ENDED = "ended"
