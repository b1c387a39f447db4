# REQ T-03 P-12: what was acknowledged is there once, whatever dies
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
import sqlalchemy as sa
import uvicorn
from uvicorn.supervisors.multiprocess import Process

from erp_club.kernel.db import Database
from tests.make.clubs import a_club, a_customer, a_membership
from tests.make.purchases import a_product, a_till
from web import beside, cli_serve

SALES, PRICE, SKU, MEMBER = 80, 12_34, "7290000000017", "100001"
DEADLINE = 120


class Server:
    """A real `erp-club serve` that can be killed and started again on the same port."""

    def __init__(self, url: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.env = os.environ | {"ERP_CLUB_DATABASE_URL": url, "ERP_CLUB_PORT": str(self.port)}
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "web.cli", "serve", "--no-worker"], env=self.env, stderr=subprocess.DEVNULL
        )
        eventually(lambda: httpx.get(f"http://127.0.0.1:{self.port}/readyz").status_code == 200)
        return self.process

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def eventually(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + DEADLINE
    while time.monotonic() < ends:
        try:
            if true():
                return
        except httpx.TransportError:
            pass
        threading.Event().wait(0.05)
    raise AssertionError("it never came true")


def test_a_server_killed_in_the_middle_of_sales_loses_and_doubles_none(committed: Database) -> None:
    with committed.session() as session:
        shop = a_till(session)
        a_product(session, SKU, price_minor=PRICE)
        a_membership(session, a_customer(session, MEMBER), a_club(session, months=None))
        session.commit()
    server = Server(committed.url.render_as_string(hide_password=False))
    kills = iter((20, 21, 50, SALES + 1))
    next_kill = next(kills)
    acknowledged: dict[str, int] = {}
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=10) as till:
            till.headers.update(shop.headers)
            for number in range(1, SALES + 1):
                body = {
                    "receipt_no": f"R{number}",
                    "customer": {"number": MEMBER},
                    "lines": [{"sku": SKU, "quantity": "2"}],
                    "payments": [{"means": "card", "amount_minor": 2 * PRICE}],
                }
                key = uuid.uuid4().hex
                if number == next_kill:
                    next_kill = next(kills)
                    _send_and_kill(till, server, body, key)
                answer = _until_answered(till, body, key)
                assert answer.status_code == 201, answer.text
                acknowledged[body["receipt_no"]] = answer.json()["id"]
    finally:
        server.kill()
    with committed.engine.connect() as connection:
        kept = {row.receipt_no: row.id for row in connection.execute(sa.text("SELECT receipt_no, id FROM receipts"))}
        balance, moved = connection.execute(
            sa.text("SELECT balance, (SELECT sum(points) FROM points_movements) FROM points_accounts")
        ).one()
    assert kept == acknowledged
    assert len(kept) == SALES
    assert balance == moved == SALES * (2 * PRICE // 10_00)


def test_a_server_process_that_ends_as_it_begins_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    # Ctrl-C reaches all processes at once, those too that have just begun.
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    config = uvicorn.Config("web.server:application", workers=2, timeout_worker_healthcheck=60, log_config=None)
    server = cli_serve.Processes(config, [])
    beginning = Process(config, [])
    beginning.start()
    assert beginning.pid is not None
    os.kill(beginning.pid, signal.SIGSTOP)
    server.processes = [beginning]

    def ctrl_c() -> None:
        server.should_exit.set()
        beginning.process.kill()

    stopping = threading.Timer(0.5, ctrl_c)
    stopping.start()
    began = time.monotonic()
    server.keep_subprocess_alive()
    stopping.join()
    assert time.monotonic() - began < 10


def _children(pid: int) -> int:
    found = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            found += int(path.read_text().rpartition(")")[2].split()[1]) == pid
    return found


def test_whoever_stops_the_server_does_not_wait_long_for_a_job_that_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "_WORDS", (sys.executable, "-c", "import time; time.sleep(60)"))
    monkeypatch.setattr(beside, "_LATER_SECONDS", 0.0)
    before, began = _children(os.getpid()), time.monotonic()
    with beside.worker(wanted=True):
        eventually(lambda: _children(os.getpid()) > before)
    assert time.monotonic() - began < 10


def _send_and_kill(till: httpx.Client, server: Server, body: dict[str, Any], key: str) -> None:
    """Send a sale and kill the server while it may be anywhere between reading it and answering."""
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        request = till.build_request("POST", "/purchases", json=body, headers={"Idempotency-Key": key})
        head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
        raw.sendall(f"POST /purchases HTTP/1.1\r\n{head}\r\n".encode() + request.read())
    server.kill()
    server.start()


def _until_answered(till: httpx.Client, body: dict[str, Any], key: str) -> httpx.Response:
    ends = time.monotonic() + DEADLINE
    while time.monotonic() < ends:
        try:
            answer = till.post("/purchases", json=body, headers={"Idempotency-Key": key})
        except httpx.TransportError:
            continue
        if answer.status_code not in {409, 503} or answer.json()["code"] == "receipt-exists":
            return answer
    raise AssertionError("never answered")
