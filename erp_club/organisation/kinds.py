"""Through what a store sells. Pure."""

from enum import StrEnum


class Channel(StrEnum):
    """Through what a store sells: over its counter, or in the web. Offers and programmes name channels so."""

    STORE = "store"
    WEB = "web"
