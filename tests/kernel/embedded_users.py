"""Processes that use an embedded PostgreSQL, and what can be seen of it from outside."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import psycopg

from erp_club.kernel.embedded_guardian import postmaster

REPOSITORY = Path(__file__).parents[2]
AS_ROOT = os.geteuid() == 0

USER = """
import sys
from pathlib import Path
from erp_club.kernel.embedded import join
server = join(Path(sys.argv[1]))
print(server.url, flush=True)
for line in sys.stdin:
    getattr(server, line.strip())()
    print(server.url, flush=True)
"""

REFUSED = """
import os, sys
from pathlib import Path
from erp_club.kernel.embedded import join
from erp_club.kernel.errors import Unavailable
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    join(Path(sys.argv[1]))
except Unavailable as refusal:
    print(refusal.code, refusal)
"""


class User:
    """A process that uses the server of a home until it's told to leave, or killed."""

    def __init__(self, home: Path, *, wrapper: tuple[str, ...] = ()) -> None:
        self.process = subprocess.Popen(
            [*wrapper, sys.executable, "-c", USER, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), "PGPORT": "1", "PGDATA": "/nowhere"},
        )

    def __enter__(self) -> "User":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def url(self) -> str:
        """What it answers when it has joined, or has done what it was told."""
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def tell(self, word: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def told(self, word: str) -> str:
        self.tell(word)
        return self.url()

    def ends(self) -> int:
        self.process.communicate()
        return self.process.returncode

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def until(true: Callable[[], object], *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not true():
        assert time.monotonic() < deadline, "it didn't come true in time"
        pause.wait(0.02)


def time_passes(seconds: float) -> None:
    """For what must not happen meanwhile."""
    threading.Event().wait(seconds)


def data(home: Path) -> Path:
    return home / "postgres" / "data"


def server(home: Path) -> int | None:
    return postmaster(data(home))


def running(home: Path) -> int:
    pid = server(home)
    assert pid is not None
    return pid


def guardians(home: Path) -> list[int]:
    marks = ("embedded_guardian.py", str(home / "postgres"))
    return [pid for pid, words in processes().items() if all(any(mark in word for word in words) for mark in marks)]


def processes() -> dict[int, list[str]]:
    """The living processes and their words; a zombie has no words left."""
    found: dict[int, list[str]] = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            found[int(process.name)] = (process / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
    return {pid: words for pid, words in found.items() if any(words)}


def status(pid: int, field: str) -> list[str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split()[1:] for line in lines if line.startswith(field + ":"))


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True, connect_timeout=10)


def ask(url: str, question: str) -> object:
    with connect(url) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row
    return row[0]


def starts(home: Path) -> int:
    return (home / "postgres" / "postgres.log").read_text().count("starting PostgreSQL")


def log_since(home: Path, pid: int) -> str:
    """What the log says after this server began."""
    return (home / "postgres" / "postgres.log").read_text().partition(f"[{pid}] LOG:  starting PostgreSQL")[2]
