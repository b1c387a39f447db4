"""The states of a reward. Pure."""

from enum import StrEnum


class RewardState(StrEnum):
    """Given; waiting for its day; or undone, which is as if it had never been: the period can be settled again."""

    WAITING = "waiting"
    GIVEN = "given"
    UNDONE = "undone"
