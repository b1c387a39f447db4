"""The job worker beside the web server: a process of its own, so that no job takes a till's time.

It ends with the server however that ends, as its standard input does, and is started again when it dies by itself. It
starts a little later: until the pages are there they have the machine to themselves.
"""

import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager

_WORDS = (sys.executable, "-m", "web.cli", "worker", "--beside")
_LATER_SECONDS, _AGAIN_SECONDS = 2.0, 5.0
_PATIENCE_SECONDS = 3.0
"""So long whoever stops the server waits for a job to end its batch. Then it is killed, which loses nothing: the run
goes on where the batch before ended."""


@contextmanager
def worker(*, wanted: bool) -> Generator[None]:
    """Have a worker as long as the block lasts."""
    if not wanted:
        yield
        return
    ending = threading.Event()
    keeper = threading.Thread(target=_keep, args=(ending,), name="worker's keeper")
    keeper.start()
    try:
        yield
    finally:
        ending.set()
        keeper.join()


def _keep(ending: threading.Event) -> None:
    ending.wait(_LATER_SECONDS)
    while not ending.is_set():
        with subprocess.Popen(_WORDS, stdin=subprocess.PIPE) as process:  # noqa: S603 - our own words
            while process.poll() is None and not ending.wait(0.2):
                pass
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        ending.wait(_AGAIN_SECONDS)
