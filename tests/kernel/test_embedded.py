"""The embedded PostgreSQL's life, with real processes, really killed."""

import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from erp_club.kernel import embedded
from erp_club.kernel.embedded_guardian import GRACE_SECONDS, is_postmaster
from erp_club.kernel.errors import Unavailable
from tests.kernel.embedded_users import (
    AS_ROOT,
    User,
    ask,
    connect,
    data,
    guardians,
    log_since,
    processes,
    running,
    server,
    starts,
    time_passes,
    until,
)


def test_two_processes_share_a_server_that_stops_when_both_have_left(home: Path) -> None:
    with User(home) as first, User(home) as second:
        assert first.url() == second.url()
        pid = running(home)
        assert first.ends() == 0
        assert ask(second.told("ensure_running"), "SELECT 1") == 1
        assert running(home) == pid
        second.told("leave")
        until(lambda: server(home) is None)
        until(lambda: not guardians(home))


def test_a_killed_user_leaves_the_server_to_the_others(home: Path) -> None:
    with User(home) as first:
        first.url()
        pid = running(home)
        with User(home) as second:
            second.url()
            first.kill()
            time_passes(GRACE_SECONDS + 0.5)
            assert ask(second.told("ensure_running"), "SELECT 1") == 1
            assert running(home) == pid


def test_the_server_stops_when_its_only_user_is_killed(home: Path) -> None:
    with User(home) as user:
        user.url()
        running(home)
        user.kill()
        until(lambda: server(home) is None)


def test_commands_typed_one_after_the_other_find_the_server_running(home: Path) -> None:
    for _ in range(3):
        embedded.join(home).leave()
    assert starts(home) == 2


def test_a_server_that_was_killed_comes_back_with_all_that_was_committed(home: Path) -> None:
    with User(home) as first, User(home) as second, User(home) as third:
        users = (first, second, third)
        url = first.url()
        assert url == second.url() == third.url()
        with connect(url) as connection:
            connection.execute("CREATE TABLE sale AS SELECT 42 AS points")
        pid = running(home)
        os.kill(pid, signal.SIGKILL)
        for user in users:
            user.tell("ensure_running")
        assert [user.url() for user in users] == [url] * 3
        assert running(home) != pid
        assert starts(home) == 3
        assert ask(url, "SELECT points FROM sale") == 42


def test_a_server_that_was_killed_comes_back_while_a_long_query_of_its_still_runs(home: Path) -> None:
    here = embedded.join(home)
    endless = "SELECT count(*) FROM generate_series(1, 1000000) AS a, generate_series(1, 1000000) AS b"
    with connect(here.url) as connection, ThreadPoolExecutor() as pool:
        busy = connection.info.backend_pid
        query = pool.submit(connection.execute, endless)
        until(lambda: ask(here.url, f"SELECT state = 'active' FROM pg_stat_activity WHERE pid = {busy}"))
        os.kill(running(home), signal.SIGKILL)
        with ThreadPoolExecutor() as threads:
            for call in [threads.submit(here.ensure_running) for _ in range(4)]:
                call.result()
        assert ask(here.url, "SELECT 1") == 1
        assert isinstance(query.exception(), psycopg.OperationalError)
    assert busy not in processes()
    here.leave()


def test_a_process_id_that_is_somebody_elses_by_now_neither_stops_the_start_nor_is_harmed(home: Path) -> None:
    here = embedded.join(home)
    pid = running(home)
    os.kill(pid, signal.SIGKILL)
    until(lambda: server(home) is None)
    owner = data(home).stat().st_uid
    with subprocess.Popen(["sleep", "600"], user=owner if AS_ROOT else None, cwd="/") as other:
        for left in (data(home) / "postmaster.pid", home / "postgres" / ".s.PGSQL.5432.lock"):
            left.write_text(left.read_text().replace(str(pid), str(other.pid), 1))
        here.ensure_running()
        assert ask(here.url, "SELECT 1") == 1
        assert other.poll() is None
        other.kill()
    here.leave()


def test_a_killed_guardian_is_replaced_by_who_joins_next(home: Path) -> None:
    with User(home) as first:
        first.url()
        [guardian] = guardians(home)
        os.kill(guardian, signal.SIGKILL)
        until(lambda: not guardians(home))
        with User(home) as second:
            second.url()
            assert len(guardians(home)) == 1
            second.kill()
        first.kill()
        until(lambda: server(home) is None)


def test_a_killed_guardian_is_replaced_by_who_leaves(home: Path) -> None:
    here = embedded.join(home)
    os.kill(guardians(home)[0], signal.SIGKILL)
    until(lambda: not guardians(home))
    here.leave()
    until(lambda: server(home) is None)


def test_eight_processes_that_begin_at_once_make_one_database_and_one_server(fresh: Path) -> None:
    users = [User(fresh) for _ in range(8)]
    urls = {user.url() for user in users}
    assert len(urls) == 1
    assert starts(fresh) == 1
    assert len(guardians(fresh)) == 1
    assert ask(urls.pop(), "SELECT current_database()") == "erp_club"
    for user in users:
        user.kill()


def test_joining_while_the_server_is_being_stopped_gives_one_that_stays(home: Path) -> None:
    for _ in range(2):
        with User(home) as user:
            user.url()
            pid = running(home)
            user.kill()
            until(lambda stopped=pid: "received fast shutdown request" in log_since(home, stopped))
            here = embedded.join(home)
            assert ask(here.url, "SELECT 1") == 1
            assert running(home) != pid
            assert len(guardians(home)) == 1
            here.leave()


def test_a_home_removed_and_made_anew_is_used_rightly_by_who_used_the_old_one(home: Path, made: Path) -> None:
    here = embedded.join(home)
    old = running(home)
    home.rename(home.with_name("gone"))
    with pytest.raises(Unavailable, match="ERP_CLUB_HOME"):
        here.ensure_running()
    subprocess.run(["cp", "-a", str(made), str(home)], check=True)
    with User(home) as user:
        user.url()
        here.ensure_running()
        user.kill()
    time_passes(GRACE_SECONDS + 0.5)
    assert running(home) != old
    assert ask(here.url, "SELECT 1") == 1
    assert not is_postmaster(old, data(home))
    here.leave()
