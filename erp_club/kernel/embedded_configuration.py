"""The embedded PostgreSQL's configuration: where its socket is, how it is fitted to the machine, what is never off."""

import os
import shutil
import stat
import tempfile
from hashlib import sha256
from pathlib import Path

from erp_club.kernel.embedded_account import Account

ALWAYS_ON = ("fsync", "full_page_writes", "synchronous_commit")
"""Durability. Set on the command line, which no configuration file and no ALTER SYSTEM overrides."""

OWN_SETTINGS = "postgresql.local.conf"
"""Where an owner may write settings that win over ours (not over durability)."""

_MB = 1024 * 1024
_GB = 1024 * _MB
_LONGEST_SOCKET_PATH = 107  # sun_path of unix(7), without the closing zero


def socket_folder(folder: Path) -> Path:
    """The folder of the server's socket: ours, else the short one that our link `socket` names."""
    return (folder / "socket").readlink() if _needs_short_socket(folder) else folder


def _needs_short_socket(folder: Path) -> bool:
    """Whether the path is too long for a socket, or has what separates hosts and folders in PostgreSQL's settings."""
    too_long = len(os.fsencode(folder / ".s.PGSQL.5432")) > _LONGEST_SOCKET_PATH
    return too_long or any(mark in str(folder) for mark in ',:"')


def prepare_socket_folder(folder: Path, account: Account) -> None:
    """Make the short private folder for the socket where our own has too long a path. Called under the start lock.

    The name is kept from start to start, so that a running process's URL stays right; a new one is taken where the old
    one is somebody else's by now, or another home's of which this is a copy.
    """
    if not _needs_short_socket(folder):
        return
    link = folder / "socket"
    if link.is_symlink():
        if _is_private(link.readlink(), folder, account):
            return
        link.unlink()
    short = Path(tempfile.mkdtemp(prefix=f"{cluster_name(folder)}-", dir="/tmp"))
    _give(short, account)
    link.symlink_to(short)


def _is_private(short: Path, folder: Path, account: Account) -> bool:
    """Whether this is the folder's own socket folder, closed to others; made again where /tmp has been cleared."""
    if not short.name.startswith(cluster_name(folder)):
        return False
    try:
        short.mkdir(mode=0o700)
        _give(short, account)
    except FileExistsError:
        pass
    found = short.lstat()
    uid = os.geteuid() if account.uid is None else account.uid
    return stat.S_ISDIR(found.st_mode) and found.st_uid == uid and not found.st_mode & 0o077


def _give(path: Path, account: Account) -> None:
    if account.uid is not None and account.gid is not None:
        os.chown(path, account.uid, account.gid)


def text(folder: Path) -> str:
    """The configuration file's text, fitted to the machine as it is now."""
    data = folder / "data"
    settings = {
        "data_directory": str(data),
        "hba_file": str(data / "pg_hba.conf"),
        "ident_file": str(data / "pg_ident.conf"),
        "cluster_name": cluster_name(folder),
        "unix_socket_directories": f'"{socket_folder(folder)}"',
        **_FIXED,
        **tuning(_memory(), shutil.disk_usage(folder).free),
    }
    if not _roomy_shared_memory():
        settings["dynamic_shared_memory_type"] = "sysv"  # a container's 64 MB /dev/shm would fail parallel queries
    if (folder / OWN_SETTINGS).exists():
        settings["include"] = str(folder / OWN_SETTINGS)
    first = f"# Written anew at every start. Settings of your own go into {OWN_SETTINGS} beside this file.\n"
    return first + "".join(f"{name} = {_quoted(value)}\n" for name, value in settings.items())


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


_FIXED = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "300",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "default_text_search_config": "pg_catalog.simple",
    "jit": "off",
    "random_page_cost": "1.1",
    "checkpoint_timeout": "15min",
    "checkpoint_completion_target": "0.9",
    "wal_compression": "on",
    # What the server itself has to say, and nothing of the statements: they would carry personal data into the log.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
}


def tuning(memory: int, free_disk: int) -> dict[str, str]:
    """Settings that follow from the machine's memory and the disk's free space, both in bytes.

    The server shares its machine with ERP Club itself, so the caps are modest.
    """
    wal = _between(512, free_disk // 8 // _MB, 4096)
    sizes = {
        "shared_buffers": _between(128, memory // 4 // _MB, 2048),
        "effective_cache_size": _between(256, memory // 2 // _MB, 64 * 1024),
        "work_mem": _between(8, memory // 512 // _MB, 64),
        "maintenance_work_mem": _between(64, memory // 16 // _MB, 1024),
        "max_wal_size": wal,
        "min_wal_size": wal // 4,
    }
    return {name: f"{size}MB" for name, size in sizes.items()}


def _between(lowest: int, value: int, highest: int) -> int:
    return min(max(lowest, value), highest)


def _memory() -> int:
    """Bytes of memory that we may use: the machine's, or the container's limit."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            found.append(int(Path(limit).read_text()))
        except (OSError, ValueError):  # no such file, or the word max
            continue
    return min(found)


def _roomy_shared_memory() -> bool:
    try:
        return shutil.disk_usage("/dev/shm").total >= _GB  # noqa: S108 - PostgreSQL's own place, only measured
    except FileNotFoundError:
        return not Path("/proc/self").exists()


def cluster_name(folder: Path) -> str:
    """What this server's processes carry in their titles."""
    return "erp-club-" + sha256(os.fsencode(folder)).hexdigest()[:12]
