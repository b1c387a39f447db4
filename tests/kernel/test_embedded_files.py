"""The embedded PostgreSQL's files, settings, account and refusals."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from erp_club.kernel import embedded
from erp_club.kernel.embedded_account import Account
from erp_club.kernel.embedded_cluster import program
from erp_club.kernel.embedded_configuration import tuning
from erp_club.kernel.embedded_guardian import stop
from erp_club.kernel.errors import Unavailable
from tests.kernel.embedded_users import (
    AS_ROOT,
    REFUSED,
    REPOSITORY,
    User,
    ask,
    data,
    running,
    status,
    until,
)


def slow_deeds(deed: Callable[[], object]) -> list[str]:
    """The sleeps and the starts of programs that the deed came to."""
    slow = {"sleep", "fork_exec", "posix_spawn"}
    found: list[str] = []

    def note(frame: FrameType, event: str, called: Any) -> None:
        if event == "c_call" and called.__name__ in slow:
            found.append(called.__name__)

    sys.setprofile(note)
    try:
        deed()
    finally:
        sys.setprofile(None)
    return found


def test_joining_a_server_that_runs_starts_no_program_and_waits_for_nothing(home: Path) -> None:
    begun: list[embedded.Embedded] = []
    assert set(slow_deeds(lambda: begun.append(embedded.join(home)))) == {"fork_exec", "sleep"}
    assert slow_deeds(lambda: embedded.join(home).leave()) == []
    begun[0].leave()


def test_durability_is_on_whatever_the_files_say(home: Path) -> None:
    off = "fsync = off\nfull_page_writes = off\nsynchronous_commit = off\nwork_mem = '11MB'\n"
    (home / "postgres" / "postgresql.local.conf").write_text(off)
    with (data(home) / "postgresql.auto.conf").open("a") as lines:
        lines.write(off)
    here = embedded.join(home)
    for name in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
        assert ask(here.url, f"SHOW {name}") == "on", name
    assert ask(here.url, "SHOW listen_addresses") == ""
    assert ask(here.url, "SHOW work_mem") == "11MB"
    assert ask(here.url, "SHOW timezone") == "UTC"
    assert ask(here.url, "SELECT datlocale FROM pg_database WHERE datname = current_database()") == "C.UTF-8"
    here.leave()


def test_memory_and_disk_decide_the_sizes_within_limits() -> None:
    gigabyte = 1024**3
    assert tuning(gigabyte // 2, 2 * gigabyte) == {
        "shared_buffers": "128MB",
        "effective_cache_size": "256MB",
        "work_mem": "8MB",
        "maintenance_work_mem": "64MB",
        "max_wal_size": "512MB",
        "min_wal_size": "128MB",
    }
    assert tuning(512 * gigabyte, 2000 * gigabyte) == {
        "shared_buffers": "2048MB",
        "effective_cache_size": "65536MB",
        "work_mem": "64MB",
        "maintenance_work_mem": "1024MB",
        "max_wal_size": "4096MB",
        "min_wal_size": "1024MB",
    }


def test_postgresql_runs_as_an_ordinary_user_that_alone_can_read_its_folder(open_folder: Path) -> None:
    here = embedded.join(open_folder / "home")
    pid = running(here.home)
    folder = here.home / "postgres"
    assert set(status(pid, "Uid")) == {str(folder.stat().st_uid)} != {"0"}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    reached = (
        Account(folder.stat().st_uid, folder.stat().st_gid).reaches(folder, program("postgres")) if AS_ROOT else True
    )
    assert status(pid, "CapEff") == (["0" * 16] if reached else ["2".zfill(16)])
    here.leave()


def test_one_users_home_serves_that_user_and_root(open_folder: Path) -> None:
    """The home is owned by an ordinary user; whoever starts the server, it runs as that one."""
    home = open_folder / "home"
    home.mkdir()
    owner = 65534 if AS_ROOT else os.geteuid()
    os.chown(home, owner, -1)
    # The interpreter itself may lie in root's own home; the capability lets the ordinary user run it all the same.
    ids = ("--reuid", str(owner), "--regid", str(owner), "--clear-groups", "--securebits", "+no_setuid_fixup")
    ordinary = ("setpriv", *ids, "--inh-caps", "+dac_override", "--ambient-caps", "+dac_override") if AS_ROOT else ()
    for wrapper in (ordinary, (), ordinary):
        with User(home, wrapper=wrapper) as user:
            assert ask(user.url(), "SELECT 1") == 1
            assert status(running(home), "Uid")[0] == str(owner)
            user.kill()
        stop(data(home))


def test_a_path_too_long_for_a_socket_gets_a_short_private_one_that_stays(made: Path, tmp_path: Path) -> None:
    home = tmp_path / ("ä, b:" * 20) / "home"
    home.parent.mkdir()
    subprocess.run(["cp", "-a", str(made), str(home)], check=True)
    here = embedded.join(home)
    short = (home / "postgres" / "socket").readlink()
    assert ask(here.url, "SELECT 1") == 1
    assert stat.S_IMODE(short.stat().st_mode) == 0o700
    assert short.stat().st_uid == data(home).stat().st_uid
    url = here.url
    stop(data(home))
    shutil.rmtree(short)
    here.ensure_running()
    assert here.url == url
    assert ask(url, "SELECT 1") == 1
    copy = home.with_name("copy")
    stop(data(home))
    subprocess.run(["cp", "-a", str(home), str(copy)], check=True)
    there = embedded.join(copy)
    assert there.url != url
    here.leave()
    there.leave()
    for place in (home, copy):
        stop(data(place))
        shutil.rmtree((place / "postgres" / "socket").readlink())


def test_a_first_start_cut_off_in_the_middle_is_begun_again(fresh: Path) -> None:
    with User(fresh) as user:
        until(lambda: list((fresh / "postgres").glob("data.new-*/global")))
        user.kill()
    here = embedded.join(fresh)
    assert ask(here.url, "SELECT current_database()") == "erp_club"
    here.leave()


def test_what_a_cut_off_start_has_left_is_removed(fresh: Path) -> None:
    half = fresh / "postgres" / "data.new-dead"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    embedded.join(fresh).leave()
    assert not list((fresh / "postgres").glob("data.new-*"))


def refused(home: Path) -> str:
    with pytest.raises(Unavailable) as refusal:
        embedded.join(home)
    return f"{refusal.value.code} {refusal.value}"


def test_a_folder_that_is_not_ours_is_refused_by_name(open_folder: Path) -> None:
    place = open_folder if AS_ROOT else Path("/proc/1/map_files")
    told = subprocess.run(
        [sys.executable, "-c", REFUSED, str(place / "home")], capture_output=True, text=True, cwd=REPOSITORY, check=True
    )
    assert told.stdout.startswith("embedded-folder-unwritable"), told
    assert str(place / "home") in told.stdout
    assert "ERP_CLUB_HOME" in told.stdout


def test_a_file_where_the_folder_should_be_is_refused_by_name(tmp_path: Path) -> None:
    place = tmp_path / "home"
    place.write_text("")
    assert "embedded-folder-unwritable" in refused(place)
    assert str(place) in refused(place)


def test_a_full_disk_is_named(home: Path) -> None:
    (home / "postgres" / "postgresql.conf").unlink()
    (home / "postgres" / "postgresql.conf").symlink_to("/dev/full")
    assert refused(home).startswith("embedded-disk-full")
    assert str(home / "postgres") in refused(home)


def test_who_loses_the_connection_by_a_full_disk_is_told_so_though_the_server_is_back(home: Path) -> None:
    one = embedded.join(home)
    one.check_room()
    with (home / "postgres" / "postgres.log").open("a") as log:
        log.write('PANIC:  could not write to file "pg_wal/xlogtemp.7": No space left on device\n')
    one.ensure_running()
    with pytest.raises(Unavailable) as told:
        one.check_room()
    assert told.value.code == "embedded-disk-full"
    one.leave()
    later = embedded.join(home)
    later.check_room()
    later.leave()


def test_data_of_another_major_version_is_named(home: Path) -> None:
    (data(home) / "PG_VERSION").write_text("16\n")
    assert refused(home).startswith("embedded-other-version")
    assert "PostgreSQL 16" in refused(home)


def test_a_start_that_fails_gives_the_reason_and_the_log(home: Path) -> None:
    (data(home) / "pg_hba.conf").write_text("nonsense\n")
    told = refused(home)
    assert told.startswith("embedded-no-start")
    assert "could not load" in told
    assert str(home / "postgres" / "postgres.log") in told


@pytest.mark.parametrize("gone", ["folder", "program"])
def test_an_account_knows_what_it_cannot_reach(tmp_path: Path, gone: str) -> None:
    tool = Path("/bin/true") if gone == "folder" else tmp_path / "missing"
    folder = tmp_path / "missing" if gone == "folder" else tmp_path
    assert not Account().reaches(folder, tool)
