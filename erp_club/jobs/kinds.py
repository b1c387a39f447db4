"""The states of a run, and how much a line of its log matters. Pure."""

from enum import StrEnum


class RunState(StrEnum):
    """Where a run stands. A stopped or failed one goes on from its cursor when it is resumed.

    One that is over the limit awaits somebody's approval; refused, or lapsed where nobody decided, it has done nothing.
    """

    QUEUED = "queued"
    AWAITS = "awaits"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    LAPSED = "lapsed"


OPEN = (RunState.QUEUED, RunState.RUNNING, RunState.STOPPING)
"""A run that is still to be worked on, by itself."""


STANDING = (*OPEN, RunState.AWAITS)
"""A run that is asked for no second time."""


class Level(StrEnum):
    """How much a line of a run's log matters."""

    INFO = "info"
    WARN = "warn"
    ERROR = "error"
