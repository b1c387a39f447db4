"""Whose CPU a piece of work takes: the clients', the server's processes', PostgreSQL's.

Other work on the machine takes rates down, but hardly CPU, so this can be compared where rates can't.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PARENT, _SPENT = 1, slice(11, 15)
"""Places in /proc/PID/stat behind the name: the parent; the ticks of the process and of its ended children."""


@dataclass(frozen=True)
class Used:
    """CPU, user's and system's together."""

    client: float
    server: float
    postgres: float

    @property
    def all(self) -> float:
        """Of all three."""
        return self.client + self.server + self.postgres


def of_tree(root: int) -> float:
    """Seconds that a process and its descendants have used, those with them that have ended and were waited for."""
    stats = dict(_stats())
    tree = {root}
    while more := {pid for pid, stat in stats.items() if int(stat[_PARENT]) in tree} - tree:
        tree |= more
    return sum(int(ticks) for pid in tree if pid in stats for ticks in stats[pid][_SPENT]) / _TICKS


def postmaster(home: Path) -> int:
    """The process of the embedded server whose data is in this folder."""
    return int(next(home.rglob("postmaster.pid")).read_text().split()[0])


def _stats() -> Iterable[tuple[int, list[str]]]:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            yield int(process.name), (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
