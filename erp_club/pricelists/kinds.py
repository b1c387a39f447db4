"""The states of a price list. Pure."""

from enum import StrEnum


class PriceListState(StrEnum):
    """A draft prices nothing yet, a closed list nothing more."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CLOSED = "closed"
