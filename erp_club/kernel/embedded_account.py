"""Who runs the embedded PostgreSQL. It refuses to run as root; where we are root, it runs as somebody else."""

import os
import pwd
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from erp_club.kernel.errors import Unavailable
from erp_club.kernel.text import T

SYSTEM_USER = "erp-club-db"

# Without the secure bit, access(2) answers as if the capability weren't there, and PostgreSQL asks it about its files.
_KEEPING_THE_CAPABILITY = (
    *("--securebits", "+no_setuid_fixup"),
    *("--inh-caps", "+dac_override"),
    *("--ambient-caps", "+dac_override"),
)


@dataclass(frozen=True)
class Account:
    """The user that PostgreSQL runs as. `uid` None: the one that we are.

    With `passes_closed_folders`, its processes keep the single capability to pass folders that are closed to them.
    """

    uid: int | None = None
    gid: int | None = None
    passes_closed_folders: bool = False

    def run(
        self, command: Sequence[str | Path], *, said: str | None = None, pass_fds: Sequence[int] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as this user, with `said` as its input, in an environment and session of its own.

        Nothing of the caller's environment gets in: PGPORT, PGDATA or a language would change what PostgreSQL does.
        """
        wrapped = [str(word) for word in command]
        if self.passes_closed_folders:
            ids = ("--reuid", str(self.uid), "--regid", str(self.gid), "--clear-groups")
            wrapped = ["setpriv", *ids, *_KEEPING_THE_CAPABILITY, *wrapped]
        changes = self.uid is not None and not self.passes_closed_folders
        return subprocess.run(  # noqa: S603 - our own commands
            wrapped,
            input=said or "",
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
            start_new_session=True,
            pass_fds=pass_fds,
            user=self.uid if changes else None,
            group=self.gid if changes else None,
            extra_groups=[] if changes else None,
        )

    def start(self, command: Sequence[str | Path], *, log: Path, pass_fds: Sequence[int] = ()) -> tuple[int, str]:
        """Start a process that outlives us and is nobody's child here, its output added to `log`.

        Returns its process id, and what the shell said if it couldn't start it. A child of ours would stay a zombie
        when it dies, and PostgreSQL takes the zombie of a server for a server.
        """
        script = '"$@" </dev/null >>"$0" 2>&1 & echo $!'
        answer = self.run(["/bin/sh", "-c", script, log, *command], pass_fds=pass_fds)
        return int(answer.stdout or 0), answer.stderr

    def reaches(self, folder: Path, program: Path) -> bool:
        """Whether this user can enter the folder and run the program."""
        script = 'cd "$0" && exec "$1" --version'
        return self.run(["/bin/sh", "-c", script, folder, program]).returncode == 0


def choose(folder: Path, program: Path) -> Account:
    """The account for a server whose files live in `folder`, which becomes its own; `program` is what it will run.

    The user that we are, unless that is root. Then the owner of what is there: of the folder, else of the folder above
    it; else a system user made for this. Where that user may not pass a folder on the way (root's own home, say),
    PostgreSQL gets the capability to pass, rather than that we open somebody's folders.

    Raises Unavailable where no such user can be had.
    """
    if os.geteuid() != 0:
        return Account()
    owner = _owner(folder) or _owner(folder.parent) or _system_user()
    account = Account(owner.pw_uid, owner.pw_gid)
    if folder.stat().st_uid != owner.pw_uid:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    try:
        for candidate in (account, Account(owner.pw_uid, owner.pw_gid, passes_closed_folders=True)):
            if candidate.reaches(folder, program):
                return candidate
    except PermissionError as error:
        raise Unavailable(
            T("PostgreSQL can't run as root, and this process may not become “%(user)s”.", user=owner.pw_name),
            code="embedded-root",
        ) from error
    except FileNotFoundError:  # no setpriv: the refusal below says what to do
        pass
    raise Unavailable(
        T(
            "PostgreSQL can't run as root; it runs as “%(user)s”, who may not enter %(folder)s. Open that folder "
            "with: chmod o+x %(folder)s. Or move to a folder that all can reach.",
            user=owner.pw_name,
            folder=_first_closed(account, folder, program),
        ),
        code="embedded-folder-closed",
    )


def _owner(folder: Path) -> pwd.struct_passwd | None:
    """A folder's owner; None for root and for a number without a name, as which initdb wouldn't run."""
    uid = folder.stat().st_uid
    try:
        return pwd.getpwuid(uid) if uid else None
    except KeyError:
        return None


def _system_user() -> pwd.struct_passwd:
    """Our system user, made where it's missing."""
    ways = (
        ("useradd", "--system", "--user-group", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"),
        ("adduser", "-S", "-D", "-H"),  # BusyBox
    )
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:  # another home's first start may hold the lock of /etc/passwd
        try:
            return pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            for way in ways:
                try:
                    subprocess.run([*way, SYSTEM_USER], check=False, capture_output=True)  # noqa: S603 - our own commands
                except FileNotFoundError:
                    continue
                break
            time.sleep(0.05)
    raise Unavailable(
        T(
            "PostgreSQL can't run as root, and the system user “%(user)s” can't be made. Make it with: "
            "useradd --system %(user)s. Or start ERP Club as an ordinary user.",
            user=SYSTEM_USER,
        ),
        code="embedded-root",
    )


def _first_closed(account: Account, folder: Path, program: Path) -> Path:
    for place in (folder, program.parent):
        for step in (*reversed(place.parents), place):
            if not account.reaches(step, Path("/bin/true")):
                return step
    return program
