"""Work that a request starts and doesn't wait for: one thread a process, until nothing waits any more.

It is only the nudge: what is to be done stands in the database, so whatever a process leaves behind when it ends is
taken up by the next one that is nudged.
"""

import threading

from erp_club.jobs import forecasts
from erp_club.kernel.db import Database

LOOKS = 20
PAUSE = 0.25
"""How often, and how many seconds apart, the thread looks for work: the request that nudges commits after it does."""


class Background:
    """The thread of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._nudged = threading.Event()
        self._stopping = threading.Event()

    def nudge(self, database: Database) -> None:
        """Let the thread look for work."""
        with self._lock:
            self._nudged.set()
            if self._thread is None or not self._thread.is_alive():
                self._stopping.clear()
                self._thread = threading.Thread(target=self._run, args=(database,), name="background", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Let the thread put back what it works on, and wait for its end."""
        self._stopping.set()
        self._nudged.set()
        with self._lock:
            if self._thread is not None:
                self._thread.join()
                self._thread = None

    def _run(self, database: Database) -> None:
        looks = 0
        while looks < LOOKS and not self._stopping.is_set():
            self._nudged.clear()
            looks = 0 if forecasts.work(database, stopping=self._stopping.is_set) else looks + 1
            if looks and self._nudged.wait(PAUSE):
                looks = 0


BACKGROUND = Background()
