"""What a relative is to a customer. Pure."""

from enum import StrEnum


class RelativeKind(StrEnum):
    """What the relative is to the customer."""

    SPOUSE = "spouse"
    CHILD = "child"
    PARENT = "parent"
    OTHER = "other"
