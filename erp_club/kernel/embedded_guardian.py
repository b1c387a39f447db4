"""The guardian: a small process that stops the embedded PostgreSQL when its last user has gone.

Every user holds a shared lock on `users.lock`, which the operating system drops however the user ends, `kill -9`
included. The guardian waits for the exclusive lock: when it gets it, nobody is left. It is started as a script by its
path, with neither site packages nor `erp_club` imported, so it costs little to keep beside the server.
"""

import fcntl
import os
import signal
import sys
import time
from pathlib import Path

GRACE_SECONDS = 1.5
"""How long the server stays when nobody is left, so that commands typed one after the other don't start it anew."""

_PATIENCE = ((signal.SIGINT, 300.0), (signal.SIGQUIT, 30.0), (signal.SIGKILL, 5.0))
"""PostgreSQL's fast shutdown (which ends with a checkpoint), its immediate one, and the kernel's; seconds for each."""


def open_lock(path: Path) -> int:
    """A new open file description of a lock file, made where it's missing. Raises OSError.

    Opened for reading only, so that a file made by root serves the data's owner too; closed in children that exec.
    """
    return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)


def postmaster(data: Path) -> int | None:
    """The process id of the server running on this data folder; None where it has died or was never started."""
    pid = noted_pid(data)
    return pid if pid is not None and is_postmaster(pid, data) else None


def noted_pid(data: Path) -> int | None:
    """The process id that the folder names, be it the server's or not."""
    try:
        return int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def is_postmaster(pid: int, data: Path) -> bool:
    """Whether this process lives and serves this folder.

    A process id alone says nothing: it may belong to somebody else by now, or to a zombie that nobody has reaped.
    """
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return not Path("/proc/self").exists() and _takes_signals(pid)
    return b"-D" in words[:-1] and words[words.index(b"-D") + 1] == os.fsencode(data)


def _takes_signals(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def stop(data: Path) -> None:
    """Stop the server of this folder, if one runs, and return when it has ended."""
    pid = postmaster(data)
    if pid is not None:
        end(pid, data)


def end(pid: int, data: Path, *, at_once: bool = False) -> None:
    """End a server that was started on this path, and return when it has ended.

    `at_once` leaves out the checkpoint, for a server whose folder no longer stands at its path: it writes part of a
    checkpoint by the path, which would spoil the folder that stands there now. Nothing committed is lost either way.
    """
    for number, seconds in _PATIENCE[1:] if at_once else _PATIENCE:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not is_postmaster(pid, data):
                return
            time.sleep(0.01)


def guard(folder: Path, own_lock: int) -> None:
    """Wait until nobody uses the server, stop it, and end.

    `own_lock` is the descriptor of the lock that says that a guardian lives. It is given back before `users.lock` is:
    whoever joins next waits for the latter, so it finds either a guardian that stays or none.
    """
    os.chdir(folder)  # stays with this very folder, though it may be moved away and another one made at its path
    users = open_lock(Path("users.lock"))
    while True:
        fcntl.flock(users, fcntl.LOCK_EX)
        fcntl.flock(users, fcntl.LOCK_UN)
        time.sleep(GRACE_SECONDS)
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        pid = noted_pid(Path("data"))
        if pid is not None and is_postmaster(pid, folder / "data"):
            end(pid, folder / "data", at_once=not (folder.exists() and folder.samefile(".")))
        os.close(own_lock)
        os.close(users)
        return


if __name__ == "__main__":
    guard(Path(sys.argv[1]), int(sys.argv[2]))
