"""The embedded PostgreSQL: started by the first process that needs it, shared by all, stopped when the last one leaves.

Three lock files in `HOME/postgres` carry its life; the kernel drops a lock however its holder ends.

- `users.lock`: every process that uses the server holds it shared. Who holds it exclusively (the guardian) knows that
  nobody does, and that nobody comes before it lets go.
- `guardian.lock`: held by the guardian as long as it lives. Whoever starts one takes the lock and hands it on.
- `start.lock`: held while making and starting the server, so that one does it and the others find it done.
"""

import atexit
import fcntl
import os
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from psycopg import pq
from psycopg.conninfo import make_conninfo

from erp_club.kernel import embedded_account, embedded_cluster, embedded_configuration, embedded_guardian
from erp_club.kernel.embedded_cluster import TryAgain, telling
from erp_club.kernel.errors import Unavailable
from erp_club.kernel.text import T

START_SECONDS = 600.0
"""How long a start may take; recovery after a crash reads up to max_wal_size."""

_PATIENCE_SECONDS = 30.0
_LOST_SOCKET_SECONDS = 5.0
_POLL_SECONDS = 0.01
_BUSY_SECONDS = 0.2  # a server that is recovering logs each time it's asked


@dataclass
class Embedded:
    """One process's use of the server of one home.

    `url` is for SQLAlchemy, over a Unix socket.
    """

    home: Path
    url: str = ""
    _users_lock: int | None = field(default=None, repr=False)
    _log_from: int | None = field(default=None, repr=False)
    _changing: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @property
    def _folder(self) -> Path:
        return self.home / "postgres"

    def ensure_running(self) -> None:
        """Have the server run and answer: after a lost connection, start it again if it has died.

        Any number of processes and threads may call this at once: one starts it, the others wait. Raises Unavailable.
        """
        with telling(self._folder):
            self._join()
            if self._log_from is None:
                self._log_from = embedded_cluster.log(self._folder).stat().st_size

    def check_room(self) -> None:
        """Raise Unavailable where the server has run out of disk since this process joined it, though it's up again."""
        embedded_cluster.check_room(self._folder, self._log_from or 0)

    def leave(self) -> None:
        """Stop using the server. When nobody else uses it, it stops a moment later. Leaving twice does no harm."""
        atexit.unregister(self.leave)
        with self._changing:
            users_lock, self._users_lock = self._users_lock, None
        if users_lock is None:
            return
        with suppress(OSError):  # the folder may have been removed meanwhile
            self._ensure_guardian()
        os.close(users_lock)

    def _join(self) -> None:
        with self._changing:
            self._be_a_user()
        if self._ping() != pq.Ping.OK:
            with _exclusively(self._folder / "start.lock"):
                self._start()
        self._ensure_guardian()
        self.url = self._url()

    def _be_a_user(self) -> None:
        """Hold the users' lock: the one that stands there now, as the home may have been removed and made anew."""
        path = self._folder / "users.lock"
        if self._users_lock is not None:
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(self._users_lock), path.stat()):
                    return
            os.close(self._users_lock)
            self._users_lock = None
        self._users_lock = embedded_guardian.open_lock(path)
        atexit.register(self.leave)
        fcntl.flock(self._users_lock, fcntl.LOCK_SH)  # waits while the guardian stops the server

    def _ping(self) -> int:
        """OK, REJECT (starting, stopping, recovering) or NO_RESPONSE."""
        try:
            host = str(embedded_configuration.socket_folder(self._folder))
        except FileNotFoundError:  # its short folder hasn't been chosen yet
            return pq.Ping.NO_RESPONSE
        name = embedded_cluster.DATABASE
        conninfo = make_conninfo(host=host, port=5432, user=name, dbname=name, connect_timeout=5)
        return pq.PGconn.ping(conninfo.encode())

    def _url(self) -> str:
        name = embedded_cluster.DATABASE
        host = quote(str(embedded_configuration.socket_folder(self._folder)))
        return f"postgresql+psycopg://{name}@/{name}?host={host}&port=5432"

    def _start(self) -> None:
        """Bring the server to answer. Called under the start lock."""
        folder, data = self._folder, embedded_cluster.data(self._folder)
        deadline = time.monotonic() + START_SECONDS
        patient_until = time.monotonic() + _PATIENCE_SECONDS
        socket_seen = time.monotonic()
        while (state := self._ping()) != pq.Ping.OK:
            now = time.monotonic()
            if now > deadline:
                raise Unavailable(
                    T(
                        "PostgreSQL in %(folder)s doesn't answer yet; it may be recovering after a crash. "
                        "See %(log)s, and try again in some minutes.",
                        folder=folder,
                        log=embedded_cluster.log(folder),
                    ),
                    code="embedded-starting",
                )
            running = embedded_guardian.postmaster(data)
            if state == pq.Ping.REJECT or self._has_socket():
                socket_seen = now
            if running is None and state == pq.Ping.NO_RESPONSE:
                try:
                    self._launch()
                except TryAgain as error:
                    if now > patient_until:
                        raise error.refusal from error
            elif running is not None and now - socket_seen > _LOST_SOCKET_SECONDS:
                embedded_guardian.stop(data)  # it lives, but somebody has removed its socket
            time.sleep(_POLL_SECONDS if state == pq.Ping.NO_RESPONSE else _BUSY_SECONDS)

    def _launch(self) -> None:
        """Launch the server and wait until it answers or ends; in the latter case raise Unavailable or TryAgain."""
        folder = self._folder
        account = embedded_account.choose(folder, embedded_cluster.program("postgres"))
        embedded_configuration.prepare_socket_folder(folder, account)
        self._ensure_guardian()  # before the server, so that no server is ever without one
        embedded_cluster.clear_remains(folder, account)
        embedded_cluster.make(folder, account)
        embedded_cluster.configure(folder, account)
        log = embedded_cluster.log(folder)
        log_from = log.stat().st_size if log.exists() else 0
        pid = embedded_cluster.launch(folder, account)
        deadline = time.monotonic() + START_SECONDS
        lived = True
        while not embedded_cluster.says_ready(pid, folder) and time.monotonic() < deadline:
            # Gone is who is gone twice: what becomes another program has no command line for a moment.
            lived, before = embedded_cluster.lives(pid, folder), lived
            if not lived and not before:
                raise embedded_cluster.why_ended(pid, folder, log_from)
            time.sleep(_POLL_SECONDS)

    def _has_socket(self) -> bool:
        try:
            return (embedded_configuration.socket_folder(self._folder) / ".s.PGSQL.5432").exists()
        except FileNotFoundError:
            return False

    def _ensure_guardian(self) -> None:
        lock = embedded_guardian.open_lock(self._folder / "guardian.lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            python = (sys.executable, "-I", "-S", str(Path(embedded_guardian.__file__)))
            log = self._folder / "guardian.log"
            embedded_account.Account().start([*python, str(self._folder), str(lock)], log=log, pass_fds=(lock,))
        except BlockingIOError:
            pass  # one lives
        finally:
            os.close(lock)


@contextmanager
def _exclusively(path: Path) -> Generator[None]:
    lock = embedded_guardian.open_lock(path)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def join(home: Path) -> Embedded:
    """Use the server of this home, starting it (and making its data) where it doesn't run.

    Left by `leave()`, at the process's end, or by its death. Raises Unavailable, naming the folder and the next step.
    """
    embedded = Embedded(home.resolve())
    try:
        with telling(embedded.home):
            embedded.home.mkdir(parents=True, exist_ok=True)
            (embedded.home / "postgres").mkdir(mode=0o700, exist_ok=True)
        embedded.ensure_running()
    except BaseException:
        embedded.leave()
        raise
    return embedded
