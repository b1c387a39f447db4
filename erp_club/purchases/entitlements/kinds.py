"""The states of the use of a benefit. Pure."""

from enum import StrEnum


class UseState(StrEnum):
    """Held by a sale that isn't paid yet; used; or given back, with its line or its goods, or because it was undone."""

    HELD = "held"
    USED = "used"
    BACK = "back"
