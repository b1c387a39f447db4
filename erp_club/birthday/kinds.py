"""The states of a birthday plan. Pure."""

from enum import StrEnum


class PlanState(StrEnum):
    """Only an active plan gives; what a paused or closed one has given stays. A closed one is never opened again."""

    ACTIVE = "active"
    PAUSED = "paused"
    CLOSED = "closed"
